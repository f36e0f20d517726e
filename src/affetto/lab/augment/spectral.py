"""What may befall a voice, done to its log-mel rows: as `surroundings` and `channel`, but free.

Sounds that don't belong together add in power, a room's late echo is a decay of power, a
microphone tilts the bands. Done on rows these cost almost nothing, so every batch of a training
is altered anew. Rows are natural logarithms of power, shape (frames, bands).
"""

from dataclasses import dataclass

import numpy as np
import scipy.signal
from numpy.typing import NDArray

__all__ = [
    "SpectralAugment",
    "add_sound",
    "colour",
    "gate",
    "limit_band",
    "reverberate",
    "steady_noise",
    "warp_bands",
]

Rows = NDArray[np.float32]
_FLOOR = 1e-8
_FRAME_RATE = 100.0  # frames a second
_DEPTH = 0.6  # deviation of each wave of a microphone's curve, nepers of power


def warp_bands(rows: Rows, *, scale: float, shift: float) -> Rows:
    """Move the bands: another vocal tract and pitch (after Jaitly and Hinton 2013).

    Args:
        rows: log-mel, (frames, bands).
        scale: band b is read at scale × b + shift.
        shift: bands.

    Examples:
        >>> warp_bands(np.arange(6, dtype=np.float32).reshape(1, 6), scale=1.0, shift=0.5)
        array([[0.5, 1.5, 2.5, 3.5, 4.5, 5. ]], dtype=float32)
    """
    last = rows.shape[1] - 1
    at = np.clip(np.arange(last + 1) * scale + shift, 0.0, last)
    low = np.minimum(at.astype(int), last - 1)
    part = (at - low).astype(np.float32)
    return np.asarray(rows[:, low] * (1.0 - part) + rows[:, low + 1] * part, np.float32)


def reverberate(rows: Rows, *, t60: float, wet: float) -> Rows:
    """Add a room's late echo: an exponential decay of each band's power.

    Args:
        rows: log-mel, (frames, bands).
        t60: seconds in which the echo falls by 60 dB.
        wet: power of the echo relative to the direct sound.

    Examples:
        >>> click = np.full((3, 1), -18.0, np.float32); click[0] = 0.0
        >>> bool(reverberate(click, t60=0.5, wet=1.0)[1, 0] > -4)
        True
    """
    decay = np.exp(-np.log(1e6) / (t60 * _FRAME_RATE))
    power = np.exp(rows)
    echo = scipy.signal.lfilter([0.0, wet * (1.0 - decay)], [1.0, -decay], power, axis=0)
    return np.asarray(np.log(power + echo), np.float32)


def colour(rows: Rows, rng: np.random.Generator) -> Rows:
    """Give the rows another microphone: a smooth random curve over the bands.

    Args:
        rows: log-mel, (frames, bands).
        rng: source of chance.
    """
    return rows + _curve(rows.shape[1], rng)


def _curve(bands: int, rng: np.random.Generator) -> Rows:
    waves = np.arange(1, rng.integers(1, 4) + 1)[:, None]
    phase = rng.uniform(0.0, 2 * np.pi, (len(waves), 1))
    height = rng.normal(0.0, _DEPTH, (len(waves), 1))
    curve = (height * np.cos(np.pi * waves * np.arange(bands) / bands + phase)).sum(axis=0)
    return np.asarray(curve, np.float32)


def add_sound(rows: Rows, other: Rows, *, snr_db: float) -> Rows:
    """Add another sound in power.

    Args:
        rows: log-mel, (frames, bands).
        other: log-mel of the other sound; repeated to the same length.
        snr_db: mean power of `rows` over that of `other` afterwards.

    Examples:
        >>> both = add_sound(np.zeros((2, 1), np.float32), np.ones((2, 1), np.float32), snr_db=0.0)
        >>> bool(np.allclose(both, np.log(2.0)))
        True
    """
    power, extra = np.exp(rows), np.exp(other[np.arange(len(rows)) % len(other)])
    gain = power.sum(axis=1).mean() / extra.sum(axis=1).mean() * 10.0 ** (-snr_db / 10.0)
    return np.asarray(np.log(power + gain * extra + _FLOOR), np.float32)


def limit_band(
    rows: Rows,
    centres: NDArray[np.float64],
    *,
    low: float,
    high: float,
    loss: float,
    slope: float = np.inf,
) -> Rows:
    """Quieten what lies outside a band, as a telephone or a codec does.

    Args:
        rows: log-mel, (frames, bands).
        centres: of the bands, Hz.
        low: Hz.
        high: Hz.
        loss: nepers of power, at most.
        slope: of the band's edges, nepers of power an octave.

    Examples:
        >>> octaves = np.array([250.0, 500.0, 1000.0, 2000.0, 4000.0])
        >>> rows = np.zeros((1, 5), np.float32)
        >>> limit_band(rows, octaves, low=500.0, high=1000.0, loss=9.0, slope=6.0)
        array([[-6.,  0.,  0., -6., -9.]], dtype=float32)
    """
    outside = np.log2(np.maximum(low / centres, centres / high))
    lost = np.where(outside > 0, np.minimum(loss, slope * np.maximum(outside, 1e-9)), 0.0)
    return rows - lost.astype(np.float32)


def gate(rows: Rows, *, below_db: float, loss: float) -> Rows:
    """Quieten the pauses, as coarse quantisation and the noise gates of calls do.

    Args:
        rows: log-mel, (frames, bands).
        below_db: frames that are quieter than the loudest by more than this, are quietened.
        loss: nepers of power.
    """
    loudness = np.exp(rows).sum(axis=1)
    pause = loudness < loudness.max() * 10.0 ** (-below_db / 10.0)
    return np.asarray(rows - loss * pause[:, None], np.float32)


@dataclass(frozen=True, slots=True)
class SpectralAugment:
    """How often each of these befalls a clip of a training, and how strongly.

    Attributes:
        untouched: share of the clips that nothing befalls but a change of loudness.
        warp: widest change of the bands' scale; the shift goes to 1.5 bands.
        reverb: probability of a room.
        microphone: probability of another microphone.
        noise: probability of an added sound.
        snr_db: its range.
        telephone: probability of a telephone line.
        lowpass: probability of a missing top.
        gain: widest change of loudness, nepers of power.
    """

    untouched: float = 0.3
    warp: float = 0.04
    reverb: float = 0.3
    microphone: float = 0.5
    noise: float = 0.55
    snr_db: tuple[float, float] = (0.0, 30.0)
    telephone: float = 0.35
    lowpass: float = 0.13
    gain: float = 4.0

    def __call__(
        self, rows: Rows, rng: np.random.Generator, *, sound: Rows, centres: NDArray[np.float64]
    ) -> Rows:
        """Alter one clip.

        Args:
            rows: log-mel, (frames, bands).
            rng: source of chance.
            sound: log-mel of a sound that may be added: a noise, another voice.
            centres: of the bands, Hz.

        Returns:
            Log-mel, (frames, bands).
        """
        if rng.random() >= self.untouched:
            rows = self._alter(rows, rng, sound, centres)
        gain = np.float32(rng.uniform(-self.gain, self.gain))
        return np.asarray(np.maximum(rows + gain, np.float32(-15.9)), np.float32)

    def _alter(
        self, rows: Rows, rng: np.random.Generator, sound: Rows, centres: NDArray[np.float64]
    ) -> Rows:
        rows = warp_bands(
            rows, scale=rng.uniform(1 - self.warp, 1 + self.warp), shift=rng.uniform(-1.5, 1.5)
        )
        if rng.random() < self.reverb:
            rows = reverberate(rows, t60=rng.uniform(0.15, 0.9), wet=rng.uniform(0.1, 1.0))
        if rng.random() < self.microphone:
            rows = colour(rows, rng)
        if rng.random() < self.noise:
            rows = add_sound(rows, sound, snr_db=rng.uniform(*self.snr_db))
        if rng.random() < self.telephone:
            rows = self._call(rows, rng, centres)
        elif rng.random() < self.lowpass:
            edge = rng.uniform(3500.0, 7500.0)
            rows = limit_band(rows, centres, low=1.0, high=edge, loss=rng.uniform(3.0, 20.0))
        return rows

    def _call(self, rows: Rows, rng: np.random.Generator, centres: NDArray[np.float64]) -> Rows:
        """Send a clip over a telephone line: its band, its hiss, its silent pauses."""
        if rng.random() < 0.5:
            hiss = steady_noise(len(rows), rows.shape[1], rng)
            rows = add_sound(rows, hiss, snr_db=rng.uniform(25.0, 45.0))
        rows = limit_band(
            rows,
            centres,
            low=rng.uniform(250.0, 350.0),
            high=rng.uniform(3300.0, 3700.0),
            loss=rng.uniform(5.0, 20.0),
            slope=rng.uniform(8.0, 50.0),
        )
        if rng.random() < 0.5:
            rows = gate(rows, below_db=rng.uniform(25.0, 55.0), loss=rng.uniform(1.0, 10.0))
        return rows


def steady_noise(frames: int, bands: int, rng: np.random.Generator) -> Rows:
    """Make the log-mel of a steady noise of random colour, (frames, bands).

    Examples:
        >>> steady_noise(5, 64, np.random.default_rng(0)).shape
        (5, 64)
    """
    tilt = rng.normal(0.0, 1.2) * np.linspace(-1.0, 1.0, bands)
    shape = tilt + _curve(bands, rng)
    flutter = np.log(rng.gamma(4.0, 0.25, (frames, bands)) + 1e-3)
    return np.asarray(shape + flutter, np.float32)
