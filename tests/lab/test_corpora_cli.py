"""`affetto corpora` as a person types it."""

import json
import wave
from pathlib import Path

import pytest

from affetto.cli import main
from affetto.lab import corpora


@pytest.fixture
def emodb(tmp_path: Path) -> Path:
    folder = tmp_path / "emodb"
    folder.mkdir()
    for name in ("03a01Fa", "03a01Nc", "08b01Wa"):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(bytes(range(1, 201)) * 160)
    return folder


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "list"]) == 0
    out = capsys.readouterr().out
    assert "RAVDESS" in out
    assert "CC BY-NC-SA 4.0; non-commercial use only\n" in out
    assert ") (" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert main(["corpora", "list", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in rows} == set(corpora.CORPORA)


def test_describe(emodb: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "describe", str(emodb)]) == 0
    captured = capsys.readouterr()
    assert "3 clips" in captured.out
    assert "angry" in captured.out
    assert main(["corpora", "describe", str(emodb), "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["emotions"] == {"neutral": 1, "happy": 1, "angry": 1}
    assert facts["seconds"] == 3.0


def test_describe_with_a_chart(emodb: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    chart = tmp_path / "chart.svg"
    assert main(["corpora", "describe", str(emodb), "--chart", str(chart)]) == 0
    assert "<svg" in chart.read_text()


def test_prepare_and_merge(emodb: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new, mine = tmp_path / "new", tmp_path / "mine.csv"
    assert main(["corpora", "prepare", str(emodb), str(new), "--workers", "1"]) == 0
    mine.write_text("file,emotion\nemodb/03a01Fa.wav,happy\n")
    pool = tmp_path / "pool.csv"
    assert main(["corpora", "merge", str(new), str(mine), "-o", str(pool)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "3 clips in" in captured.err
    table = corpora.load(pool)
    assert table.counts("corpus") == {"emodb": 3, "mine": 1}


def test_a_failed_clip_is_named_and_the_status_is_2(
    emodb: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (emodb / "08a01Wa.wav").write_bytes(b"")
    assert main(["corpora", "prepare", str(emodb), str(tmp_path / "new"), "--workers", "1"]) == 2
    error = capsys.readouterr().err
    assert "08a01Wa.wav" in error
    assert "1 clip failed" in error
    assert len(corpora.load(tmp_path / "new")) == 3


def refusal(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Give the one line that says why `affetto corpora` refuses."""
    assert main(["corpora", *words]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["describe", "nowhere"], "no folder or table"),
        (["describe", "."], "`affetto corpora list` shows them"),
        (["describe", ".", "--set", "channel"], "NAME=VALUE"),
        (["describe", ".", "--set", "split_over=long"], "expected seconds after the ="),
        (["describe", ".", "--set", "excited_as_happy=so"], "expected yes or no"),
        (["prepare", ".", "new", "--set", "split_over=7"], "expected --split-over 7"),
        (["describe", ".", "--corpus", "tesss"], "expected one of ravdess"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in refusal(words, capsys)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["merge", "nowhere", "-o", "no/pool.csv"], "no folder no; create it"),
        (["describe", "nowhere", "--chart", "no/a.png"], "no folder no; create it"),
        (["describe", "nowhere", "--chart", "a.txt"], "expected it to end in .png"),
    ],
)
def test_a_result_that_could_not_be_written_is_told_before_anything_is_read(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "--chart" in words:
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    assert said in refusal(words, capsys)


def test_loader_options_are_passed_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("03-01-03-01-01-01-01", "03-02-03-01-01-01-01"):
        with wave.open(str(tmp_path / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(bytes(32_000))
    command = ["corpora", "describe", str(tmp_path), "--format", "json", "--set", "channel=both"]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 2
