"""Cross-validated training: no speaker on two sides, a small file a fold, nothing done twice."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from affetto.emotions import Emotion
from affetto.errors import OptionError
from affetto.lab.build import Sources, cross_validate
from affetto.lab.corpora import Clip, Table
from affetto.lab.crossval import measure, plan
from affetto.lab.held_out import held_out
from affetto.lab.results import read_folds
from tiny_training import loop, recipe

SAVEE = ("DC", "JE", "JK", "KL")
EMODB = ("03", "08", "09", "10", "11", "12", "13", "14", "15", "16")
OTHERS = tuple("abcdefgh")


def made_up() -> tuple[Table, dict[str, str]]:
    clips = [
        Clip(Path(f"{corpus}-{name}-{feeling}.wav"), corpus, feeling, feeling, f"{corpus}:{name}")
        for corpus, names in (("savee", SAVEE), ("emodb", EMODB), ("mine", OTHERS))
        for name in names
        for feeling in (Emotion.NEUTRAL, Emotion.HAPPY, Emotion.SAD)
    ]
    return Table(clips), {clip.key: clip.key for clip in clips}


@pytest.mark.parametrize("pool", [True, False])
def test_no_speaker_stands_on_two_sides(pool):
    table, digests = made_up()
    trainings = plan(table, ["emodb-loso", "savee-loso"], pool=pool, digests=digests)
    assert len(trainings) == (len(EMODB) if pool else len(EMODB) + len(SAVEE))
    for training in trainings:
        sides = [
            {table[i].speaker for i in clips}
            for clips in (
                training.training,
                training.validation,
                [i for *_, test in training.tests.values() for i in test],
            )
        ]
        assert sides[0]
        assert sides[2]
        if not pool:
            assert len({speaker.partition(":")[0] for speaker in set().union(*sides)}) == 1
        assert not sides[0] & sides[1]
        assert not sides[0] & sides[2]
        assert not sides[1] & sides[2]
    for name, folds in (("emodb-loso", 10), ("savee-loso", 4)):
        tested = [t.tests[name] for t in trainings if name in t.tests]
        assert [(number, count) for number, count, _ in tested] == [
            (k, folds) for k in range(folds)
        ]
        assert len({i for *_, test in tested for i in test}) == 3 * folds


def test_the_same_seed_holds_out_the_same_speakers():
    table, digests = made_up()
    first, again, other = (
        plan(table, ["savee-loso"], digests=digests, pool=True, seed=seed) for seed in (0, 0, 1)
    )
    assert first == again
    assert [t.validation for t in first] != [t.validation for t in other]


def test_held_out_speakers_come_from_corpora_of_six_or_more():
    table, _ = made_up()
    chosen = held_out(table, range(len(table)))
    speakers = {str(table[i].speaker) for i in chosen}
    assert len(speakers) == 2
    assert {speaker.partition(":")[0] for speaker in speakers} == {"emodb", "mine"}
    assert len(chosen) == 3 * len(speakers)


def test_a_fold_leaves_its_answers_and_is_not_run_again(tiny_material, tmp_path):
    digests = {clip.key: clip.key for clip in tiny_material.table}
    (first, *_) = plan(tiny_material.table, ["savee-loso"], pool=True, digests=digests)
    lines = []

    def run():
        measure(
            tiny_material,
            [first],
            runs=tmp_path / "runs",
            results=tmp_path / "results",
            recipe=recipe(pretrain=loop(steps=2), finetune=loop(steps=2)),
            report=lines.append,
        )

    run()
    folds = read_folds(tmp_path / "results")
    assert sorted(fold.baseline for fold in folds) == [False, True]
    for fold in folds:
        assert (fold.protocol, fold.variant, fold.fold, fold.folds) == ("savee-loso", "pool", 0, 4)
        assert {prediction.speaker for prediction in fold.predictions} == {"savee:DC"}
        assert len(fold.predictions) == 6
    encoders = [path.name for path in (tmp_path / "runs").glob("encoder-*")]
    assert len(encoders) == 1
    assert "savee" in encoders[0]  # it never met the tested corpus
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    lines.clear()
    run()
    assert not lines
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_what_other_corpora_always_train_for_is_refused_without_them(tmp_path):
    with pytest.raises(OptionError, match="leave out --intra"):
        cross_validate(
            Sources([tmp_path]), ["read-speech"], tmp_path / "results", runs=tmp_path, pool=False
        )
