"""The command as a person meets it: exit statuses, streams, help, interruptions."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

import affetto
import affetto.cli
from affetto.cli import main
from affetto.cli.verbs import VERBS
from affetto.errors import AudioError

HEAVY = ("torch", "transformers", "librosa", "pandas", "scipy", "av", "onnxruntime", "numpy")
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and pipes")


@pytest.mark.parametrize("code", ["import affetto", "from affetto.cli import main; main(['-h'])"])
def test_importing_affetto_or_asking_for_help_imports_nothing_heavy(code: str) -> None:
    check = f"{code}\nimport sys\nprint('|', *[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.rpartition("|")[2].split() == []


def test_the_version_needs_no_parser() -> None:
    check = "import sys; sys.argv[1:] = ['--version']\nfrom affetto.cli import main\nmain()\n"
    check += "sys.exit(any(m in sys.modules for m in ('typer', 'click', 'rich')))"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"affetto {affetto.__version__}\n")


def test_help_lists_the_verbs_without_importing_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for name, verb in VERBS.items():
        assert (name in shown.split()) == (find_spec(verb.module) is not None)


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Usage: affetto" in capsys.readouterr().out


def test_a_verb_that_is_not_installed_is_not_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VERBS, "dance", VERBS["models"].__class__("affetto.cli.dance", "Dance."))
    assert main(["--help"]) == 0
    assert "dance" not in capsys.readouterr().out
    assert main(["dance"]) == 2


@pytest.mark.parametrize(
    "verb",
    [
        *([name] for name, verb in VERBS.items() if find_spec(verb.module)),
        ["models", "list"],
        ["models", "show"],
        ["models", "verify"],
        ["corpora", "list"],
        ["corpora", "describe"],
        ["corpora", "prepare"],
        ["corpora", "merge"],
    ],
    ids=" ".join,
)
def test_the_help_of_every_verb_shows_an_example(
    verb: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*verb, "--help"]) == 0
    shown = capsys.readouterr().out
    lines = [line.strip() for line in shown.splitlines()]
    at = next(i for i, line in enumerate(lines) if line in ("Example:", "Examples:"))
    examples = lines[at + 1 : lines.index("", at)]
    assert f"affetto {verb[0]}" in examples[0]
    # An example that is broken over two lines can't be copied.
    assert all("affetto " in line for line in examples)
    assert "Args:" not in shown
    assert "\\b" not in shown


@pytest.mark.parametrize(
    "args",
    [
        ["dance"],
        ["--loud"],
        ["analyze"],
        ["analyze", "--loud", "a.wav"],
        ["analyze", "a.wav", "--format", "mp3"],
        ["analyze", "a.wav", "--hop", "often"],
        ["models", "dance"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_and_exit_2(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(args) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("affetto: ")
    assert err.count("\n") == 1
    assert "--help" in err


def _models_that_raise(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def raises(name: object) -> None:
        raise error

    monkeypatch.setattr("affetto.models.resolve", raises)


def test_an_error_of_the_users_is_one_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _models_that_raise(monkeypatch, AudioError("a.wav:\nfound text; convert it"))
    assert main(["models", "show"]) == 2
    assert capsys.readouterr().err == "affetto: a.wav: found text; convert it\n"


def test_a_fault_of_ours_is_one_line_and_exit_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _models_that_raise(monkeypatch, ValueError("some\nthing"))
    assert main(["models", "show"]) == 1
    err = capsys.readouterr().err
    assert err == "affetto: internal error (ValueError: some thing); run again with --debug\n"


@pytest.mark.parametrize("args", [["--debug", "models", "show"], ["models", "show", "--debug"]])
def test_debug_lets_the_traceback_through(args: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _models_that_raise(monkeypatch, ZeroDivisionError("of ours"))
    with pytest.raises(ZeroDivisionError):
        main(args)


def test_an_interruption_is_quiet_and_exit_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _models_that_raise(monkeypatch, KeyboardInterrupt())
    assert main(["models", "show"]) == 130
    assert capsys.readouterr() == ("", "")


@POSIX
def test_ctrl_c_keeps_what_was_finished_and_leaves_no_half_file(
    tmp_path: Path, sounds: Path, model: Path
) -> None:
    # The second input never comes, so that the run waits for it.
    args = [sys.executable, "-m", "affetto", "analyze", sounds / "one.wav", "-"]
    args += ["--model", model, "--format", "json", "-o", "out/"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(args, cwd=tmp_path, stdin=pipe, stdout=pipe, stderr=pipe)
    done = tmp_path / "out" / "one.json"
    for _ in range(600):
        if done.is_file():
            break
        time.sleep(0.1)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert process.communicate() == (b"", b"")
    assert json.loads(done.read_text("utf-8"))["segments"]
    assert [path.name for path in (tmp_path / "out").glob("[!.]*")] == ["one.json"]


@POSIX
def test_a_reader_that_goes_away_is_no_error(sounds: Path, model: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, "-m", "affetto", "analyze", sounds / "one.wav", "--model", model],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (process.returncode, process.stderr) == (141, b"")


@POSIX
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_told_in_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        process = subprocess.run(
            [sys.executable, "-m", "affetto", "--version"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert process.returncode == 2
    assert process.stderr.startswith("affetto: can't write the result: ")
    assert process.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--output", "--runs"])
def test_a_training_whose_result_could_not_be_written_does_not_begin(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    args = ["train", "--data", "nowhere.csv", "--output", str(tmp_path / "package")]
    assert main([*args, option, str(tmp_path / "file" / "below")]) == 2
    err = capsys.readouterr().err
    assert "is a file, not a folder; choose another" in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_guide_tells_every_exit_status() -> None:
    guide = Path(__file__).parents[2] / "docs" / "guide.md"
    told = guide.read_text("utf-8").partition("## Exit status")[2]
    pattern = r"^\| ([\d, ]+) \|"
    found = re.findall(pattern, told, re.MULTILINE)
    known = re.findall(pattern, str(affetto.cli.__doc__), re.MULTILINE)
    assert sorted(", ".join(found).split(", ")) == sorted(known)
