"""How a classical family chooses a value of its settings: by clips that were held out."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.lab.families.lesson import Fitted, HeldOut
from affetto.lab.metrics import uar

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from affetto.lab.families.lesson import Lesson

__all__ = ["PARTS", "Scaled", "choose"]

PARTS = 5
"""In which families that learn in a second part their clips, to choose by all of them in turn."""

_MANY = 3000
"""Clips from which on that would take too long, and one split tells enough."""


@dataclass(frozen=True)
class Scaled:
    """Rows standardised as the training clips need it, in 32 bits as the graph does it.

    Attributes:
        mean: (columns,).
        scale: (columns,).
        rows: the training clips' own, (clips, columns).
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    rows: NDArray[np.float32]

    @classmethod
    def of(cls, features: NDArray[np.float32]) -> Scaled:
        """Standardise training clips."""
        mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = features.std(axis=0, dtype=np.float64).astype(np.float32)
        scale = np.where(spread > 1e-6, spread, np.float32(1.0))
        return cls(mean, scale, _cut((features - mean) / scale))

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standardise other clips alike, (n, columns)."""
        return _cut((features - self.mean) / self.scale)


def _cut(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut standardised features as `Graph.standardise` does."""
    from affetto.lab.families.graphs import FARTHEST

    return np.clip(rows, -FARTHEST, FARTHEST).astype(np.float32)


def choose(
    lesson: Lesson,
    values: tuple[Any, ...],
    make: Callable[[Any], Any],
    write: Callable[[Any, Scaled], Fitted],
    settings: Any,
    name: str,
    *,
    parts: int = 1,
) -> Fitted:
    """Let clips that were held out choose a value, then learn from all clips with it.

    Args:
        lesson: what to learn from; features are one row a clip.
        values: to choose among.
        make: gives a model of scikit-learn with a value.
        write: gives a fitted model and the rows it learnt from their logits and ONNX file.
        settings: for the notes.
        name: of the value.
        parts: in which to part the clips, so that each is held out once; 1 for the lesson's split.
    """
    splits = _splits(lesson, parts)
    scores: dict[str, float] = {}
    best: tuple[float, Any, HeldOut | None] = (-1.0, values[0], None)
    for value in values if splits else ():
        judged = []
        for learn, judge in splits:
            features, target = _rows(lesson, learn)
            scaled = Scaled.of(features)
            fitted = write(_fit(make(value), scaled.rows, target), scaled)
            judged.append(fitted.logits(lesson.clean.stacked(judge)))
        clips = np.concatenate([judge for _, judge in splits])
        logits = np.concatenate(judged)
        score = float(uar(lesson.target[clips], logits.argmax(axis=1)))
        scores[f"{value:g}"] = round(score, 4)
        if lesson.report is not None:
            lesson.report(f"{name} {value:g}: score {score:.3f} on held-out clips")
        if lesson.check is not None:
            lesson.check(len(scores), score)
        if score > best[0]:
            best = score, value, HeldOut(clips, logits)
    features, target = _rows(lesson, lesson.everything())
    scaled = Scaled.of(features)
    fitted = write(_fit(make(best[1]), scaled.rows, target), scaled)
    notes = {"settings": asdict(settings), "chosen": {name: best[1]}, "scores": scores}
    return Fitted(fitted.onnx, fitted.logits, fitted.parameters, notes, best[2])


def _splits(lesson: Lesson, parts: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Give what to learn from and what to judge in turn, speaker by speaker where that is known.

    A part without all of the classes is left to the one split that the lesson has.
    """
    usual = [(lesson.train, lesson.validation)] if len(lesson.validation) else []
    clips = lesson.everything()
    few = lesson.groups is None or len(np.unique(lesson.groups[clips])) < 2
    if few or parts < 2 or len(clips) > _MANY:
        return usual
    from sklearn.model_selection import GroupKFold

    assert lesson.groups is not None
    groups = lesson.groups[clips]
    folds = GroupKFold(min(parts, len(np.unique(groups)))).split(clips, groups=groups)
    splits = [(clips[learn], clips[judge]) for learn, judge in folds]
    known = set(lesson.target[clips].tolist())
    whole = all(set(lesson.target[learn].tolist()) == known for learn, _ in splits)
    return splits if whole else usual


def _rows(
    lesson: Lesson, clips: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Give the rows and classes of clips, with all their altered variants."""
    rows = np.concatenate([arrays.stacked(clips) for arrays in lesson.arrays])
    return rows, np.tile(lesson.target[clips], len(lesson.arrays))


def _fit(model: Any, rows: NDArray[np.float32], target: NDArray[np.int64]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an iteration limit that was meant
        return model.fit(rows, target)
