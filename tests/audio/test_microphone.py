"""Microphones by the backend that gives silence without a sound card."""

import time

import numpy as np
import pytest

from affetto.audio import Microphone, in_real_time, microphones
from affetto.audio.microphone import BACKEND
from affetto.errors import AudioError, OptionError


@pytest.fixture
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BACKEND, "null")


@pytest.mark.usefixtures("no_card")
def test_it_gives_sound_as_it_comes_until_it_is_closed() -> None:
    began = time.monotonic()
    with Microphone() as microphone:
        heard = 0
        for chunk in microphone:
            assert chunk.dtype == np.float32
            assert chunk.ndim == 1
            heard += len(chunk)
            if heard >= 8_000:
                break
    assert time.monotonic() - began > 0.4
    assert microphone.lost == 0.0
    microphone.close()


@pytest.mark.usefixtures("no_card")
def test_what_nobody_takes_is_let_go_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("affetto.audio.microphone._MOST_WAITING", 0.2)
    with Microphone() as microphone:
        time.sleep(1.0)
        kept = len(next(microphone)) / 16_000
    assert kept < 0.4
    assert microphone.lost > 0.3


@pytest.mark.usefixtures("no_card")
def test_microphones_are_chosen_by_number_or_name() -> None:
    (name,) = microphones()
    for device in (1, "1", name.lower()[:8]):
        with Microphone(device) as microphone:
            assert microphone.name == name
    for device in (2, 0, "studio"):
        with pytest.raises(AudioError, match=f"no microphone '{device}', expected one of: 1 "):
            Microphone(device)


def test_without_any_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BACKEND, "null")
    monkeypatch.setattr("affetto.audio.microphone._captures", lambda _: [])
    with pytest.raises(AudioError, match="connect one, allow its use, or hear a file"):
        Microphone()
    monkeypatch.setenv(BACKEND, "gramophone")
    with pytest.raises(OptionError, match="found 'gramophone', expected one of"):
        microphones()


@pytest.mark.usefixtures("no_card")
def test_one_that_falls_silent_altogether_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("affetto.audio.microphone._PATIENCE", 0.2)
    with Microphone() as microphone:
        next(microphone)
        microphone._device.stop()
        with pytest.raises(AudioError, match="gave nothing for 0"):
            list(microphone)
    assert list(microphone) == []


def test_a_file_is_given_in_its_own_time() -> None:
    sound = [np.arange(4_000, dtype=np.float32), np.arange(3_000, dtype=np.float32)]
    began = time.monotonic()
    parts = list(in_real_time(sound, seconds=0.1))
    assert time.monotonic() - began >= 7_000 / 16_000
    assert max(map(len, parts)) == 1_600
    np.testing.assert_array_equal(np.concatenate(parts), np.concatenate(sound))
