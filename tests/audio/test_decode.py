"""Whatever the container, the sound that went in comes out, whole and in chunks alike."""

import io
import wave

import numpy as np
import pytest

from affetto import audio
from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError, OptionError

HERTZ, LEVEL = 440, 0.5


def measure(samples):
    """Frequency and level of a sine, from its middle second."""
    middle = samples[len(samples) // 2 - 4000 : len(samples) // 2 + 4000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 17))
    return spectrum.argmax() * SAMPLE_RATE / (1 << 17), np.std(middle) * np.sqrt(2)


def test_every_container_keeps_pitch_level_and_length(tone_file):
    sound = audio.load(tone_file)
    hertz, level = measure(sound.samples)
    assert sound.samples.dtype == np.float32
    assert hertz == pytest.approx(HERTZ, abs=0.5)
    assert level == pytest.approx(LEVEL, rel=0.06)  # LAME turns down by 5 %
    assert sound.duration == pytest.approx(1.5, abs=0.06)
    assert sound.channels == 1
    assert sound.source == str(tone_file)
    assert sound.warnings == ()


def test_stream_gives_the_samples_of_load(tone_file):
    whole = audio.load(tone_file).samples
    with audio.stream(tone_file, chunk=0.23) as stream:
        chunks = list(stream)
    assert {len(chunk) for chunk in chunks[:-1]} == {3680}
    np.testing.assert_array_equal(np.concatenate(chunks), whole)


def test_bytes_path_and_file_object_agree(tone_file):
    expected = audio.load(tone_file).samples
    data = tone_file.read_bytes()
    with tone_file.open("rb") as file:
        file.read(7)  # the place that it stands at does not matter
        for source in (str(tone_file), data, bytearray(data), io.BytesIO(data), file):
            np.testing.assert_array_equal(audio.load(source).samples, expected)
        assert not file.closed


class Pipe:
    """A file object that can't seek and gives little at a time."""

    def __init__(self, data):
        self._file = io.BytesIO(data)

    def read(self, size):
        return self._file.read(min(size, 1000))


@pytest.mark.parametrize("name", ["tone.wav", "tone.flac", "tone.opus", "tone.mp3", "tone.webm"])
def test_a_pipe_is_heard_too(tone_folder, name):
    path = tone_folder / name
    piped = audio.load(Pipe(path.read_bytes()))
    assert piped.duration == pytest.approx(1.5, abs=0.06)
    assert measure(piped.samples)[0] == pytest.approx(HERTZ, abs=0.5)


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [("u8", 0.009), ("s16", 1e-4), ("s24", 1e-6), ("s32", 1e-6), ("f32", 1e-6), ("f64", 1e-6)],
)
def test_bit_depths_at_16_khz_are_exact(make_wav, make_tone, kind, tolerance):
    expected = make_tone(16000)
    heard = audio.load(make_wav(expected, 16000, kind)).samples
    np.testing.assert_allclose(heard, expected, atol=tolerance)


def test_16_bit_sound_is_not_touched(make_wav):
    steps = np.array([-32768, -1, 0, 1, 32767], np.int16)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 16000, 0, "NONE", ""))
        out.writeframes(steps.astype("<i2").tobytes())
    np.testing.assert_array_equal(audio.load(file).samples * 32768, steps)


@pytest.mark.parametrize("rate", [4000, 8000, 11025, 22050, 44100, 48000, 96000, 192000])
def test_any_rate_keeps_time(make_wav, make_tone, rate):
    sound = audio.load(make_wav(make_tone(rate), rate, "f32"))
    assert len(sound.samples) == SAMPLE_RATE
    # No delay: the phase is right as well.
    inside = slice(500, -500)
    np.testing.assert_allclose(sound.samples[inside], make_tone(16000)[inside], atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 8, 9, 16, 64])
def test_the_mix_is_the_mean_and_separate_is_each(make_wav, make_tone, count):
    rows = np.stack([make_tone(16000, 0.3, 200 + 50 * i) for i in range(count)])
    data = make_wav(rows, 16000, "f32")
    mixed, apart = audio.load(data), audio.load(data, channels="separate")
    np.testing.assert_allclose(mixed.samples, rows.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(apart.samples, rows, atol=1e-6)
    assert mixed.channels == apart.channels == count
    assert mixed.duration == apart.duration == 0.3


def test_the_mix_of_equal_channels_does_not_exceed_full_scale(make_wav, make_tone):
    full = 2 * make_tone(44100)
    samples = audio.load(make_wav(np.stack([full, full]), 44100, "s16")).samples
    assert np.abs(samples).max() < 1.001


def test_separate_channels_stream_as_they_load(encode, make_tone, tmp_path):
    rows = np.stack([make_tone(44100, 1.0, 300), make_tone(44100, 1.0, 700)])
    path = encode(tmp_path / "two.flac", "flac", 44100, rows, sample_format="s16")
    whole = audio.load(path, channels="separate").samples
    stream = audio.stream(path, chunk=0.1, channels="separate")
    chunks = list(stream)
    assert {chunk.shape for chunk in chunks} == {(2, 1600)}
    assert stream.channels == 2
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), whole)
    assert [round(measure(row)[0]) for row in whole] == [300, 700]


def test_video_is_heard(encode, make_tone, tmp_path):
    path = encode(tmp_path / "film.mp4", "aac", 44100, make_tone(44100)[None], video=True)
    assert measure(audio.load(path).samples)[0] == pytest.approx(HERTZ, abs=0.5)


def test_the_stream_knows_its_source_before_it_starts(tone_folder):
    stream = audio.stream(tone_folder / "tone.flac")
    assert stream.source.endswith("tone.flac")
    assert stream.channels == 1
    assert stream.duration_hint == pytest.approx(1.5)
    assert stream.warnings == []
    stream.close()
    assert list(stream) == []


def test_non_numbers_are_silenced_with_a_warning(make_wav, make_tone):
    samples = make_tone(16000)
    samples[100:110], samples[500] = np.nan, np.inf
    sound = audio.load(make_wav(samples, 16000, "f32"))
    assert sound.warnings == ("11 samples that are not finite numbers were silenced",)
    expected = np.where(np.isfinite(samples), samples, 0)
    np.testing.assert_allclose(sound.samples, expected, atol=1e-6)


def test_float_samples_beyond_full_scale_keep_their_shape(make_wav, make_tone):
    loud = 20 * make_tone(16000)
    sound = audio.load(make_wav(loud, 16000, "f32"))
    np.testing.assert_allclose(sound.samples, loud, rtol=1e-6)
    assert sound.warnings == ("samples reach 10 times full scale; they were kept as they are",)


@pytest.mark.parametrize("name", ["tone.wav", "tone.flac", "tone.ogg", "tone.mp3", "tone.webm"])
def test_a_truncated_file_gives_what_is_left_and_says_so(tone_folder, name):
    data = (tone_folder / name).read_bytes()
    sound = audio.load(data[: int(0.7 * len(data))])
    assert 0.1 < sound.duration < 1.3
    assert any("truncated" in line for line in sound.warnings)


@pytest.mark.parametrize("name", ["tone.flac", "deep.flac", "tone.mka", "tone.m4a"])
def test_a_damaged_middle_is_left_out_and_the_rest_keeps_its_time(tone_folder, name):
    data = bytearray((tone_folder / name).read_bytes())
    whole = audio.load(bytes(data))
    place = int(0.6 * len(data))
    data[place : place + 30] = bytes(30)
    sound = audio.load(bytes(data))
    assert any("missing on the way" in line for line in sound.warnings)
    assert sound.duration == pytest.approx(whole.duration, abs=0.005)


@pytest.mark.parametrize("chunk", [0, -1, float("nan"), float("inf"), 1e-9])
def test_an_impossible_chunk_is_refused(tone_folder, chunk):
    with pytest.raises(OptionError, match="chunk"):
        audio.stream(tone_folder / "tone.wav", chunk=chunk)


def test_an_unknown_choice_of_channels_is_refused(tone_folder):
    with pytest.raises(OptionError, match="separate"):
        audio.load(tone_folder / "tone.wav", channels="left")


def test_unfit_rates_and_channels_are_named(make_wav):
    for data, found in [
        (make_wav(np.zeros((1, 5000)), 500, "s16"), "1 channels at 500 Hz"),
        (make_wav(np.zeros((70, 500)), 8000, "s16"), "70 channels at 8000 Hz"),
    ]:
        with pytest.raises(AudioError, match=found):
            audio.load(data)


def test_suffixes_are_lower_case_with_dot():
    assert {".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".mp4", ".webm"} <= audio.SUFFIXES
    assert all(s.startswith(".") and s == s.lower() for s in audio.SUFFIXES)
