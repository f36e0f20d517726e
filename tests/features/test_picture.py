"""The spectrogram as a picture."""

import numpy as np

from affetto.features import PictureConfig, colour_map, picture


def tone(hertz, seconds=1.0):
    time = np.arange(int(16000 * seconds)) / 16000
    return (0.3 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def test_the_map_gets_lighter_all_the_way():
    light = colour_map().astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light) >= 0).all()
    assert light[-1] - light[0] > 200


def test_shapes():
    for seconds in (0.0, 0.001, 0.5, 4.0, 45.0):
        sound = tone(440, seconds)
        assert picture(sound).shape == (224, 224, 3)
        assert picture(sound).dtype == np.uint8
    sound = tone(440)
    assert picture(sound, PictureConfig(height=64, width=None)).shape == (64, 101, 3)
    assert picture(sound, PictureConfig(height=1, width=1, colour=False)).shape == (1, 1)


def test_high_tones_are_drawn_above_low_ones():
    grey = PictureConfig(colour=False)
    low, high = (picture(tone(hertz), grey)[:, 100].argmax() for hertz in (300, 3000))
    assert high < low - 50


def test_time_runs_from_left_to_right():
    sound = np.concatenate([tone(440, 30.0), np.zeros(16000 * 30, np.float32)])
    grey = picture(sound, PictureConfig(colour=False, width=100))
    assert grey[:, :49].max(axis=0).min() > 250
    assert grey[:, 51:].max() == 0


def test_loudness_does_not_matter():
    rng = np.random.default_rng(0)
    sound = (rng.standard_normal(16000) * 0.3).astype(np.float32)
    grey = PictureConfig(colour=False, range=30.0)
    difference = picture(sound, grey).astype(int) - picture(sound * 0.1, grey)
    assert np.abs(difference).max() <= 1
