"""Changes to features: SpecAugment's masks."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["spec_augment"]

Rows = NDArray[np.float32]


def spec_augment(
    rows: Rows,
    rng: np.random.Generator,
    *,
    time_masks: int = 2,
    time_width: int = 30,
    band_masks: int = 2,
    band_width: int = 8,
    fill: float | None = None,
) -> Rows:
    """Mask stretches of time and of frequency (SpecAugment).

    After Park et al. 2019, doi:10.21437/Interspeech.2019-2680.

    Args:
        rows: log-mel, shape (frames, bands).
        rng: source of chance.
        time_masks: stretches of frames to mask.
        time_width: the most frames that one may have; a mask takes at most a fifth of them all.
        band_masks: stretches of bands to mask.
        band_width: the most bands that one may have.
        fill: what to put there; by default the mean of the rows.

    Returns:
        Shape (frames, bands), a copy.

    Examples:
        >>> rows = np.arange(6400, dtype=np.float32).reshape(100, 64)
        >>> masked = spec_augment(rows, np.random.default_rng(0))
        >>> masked.shape, bool((masked != rows).any())
        ((100, 64), True)
    """
    masked = rows.astype(np.float32, copy=True)
    if not masked.size:
        return masked
    value = np.float32(masked.mean() if fill is None else fill)
    frames, bands = masked.shape
    for _ in range(time_masks):
        width = int(rng.integers(0, min(time_width, frames // 5) + 1))
        start = int(rng.integers(0, frames - width + 1))
        masked[start : start + width] = value
    for _ in range(band_masks):
        width = int(rng.integers(0, min(band_width, bands) + 1))
        start = int(rng.integers(0, bands - width + 1))
        masked[:, start : start + width] = value
    return masked
