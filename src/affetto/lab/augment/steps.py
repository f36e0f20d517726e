"""What a step is, how steps are chained, and the small things that they share."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from affetto.errors import OptionError

__all__ = ["Chain", "Range", "Samples", "Step", "generator"]

Samples = NDArray[np.float32]
"""Sound, shape (samples,), float32 in [-1, 1], 16 kHz."""

Range = float | tuple[float, float]
"""A fixed value, or the edges between which each call draws its own, evenly."""


class Step(Protocol):
    """Anything that turns sound into changed sound; all its chance comes from the generator.

    The functions of `affetto.lab.augment` are steps; `functools.partial` gives them other options.
    """

    def __call__(self, samples: Samples, rng: np.random.Generator, /) -> Samples:
        """Give changed samples; those handed in stay as they are."""
        ...


@dataclass(frozen=True)
class Chain:
    """Steps one after the other; itself a step.

    Examples:
        >>> from functools import partial
        >>> from affetto.lab.augment import gain, shift
        >>> chain = Chain((partial(gain, db=-6.0), shift))
        >>> chain(np.ones(1600, np.float32), np.random.default_rng(0)).shape
        (1600,)
    """

    steps: Sequence[Step]

    def __call__(self, samples: Samples, rng: np.random.Generator, /) -> Samples:
        """Run the steps in their order."""
        for step in self.steps:
            samples = step(samples, rng)
        return samples


def generator(seed: int, *keys: str | int) -> np.random.Generator:
    """Give the generator that belongs to a seed and, say, a file's name and an epoch.

    What happens to a clip then depends on neither the order of the clips nor their number.

    Args:
        seed: the run's seed, 0 or more.
        keys: what the generator shall belong to.

    Examples:
        >>> a = generator(1, "a.wav").random()
        >>> a == generator(1, "a.wav").random(), a == generator(1, "b.wav").random()
        (True, False)
    """
    parts = [key if isinstance(key, int) else zlib.crc32(key.encode()) for key in keys]
    return np.random.default_rng([seed, *parts])


def draw(value: Range, rng: np.random.Generator) -> float:
    """Give the value, or one drawn evenly from its range.

    Raises:
        OptionError: the range's edges are the wrong way round.
    """
    if not isinstance(value, tuple):
        return float(value)
    low, high = value
    if low > high:
        raise OptionError(f"found the range {low:g}..{high:g}, expected the lower edge first")
    return float(rng.uniform(low, high))


def power(samples: Samples) -> float:
    """Give the mean square of the samples, 0 for none."""
    return float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0


def within(samples: Samples) -> Samples:
    """Scale the whole down where its peak is above 1, so that nothing clips."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    return (samples / np.float32(peak) if peak > 1.0 else samples).astype(np.float32, copy=False)


def fit(samples: Samples, length: int) -> Samples:
    """Cut the end or add zeros to it, so that there are exactly `length` samples."""
    if len(samples) >= length:
        return samples[:length]
    return np.pad(samples, (0, length - len(samples)))
