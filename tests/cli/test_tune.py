"""`affetto tune` as a person uses it: from a table to values that training takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

for package in ("optuna", "sklearn", "onnx", "matplotlib"):
    pytest.importorskip(package, reason="tuning needs the extra `train`")

from affetto.cli import main
from tiny_corpus import write_corpus

if TYPE_CHECKING:
    from pathlib import Path

QUICK = ["--set", "features.parts=['mfcc']", "--set", "features.mel=40", "--set", "features.mfcc=9"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    path = folder / "labels.csv"
    write_corpus(folder, voices={"mine": ("a", "b", "c", "d")}).write_csv(path)
    return path


def test_a_tuned_model_is_trained_by_its_file(
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    tuned = ["tune", "--model", "svm", "--data", str(table), *QUICK, "-o", "tuned/svm"]
    assert main([*tuned, "--trials", "2"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("UAR ")
    assert "best of 2 trials" in out
    assert "settings.gamma" in out
    assert "features.parts" not in out, "a value that was set is not tried"
    assert "affetto: 2 of 2: " in err
    assert main([*tuned, "--trials", "4", "--workers", "2"]) == 0
    out, err = capsys.readouterr()
    assert "best of 4 trials" in out
    assert "2 of 4 trials are there already" in err
    made = {path.name for path in (tmp_path / "tuned" / "svm").iterdir()}
    assert made == {"best.toml", "trials.csv", "history.png", "importance.png"}
    best = ["train", "--model", "tuned/svm/best.toml", "--data", str(table), "-o", "models/svm"]
    assert main(best) == 0
    assert (tmp_path / "models" / "svm" / "card.yaml").is_file()


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ("--model svm", "found no --data, expected --model and --data"),
        ("--data TABLE", "found no --model, expected --model and --data"),
        ("--model svn --data TABLE", "found model 'svn', expected one of svm, "),
        ("--model svm --data lost.csv", "found no lost.csv, expected a file or folder: correct it"),
        ("--model svm --data TABLE --set cost=1", "found settings.cost, expected one of kernel, "),
        (
            "--model svm --data TABLE --protocol savee-loso --gender",
            "found --gender beside --protocol, where it does nothing: leave one out",
        ),
        (
            "--model svm --data TABLE --protocol savee-loso",
            "protocol savee-loso: found no clips of savee, expected them in the table; it has mine",
        ),
        ("--model svm --data ALONE", "found 1 known speakers, none to hold out, expected two "),
    ],
)
def test_what_can_not_be_tuned_is_told(
    args: str,
    line: str,
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = table.read_text("utf-8").splitlines()
    alone = table.with_name("alone.csv")
    alone.write_text("\n".join([rows[0], *(row for row in rows if "mine:a" in row)]), "utf-8")
    named = {"TABLE": str(table), "ALONE": str(alone)}
    assert main(["tune", *(named.get(word, word) for word in args.split()), "-o", "out"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"affetto: {line}"), err
    assert err.count("\n") == 1
