"""What augmentation does to a voice, for any seed and any length."""

import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.errors import OptionError
from affetto.lab import augment
from affetto.lab.augment import Chain, generator, parse
from affetto.lab.augment.parse import NAMES

RATE = 16_000
quick = settings(max_examples=25, deadline=None)

KEEPING = {
    "noise pink": partial(augment.noise, snr_db=(0.0, 20.0)),
    "noise white": partial(augment.noise, source="white"),
    "noise brown": partial(augment.noise, source="brown"),
    "noise babble": partial(augment.noise, source="babble"),
    "noise music": partial(augment.noise, source="music"),
    "noise clips": partial(
        augment.noise, source=[np.ones(7, np.float32), np.ones(50_000, np.float32)], voices=3
    ),
    "reverb": augment.reverb,
    "telephone": augment.telephone,
    "resample": augment.resample,
    "gain": augment.gain,
    "clip": augment.clip,
    "eq": augment.eq,
    "pitch": augment.pitch,
    "shift": augment.shift,
}
CODECS = {name: partial(augment.codec, name=name) for name in augment.CODECS}


def voice(length, seed=0):
    """Make something like a voice: a few harmonics that come and go, with pauses."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(length) / RATE
    turn = 2 * np.pi * np.cumsum(150 + 30 * np.sin(2 * np.pi * 0.7 * seconds)) / RATE
    sound = sum(np.sin(order * turn) / order for order in range(1, 12))
    swell = np.maximum(np.sin(2 * np.pi * 3 * seconds + rng.uniform(0, 6)), 0)
    return (0.1 * swell * sound + 1e-4 * rng.standard_normal(length)).astype(np.float32)


def rms(samples):
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def db(ratio):
    return 20 * np.log10(np.maximum(ratio, 1e-9))


def spectrum_peak(samples):
    return np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples))))) * RATE / len(samples)


@pytest.mark.parametrize("name", KEEPING)
@quick
@given(length=st.one_of(st.integers(0, 50), st.integers(0, 20_000)), seed=st.integers(0, 2**32))
def test_a_step_keeps_the_length_repeats_itself_and_leaves_its_input(name, length, seed):
    samples = voice(length)
    before = samples.copy()
    first = KEEPING[name](samples, np.random.default_rng(seed))
    again = KEEPING[name](samples, np.random.default_rng(seed))
    assert first.dtype == np.float32
    assert first.shape == (length,)
    assert (first == again).all()
    assert np.isfinite(first).all()
    assert np.abs(first).max(initial=0) <= 1.0
    assert (samples == before).all()


@pytest.mark.parametrize("name", CODECS)
@settings(max_examples=6, deadline=None)
@given(length=st.integers(0, 9_000))
def test_a_codec_keeps_the_length_and_repeats_itself(name, length):
    samples = voice(length)
    first = CODECS[name](samples, np.random.default_rng(0))
    assert first.dtype == np.float32
    assert first.shape == (length,)
    assert (first == CODECS[name](samples, np.random.default_rng(1))).all()
    assert np.abs(first).max(initial=0) <= 1.0


@pytest.mark.parametrize("name", {**KEEPING, **CODECS})
def test_silence_stays_silent(name):
    silence = np.zeros(4000, np.float32)
    changed = {**KEEPING, **CODECS}[name](silence, np.random.default_rng(0))
    assert np.abs(changed).max() < 1e-3


@pytest.mark.parametrize("name", CODECS)
def test_a_codec_neither_delays_nor_changes_the_level(name):
    samples = voice(3 * RATE)
    coded = CODECS[name](samples, np.random.default_rng(0))
    swells = [np.convolve(np.abs(sound), np.hanning(320), "same") for sound in (samples, coded)]
    lags = range(-400, 401)
    likeness = [np.corrcoef(swells[0], np.roll(swells[1], -lag))[0, 1] for lag in lags]
    assert abs(lags[int(np.argmax(likeness))]) <= 40  # 2.5 ms
    assert abs(db(rms(coded) / rms(samples))) < 2.0
    assert rms(coded - samples) > 1e-4


def test_fewer_bits_lose_more():
    samples = voice(2 * RATE)

    def loss(kbps):
        coded = augment.codec(samples, np.random.default_rng(0), name="mp3", kbps=kbps)
        return rms(coded - samples)

    assert loss(8) > loss(32) > loss(64)


def test_a_resampled_voice_is_the_same_up_to_half_the_other_rate():
    samples = voice(2 * RATE)
    same = augment.resample(samples, np.random.default_rng(0), hertz=44_100)
    assert rms((same - samples)[500:-500]) < 0.01 * rms(samples)
    hiss = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    low = np.abs(np.fft.rfft(augment.resample(hiss, np.random.default_rng(0), hertz=8_000)))
    assert low[4500:].mean() < 0.05 * low[:3500].mean()
    assert parse("resample:44.1kHz").steps[0].keywords == {"hertz": 44_100.0}
    with pytest.raises(OptionError, match="expected 4000 to 192000"):
        augment.resample(samples, np.random.default_rng(0), hertz=100)


@pytest.mark.parametrize("source", ["white", "pink", "brown", "babble", "music"])
def test_noise_has_the_ratio_asked_for(source):
    samples = voice(RATE)
    mixed = augment.noise(samples, np.random.default_rng(1), snr_db=12.0, source=source)
    assert db(rms(samples) / rms(mixed - samples)) == pytest.approx(12.0, abs=0.01)


def test_noise_that_would_clip_scales_the_whole_down():
    samples = np.full(RATE, 0.9, np.float32)
    mixed = augment.noise(samples, np.random.default_rng(0), snr_db=0.0)
    assert np.abs(mixed).max() == pytest.approx(1.0)


def test_noise_comes_from_a_folder_of_recordings(tmp_path):
    import soundfile

    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32) / 2
    (tmp_path / "inner").mkdir()
    soundfile.write(tmp_path / "inner" / "tone.wav", tone, RATE)
    samples = voice(2 * RATE)
    chain = parse(f"noise:0dB:{tmp_path}")
    added = chain(samples, np.random.default_rng(0)) - samples
    assert spectrum_peak(added) == pytest.approx(1000, abs=5)


def test_colours_fall_as_they_should():
    rng = np.random.default_rng(0)

    def fall(colour):
        power = np.abs(np.fft.rfft(augment.coloured(1 << 17, rng, colour=colour))) ** 2
        hertz = np.fft.rfftfreq(1 << 17, 1 / RATE)

        def at(middle):
            near = (hertz > middle / 1.4) & (hertz < middle * 1.4)
            return 10 * np.log10(power[near].mean())

        return (at(200) - at(3200)) / 4  # four octaves

    assert fall("white") == pytest.approx(0.0, abs=0.3)
    assert fall("pink") == pytest.approx(3.0, abs=0.3)
    assert fall("brown") == pytest.approx(6.0, abs=0.3)


def test_music_differs_from_seed_to_seed_and_has_tones():
    one, other = (augment.music(3 * RATE, np.random.default_rng(seed)) for seed in (0, 1))
    assert np.abs(np.corrcoef(one, other)[0, 1]) < 0.5
    power = np.sort(np.abs(np.fft.rfft(one)) ** 2)[::-1]
    assert power[: len(power) // 50].sum() > 0.5 * power.sum()


def test_a_room_decays_by_sixty_decibels_in_its_time():
    response = augment.room_response(np.random.default_rng(0), t60=0.6, direct_db=-10.0)
    energy = np.cumsum(response[::-1].astype(np.float64) ** 2)[::-1]
    curve = 10 * np.log10(energy / energy[0])
    first, last = np.argmax(curve < -10), np.argmax(curve < -30)
    assert (last - first) / RATE * 3 == pytest.approx(0.6, rel=0.25)


def test_reverb_keeps_loudness_and_blurs():
    samples = voice(2 * RATE)
    wet = augment.reverb(samples, np.random.default_rng(0), t60=0.8, direct_db=-3.0)
    assert db(rms(wet) / rms(samples)) == pytest.approx(0.0, abs=0.1)
    quiet = np.abs(samples) < 1e-3
    assert rms(wet[quiet]) > 10 * rms(samples[quiet])


def test_measured_responses_are_used():
    echo = np.zeros(1000, np.float32)
    echo[[0, 800]] = 1.0, 0.5
    click = np.zeros(3000, np.float32)
    click[100] = 0.5
    wet = augment.reverb(click, np.random.default_rng(0), responses=[echo])
    assert set(np.flatnonzero(np.abs(wet) > 0.01)) == {100, 900}


def test_the_shared_noises_and_rooms_serve(shared):
    pytest.importorskip("av")
    samples = voice(RATE)
    for text in (f"noise:5dB:{shared / 'noise' / 'esc10'}", f"reverb:{shared / 'noise' / 'rir'}"):
        changed = parse(text)(samples, np.random.default_rng(0))
        assert changed.shape == samples.shape
        assert rms(changed - samples) > 1e-3


def test_a_telephone_passes_only_its_band():
    def passed(hertz):
        tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE).astype(np.float32)
        return db(rms(augment.telephone(tone, np.random.default_rng(0))[2000:-2000]) / rms(tone))

    assert passed(1000) == pytest.approx(0.0, abs=0.5)
    assert passed(3000) == pytest.approx(0.0, abs=0.5)
    assert passed(100) < -25
    assert passed(4500) < -25


def test_gain_and_clipping_do_what_they_say():
    samples = voice(RATE)
    rng = np.random.default_rng(0)
    assert augment.gain(samples, rng, db=-20.0) == pytest.approx(samples / 10, abs=1e-6)
    clipped = augment.clip(samples, rng, db=12.0)
    assert db(rms(clipped) / rms(samples)) == pytest.approx(0.0, abs=0.1)
    assert np.mean(np.abs(clipped) > 0.999 * np.abs(clipped).max()) > 0.02


def test_eq_changes_the_tone_and_keeps_the_level():
    samples = voice(RATE)
    toned = augment.eq(samples, np.random.default_rng(3), db=12.0)
    assert db(rms(toned) / rms(samples)) == pytest.approx(0.0, abs=0.1)
    assert np.corrcoef(toned, samples)[0, 1] < 0.999


@pytest.mark.parametrize("high", [False, True])
@pytest.mark.parametrize("lift", [6.0, -6.0])
def test_a_shelf_lifts_its_side_alone(high, lift):
    import scipy.signal

    from affetto.lab.augment.voice import _shelf

    _, reply = scipy.signal.sosfreqz(_shelf(lift, 1000.0, high=high)[None], [20.0, 7900.0], fs=RATE)
    low_side, high_side = db(np.abs(reply))
    assert (high_side if high else low_side) == pytest.approx(lift, abs=0.2)
    assert (low_side if high else high_side) == pytest.approx(0.0, abs=0.2)


@quick
@given(length=st.integers(0, 5000), factor=st.integers(25, 400))
def test_speed_has_its_length(length, factor):
    changed = augment.speed(voice(length), np.random.default_rng(0), factor=factor / 100)
    assert len(changed) == pytest.approx(length * 100 / factor, abs=0.51)
    assert changed.dtype == np.float32


def test_speed_moves_the_pitch_and_pitch_does_not_move_the_tempo():
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE).astype(np.float32)
    rng = np.random.default_rng(0)
    assert spectrum_peak(augment.speed(tone, rng, factor=1.25)) == pytest.approx(550, abs=2)
    for semitones in (-7.0, -2.0, 3.0, 12.0):
        moved = augment.pitch(tone, rng, semitones=semitones)
        assert spectrum_peak(moved) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.01)
        assert rms(moved[4000:-4000]) == pytest.approx(rms(tone), rel=0.1)

    beat = np.zeros(2 * RATE, np.float32)
    beat[8000:16000] = tone[8000:16000]
    moved = augment.pitch(beat, rng, semitones=5.0)
    assert rms(moved[9000:15000]) > 0.3
    assert rms(moved[:7000]) + rms(moved[17000:]) < 0.01


@quick
@given(
    before=st.floats(0, 0.3),
    after=st.floats(0, 0.3),
    seconds=st.floats(-0.3, 0.3),
    length=st.integers(0, 4000),
)
def test_padding_and_shifting_keep_the_samples(before, after, seconds, length):
    samples = voice(length)
    rng = np.random.default_rng(0)
    padded = augment.pad(samples, rng, before=before, after=after)
    assert len(padded) == length + round(before * RATE) + round(after * RATE)
    assert (padded[round(before * RATE) :][:length] == samples).all()
    moved = augment.shift(samples, rng, seconds=seconds)
    by = round(seconds * RATE)
    kept = samples[: max(length - by, 0)] if by >= 0 else samples[-by:]
    assert np.array_equal(moved[by:] if by >= 0 else moved[: max(length + by, 0)], kept)


def test_chains_are_seeded_and_pickled():
    chain = Chain((parse("noise:5..20dB"), augment.telephone))
    samples = voice(4000)
    copy = pickle.loads(pickle.dumps(chain))  # noqa: S301 -- our own bytes
    first = chain(samples, generator(7, "a.wav", 3))
    assert (first == copy(samples, generator(7, "a.wav", 3))).all()
    assert (first != chain(samples, generator(7, "b.wav", 3))).any()
    assert (first != chain(samples, generator(7, "a.wav", 4))).any()


@quick
@given(
    st.text(max_size=30)
    | st.lists(
        st.sampled_from([*NAMES, ":", ",", "10dB", "5..1", "opus", "..", "x", "-3"]),
        max_size=8,
    ).map("".join)
)
def test_any_text_is_a_chain_or_a_clear_refusal(text):
    try:
        chain = parse(text)
    except OptionError:
        with pytest.raises(OptionError, match="expected"):
            parse(text)
    else:
        assert chain.steps


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no step"),
        ("echo", "'echo'"),
        ("noise:10dB:purple", "'purple'"),
        ("noise:20..10", "lower edge first"),
        ("codec:flac:16", "'flac'"),
        ("telephone:3", "expected telephone"),
        ("noise:1:2", "expected noise:NUMBER:SOURCE"),
    ],
)
def test_what_a_chain_can_not_be_is_said(text, says):
    with pytest.raises(OptionError, match=says):
        parse(text)


@pytest.mark.parametrize(
    "call",
    [
        partial(augment.noise, source="purple"),
        partial(augment.noise, source=[]),
        partial(augment.reverb, responses=[]),
        partial(augment.reverb, t60=0.0),
        partial(augment.codec, name="flac"),
        partial(augment.speed, factor=9.0),
        partial(augment.pitch, semitones=30.0),
        partial(augment.gain, db=(3.0, 1.0)),
    ],
)
def test_options_out_of_range_are_refused(call):
    with pytest.raises(OptionError, match="expected"):
        call(voice(100), np.random.default_rng(0))


@quick
@given(frames=st.integers(0, 60), bands=st.integers(1, 64), seed=st.integers(0, 999))
def test_spec_augment_masks_whole_rows_and_columns(frames, bands, seed):
    rows = np.random.default_rng(1).standard_normal((frames, bands)).astype(np.float32)
    before = rows.copy()
    masked = augment.spec_augment(rows, np.random.default_rng(seed), fill=99.0)
    assert (rows == before).all()
    hidden = masked == 99.0
    assert (masked[~hidden] == rows[~hidden]).all()
    whole_rows, whole_columns = hidden.all(axis=1), hidden.all(axis=0)
    assert (hidden == (whole_rows[:, None] | whole_columns[None])).all()
    assert (masked == augment.spec_augment(rows, np.random.default_rng(seed), fill=99.0)).all()
