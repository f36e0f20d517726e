"""Clean-up: what it takes away, what it leaves, and the loudness it reaches."""

import math

import numpy as np
import pytest

from affetto import audio
from affetto.errors import OptionError

RATE = 16_000


def sine(hertz, level=0.1, seconds=4.0, rate=RATE):
    return level * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def decibels(samples):
    return 20 * math.log10(np.std(samples))


@pytest.fixture(scope="module")
def noisy():
    """Tones of half a second with as long gaps, and the same with steady noise at -40 dB."""
    gate = (np.arange(10 * RATE) // (RATE // 2)) % 2
    ramp = np.convolve(gate, np.hanning(801) / np.hanning(801).sum(), mode="same")
    pure = (sine(440, 0.2, 10) + sine(1320, 0.05, 10)) * ramp
    return pure, pure + 0.01 * np.random.default_rng(0).standard_normal(len(pure)), ramp


def test_nothing_asked_nothing_done():
    samples = sine(440).astype(np.float32)
    cleaned = audio.clean(samples)
    np.testing.assert_array_equal(cleaned, samples)
    assert cleaned is not samples


def test_highpass_takes_the_rumble_and_leaves_the_voice():
    rumble, voice = sine(50, 0.3), sine(400, 0.1)
    assert decibels(audio.clean(rumble, highpass=200)[RATE:]) < decibels(rumble) - 40
    assert decibels(audio.clean(voice, highpass=200)[RATE:]) == pytest.approx(
        decibels(voice), abs=0.1
    )
    corner = audio.clean(sine(200), highpass=200)[RATE:]
    assert decibels(corner) == pytest.approx(decibels(sine(200)) - 3, abs=0.1)


def test_denoise_quiets_the_gaps_and_keeps_the_sound(noisy):
    pure, mixed, ramp = noisy
    cleaned = audio.clean(mixed, denoise=True)
    gaps, sounds = ramp < 0.001, ramp > 0.999
    assert decibels(cleaned[gaps]) < decibels(mixed[gaps]) - 12
    assert decibels(cleaned[sounds]) == pytest.approx(decibels(mixed[sounds]), abs=0.2)
    assert np.std(cleaned - pure) < 0.5 * np.std(mixed - pure)


def test_denoise_leaves_a_clean_sound(noisy):
    pure, _, _ = noisy
    np.testing.assert_allclose(audio.clean(pure, denoise=True), pure, atol=0.002)


def test_denoise_does_not_depend_on_batches(noisy, monkeypatch):
    from affetto.audio import cleanup

    _, mixed, _ = noisy
    whole = audio.clean(mixed, denoise=True)
    monkeypatch.setattr(cleanup, "_BATCH", 100)
    np.testing.assert_allclose(audio.clean(mixed, denoise=True), whole, atol=1e-6)


@pytest.mark.parametrize("target", [-30, -23, -16])
def test_loudness_reaches_its_target(target):
    cleaned = audio.clean(sine(500), loudness=target)
    assert audio.loudness(cleaned) == pytest.approx(target, abs=0.01)


def test_loudness_never_exceeds_full_scale():
    spiky = sine(500, 0.01)
    spiky[1000] = 0.9
    assert np.abs(audio.clean(spiky, loudness=-10)).max() == pytest.approx(1.0, abs=1e-6)


def test_each_channel_is_cleaned_by_itself():
    rows = np.stack([sine(500, 0.2), sine(700, 0.01)])
    cleaned = audio.clean(rows, highpass=80, loudness=-23)
    assert cleaned.shape == rows.shape
    for row in cleaned:
        assert audio.loudness(row) == pytest.approx(-23, abs=0.01)


@pytest.mark.parametrize("length", [0, 1, 100, 511, 512, 513, 2000])
def test_short_and_silent_sounds(length):
    for samples in (np.zeros(length), np.full(length, 0.1)):
        cleaned = audio.clean(samples, highpass=80, denoise=True, loudness=-23)
        assert cleaned.shape == (length,)
        assert cleaned.dtype == np.float32
        assert np.isfinite(cleaned).all()


@pytest.mark.parametrize(
    "options",
    [
        {"highpass": 0},
        {"highpass": -5},
        {"highpass": 8000},
        {"highpass": math.nan},
        {"loudness": 3},
        {"loudness": -90},
        {"loudness": math.nan},
    ],
)
def test_options_out_of_range(options):
    with pytest.raises(OptionError, match="expected"):
        audio.clean(sine(440), **options)


def test_samples_of_another_shape():
    with pytest.raises(OptionError, match="shape"):
        audio.clean(np.zeros((2, 3, 4)))


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize(("level", "lufs"), [(-20, -23.0), (-6, -9.0), (-40, -43.0)])
def test_a_sine_of_997_hz_reads_its_level_less_3_db(rate, level, lufs):
    samples = sine(997, 10 ** (level / 20), rate=rate)
    assert audio.loudness(samples, rate=rate) == pytest.approx(lufs, abs=0.15)


def test_two_equal_channels_are_3_lu_louder():
    one = sine(997)
    assert audio.loudness(np.stack([one, one])) == pytest.approx(
        audio.loudness(one) + 3.01, abs=0.01
    )


def test_k_weighting_lifts_the_treble_and_drops_the_bass():
    middle = audio.loudness(sine(500, rate=48000), rate=48000)
    assert audio.loudness(sine(8000, rate=48000), rate=48000) == pytest.approx(middle + 4, abs=0.3)
    assert audio.loudness(sine(30, rate=48000), rate=48000) < middle - 5


def test_the_gates_leave_pauses_out():
    # As in EBU Tech 3341: what is 10 LU below the rest does not count, nor does silence.
    speech, murmur = sine(997, 0.1, 10), sine(997, 0.01, 10)
    alone = audio.loudness(speech)
    assert audio.loudness(np.concatenate([speech, np.zeros(10 * RATE)])) == pytest.approx(
        alone, abs=0.2
    )
    assert audio.loudness(np.concatenate([murmur, speech, murmur])) == pytest.approx(alone, abs=0.2)


def test_silence_and_nothing_have_no_loudness():
    assert audio.loudness(np.zeros(RATE)) == -math.inf
    assert audio.loudness(np.zeros(0)) == -math.inf
