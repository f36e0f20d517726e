"""Sounds to put behind a voice: coloured noise, a crowd, music, or a folder of recordings."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError
from affetto.lab.augment.steps import Samples, fit, power

__all__ = ["SYNTHETIC", "babble", "coloured", "music", "recordings"]

_SLOPES = {"white": 0.0, "pink": -1.0, "brown": -2.0}
"""Colour → exponent of the power spectrum over frequency."""


def coloured(length: int, rng: np.random.Generator, *, colour: str = "white") -> Samples:
    """Make stationary noise: white, pink (-3 dB an octave) or brown (-6 dB an octave).

    Args:
        length: samples.
        rng: source of chance.
        colour: "white", "pink" or "brown".

    Returns:
        Shape (length,), mean power 1; nothing below 20 Hz but for white.

    Raises:
        OptionError: unknown colour.

    Examples:
        >>> noise = coloured(16000, np.random.default_rng(0), colour="pink")
        >>> noise.shape, round(float(np.mean(noise**2)), 2)
        ((16000,), 1.0)
    """
    if colour not in _SLOPES:
        raise OptionError(f"found colour {colour!r}, expected one of {', '.join(_SLOPES)}")
    size = scipy.fft.next_fast_len(max(length, 2), real=True)
    white = rng.standard_normal(size, dtype=np.float32)
    slope = _SLOPES[colour]
    if slope:
        hertz = scipy.fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
        shape = np.maximum(hertz, 20.0) ** (slope / 2.0) * (hertz >= 20.0)
        white = scipy.fft.irfft(scipy.fft.rfft(white) * shape.astype(np.float32), size)
    return _unit(white[:length])


_MURMURING = 6
"""Voices of the made-up crowd."""


def babble(length: int, rng: np.random.Generator) -> Samples:
    """Make a murmuring crowd: speech-shaped noise, each voice swelling at its own syllable rate.

    For a crowd of real voices, mix recordings with ``noise(..., source=clips, voices=6)``.

    Args:
        length: samples.
        rng: source of chance.

    Returns:
        Shape (length,), mean power 1.

    Examples:
        >>> babble(8000, np.random.default_rng(0)).shape
        (8000,)
    """
    crowd = np.zeros(length, np.float32)
    for _ in range(_MURMURING if length else 0):
        # Speech lies between 100 Hz and 500 Hz and falls off above; syllables come at 3 to 6 Hz.
        low, high = rng.uniform(80.0, 200.0), rng.uniform(400.0, 900.0)
        shape = scipy.signal.butter(1, [low, high], "bandpass", fs=SAMPLE_RATE, output="sos")
        voice = scipy.signal.sosfilt(shape, rng.standard_normal(length, dtype=np.float32))
        points = max(int(length / SAMPLE_RATE * 2.0 * rng.uniform(3.0, 6.0)), 2)
        swell = rng.exponential(1.0, points) * (rng.random(points) < 0.8)
        crowd += voice * np.interp(np.linspace(0.0, points - 1.0, length), np.arange(points), swell)
    return _unit(crowd)


_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14), (2, 5, 9), (4, 7, 11))
"""Triads of a major key, in semitones above its tonic."""


def music(length: int, rng: np.random.Generator) -> Samples:
    """Make a stretch of music: chords, a bass, a tune and drums, all drawn by chance.

    Meant as sound that is no speech, alone or behind a voice; key, tempo, timbre and the mix differ
    from call to call.

    Args:
        length: samples.
        rng: source of chance.

    Returns:
        Shape (length,), mean power 1.

    Examples:
        >>> music(32000, np.random.default_rng(0)).shape
        (32000,)
    """
    beat = int(SAMPLE_RATE * 60.0 / rng.uniform(70.0, 150.0))
    tonic = 110.0 * 2.0 ** (rng.integers(0, 12) / 12.0)
    tilt = rng.uniform(0.8, 2.2)
    chords, bass, tune, drums = rng.uniform(0.0, 1.0, 4) * (rng.random(4) < 0.8) + 0.05
    piece = np.zeros(length + 4 * beat, np.float32)
    kick, hiss = _drums(rng)
    for number, start in enumerate(range(0, length, beat)):
        if number % 4 == 0:
            chord = _CHORDS[rng.integers(len(_CHORDS))]
            for semitone in chord:
                _play(piece, start, 4 * beat, tonic * 2.0 ** (semitone / 12.0), chords, tilt)
        _play(piece, start, beat, tonic / 2.0 * 2.0 ** (chord[0] / 12.0), bass, tilt + 0.5)
        if rng.random() < 0.7:
            semitone = chord[rng.integers(3)] + 12
            _play(piece, start, beat, tonic * 2.0 ** (semitone / 12.0), tune, tilt)
        for sound, at in ((kick, start), (hiss, start + beat // 2)):
            piece[at : at + len(sound)] += drums * sound[: max(len(piece) - at, 0)]
    return _unit(piece[:length])


def _play(
    piece: Samples, start: int, length: int, hertz: float, loudness: float, tilt: float
) -> None:
    """Add one plucked tone, its harmonics falling by `tilt`, into the piece."""
    seconds = np.arange(length, dtype=np.float32) / SAMPLE_RATE
    orders = np.arange(1, max(min(int(7000.0 / hertz), 8), 1) + 1, dtype=np.float32)
    waves = np.sin(np.float32(2.0 * np.pi * hertz) * orders[:, None] * seconds)
    tone = orders ** np.float32(-tilt) @ waves
    swell = np.minimum(seconds / 0.01, 1.0) * np.exp(-3.0 * seconds * SAMPLE_RATE / length)
    piece[start : start + length] += np.float32(loudness) * tone * swell


def _drums(rng: np.random.Generator) -> tuple[Samples, Samples]:
    """Give a falling thump and a hiss."""
    seconds = np.arange(int(0.15 * SAMPLE_RATE)) / SAMPLE_RATE
    fall = 2.0 * np.pi * (50.0 * seconds + 8.0 * (1.0 - np.exp(-seconds / 0.03)))
    thump = 3.0 * np.sin(fall) * np.exp(-seconds / 0.05)
    hiss = np.diff(rng.standard_normal(len(seconds) // 2 + 1)) * np.exp(-seconds[::2] / 0.015)
    return thump.astype(np.float32), hiss.astype(np.float32)


def _unit(samples: NDArray[Any]) -> Samples:
    """Scale to a mean power of 1; silence stays."""
    level = float(np.sqrt(power(samples)))
    return (samples / level if level > 0.0 else samples).astype(np.float32)


@lru_cache(maxsize=8)
def recordings(folder: Path) -> tuple[Samples, ...]:
    """Load every recording of a folder and its subfolders, once.

    Args:
        folder: where they are.

    Returns:
        One array a file, in the order of the paths.

    Raises:
        OptionError: no such folder, or no sound in it.
        AudioError: a file can't be decoded.
    """
    from affetto.audio import load, sound_files

    if not folder.is_dir():
        raise OptionError(f"found no folder {folder}, expected one with recordings in it")
    paths = sound_files(folder)
    if not paths:
        raise OptionError(
            f"found no recordings in {folder}, expected sound files; name another folder"
        )
    return tuple(load(path).samples for path in paths)


def stretch(recording: Samples, length: int, rng: np.random.Generator) -> Samples:
    """Cut a stretch of a recording, from a random place but not all silence.

    A recording that is too short is repeated.
    """
    # Many collections fill a short sound up with zeros: some moment of the sound shall be heard.
    audible = np.flatnonzero(np.abs(recording) > 0.1 * np.sqrt(power(recording)))
    if not len(audible) or not length:
        return np.zeros(length, np.float32)
    heard = int(audible[rng.integers(len(audible))])
    start = (heard - int(rng.integers(length))) % len(recording)
    if start + length <= len(recording):
        return recording[start : start + length]
    turned = np.roll(recording, -start)
    return fit(np.tile(turned, -(-length // len(turned))), length)


SYNTHETIC = ("white", "pink", "brown", "babble", "music")
"""Names of the sounds that `synthesise` makes."""


def synthesise(name: str, length: int, rng: np.random.Generator) -> Samples:
    """Make a synthetic sound by its name, mean power 1."""
    if name == "babble":
        return babble(length, rng)
    if name == "music":
        return music(length, rng)
    return coloured(length, rng, colour=name)
