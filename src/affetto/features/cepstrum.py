"""Mel-frequency cepstral coefficients, whole or in chunks."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from affetto.dsp import power_frames
from affetto.errors import OptionError
from affetto.features.mel import LOG_FLOOR, MelConfig, mel_filters
from affetto.features.stream import RowStream

__all__ = ["MfccConfig", "MfccStream", "cepstra", "mfcc"]

DECIBEL_FLOOR = 1e-10
"""Power below this is taken for this: -100 dB."""


@dataclass(frozen=True, slots=True)
class MfccConfig:
    """What MFCCs are made of.

    Attributes:
        coefficients: how many are kept, from the 0th (the level) upwards.
        mel: the mel spectrogram that they describe.
        log: "db": 10 log10 of the power, at least 1e-10; "natural": as `log_mel`.
    """

    coefficients: int = 20
    mel: MelConfig = field(default_factory=MelConfig)
    log: Literal["db", "natural"] = "db"

    def __post_init__(self) -> None:
        if not 1 <= self.coefficients <= self.mel.bands:
            raise OptionError(
                f"found {self.coefficients} coefficients of {self.mel.bands} mel bands, "
                f"expected 1 to {self.mel.bands}: ask for fewer or give more bands"
            )


def cepstra(mel_power: NDArray[np.float64], config: MfccConfig) -> NDArray[np.float32]:
    """Give the cepstrum of mel power: the orthonormal DCT-II of its logarithm.

    Args:
        mel_power: shape (frames, bands).
        config: which logarithm and how many coefficients.

    Returns:
        Shape (frames, coefficients).

    Examples:
        >>> cepstra(np.ones((1, 64)), MfccConfig(coefficients=3))
        array([[0., 0., 0.]], dtype=float32)
    """
    if config.log == "db":
        logarithm = 10.0 * np.log10(np.maximum(mel_power, DECIBEL_FLOOR))
    else:
        logarithm = np.log(mel_power + LOG_FLOOR)
    rows = scipy.fft.dct(logarithm, type=2, norm="ortho", axis=1)[:, : config.coefficients]
    return np.ascontiguousarray(rows, np.float32)


class MfccStream(RowStream):
    """The rows of `mfcc` from chunks of any size.

    Examples:
        >>> stream = MfccStream(MfccConfig(coefficients=13))
        >>> [stream.feed(np.zeros(1000, np.float32)).shape, stream.finish().shape]
        [(4, 13), (3, 13)]
    """

    def __init__(self, config: MfccConfig | None = None) -> None:
        self.config = config or MfccConfig()
        super().__init__(n_fft=self.config.mel.n_fft, hop=self.config.mel.hop)

    def _rows(self, padded: NDArray[np.float32]) -> NDArray[np.float32]:
        # A logarithm shows the rounding of quiet bands: float64 keeps it below 1e-4 dB.
        mel = self.config.mel
        power = power_frames(padded.astype(np.float64), n_fft=mel.n_fft, hop=mel.hop)
        return cepstra(power @ mel_filters(mel), self.config)


def mfcc(samples: NDArray[np.float32], config: MfccConfig | None = None) -> NDArray[np.float32]:
    """Compute mel-frequency cepstral coefficients (Davis and Mermelstein 1980).

    With `log="db"` the figures are those of `librosa.feature.mfcc` for the same mel spectrogram in
    decibels (reference 1, no `top_db`).

    Args:
        samples: shape (samples,), 16 kHz.
        config: what they are made of.

    Returns:
        Shape (frames, coefficients); row i is centred on sample i × hop.

    Raises:
        AudioError: the samples are not sound (not finite, not one channel, not floating point).

    Examples:
        >>> mfcc(np.zeros(16000, np.float32)).shape
        (101, 20)
    """
    return MfccStream(config)(samples)
