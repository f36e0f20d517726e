"""Permutation importance: what the model leans on is found, what it ignores is not."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from affetto.audio import save
from affetto.cli import main
from affetto.emotions import Emotion
from affetto.errors import OptionError
from affetto.features.recipe import FeatureRecipe
from affetto.lab.corpora import Clip, Table
from affetto.lab.importance import group_of, importance, write_importance
from tiny_model import silence, write_tiny
from tiny_window import write_window

if TYPE_CHECKING:
    from pathlib import Path

RECIPE = FeatureRecipe("row", parts=("chroma", "mel"), mel=16, mfcc=4, level=False)
LEANS_ON = 12 + 6
"""Of the columns: chroma first, then mel."""
OFFSET = 3.1  # calm noise lies below it, angry noise above


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Write calm noise and angry noise, which differ by their level alone."""
    folder = tmp_path_factory.mktemp("clips")
    clips = []
    for i in range(16):
        emotion = (Emotion.NEUTRAL, Emotion.ANGRY)[i % 2]
        path = folder / f"{i}.wav"
        save(path, silence(0.5, noise=(0.003, 0.03)[i % 2], seed=i))
        clips.append(Clip(path, "mine", emotion, str(emotion), speaker=f"s{i % 4}"))
    return Table(clips)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "leaning"
    return write_window(folder, angry={LEANS_ON: 5.0}, offset=OFFSET, recipe=RECIPE).folder


def test_the_feature_that_decides_is_first_and_its_group_too(model: Path, table: Table) -> None:
    found = importance(model, table, workers=1)
    assert (found.uar, found.clips, found.repeats) == (1.0, 16, 5)
    assert found.features[0].name == RECIPE.names[LEANS_ON] == "mel6_mean"
    assert found.features[0].fall > 0.2
    assert [f.fall for f in found.features[1:]] == [0.0] * (len(RECIPE.names) - 1)
    assert [(g.name, g.features) for g in found.groups] == [("mel", 16), ("chroma", 12)]
    assert found.groups[0].fall > 0.2
    assert found.groups[1].fall == 0.0
    assert importance(model, table, workers=1) == found


def test_what_befalls_the_clips_is_heard(model: Path, table: Table) -> None:
    assert importance(model, table, steps="gain:-60dB", repeats=1, workers=1).uar == 0.5


def test_it_is_written_as_a_table_and_as_a_picture(
    model: Path, table: Table, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    found = importance(model, table, repeats=2, workers=1)
    for name in ("i.csv", "i.png"):
        write_importance(tmp_path / name, found)
    rows = list(csv.DictReader((tmp_path / "i.csv").open(encoding="utf-8")))
    assert [row["kind"] for row in rows] == ["group"] * 2 + ["feature"] * len(RECIPE.names)
    assert rows[2]["name"] == "mel6_mean"
    assert rows[2]["group"] == "mel"
    assert float(rows[2]["importance"]) == pytest.approx(found.features[0].fall, abs=1e-5)
    assert (tmp_path / "i.png").read_bytes()[1:4] == b"PNG"


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("mfcc12_mean", "mfcc"),
        ("chroma3_std", "chroma"),
        ("F0semitoneFrom27.5Hz_sma3nz_amean", "F0semitoneFrom27.5Hz"),
        ("7", "7"),
    ],
)
def test_groups_go_by_the_name(name: str, group: str) -> None:
    assert group_of(name) == group


def test_what_can_not_be_asked_is_said(model: Path, table: Table, tmp_path: Path) -> None:
    tiny = write_tiny(tmp_path / "tiny")
    with pytest.raises(OptionError, match="expected one of named features such as svm"):
        importance(tiny, table)
    with pytest.raises(OptionError, match="found clips of angry that the model can say"):
        importance(model, table.filter(emotion=Emotion.ANGRY))
    with pytest.raises(OptionError, match="found 0 repeats"):
        importance(model, table, repeats=0)


def test_the_command_writes_it_beside_the_figures(
    model: Path, table: Table, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_csv(tmp_path / "clips.csv")
    given = ["evaluate", "--manifest", str(tmp_path / "clips.csv"), "--model", str(model)]
    assert main([*given, "--importance", str(tmp_path / "i.csv")]) == 0
    assert "UAR" in capsys.readouterr().out
    assert (tmp_path / "i.csv").read_text("utf-8").count("\n") == 1 + 2 + len(RECIPE.names)
    tiny = write_tiny(tmp_path / "tiny").folder
    wrong = [*given[:-1], str(tiny), "--importance", str(tmp_path / "j.csv")]
    assert main(wrong) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "ask affetto analyze --explain instead" in err
    assert not (tmp_path / "j.csv").exists()
    assert main([*given, "--importance", str(tmp_path / "i.txt")]) == 2
    said = "expected it to end in" if find_spec("matplotlib") else "drawing needs matplotlib"
    assert said in capsys.readouterr().err


def test_a_clip_that_can_not_be_heard_costs_only_itself(
    model: Path, table: Table, tmp_path: Path
) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    bad = Clip(tmp_path / "bad.wav", "mine", Emotion.ANGRY, "angry")
    assert importance(model, [*table, bad], repeats=1, workers=1).clips == 16
