"""Steps that put a voice somewhere: noise around it, a room about it."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import scipy.signal

from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError
from affetto.lab.augment.sounds import SYNTHETIC, recordings, stretch, synthesise
from affetto.lab.augment.steps import Range, Samples, draw, power, within

__all__ = ["Source", "noise", "reverb", "room_response"]

Source = str | Path | Sequence[Samples]
"""A synthetic sound's name, a folder of recordings, or the recordings themselves."""


def noise(
    samples: Samples,
    rng: np.random.Generator,
    *,
    snr_db: Range = 10.0,
    source: Source = "pink",
    voices: int = 1,
) -> Samples:
    """Add noise at a signal-to-noise ratio.

    The ratio is that of the mean powers over the whole clip, pauses included; a silent clip stays
    silent. The voice keeps its level, except that the mixture is scaled down where it would clip.

    Args:
        samples: shape (samples,).
        rng: source of chance.
        snr_db: signal-to-noise ratio, dB.
        source: "white", "pink", "brown", "babble" or "music"; else a folder of recordings, or the
            recordings themselves.
        voices: how many of the recordings sound at once; six clips of speech make a crowd.

    Returns:
        As many samples as were given.

    Raises:
        OptionError: no such source, or an empty one.

    Examples:
        >>> tone = np.sin(np.arange(16000) / 5).astype(np.float32) / 4
        >>> mixed = noise(tone, np.random.default_rng(0), snr_db=20.0)
        >>> round(float(10 * np.log10(np.mean(tone**2) / np.mean((mixed - tone) ** 2))), 3)
        20.0
    """
    ratio = draw(snr_db, rng)
    if isinstance(source, str) and source in SYNTHETIC:
        added = synthesise(source, len(samples), rng)
    else:
        added = _mixed(_resolve(source), len(samples), rng, voices=voices)
    loud = power(added)
    if loud == 0.0 or not len(samples):
        return samples.astype(np.float32, copy=True)
    factor = np.sqrt(power(samples) / loud) * 10.0 ** (-ratio / 20.0)
    return within(samples + np.float32(factor) * added)


def _resolve(source: Source) -> Sequence[Samples]:
    if isinstance(source, str) and not Path(source).is_dir():
        raise OptionError(
            f"found noise {source!r}, expected {', '.join(SYNTHETIC)} or a folder of recordings"
        )
    found = recordings(Path(source)) if isinstance(source, str | Path) else source
    if not len(found):
        raise OptionError("found no recordings to take noise from, expected at least one")
    return found


def _mixed(
    found: Sequence[Samples], length: int, rng: np.random.Generator, *, voices: int
) -> Samples:
    """Mix `voices` stretches, each drawn by chance and brought to the same level."""
    total = np.zeros(length, np.float32)
    for _ in range(voices):
        part = stretch(found[int(rng.integers(len(found)))], length, rng)
        loud = power(part)
        if loud > 0.0:
            total += part / np.float32(np.sqrt(loud))
    return total


def room_response(rng: np.random.Generator, *, t60: float = 0.5, direct_db: float = 3.0) -> Samples:
    """Make the response of a room that never was: a direct sound, early echoes, a decaying tail.

    The tail is Gaussian noise under an exponential that falls 60 dB in `t60` seconds, high
    frequencies sooner than low ones (after Polack's stochastic model, 1988).

    Args:
        rng: source of chance.
        t60: reverberation time, seconds, above 0.
        direct_db: energy of the direct sound over all the rest, dB.

    Returns:
        Shape (samples,); the direct sound is sample 0, the energy is 1.

    Raises:
        OptionError: t60 is not above 0.

    Examples:
        >>> response = room_response(np.random.default_rng(0), t60=0.3)
        >>> len(response), round(float(np.sum(response**2)), 3)
        (4800, 1.0)
    """
    if not t60 > 0.0:
        raise OptionError(f"found a reverberation time of {t60:g} s, expected one above 0")
    count = max(int(t60 * SAMPLE_RATE), 2)
    seconds = np.arange(count) / SAMPLE_RATE
    fall = np.log(1000.0) / t60
    low = scipy.signal.lfilter([0.3], [1.0, -0.7], rng.standard_normal(count))
    rest = low * np.exp(-fall * seconds)
    rest += 0.5 * rng.standard_normal(count) * np.exp(-1.8 * fall * seconds)
    # The first echo comes later, and the echoes are fewer, than noise alone would have it.
    early = int(min(rng.uniform(0.002, 0.01) * SAMPLE_RATE, count - 1))
    rest[:early] = 0.0
    for at in rng.integers(early, min(early + int(0.04 * SAMPLE_RATE), count), 6):
        rest[at] += rng.choice([-2.0, 2.0]) * np.exp(-fall * seconds[at])
    energy = float(np.sum(rest**2))
    rest *= np.sqrt(10.0 ** (-direct_db / 10.0) / energy) if energy > 0.0 else 0.0
    rest[0] = 1.0
    return np.asarray(rest / np.sqrt(np.sum(rest**2)), np.float32)


def reverb(
    samples: Samples,
    rng: np.random.Generator,
    *,
    t60: Range = (0.2, 0.8),
    direct_db: Range = (-3.0, 9.0),
    responses: Path | str | Sequence[Samples] | None = None,
) -> Samples:
    """Put the voice into a room: convolve it with a room's response.

    The direct sound stays where it was and the mean power is kept; the tail after the clip's end is
    cut off.

    Args:
        samples: shape (samples,).
        rng: source of chance.
        t60: reverberation time of a made-up room, seconds.
        direct_db: energy of the direct sound over the rest of a made-up room, dB.
        responses: measured responses to draw from in place of made-up ones: a folder, or arrays.

    Returns:
        As many samples as were given.

    Raises:
        OptionError: no such folder, or nothing in it.

    Examples:
        >>> click = np.zeros(8000, np.float32)
        >>> click[100] = 0.5
        >>> int(np.argmax(np.abs(reverb(click, np.random.default_rng(0), t60=0.2))))
        100
    """
    if not len(samples):
        return samples.astype(np.float32, copy=True)
    if responses is None:
        response = room_response(rng, t60=draw(t60, rng), direct_db=draw(direct_db, rng))
    else:
        found = _trimmed(Path(responses)) if isinstance(responses, str | Path) else responses
        if not len(found):
            raise OptionError("found no room responses, expected at least one")
        response = found[int(rng.integers(len(found)))]
    wet = scipy.signal.fftconvolve(samples, response)
    start = int(np.argmax(np.abs(response)))
    wet = wet[start : start + len(samples)].astype(np.float32)
    loud = power(wet)
    if loud > 0.0:
        wet *= np.float32(np.sqrt(power(samples) / loud))
    return within(wet)


@lru_cache(maxsize=8)
def _trimmed(folder: Path) -> tuple[Samples, ...]:
    """Load a folder's responses without the silence around them."""
    kept = []
    for response in recordings(folder):
        loud = np.flatnonzero(np.abs(response) > 1e-3 * np.max(np.abs(response), initial=0.0))
        if len(loud):
            kept.append(response[loud[0] : loud[-1] + 1])
    return tuple(kept)
