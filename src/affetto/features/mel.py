"""Log-mel spectrogram, whole or in chunks."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE, FrameStream, power_frames
from affetto.errors import OptionError

__all__ = ["LogMelStream", "MelConfig", "log_mel", "mel_centres", "mel_filters"]

_BLOCK = 128

LOG_FLOOR = 1.1920929e-07
"""Added to the power before the logarithm: the spacing of float32 at 1."""


@dataclass(frozen=True, slots=True)
class MelConfig:
    """What a log-mel spectrogram is made of.

    Attributes:
        n_fft: frame length in samples.
        hop: samples from one frame to the next.
        bands: number of mel bands.
        low: lower edge of the lowest band, Hz.
        high: upper edge of the highest band, Hz.
        scale: mel scale, "htk" (O'Shaughnessy) or "slaney" (Auditory Toolbox).
        area: scale each filter to the same area (Slaney's norm) rather than to a peak of 1.
        double: transform in double precision; single is three times as fast and, in the quietest
            bands, up to 5e-4 off.
    """

    n_fft: int = 1024
    hop: int = 160
    bands: int = 64
    low: float = 60.0
    high: float = 7800.0
    scale: Literal["htk", "slaney"] = "htk"
    area: bool = False
    double: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= SAMPLE_RATE / 2:
            raise OptionError(
                f"found mel edges {self.low}-{self.high} Hz, expected 0 <= low < high <= "
                f"{SAMPLE_RATE // 2}"
            )
        if min(self.n_fft, self.hop, self.bands) < 1:
            raise OptionError("n_fft, hop and bands must be at least 1")


def _to_mel(hertz: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    if scale == "htk":
        return np.asarray(2595.0 * np.log10(1.0 + hertz / 700.0))
    knee = 15.0 + 27.0 * np.log(np.maximum(hertz, 1e-9) / 1000.0) / np.log(6.4)
    return np.where(hertz < 1000.0, hertz * 3.0 / 200.0, knee)


def _to_hertz(mel: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    if scale == "htk":
        return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))
    return np.where(
        mel < 15.0, mel * 200.0 / 3.0, 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0)
    )


def _points(config: MelConfig) -> NDArray[np.float64]:
    """Give the filters' edges and peaks in order, Hz, shape (bands + 2,)."""
    edges = _to_mel(np.array([config.low, config.high]), config.scale)
    return _to_hertz(np.linspace(edges[0], edges[1], config.bands + 2), config.scale)


def mel_centres(config: MelConfig) -> NDArray[np.float64]:
    """Give the frequency of each band's peak, Hz, shape (bands,).

    Examples:
        >>> mel_centres(MelConfig(bands=3, low=0.0, high=8000.0)).round().tolist()
        [614.0, 1768.0, 3934.0]
    """
    return _points(config)[1:-1]


@lru_cache(maxsize=16)
def mel_filters(config: MelConfig) -> NDArray[np.float32]:
    """Give the triangular mel filter bank.

    Returns:
        Weights, shape (n_fft // 2 + 1, bands), read-only.

    Examples:
        >>> mel_filters(MelConfig()).shape
        (513, 64)
    """
    points = _points(config)
    bins = np.fft.rfftfreq(config.n_fft, 1.0 / SAMPLE_RATE)
    width = np.diff(points)
    offset = points[:, None] - bins[None, :]
    rising = -offset[:-2] / width[:-1, None]
    falling = offset[2:] / width[1:, None]
    weights = np.maximum(0.0, np.minimum(rising, falling))
    if config.area:
        weights *= (2.0 / (points[2:] - points[:-2]))[:, None]
    filters = np.ascontiguousarray(weights.T, np.float32)
    filters.setflags(write=False)
    return filters


def _from_padded(padded: NDArray[np.float32], config: MelConfig) -> NDArray[np.float32]:
    """Work through blocks of frames that fit into the processor's cache."""
    count = max(0, (len(padded) - config.n_fft) // config.hop + 1)
    rows = np.empty((count, config.bands), np.float32)
    kind: np.dtype[Any] = np.dtype(np.float64 if config.double else np.float32)
    filters = mel_filters(config).astype(kind, copy=False)
    for start in range(0, count, _BLOCK):
        end = min(start + _BLOCK, count)
        stretch = padded[start * config.hop : (end - 1) * config.hop + config.n_fft]
        power = power_frames(stretch.astype(kind, copy=False), n_fft=config.n_fft, hop=config.hop)
        rows[start:end] = np.log(power @ filters + kind.type(LOG_FLOOR))
    return rows


def log_mel(samples: NDArray[np.float32], config: MelConfig | None = None) -> NDArray[np.float32]:
    """Compute the log-mel spectrogram: natural logarithm of the power in mel bands.

    Args:
        samples: shape (samples,), 16 kHz.
        config: what it is made of.

    Returns:
        Shape (frames, bands); frame i is centred on sample i × hop, with zeros beyond the edges.

    Examples:
        >>> log_mel(np.zeros(16000, np.float32)).shape
        (101, 64)
    """
    config = config or MelConfig()
    return _from_padded(np.pad(samples, config.n_fft // 2), config)


class LogMelStream:
    """The rows of `log_mel` from chunks of any size.

    Examples:
        >>> stream = LogMelStream()
        >>> rows = [stream.feed(np.zeros(7000, np.float32)), stream.finish()]
        >>> sum(len(part) for part in rows) == len(log_mel(np.zeros(7000, np.float32)))
        True
    """

    def __init__(self, config: MelConfig | None = None) -> None:
        self.config = config or MelConfig()
        self._frames = FrameStream(n_fft=self.config.n_fft, hop=self.config.hop)

    def lacking(self, rows: int) -> int:
        """Count the samples that are still missing for so many more rows."""
        return self._frames.lacking(rows)

    def feed(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take samples, shape (samples,); give the rows that they complete, (frames, bands)."""
        return _from_padded(self._frames.feed(chunk), self.config)

    def finish(self) -> NDArray[np.float32]:
        """Give the last rows; the stream then starts afresh."""
        return _from_padded(self._frames.finish(), self.config)
