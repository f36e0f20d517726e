"""Bare samples in bytes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.audio.pcm import PcmDecoder
from affetto.errors import AudioError, OptionError


@given(st.lists(st.integers(0, 400), max_size=6), st.sampled_from(["f32le", "s16le"]))
def test_the_same_samples_however_the_bytes_are_cut(cuts: list[int], encoding: str) -> None:
    whole = np.linspace(-1.0, 1.0, 100)
    stereo = np.stack([whole, -whole / 2], axis=1)
    data = (stereo * 32767).astype("<i2") if encoding == "s16le" else stereo.astype("<f4")
    raw, decoder = data.tobytes(), PcmDecoder(encoding, channels=2)
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    parts = [decoder.feed(raw[a:b]) for a, b in pairwise(edges)]
    joined = np.concatenate(parts)
    assert joined.dtype == np.float32
    np.testing.assert_allclose(joined, whole / 4, atol=2e-4)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_other_rates_become_16_khz(rate: int) -> None:
    time = np.arange(2 * rate) / rate
    tone = np.sin(2 * np.pi * 440 * time).astype("<f4").tobytes()
    decoder = PcmDecoder(rate=rate)
    step = 4 * rate // 10
    parts = [decoder.feed(tone[at : at + step]) for at in range(0, len(tone), step)]
    heard = np.concatenate([*parts, decoder.finish()])
    assert len(heard) == pytest.approx(32_000, abs=40)
    expected = np.sin(2 * np.pi * 440 * np.arange(len(heard)) / 16_000)
    np.testing.assert_allclose(heard[500:-500], expected[500:-500], atol=0.02)


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(AudioError, match="see whether encoding and byte order are as you said"):
        PcmDecoder().feed(np.array([np.inf], "<f4").tobytes())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"encoding": "mp3"}, "found encoding 'mp3', expected f32le or s16le"),
        ({"rate": 100}, "found a rate of 100 Hz"),
        ({"channels": 0}, "found 0 channels"),
    ],
)
def test_options_out_of_range_are_told(options: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        PcmDecoder(**options)  # type: ignore[arg-type]
