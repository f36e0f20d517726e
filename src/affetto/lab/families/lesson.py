"""What a family of models learns from, and what comes of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from affetto.errors import CorpusError
from affetto.models.calibration import fit_temperature

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.lab.arrays import FeatureArrays

__all__ = ["Fitted", "HeldOut", "Lesson"]


@dataclass(frozen=True)
class Lesson:
    """Clips to learn from, with their features and labels.

    Attributes:
        arrays: features of all clips; after the first, of altered variants of the same clips.
        labels: the classes, in the order of the logits.
        target: class of each clip, (clips,); -1 where it has none of them.
        train: clips to learn from.
        validation: clips of held-out training speakers, to choose by; may be empty.
        groups: number of each clip's speaker, (clips,), by which a quick family parts its clips to
            choose by all of them in turn; None lets the clips of `validation` choose.
        soft: shares of the classes in listeners' votes, (clips, classes), to learn instead of
            `target`; a row of zeros falls back to it.
        seed: of everything drawn.
        folder: where a long training keeps its state; None keeps nothing.
        shared: where what serves other trainings, too, is kept; None keeps nothing.
        report: told one line a check.
        check: told the number of each check, from 1, and its score on the held-out clips; what it
            raises ends the training.

    Raises:
        CorpusError: a class has no clip to learn from, or there are fewer than two.
    """

    arrays: Sequence[FeatureArrays]
    labels: tuple[str, ...]
    target: NDArray[np.int64]
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None
    soft: NDArray[np.float32] | None = None
    seed: int = 0
    folder: Path | None = None
    shared: Path | None = None
    report: Callable[[str], None] | None = None
    check: Callable[[int, float], None] | None = None

    def __post_init__(self) -> None:
        counts = np.bincount(self.target[self.train], minlength=len(self.labels))
        missing = [label for label, n in zip(self.labels, counts, strict=False) if n == 0]
        if missing or len(self.labels) < 2:
            raise CorpusError(
                f"found no training clip of {', '.join(missing) or 'a second class'}, expected "
                "some of two classes or more, each with more than one speaker: give more clips, or "
                "leave the class out"
            )

    @property
    def clean(self) -> FeatureArrays:
        """The features of the clips as they are."""
        return self.arrays[0]

    def everything(self) -> NDArray[np.int64]:
        """Give the clips of training and validation, in order."""
        return np.sort(np.concatenate([self.train, self.validation]))

    def about(self) -> dict[str, Any]:
        """Say what is learnt from: a training goes on only where it was the same."""
        soft = () if self.soft is None else (self.soft,)
        features = (part for arrays in self.arrays for part in (arrays.values, arrays.starts))
        mark = hashlib.sha256()
        for part in (self.target, self.train, self.validation, *soft, *features):
            mark.update(np.ascontiguousarray(part).data)
        return {
            "clips": len(self.train),
            "held_out": len(self.validation),
            "labels": self.labels,
            "variants": len(self.arrays),
            "seed": self.seed,
            "data": mark.hexdigest()[:24],
        }


class HeldOut(NamedTuple):
    """What models said of clips that they had not learnt from.

    Attributes:
        clips: which, (n,).
        logits: (n, classes).
    """

    clips: NDArray[np.int64]
    logits: NDArray[np.float32]


@dataclass(frozen=True)
class Fitted:
    """A trained model of any family.

    Attributes:
        onnx: the model as an ONNX file: features (n, …) to `logits` (n, classes).
        logits: the trained model itself, on features (n, …) or sounds of any length, to hold the
            file against.
        parameters: how many numbers were learnt.
        notes: whatever else one wants to know of the training: plain JSON types.
        held_out: what was said of clips that were not learnt from, to read a temperature off.
    """

    onnx: bytes
    logits: Callable[[Any], NDArray[np.float32]]
    parameters: int
    notes: Mapping[str, Any] = field(default_factory=dict)
    held_out: HeldOut | None = None

    def temperature(self, target: NDArray[np.int64]) -> float:
        """Read off what was held out by how much the logits are to be divided.

        Args:
            target: class of each of the lesson's clips.

        Returns:
            1.0 where nothing was held out.
        """
        if self.held_out is None:
            return 1.0
        return fit_temperature(self.held_out.logits, target[self.held_out.clips])
