"""Formants: the resonances of the vocal tract, from the envelope that linear prediction draws."""

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE

__all__ = ["formants"]

ORDER = 16
POINTS = 512
LOWEST, HIGHEST = 200.0, 5000.0
PRE_EMPHASIS = 0.97
COUNT = 3


@lru_cache(maxsize=4)
def _emphasis(bins: int) -> NDArray[np.float64]:
    """Give the power response of a pre-emphasis filter, shape (bins,)."""
    angle = np.linspace(0.0, np.pi, bins)
    response: NDArray[np.float64] = 1.0 + PRE_EMPHASIS**2 - 2.0 * PRE_EMPHASIS * np.cos(angle)
    return response


def _predictor(correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve for all frames' prediction polynomials at once (Levinson and Durbin).

    Args:
        correlation: autocorrelation at lags 0 to ORDER, shape (frames, ORDER + 1).

    Returns:
        Polynomials, shape (frames, ORDER + 1); the first coefficient is 1.
    """
    polynomial = np.zeros_like(correlation)
    polynomial[:, 0] = 1.0
    error = correlation[:, 0].copy()
    for lag in range(1, correlation.shape[1]):
        ahead = np.einsum("ij,ij->i", polynomial[:, :lag], correlation[:, lag:0:-1])
        reflection = (-ahead / error)[:, None]
        polynomial[:, 1 : lag + 1] += reflection * polynomial[:, lag - 1 :: -1][:, :lag]
        error *= 1.0 - reflection[:, 0] ** 2
    return polynomial


def formants(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Find the first three peaks of the all-pole envelope of each power spectrum.

    The autocorrelation is that of the pre-emphasised power spectrum (Makhoul 1975); peaks between
    200 and 5000 Hz count from the lowest. A peak of the envelope is a cheap stand-in for a formant:
    two that lie close together show as one.

    Args:
        power: shape (frames, bins), of a windowed frame, bins evenly from 0 to half the rate.

    Returns:
        Hz, shape (frames, 3); NaN where there are fewer peaks.

    Examples:
        >>> turn = np.exp(-1j * np.linspace(0, np.pi, 513))
        >>> pole = 0.97 * np.exp(2j * np.pi * 1500 / 16000)
        >>> resonance = 1 / ((1 - pole * turn) * (1 - np.conj(pole) * turn))
        >>> power = (np.abs(resonance) ** 2)[None].astype(np.float32)
        >>> bool(abs(formants(power)[0, 0] - 1500) < 30)
        True
    """
    emphasised = power.astype(np.float64) * _emphasis(power.shape[1])
    correlation = scipy.fft.irfft(emphasised, axis=1)[:, : ORDER + 1]
    # A noise floor 40 dB down keeps the equations well posed, in digital silence too.
    correlation[:, 0] = correlation[:, 0] * 1.0001 + 1e-12
    transfer = scipy.fft.rfft(_predictor(correlation), POINTS, axis=1)
    envelope = -np.log(transfer.real**2 + transfer.imag**2)

    middle = envelope[:, 1:-1]
    hertz = np.arange(1, POINTS // 2) * (SAMPLE_RATE / POINTS)
    peak = (middle > envelope[:, :-2]) & (middle >= envelope[:, 2:])
    peak &= (hertz >= LOWEST) & (hertz <= HIGHEST)
    order = np.cumsum(peak, axis=1)
    row = np.arange(len(power))
    found = np.full((len(power), COUNT), np.nan, np.float32)
    for number in range(COUNT):
        at = (peak & (order == number + 1)).argmax(axis=1)
        before, here, after = envelope[row, at], envelope[row, at + 1], envelope[row, at + 2]
        bend = before + after - 2.0 * here
        shift = np.where(bend < 0.0, (before - after) / 2.0 / np.where(bend < 0.0, bend, 1.0), 0.0)
        there = order[:, -1] > number
        found[there, number] = (hertz[at] + shift * (SAMPLE_RATE / POINTS))[there]
    return found
