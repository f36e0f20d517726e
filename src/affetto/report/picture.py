"""What the page draws from the sound: peaks for the waveform, tiles for the spectrogram."""

import math
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.features import LogMelStream, MelConfig
from affetto.features.mel import LOG_FLOOR

__all__ = ["Drawn", "Painter", "Peaks", "Spectrogram", "draw", "mel_height", "palette", "png"]

_MOST_BUCKETS = 300_000
_COMPRESSION = 0.6
_MOST_COLUMNS = 24_000
_TILE = 4096
"""Columns of one picture; every browser draws pictures of this width."""
_LEVELS = 64
_RANGE = 70.0
"""Decibels from the loudest to the quietest that is told from black."""
_MARKS = (250, 500, 1000, 2000, 4000)

_ANCHORS = np.array(
    [(9, 10, 30), (44, 27, 94), (120, 38, 124), (208, 72, 96), (247, 158, 79), (253, 244, 210)],
    np.float64,
)
"""Colours from silence to the loudest; lightness rises evenly, so that it reads in grey too."""


def palette(levels: int = _LEVELS) -> NDArray[np.uint8]:
    """Give the colour map of the spectrogram: indigo, plum, coral, cream.

    Args:
        levels: number of colours.

    Returns:
        Red, green and blue, shape (levels, 3).

    Examples:
        >>> palette(3)
        array([[  9,  10,  30],
               [164,  55, 110],
               [253, 244, 210]], dtype=uint8)
    """
    at = np.linspace(0, len(_ANCHORS) - 1, levels)
    steps = np.arange(len(_ANCHORS))
    colours = np.stack([np.interp(at, steps, channel) for channel in _ANCHORS.T], axis=1)
    return np.round(colours).astype(np.uint8)


def png(indices: NDArray[np.uint8], colours: NDArray[np.uint8]) -> bytes:
    """Write a picture of indexed colours (PNG, ISO/IEC 15948).

    Args:
        indices: shape (height, width), each below the number of colours.
        colours: shape (colours, 3), at most 256.

    Returns:
        The file.

    Examples:
        >>> png(np.zeros((2, 3), np.uint8), palette())[1:4]
        b'PNG'
    """

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    height, width = indices.shape
    # Every row starts with its filter; 0 keeps the row as it is.
    rows = np.pad(indices, ((0, 0), (1, 0)))
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            chunk(b"PLTE", colours.tobytes()),
            chunk(b"IDAT", zlib.compress(rows.tobytes())),
            chunk(b"IEND", b""),
        )
    )


@dataclass(frozen=True, slots=True)
class Peaks:
    """The lowest and highest sample of each short stretch, for drawing a waveform at any zoom.

    Attributes:
        rate: stretches per second.
        pairs: lowest and highest in [-127, 127], where 127 is the loudest sample of the whole,
            shape (stretches, 2). The scale is compressed (power 0.6), so that a murmur beside a
            shout can be seen; near-silence isn't magnified.
    """

    rate: float
    pairs: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """A log-mel spectrogram as pictures side by side.

    Attributes:
        rate: columns per second; in long recordings several frames are averaged in a column.
        tiles: PNG files from the left to the right, low frequencies at the bottom.
        marks: frequency in Hz and its height, 0 at the bottom and 1 at the top.
    """

    rate: float
    tiles: tuple[bytes, ...]
    marks: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn from a sound."""

    peaks: Peaks
    spectrogram: Spectrogram


class Painter:
    """Draw a sound of known length chunk by chunk, so that hours need little memory.

    Args:
        count: samples of the whole, at 16 kHz; more than these are left out, and where there are
            fewer, silence follows.

    Examples:
        >>> painter = Painter(16_000)
        >>> painter.feed(np.sin(np.arange(16_000, dtype=np.float32)))
        >>> drawn = painter.finish()
        >>> drawn.peaks.rate, drawn.peaks.pairs.shape, drawn.spectrogram.rate
        (1000.0, (1000, 2), 100.0)
    """

    def __init__(self, count: int) -> None:
        self._left = count
        self._size = max(SAMPLE_RATE // 1000, math.ceil(count / _MOST_BUCKETS))
        self._low = np.zeros(math.ceil(count / self._size), np.float32)
        self._high = np.zeros(len(self._low), np.float32)
        self._config = MelConfig(bands=80)
        self._frames = 1 + count // self._config.hop
        self._group = math.ceil(self._frames / _MOST_COLUMNS)
        columns = math.ceil(self._frames / self._group)
        self._sums = np.zeros((columns, self._config.bands), np.float32)
        self._stream = LogMelStream(self._config)
        self._samples = self._rows = 0

    def feed(self, samples: NDArray[np.float32]) -> None:
        """Draw the next samples, shape (samples,)."""
        samples = samples[: self._left]
        self._left -= len(samples)
        if not len(samples):
            return
        first = self._samples // self._size
        starts = np.arange(first * self._size, self._samples + len(samples), self._size)
        starts = np.maximum(starts - self._samples, 0)
        cells = slice(first, first + len(starts))
        # A stretch that two chunks share has 0 or its beginning's peaks in it.
        low = np.minimum.reduceat(samples, starts)
        high = np.maximum.reduceat(samples, starts)
        self._low[cells] = np.minimum(self._low[cells], low)
        self._high[cells] = np.maximum(self._high[cells], high)
        self._samples += len(samples)
        self._add(self._stream.feed(samples))

    def _add(self, rows: NDArray[np.float32]) -> None:
        rows = rows[: self._frames - self._rows]
        if not len(rows):
            return
        column = np.arange(self._rows, self._rows + len(rows)) // self._group
        columns, first = np.unique(column, return_index=True)
        self._sums[columns] += np.add.reduceat(rows, first, axis=0)
        self._rows += len(rows)

    def finish(self) -> Drawn:
        """Give what was drawn."""
        self._add(self._stream.finish())
        return Drawn(self._peaks(), self._spectrogram())

    def _peaks(self) -> Peaks:
        pairs = np.stack([self._low, self._high], axis=1)
        pairs /= max(float(np.abs(pairs).max(initial=0.0)), 0.02)
        heights = 127 * np.sign(pairs) * np.abs(pairs) ** _COMPRESSION
        return Peaks(SAMPLE_RATE / self._size, np.round(heights).astype(np.int8))

    def _spectrogram(self) -> Spectrogram:
        # The last column that was fed may hold fewer frames than the others.
        counts = np.clip(self._rows - self._group * np.arange(len(self._sums)), 0, self._group)
        means = self._sums / np.maximum(counts, 1)[:, None]
        means[counts == 0] = math.log(LOG_FLOOR)
        decibels = means * (10 / math.log(10))
        top = max(float(np.quantile(decibels, 0.995)), 10.0)
        levels = np.clip((decibels - top) / _RANGE + 1, 0, 1) * (_LEVELS - 1)
        image = np.ascontiguousarray(np.round(levels).astype(np.uint8).T[::-1])
        colours = palette()
        tiles = [png(image[:, at : at + _TILE], colours) for at in range(0, image.shape[1], _TILE)]
        marks = tuple((hz, round(mel_height(hz, self._config), 4)) for hz in _MARKS)
        rate = SAMPLE_RATE / self._config.hop / self._group
        return Spectrogram(rate, tuple(tiles), marks)


def draw(samples: NDArray[np.float32]) -> Drawn:
    """Draw a sound that lies in memory.

    Args:
        samples: shape (samples,), 16 kHz.

    Examples:
        >>> len(draw(np.zeros(16_000, np.float32)).spectrogram.tiles)
        1
    """
    painter = Painter(len(samples))
    chunk = 20 * SAMPLE_RATE
    for start in range(0, len(samples), chunk):
        painter.feed(samples[start : start + chunk])
    return painter.finish()


def mel_height(hertz: float, config: MelConfig) -> float:
    """Say how high a frequency lies in a picture of mel bands: 0 at the bottom, 1 at the top.

    Examples:
        >>> round(mel_height(1000.0, MelConfig()), 2)
        0.33
    """

    def mel(hz: float) -> float:
        return math.log10(1 + hz / 700)

    low, high = mel(config.low), mel(config.high)
    return (mel(hertz) - low) / (high - low)
