"""Windows over the network's rows: pooled from sums that overlapping windows share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RecentWindow", "WindowGrid", "WindowPooler", "pool"]

LONGEST_WINDOW = 60.0
"""Seconds; an emotion that lasts longer is read off the summary."""

_LEAST_WEIGHT = 1e-6
_LEAST_VARIANCE = 1e-5


def pool(frames: NDArray[Any], weights: NDArray[Any]) -> NDArray[np.float32]:
    """Pool the rows of one window: weighted mean and weighted standard deviation.

    The standard deviation is sqrt(max(E[x²] - E[x]², 0) + 1e-5), so that it never vanishes.

    Args:
        frames: shape (rows, D).
        weights: of the rows, not negative, shape (rows,).

    Returns:
        Shape (2D,).

    Examples:
        >>> pool(np.array([[1.0], [3.0], [9.0]]), np.array([0.5, 0.5, 0.0])).round(3)
        array([2., 1.], dtype=float32)
    """
    pooled: NDArray[np.float32] = _finish(_moments(frames, weights).sum(axis=0, keepdims=True))[0]
    return pooled


def _moments(frames: NDArray[Any], weights: NDArray[Any]) -> NDArray[np.float64]:
    """Give weighted values, weighted squares and weights of each row: (rows, 2D + 1)."""
    rows, width = frames.shape
    moments = np.empty((rows, 2 * width + 1))
    moments[:, -1] = weights
    np.multiply(frames, moments[:, -1:], out=moments[:, :width])
    np.multiply(moments[:, :width], frames, out=moments[:, width:-1])
    return moments


def _finish(sums: NDArray[np.float64]) -> NDArray[np.float32]:
    """Turn sums of moments, (n, 2D + 1), to means and standard deviations, (n, 2D)."""
    width = sums.shape[1] // 2
    expected = sums[:, :-1] / np.maximum(sums[:, -1:], _LEAST_WEIGHT)
    mean = expected[:, :width]
    variance = np.maximum(expected[:, width:] - mean**2, 0.0)
    return np.concatenate([mean, np.sqrt(variance + _LEAST_VARIANCE)], axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class WindowGrid:
    """Where windows lie: window k answers for the time from k × hop to (k + 1) × hop.

    Its centre is the middle of that time; at the ends of the sound it is cut to what there is.

    Attributes:
        window: seconds that one window hears.
        hop: seconds from one window to the next.
        row_seconds: seconds from one row to the next; row i lies at i × row_seconds.

    Examples:
        >>> grid = WindowGrid(window=3.0, hop=0.5, row_seconds=0.04)
        >>> grid.count(2.2)
        5
        >>> grid.centres(2)
        array([0.25, 0.75])
        >>> [edge.tolist() for edge in grid.edges(np.array([0, 8]))]
        [[-31, 69], [44, 144]]
    """

    window: float
    hop: float
    row_seconds: float

    def __post_init__(self) -> None:
        if not self.row_seconds <= self.hop <= self.window <= LONGEST_WINDOW:
            raise OptionError(
                f"found a window of {self.window:g} s and a hop of {self.hop:g} s, expected "
                f"{self.row_seconds:g} <= hop <= window <= {LONGEST_WINDOW:g}: change one of them"
            )

    def count(self, duration: float) -> int:
        """Give the number of windows in a sound of `duration` seconds."""
        return int(np.ceil(round(duration / self.hop, 6)))

    def centres(self, count: int) -> NDArray[np.float64]:
        """Give the middle of the time that each of the first windows answers for, in seconds."""
        centres: NDArray[np.float64] = (np.arange(count, dtype=np.float64) + 0.5) * self.hop
        return centres

    def edges(self, indices: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int64], ...]:
        """Give the first row of each window, and the row after its last; they may lie outside."""
        centres = (indices + 0.5) * self.hop
        half = self.window / 2
        rows = np.stack([centres - half, centres + half]) / self.row_seconds
        starts, ends = np.ceil(np.round(rows, 6)).astype(np.int64)
        return starts, ends


class WindowPooler:
    """Pool the windows of a grid while rows come in chunks.

    Rows between two neighbouring window edges are summed once, in float64, whatever the chunks;
    a window is the sum of its parts.

    Args:
        grid: where the windows lie.
        width: values D in a row.

    Examples:
        >>> pooler = WindowPooler(WindowGrid(window=0.2, hop=0.1, row_seconds=0.05), width=1)
        >>> early, _ = pooler.feed(np.ones((5, 1)), np.ones(5))
        >>> late, weights = pooler.finish(3)
        >>> len(early), len(late), weights
        (2, 1, array([2.], dtype=float32))
    """

    def __init__(self, grid: WindowGrid, *, width: int) -> None:
        self.grid = grid
        self.width = width
        self._start()

    def _start(self) -> None:
        self._rows = np.empty((0, 2 * self.width + 1))  # moments of rows after the last edge
        self._parts = np.empty((0, 2 * self.width + 1))  # sums between edges
        self._edges = np.zeros(1, np.int64)  # of the parts: one more than there are parts
        self._next = 0

    def feed(
        self, frames: NDArray[Any], weights: NDArray[Any]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Take the next rows; give the windows that they complete.

        Args:
            frames: shape (rows, D).
            weights: of the rows, shape (rows,).

        Returns:
            Pooled windows, (n, 2D), and the sum of the weights in each, (n,).
        """
        self._rows = np.concatenate([self._rows, _moments(frames, weights)])
        first = int(self._edges[-1])
        last = first + len(self._rows)
        self._close(self._inner_edges(first, last))
        return self._windows(self._next, self._last_complete())

    def finish(self, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give the remaining windows of `count` in all; the pooler then starts afresh."""
        if len(self._rows):
            self._close(np.array([int(self._edges[-1]) + len(self._rows)]))
        windows = self._windows(self._next, max(count, self._next))
        self._start()
        return windows

    def _inner_edges(self, first: int, last: int) -> NDArray[np.int64]:
        """Find the window edges above `first` and up to `last`."""
        grid = self.grid
        low = int((first * grid.row_seconds - grid.window) / grid.hop) - 2
        high = int((last * grid.row_seconds + grid.window) / grid.hop) + 2
        edges = np.unique(np.concatenate(grid.edges(np.arange(max(low, 0), high + 1))))
        return edges[(edges > first) & (edges <= last)]

    def _close(self, edges: NDArray[np.int64]) -> None:
        """Sum the held rows up to each edge."""
        if not len(edges):
            return
        local = edges - self._edges[-1]
        sums = np.add.reduceat(self._rows[: local[-1]], np.concatenate([[0], local[:-1]]), axis=0)
        self._rows = self._rows[local[-1] :].copy()
        self._parts = np.concatenate([self._parts, sums])
        self._edges = np.concatenate([self._edges, edges])

    def _last_complete(self) -> int:
        """Count the windows whose last row has been summed."""
        done = int(self._edges[-1])
        guess = int(done * self.grid.row_seconds / self.grid.hop) + 2
        _, ends = self.grid.edges(np.arange(self._next, max(guess, self._next)))
        return self._next + int(np.count_nonzero(ends <= done))

    def _windows(self, first: int, last: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Pool windows `first` to `last` - 1, and forget what later ones don't need."""
        if last <= first:
            return np.empty((0, 2 * self.width), np.float32), np.empty(0, np.float32)
        starts, ends = self.grid.edges(np.arange(first, last))
        ends = np.minimum(ends, self._edges[-1])
        starts = np.clip(starts, self._edges[0], None)
        begin, stop = np.searchsorted(self._edges, starts), np.searchsorted(self._edges, ends)
        # A last, empty part lets the stop lie behind the end; every other sum is one between.
        padded = np.concatenate([self._parts, np.zeros((1, self._parts.shape[1]))])
        begin = np.minimum(begin, len(self._parts))
        sums = np.add.reduceat(padded, np.stack([begin, stop], axis=1).ravel(), axis=0)[::2]
        sums[begin >= stop] = 0.0
        self._next = last
        needed = int(np.searchsorted(self._edges, max(self.grid.edges(np.array([last]))[0][0], 0)))
        needed = min(needed, len(self._parts))
        self._parts, self._edges = self._parts[needed:], self._edges[needed:]
        return _finish(sums), sums[:, -1].astype(np.float32)


class RecentWindow:
    """The window that ends with the newest row, while rows come in chunks.

    Args:
        grid: its `window` is this one's length.
        width: values D in a row.

    Examples:
        >>> recent = RecentWindow(WindowGrid(window=0.2, hop=0.1, row_seconds=0.05), width=1)
        >>> recent.feed(np.arange(10.0).reshape(10, 1), np.ones(10))
        >>> float(recent.pooled()[0])
        7.5
    """

    def __init__(self, grid: WindowGrid, *, width: int) -> None:
        self._length = max(1, round(grid.window / grid.row_seconds))
        self._frames = np.empty((0, width), np.float32)
        self._weights = np.empty(0, np.float32)

    def feed(self, frames: NDArray[Any], weights: NDArray[Any]) -> None:
        """Take the next rows, (rows, D), and their weights, (rows,)."""
        self._frames = np.concatenate([self._frames, frames])[-self._length :]
        self._weights = np.concatenate([self._weights, weights])[-self._length :]

    def pooled(self) -> NDArray[np.float32]:
        """Give the window, (2D,)."""
        return pool(self._frames, self._weights)
