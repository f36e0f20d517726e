"""Steps that change the voice itself or its recording: level, tone, tempo, pitch, place."""

from fractions import Fraction

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE, hann
from affetto.errors import OptionError
from affetto.lab.augment.steps import Range, Samples, draw, fit, power, within

__all__ = ["clip", "eq", "gain", "pad", "pitch", "shift", "speed"]


def gain(samples: Samples, rng: np.random.Generator, *, db: Range = (-12.0, 6.0)) -> Samples:
    """Make it louder or quieter; scaled no further up than full scale.

    Args:
        samples: shape (samples,).
        rng: source of chance.
        db: change of level, dB.

    Returns:
        As many samples as were given.

    Examples:
        >>> gain(np.full(2, 0.5, np.float32), np.random.default_rng(0), db=-6.0206)
        array([0.25, 0.25], dtype=float32)
    """
    return within(samples * np.float32(10.0 ** (draw(db, rng) / 20.0)))


def clip(samples: Samples, rng: np.random.Generator, *, db: Range = (3.0, 12.0)) -> Samples:
    """Overdrive: cut the peaks off at `db` below the loudest one.

    The mean power is kept, unless that would clip.

    Args:
        samples: shape (samples,).
        rng: source of chance.
        db: how far below the peak the limit lies, dB.

    Returns:
        As many samples as were given.

    Examples:
        >>> clip(np.array([0.1, 0.5], np.float32), np.random.default_rng(0), db=60.0).round(2)
        array([0.36, 0.36], dtype=float32)
    """
    peak = float(np.max(np.abs(samples), initial=0.0))
    limit = np.float32(peak * 10.0 ** (-draw(db, rng) / 20.0))
    cut = np.clip(samples, -limit, limit)
    loud = power(cut)
    return within(cut * np.float32(np.sqrt(power(samples) / loud)) if loud > 0.0 else cut)


def eq(samples: Samples, rng: np.random.Generator, *, db: float = 6.0) -> Samples:
    """Tilt the tone as another microphone would: a low and a high shelf, each drawn by chance.

    Shelves after R. Bristow-Johnson's cookbook of biquads. The mean power is kept.

    Args:
        samples: shape (samples,).
        rng: source of chance; draws both gains within ±`db` and both corners.
        db: the most that a shelf lifts or lowers, dB.

    Returns:
        As many samples as were given.

    Examples:
        >>> eq(np.ones(100, np.float32), np.random.default_rng(0)).shape
        (100,)
    """
    low = _shelf(rng.uniform(-db, db), np.exp(rng.uniform(np.log(100), np.log(800))), high=False)
    high = _shelf(rng.uniform(-db, db), np.exp(rng.uniform(np.log(1500), np.log(6000))), high=True)
    if not len(samples):
        return samples.astype(np.float32, copy=True)
    toned = scipy.signal.sosfilt(np.stack([low, high]), samples).astype(np.float32)
    loud = power(toned)
    if loud > 0.0:
        toned *= np.float32(np.sqrt(power(samples) / loud))
    return within(toned)


def _shelf(db: float, hertz: float, *, high: bool) -> NDArray[np.float64]:
    """Give a shelving filter as one second-order section, shape (6,)."""
    lift = 10.0 ** (db / 40.0)
    turn = 2.0 * np.pi * hertz / SAMPLE_RATE
    slope = np.sin(turn) / 2.0 * np.sqrt(2.0) * 2.0 * np.sqrt(lift)
    side = -np.cos(turn) if high else np.cos(turn)
    # The high shelf is the low shelf mirrored at half the band.
    sign = -1.0 if high else 1.0
    b = np.array(
        [
            lift * ((lift + 1) - (lift - 1) * side + slope),
            sign * 2 * lift * ((lift - 1) - (lift + 1) * side),
            lift * ((lift + 1) - (lift - 1) * side - slope),
        ]
    )
    a = np.array(
        [
            (lift + 1) + (lift - 1) * side + slope,
            sign * -2 * ((lift - 1) + (lift + 1) * side),
            (lift + 1) + (lift - 1) * side - slope,
        ]
    )
    return np.asarray(np.concatenate([b, a]) / a[0])


def speed(samples: Samples, rng: np.random.Generator, *, factor: Range = (0.9, 1.1)) -> Samples:
    """Play faster or slower, pitch and all, as a tape would.

    Args:
        samples: shape (samples,).
        rng: source of chance.
        factor: 2 is twice as fast; taken to the nearest hundredth, 0.25 to 4.

    Returns:
        round(samples / factor) samples.

    Raises:
        OptionError: the factor is out of its range.

    Examples:
        >>> speed(np.zeros(1000, np.float32), np.random.default_rng(0), factor=1.25).shape
        (800,)
    """
    return within(_resampled(samples, _ratio(draw(factor, rng))))


def _ratio(factor: float) -> Fraction:
    if not 0.25 <= factor <= 4.0:
        raise OptionError(f"found the factor {factor:g}, expected one from 0.25 to 4")
    return Fraction(round(factor * 100), 100)


def _resampled(samples: Samples, ratio: Fraction) -> Samples:
    length = round(len(samples) / ratio)
    if not length:
        return samples[:0].astype(np.float32, copy=True)
    new = scipy.signal.resample_poly(samples, ratio.denominator, ratio.numerator)
    return fit(np.asarray(new, np.float32), length)


def pitch(samples: Samples, rng: np.random.Generator, *, semitones: Range = (-2.0, 2.0)) -> Samples:
    """Raise or lower the voice, formants and all, and keep its tempo.

    Resampled, then stretched back by overlapping similar pieces (WSOLA; Verhelst and Roelands
    1993).

    Args:
        samples: shape (samples,).
        rng: source of chance.
        semitones: 12 is an octave up; -12 to 12.

    Returns:
        As many samples as were given.

    Raises:
        OptionError: more than an octave.

    Examples:
        >>> tone = np.sin(np.arange(16000) * 2 * np.pi * 200 / 16000).astype(np.float32)
        >>> high = pitch(tone, np.random.default_rng(0), semitones=12.0)
        >>> high.shape, int(np.argmax(np.abs(np.fft.rfft(high))))
        ((16000,), 400)
    """
    steps = draw(semitones, rng)
    if not -12.0 <= steps <= 12.0:
        raise OptionError(f"found {steps:g} semitones, expected -12 to 12")
    ratio = _ratio(2.0 ** (steps / 12.0))
    if ratio == 1 or not len(samples):
        return samples.astype(np.float32, copy=True)
    return within(_stretched(_resampled(samples, ratio), len(samples)))


def _stretched(samples: Samples, length: int) -> Samples:
    """Stretch to `length` without changing the pitch: WSOLA."""
    size, hop, reach = 640, 320, 160
    window = hann(size)
    padded = np.pad(samples, (hop + reach, size + 2 * reach + hop))
    count = -(-length // hop) + 1
    out = np.zeros(count * hop + size, np.float32)
    # Places in `padded` that the pieces would ideally be taken from.
    ideal = np.rint(np.arange(count) * hop * (len(samples) / length)).astype(int) + reach
    ideal = np.minimum(ideal, len(padded) - size - reach)
    place = int(ideal[0])
    for number in range(count):
        if number:
            # The piece that best goes on from the last one, within reach of the ideal place.
            follow = padded[place + hop : place + hop + size]
            near = padded[ideal[number] - reach : ideal[number] + reach + size]
            if len(follow) == size:
                likeness = scipy.signal.correlate(near, follow, mode="valid", method="fft")
                place = int(ideal[number]) - reach + int(np.argmax(likeness))
            else:
                place = int(ideal[number])
        out[number * hop : number * hop + size] += window * padded[place : place + size]
    return out[hop : hop + length]


def shift(samples: Samples, rng: np.random.Generator, *, seconds: Range = (-0.25, 0.25)) -> Samples:
    """Move it later (or, below 0, earlier) in its clip; what falls out is lost, zeros come in.

    Args:
        samples: shape (samples,).
        rng: source of chance.
        seconds: how far.

    Returns:
        As many samples as were given.

    Examples:
        >>> shift(np.arange(1, 5, dtype=np.float32), np.random.default_rng(0), seconds=1 / 16000)
        array([0., 1., 2., 3.], dtype=float32)
    """
    count = round(draw(seconds, rng) * SAMPLE_RATE)
    count = max(min(count, len(samples)), -len(samples))
    moved = np.zeros(len(samples), np.float32)
    if count >= 0:
        moved[count:] = samples[: len(samples) - count]
    else:
        moved[:count] = samples[-count:]
    return moved


def pad(
    samples: Samples,
    rng: np.random.Generator,
    *,
    before: Range = (0.0, 0.5),
    after: Range = (0.0, 0.5),
) -> Samples:
    """Add silence before and after.

    Args:
        samples: shape (samples,).
        rng: source of chance.
        before: seconds.
        after: seconds.

    Returns:
        samples + round(before × 16000) + round(after × 16000) samples.

    Examples:
        >>> pad(np.ones(10, np.float32), np.random.default_rng(0), before=0.01, after=0).shape
        (170,)
    """
    edges = [round(max(draw(side, rng), 0.0) * SAMPLE_RATE) for side in (before, after)]
    return np.pad(samples, edges).astype(np.float32, copy=False)
