"""Level and zero crossings, whole or in chunks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from affetto.features.stream import RowStream, check_framing, frames

__all__ = ["ENERGY_COLUMNS", "EnergyConfig", "EnergyStream", "energy", "energy_rows"]

ENERGY_COLUMNS = ("level", "zero_crossing_rate")
"""What the columns of `energy` are."""


@dataclass(frozen=True, slots=True)
class EnergyConfig:
    """How level is measured.

    Attributes:
        n_fft: frame length in samples.
        hop: samples from one frame to the next.
        floor: no level is given as below this, dB relative to full scale.
    """

    n_fft: int = 1024
    hop: int = 160
    floor: float = -100.0

    def __post_init__(self) -> None:
        check_framing(n_fft=self.n_fft, hop=self.hop)


def energy_rows(padded: NDArray[np.float32], config: EnergyConfig) -> NDArray[np.float32]:
    """Give level and zero crossings for every whole frame that fits; see `energy`."""
    stretch = frames(padded, n_fft=config.n_fft, hop=config.hop)
    power = np.einsum("ij,ij->i", stretch, stretch).astype(np.float64) / config.n_fft
    level = 10.0 * np.log10(np.maximum(power, 10.0 ** (config.floor / 10.0)))
    # Crossings are counted once for the stretch; a running sum then gives those of each frame.
    crossed = np.cumsum(np.diff(np.signbit(padded), prepend=False))
    first = np.arange(len(stretch)) * config.hop
    inside = crossed[first + config.n_fft - 1] - crossed[first]
    return np.stack([level, inside / config.n_fft], axis=1).astype(np.float32)


class EnergyStream(RowStream):
    """The rows of `energy` from chunks of any size.

    Examples:
        >>> stream = EnergyStream()
        >>> len(stream.feed(np.zeros(4000, np.float32))) + len(stream.finish())
        26
    """

    def __init__(self, config: EnergyConfig | None = None) -> None:
        self.config = config or EnergyConfig()
        super().__init__(n_fft=self.config.n_fft, hop=self.config.hop)

    def _rows(self, padded: NDArray[np.float32]) -> NDArray[np.float32]:
        return energy_rows(padded, self.config)


def energy(samples: NDArray[np.float32], config: EnergyConfig | None = None) -> NDArray[np.float32]:
    """Measure the level and count the zero crossings of each frame.

    Args:
        samples: shape (samples,), 16 kHz.
        config: how it is measured.

    Returns:
        Shape (frames, 2): the root mean square in dB relative to full scale (a square wave of
        amplitude 1 has 0 dB), at least `floor`; and the sign changes per sample, in [0, 1]. Row i
        is centred on sample i × hop.

    Raises:
        AudioError: the samples are not sound (not finite, not one channel, not floating point).

    Examples:
        >>> tone = np.sin(2 * np.pi * 1000 / 16000 * np.arange(16000)).astype(np.float32)
        >>> level, crossings = energy(tone)[50]
        >>> print(f"{level:.2f} dB, {crossings * 16000:.0f} crossings a second")
        -3.01 dB, 2000 crossings a second
    """
    return EnergyStream(config)(samples)
