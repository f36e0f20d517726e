"""How a feature moves: its local derivative, whole or in chunks."""

import numpy as np
from numpy.typing import NDArray

from affetto.errors import OptionError

__all__ = ["DeltaStream", "delta"]


def _check(width: int, order: int) -> None:
    if width < 3 or width % 2 == 0 or not 1 <= order < width:
        raise OptionError(
            f"found delta width {width} and order {order}, expected an odd width of at least 3 "
            "and an order of at least 1, below the width"
        )


def delta(rows: NDArray[np.float32], *, width: int = 9, order: int = 1) -> NDArray[np.float32]:
    """Estimate the derivative over time with a Savitzky-Golay filter.

    A polynomial of degree `order` is fitted to `width` rows around each; at the edges the first or
    last `width` rows are fitted once. The figures are those of `librosa.feature.delta` (mode
    "interp") for at least `width` rows. Fewer rows are fitted all at once (of an even number, as
    many as are odd); too few for a polynomial of the degree asked give zeros.

    Args:
        rows: shape (frames, columns).
        width: rows that one estimate sees, odd.
        order: 1 for the slope, 2 for the curvature.

    Returns:
        Change per frame (to the power of `order`), shape (frames, columns).

    Raises:
        OptionError: `width` is even or below 3, or `order` is not from 1 to width - 1.

    Examples:
        >>> delta(np.arange(9, dtype=np.float32)[:, None])[4]
        array([1.], dtype=float32)
    """
    _check(width, order)
    width = min(width, len(rows) - (len(rows) + 1) % 2)
    if order >= width:
        return np.zeros_like(rows, np.float32)
    from scipy.signal import savgol_filter

    slope = savgol_filter(
        rows.astype(np.float64), width, polyorder=order, deriv=order, axis=0, mode="interp"
    )
    return np.asarray(slope, np.float32)


class DeltaStream:
    """The rows of `delta` from chunks of any size; they come `width // 2` rows late.

    Args:
        width: rows that one estimate sees, odd.
        order: 1 for the slope, 2 for the curvature.

    Raises:
        OptionError: as `delta`.

    Examples:
        >>> stream = DeltaStream(width=3)
        >>> stream.feed(np.array([[0.0], [1.0], [3.0]], np.float32)).T
        array([[1.5, 1.5]], dtype=float32)
        >>> stream.finish().T
        array([[1.5]], dtype=float32)
    """

    def __init__(self, *, width: int = 9, order: int = 1) -> None:
        _check(width, order)
        self.width = width
        self.order = order
        self._reset()

    def _reset(self) -> None:
        self._held: NDArray[np.float32] | None = None
        self._given = 0  # rows of what is held whose derivative has been given

    def feed(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next rows, (frames, columns); give the derivatives that they settle."""
        held = rows if self._held is None else np.concatenate([self._held, rows])
        settled = len(held) - self.width // 2 if len(held) >= self.width else 0
        if settled <= self._given:
            self._held = held
            return np.empty((0, *rows.shape[1:]), np.float32)
        ready = delta(held, width=self.width, order=self.order)[self._given : settled]
        # What the next rows and the edge need: the last `width` rows.
        self._held = held[-self.width :]
        self._given = self.width - self.width // 2
        return ready

    def finish(self) -> NDArray[np.float32]:
        """Give the derivatives of the last rows; the stream then starts afresh.

        A stream that was never fed gives an array of shape (0, 0).
        """
        if self._held is None:
            return np.empty((0, 0), np.float32)
        ready = delta(self._held, width=self.width, order=self.order)[self._given :]
        self._reset()
        return ready
