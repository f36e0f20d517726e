"""Subtitles from the command line."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from affetto.cli import main
from affetto.formats import from_srt, from_vtt
from affetto.timeline import Timeline

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.mark.parametrize(("form", "read"), [("srt", from_srt), ("vtt", from_vtt)])
def test_one_recording_goes_to_stdout_or_a_file(
    form: str,
    read: Callable[[str], Timeline],
    sounds: Path,
    model: Path,
    tmp_path: Path,
    run: Run,
) -> None:
    args = ["analyze", str(sounds / "one.wav"), "--model", str(model), "--format", form]
    path = tmp_path / f"one.{form}"
    assert main([*args, "-o", str(path)]) == 0
    text = path.read_text("utf-8")
    assert len(read(text)) > 0
    assert run(*args).stdout.decode("utf-8") == text


@pytest.mark.parametrize("form", ["srt", "vtt"])
def test_several_recordings_go_to_a_folder(
    form: str, sounds: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["analyze", str(sounds), "--model", str(model), "--format", form]
    assert main(args) == 2
    assert "add -o FOLDER" in capsys.readouterr().err
    assert main([*args, "-o", str(tmp_path / f"all.{form}")]) == 2
    out, err = capsys.readouterr()
    assert "found several inputs and the one file of subtitles" in err
    assert (out, err.count("\n")) == ("", 1)
    assert main([*args, "-o", f"{tmp_path / 'out'}/"]) == 0
    written = {
        path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.rglob(f"*.{form}")
    }
    assert written == {f"one.{form}", f"still.{form}", f"deep/two.{form}"}


def test_subtitles_hold_no_reasons(
    sounds: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = [str(sounds / "one.wav"), "--model", str(model), "--format", "srt", "--explain"]
    assert main(["analyze", *args]) == 2
    assert "srt holds no reasons" in capsys.readouterr().err
