"""Peaks and pictures show what is in the sound."""

import io

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.dsp import SAMPLE_RATE
from affetto.features import MelConfig
from affetto.report.picture import Painter, draw, mel_height, palette, png


def decoded(tile):
    with av.open(io.BytesIO(tile)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_a_png_holds_the_picture(height, width, seed):
    indices = np.random.default_rng(seed).integers(0, 64, (height, width), np.uint8)
    np.testing.assert_array_equal(decoded(png(indices, palette())), palette()[indices])


def test_the_colour_map_rises_evenly_in_lightness():
    luma = palette(64) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luma) > 0).all()


def test_peaks_find_a_click_and_say_which_is_louder():
    samples = np.zeros(SAMPLE_RATE, np.float32)
    samples[8000], samples[12000] = 0.5, -0.25
    peaks = draw(samples).peaks
    rate, pairs = peaks.rate, peaks.pairs
    assert pairs.shape == (1000, 2)
    assert pairs[int(0.5 * rate), 1] == 127
    assert pairs[int(0.75 * rate), 0] == pytest.approx(-127 * 0.5**0.6, abs=1)
    assert np.count_nonzero(pairs) == 2


def test_peaks_of_hours_stay_few_and_lose_no_click():
    samples = np.zeros(900 * SAMPLE_RATE, np.float32)
    samples[12_345_678] = 1.0
    peaks = draw(samples).peaks
    rate, pairs = peaks.rate, peaks.pairs
    assert len(pairs) <= 300_000
    assert pairs[int(12_345_678 / SAMPLE_RATE * rate), 1] == 127


@pytest.mark.parametrize("hertz", [300, 1000, 3000])
def test_a_tone_lies_at_its_height(hertz):
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)
    picture = decoded(draw(tone).spectrogram.tiles[0]).sum(axis=2).mean(axis=1)
    height = 1 - (np.argmax(picture) + 0.5) / len(picture)
    assert height == pytest.approx(mel_height(hertz, MelConfig()), abs=0.02)


def test_long_sound_is_averaged_into_tiles_of_the_right_length():
    samples = np.random.default_rng(0).standard_normal(300 * SAMPLE_RATE).astype(np.float32)
    samples[: 150 * SAMPLE_RATE] *= 0.01
    picture = draw(samples).spectrogram
    widths = [decoded(tile).shape[1] for tile in picture.tiles]
    assert picture.rate == 50
    assert sum(widths) == pytest.approx(300 * picture.rate, abs=1)
    assert max(widths) == 4096
    whole = np.concatenate([decoded(tile) for tile in picture.tiles], axis=1).sum(axis=(0, 2))
    middle = sum(widths) // 2
    assert whole[: middle - 5].max() < whole[middle + 5 :].min()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 40_000), max_size=8), st.integers(0, 50_000))
def test_however_the_sound_is_cut_the_picture_is_the_same(cuts, more):
    samples = np.random.default_rng(1).uniform(-1, 1, sum(cuts) + more).astype(np.float32)
    painter = Painter(len(samples))
    for part in np.split(samples, np.cumsum(cuts)):
        painter.feed(part)
    drawn, whole = painter.finish(), draw(samples)
    np.testing.assert_array_equal(drawn.peaks.pairs, whole.peaks.pairs)
    assert drawn.spectrogram == whole.spectrogram


def test_silence_is_black_not_noise():
    picture = draw(1e-5 * np.ones(SAMPLE_RATE, np.float32)).spectrogram
    assert (decoded(picture.tiles[0]) == palette()[0]).all()


@pytest.mark.parametrize("seconds", [2, 900])
def test_where_the_sound_ends_early_the_picture_is_black(seconds):
    tone = 0.5 * np.sin(np.arange(SAMPLE_RATE, dtype=np.float32))
    painter = Painter(seconds * SAMPLE_RATE)
    painter.feed(tone)
    picture = painter.finish().spectrogram
    whole = np.concatenate([decoded(tile) for tile in picture.tiles], axis=1)
    assert whole.shape[1] == pytest.approx(seconds * picture.rate, abs=1)
    end = int(1.1 * picture.rate)
    assert (whole[:, end:] == palette()[0]).all()
    assert (whole[:, : int(picture.rate)] != palette()[0]).any()
