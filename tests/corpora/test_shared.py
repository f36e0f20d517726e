"""The real corpora: every clip is found, labelled and split as it should be."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from affetto.emotions import Emotion
from affetto.errors import CorpusError
from affetto.lab import corpora, protocols
from affetto.lab.corpora import Table

pytestmark = pytest.mark.corpora

CLIPS = {
    "ravdess": 1440,
    "tess": 2800,
    "savee": 480,
    "emodb": 535,
    "cremad": 1338,
    "nemo": 4481,
    "librispeech": 187,
}
FOLDERS = {"cremad": "cremad_part"}


@pytest.fixture(scope="module")
def table(shared: Path) -> Table:
    return corpora.load(shared / "corpora" / "labels.csv")


@pytest.fixture(scope="module")
def apart(table: Table) -> Mapping[str, str]:
    """Take every clip for a sound of its own: decoding them all is not this test's matter."""
    return {clip.key: clip.key for clip in table}


def test_the_table_has_every_clip(table: Table) -> None:
    assert table.counts("corpus") == CLIPS
    assert all(clip.emotion is not None for clip in table)
    assert table.filter(corpus="librispeech").labels == (Emotion.NEUTRAL,)


@pytest.mark.parametrize("name", CLIPS)
def test_a_folder_says_what_the_table_says(shared: Path, table: Table, name: str) -> None:
    loaded = corpora.load(shared / "corpora" / FOLDERS.get(name, name))
    listed = {clip.name: clip for clip in table.filter(corpus=name)}
    assert len(loaded) == CLIPS[name]
    for clip in loaded:
        other = listed[clip.name]
        assert (clip.corpus, clip.emotion, clip.native) == (name, other.emotion, other.native)
        assert (clip.speaker, clip.language) == (other.speaker, other.language)
        assert clip.gender in (None, other.gender)


def test_votes_agree_with_the_acted_emotion_for_fewer_than_half(shared: Path) -> None:
    folder = shared / "corpora" / "cremad_part"
    table = corpora.load(folder, votes=shared / "corpora" / "cremad_votes")
    assert all(clip.votes and clip.gender for clip in table)
    agree = sum(max(clip.votes, key=clip.votes.__getitem__) == clip.emotion for clip in table)
    assert 0.15 < agree / len(table) < 0.5


@pytest.mark.parametrize("pool", [False, True])
@pytest.mark.parametrize(
    "name", [name for name in protocols.names() if name not in ("cremad-5fold", "iemocap-5session")]
)
def test_the_sides_of_a_fold_share_nothing(
    table: Table, apart: Mapping[str, str], name: str, pool: bool
) -> None:
    protocol = protocols.find(name)
    for fold in protocols.folds(name, table, pool=pool, fingerprints=apart):
        train, validation, test = set(fold.train), set(fold.validation), set(fold.test)
        assert train
        assert validation
        assert test
        assert len(train | validation | test) == len(train) + len(validation) + len(test)
        speakers = [set(table.select(side).speakers) for side in (train, validation, test)]
        if protocol.speaker_independent:
            assert not (speakers[0] | speakers[1]) & speakers[2]
            if name != "tess-cross":
                assert not speakers[0] & speakers[1]
        assert {protocol.label(table[i]) for i in test} <= set(protocol.labels)
        assert {table[i].corpus for i in test} <= set(protocol.corpora)
        if pool and not protocol.always_pooled:
            others = table.filter(lambda clip: clip.corpus not in protocol.corpora)
            fitting = [clip for clip in others if protocol.label(clip)]
            assert sum(table[i].corpus not in protocol.corpora for i in train) == len(fitting)


@pytest.mark.parametrize(
    ("name", "clips"),
    [
        ("ravdess-6fold", 1440),
        ("ravdess-5fold", 1440),
        ("savee-loso", 480),
        ("emodb-loso", 535),
        ("tess-cross", 2800),
        ("nemo-loso", 4481),
        ("read-speech", 187),
    ],
)
def test_every_clip_is_tested_once(
    table: Table, apart: Mapping[str, str], name: str, clips: int
) -> None:
    folds = protocols.folds(name, table, fingerprints=apart)
    tested = [i for fold in folds for i in fold.test]
    assert len(tested) == len(set(tested)) == clips


def test_a_random_split_keeps_its_shares_and_labels(table: Table, apart: Mapping[str, str]) -> None:
    folds = protocols.folds("ravdess-random-14", table, fingerprints=apart)
    assert [fold.seed for fold in folds] == [0, 1, 2, 3, 4]
    assert len({fold.test for fold in folds}) == 5
    for fold in folds:
        assert (len(fold.train), len(fold.validation), len(fold.test)) == (1152, 144, 144)
        label = protocols.find("ravdess-random-14").label
        assert len({label(table[i]) for i in fold.test}) == 14


def test_part_of_a_corpus_is_refused(table: Table, apart: Mapping[str, str]) -> None:
    with pytest.raises(CorpusError, match="expected the whole of cremad"):
        protocols.folds("cremad-5fold", table, fingerprints=apart)
    assert len(protocols.folds("cremad-5fold", table, fingerprints=apart, partial=True)) == 3


def test_the_two_identical_clips_of_ravdess_stay_together(
    table: Table, apart: Mapping[str, str]
) -> None:
    twins = table.filter(lambda clip: clip.name in ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07"))
    others = table.filter(
        lambda clip: clip.name.startswith("03-01-03-01-01-0") and clip.name[-2:] == "07"
    )
    digests = corpora.fingerprints(twins.merge(others), workers=1, describe="")
    assert len({digests[clip.key] for clip in twins}) == 1
    assert len(set(digests.values())) == len(digests) - 1
    known = {**apart, **{clip.key: digests[clip.key] for clip in twins}}
    for fold in protocols.folds("ravdess-random-14", table, fingerprints=known):
        sides = [
            side
            for side in (fold.train, fold.validation, fold.test)
            if {table[i].name for i in side} & {clip.name for clip in twins}
        ]
        assert len(sides) == 1
