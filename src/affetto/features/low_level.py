"""Low-level descriptors: what the functionals are statistics of, one row per frame."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE, power_frames
from affetto.errors import OptionError
from affetto.features.cepstrum import MfccConfig, cepstra
from affetto.features.formants import formants
from affetto.features.intensity import EnergyConfig, energy_rows
from affetto.features.mel import MelConfig, mel_filters
from affetto.features.spectrum import SPECTRAL_COLUMNS, SpectralConfig, SpectralShape
from affetto.features.stream import RowStream
from affetto.features.yin import PitchConfig, pitch_rows

__all__ = ["DESCRIPTORS", "DescriptorStream", "FunctionalsConfig", "descriptors"]

CEPSTRA = 4

DESCRIPTORS = (
    "f0",
    "hnr",
    "level",
    "zero_crossing_rate",
    "loudness",
    *(f"mfcc{number}" for number in range(1, CEPSTRA + 1)),
    *SPECTRAL_COLUMNS,
    "h1_h2",
    "h1_a3",
    "formant1",
    "formant2",
    "formant3",
)
"""What the columns of `descriptors` are."""

SEMITONES_FROM = 27.5
"""Hertz of semitone 0: A0."""


@dataclass(frozen=True, slots=True)
class FunctionalsConfig:
    """How the descriptors, and the functionals of them, are measured.

    Attributes:
        pitch: how pitch is found; its frames are those of every descriptor.
        bands: mel bands from 20 Hz to 8 kHz that loudness and MFCCs see.
    """

    pitch: PitchConfig = field(default_factory=PitchConfig)
    bands: int = 26

    def __post_init__(self) -> None:
        if self.bands <= CEPSTRA:
            raise OptionError(f"found {self.bands} mel bands, expected more than {CEPSTRA}")


def _voice(
    power: NDArray[np.float32], f0: NDArray[np.float32], bin_width: float
) -> NDArray[np.float32]:
    """Measure harmonics and formants of voiced frames, shape (frames, 5)."""
    decibel = 10.0 * np.log10(power + np.float32(1e-10))
    tract = formants(power)
    last = power.shape[1] - 1

    def highest(centre: NDArray[np.float32], reach: NDArray[np.intp]) -> NDArray[np.float32]:
        middle = np.rint(centre / bin_width).astype(np.intp)
        offset = np.arange(-reach.max(), reach.max() + 1)
        around = np.clip(middle[:, None] + offset[None, :], 0, last)
        near = np.abs(offset)[None, :] <= reach[:, None]
        rows = np.where(near, np.take_along_axis(decibel, around, axis=1), -np.inf)
        return np.asarray(rows.max(axis=1), np.float32)

    one = np.ones(len(f0), np.intp)
    first = highest(f0, one)
    third = tract[:, 2]
    # The strongest harmonic near a formant lies at most half a fundamental off.
    half = np.ceil(f0 / 2.0 / bin_width).astype(np.intp)
    strongest = highest(np.where(np.isnan(third), 0.0, third), half)
    h1_a3 = np.where(np.isnan(third), np.nan, first - strongest)
    return np.column_stack([first - highest(2.0 * f0, one), h1_a3, tract])


class DescriptorStream(RowStream):
    """The rows of `descriptors` from chunks of any size.

    Examples:
        >>> stream = DescriptorStream()
        >>> len(stream.feed(np.zeros(4000, np.float32))) + len(stream.finish())
        26
    """

    def __init__(self, config: FunctionalsConfig | None = None) -> None:
        self.config = config or FunctionalsConfig()
        pitch = self.config.pitch
        super().__init__(n_fft=pitch.n_fft, hop=pitch.hop)
        mel = MelConfig(
            n_fft=pitch.n_fft,
            hop=pitch.hop,
            bands=self.config.bands,
            low=20.0,
            high=SAMPLE_RATE / 2,
        )
        self._filters = mel_filters(mel)
        self._mfcc = MfccConfig(coefficients=CEPSTRA + 1, mel=mel)
        self._energy = EnergyConfig(n_fft=pitch.n_fft, hop=pitch.hop)
        self._shape = SpectralShape(SpectralConfig(n_fft=pitch.n_fft, hop=pitch.hop))

    def _rows(self, padded: NDArray[np.float32]) -> NDArray[np.float32]:
        pitch = self.config.pitch
        power = power_frames(padded, n_fft=pitch.n_fft, hop=pitch.hop)
        if not len(power):
            return np.empty((0, len(DESCRIPTORS)), np.float32)
        f0, periodicity = pitch_rows(padded, pitch).T
        voiced = f0 > 0.0
        mel = power.astype(np.float64) @ self._filters
        voice = np.full((len(power), 5), np.nan, np.float32)
        if voiced.any():
            voice[voiced] = _voice(power[voiced], f0[voiced], SAMPLE_RATE / pitch.n_fft)
        semitones = 12.0 * np.log2(np.where(voiced, f0, 1.0) / SEMITONES_FROM)
        harmonic = np.clip(periodicity, 1e-4, 1.0 - 1e-4).astype(np.float64)
        return np.column_stack(
            [
                np.where(voiced, semitones, np.nan),
                np.where(voiced, 10.0 * np.log10(harmonic / (1.0 - harmonic)), np.nan),
                energy_rows(padded, self._energy),
                # Loudness grows about with the cube root of a band's power (Stevens).
                np.sum(np.cbrt(mel), axis=1),
                cepstra(mel, self._mfcc)[:, 1:],
                self._shape.rows(power),
                voice,
            ]
        ).astype(np.float32)

    def _reset(self) -> None:
        self._shape.reset()


def descriptors(
    samples: NDArray[np.float32], config: FunctionalsConfig | None = None
) -> NDArray[np.float32]:
    """Measure the low-level descriptors of each frame, from one short-time transform.

    Args:
        samples: shape (samples,), 16 kHz.
        config: how they are measured.

    Returns:
        Shape (frames, 22), columns as `DESCRIPTORS`: pitch in semitones above A0 (27.5 Hz) and
        harmonics-to-noise ratio in dB; level in dB and zero crossings per sample (see `energy`);
        loudness (sum of the cube roots of the mel bands' power); MFCC 1-4 of mel power in dB; the
        eight columns of `spectral`; level of the first harmonic over the second and over the
        strongest near formant 3, dB; formants 1-3 in Hz. What only a voice has is NaN in unvoiced
        frames.

    Raises:
        AudioError: the samples are not sound (not finite, not one channel, not floating point).

    Examples:
        >>> descriptors(np.zeros(16000, np.float32)).shape
        (101, 22)
    """
    return DescriptorStream(config)(samples)
