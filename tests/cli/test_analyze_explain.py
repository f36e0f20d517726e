"""`affetto analyze --explain`: what drove a label, in words, in JSON and on the page."""

import json
import re
from pathlib import Path

import pytest

from affetto import audio
from affetto.cli import main
from tiny_model import voice_like


@pytest.fixture
def analyze(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]):
    """Run the command on a short recording: options → status, stdout, stderr."""
    audio.save(tmp_path / "one.wav", voice_like(1.2))

    def run(*options: str) -> tuple[int, str, str]:
        status = main(["analyze", str(tmp_path / "one.wav"), "--model", str(model), *options])
        return status, *capsys.readouterr()

    return run


def test_a_person_reads_when_and_where_in_the_voice(analyze) -> None:
    status, out, err = analyze("--explain")
    assert (status, err) == (0, "")
    assert re.search(r"what made 0:00.0 – 0:01.\d sound \w+ \(\d+%\)", out)
    assert re.search(r"Hz +\d+% → \d+% when hidden|no part of it alone", out)


def test_a_program_gets_every_effect(analyze) -> None:
    status, out, _ = analyze("--explain", "3", "--format", "json")
    (why,) = json.loads(out)["explanations"]
    assert status == 0
    assert len(why["effect"]) == len(why["times"]) - 1
    assert len(why["effect"][0]) == len(why["bands"]) - 1
    assert why["emotion"] in why["scores"]
    assert "explanations" not in json.loads(analyze("--format", "json")[1])


def test_the_page_has_it(analyze, tmp_path: Path) -> None:
    status, _, _ = analyze("--explain", "--format", "html", "-o", str(tmp_path / "one.html"))
    page = (tmp_path / "one.html").read_text("utf-8")
    assert status == 0
    assert "What drove the label" in page


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--explain=0",), "found --explain=0, expected a number of 1 or more, or none"),
        (("--explain", "--format", "csv"), "--explain needs --format text, json or html"),
    ],
)
def test_wrong_options_are_said(analyze, options: tuple[str, ...], says: str) -> None:
    status, out, err = analyze(*options)
    assert (status, out) == (2, "")
    assert err.startswith(f"affetto: {says}")


def test_results_with_and_without_reasons_do_not_mix_in_a_folder(analyze, tmp_path: Path) -> None:
    folder = str(tmp_path / "results") + "/"
    assert analyze("--format", "json", "-o", folder)[0] == 0
    status, _, err = analyze("--explain", "--format", "json", "-o", folder, "--resume")
    assert status == 2
    assert "results made with explain None" in err
