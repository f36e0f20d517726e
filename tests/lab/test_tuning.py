"""Looking for better values: judged by held-out speakers, gone on with after a stop."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

for package in ("optuna", "sklearn", "onnx", "matplotlib"):
    pytest.importorskip(package, reason="tuning needs the extra `train`")

from affetto.errors import AffettoError, CorpusError, OptionError
from affetto.lab import protocols
from affetto.lab.corpora import Table
from affetto.lab.families import FAMILIES
from affetto.lab.families.build import choose_classes
from affetto.lab.families.config import ModelConfig
from affetto.lab.families.spaces import SPACES, OneOf, space_of, with_values
from affetto.lab.objective import Objective, Split
from affetto.lab.tuning import Search, tune
from tiny_corpus import write_corpus

if TYPE_CHECKING:
    from pathlib import Path

QUICK = ["features.parts=['mfcc']", "features.mel=40", "features.mfcc=13"]
FIXED = ["features.parts"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Give 24 clips of four speakers."""
    return write_corpus(
        tmp_path_factory.mktemp("clips"), voices={"savee": ("DC", "JE", "JK", "KL")}
    )


@pytest.fixture(scope="module")
def objective(table: Table) -> Objective:
    return Objective.on_table(table, choose_classes(table))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder for features, which all tests share; studies lie apart by their output."""
    return tmp_path_factory.mktemp("runs")


def search(objective: Objective, *, seed: int = 0) -> Search:
    config = ModelConfig.of("svm").changed(QUICK)
    return Search(config, space_of(config, fixed=FIXED), objective, seed)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "trials.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def values(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(text for name, text in row.items() if "." in name)


def test_a_table_is_judged_by_speakers_who_are_not_learnt_from(
    objective: Objective, table: Table
) -> None:
    (split,) = objective.splits
    learnt = {table[i].speaker for i in split.train}
    judges = {table[i].speaker for i in split.validation}
    assert len(judges) == 1
    assert not learnt & judges
    assert {objective.truth[i] for i in split.train} == set(objective.labels)


def test_the_test_clips_of_a_protocol_are_never_heard(table: Table) -> None:
    objective = Objective.on_protocol("savee-loso", table)
    folds = protocols.folds("savee-loso", table)
    assert len(objective.splits) == 4
    for split, fold in zip(objective.splits, folds, strict=True):
        heard = {objective.table[i].key for i in (*split.train, *split.validation)}
        assert heard == {table[i].key for i in (*fold.train, *fold.validation)}
        assert not heard & {table[i].key for i in fold.test}


def test_one_speaker_alone_can_not_be_held_out(table: Table) -> None:
    one = table.filter(speaker="savee:DC")
    with pytest.raises(CorpusError, match="found 1 known speakers, none to hold out"):
        Objective.on_table(one, choose_classes(one))
    nobody = Table([replace(clip, speaker=None) for clip in table])
    with pytest.raises(CorpusError, match="found 0 known speakers"):
        Objective.on_table(nobody, choose_classes(nobody))


def test_a_search_gone_on_with_is_the_one_that_was_never_stopped(
    objective: Objective, runs: Path, tmp_path: Path
) -> None:
    whole = tune(search(objective), tmp_path / "whole", runs=runs, trials=4)
    tune(search(objective), tmp_path / "parts", runs=runs, trials=2)
    assert len(rows(tmp_path / "parts")) == 2
    parts = tune(search(objective), tmp_path / "parts", runs=runs, trials=4)
    assert (parts.score, parts.values) == (whole.score, whole.values)
    found = rows(tmp_path / "parts")
    assert list(map(values, found)) == list(map(values, rows(tmp_path / "whole")))
    assert len(set(map(values, found))) == 4
    assert max(float(row["score"]) for row in found) == pytest.approx(parts.score, abs=1e-4)
    best = ModelConfig.of(tmp_path / "parts" / "best.toml")
    assert best == replace(parts.config, name="best")
    assert best.features.parts == ("mfcc",), "a value that was set stays"
    for name in ("history.png", "importance.png"):
        assert (tmp_path / "parts" / name).read_bytes()[1:4] == b"PNG"
    other = tune(search(objective, seed=1), tmp_path / "other", runs=runs, trials=2)
    assert other.values != whole.values


def test_the_study_of_another_search_is_refused(
    objective: Objective, runs: Path, tmp_path: Path
) -> None:
    tune(search(objective), tmp_path / "mine", runs=runs, trials=1)
    with pytest.raises(OptionError, match=r"another study \(of other seed\)"):
        tune(search(objective, seed=1), tmp_path / "mine", runs=runs, trials=1)
    fewer = replace(objective, splits=(Split(np.arange(6, 24), np.arange(6)),))
    with pytest.raises(OptionError, match=r"another study \(of other clips\)"):
        tune(search(fewer), tmp_path / "mine", runs=runs, trials=1)
    (runs / "tune" / "junk").mkdir()
    (runs / "tune" / "junk" / "study.db").write_text("no database, but a text of some length")
    with pytest.raises(OptionError, match="found no study that can be gone on with"):
        tune(search(objective), tmp_path / "junk", runs=runs, trials=1)


def test_trials_that_lag_behind_are_stopped_early(
    objective: Objective, table: Table, runs: Path, tmp_path: Path
) -> None:
    speakers = np.array([table.speakers.index(clip.speaker or "") for clip in table])
    two = tuple(Split(np.flatnonzero(speakers != i), np.flatnonzero(speakers == i)) for i in (0, 1))
    tuned = tune(search(replace(objective, splits=two)), tmp_path / "two", runs=runs, trials=10)
    found = rows(tmp_path / "two")
    assert tuned.trials == 10
    assert tuned.stopped == sum(row["state"] == "pruned" for row in found) > 0
    assert {row["checks"] for row in found if row["state"] == "pruned"} == {"1"}
    assert {row["checks"] for row in found if row["state"] == "complete"} == {"2"}


@dataclass(frozen=True)
class Interrupted(Objective):
    """Ctrl-C comes while the third trial trains."""

    def score(self, config: ModelConfig, **options: Any) -> float:
        seen = options["runs"] / "seen"
        with seen.open("a") as file:
            file.write(".")
        if seen.stat().st_size == 3:
            raise KeyboardInterrupt
        return super().score(config, **options)


def test_a_trial_that_was_stopped_is_taken_up_again(objective: Objective, tmp_path: Path) -> None:
    stopped = Interrupted(**vars(objective))
    runs, output = tmp_path / "runs", tmp_path / "tuned"
    with pytest.raises(KeyboardInterrupt):
        tune(search(stopped), output, runs=runs, trials=4)
    assert (output / "best.toml").is_file(), "what was tried is kept"
    tune(search(stopped), output, runs=runs, trials=4)
    found = rows(output)
    assert [row["state"] for row in found] == ["complete", "complete", "fail", *2 * ["complete"]]
    assert values(found[2]) == values(found[3])


def test_what_stops_every_trial_is_told_and_soon(
    objective: Objective, table: Table, tmp_path: Path
) -> None:
    lost = replace(table[0], file=tmp_path / "lost.wav")
    gone = replace(objective, table=Table([lost, *table[1:]]))
    with pytest.raises(AffettoError, match=r"no trial that came to its end \(.*lost.wav"):
        tune(search(gone), tmp_path / "tuned", runs=tmp_path / "runs", trials=50)


def test_a_network_tells_its_checks_and_is_ended_by_them(
    objective: Objective, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    config = ModelConfig.of("cnn1d").changed(
        ["width=0.1", "epochs=2", "features.length=40", "augment.steps=", "augment.copies=0"]
    )
    told: list[tuple[int, int]] = []

    def check(split: int, number: int, score: float) -> None:
        told.append((split, number))
        assert 0.0 <= score <= 1.0
        raise InterruptedError

    with pytest.raises(InterruptedError):
        objective.score(config, runs=tmp_path, name="a", check=check)
    assert told == [(0, 1)]


def test_each_family_has_a_space_of_values_that_it_takes() -> None:
    assert set(SPACES) == set(FAMILIES)
    for name in SPACES:
        config = ModelConfig.of(name)
        space = space_of(config)
        for end in ("low", "high"):
            drawn = {
                key: at.values[0 if end == "low" else -1]
                if isinstance(at, OneOf)
                else (int if at.whole else float)(getattr(at, end))
                for key, at in space.items()
            }
            assert with_values(config, drawn).family is config.family


def test_a_family_without_a_space_and_one_without_a_choice_are_refused() -> None:
    config = ModelConfig.of("svm")
    new = replace(config, family=replace(config.family, name="new"))
    with pytest.raises(OptionError, match="no search space of new, expected one of svm"):
        space_of(new)
    with pytest.raises(OptionError, match="every value"):
        space_of(config, fixed=["costs", "gamma", "features.parts", "features.statistics"])
