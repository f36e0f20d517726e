"""How a feature moves: its local derivative, whole or in chunks."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from affetto.errors import OptionError

__all__ = ["DeltaStream", "delta"]


@lru_cache(maxsize=8)
def _weights(width: int, order: int) -> NDArray[np.float64]:
    """Give what each of `width` rows weighs in the derivative of the polynomial through them."""
    offset = np.arange(width) - width // 2
    powers = np.vander(offset, order + 1, increasing=True).astype(np.float64)
    weights: NDArray[np.float64] = math.factorial(order) * np.linalg.pinv(powers)[order]
    return weights


def _check(width: int, order: int) -> None:
    if width < 3 or width % 2 == 0 or not 1 <= order < width:
        raise OptionError(
            f"found delta width {width} and order {order}, expected an odd width of at least 3 "
            "and an order of at least 1, below the width"
        )


def _inner(rows: NDArray[np.float32], width: int, order: int) -> NDArray[np.float32]:
    """Give the derivative at every row that has `width // 2` neighbours on either side."""
    windows = np.lib.stride_tricks.sliding_window_view(rows.astype(np.float64), width, axis=0)
    return (windows @ _weights(width, order)).astype(np.float32)


def delta(rows: NDArray[np.float32], *, width: int = 9, order: int = 1) -> NDArray[np.float32]:
    """Estimate the derivative over time by a local polynomial (Savitzky and Golay 1964).

    A polynomial of degree `order` is fitted to `width` rows around each row. Its derivative of that
    order is one number, so the rows at the edges share that of the first or last whole fit. The
    figures are those of `librosa.feature.delta`, which wants at least `width` rows; fewer are
    fitted all at once here (but for the last where their number is even), and give zeros where they
    are too few for the degree.

    Args:
        rows: shape (frames, columns).
        width: rows that one estimate sees, odd.
        order: 1 for the slope, 2 for the curvature.

    Returns:
        Change per frame (to the power of `order`), shape (frames, columns).

    Raises:
        OptionError: `width` is even or below 3, or `order` is not from 1 to width - 1.

    Examples:
        >>> delta(np.array([[0.0], [1.0], [2.0], [5.0]], np.float32), width=3).T
        array([[1., 1., 2., 2.]], dtype=float32)
    """
    _check(width, order)
    width = min(width, len(rows) - (len(rows) + 1) % 2)
    if order >= width:
        return np.zeros(rows.shape, np.float32)
    half = width // 2
    inner = _inner(rows, width, order)
    return np.pad(inner, ((half, len(rows) - half - len(inner)), (0, 0)), mode="edge")


class DeltaStream:
    """The rows of `delta` from chunks of any size; they come `width // 2` rows late.

    Args:
        width: rows that one estimate sees, odd.
        order: 1 for the slope, 2 for the curvature.

    Raises:
        OptionError: as `delta`.

    Examples:
        >>> stream = DeltaStream(width=3)
        >>> stream.feed(np.array([[0.0], [1.0], [2.0], [5.0]], np.float32)).T
        array([[1., 1., 2.]], dtype=float32)
        >>> stream.finish().T
        array([[2.]], dtype=float32)
    """

    def __init__(self, *, width: int = 9, order: int = 1) -> None:
        _check(width, order)
        self.width = width
        self.order = order
        self._reset()

    def _reset(self) -> None:
        self._held: NDArray[np.float32] | None = None
        self._last: NDArray[np.float32] | None = None  # the last whole fit, for the edge

    def feed(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next rows, (frames, columns); give the derivatives that they settle."""
        held = rows if self._held is None else np.concatenate([self._held, rows])
        if len(held) < self.width:
            self._held = held
            return np.empty((0, *rows.shape[1:]), np.float32)
        inner = _inner(held, self.width, self.order)
        self._held = held[len(held) - self.width + 1 :]
        before = self.width // 2 if self._last is None else 0
        self._last = inner[-1:]
        return np.pad(inner, ((before, 0), (0, 0)), mode="edge")

    def finish(self) -> NDArray[np.float32]:
        """Give the derivatives of the last rows; the stream then starts afresh.

        A stream that was never fed gives an array of shape (0, 0).
        """
        if self._last is not None:
            rows = np.repeat(self._last, self.width // 2, axis=0)
        elif self._held is not None:
            rows = delta(self._held, width=self.width, order=self.order)
        else:
            rows = np.empty((0, 0), np.float32)
        self._reset()
        return rows
