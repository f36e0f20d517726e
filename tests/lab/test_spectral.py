"""What is done to log-mel rows does what happens to sound."""

import numpy as np
import pytest

from affetto.features.mel import MelConfig, log_mel, mel_centres
from affetto.lab.augment.channel import telephone
from affetto.lab.augment.spectral import (
    SpectralAugment,
    add_sound,
    colour,
    gate,
    limit_band,
    reverberate,
    steady_noise,
    warp_bands,
)

CENTRES = mel_centres(MelConfig())


def rows(frames=60, seed=0):
    return np.random.default_rng(seed).normal(-3.0, 1.0, (frames, 64)).astype(np.float32)


def test_no_warp_is_no_change():
    assert np.allclose(warp_bands(rows(), scale=1.0, shift=0.0), rows())


def test_adding_rows_is_adding_sounds_that_do_not_belong_together():
    random = np.random.default_rng(1)
    first, second = (random.standard_normal(32_000).astype(np.float32) * s for s in (0.1, 0.02))
    heard = log_mel(first + second)
    made = add_sound(log_mel(first), log_mel(second), snr_db=20 * np.log10(0.1 / 0.02))
    assert abs(float((heard - made).mean())) < 0.05


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 30.0])
def test_an_added_sound_stands_at_the_ratio_wanted(snr_db):
    voice = rows()
    power = np.exp(add_sound(voice, rows(20, seed=1), snr_db=snr_db)) - np.exp(voice)
    ratio = np.exp(voice).sum() / power.sum()
    assert 10 * np.log10(ratio) == pytest.approx(snr_db, abs=0.1)


def test_an_echo_dies_away_in_its_time():
    click = np.full((80, 64), -30.0, np.float32)
    click[0] = 0.0
    tail = reverberate(click, t60=0.5, wet=1.0)[1:, 0]
    assert np.all(np.diff(tail) < 0)
    assert tail[0] - tail[50] == pytest.approx(np.log(1e6), rel=0.02)


def test_a_microphone_is_the_same_for_every_frame():
    change = colour(rows(), np.random.default_rng(0)) - rows()
    assert np.allclose(change, change[0], atol=1e-5)
    assert np.ptp(change[0]) > 0


def test_a_band_loses_what_lies_outside_alone():
    change = limit_band(rows(), CENTRES, low=300.0, high=3400.0, loss=5.0) - rows()
    inside = (CENTRES >= 300) & (CENTRES <= 3400)
    assert np.allclose(change[:, inside], 0.0)
    assert np.allclose(change[:, ~inside], -5.0, atol=1e-5)


def test_a_band_with_soft_edges_is_what_a_telephone_line_leaves():
    hiss = np.random.default_rng(0).standard_normal(32_000).astype(np.float32) * 0.1
    line = log_mel(telephone(hiss, np.random.default_rng(0))).mean(axis=0)
    made = limit_band(log_mel(hiss), CENTRES, low=300.0, high=3400.0, loss=10.0, slope=24.0)
    near = (CENTRES > 250) & (CENTRES < 3900)
    assert np.abs(made.mean(axis=0) - line)[near].mean() < 0.5


def test_a_gate_quietens_the_pauses_alone():
    voice = rows()
    voice[10:20] -= 9.0
    change = gate(voice, below_db=30.0, loss=4.0) - voice
    assert np.allclose(change[10:20], -4.0, atol=1e-5)
    assert np.allclose(np.delete(change, np.s_[10:20], axis=0), 0.0)


def test_all_of_it_hangs_on_the_seed_alone_and_stays_finite():
    always = SpectralAugment(reverb=1.0, microphone=1.0, noise=1.0, telephone=1.0)
    sound = steady_noise(60, 64, np.random.default_rng(3))

    def altered(seed):
        return always(rows(), np.random.default_rng(seed), sound=sound, centres=CENTRES)

    assert np.array_equal(altered(0), altered(0))
    assert not np.allclose(altered(0), altered(1))
    assert altered(0).dtype == np.float32
    assert np.isfinite(altered(0)).all()
