"""Batches for the networks: clips drawn, cut, stretched, masked and mixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from affetto.features.recipe import paint
from affetto.lab.augment import spec_augment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from affetto.lab.families.lesson import Lesson

__all__ = ["Batch", "DrawConfig", "Drawing"]


class Batch(NamedTuple):
    """Clips to learn from.

    Attributes:
        features: (batch, …).
        target: shares of the classes, (batch, classes).
    """

    features: NDArray[np.float32]
    target: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DrawConfig:
    """How a batch is drawn.

    Attributes:
        batch: clips.
        balance: "sampling" draws classes alike; "none" draws clips alike.
        stretch: slowest and fastest speed at which frames are taken.
        time_mask: share of the time that a mask may take; there are two.
        band_mask: share of the columns that a mask may take; there are two.
        mixup: strength of mixing pairs of clips (Zhang et al. 2018, arXiv:1710.09412); 0 for none.
        smoothing: of the labels.
    """

    batch: int = 32
    balance: str = "sampling"
    stretch: tuple[float, float] = (0.85, 1.18)
    time_mask: float = 0.1
    band_mask: float = 0.1
    mixup: float = 0.0
    smoothing: float = 0.1


class Drawing:
    """Draw batches of a lesson; the same for a seed and a step, so that a training resumes exactly.

    Args:
        lesson: what to draw from.
        config: how.
        length: frames of a clip, where clips are frames.
    """

    def __init__(self, lesson: Lesson, config: DrawConfig, *, length: int | None) -> None:
        self.lesson = lesson
        self.config = config
        self.length = length
        target = lesson.target[lesson.train]
        self._by_class = [lesson.train[target == c] for c in range(len(lesson.labels))]

    def __call__(self, step: int) -> Batch:
        """Draw the batch of a step."""
        config = self.config
        rng = np.random.default_rng((self.lesson.seed, step))
        clips = self.clips(rng)
        features = np.stack([self._one(int(clip), rng) for clip in clips])
        target = self.targets(clips)
        if config.mixup:
            share = rng.beta(config.mixup, config.mixup, size=config.batch).astype(np.float32)
            other = rng.permutation(config.batch)
            wide = share.reshape(-1, *[1] * (features.ndim - 1))
            features = wide * features + (1 - wide) * features[other]
            target = share[:, None] * target + (1 - share[:, None]) * target[other]
        return Batch(np.ascontiguousarray(features, np.float32), target)

    def clips(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw the clips of a batch, (batch,)."""
        if self.config.balance == "sampling":
            classes = rng.integers(len(self._by_class), size=self.config.batch)
            return np.array([rng.choice(self._by_class[c]) for c in classes])
        return rng.choice(self.lesson.train, self.config.batch)

    def targets(self, clips: NDArray[np.int64]) -> NDArray[np.float32]:
        """Give what clips are to be taken for: shares of the classes, (batch, classes)."""
        labels = len(self.lesson.labels)
        hard = np.eye(labels, dtype=np.float32)[self.lesson.target[clips]]
        if self.lesson.soft is not None:
            soft = self.lesson.soft[clips]
            hard = np.where(soft.sum(axis=1, keepdims=True) > 0, soft, hard)
        return hard * (1 - self.config.smoothing) + self.config.smoothing / labels

    def _one(self, clip: int, rng: np.random.Generator) -> NDArray[np.float32]:
        arrays = self.lesson.arrays[int(rng.integers(len(self.lesson.arrays)))]
        raw = arrays.raw(clip)
        kind = arrays.recipe.kind
        if kind == "row":
            return np.asarray(raw, np.float32)
        if kind == "picture":
            shifted = _shifted(raw, int(rng.integers(-8, 9)))
            masked = self._masked(shifted.T.astype(np.float32), rng, fill=0.0).T
            return paint(np.asarray(masked, np.uint8))
        return self._masked(self._cut(raw, rng), rng)

    def _cut(self, rows: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Take frames from a random place, at a random speed; the outermost ones fill up."""
        length = self.length or len(rows)
        speed = rng.uniform(*self.config.stretch)
        spare = len(rows) - length * speed
        start = rng.uniform(min(0.0, spare), max(0.0, spare))
        at = np.clip(start + np.arange(length) * speed, 0, len(rows) - 1)
        low = at.astype(np.int64)
        part = (at - low).astype(np.float32)[:, None]
        after = np.minimum(low + 1, len(rows) - 1)
        return np.asarray(rows[low] * (1 - part) + rows[after] * part, np.float32)

    def _masked(
        self, rows: NDArray[np.float32], rng: np.random.Generator, fill: float | None = None
    ) -> NDArray[np.float32]:
        """Mask times and columns; what is masked has the mean of its column."""
        config = self.config
        if not (config.time_mask or config.band_mask):
            return rows
        mean = rows.mean(axis=0) if fill is None else np.full(rows.shape[1], fill, np.float32)
        masked = spec_augment(
            rows - mean,
            rng,
            time_width=round(config.time_mask * len(rows)),
            band_width=round(config.band_mask * rows.shape[1]),
            fill=0.0,
        )
        return masked + mean


def _shifted(picture: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Shift a picture in time; what comes in from outside is its edge.

    Examples:
        >>> row = np.array([[1, 2, 3]], np.uint8)
        >>> _shifted(row, 1).tolist(), _shifted(row, -2).tolist()
        ([[1, 1, 2]], [[3, 3, 3]])
    """
    places = np.arange(picture.shape[1]) - columns
    return picture[:, np.clip(places, 0, picture.shape[1] - 1)]
