"""`affetto features`: arrays and pictures of clips, and what befalls a sound."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pytest

from affetto import audio
from affetto.cli import main
from affetto.features.recipe import FeatureRecipe
from affetto.lab.corpora import load
from affetto.lab.families.config import ModelConfig
from affetto.lab.picture_folders import share_out
from affetto.lab.saved_features import SavedFeatures
from tiny_corpus import write_corpus

if TYPE_CHECKING:
    from pathlib import Path

SMALL = ["--set", "features.parts=['mfcc']", "--set", "features.mel=40", "--set", "features.mfcc=9"]
ALTERED = [*SMALL, "--augment", "noise:10dB,speed:0.9", "--copies", "2", "--workers", "1"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the table of 18 clips of six speakers."""
    folder = tmp_path_factory.mktemp("clips")
    write_corpus(folder, voices={"mine": tuple("abcdef")}, takes=1).write_csv(folder / "labels.csv")
    return folder / "labels.csv"


@pytest.fixture(scope="module")
def saved(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give features for a perceptron, with two altered copies of each clip."""
    folder = tmp_path_factory.mktemp("arrays")
    to = ["--runs", str(folder / "runs"), "-o", str(folder / "mlp")]
    assert main(["features", "--data", str(table), "--model", "mlp", *ALTERED, *to]) == 0
    return folder / "mlp"


def test_arrays_are_numpy_files_of_the_clips_and_their_copies(saved: Path, table: Path) -> None:
    values = np.load(saved / "values.npy", allow_pickle=False)
    assert values.shape == (18, 18), "mean and deviation of nine coefficients"
    for number in (1, 2):
        copy = np.load(saved / f"altered-{number}" / "values.npy", allow_pickle=False)
        assert copy.shape == values.shape
        assert not np.allclose(copy, values)
    sound = audio.load(load(table)[3].file).samples
    recipe = FeatureRecipe.from_dict(json.loads((saved / "recipe.json").read_text("utf-8")))
    np.testing.assert_allclose(values[3], recipe(sound), atol=1e-5)


def test_what_was_saved_is_shown(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "show", str(saved)]) == 0
    text = capsys.readouterr().out
    assert "row of mfcc" in text
    assert "18 of 6 speakers" in text
    assert "2 × noise:10dB,speed:0.9" in text
    assert main(["features", "show", str(saved), "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["clips"] == 18
    assert facts["emotions"] == {"neutral": 6, "angry": 6, "sad": 6}
    assert facts["altered"] == {"steps": "noise:10dB,speed:0.9", "copies": 2}


def test_training_takes_what_was_saved_and_needs_no_sound(
    saved: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn", reason="training needs the extra `train`")
    pytest.importorskip("onnx", reason="training needs the extra `train`")
    folder = tmp_path / "moved"
    shutil.copytree(table.parent, folder)
    here = ["--data", str(folder / "labels.csv"), "--model", "mlp", *ALTERED]
    runs = ["--runs", str(tmp_path / "runs")]
    assert main(["features", *here, *runs, "-o", str(tmp_path / "mlp")]) == 0
    shutil.rmtree(folder)
    model = ["train", "--model", "mlp", *SMALL, "--set", "augment.copies=1", "--set", "epochs=5"]
    model += ["--set", "augment.steps=noise:10dB,speed:0.9", "--set", "hidden=[8]"]
    fresh = [*model, "--data", str(table), "--runs", str(tmp_path / "a"), "-o", str(tmp_path / "x")]
    assert main(fresh) == 0
    again = [*model, "--features", str(tmp_path / "mlp")]
    assert main([*again, "--runs", str(tmp_path / "b"), "-o", str(tmp_path / "y")]) == 0
    assert not (tmp_path / "b" / "arrays").exists(), "nothing is computed"
    one, two = ((tmp_path / name / "model.onnx").read_bytes() for name in "xy")
    assert one == two
    capsys.readouterr()
    other = ["train", "--model", "mlp", "--features", str(tmp_path / "mlp"), "-o", str(tmp_path)]
    assert main([*other, "--runs", str(tmp_path / "c")]) == 2
    assert "found features of parts mfcc, expected functionals+mfcc" in capsys.readouterr().err
    more = [*again, "--set", "augment.copies=3", "--runs", str(tmp_path / "c"), "-o", str(tmp_path)]
    assert main(more) == 2
    assert "found 2 variants of each clip altered by noise" in capsys.readouterr().err
    assert main([*again, "--data", str(table), "-o", str(tmp_path / "z")]) == 2
    assert "found both --data and --features" in capsys.readouterr().err


def test_parts_are_merged_to_the_whole(
    saved: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = load(table)
    for name, voices in (("ab", "ab"), ("bf", "bcdef")):
        part = clips.filter(speaker=[f"mine:{voice}" for voice in voices])
        part.write_csv(tmp_path / f"{name}.csv")
        to = ["--runs", str(tmp_path / "runs"), "-o", str(tmp_path / name)]
        data = ["--data", str(tmp_path / f"{name}.csv")]
        assert main(["features", *data, "--model", "mlp", *ALTERED, *to]) == 0
    parts = [str(tmp_path / name) for name in ("ab", "bf")]
    assert main(["features", "merge", *parts, "-o", str(tmp_path / "whole")]) == 0
    assert "wrote features of 18 clips" in capsys.readouterr().err
    whole, expected = SavedFeatures.open(tmp_path / "whole"), SavedFeatures.open(saved)
    config = ModelConfig.of("mlp").changed(SMALL[1::2])
    config = config.with_tables({"augment": {"steps": whole.steps, "copies": 2}})
    for one, other in zip(
        whole.of(clips, config), expected.of(expected.table, config), strict=True
    ):
        np.testing.assert_allclose(one.values, other.values, atol=1e-6)
    shutil.rmtree(tmp_path / "ab" / "altered-1")
    assert main(["features", "merge", *parts, "-o", str(tmp_path / "x")]) == 2
    assert "altered-1: found no features that can be read" in capsys.readouterr().err
    (tmp_path / "ab" / "altered.json").unlink()
    assert main(["features", "merge", *parts, "-o", str(tmp_path / "x")]) == 2
    assert "found 2 variants altered by noise:10dB,speed:0.9 beside 0 by no steps" in (
        capsys.readouterr().err
    )


def test_pictures_are_shared_out_by_speaker(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["features", "pictures", "--data", str(table), "--size", "48", "--workers", "1"]
    assert main([*args, "-o", str(tmp_path / "pictures")]) == 0
    assert "wrote 18 pictures" in capsys.readouterr().err
    made = sorted((tmp_path / "pictures").rglob("*.png"))
    assert len(made) == 18
    sides = defaultdict(set)
    for path in made:
        side, emotion, name = path.relative_to(tmp_path / "pictures").parts
        assert f"-{emotion}-" in name
        sides[name.split("-")[1]].add(side)
    assert {len(side) for side in sides.values()} == {1}
    assert {side for found in sides.values() for side in found} == {"train", "val", "test"}
    for path in made:
        head = path.read_bytes()[:24]
        assert head[1:4] == b"PNG"
        assert [int.from_bytes(head[i : i + 4], "big") for i in (16, 20)] == [48, 48]
    assert main([*args, "-o", str(tmp_path / "pictures")]) == 2
    assert "expected a folder without pictures" in capsys.readouterr().err


def test_a_picture_is_what_a_model_sees(table: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("matplotlib.image", reason="something that reads PNG")
    args = ["features", "pictures", "--data", str(table), "--size", "48", "--workers", "1"]
    assert main([*args, "--shares", "1,0,0", "--by", "clip", "-o", str(tmp_path)]) == 0
    clip = load(table)[0]
    seen = image.imread(tmp_path / "train" / str(clip.emotion) / f"{clip.name}.png")[..., :3]
    heard = FeatureRecipe("picture", size=48)(audio.load(clip.file).samples)
    np.testing.assert_allclose(seen.transpose(2, 0, 1), heard, atol=1e-6)


def test_clips_are_shared_out_as_asked_and_alike_for_a_seed(table: Path) -> None:
    clips = load(table)
    assert share_out(clips, seed=3) == share_out(clips, seed=3)
    assert share_out(clips, seed=3) != share_out(clips, seed=4)
    sides = share_out(clips, (0.5, 0.5, 0.0), by="clip")
    for emotion in clips.labels:
        own = [side for side, clip in zip(sides, clips, strict=True) if clip.emotion == emotion]
        assert sorted(own) == ["train"] * 3 + ["val"] * 3


def test_a_preview_can_be_heard_and_seen(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra `plots`")
    sound = load(table)[0].file
    args = ["features", "preview", str(sound), "--steps", "speed:0.5,noise:10dB"]
    assert main([*args, "--format", "flac", "-o", str(tmp_path / "a")]) == 0
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "after.flac",
        "before.flac",
        "spectrograms.png",
    ]
    before, after = (audio.load(tmp_path / "a" / f"{n}.flac").samples for n in ("before", "after"))
    np.testing.assert_allclose(before, audio.load(sound).samples, atol=1e-4)
    assert len(after) == pytest.approx(2 * len(before), rel=0.02)
    for name, seed in (("b", "0"), ("c", "1")):
        assert main([*args, "--seed", seed, "-o", str(tmp_path / name)]) == 0
    one, other = (audio.load(tmp_path / name / "after.wav").samples for name in "bc")
    np.testing.assert_array_equal(one, after)
    assert not np.array_equal(one, other)
    capsys.readouterr()
    assert main([*args[:3], "--steps", "echo", "-o", str(tmp_path / "d")]) == 2
    assert "found step 'echo', expected one of noise" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ("", "found no --data, expected --data, --model and --output, or a verb; see affetto fea"),
        ("--data TABLE --model svm", "found no --output, expected --data, --model and --output"),
        ("--data lost --model svm -o x", "found no lost, expected a file or folder: correct it"),
        ("--data TABLE --model sum -o x", "found model 'sum', expected one of svm"),
        ("--data TABLE show x", "found options before show, expected them after it"),
        ("--data TABLE --model svm --augment noise --copies 0 -o x", "found --copies 0 beside "),
        ("--data TABLE --model svm --copies 1 -o x", "found 1 copies altered by no steps"),
        ("shw", "found the verb 'shw', expected 'show' perhaps; see affetto features --help"),
        ("show x", "x: found no features that can be read"),
        ("pictures -o x", "found no --data, expected --data TABLE once or more"),
        ("pictures --data TABLE --shares 1,2 -o x", "found --shares '1,2', expected three "),
        ("pictures --data TABLE --shares 0,0,0 -o x", "found shares 0, 0, 0, expected three of "),
        ("pictures --data ALONE -o x", "found 1 speakers for 3 sides, expected one a side or "),
        ("preview lost.wav --steps noise -o x", "found no lost.wav, expected a file or folder"),
    ],
)
def test_mistakes_are_one_line(
    args: str,
    line: str,
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    load(table).filter(speaker="mine:a").write_csv("alone.csv")
    named = {"TABLE": str(table), "ALONE": "alone.csv"}
    assert main(["features", *(named.get(word, word) for word in args.split())]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"affetto: {line}"), err
    assert err.count("\n") == 1
    assert not (tmp_path / "x").exists()
