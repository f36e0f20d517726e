"""Pitch: the fundamental frequency of a voice by YIN, whole or in chunks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError
from affetto.features.stream import RowStream, frames

__all__ = ["PITCH_COLUMNS", "PitchConfig", "PitchStream", "pitch", "pitch_rows"]

PITCH_COLUMNS = ("f0", "periodicity")
"""What the columns of `pitch` are."""


@dataclass(frozen=True, slots=True)
class PitchConfig:
    """How pitch is found.

    Attributes:
        n_fft: frame length in samples; at least two periods of `low`.
        hop: samples from one frame to the next.
        low: lowest fundamental, Hz.
        high: highest fundamental, Hz.
        trough: YIN's absolute threshold: the first dip of the normalised difference below it is
            the period; where there is none, the deepest dip.
        periodicity: a frame is voiced if its correlation with itself one period later is at least
            this, in [0, 1].
        silence: … and if its level is above this, dB relative to full scale.
    """

    n_fft: int = 1024
    hop: int = 160
    low: float = 60.0
    high: float = 600.0
    trough: float = 0.1
    periodicity: float = 0.5
    silence: float = -70.0

    def __post_init__(self) -> None:
        if not 2 * SAMPLE_RATE / self.n_fft <= self.low < self.high <= SAMPLE_RATE / 4:
            raise OptionError(
                f"found pitch from {self.low} to {self.high} Hz in frames of {self.n_fft} samples, "
                f"expected {2 * SAMPLE_RATE / self.n_fft:g} <= low < high <= {SAMPLE_RATE // 4}"
            )
        if not 0 < self.trough <= 1 or not 0 <= self.periodicity <= 1:
            raise OptionError(
                f"found trough {self.trough} and periodicity {self.periodicity}, expected both "
                "in [0, 1], the trough above 0"
            )


def _pick(difference: NDArray[Any], trough: float) -> NDArray[np.intp]:
    """Give the column of each row's first dip below `trough`, else of the lowest."""
    lower = np.empty(difference.shape, np.bool_)
    lower[:, 0] = True
    lower[:, 1:] = difference[:, 1:] < difference[:, :-1]
    dip = lower & (difference < trough)
    dip[:, :-1] &= difference[:, :-1] <= difference[:, 1:]
    first = dip.argmax(axis=1)
    found = dip[np.arange(len(dip)), first]
    return np.asarray(np.where(found, first, difference.argmin(axis=1)), np.intp)


def pitch_rows(padded: NDArray[np.float32], config: PitchConfig) -> NDArray[np.float32]:
    """Give pitch for every whole frame that fits, shape (frames, 2); see `pitch`."""
    stretch = frames(padded, n_fft=config.n_fft, hop=config.hop)
    if not len(stretch):
        return np.empty((0, 2), np.float32)
    shortest = int(SAMPLE_RATE / config.high)
    longest = int(np.ceil(SAMPLE_RATE / config.low))
    size = scipy.fft.next_fast_len(config.n_fft + longest + 1, real=True)
    spectrum = scipy.fft.rfft(stretch, size, axis=1)
    correlation = scipy.fft.irfft(spectrum.real**2 + spectrum.imag**2, size, axis=1)
    energy = correlation[:, :1]
    # The frame against itself a lag later, zeros following it: eq. 6 of the paper for a frame that
    # ends. Long lags then cost a little, which keeps the pick from falling an octave.
    head = np.cumsum(stretch[:, :longest] ** 2, axis=1)
    difference = 2.0 * (energy - correlation[:, 1 : longest + 1]) - head
    mean = np.cumsum(difference, axis=1) / np.arange(1, longest + 1, dtype=np.float32)
    tiny = np.finfo(np.float32).tiny
    normalised = difference[:, shortest - 1 :] / (mean[:, shortest - 1 :] + tiny)

    column = _pick(normalised, config.trough)
    row = np.arange(len(column))
    inner = np.clip(column, 1, normalised.shape[1] - 2)
    before, at, after = (normalised[row, inner + step] for step in (-1, 0, 1))
    bend = before + after - 2.0 * at
    slope = (after - before) / 2.0
    # A parabola through the dip and its neighbours refines the period, where it opens upwards.
    refine = (column == inner) & (np.abs(slope) < np.abs(bend))
    shift = np.where(refine, -slope / np.where(refine, bend, 1.0), 0.0)
    f0 = SAMPLE_RATE / (shortest + column + shift)

    lag = shortest + column
    tail = np.sum(stretch[:, ::-1][:, :longest] ** 2, axis=1, where=_upto(lag, longest))
    pair = (energy[:, 0] - head[row, lag - 1]) * (energy[:, 0] - tail)
    root = np.sqrt(np.maximum(pair, tiny))
    periodicity = np.clip(correlation[row, lag] / root, 0.0, 1.0)
    floor = config.n_fft * 10.0 ** (config.silence / 10.0)
    periodicity[energy[:, 0] <= floor] = 0.0
    voiced = (energy[:, 0] > floor) & (periodicity >= config.periodicity)
    return np.stack([np.where(voiced, f0, 0.0), periodicity], axis=1).astype(np.float32)


def _upto(count: NDArray[np.intp], width: int) -> NDArray[np.bool_]:
    """Mark the first `count` of `width` columns of every row."""
    return np.arange(width)[None, :] < count[:, None]


class PitchStream(RowStream):
    """The rows of `pitch` from chunks of any size.

    Examples:
        >>> stream = PitchStream()
        >>> len(stream.feed(np.zeros(4000, np.float32))) + len(stream.finish())
        26
    """

    def __init__(self, config: PitchConfig | None = None) -> None:
        self.config = config or PitchConfig()
        super().__init__(n_fft=self.config.n_fft, hop=self.config.hop)

    def _rows(self, padded: NDArray[np.float32]) -> NDArray[np.float32]:
        return pitch_rows(padded, self.config)


def pitch(samples: NDArray[np.float32], config: PitchConfig | None = None) -> NDArray[np.float32]:
    """Follow the fundamental frequency by YIN (de Cheveigné and Kawahara 2002).

    The estimate of a voiced frame is that of `librosa.yin` for the same frame. Each frame is judged
    for itself: there is no smoothing over time, so a stream is as exact as a whole.

    Args:
        samples: shape (samples,), 16 kHz.
        config: how it is found.

    Returns:
        Shape (frames, 2): the fundamental in Hz, 0 where the frame is unvoiced; and the periodicity
        in [0, 1], 0 in silence. Row i is centred on sample i × hop.

    Raises:
        AudioError: the samples are not sound (not finite, not one channel, not floating point).

    Examples:
        >>> tone = np.sin(2 * np.pi * 220 / 16000 * np.arange(16000)).astype(np.float32)
        >>> f0, periodicity = pitch(tone)[50]
        >>> print(f"{f0:.0f} Hz, {periodicity:.2f}")
        220 Hz, 1.00
    """
    return PitchStream(config)(samples)
