"""Pooled windows of a recording of any length, kept out of memory once there are many."""

from __future__ import annotations

import tempfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["RowStore"]


class RowStore:
    """Rows of float32, appended in order and read in order.

    Up to `limit` bytes stay in memory; beyond it everything goes to a temporary file, which the
    system removes when the store is let go. Ten hours at a hop of 0.5 s are about 150 MB.

    Args:
        width: values in a row.
        limit: bytes.

    Examples:
        >>> store = RowStore(2, limit=20)
        >>> for value in range(4):
        ...     store.append(np.full((1, 2), value, np.float32))
        >>> [block[:, 0].tolist() for block in store.blocks(3)]
        [[0.0, 1.0, 2.0], [3.0]]
    """

    def __init__(self, width: int, *, limit: int = 8_000_000) -> None:
        self.width = width
        self.limit = limit
        self._parts: list[NDArray[np.float32]] = []
        self._held = 0
        self._filed = 0
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return self._filed + self._held

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows, shape (n, width)."""
        if not len(rows):
            return
        self._parts.append(rows)
        self._held += len(rows)
        if self._held * self.width * 4 > self.limit:
            self._spill()

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="affetto-")  # noqa: SIM115 - kept open
        self._file.seek(self._filed * self.width * 4)
        for part in self._parts:
            self._file.write(np.ascontiguousarray(part, np.float32).data)
        self._filed += self._held
        self._parts, self._held = [], 0

    def blocks(self, size: int = 512) -> Iterator[NDArray[np.float32]]:
        """Read all rows in order, up to `size` at a time: arrays of shape (n, width)."""
        for start in range(0, self._filed, size):
            yield self._read(start, min(size, self._filed - start))
        if self._parts:
            self._parts = [np.concatenate(self._parts)]
            for start in range(0, self._held, size):
                yield self._parts[0][start : start + size]

    def take(self, indices: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Read some rows, given in rising order: shape (len(indices), width)."""
        parts = [np.empty((0, self.width), np.float32)]
        done = 0
        for block in self.blocks():
            low, high = np.searchsorted(indices, [done, done + len(block)])
            parts.append(block[indices[low:high] - done])
            done += len(block)
        return np.concatenate(parts)

    def _read(self, start: int, count: int) -> NDArray[np.float32]:
        assert self._file is not None
        self._file.seek(start * self.width * 4)
        data = self._file.read(count * self.width * 4)
        return np.frombuffer(data, np.float32).reshape(count, self.width)

    def close(self) -> None:
        """Let go of the rows."""
        if self._file is not None:
            self._file.close()
        self._file, self._parts, self._filed, self._held = None, [], 0, 0
