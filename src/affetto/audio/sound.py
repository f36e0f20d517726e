"""`load` and `stream`: a source as samples, whole or in chunks.

Both take the same road (`affetto.audio.decode`), so they give the same samples to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from affetto.audio.source import Source, open_source
from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.audio.decode import Channels, Decoder

__all__ = ["AudioStream", "Sound", "load", "stream"]


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A decoded sound, 16 kHz float32.

    Full scale is [-1, 1]. What a float file holds beyond it is kept as it is, with a warning; lossy
    codings may overshoot a little.

    Attributes:
        samples: shape (samples,); with `channels="separate"` (channels, samples).
        source: path, or a name for sound in memory.
        duration: seconds.
        warnings: what the user should know, one line each.
        channels: how many channels the source has.
    """

    samples: NDArray[np.float32]
    source: str
    duration: float
    warnings: tuple[str, ...]
    channels: int


class AudioStream(Iterator[NDArray[np.float32]]):
    """The samples of a source in chunks, in constant memory; made by `stream`.

    Attributes:
        source: path, or a name for sound in memory.
        channels: how many channels the source has.
        duration_hint: seconds that the file promises, or None; not to be relied upon.
        warnings: what the user should know, one line each; complete when the iteration has ended.
    """

    def __init__(self, decoder: Decoder, *, chunk: int) -> None:
        self.source = decoder.name
        self.warnings = decoder.warnings
        self.duration_hint = decoder.duration_hint
        self._decoder = decoder
        self._chunks = _rechunk(iter(decoder), chunk)
        self._mix = decoder.channels == "mix"

    @property
    def channels(self) -> int:
        """How many channels the source has."""
        return self._decoder.source_channels

    def __iter__(self) -> AudioStream:
        return self

    def __next__(self) -> NDArray[np.float32]:
        chunk = next(self._chunks)
        return chunk[0] if self._mix else chunk

    def __enter__(self) -> AudioStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file before the end; harmless when repeated."""
        self._chunks.close()
        self._decoder.close()


def stream(source: Source, *, chunk: float = 10.0, channels: Channels = "mix") -> AudioStream:
    """Decode a source to 16 kHz float32, chunk by chunk, in constant memory.

    Args:
        source: path, bytes or binary file object (from its beginning, where it can seek).
        chunk: seconds in each chunk; the last one is shorter.
        channels: "mix" for the mean of all channels, "separate" for each by itself.

    Returns:
        An iterator of arrays, shape (samples,), or (channels, samples) with "separate".

    Raises:
        AudioError: the source cannot be opened or holds no sound. Here for what the beginning
            shows, in the iteration for what comes to light later.
        OptionError: `chunk` or `channels` is out of range.

    Examples:
        >>> import io, wave
        >>> file = io.BytesIO()
        >>> with wave.open(file, "wb") as half_a_second:
        ...     half_a_second.setparams((2, 2, 44100, 0, "NONE", ""))
        ...     half_a_second.writeframes(bytes(4 * 22050))
        >>> for part in stream(file, chunk=0.2):
        ...     print(part.shape)
        (3200,)
        (3200,)
        (1600,)
    """
    if not (math.isfinite(chunk) and chunk * SAMPLE_RATE >= 1):
        raise OptionError(f"found chunk={chunk}, expected seconds above 0, such as 10")
    return AudioStream(_open(source, channels), chunk=int(chunk * SAMPLE_RATE))


def load(source: Source, *, channels: Channels = "mix") -> Sound:
    """Decode a whole source to 16 kHz float32.

    Args:
        source: path, bytes or binary file object (from its beginning, where it can seek).
        channels: "mix" for the mean of all channels, "separate" for each by itself.

    Returns:
        The sound, with a warning where it was truncated or damaged.

    Raises:
        AudioError: the source cannot be opened or holds no sound.
        OptionError: `channels` is neither of the two.

    Examples:
        >>> import io, wave
        >>> file = io.BytesIO()
        >>> with wave.open(file, "wb") as half_a_second:
        ...     half_a_second.setparams((2, 2, 44100, 0, "NONE", ""))
        ...     half_a_second.writeframes(bytes(4 * 22050))
        >>> sound = load(file)
        >>> sound.samples.shape, sound.duration, sound.channels
        ((8000,), 0.5, 2)
    """
    decoder = _open(source, channels)
    samples = np.concatenate(list(decoder), axis=1)
    return Sound(
        samples=samples[0] if channels == "mix" else samples,
        source=decoder.name,
        duration=samples.shape[1] / SAMPLE_RATE,
        warnings=tuple(decoder.warnings),
        channels=decoder.source_channels,
    )


def _open(source: Source, channels: Channels) -> Decoder:
    """Check the options and open the decoder, which brings PyAV in."""
    from affetto.audio.decode import Decoder

    if channels not in ("mix", "separate"):
        raise OptionError(f"found channels={channels!r}, expected 'mix' or 'separate'")
    return Decoder(open_source(source), channels)


def _rechunk(
    blocks: Iterator[NDArray[np.float32]], size: int
) -> Generator[NDArray[np.float32], None, None]:
    """Cut blocks of any length into chunks of `size` samples; the last may be shorter."""
    held: list[NDArray[np.float32]] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += block.shape[1]
        if count >= size:
            joined = np.concatenate(held, axis=1)
            whole = count - count % size
            for start in range(0, whole, size):
                yield joined[:, start : start + size]
            held, count = [joined[:, whole:].copy()], count - whole
    if count:
        yield np.concatenate(held, axis=1)
