"""Chroma: how the power is shared among the twelve pitch classes, whole or in chunks."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE, power_frames
from affetto.errors import OptionError
from affetto.features.stream import RowStream, check_framing

__all__ = ["ChromaConfig", "ChromaStream", "chroma", "chroma_filters"]


@dataclass(frozen=True, slots=True)
class ChromaConfig:
    """What chroma is made of.

    Attributes:
        n_fft: frame length in samples.
        hop: samples from one frame to the next.
        classes: pitch classes in an octave; the first is C.
        tuning: deviation from A4 = 440 Hz, in pitch classes, in [-0.5, 0.5].
        centre: octave (counted from A0 = 27.5 Hz) that weighs most.
        spread: standard deviation of the octaves' weights, in octaves; None weighs all alike.
        norm: "max": the largest class of a frame is 1; "sum": they sum to 1; None: power.
    """

    n_fft: int = 2048
    hop: int = 160
    classes: int = 12
    tuning: float = 0.0
    centre: float = 5.0
    spread: float | None = 2.0
    norm: Literal["max", "sum"] | None = "max"

    def __post_init__(self) -> None:
        check_framing(n_fft=self.n_fft, hop=self.hop)
        if self.classes < 1 or not -0.5 <= self.tuning <= 0.5:
            raise OptionError(
                f"found {self.classes} pitch classes tuned by {self.tuning}, expected at least "
                "1, tuned by -0.5 to 0.5"
            )
        if self.spread is not None and self.spread <= 0:
            raise OptionError(f"found a chroma spread of {self.spread}, expected above 0, or None")


@lru_cache(maxsize=8)
def chroma_filters(config: ChromaConfig) -> NDArray[np.float64]:
    """Give the chroma filter bank: a Gaussian bump per bin around its pitch class.

    The bank is Ellis's (Chroma feature analysis and synthesis, 2007): a bin as far from a class as
    its own width weighs exp(-2); a bin's weights have a Euclidean norm of 1 before the octaves are
    weighed.

    Returns:
        Weights, shape (n_fft // 2 + 1, classes), read-only.

    Examples:
        >>> chroma_filters(ChromaConfig()).shape
        (1025, 12)
    """
    count = config.classes
    hertz = np.arange(1, config.n_fft) * (SAMPLE_RATE / config.n_fft)
    a0 = 27.5 * 2.0 ** (config.tuning / count)
    position = count * np.log2(hertz / a0)
    # The bin of 0 Hz has no pitch; one and a half octaves below the next it is broad and light.
    position = np.concatenate([[position[0] - 1.5 * count], position])
    width = np.append(np.maximum(np.diff(position), 1.0), 1.0)
    half = np.round(count / 2)
    distance = np.mod(position[:, None] - np.arange(count)[None, :] + half, count) - half
    weights = np.exp(-0.5 * (2.0 * distance / width[:, None]) ** 2)
    length = np.sqrt(np.sum(weights**2, axis=1, keepdims=True))
    weights /= np.where(length > 0.0, length, 1.0)
    if config.spread is not None:
        octave = position / count
        weights *= np.exp(-0.5 * ((octave - config.centre) / config.spread) ** 2)[:, None]
    # Positions count from A; the rows of the result start with C, a quarter octave above.
    weights = np.roll(weights, -3 * (count // 12), axis=1)[: config.n_fft // 2 + 1]
    filters = np.ascontiguousarray(weights)
    filters.setflags(write=False)
    return filters


class ChromaStream(RowStream):
    """The rows of `chroma` from chunks of any size.

    Examples:
        >>> stream = ChromaStream()
        >>> len(stream.feed(np.zeros(4000, np.float32))) + len(stream.finish())
        26
    """

    def __init__(self, config: ChromaConfig | None = None) -> None:
        self.config = config or ChromaConfig()
        super().__init__(n_fft=self.config.n_fft, hop=self.config.hop)

    def _rows(self, padded: NDArray[np.float32]) -> NDArray[np.float32]:
        power = power_frames(padded, n_fft=self.config.n_fft, hop=self.config.hop)
        rows = power.astype(np.float64) @ chroma_filters(self.config)
        if self.config.norm == "max":
            size = rows.max(axis=1, keepdims=True)
        elif self.config.norm == "sum":
            size = rows.sum(axis=1, keepdims=True)
        else:
            return rows.astype(np.float32)
        # Digital silence has no pitch class: its rows stay zero.
        rows /= np.where(size > np.finfo(np.float32).tiny, size, 1.0)
        return rows.astype(np.float32)


def chroma(samples: NDArray[np.float32], config: ChromaConfig | None = None) -> NDArray[np.float32]:
    """Compute chroma from the short-time power spectrum.

    The figures are those of `librosa.feature.chroma_stft` with the same tuning.

    Args:
        samples: shape (samples,), 16 kHz.
        config: what it is made of.

    Returns:
        Shape (frames, classes), in [0, 1] unless `norm` is None; row i is centred on sample
        i × hop; rows of digital silence are zero.

    Raises:
        AudioError: the samples are not sound (not finite, not one channel, not floating point).

    Examples:
        >>> a4 = np.sin(2 * np.pi * 440 / 16000 * np.arange(16000)).astype(np.float32)
        >>> int(chroma(a4)[50].argmax())
        9
    """
    return ChromaStream(config)(samples)
