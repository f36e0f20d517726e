"""Features from chunks: the frames of the whole sound, whatever the chunks.

Every feature of this floor is a `RowStream`: it takes samples in chunks of any size, gives the rows
that they complete, and gives the last rows when the sound ends. A whole sound goes the same way, in
blocks that fit a processor's cache, so memory does not grow with the length of a recording.
"""

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import FrameStream
from affetto.errors import AudioError, OptionError

__all__ = ["FeatureStream", "RowStream", "check_framing", "check_samples", "frames"]

BLOCK = 128
"""Frames that are worked on at once."""

LARGEST = 1e6
"""Samples beyond this are no sound, and their power would leave the range of float32."""


class FeatureStream(Protocol):
    """What turns chunks of sound into rows of a feature."""

    def feed(self, chunk: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Take samples, shape (samples,); give the rows that they complete."""
        ...

    def finish(self) -> NDArray[np.float32]:
        """Give the last rows; the stream then starts afresh."""
        ...


def check_framing(*, n_fft: int, hop: int) -> None:
    """Refuse a frame length or hop that makes no frames.

    Args:
        n_fft: frame length in samples.
        hop: samples from one frame to the next.

    Raises:
        OptionError: `n_fft` is odd or below 2, or `hop` below 1.

    Examples:
        >>> check_framing(n_fft=1024, hop=160)
    """
    if n_fft < 2 or n_fft % 2 or hop < 1:
        raise OptionError(
            f"found n_fft {n_fft} and hop {hop}, expected an even n_fft of at least 2 "
            "and a hop of at least 1 sample"
        )


def check_samples(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the samples as float32, or say what is wrong with them.

    Args:
        samples: shape (samples,), floating point, about [-1, 1].

    Returns:
        The same samples, float32.

    Raises:
        AudioError: not one channel, not floating point, not finite, or far beyond [-1, 1].

    Examples:
        >>> check_samples(np.array([0.0, np.nan], np.float32))
        Traceback (most recent call last):
        ...
        affetto.errors.AudioError: found samples that are not finite or beyond 1e+06,
        expected float32 in [-1, 1]: replace them first, for example with zeros
    """
    samples = np.asarray(samples)
    if samples.ndim != 1:
        raise AudioError(
            f"found samples of shape {samples.shape}, expected one channel (samples,): "
            "take or mix the channels first"
        )
    if samples.size and samples.dtype.kind != "f":
        raise AudioError(
            f"found {samples.dtype} samples, expected float32 in [-1, 1]: "
            "divide whole numbers by their full scale first"
        )
    # A NaN makes either comparison false, so one pass finds all that is wrong.
    if samples.size and not (samples.max() <= LARGEST and samples.min() >= -LARGEST):
        raise AudioError(
            f"found samples that are not finite or beyond {LARGEST:g}, expected float32 in "
            "[-1, 1]: replace them first, for example with zeros"
        )
    return samples.astype(np.float32, copy=False)


def frames(padded: NDArray[np.float32], *, n_fft: int, hop: int) -> NDArray[np.float32]:
    """View every whole frame that fits.

    Args:
        padded: shape (samples,).
        n_fft: frame length in samples.
        hop: samples from one frame to the next.

    Returns:
        Read-only view, shape (frames, n_fft).

    Examples:
        >>> frames(np.arange(5, dtype=np.float32), n_fft=4, hop=1).shape
        (2, 4)
    """
    if len(padded) < n_fft:
        return np.empty((0, n_fft), np.float32)
    return np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]


class RowStream(ABC):
    """Rows of a feature from chunks of sound, or from a whole.

    A subclass says in `_rows` what a stretch of whole frames gives; frame i is centred on sample
    i × hop of the sound, with zeros beyond its edges, so that n samples give n // hop + 1 rows
    (an empty sound one row, of silence).

    Args:
        n_fft: frame length in samples, even.
        hop: samples from one frame to the next.

    Raises:
        OptionError: `n_fft` or `hop` makes no frames.

    Examples:
        >>> class Peak(RowStream):
        ...     def _rows(self, padded):
        ...         return np.abs(frames(padded, n_fft=4, hop=2)).max(axis=1, keepdims=True)
        >>> peak = Peak(n_fft=4, hop=2)
        >>> peak(np.array([0.0, 0.5, 0.1, 0.0], np.float32)).T
        array([[0.5, 0.5, 0.1]], dtype=float32)
    """

    def __init__(self, *, n_fft: int, hop: int) -> None:
        check_framing(n_fft=n_fft, hop=hop)
        self._stream = FrameStream(n_fft=n_fft, hop=hop)
        self._block = BLOCK * hop

    @abstractmethod
    def _rows(self, padded: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the rows of the whole frames in a stretch, shape (frames, columns); maybe none."""

    def _reset(self) -> None:  # noqa: B027 - most features remember nothing from row to row
        """Forget what earlier rows left behind."""

    def feed(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take samples, shape (samples,); give the rows that they complete, (frames, columns).

        Raises:
            AudioError: the samples are not sound; the stream goes on as if they had not come.
        """
        chunk = check_samples(chunk)
        parts = [
            self._rows(self._stream.feed(chunk[start : start + self._block]))
            for start in range(0, max(len(chunk), 1), self._block)
        ]
        return np.concatenate(parts)

    def finish(self) -> NDArray[np.float32]:
        """Give the last rows; the stream then starts afresh."""
        rows = self._rows(self._stream.finish())
        self._reset()
        return rows

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give all rows of a whole sound, shape (samples // hop + 1, columns).

        Raises:
            AudioError: the samples are not sound.
        """
        return np.concatenate([self.feed(samples), self.finish()])
