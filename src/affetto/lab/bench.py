"""The bench: models × protocols × seeds, fold by fold, each leaving a small file.

A job is one fold of one protocol for one model and seed. It trains on the fold's training clips,
chooses by held-out training speakers, and lets the model's ONNX file judge the test clips once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError
from affetto.jobs.threads import one_thread
from affetto.lab import protocols
from affetto.lab.config_changes import changes
from affetto.lab.corpora import Table, samples
from affetto.lab.learning import as_good_as_trained, learn
from affetto.lab.predictions import Prediction
from affetto.lab.results import OWN, Fold, plain_name, read_fold, write_fold
from affetto.models.calibration import softmax
from affetto.models.network import open_network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from affetto.lab.corpora import Clip
    from affetto.lab.families.config import ModelConfig
    from affetto.lab.families.lesson import Fitted
    from affetto.lab.protocols import Protocol

__all__ = ["Job", "finished", "jobs_of", "measure"]

_TIMED, _ROUNDS = 20, 3
"""Clips on which a model's speed is measured, and how often at least."""
_LEAST_SECONDS, _TICK = 0.2, 0.05


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
        drawn = {0: made}
        for seed in wanted if protocol.speaker_independent else ():
            # The seeds of a training hold out other speakers, too.
            drawn.setdefault(seed, protocols.folds(name, table, seed=seed, fingerprints=digests))
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
                for number, fold in enumerate(drawn[seed]):
                    if only is None or number in only:
                        yield Job(model, protocol, seed, number, count, fold)


def finished(wanted: Fold, model: ModelConfig, results: Path) -> bool:
    """Tell whether a result is there.

    Args:
        wanted: the result, still without predictions.
        model: what it is a result of.
        results: where it would be.

    Raises:
        OptionError: it is, or another fold of it, of a training with other values.
        ManifestError: such a file can't be read.
    """
    for path in sorted(results.glob(wanted.siblings)):
        other = changes(model.to_dict(), read_fold(path).notes.get("config") or {})
        if other:
            raise OptionError(
                f"{path}: found a fold that was trained with {', '.join(other)}, expected the "
                "values of this call: remove the old folds, or call this model otherwise (a file "
                "NAME.toml)"
            )
    return (results / wanted.name).is_file()


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


def _speed(fitted: Fitted, model: ModelConfig, clips: Sequence[Clip]) -> float:
    """Measure seconds of sound heard in a second of one core's work, decoding left out.

    Each clip is heard once, as one window; the fastest of three rounds counts.
    """
    network = open_network(fitted.onnx)
    sounds = [samples(clip) for clip in clips]
    network(model.features(sounds[0])[None])  # the first call prepares what later ones use
    rounds: list[float] = []
    with one_thread():
        while len(rounds) < _ROUNDS or sum(rounds) < _LEAST_SECONDS:
            began = time.thread_time()
            for sound in sounds:
                network(model.features(sound)[None])
            rounds.append(time.thread_time() - began)
    # The clock of some systems ticks so seldom that a single round says nothing.
    spent = min(rounds) if min(rounds) > _TICK else sum(rounds) / len(rounds)
    return sum(map(len, sounds)) / SAMPLE_RATE / spent
