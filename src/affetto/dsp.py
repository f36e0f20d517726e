"""The short-time transform that every feature starts from."""

from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import scipy.fft
from numpy.typing import NDArray

__all__ = ["SAMPLE_RATE", "FrameStream", "hann", "power_frames"]

SAMPLE_RATE = 16_000
"""Hertz; the one rate of the house."""

Real = TypeVar("Real", np.float32, np.float64)


@lru_cache(maxsize=16)
def _hann(length: int, dtype: str) -> NDArray[Any]:
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(dtype)
    window.setflags(write=False)
    return window


def hann(length: int) -> NDArray[np.float32]:
    """Give the periodic Hann window.

    Args:
        length: samples.

    Returns:
        Window, shape (length,), read-only.

    Examples:
        >>> hann(4)
        array([0. , 0.5, 1. , 0.5], dtype=float32)
    """
    return _hann(length, "float32")


def power_frames(padded: NDArray[Real], *, n_fft: int, hop: int) -> NDArray[Real]:
    """Compute the power spectrum of every whole frame that fits.

    Args:
        padded: samples, shape (samples,), with whatever padding the caller wants at the edges;
            float64 where a logarithm will show the rounding of quiet bins.
        n_fft: frame length in samples.
        hop: samples from one frame to the next.

    Returns:
        Power of the same type, shape (frames, n_fft // 2 + 1), where frames is
        (samples - n_fft) // hop + 1, or none.

    Examples:
        >>> power_frames(np.zeros(2048, np.float32), n_fft=1024, hop=512).shape
        (3, 513)
    """
    if len(padded) < n_fft:
        return np.empty((0, n_fft // 2 + 1), padded.dtype)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    spectrum = scipy.fft.rfft(frames * _hann(n_fft, padded.dtype.name), axis=1)
    power: NDArray[Real] = spectrum.real**2 + spectrum.imag**2
    return power


class FrameStream:
    """Feed samples in chunks of any size; get the padded stretch that holds the next whole frames.

    A frame is centred on its time, so the stream starts with half a frame of zeros and `finish`
    ends with as many: the frames are those of the whole sound, whatever the chunks.

    Args:
        n_fft: frame length in samples.
        hop: samples from one frame to the next.

    Examples:
        >>> stream = FrameStream(n_fft=4, hop=2)
        >>> parts = [stream.feed(np.ones(3, np.float32)), stream.finish()]
        >>> [power_frames(part, n_fft=4, hop=2).shape[0] for part in parts]
        [1, 1]
    """

    def __init__(self, *, n_fft: int, hop: int) -> None:
        self.n_fft = n_fft
        self.hop = hop
        self._held: NDArray[np.float32] = np.zeros(n_fft // 2, np.float32)

    def lacking(self, frames: int) -> int:
        """Count the samples that are still missing for so many more frames."""
        return (frames - 1) * self.hop + self.n_fft - len(self._held)

    def feed(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next samples; give the stretch of new whole frames (maybe too short for one)."""
        joined = np.concatenate([self._held, chunk.astype(np.float32, copy=False)])
        count = (len(joined) - self.n_fft) // self.hop + 1 if len(joined) >= self.n_fft else 0
        self._held = joined[count * self.hop :]
        return joined[: (count - 1) * self.hop + self.n_fft] if count else joined[:0]

    def finish(self) -> NDArray[np.float32]:
        """Give the last stretch, with the zeros after the end; the stream then starts afresh."""
        stretch = self.feed(np.zeros(self.n_fft // 2, np.float32))
        self._held = np.zeros(self.n_fft // 2, np.float32)
        return stretch
