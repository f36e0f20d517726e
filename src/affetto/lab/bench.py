"""The bench: models × protocols × seeds, fold by fold, each leaving a small file.

A job is one fold of one protocol for one model and seed. It trains on the fold's training clips,
chooses by held-out training speakers, and lets the model's ONNX file judge the test clips once.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.errors import AffettoError, OptionError
from affetto.jobs import check_there
from affetto.jobs.threads import one_thread
from affetto.lab import protocols
from affetto.lab.arrays import FeatureArrays
from affetto.lab.corpora import Table, samples
from affetto.lab.extras import require
from affetto.lab.families.config import changes
from affetto.lab.families.lesson import Fitted, Lesson
from affetto.lab.predictions import Prediction
from affetto.lab.results import OWN, Fold, plain_name, read_fold, write_fold
from affetto.models.calibration import softmax
from affetto.models.network import open_network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.lab.corpora import Clip
    from affetto.lab.families.config import ModelConfig
    from affetto.lab.protocols import Protocol
    from affetto.models.network import Inputs

__all__ = [
    "Job",
    "as_good_as_trained",
    "finished",
    "jobs_of",
    "learn",
    "measure",
    "variants",
    "votes_of",
]

TOLERANCE = 1e-4
"""Largest difference between a trained model's logits and its file's, relative to the largest."""

_TIMED, _ROUNDS = 20, 3
"""Clips on which a model's speed is measured, and how often."""


@dataclass(frozen=True)
class Job:
    """One fold of one protocol, for one model and seed.

    Attributes:
        model: what to train.
        protocol: its name.
        seed: of the training.
        number: of the fold, from 0.
        count: of the protocol's folds.
        fold: its clips.
    """

    model: ModelConfig
    protocol: Protocol
    seed: int
    number: int
    count: int
    fold: protocols.Fold

    @property
    def result(self) -> Fold:
        """What it leaves, still without predictions."""
        return Fold(
            protocol=self.protocol.name,
            variant="pool" if self.protocol.always_pooled else "intra",
            baseline=False,
            seed=self.seed,
            fold=self.number,
            folds=self.count,
            speaker_independent=self.protocol.speaker_independent,
            predictions=(),
            model=self.model.name,
        )

    def corpora_of(self, table: Table) -> list[int]:
        """List the places of all clips of the fold's corpora, whose features its folds share."""
        fold = self.fold
        corpora = {table[i].corpus for i in (*fold.train, *fold.validation, *fold.test)}
        return [i for i, clip in enumerate(table) if clip.corpus in corpora]


def jobs_of(
    models: Sequence[ModelConfig],
    names: Iterable[str],
    table: Table,
    *,
    seeds: Iterable[int] = (0,),
    numbers: Iterable[int] | None = None,
    digests: Mapping[str, str] | None = None,
) -> Iterator[Job]:
    """List the jobs of a comparison, protocol by protocol.

    A protocol of random splits has seeds of its own; those among `seeds` are taken.

    Args:
        models: what to train.
        names: of the protocols.
        table: all clips.
        seeds: of the trainings.
        numbers: of the folds to run, from 0; all by default. A random split has one, 0.
        digests: see `protocols.folds`.

    Raises:
        OptionError: no such protocol, two models of one name, or no seed or fold that a protocol
            has.
        CorpusError: the table lacks a protocol's clips.
    """
    called = [model.name for model in models]
    if len({plain_name(name) for name in called}) < len(called) or OWN in called:
        raise OptionError(
            f"found models called {', '.join(called)}, expected each name once and none {OWN}: "
            "name the configurations' files otherwise"
        )
    wanted = tuple(dict.fromkeys(seeds))
    only = None if numbers is None else set(numbers)
    for name in dict.fromkeys(names):
        protocol = protocols.find(name)
        if protocol.unacted:
            raise OptionError(
                f"found protocol {name}, whose clips have one class, expected one of several: give "
                "such clips to `affetto evaluate --manifest`, whose uar_open says how many of them "
                "a model takes for neutral"
            )
        made = protocols.folds(name, table, fingerprints=digests)
        count = len(made) if protocol.speaker_independent else 1
        if beyond := sorted((only or set()) - set(range(count))):
            raise OptionError(
                f"found fold {beyond[0]}, expected some of the {count} of protocol {name}, "
                f"{'0 alone' if count == 1 else f'0 to {count - 1}'}"
            )
        for model in models:
            if not protocol.speaker_independent:
                chosen = [fold for fold in made if (fold.seed or 0) in wanted]
                if not chosen:
                    raise OptionError(
                        f"found seeds {', '.join(map(str, wanted))}, expected some of protocol "
                        f"{name}: {', '.join(map(str, protocol.seeds))}"
                    )
                yield from (Job(model, protocol, fold.seed or 0, 0, 1, fold) for fold in chosen)
                continue
            for seed in wanted:
                for number, fold in enumerate(made):
                    if only is None or number in only:
                        yield Job(model, protocol, seed, number, len(made), fold)


def finished(wanted: Fold, model: ModelConfig, results: Path) -> bool:
    """Tell whether a result is there.

    Args:
        wanted: the result, still without predictions.
        model: what it is a result of.
        results: where it would be.

    Raises:
        OptionError: one of that name is, of a training with other values.
    """
    path = results / wanted.name
    if not path.is_file():
        return False
    other = changes(model.to_dict(), read_fold(path).notes.get("config", {}))
    if other:
        raise OptionError(
            f"{path}: found a fold that was trained with {', '.join(other)}, expected the values "
            "of this call: remove the old folds, or call this model otherwise (a file NAME.toml)"
        )
    return True


def measure(
    job: Job,
    table: Table,
    *,
    runs: Path,
    results: Path,
    workers: int | None = None,
    report: Callable[[str], None] | None = None,
) -> Fold:
    """Train a fold and leave what it said of its test clips; a file that is there is taken.

    Args:
        job: what to do.
        table: the clips that the job's places count in.
        runs: where features and trainings keep their state.
        results: where the fold leaves its small JSON file.
        workers: processes that compute features.
        report: told one line a check.

    Raises:
        CorpusError: a class without training clips, or a clip that can't be decoded.
        OptionError: a loss that is no longer a number.
        OutputError: the result can't be written.
    """
    wanted, protocol, fold = job.result, job.protocol, job.fold
    own = job.corpora_of(table)
    part = table.select(own)
    at = {place: i for i, place in enumerate(own)}
    sides = [np.array([at[i] for i in side]) for side in (fold.train, fold.validation, fold.test)]
    lesson, fitted = learn(
        job.model,
        part,
        protocol.labels,
        [protocol.label(clip) for clip in part],
        train=sides[0],
        validation=sides[1],
        runs=runs,
        name=wanted.name.removesuffix(".json"),
        by_speaker=protocol.speaker_independent,
        seed=job.seed,
        workers=workers,
        report=report,
    )
    test = lesson.clean.inputs(sides[2], length=job.model.features.length)
    logits = as_good_as_trained(fitted, test)
    temperature = fitted.temperature(lesson.target)
    clips = [part[i] for i in sides[2]]
    predictions = [
        Prediction.of(
            clip, protocol.label(clip), dict(zip(protocol.labels, row.tolist(), strict=True))
        )
        for clip, row in zip(clips, softmax(logits, temperature=temperature), strict=True)
    ]
    notes = {
        "config": job.model.to_dict(),
        "parameters": fitted.parameters,
        "bytes": len(fitted.onnx),
        "times_real_time": round(_speed(fitted, job.model, clips[:_TIMED]), 1),
        "temperature": round(temperature, 4),
        **{name: value for name, value in fitted.notes.items() if name != "settings"},
    }
    made = replace(wanted, predictions=predictions, notes=notes)
    write_fold(results, made)
    return made


def learn(
    model: ModelConfig,
    table: Table,
    labels: Sequence[str],
    truth: Sequence[str | None],
    *,
    train: NDArray[np.int64],
    validation: NDArray[np.int64],
    runs: Path,
    name: str,
    by_speaker: bool = True,
    seed: int = 0,
    workers: int | None = None,
    report: Callable[[str], None] | None = None,
    check: Callable[[int, float], None] | None = None,
    arrays: Sequence[FeatureArrays] | None = None,
) -> tuple[Lesson, Fitted]:
    """Compute the features of a table, unless they are there, and train a model on it.

    Args:
        model: what to train.
        table: the clips.
        labels: the classes.
        truth: class of each clip; None for none.
        train: places of the clips to learn from.
        validation: places of the clips of held-out training speakers.
        runs: where features and trainings keep their state.
        name: of the training's folder.
        by_speaker: whether the model shall know speakers that it never heard.
        seed: of everything drawn.
        workers: processes that compute features.
        report: told one line a check.
        check: see `Lesson`.
        arrays: the clips' features and those of their variants, where they are there already.

    Raises:
        CorpusError: a class without training clips, or a clip that can't be decoded.
        OptionError: a loss that is no longer a number.
    """
    require(*model.family.packages, purpose=f"training {model.family.name}")
    if (weights := getattr(model.settings, "weights", None)) is not None:
        check_there(weights)  # before hours of other work
    soft = votes_of(table, labels) if model.augment.votes else None
    if soft is not None and not soft.any():
        raise OptionError(
            f"found no listeners' votes for {', '.join(labels)} among the clips, expected some of "
            "a corpus that has them (CREMA-D): leave augment.votes out"
        )
    if arrays is None:
        arrays = variants(table, model, runs / "arrays", workers=workers)
    places = {label: place for place, label in enumerate(labels)}
    lesson = Lesson(
        arrays,
        tuple(labels),
        np.array([places.get(label, -1) if label else -1 for label in truth]),
        train,
        validation,
        groups=_speakers(table) if by_speaker else None,
        soft=soft,
        seed=seed,
        folder=runs / name,
        shared=runs / "shared",
        report=report,
        check=check,
    )
    began = time.monotonic()
    fitted = model.family.fit(lesson, model.settings, model.features)
    # A network knows better how long it took: part of it may have been in an earlier call.
    spent = {"training_seconds": round(time.monotonic() - began, 1)}
    return lesson, replace(fitted, notes={**spent, **fitted.notes})


def variants(
    table: Sequence[Clip], model: ModelConfig, folder: Path, *, workers: int | None = None
) -> list[FeatureArrays]:
    """Compute the features of clips as they are and of their altered variants.

    Args:
        table: the clips.
        model: says which features, and how clips are altered.
        folder: where features are kept.
        workers: processes; all cores by default.

    Raises:
        CorpusError: there are no clips, or one can't be decoded.
    """
    compute = partial(FeatureArrays.compute, table, model.features, folder, workers=workers)
    altered = (compute(steps=model.augment.steps, variant=i) for i in range(model.augment.copies))
    return [compute(), *altered]


def _speakers(table: Sequence[Clip]) -> NDArray[np.int64]:
    """Number the speakers; a clip of no known speaker stands alone."""
    names = [clip.speaker or clip.key for clip in table]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def votes_of(table: Iterable[Clip], labels: Sequence[str]) -> NDArray[np.float32]:
    """Give the listeners' votes among the classes, (clips, classes); zeros where there are none.

    Examples:
        >>> from pathlib import Path
        >>> from affetto.lab.corpora import Clip
        >>> votes = {"sad": 0.5, "happy": 0.25, "bored": 0.25}
        >>> clip = Clip(Path("a.wav"), "mine", None, "x", votes=votes)
        >>> votes_of([clip], ["happy", "sad"]).round(2).tolist()
        [[0.33000001311302185, 0.6700000166893005]]
    """
    rows = np.array(
        [[(clip.votes or {}).get(label, 0.0) for label in labels] for clip in table], np.float32
    )
    total = rows.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(rows, total, out=np.zeros_like(rows), where=total > 0))


def as_good_as_trained(fitted: Fitted, features: Inputs) -> NDArray[np.float32]:
    """Let a model's ONNX file judge features, and hold it against the trained model.

    Args:
        fitted: the model.
        features: (n, …), or sounds of any length.

    Returns:
        Logits, (n, classes).

    Raises:
        AffettoError: the file's answers are not the trained model's.
    """
    network = open_network(fitted.onnx)
    logits = network(features)
    expected = fitted.logits(features)
    gap = float(np.abs(logits - expected).max(initial=0.0))
    if not gap <= TOLERANCE * max(1.0, float(np.abs(expected).max(initial=0.0))):
        raise AffettoError(
            f"found logits of the exported model up to {gap:.2g} from the trained one's, "
            f"expected at most {TOLERANCE:g} of them: please report this"
        )
    return logits


def _speed(fitted: Fitted, model: ModelConfig, clips: Sequence[Clip]) -> float:
    """Measure seconds of sound heard in a second of one core's work, decoding left out.

    Each clip is heard once, as one window; the fastest of three rounds counts.
    """
    network = open_network(fitted.onnx)
    sounds = [samples(clip) for clip in clips]
    network(model.features(sounds[0])[None])  # the first call prepares what later ones use
    fastest = math.inf
    with one_thread():
        for _ in range(_ROUNDS):
            began = time.thread_time()
            for sound in sounds:
                network(model.features(sound)[None])
            fastest = min(fastest, max(time.thread_time() - began, 1e-9))
    return sum(map(len, sounds)) / SAMPLE_RATE / fastest
