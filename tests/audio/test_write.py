"""Saving: what is written comes back; what can't be written says why."""

import numpy as np
import pytest
import soundfile

from affetto import audio
from affetto.errors import OptionError, OutputError


@pytest.mark.parametrize("suffix", [".flac", ".wav", ".WAV"])
@pytest.mark.parametrize("shape", [(1,), (4095,), (4097,), (1, 300), (2, 9000), (6, 5000), (8, 50)])
def test_what_is_written_comes_back(tmp_path, suffix, shape):
    steps = np.random.default_rng(0).integers(-32768, 32768, shape)
    path = tmp_path / f"a{suffix}"
    audio.save(path, steps / 32768)
    again, rate = soundfile.read(path, dtype="int16", always_2d=True)
    assert rate == 16000
    np.testing.assert_array_equal(again.T, np.atleast_2d(steps))
    heard = audio.load(path, channels="separate")
    assert heard.warnings == ()
    np.testing.assert_array_equal(heard.samples * 32768, np.atleast_2d(steps))


def test_another_rate(tmp_path):
    audio.save(tmp_path / "a.flac", np.zeros(44100), rate=44100)
    assert audio.load(tmp_path / "a.flac").duration == 1.0


def test_beyond_full_scale_is_clipped(tmp_path):
    audio.save(tmp_path / "a.wav", [-3.0, 0.5, 3.0])
    np.testing.assert_allclose(audio.load(tmp_path / "a.wav").samples, [-1, 0.5, 1], atol=1 / 32768)


def test_nothing_is_left_beside_the_file(tmp_path):
    audio.save(tmp_path / "a.flac", np.zeros(100))
    audio.save(tmp_path / "a.flac", np.ones(100))
    assert [path.name for path in tmp_path.iterdir()] == ["a.flac"]


@pytest.mark.parametrize(
    "samples",
    [[], np.zeros((2, 0)), np.zeros((9, 10)), np.zeros((2, 2, 2)), [0.0, np.nan], [np.inf]],
)
def test_samples_that_are_none(tmp_path, samples):
    with pytest.raises(OptionError, match="found samples"):
        audio.save(tmp_path / "a.wav", samples)
    assert not list(tmp_path.iterdir())


def test_a_suffix_of_another_kind(tmp_path):
    with pytest.raises(OptionError, match=r"expected \.flac or \.wav"):
        audio.save(tmp_path / "a.mp3", np.zeros(100))


@pytest.mark.parametrize("rate", [0, -1, 10**7])
def test_an_impossible_rate(tmp_path, rate):
    with pytest.raises(OptionError, match="rate"):
        audio.save(tmp_path / "a.wav", np.zeros(100), rate=rate)


def test_a_missing_folder(tmp_path):
    with pytest.raises(OutputError, match="no folder"):
        audio.save(tmp_path / "none" / "a.wav", np.zeros(100))


def test_a_folder_in_its_place(tmp_path):
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(OutputError, match="folder"):
        audio.save(tmp_path / "a.wav", np.zeros(100))


def test_no_room(tmp_path):
    full = tmp_path / "full.wav"
    try:
        full.symlink_to("/dev/full")
        full.open("wb").close()
    except OSError:
        pytest.skip("there is no /dev/full here")
    with pytest.raises(OutputError, match="no room"):
        audio.save(full, np.zeros(16000))


def test_sound_is_written_as_it_comes(tmp_path):
    whole = np.random.default_rng(0).uniform(-1, 1, (2, 30_000)).astype(np.float32)
    with audio.Writer(tmp_path / "parts.flac", channels=2) as out:
        for part in np.array_split(whole, 17, axis=1):
            out.write(part)
    audio.save(tmp_path / "whole.flac", whole)
    assert (tmp_path / "parts.flac").read_bytes() == (tmp_path / "whole.flac").read_bytes()
    assert out.written == 30_000


def test_what_ends_writing_decides_what_is_left(tmp_path):
    def write(name, *, ends_with, shape=(5_000,)):
        with audio.Writer(tmp_path / name) as out:
            out.write(np.zeros(shape, np.float32))
            raise ends_with

    with pytest.raises(KeyboardInterrupt):
        write("kept.wav", ends_with=KeyboardInterrupt)
    assert audio.load(tmp_path / "kept.wav").duration == pytest.approx(5_000 / 16_000)
    # What the block is about is not about the file.
    with pytest.raises(TimeoutError, match=r"^network$"):
        write("gone.wav", ends_with=TimeoutError("network"))
    with pytest.raises(OptionError, match="expected 1 channels"):
        write("twofold.wav", ends_with=AssertionError, shape=(2, 10))
    with audio.Writer(tmp_path / "empty.flac"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["kept.wav"]
