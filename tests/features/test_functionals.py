"""A whole sound in one row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from affetto import features


def of(samples):
    names, values = features.functionals(np.asarray(samples, np.float32))
    assert names == features.functional_names()
    assert values.shape == (len(names),)
    assert values.dtype == np.float32
    return dict(zip(names, values.tolist(), strict=True))


def test_names_are_all_different():
    assert len(set(features.functional_names())) == len(features.functional_names()) == 95


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0),
        np.ones(1),
        np.zeros(16000),
        np.ones(16000),
        np.full(300, 1e6),
        np.tile([1.0, -1.0], 800),
        np.eye(1, 5000, 2500)[0],
    ],
    ids=["empty", "one", "silence", "constant", "huge", "fastest", "click"],
)
def test_values_are_always_finite(samples):
    assert np.isfinite(list(of(samples).values())).all()


@settings(max_examples=25, deadline=None)
@given(arrays(np.float32, st.integers(0, 3000), elements=st.floats(-1, 1, width=32)))
def test_values_of_any_samples_are_finite(samples):
    assert np.isfinite(list(of(samples).values())).all()


def test_what_is_unvoiced_has_no_pitch():
    noise = of(np.random.default_rng(0).standard_normal(16000) * 0.05)
    assert noise["voiced_share"] < 0.02
    assert noise["flatness_unvoiced_mean"] > 0.4
    silence = of(np.zeros(16000))
    assert silence["f0_semitones_mean"] == silence["voiced_segments_per_second"] == 0.0
    assert silence["unvoiced_seconds_mean"] == pytest.approx(1.01)
    assert silence["equivalent_level"] == pytest.approx(-100)


def test_a_voice_is_described(voice):
    found = of(voice)
    assert found["voiced_segments_per_second"] == pytest.approx(1.0, abs=0.05)
    assert 0.8 < found["voiced_share"] < 0.95
    assert found["voiced_seconds_mean"] == pytest.approx(0.9, abs=0.06)
    centre = 12 * np.log2(140 / 27.5)
    assert found["f0_semitones_mean"] == pytest.approx(centre, abs=3)
    assert found["f0_semitones_rise_mean"] > 0 > found["f0_semitones_fall_mean"]
    assert found["hnr_voiced_mean"] > 10


def test_a_higher_and_livelier_voice_measures_so(voice):
    # Played twice as fast, every pitch lies an octave higher and moves in half the time.
    low, high = of(voice), of(voice[::2])
    assert high["f0_semitones_p50"] - low["f0_semitones_p50"] == pytest.approx(12, abs=0.5)
    assert high["f0_semitones_rise_mean"] > 1.5 * low["f0_semitones_rise_mean"]


def test_loudness_moves_level_and_loudness_alone(voice):
    full, half = of(voice), of(voice * 0.5)
    assert full["equivalent_level"] - half["equivalent_level"] == pytest.approx(6.02, abs=0.01)
    assert full["loudness_mean"] > half["loudness_mean"]
    for name in ("f0_semitones_mean", "hammarberg_voiced_mean", "formant1_voiced_mean"):
        assert full[name] == pytest.approx(half[name], rel=0.01)


def test_formants_of_a_vowel():
    # A 110 Hz pulse train through three resonances, those of an open vowel.
    pulses = np.zeros(16000)
    pulses[:: 16000 // 110] = 1.0
    for hertz, width in ((700, 80), (1200, 100), (2600, 150)):
        radius = np.exp(-np.pi * width / 16000)
        first, second = 2 * radius * np.cos(2 * np.pi * hertz / 16000), -(radius**2)
        out = np.zeros_like(pulses)
        for i in range(len(pulses)):
            out[i] = pulses[i] + first * out[i - 1] + second * out[i - 2]
        pulses = out
    found = of(pulses / np.abs(pulses).max() * 0.5)
    assert found["formant1_voiced_mean"] == pytest.approx(700, rel=0.1)
    assert found["formant2_voiced_mean"] == pytest.approx(1200, rel=0.1)
    assert found["formant3_voiced_mean"] == pytest.approx(2600, rel=0.1)


@pytest.mark.corpora
def test_a_woman_and_a_man(clips):
    man, woman, _ = (of(clip) for clip in clips)
    assert woman["f0_semitones_p50"] > man["f0_semitones_p50"] + 5
