"""Functionals: one row of numbers for a whole sound, whatever its length.

The Affetto functionals follow the idea of the Geneva minimalistic set (Eyben et al. 2016,
doi:10.1109/TAFFC.2015.2457417): few descriptors that the study of emotional voices has found to
matter, and few statistics of each. They are a set of our own, not eGeMAPS: their definitions and
their figures differ, and results must not be given under its name.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.features.low_level import CEPSTRA, DESCRIPTORS, FunctionalsConfig, descriptors

__all__ = ["functional_names", "functionals"]

Contour = NDArray[np.float64]
Named = Iterator[tuple[str, float]]

LEAP = 3.0
"""Semitones in one frame beyond which pitch has jumped (an octave taken wrongly), not moved."""

_MFCC = tuple(f"mfcc{number}" for number in range(1, CEPSTRA + 1))
_SHAPE = ("flux", "alpha_ratio", "hammarberg", "slope_0_500", "slope_500_1500")
_SOUND = ("centroid", "rolloff", "flatness", "zero_crossing_rate")
_VOICE = ("hnr", "h1_h2", "h1_a3", "formant1", "formant2", "formant3")


def _of(measure: Callable[[Contour], np.floating[Any]], values: Contour) -> float:
    """Apply a statistic; 0 where there is nothing to apply it to."""
    return float(measure(values)) if len(values) else 0.0


def _moments(name: str, values: Contour) -> Named:
    yield f"{name}_mean", _of(np.mean, values)
    yield f"{name}_std", _of(np.std, values)


def _spread(name: str, values: Contour) -> Named:
    yield from _moments(name, values)
    low, middle, high = np.percentile(values, (20, 50, 80)) if len(values) else (0.0, 0.0, 0.0)
    yield f"{name}_p20", float(low)
    yield f"{name}_p50", float(middle)
    yield f"{name}_p80", float(high)
    yield f"{name}_range_20_80", float(high - low)


def _runs(inside: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Give the stretches where a flag holds: first frame, and the frame after the last."""
    edges = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0, append=0))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _smooth(values: Contour) -> Contour:
    """Average each value with its neighbours, so that a single frame makes no peak."""
    padded = np.pad(values, 1, mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3.0


def _steady(f0: Contour) -> list[tuple[int, int]]:
    """Give the voiced stretches, cut where pitch leaps as no voice does from frame to frame."""
    cuts = np.flatnonzero(np.abs(np.diff(f0, prepend=np.nan)) > LEAP)
    pieces: list[tuple[int, int]] = []
    for start, end in _runs(~np.isnan(f0)):
        edges = [start, *cuts[(cuts > start) & (cuts < end)].tolist(), end]
        pieces.extend(pairwise(edges))
    return pieces


def _slopes(name: str, values: Contour, runs: list[tuple[int, int]], rate: float) -> Named:
    """Measure the rises and falls of a contour, each from its foot to its head, per second."""
    slopes: list[float] = []
    for start, end in runs:
        part = _smooth(values[start:end])
        turns = np.flatnonzero(np.diff(np.sign(np.diff(part)))) + 1
        knots = np.unique(np.concatenate([[0], turns, [len(part) - 1]]))
        slopes.extend((np.diff(part[knots]) / np.diff(knots) * rate).tolist())
    slope = np.array(slopes)
    yield from _moments(f"{name}_rise", slope[slope > 0.0])
    yield from _moments(f"{name}_fall", slope[slope < 0.0])


def _lengths(name: str, inside: NDArray[np.bool_], rate: float) -> Named:
    yield from _moments(name, np.array([end - start for start, end in _runs(inside)]) / rate)


def _all(rows: NDArray[np.float32], config: FunctionalsConfig) -> Named:
    contour = dict(zip(DESCRIPTORS, rows.T.astype(np.float64), strict=True))
    rate = SAMPLE_RATE / config.pitch.hop
    seconds = len(rows) / rate
    level, loudness = contour["level"], contour["loudness"]
    voiced = ~np.isnan(contour["f0"])
    sounding = level > config.pitch.silence
    unvoiced = sounding & ~voiced

    yield from _spread("f0_semitones", contour["f0"][voiced])
    yield from _slopes("f0_semitones", contour["f0"], _steady(contour["f0"]), rate)
    yield from _spread("loudness", loudness)
    yield from _slopes("loudness", loudness, [(0, len(rows))], rate)
    yield from _spread("level", level[sounding])

    for name in (*_MFCC, "flux"):
        yield from _moments(name, contour[name])
    for name in (*_MFCC, *_SHAPE, *_SOUND, *_VOICE):
        values = contour[name][voiced]
        yield from _moments(f"{name}_voiced", values[~np.isnan(values)])
    for name in (*_SHAPE, *_SOUND):
        yield f"{name}_unvoiced_mean", _of(np.mean, contour[name][unvoiced])

    step = np.abs(np.diff(contour["f0"]))
    steady = step <= LEAP  # false beside an unvoiced frame, whose pitch is NaN
    yield from _moments("jitter", 2.0 ** (step[steady] / 12.0) - 1.0)
    yield from _moments("shimmer", np.abs(np.diff(level)[steady]))

    smooth = _smooth(loudness)
    middle = smooth[1:-1]
    peaks = (middle > smooth[:-2]) & (middle >= smooth[2:]) & (middle > smooth.mean())
    yield "loudness_peaks_per_second", float(peaks.sum() / seconds)
    yield "voiced_segments_per_second", len(_runs(voiced)) / seconds
    yield from _lengths("voiced_seconds", voiced, rate)
    yield from _lengths("unvoiced_seconds", ~voiced, rate)
    yield "voiced_share", float(voiced.mean())
    yield "equivalent_level", float(10.0 * np.log10(np.mean(10.0 ** (level / 10.0))))


@lru_cache(maxsize=1)
def functional_names() -> tuple[str, ...]:
    """Give the names of the functionals, in the order of their values.

    Examples:
        >>> functional_names()[:3]
        ('f0_semitones_mean', 'f0_semitones_std', 'f0_semitones_p20')
        >>> len(functional_names())
        95
    """
    config = FunctionalsConfig()
    return tuple(name for name, _ in _all(descriptors(np.zeros(0, np.float32), config), config))


def functionals(
    samples: NDArray[np.float32], config: FunctionalsConfig | None = None
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Describe a whole sound by the Affetto functionals.

    Pitch (semitones above A0), loudness and level: mean, standard deviation, 20th, 50th and 80th
    percentile, the range between them, and (pitch and loudness) mean and deviation of the slopes of
    rises and falls, per second. MFCC 1-4 and flux: mean and deviation. Over voiced frames: the
    same, alpha ratio, Hammarberg index, slopes, centroid, roll-off, flatness, zero crossings,
    harmonics-to-noise ratio, H1-H2, H1-A3, formants. Over unvoiced frames that sound: means.
    Jitter: relative change of the period, and shimmer: change of level in dB, both from frame to
    voiced frame rather than from period to period. Rates and lengths in seconds. See `descriptors`
    for what each is measured from.

    Args:
        samples: shape (samples,), 16 kHz.
        config: how they are measured.

    Returns:
        Names, as `functional_names()`, and values, shape (95,). Every value is finite; what can't
        be measured (pitch where nothing is voiced, a slope in one frame) is 0.

    Raises:
        AudioError: the samples are not sound (not finite, not one channel, not floating point).

    Examples:
        >>> tone = np.sin(2 * np.pi * 220 / 16000 * np.arange(16000)).astype(np.float32)
        >>> names, values = functionals(tone)
        >>> print(f"{values[names.index('f0_semitones_p50')]:.1f} semitones above A0")
        36.0 semitones above A0
    """
    config = config or FunctionalsConfig()
    named = list(_all(descriptors(samples, config), config))
    return tuple(name for name, _ in named), np.array([value for _, value in named], np.float32)
