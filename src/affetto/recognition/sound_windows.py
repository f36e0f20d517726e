"""Windows of sound for models that judge each window for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from affetto.dsp import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from affetto.models import WindowPackage
    from affetto.speech import WindowGrid

__all__ = ["RecentSound", "SoundWindows"]


class SoundWindows:
    """Judge the windows of a grid while sound comes in chunks; keep what later windows need.

    Args:
        package: the model.
        grid: where the windows lie.
    """

    def __init__(self, package: WindowPackage, grid: WindowGrid) -> None:
        self._package = package
        self._grid = grid
        self._held = np.empty(0, np.float32)
        self._first = 0  # number of the first sample that is held
        self._next = 0  # window to be judged next

    def feed(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples, (samples,)."""
        self._held = np.concatenate([self._held, samples])

    def take(self, count: int) -> NDArray[np.float32]:
        """Judge the next windows, whose sound has come; (count, pooled_width)."""
        windows = [self._sound(self._next + i) for i in range(count)]
        self._next += count
        spare = max(0, self._start(self._next) - self._first)
        self._held = self._held[spare:]
        self._first += spare
        return self._package.hear(windows)

    def _start(self, window: int) -> int:
        grid = self._grid
        return max(0, round(((window + 0.5) * grid.hop - grid.window / 2) * SAMPLE_RATE))

    def _sound(self, window: int) -> NDArray[np.float32]:
        grid = self._grid
        end = round(((window + 0.5) * grid.hop + grid.window / 2) * SAMPLE_RATE)
        return self._held[self._start(window) - self._first : end - self._first]


class RecentSound:
    """Judge the window that ends with the newest sample.

    Args:
        package: the model.
        grid: its `window` is this one's length.
    """

    def __init__(self, package: WindowPackage, grid: WindowGrid) -> None:
        self._package = package
        self._length = round(grid.window * SAMPLE_RATE)
        self._held = np.empty(0, np.float32)

    def feed(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples, (samples,)."""
        self._held = np.concatenate([self._held, samples])[-self._length :]

    def pooled(self) -> NDArray[np.float32]:
        """Judge the window; (pooled_width,)."""
        judged: NDArray[np.float32] = self._package.hear([self._held])[0]
        return judged
