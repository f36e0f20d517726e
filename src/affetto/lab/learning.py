"""One training of any family: features of the clips, the lesson, and the file held against it."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from affetto.errors import AffettoError, OptionError
from affetto.jobs import check_there
from affetto.lab.arrays import FeatureArrays
from affetto.lab.extras import require
from affetto.lab.families.lesson import Fitted, Lesson
from affetto.models.network import open_network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.lab.corpora import Clip, Table
    from affetto.lab.families.config import ModelConfig
    from affetto.models.network import Inputs

__all__ = ["TOLERANCE", "as_good_as_trained", "learn", "variants", "votes_of"]

TOLERANCE = 1e-4
"""Largest difference between a trained model's logits and its file's, relative to the largest."""


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
