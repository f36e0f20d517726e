"""The shape of the spectrum: where its power lies, how it slopes and how it changes."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE, power_frames
from affetto.errors import OptionError
from affetto.features.stream import RowStream, check_framing

__all__ = [
    "SPECTRAL_COLUMNS",
    "SpectralConfig",
    "SpectralShape",
    "SpectralStream",
    "spectral",
]

SPECTRAL_COLUMNS = (
    "centroid",
    "rolloff",
    "flatness",
    "flux",
    "slope_0_500",
    "slope_500_1500",
    "alpha_ratio",
    "hammarberg",
)
"""What the columns of `spectral` are."""

FLOOR = 1e-10
"""Added to the power of a bin: digital silence is flat and has no slope."""


@dataclass(frozen=True, slots=True)
class SpectralConfig:
    """How the shape of the spectrum is measured.

    Attributes:
        n_fft: frame length in samples.
        hop: samples from one frame to the next.
        rolloff: share of the power that lies below the roll-off, in (0, 1).
    """

    n_fft: int = 1024
    hop: int = 160
    rolloff: float = 0.85

    def __post_init__(self) -> None:
        check_framing(n_fft=self.n_fft, hop=self.hop)
        if self.n_fft < 128:
            raise OptionError(f"found n_fft {self.n_fft}, expected at least 128 for 500 Hz bands")
        if not 0 < self.rolloff < 1:
            raise OptionError(f"found roll-off {self.rolloff}, expected above 0 and below 1")


@lru_cache(maxsize=8)
def _sums(n_fft: int) -> NDArray[np.float64]:
    """Give the columns whose products with power are its sum, moment and two bands' power."""
    hertz = np.fft.rfftfreq(n_fft, 1.0 / SAMPLE_RATE)
    low = (hertz >= 50.0) & (hertz < 1000.0)
    high = (hertz >= 1000.0) & (hertz < 5000.0)
    return np.stack([np.ones_like(hertz), hertz, low, high], axis=1)


@lru_cache(maxsize=8)
def _slopes(n_fft: int) -> NDArray[np.float64]:
    """Give the columns whose products with dB are the regression slopes of two bands, dB/kHz."""
    kilohertz = np.fft.rfftfreq(n_fft, 1.0 / SAMPLE_RATE) / 1000.0
    columns = []
    for lower, upper in ((0.0, 0.5), (0.5, 1.5)):
        inside = (kilohertz >= lower) & (kilohertz <= upper)
        offset = np.where(inside, kilohertz - kilohertz[inside].mean(), 0.0)
        columns.append(offset / np.sum(offset**2))
    return np.stack(columns, axis=1)


class SpectralShape:
    """Measure power spectra row after row; only the flux remembers the row before.

    Args:
        config: how the shape is measured.
    """

    def __init__(self, config: SpectralConfig) -> None:
        self.config = config
        self.reset()

    def reset(self) -> None:
        """Forget the row before; the first flux is 0."""
        self._before: NDArray[np.float32] | None = None

    def rows(self, power: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next power spectra, (frames, bins); give their shape, (frames, 8)."""
        if not len(power):
            return np.empty((0, len(SPECTRAL_COLUMNS)), np.float32)
        n_fft = self.config.n_fft
        double = power.astype(np.float64) + FLOOR
        total, moment, low, high = (double @ _sums(n_fft)).T
        decibel = 10.0 * np.log10(power + np.float32(FLOOR))

        step = SAMPLE_RATE / n_fft
        reached = np.cumsum(double, axis=1) >= self.config.rolloff * total[:, None]
        # A geometric mean is the mean of decibels; the arithmetic one is the sum.
        mean = 10.0 * np.log10(total / power.shape[1])
        flatness = 10.0 ** ((decibel.mean(axis=1, dtype=np.float64) - mean) / 10.0)

        slopes = decibel.astype(np.float64) @ _slopes(n_fft)
        two, five = (int(edge / step) for edge in (2000.0, 5000.0))
        hammarberg = decibel[:, : two + 1].max(axis=1) - decibel[:, two + 1 : five + 1].max(axis=1)
        return np.stack(
            [
                moment / total,
                reached.argmax(axis=1) * step,
                np.minimum(flatness, 1.0),
                self._flux(double, total),
                slopes[:, 0],
                slopes[:, 1],
                10.0 * np.log10(low / high),
                hammarberg,
            ],
            axis=1,
        ).astype(np.float32)

    def _flux(self, power: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
        shape = np.sqrt(power / total[:, None], dtype=np.float32)
        before = shape[:1] if self._before is None else self._before
        self._before = shape[-1:].copy()
        change = np.diff(shape, axis=0, prepend=before)
        squares: NDArray[np.float64] = np.einsum("ij,ij->i", change, change, dtype=np.float64)
        return np.sqrt(squares)


class SpectralStream(RowStream):
    """The rows of `spectral` from chunks of any size.

    Examples:
        >>> stream = SpectralStream()
        >>> len(stream.feed(np.zeros(4000, np.float32))) + len(stream.finish())
        26
    """

    def __init__(self, config: SpectralConfig | None = None) -> None:
        self.config = config or SpectralConfig()
        super().__init__(n_fft=self.config.n_fft, hop=self.config.hop)
        self._shape = SpectralShape(self.config)

    def _rows(self, padded: NDArray[np.float32]) -> NDArray[np.float32]:
        power = power_frames(padded, n_fft=self.config.n_fft, hop=self.config.hop)
        return self._shape.rows(power)

    def _reset(self) -> None:
        self._shape.reset()


def spectral(
    samples: NDArray[np.float32], config: SpectralConfig | None = None
) -> NDArray[np.float32]:
    """Measure the shape of the short-time power spectrum.

    Args:
        samples: shape (samples,), 16 kHz.
        config: how it is measured.

    Returns:
        Shape (frames, 8), columns as `SPECTRAL_COLUMNS`: the power's centroid and roll-off in Hz;
        flatness in [0, 1] (geometric over arithmetic mean); flux in [0, √2] (Euclidean distance
        between the amplitude spectra of this frame and the last, each of power 1); slope of 0-500
        and of 500-1500 Hz in dB per kHz; alpha ratio (power of 50-1000 Hz over 1-5 kHz) and
        Hammarberg index (highest bin of 0-2 kHz over that of 2-5 kHz), both in dB. Row i is centred
        on sample i × hop.

    Raises:
        AudioError: the samples are not sound (not finite, not one channel, not floating point).

    Examples:
        >>> tone = np.sin(2 * np.pi * 1000 / 16000 * np.arange(16000)).astype(np.float32)
        >>> print(f"{spectral(tone)[50, 0]:.0f} Hz")
        1000 Hz
    """
    return SpectralStream(config)(samples)
