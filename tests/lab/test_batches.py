"""Batches: the same for a seed and a step, one voice a group, and noises without speech."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from tiny_training import BATCH, batches, made_up_set


@pytest.fixture(scope="module")
def data():
    return made_up_set(targets=True)


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("features", "speech", "target", "clip")
    )


def test_a_batch_hangs_on_seed_and_step_alone(data):
    one, other = batches(data), batches(data)
    other.draw(0)
    assert same(one.draw(7), other.draw(7))
    assert not same(one.draw(7), one.draw(8))
    assert not same(one.draw(7), batches(data, seed=1).draw(7))


def test_shapes_are_those_of_the_settings(data):
    batch = batches(data).draw(0)
    count = BATCH.groups * BATCH.clips + BATCH.noises
    assert batch.features.shape == (count, BATCH.frames, 64)
    assert batch.features.dtype == np.float32
    assert batch.speech.shape == (count, 25)
    assert batch.target.shape == (count, 13)
    assert np.isfinite(batch.features).all()


def test_a_group_is_of_one_speaker(data):
    for step in range(5):
        batch = batches(data).draw(step)
        voices = data.speaker[batch.clip[: batch.groups * batch.group_size]]
        assert (np.ptp(voices.reshape(batch.groups, batch.group_size), axis=1) == 0).all()


def test_noises_have_no_label_and_no_speech(data):
    batch = batches(data).draw(0)
    noises = batch.clip[-BATCH.noises :]
    assert (data.label[noises] == -1).all()
    assert not batch.speech[-BATCH.noises :].any()
    assert batch.speech[: -BATCH.noises].any()
    assert (data.label[batch.clip[: -BATCH.noises]] >= 0).all()


def test_a_target_belongs_to_its_clip(data):
    batch = batches(data).draw(0)
    starts = data.store.target_starts
    for clip, rows in zip(batch.clip, batch.target, strict=True):
        known = rows[rows >= 0]
        assert ((known >= starts[clip]) & (known < starts[clip + 1])).all()
    assert (batch.target >= 0).any()


def test_a_corpus_without_a_share_is_not_drawn(data):
    two = replace(
        data,
        corpus=np.where(data.speaker == 3, 1, data.corpus),
        corpora=("mine", "other"),
    )
    chosen = batches(two, config=replace(BATCH, shares={"other": 0.0}))
    drawn = np.concatenate([chosen.draw(step).clip for step in range(8)])
    assert 3 not in data.speaker[drawn]


def test_one_clip_a_speaker_makes_no_group(data):
    lone = replace(data, speaker=np.where(data.label >= 0, np.arange(len(data.label)), -1))
    batch = batches(lone).draw(0)
    assert batch.groups == 0
    assert len(batch.clip) == BATCH.groups * BATCH.clips + BATCH.noises
