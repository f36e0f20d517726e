"""Sounds at the edge: empty, short, silent, broken; and options that contradict each other."""

import numpy as np
import pytest

from affetto import features
from affetto.errors import AffettoError, AudioError, OptionError

ROWS = {
    "mfcc": features.mfcc,
    "chroma": features.chroma,
    "pitch": features.pitch,
    "energy": features.energy,
    "spectral": features.spectral,
    "descriptors": features.descriptors,
}
ALL = {**ROWS, "functionals": features.functionals, "picture": features.picture}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("count", [0, 1, 100, 159, 160, 1023, 1024, 20000])
def test_rows_follow_from_the_length(name, count):
    rows = ROWS[name](np.full(count, 0.1, np.float32))
    assert len(rows) == count // 160 + 1
    if name != "descriptors":
        assert np.isfinite(rows).all()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "samples",
    [
        np.array([0.0, np.nan], np.float32),
        np.array([np.inf, 0.0], np.float32),
        np.array([1e9], np.float32),
        np.zeros((2, 100), np.float32),
        np.zeros(100, np.int16),
    ],
    ids=["nan", "infinite", "huge", "stereo", "whole numbers"],
)
def test_what_is_no_sound_is_refused_in_one_line(name, samples):
    with pytest.raises(AudioError, match=r"found .* expected .*: ") as caught:
        ALL[name](samples)
    assert "\n" not in str(caught.value)


def test_float64_is_welcome(voice):
    found = features.mfcc(voice.astype(np.float64))
    np.testing.assert_array_equal(found, features.mfcc(voice))


def test_silence():
    silence = np.zeros(16000, np.float32)
    assert (features.pitch(silence) == 0).all()
    assert (features.chroma(silence) == 0).all()
    assert (features.energy(silence)[:, 0] == -100).all()
    spectral = dict(zip(features.SPECTRAL_COLUMNS, features.spectral(silence)[50], strict=True))
    assert spectral["flatness"] == pytest.approx(1.0, abs=1e-5)
    assert spectral["flux"] == spectral["slope_0_500"] == 0.0
    assert (features.picture(silence) == features.colour_map()[0]).all()


def test_pitch_of_tones():
    time = np.arange(16000) / 16000
    for hertz in (70.0, 123.0, 250.0, 333.3, 550.0):
        tone = (0.1 * np.sign(np.sin(2 * np.pi * hertz * time))).astype(np.float32)
        f0 = features.pitch(tone)[10:-10, 0]
        np.testing.assert_allclose(f0, hertz, rtol=0.01)


def test_noise_and_hiss_are_unvoiced():
    noise = np.random.default_rng(0).standard_normal(48000).astype(np.float32)
    assert (features.pitch(noise * 0.1)[:, 0] > 0).mean() < 0.02
    assert (features.pitch(np.diff(noise) * 0.1)[:, 0] > 0).mean() < 0.02


def test_chroma_of_a_chord():
    time = np.arange(16000) / 16000
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (261.63, 329.63, 392.0)) * 0.2
    loudest = np.argsort(features.chroma(chord.astype(np.float32))[50])[-3:]
    assert sorted(loudest.tolist()) == [0, 4, 7]


@pytest.mark.parametrize(
    "make",
    [
        lambda: features.MfccConfig(coefficients=65),
        lambda: features.ChromaConfig(n_fft=1023),
        lambda: features.ChromaConfig(tuning=2.0),
        lambda: features.ChromaConfig(spread=0.0),
        lambda: features.PitchConfig(low=20.0),
        lambda: features.PitchConfig(trough=0.0),
        lambda: features.EnergyConfig(hop=0),
        lambda: features.SpectralConfig(rolloff=1.0),
        lambda: features.SpectralConfig(n_fft=64),
        lambda: features.FunctionalsConfig(bands=3),
        lambda: features.PictureConfig(height=0),
        lambda: features.delta(np.zeros((20, 2), np.float32), width=4),
        lambda: features.DeltaStream(order=0),
    ],
)
def test_options_that_can_not_be_are_refused(make):
    with pytest.raises(OptionError, match=r"found .* expected") as caught:
        make()
    assert isinstance(caught.value, AffettoError)


def test_deltas_of_few_rows():
    ramp = np.arange(40, dtype=np.float32)[:, None]
    for count in range(3, 12):
        np.testing.assert_allclose(features.delta(ramp[:count]), 1.0, atol=1e-6)
    for count in range(3):
        assert (features.delta(ramp[:count]) == 0).all()


def test_every_public_name_is_there():
    for name in features.__all__:
        assert getattr(features, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = features.nothing
