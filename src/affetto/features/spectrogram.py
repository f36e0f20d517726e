"""A spectrogram as a picture: for eyes, and for networks that look."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError
from affetto.features.mel import LogMelStream, MelConfig
from affetto.features.stream import check_samples

__all__ = ["PictureConfig", "colour_map", "picture"]

ANCHORS = (
    (0.00, (12, 10, 34)),
    (0.22, (58, 24, 102)),
    (0.45, (148, 38, 118)),
    (0.65, (222, 78, 86)),
    (0.83, (248, 158, 84)),
    (1.00, (254, 246, 204)),
)
"""Night, violet, magenta, coral, amber, cream: lightness rises all the way."""

SECONDS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class PictureConfig:
    """What the picture is made of.

    Attributes:
        height: pixels from the lowest band (bottom row) to the highest.
        width: pixels from start to end; None for one a frame.
        range: decibels from black to the loudest pixel.
        colour: red, green and blue of our own map, rather than grey.
        mel: the log-mel spectrogram that is drawn.
    """

    height: int = 224
    width: int | None = 224
    range: float = 80.0
    colour: bool = True
    mel: MelConfig = field(default_factory=MelConfig)

    def __post_init__(self) -> None:
        if self.height < 1 or (self.width is not None and self.width < 1) or self.range <= 0:
            raise OptionError(
                f"found a picture of {self.width} x {self.height} pixels and {self.range} dB, "
                "expected at least one pixel each way and a range above 0 dB"
            )


def colour_map() -> NDArray[np.uint8]:
    """Give the colours from quiet to loud.

    Returns:
        Red, green, blue; shape (256, 3).

    Examples:
        >>> colour_map()[[0, 255]].tolist()
        [[12, 10, 34], [254, 246, 204]]
    """
    place = [anchor[0] for anchor in ANCHORS]
    ramp = np.linspace(0.0, 1.0, 256)
    columns = [np.interp(ramp, place, [anchor[1][part] for anchor in ANCHORS]) for part in range(3)]
    return np.rint(np.stack(columns, axis=1)).astype(np.uint8)


def _columns(samples: NDArray[np.float32], config: PictureConfig) -> NDArray[np.float32]:
    """Average the log-mel frames that fall into each column, in memory that does not grow."""
    mel = config.mel
    total = len(samples) // mel.hop + 1
    width = min(config.width or total, total)
    sums = np.zeros((width, mel.bands))
    counts = np.zeros(width)
    stream = LogMelStream(mel)
    block = SECONDS_AT_ONCE * SAMPLE_RATE
    done = 0
    for start in range(0, len(samples) + block, block):
        last = start >= len(samples)
        rows = stream.finish() if last else stream.feed(samples[start : start + block])
        column = (done + np.arange(len(rows))) * width // total
        np.add.at(sums, column, rows)
        np.add.at(counts, column, 1.0)
        done += len(rows)
    return np.asarray(sums / counts[:, None], np.float32)


def _stretch(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Interpolate rows to as many as asked, pixel centres on pixel centres."""
    if count == len(rows):
        return rows
    place = np.clip((np.arange(count) + 0.5) * len(rows) / count - 0.5, 0, len(rows) - 1)
    before = place.astype(np.intp)
    after = np.minimum(before + 1, len(rows) - 1)
    share = (place - before).astype(np.float32)[:, None]
    return np.asarray(rows[before] * (1.0 - share) + rows[after] * share, np.float32)


def picture(samples: NDArray[np.float32], config: PictureConfig | None = None) -> NDArray[np.uint8]:
    """Draw the log-mel spectrogram.

    Columns that hold several frames show their mean; columns and rows between frames and bands are
    interpolated. The loudest pixel has the last colour, `range` dB below it the first, whatever the
    recording's level; digital silence is all of the first.

    Args:
        samples: shape (samples,), 16 kHz.
        config: what the picture is made of.

    Returns:
        Shape (height, width, 3), or (height, width) without colour; high frequencies on top.

    Raises:
        AudioError: the samples are not sound (not finite, not one channel, not floating point).

    Examples:
        >>> picture(np.zeros(16000, np.float32)).shape
        (224, 224, 3)
        >>> picture(np.zeros(16000, np.float32), PictureConfig(width=None, colour=False)).shape
        (224, 101)
    """
    config = config or PictureConfig()
    samples = check_samples(samples)
    columns = _columns(samples, config)
    grid = _stretch(columns, config.width or len(columns))
    grid = _stretch(np.ascontiguousarray(grid.T), config.height)[::-1]
    decibel = grid * np.float32(10.0 / np.log(10.0))
    peak = decibel.max()
    shade = np.clip((decibel - peak) / config.range + 1.0, 0.0, 1.0)
    if not samples.any():
        shade = np.zeros_like(shade)
    index = np.asarray(np.rint(shade * 255.0), np.uint8)
    return colour_map()[index] if config.colour else index
