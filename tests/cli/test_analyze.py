"""`affetto analyze` on real files with a tiny model."""

import csv
import io
import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from affetto.cli import main
from affetto.cli.analyze import spell_out_counts
from affetto.formats import from_json
from affetto.recognition import BaselineStatistics, SpeakerBaseline
from tiny_model import write_tiny

ESCAPE = "\x1b"

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def lines(text: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.decode("utf-8").splitlines()]


def test_text_is_plain_when_piped(run: Run, sounds: Path, model: Path) -> None:
    done = run("analyze", sounds / "one.wav", "--model", model)
    text = done.stdout.decode("utf-8")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "one.wav · 0:03.0 · tiny 0" in text
    assert "of speech" in text
    assert ESCAPE not in text


def test_a_console_without_unicode_gets_ascii(run: Run, sounds: Path, model: Path) -> None:
    env = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = run("analyze", sounds / "one.wav", "--model", model, env=env)
    assert done.returncode == 0
    assert "one.wav, 0:03.0, tiny 0" in done.stdout.decode("ascii")


def test_json_is_one_object_an_input_and_nothing_else(run: Run, sounds: Path, model: Path) -> None:
    done = run("analyze", sounds, "--model", model, "--format", "json")
    rows = lines(done.stdout)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [Path(str(row["source"])).name for row in rows] == ["one.wav", "still.wav", "two.flac"]
    assert [bool(row["segments"]) for row in rows] == [True, False, True]
    assert "track" not in rows[0]


def test_data_is_utf_8_whatever_the_console_speaks(run: Run, sounds: Path, model: Path) -> None:
    (sounds / "one.wav").rename(sounds / "größe ☕.wav")
    env = {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = run("analyze", sounds / "größe ☕.wav", "--model", model, "--format", "json", env=env)
    assert Path(str(lines(done.stdout)[0]["source"])).name == "größe ☕.wav"


def test_silence_is_told_and_no_error(
    sounds: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(sounds / "still.wav"), "--model", str(model)]) == 0
    assert "no speech found" in capsys.readouterr().out


def test_standard_input(run: Run, sounds: Path, model: Path) -> None:
    sound = (sounds / "one.wav").read_bytes()
    done = run("analyze", "-", "--model", model, "--format", "json", stdin=sound)
    row = lines(done.stdout)[0]
    assert (row["source"], row["duration"]) == ("stdin", 3.0)
    nothing = run("analyze", "-", "--model", model)
    assert nothing.returncode == 2
    assert nothing.stderr.startswith(b"affetto: standard input: found nothing")


def test_the_good_ones_are_finished_and_the_bad_ones_told(
    sounds: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sounds / "text.wav").write_text("no sound in here")
    (sounds / "empty.mp3").write_bytes(b"")
    address = "https://example.org/a.mp3"
    args = ["analyze", "gone.wav", address, str(sounds), "--model", str(model), "--format", "json"]
    assert main(args) == 2
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3
    told = err.splitlines()
    assert len(told) == 4
    assert all(line.startswith("affetto: ") for line in told)
    for name in ("gone.wav", address, "text.wav", "empty.mp3"):
        assert sum(name in line for line in told) == 1


def test_a_fault_in_one_recording_does_not_cost_the_others(
    sounds: Path,
    model: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from affetto import api

    real = api.analyze

    def faulty(source: Path, **options: object) -> object:
        if source.name == "one.wav":
            raise ZeroDivisionError("of ours")
        return real(source, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(api, "analyze", faulty)
    assert main(["analyze", str(sounds), "--model", str(model), "--format", "json"]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert "internal error" in err
    assert "one.wav" in err


def test_csv_has_one_header_for_all(
    sounds: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(sounds), "--model", str(model), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {Path(row["source"]).name for row in rows} == {"one.wav", "two.flac"}
    assert all(0 <= float(row["confidence"]) <= 1 for row in rows)


def test_options_reach_the_recogniser(
    sounds: Path, stereo: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--model", str(model), "--format", "json"]
    one = str(sounds / "one.wav")
    args = ["--labels", "sad,angry", "--hop", "0.25", "--window", "1.5", "--track"]
    assert main(["analyze", one, *common, *args, "--no-baseline", "--threads", "2"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert set(row["segments"][0]["scores"]) == {"sad", "angry"}
    times = row["track"]["times"]
    assert times[1] - times[0] == pytest.approx(0.25)
    assert main(["analyze", str(stereo), *common, "--channels", "separate"]) == 0
    assert json.loads(capsys.readouterr().out)["speakers"] == ["left", "right"]
    assert main(["analyze", one, *common, "--speakers", "--highpass", "80", "--denoise"]) == 0
    assert json.loads(capsys.readouterr().out)["speakers"] == ["S1"]


def test_a_baseline_is_saved_and_taken_up_again(sounds: Path, model: Path, tmp_path: Path) -> None:
    one, file = str(sounds / "one.wav"), str(tmp_path / "voice.npz")
    common = ["--model", str(model), "--format", "json"]
    assert main(["analyze", one, *common, "--save-baseline", file]) == 0
    assert main(["analyze", one, *common, "--baseline", file]) == 0


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "found no such file, expected a file of Affetto's; correct the path"),
        ("a folder", "found a folder, expected a file of Affetto's; correct the path"),
        ("truncated", "found a damaged or foreign file"),
        ("text", "found a damaged or foreign file"),
        ("empty", "found a damaged or foreign file"),
        ("other arrays", "learn it afresh with --save-baseline"),
        ("of another version", "found a baseline learned with 'tiny 9', expected 'tiny 0 ("),
        ("of another model", "learn it afresh with --save-baseline"),
    ],
)
def test_a_baseline_that_is_none_is_told_with_the_way_out(
    kind: str, says: str, sounds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_tiny(tmp_path / "tiny")
    file = tmp_path / "voice.npz"
    statistics = BaselineStatistics.load(model.folder / "baseline.npz")
    SpeakerBaseline(statistics, model="tiny 9").save(file)
    whole = file.read_bytes()
    if kind == "missing":
        file.unlink()
    elif kind == "a folder":
        file.unlink()
        file.mkdir()
    elif kind in ("truncated", "text", "empty"):
        file.write_bytes({"truncated": whole[:-200], "text": b"not a baseline", "empty": b""}[kind])
    elif kind == "other arrays":
        np.savez(file, sum=np.zeros(3))
    elif kind == "of another model":
        file = tmp_path / "other.npz"
        SpeakerBaseline(replace(statistics, population=statistics.population[1:])).save(file)
    args = [str(sounds / "one.wav"), "--model", str(model.folder), "--baseline", str(file)]
    assert main(["analyze", *args]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"affetto: {file}: ")
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--track"], "--format json"),
        (["--no-baseline", "--baseline", "x"], "contradict"),
        (["--speakers", "--channels", "separate"], "leave one"),
        (["--speakers=many"], "--speakers=many"),
        (["--labels", "angry,hungry"], "hungry"),
        (["--labels", "bored,sad"], "bored"),
        (["--labels", "sad"], "expected two or more"),
        (["--hop", "0"], "hop"),
        (["--window", "inf"], "window <= 60"),
        (["--prior", "calm"], "found the prior 'calm'"),
        (["--prior", "bored=3"], "can't say"),
        (["--speakers", "--save-baseline", "x.npz"], "learns one voice"),
        (["--channels", "separate", "--save-baseline", "x.npz"], "learns one voice"),
        (["--model", "no such"], "no such"),
        (["--resume"], "-o FOLDER"),
        (["--resume", "-o", "x.txt"], "x.txt"),
        (["-o", "gone/x.txt"], "gone"),
        (["-o", "{one}/"], "is a file, not a folder"),
        (["--save-baseline", "gone/x.npz"], "gone"),
        (["-o", "{one}"], "overwritten"),
        (["{still}", "--format", "html"], "-o FOLDER"),
        (["{still}", "--format", "html", "-o", "x.html"], "folder"),
        (["{still}", "--save-baseline", "x.npz"], "one file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_that_cannot_be_are_told_once(
    args: list[str],
    told: str,
    sounds: Path,
    model: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    one, still = sounds / "one.wav", sounds / "still.wav"
    filled = [arg.format(one=one, still=still) for arg in args]
    given = [] if "--model" in args else ["--model", str(model)]
    assert main(["analyze", str(one), *given, *filled]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert err.count("\n") == 1


def test_an_output_file_is_written_whole_and_stdout_stays_empty(
    sounds: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for form in ("text", "json", "csv"):
        path = tmp_path / f"out.{form}"
        args = [str(sounds), "--model", str(model), "--format", form, "-o", str(path)]
        assert main(["analyze", *args]) == 0
        assert capsys.readouterr() == ("", "")
        assert "one.wav" in path.read_text("utf-8")
    assert len(from_json((tmp_path / "out.json").read_text("utf-8"))) == 3


def test_a_page(sounds: Path, model: Path, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "one.html"
    args = ["analyze", str(sounds / "one.wav"), "--model", str(model), "--format", "html"]
    assert main([*args, "-o", str(path)]) == 0
    assert path.read_text("utf-8").startswith("<!doctype html>")
    # Into a pipe the page itself is the result.
    assert run(*args).stdout.startswith(b"<!doctype html>")


def test_a_folder_run_goes_on_where_it_stopped(
    sounds: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    args = ["analyze", str(sounds), "--model", str(model), "--format", "json", "-o", f"{out}/"]
    assert main(args) == 0
    written = {path.relative_to(out).as_posix() for path in out.rglob("*.json")}
    assert written == {"one.json", "still.json", "deep/two.json"}
    (out / "one.json").unlink()
    later = time.time() + 60
    os.utime(sounds / "still.wav", (later, later))
    untouched = (out / "deep" / "two.json").stat().st_mtime_ns
    assert main([*args, "--resume"]) == 0
    assert re.search(r"1 of 3 .* finished before", capsys.readouterr().err)
    assert (out / "one.json").is_file()
    assert (out / "still.json").stat().st_mtime_ns > untouched
    assert (out / "deep" / "two.json").stat().st_mtime_ns == untouched
    capsys.readouterr()
    assert main([*args, "--resume", "--labels", "happy,sad"]) == 2
    assert "found results made with labels None" in capsys.readouterr().err


def test_speakers_may_stand_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert spell_out_counts(["--speakers"]) == ["--speakers=auto"]
    assert spell_out_counts(["--speakers=3", "a"]) == ["--speakers=3", "a"]
    assert spell_out_counts(["--", "--speakers"]) == ["--", "--speakers"]
    # A file that is called like a number is a file.
    (tmp_path / "2").touch()
    assert spell_out_counts(["--speakers", "2"]) == ["--speakers=auto", "2"]
