"""What can be measured in a voice: the front end of the models, and the field's classic features.

Every feature comes whole (`mfcc(samples)`) and in chunks of any size (`MfccStream().feed(chunk)`),
with the same rows, one per 10 ms unless its configuration says otherwise.

Examples:
    >>> import numpy as np
    >>> from affetto import features
    >>> features.log_mel(np.zeros(16000, np.float32)).shape
    (101, 64)
"""

from typing import TYPE_CHECKING

from affetto.lazy import lazily

if TYPE_CHECKING:
    from affetto.features.cepstrum import MfccConfig, MfccStream, mfcc
    from affetto.features.chromagram import ChromaConfig, ChromaStream, chroma
    from affetto.features.derivative import DeltaStream, delta
    from affetto.features.front_end import FrontEnd, FrontEndConfig
    from affetto.features.functional_set import functional_names, functionals
    from affetto.features.intensity import ENERGY_COLUMNS, EnergyConfig, EnergyStream, energy
    from affetto.features.level import LevelConfig, LevelTracker
    from affetto.features.low_level import (
        DESCRIPTORS,
        DescriptorStream,
        FunctionalsConfig,
        descriptors,
    )
    from affetto.features.mel import LogMelStream, MelConfig, log_mel, mel_centres, mel_filters
    from affetto.features.spectrogram import PictureConfig, colour_map, picture
    from affetto.features.spectrum import SPECTRAL_COLUMNS, SpectralConfig, SpectralStream, spectral
    from affetto.features.stream import FeatureStream, RowStream
    from affetto.features.yin import PITCH_COLUMNS, PitchConfig, PitchStream, pitch

_HOMES = {
    "ChromaConfig": "chromagram",
    "ChromaStream": "chromagram",
    "DESCRIPTORS": "low_level",
    "DeltaStream": "derivative",
    "DescriptorStream": "low_level",
    "ENERGY_COLUMNS": "intensity",
    "EnergyConfig": "intensity",
    "EnergyStream": "intensity",
    "FeatureStream": "stream",
    "FrontEnd": "front_end",
    "FrontEndConfig": "front_end",
    "FunctionalsConfig": "low_level",
    "LevelConfig": "level",
    "LevelTracker": "level",
    "LogMelStream": "mel",
    "MelConfig": "mel",
    "MfccConfig": "cepstrum",
    "MfccStream": "cepstrum",
    "PITCH_COLUMNS": "yin",
    "PictureConfig": "spectrogram",
    "PitchConfig": "yin",
    "PitchStream": "yin",
    "RowStream": "stream",
    "SPECTRAL_COLUMNS": "spectrum",
    "SpectralConfig": "spectrum",
    "SpectralStream": "spectrum",
    "chroma": "chromagram",
    "colour_map": "spectrogram",
    "delta": "derivative",
    "descriptors": "low_level",
    "energy": "intensity",
    "functional_names": "functional_set",
    "functionals": "functional_set",
    "log_mel": "mel",
    "mel_centres": "mel",
    "mel_filters": "mel",
    "mfcc": "cepstrum",
    "picture": "spectrogram",
    "pitch": "yin",
    "spectral": "spectrum",
}

__all__ = [
    "DESCRIPTORS",
    "ENERGY_COLUMNS",
    "PITCH_COLUMNS",
    "SPECTRAL_COLUMNS",
    "ChromaConfig",
    "ChromaStream",
    "DeltaStream",
    "DescriptorStream",
    "EnergyConfig",
    "EnergyStream",
    "FeatureStream",
    "FrontEnd",
    "FrontEndConfig",
    "FunctionalsConfig",
    "LevelConfig",
    "LevelTracker",
    "LogMelStream",
    "MelConfig",
    "MfccConfig",
    "MfccStream",
    "PictureConfig",
    "PitchConfig",
    "PitchStream",
    "RowStream",
    "SpectralConfig",
    "SpectralStream",
    "chroma",
    "colour_map",
    "delta",
    "descriptors",
    "energy",
    "functional_names",
    "functionals",
    "log_mel",
    "mel_centres",
    "mel_filters",
    "mfcc",
    "picture",
    "pitch",
    "spectral",
]

__getattr__ = lazily(__name__, _HOMES)
