"""Long rows of numbers made short enough to draw."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["thinned"]


def thinned(rows: NDArray[np.floating], *, most: int) -> NDArray[np.float64]:
    """Average neighbours until there are no more rows than can be drawn.

    Args:
        rows: shape (n, ...), in order.
        most: rows that are kept.

    Returns:
        The rows themselves, or the means of groups of equally many; the last one may hold fewer.

    Examples:
        >>> thinned(np.arange(5.0), most=3)
        array([0.5, 2.5, 4. ])
    """
    group = -(-len(rows) // most)
    if group <= 1:
        return np.asarray(rows, np.float64)
    starts = np.arange(0, len(rows), group)
    counts = np.diff([*starts, len(rows)]).reshape(-1, *[1] * (rows.ndim - 1))
    return np.add.reduceat(rows, starts, axis=0, dtype=np.float64) / counts
