"""Loudness after ITU-R BS.1770-4 (2015): K-weighting, two gates, in LUFS."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from affetto.dsp import SAMPLE_RATE

__all__ = ["loudness"]

_BLOCK = 0.4  # seconds
_STEP = 0.1  # seconds: blocks overlap by 75 %
_ABSOLUTE_GATE = -70.0  # LUFS
_RELATIVE_GATE = -10.0  # LU
_OFFSET = -0.691  # makes a 997 Hz sine at full scale in one channel read -3.01 LUFS

# The recommendation gives its filters as coefficients for 48 kHz; these are the analogue corners
# behind them, from which the bilinear transform gives those coefficients back, and others' too.
_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_LOW_HZ, _LOW_Q = 38.13547087602444, 0.5003270373238773


def loudness(samples: ArrayLike, *, rate: int = SAMPLE_RATE) -> float:
    """Measure the integrated loudness.

    Args:
        samples: shape (samples,) or (channels, samples), full scale [-1, 1]; every channel weighs
            the same, as front channels do.
        rate: hertz.

    Returns:
        LUFS; minus infinity for silence. A sound under 0.4 s counts as one block.

    Examples:
        >>> sine = np.sin(2 * np.pi * 997 * np.arange(32_000) / 16_000)
        >>> round(loudness(0.1 * sine), 1)
        -23.0
    """
    rows = np.atleast_2d(np.asarray(samples, np.float64))
    if not rows.shape[1]:
        return -math.inf
    power = _block_power(rows, rate)
    loud = power[_lufs(power) > _ABSOLUTE_GATE]
    if not len(loud):
        return -math.inf
    gate = float(_lufs(loud.mean())) + _RELATIVE_GATE
    return float(_lufs(loud[_lufs(loud) > gate].mean()))


def _block_power(rows: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Mean square of each block after K-weighting, summed over the channels."""
    from scipy.signal import sosfilt

    weighted = sosfilt(_k_weighting(rate), rows, axis=1)
    step = max(1, round(_STEP * rate))
    per_block = round(_BLOCK / _STEP)
    steps = rows.shape[1] // step
    if steps < per_block:
        return np.array([(weighted**2).mean(axis=1).sum()])
    fine = (
        (weighted[:, : steps * step] ** 2).reshape(len(rows), steps, step).mean(axis=2).sum(axis=0)
    )
    return np.convolve(fine, np.full(per_block, 1 / per_block), mode="valid")


def _lufs(power: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return _OFFSET + 10 * np.log10(power)


def _k_weighting(rate: int) -> NDArray[np.float64]:
    """Give the two stages, a high shelf for the head and a high-pass, as second-order sections."""
    k = math.tan(math.pi * _SHELF_HZ / rate)
    high = 10 ** (_SHELF_DB / 20)
    middle = high**0.4996667741545416
    a0 = 1 + k / _SHELF_Q + k * k
    shelf = [
        (high + middle * k / _SHELF_Q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - middle * k / _SHELF_Q + k * k) / a0,
        1.0,
        2 * (k * k - 1) / a0,
        (1 - k / _SHELF_Q + k * k) / a0,
    ]
    k = math.tan(math.pi * _LOW_HZ / rate)
    a0 = 1 + k / _LOW_Q + k * k
    low = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / _LOW_Q + k * k) / a0]
    return np.array([shelf, low])
