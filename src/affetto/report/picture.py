"""What the page draws from the sound: peaks for the waveform, tiles for the spectrogram."""

import math
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.features import LogMelStream, MelConfig

__all__ = ["Spectrogram", "mel_height", "palette", "peaks", "png", "spectrogram"]

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


def peaks(samples: NDArray[np.float32]) -> tuple[float, NDArray[np.int8]]:
    """Find the lowest and highest sample of each short stretch, for drawing at any zoom.

    Args:
        samples: shape (samples,), 16 kHz.

    Returns:
        Stretches per second, and shape (stretches, 2): lowest and highest in [-127, 127], where
        127 is the loudest sample of the whole. The scale is compressed (power 0.6), so that a
        murmur beside a shout can be seen; near-silence isn't magnified.

    Examples:
        >>> rate, pairs = peaks(np.sin(np.arange(16_000, dtype=np.float32)))
        >>> rate, pairs.shape
        (1000.0, (1000, 2))
    """
    if not len(samples):
        return 1.0, np.empty((0, 2), np.int8)
    size = max(SAMPLE_RATE // 1000, math.ceil(len(samples) / _MOST_BUCKETS))
    starts = np.arange(0, len(samples), size)
    low = np.minimum.reduceat(samples, starts)
    high = np.maximum.reduceat(samples, starts)
    loudest = max(float(-low.min()), float(high.max()), 0.02)
    pairs = np.stack([low, high], axis=1) / loudest
    heights = 127 * np.sign(pairs) * np.abs(pairs) ** _COMPRESSION
    return SAMPLE_RATE / size, np.round(heights).astype(np.int8)


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """A log-mel spectrogram as pictures side by side.

    Attributes:
        rate: columns per second.
        tiles: PNG files from the left to the right, low frequencies at the bottom.
        marks: frequency in Hz and its height, 0 at the bottom and 1 at the top.
    """

    rate: float
    tiles: tuple[bytes, ...]
    marks: tuple[tuple[int, float], ...]


def spectrogram(samples: NDArray[np.float32]) -> Spectrogram:
    """Draw the log-mel spectrogram in parts, so that hours need little memory.

    Args:
        samples: shape (samples,), 16 kHz.

    Returns:
        The pictures; long recordings have several frames averaged in a column.

    Examples:
        >>> picture = spectrogram(np.zeros(16_000, np.float32))
        >>> picture.rate, len(picture.tiles)
        (100.0, 1)
    """
    config = MelConfig(bands=80)
    frames = 1 + len(samples) // config.hop
    group = math.ceil(frames / _MOST_COLUMNS)
    sums = np.zeros((math.ceil(frames / group), config.bands), np.float32)
    stream = LogMelStream(config)
    done = 0
    chunk = 20 * SAMPLE_RATE
    for start in range(0, len(samples) + chunk, chunk):
        ended = start >= len(samples)
        rows = stream.finish() if ended else stream.feed(samples[start : start + chunk])
        rows = rows[: frames - done]
        if len(rows):
            column = np.arange(done, done + len(rows)) // group
            columns, first = np.unique(column, return_index=True)
            sums[columns] += np.add.reduceat(rows, first, axis=0)
            done += len(rows)
    # The last column may hold fewer frames than the others.
    counts = np.minimum(group, frames - group * np.arange(len(sums)))
    decibels = sums / counts[:, None] * (10 / math.log(10))
    top = max(float(np.quantile(decibels, 0.995)), 10.0)
    levels = np.clip((decibels - top) / _RANGE + 1, 0, 1) * (_LEVELS - 1)
    image = np.ascontiguousarray(np.round(levels).astype(np.uint8).T[::-1])
    colours = palette()
    tiles = [png(image[:, at : at + _TILE], colours) for at in range(0, image.shape[1], _TILE)]
    marks = tuple((hz, round(mel_height(hz, config), 4)) for hz in _MARKS)
    return Spectrogram(SAMPLE_RATE / config.hop / group, tuple(tiles), marks)


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
