"""The figures are librosa's."""

import numpy as np
import pytest

from affetto import features
from affetto.features import ChromaConfig, EnergyConfig, MelConfig, MfccConfig, PitchConfig

librosa = pytest.importorskip("librosa")

MELS = [
    MelConfig(),
    MelConfig(n_fft=512, hop=256, bands=40, low=0.0, high=8000.0, scale="slaney", area=True),
]


def librosa_mel(samples, mel):
    power = librosa.feature.melspectrogram(
        y=samples.astype(np.float64),
        sr=16000,
        n_fft=mel.n_fft,
        hop_length=mel.hop,
        n_mels=mel.bands,
        fmin=mel.low,
        fmax=mel.high,
        htk=mel.scale == "htk",
        norm="slaney" if mel.area else None,
        pad_mode="constant",
    )
    return power.T


def check_mfcc(samples, mel):
    config = MfccConfig(coefficients=20, mel=mel)
    decibel = librosa.power_to_db(librosa_mel(samples, mel).T, ref=1.0, top_db=None)
    expected = librosa.feature.mfcc(S=decibel, n_mfcc=20).T
    found = features.mfcc(samples, config)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def check_natural(samples, mel):
    config = MfccConfig(coefficients=mel.bands, mel=mel, log="natural")
    logarithm = np.log(librosa_mel(samples, mel) + 1.1920929e-07)
    expected = librosa.feature.mfcc(S=logarithm.T, n_mfcc=mel.bands).T
    np.testing.assert_allclose(features.mfcc(samples, config), expected, rtol=0, atol=1e-4)


def check_chroma(samples, config, norm):
    expected = librosa.feature.chroma_stft(
        y=samples,
        sr=16000,
        n_fft=config.n_fft,
        hop_length=config.hop,
        tuning=config.tuning,
        norm=norm,
        octwidth=config.spread,
        pad_mode="constant",
    )
    np.testing.assert_allclose(features.chroma(samples, config), expected.T, atol=1e-4)


def check_pitch(samples, config):
    found = features.pitch(samples, config)
    expected = librosa.yin(
        samples,
        fmin=config.low,
        fmax=config.high,
        sr=16000,
        frame_length=config.n_fft,
        hop_length=config.hop,
    )
    voiced = found[:, 0] > 0
    assert voiced.mean() > 0.1
    np.testing.assert_allclose(found[voiced, 0], expected[voiced], rtol=0.02)


@pytest.mark.parametrize("mel", MELS)
def test_log_mel_of_a_made_up_voice(voice, mel):
    expected = np.log(librosa_mel(voice, mel) + 1.1920929e-07)
    np.testing.assert_allclose(features.log_mel(voice, mel), expected, atol=1e-4)


@pytest.mark.parametrize("mel", MELS)
def test_mfcc_of_a_made_up_voice(voice, mel):
    check_mfcc(voice, mel)
    check_natural(voice, mel)


@pytest.mark.parametrize(
    ("config", "norm"),
    [
        (ChromaConfig(), np.inf),
        (ChromaConfig(n_fft=4096, hop=512, tuning=0.3, norm="sum"), 1),
        (ChromaConfig(spread=None), np.inf),
    ],
)
def test_chroma_of_a_made_up_voice(voice, config, norm):
    check_chroma(voice, config, norm)


@pytest.mark.parametrize("config", [PitchConfig(), PitchConfig(n_fft=2048, low=80, high=400)])
def test_pitch_of_a_made_up_voice(voice, config):
    check_pitch(voice, config)


@pytest.mark.parametrize(("width", "order"), [(9, 1), (9, 2), (5, 1), (3, 1)])
def test_deltas(voice, width, order):
    rows = features.mfcc(voice)
    expected = librosa.feature.delta(rows, width=width, order=order, axis=0)
    np.testing.assert_allclose(features.delta(rows, width=width, order=order), expected, atol=1e-4)


def test_level_and_zero_crossings(voice):
    level, crossings = features.energy(voice, EnergyConfig(floor=-100.0)).T
    rms = librosa.feature.rms(
        y=voice, frame_length=1024, hop_length=160, center=True, pad_mode="constant"
    )[0]
    np.testing.assert_allclose(level, 20 * np.log10(np.maximum(rms, 1e-5)), atol=1e-3)
    # librosa repeats the edge sample beyond the edges; inside, the counts are the same.
    expected = librosa.feature.zero_crossing_rate(voice, frame_length=1024, hop_length=160)[0]
    np.testing.assert_allclose(crossings[4:-4], expected[4:-4], atol=1.5 / 1024)


def test_centroid_and_rolloff(voice):
    power = np.abs(librosa.stft(voice, n_fft=1024, hop_length=160, pad_mode="constant")) ** 2
    loud = power.sum(axis=0) > 1e-3
    rows = features.spectral(voice)
    centroid = librosa.feature.spectral_centroid(S=power, sr=16000, n_fft=1024)[0]
    np.testing.assert_allclose(rows[loud, 0], centroid[loud], rtol=1e-3)
    rolloff = librosa.feature.spectral_rolloff(S=power, sr=16000, n_fft=1024)[0]
    np.testing.assert_allclose(rows[loud, 1], rolloff[loud], atol=16)


@pytest.mark.corpora
def test_real_clips(clips):
    for samples in clips:
        check_mfcc(samples, MelConfig())
        check_chroma(samples, ChromaConfig(), np.inf)
        check_pitch(samples, PitchConfig())
        expected = np.log(librosa_mel(samples, MelConfig()) + 1.1920929e-07)
        np.testing.assert_allclose(features.log_mel(samples), expected, atol=1e-4, rtol=1e-4)
