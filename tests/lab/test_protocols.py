"""A protocol's sides share neither speakers nor sounds, whatever the table looks like."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from affetto import audio
from affetto.emotions import Emotion
from affetto.errors import CorpusError, OptionError
from affetto.lab import corpora, protocols
from affetto.lab.corpora import Clip, Table
from affetto.lab.protocols import Fold, check_leaks, folds

SAVEE = (Emotion.NEUTRAL, Emotion.HAPPY, Emotion.SAD, Emotion.ANGRY)


def clips(corpus: str, speakers: str, emotions: tuple[Emotion, ...] = SAVEE, n: int = 3) -> Table:
    return Table(
        Clip(
            Path(corpus) / f"{speaker}_{emotion}_{k}.wav",
            corpus,
            emotion,
            emotion.value,
            speaker=f"{corpus}:{speaker}",
            gender="f" if i % 2 else "m",
            statement=f"s{k}",
        )
        for i, speaker in enumerate(speakers.split())
        for emotion in emotions
        for k in range(n)
    )


def apart(table: Table) -> dict[str, str]:
    return {clip.key: clip.key for clip in table}


@pytest.fixture
def savee() -> Table:
    return clips("savee", "DC JE JK KL")


@pytest.fixture
def ravdess() -> Table:
    return clips("ravdess", " ".join(f"{i:02}" for i in range(1, 25)))


def speakers(table: Table, places: tuple[int, ...]) -> set[str]:
    return set(table.select(places).speakers)


def test_leave_one_speaker_out(savee: Table) -> None:
    made = folds("savee-loso", savee, fingerprints=apart(savee))
    assert [fold.name for fold in made] == ["DC", "JE", "JK", "KL"]
    for fold in made:
        assert speakers(savee, fold.test) == {f"savee:{fold.name}"}
        assert len(speakers(savee, fold.validation)) == 1
        assert len(fold.train) + len(fold.validation) + len(fold.test) == len(savee)


def test_validation_speakers_are_fixed_by_the_seed(ravdess: Table) -> None:
    def chosen(table: Table, seed: int) -> list[set[str]]:
        made = folds("ravdess-6fold", table, seed=seed, fingerprints=apart(table))
        return [speakers(table, fold.validation) for fold in made]

    assert chosen(ravdess, 0) == chosen(Table(reversed(ravdess)), 0)
    assert chosen(ravdess, 0) != chosen(ravdess, 1)
    genders = {clip.speaker: clip.gender for clip in ravdess}
    for held in chosen(ravdess, 0):
        assert len(held) == 3
        assert {genders[speaker] for speaker in held} == {"f", "m"}


def test_pool_adds_the_others_to_the_training_alone(ravdess: Table, savee: Table) -> None:
    table = savee.merge(ravdess, clips("emodb", "03 08", (Emotion.SAD, Emotion.BORED)))
    for fold in folds("savee-loso", table, pool=True, fingerprints=apart(table)):
        others = [i for i in fold.train if table[i].corpus != "savee"]
        assert len(others) == len(ravdess) + 6  # boredom is none of the protocol's labels
        assert {table[i].corpus for i in (*fold.validation, *fold.test)} == {"savee"}
    every = folds("savee-loso", table, pool=True, every_label=True, fingerprints=apart(table))
    assert sum(table[i].corpus == "emodb" for i in every[0].train) == 12


def test_other_corpora_stay_out_without_pool(ravdess: Table, savee: Table) -> None:
    table = savee.merge(ravdess)
    for fold in folds("savee-loso", table, fingerprints=apart(table)):
        assert {table[i].corpus for i in fold.train} == {"savee"}


def test_two_actresses_validate_on_words() -> None:
    table = clips("tess", "OAF YAF", n=20)
    for fold in folds("tess-cross", table, fingerprints=apart(table)):
        held = {table[i].statement for i in fold.validation}
        assert len(held) == 2
        assert not held & {table[i].statement for i in fold.train}
        assert len(speakers(table, fold.train)) == 1


def test_one_corpus_out(savee: Table, ravdess: Table) -> None:
    table = ravdess.merge(
        savee, *(clips(c, s) for c, s in [("tess", "OAF YAF"), ("emodb", "03 08 09 10")])
    ).merge(clips("nemo", "EB0 IC0 KD0 KS0"), clips("librispeech", "1 2 3", (Emotion.NEUTRAL,)))
    made = folds("leave-one-corpus-out-4", table, fingerprints=apart(table))
    assert [fold.name for fold in made] == ["ravdess", "tess", "savee", "emodb", "nemo"]
    for fold in made:
        trained = {table[i].corpus for i in fold.train}
        assert trained == set(table.corpora) - {fold.name}
        assert fold.validation
        assert not speakers(table, fold.train) & speakers(table, fold.validation)
        # Two speakers are too few to give one away.
        assert not any(table[i].corpus == "tess" for i in fold.validation)


def test_read_speech_is_split_by_every_fifth_speaker(savee: Table) -> None:
    readers = " ".join(str(i) for i in range(10, 30))
    table = savee.merge(clips("librispeech", readers, (Emotion.NEUTRAL,), n=1))
    made = folds("read-speech", table, fingerprints=apart(table))
    assert speakers(table, made[1].test) == {f"librispeech:{i}" for i in (11, 16, 21, 26)}
    assert sum(len(fold.test) for fold in made) == 20
    assert any(table[i].corpus == "savee" for i in made[0].train)


def test_sessions_validate_on_the_next_one() -> None:
    table = Table(
        replace(clip, session=str(k))
        for k in range(1, 6)
        for clip in clips("iemocap", f"0{k}F 0{k}M", (Emotion.EXCITED, Emotion.SAD))
    )
    protocol = protocols.find("iemocap-5session")
    assert protocol.label(table[0]) == "happy"
    for fold in folds("iemocap-5session", table, fingerprints=apart(table)):
        test = int(fold.name)
        assert {table[i].session for i in fold.test} == {fold.name}
        assert {table[i].session for i in fold.validation} == {str(test % 5 + 1)}


def test_random_splits_are_stratified_and_keep_twins_together(ravdess: Table) -> None:
    known = apart(ravdess)
    twins = [ravdess[0].key, ravdess[1].key]
    known |= dict.fromkeys(twins, "the same")
    shares = []
    for fold in folds("ravdess-random-14", ravdess, fingerprints=known):
        sides = [
            {ravdess[i].key for i in side} for side in (fold.train, fold.validation, fold.test)
        ]
        assert any(set(twins) <= side for side in sides)
        assert sum(map(len, sides)) == len(ravdess)
        shares.append([len(side) for side in sides])
        labels = [protocols.find("ravdess-random-14").label(ravdess[i]) for i in fold.test]
        counts = [labels.count(label) for label in set(labels)]
        assert len(counts) == 8  # two genders, four emotions
        assert max(counts) - min(counts) <= 2
    assert all(abs(test - len(ravdess) / 10) <= 1 for _, _, test in shares)


def test_copies_of_test_clips_do_not_train(savee: Table) -> None:
    copy = replace(savee[0], file=Path("other/copy.wav"), corpus="other", speaker="other:1")
    table = Table([*savee, copy])
    known = apart(table) | {copy.key: savee[0].key}
    first, *rest = folds("savee-loso", table, pool=True, fingerprints=known)
    assert len(table) - 1 not in (*first.train, *first.validation)
    assert any(len(table) - 1 in fold.train for fold in rest)


def test_a_speaker_under_two_corpora_is_refused(savee: Table) -> None:
    again = replace(savee[0], file=Path("other/x.wav"), corpus="other")
    table = Table([*savee, again])
    with pytest.raises(CorpusError, match="speaker savee:DC in training and test"):
        folds("savee-loso", table, pool=True, fingerprints=apart(table))


def test_a_missing_speaker_is_refused(savee: Table) -> None:
    nameless = replace(savee[0], file=Path("x.wav"), corpus="other", speaker=None)
    table = Table([*savee, nameless])
    with pytest.raises(CorpusError, match=r"no speaker of x\.wav"):
        folds("savee-loso", table, pool=True, fingerprints=apart(table))


def test_own_splits_can_be_checked(savee: Table) -> None:
    known = apart(savee)
    check_leaks(savee, Fold("mine", (0,), (1,), (len(savee) - 1,)), fingerprints=known)
    with pytest.raises(CorpusError, match=r"mine, fold 1: found clip .* in training and test"):
        check_leaks(savee, Fold("1", (0,), (1,), (0,)), name="mine")
    with pytest.raises(CorpusError, match="found speaker"):
        check_leaks(savee, Fold("1", (0,), (), (1,)))
    check_leaks(savee, Fold("1", (0,), (), (1,)), speakers=False, fingerprints=known)
    with pytest.raises(CorpusError, match="found sound"):
        check_leaks(
            savee,
            Fold("1", (0,), (), (1,)),
            speakers=False,
            fingerprints=known | {savee[1].key: savee[0].key},
        )


def test_part_of_a_corpus_or_none_is_refused(savee: Table) -> None:
    part = savee.filter(lambda clip: clip.speaker != "savee:KL")
    with pytest.raises(CorpusError, match=r"no clips of speaker KL.*the whole of savee"):
        folds("savee-loso", part, fingerprints=apart(part))
    assert len(folds("savee-loso", part, partial=True, fingerprints=apart(part))) == 3
    with pytest.raises(CorpusError, match=r"no clips of emodb.*it has savee"):
        folds("emodb-loso", savee, fingerprints=apart(savee))
    with pytest.raises(OptionError, match="expected one of ravdess-6fold"):
        folds("savee-lose", savee)


def test_songs_are_not_tested(ravdess: Table) -> None:
    song = replace(ravdess[0], extra={"channel": "song"})
    assert protocols.find("ravdess-6fold").label(song) is None
    assert protocols.find("ravdess-6fold").label(ravdess[0]) == "neutral"


def test_unknown_sounds_are_decoded(tmp_path: Path, savee: Table) -> None:
    rng = np.random.default_rng(0)
    table = Table(replace(clip, file=tmp_path / clip.file.name) for clip in savee)
    for clip in table:
        audio.save(clip.file.with_suffix(".wav"), rng.normal(0, 0.1, 800).astype(np.float32))
    twin = table[-1]
    twin.file.write_bytes(table[0].file.read_bytes())
    journal = tmp_path / "sounds.jsonl"
    known = corpora.fingerprints(table, workers=1, describe="", journal=journal)
    assert known[twin.key] == known[table[0].key]
    assert len(set(known.values())) == len(table) - 1
    first = folds("savee-loso", table)[0]
    assert len(table) - 1 not in (*first.train, *first.validation)
    assert corpora.fingerprints(table, workers=1, describe="", journal=journal) == known
    table[1].file.write_text("broken")
    with pytest.raises(CorpusError, match=r"1 of .* clips that can't be decoded"):
        corpora.fingerprints(table, workers=1, describe="", journal=journal)


def test_the_speaker_lists_are_whole() -> None:
    wanted = {
        "ravdess-6fold": {f"{i:02}" for i in range(1, 25)},
        "ravdess-5fold": {f"{i:02}" for i in range(1, 25)},
        "cremad-5fold": {str(i) for i in range(1001, 1092)},
        "emodb-loso": {"03", "08", "09", "10", "11", "12", "13", "14", "15", "16"},
    }
    for name, ids in wanted.items():
        listed = [speaker for group in protocols.find(name).groups for speaker in group]
        assert len(listed) == len(set(listed))
        assert set(listed) == ids


@pytest.mark.corpora
def test_the_lists_are_those_of_the_shared_facts(shared: Path) -> None:
    facts = json.loads((shared / "corpora" / "protocols.json").read_text(encoding="utf-8"))
    named = {name: row for name, row in facts.items() if not name.startswith("_")}
    assert set(protocols.names()) == set(named)
    for name, row in named.items():
        protocol = protocols.find(name)
        if "test_speakers" in row:
            assert [list(group) for group in protocol.groups] == row["test_speakers"]
        if "split" in row:
            assert list(protocol.seeds) == row["split"]["seeds"]
        assert protocol.speaker_independent == row["speaker_independent"]
        assert row["classes"] in (len(protocol.labels), 1)
