"""`affetto words` and `affetto analyze --words`: what a person types and reads."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pocketsphinx")

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def test_written_words_are_felt(run: Run) -> None:
    done = run("words", "feel", "I hate you", "What a lovely day, thank you!")
    text = done.stdout.decode("utf-8")
    assert done.returncode == 0
    assert text.index("I hate you") < text.index("angry") < text.index("lovely")


def test_lines_are_felt_one_by_one(run: Run) -> None:
    done = run("words", "feel", "--format", "json", stdin=b"I am scared\n\n")
    first, empty = (json.loads(line) for line in done.stdout.decode("utf-8").splitlines())
    assert first["emotion"] == "fear"
    assert (empty["emotion"], empty["scores"]) == (None, {})


def test_bytes_that_are_no_text_are_told(run: Run) -> None:
    done = run("words", "feel", stdin=b"fine\n\xff\xfe\n")
    assert done.returncode == 2
    assert done.stdout == b""
    assert "standard input, line 2: found bytes that are no text" in done.stderr.decode()
    assert done.stderr.decode().count("\n") == 1


def test_the_bundled_model_is_shown_and_verified(run: Run) -> None:
    shown = json.loads(run("words", "show", "--format", "json").stdout)
    assert shown["name"] == "words-default"
    assert shown["results"]["test"]["macro_f1"] > 0.5
    assert "as it should be" in run("words", "verify").stdout.decode()
    done = run("models", "verify", shown["path"])
    assert done.returncode == 2
    assert "found a model of words" in done.stderr.decode()


def test_options_of_words_need_words(run: Run, sounds: Path, model: Path) -> None:
    for options in (["--transcriber", "pocketsphinx"], ["--redact"], ["--words-weight", "0"]):
        done = run("analyze", sounds / "one.wav", "--model", model, *options)
        assert done.returncode == 2
        assert done.stderr.decode().count("\n") == 1
        assert f"found {options[0]} without --words" in done.stderr.decode()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--transcriber", "a parrot"], "a parrot"),
        (["--transcriber", "pocketsphinx", "--language", "fi"], "fi"),
        (["--transcriber", "pocketsphinx", "--translate", "whisper"], "translates nothing"),
        (["--words-model", "nowhere"], "nowhere"),
        (["--words-weight", "9"], "weight of the words"),
        (["--fusion", "nowhere.json"], "nowhere.json"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    run: Run, sounds: Path, model: Path, options: list[str], fault: str
) -> None:
    done = run("analyze", sounds / "one.wav", "--model", model, "--words", *options)
    error = done.stderr.decode()
    assert done.returncode == 2, error
    assert fault in error
    assert error.count("\n") == 1
    assert done.stdout == b""


def test_a_read_sentence_is_written_down_with_its_feeling(run: Run, shared: Path) -> None:
    sentence = shared / "speech" / "spk1_snt1.flac"
    done = run("analyze", sentence, "--words", "--transcriber", "pocketsphinx", "--format", "json")
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    (phrase,) = row["words"]["phrases"]
    assert "small dog" in phrase["text"]
    assert phrase["voice_emotion"]
    assert phrase["wording_emotion"]
    assert [word["text"] for word in phrase["words"]][-1] == "dog"
    assert "embedded" in row["words"]["transcriber"]
    assert "small dog" in row["segments"][0]["text"]


def test_listening_writes_phrases_down_as_they_end(run: Run, shared: Path) -> None:
    sentence = shared / "speech" / "LJ001-0002.flac"
    done = run(
        "listen", "--input", sentence, "--words", "--transcriber", "pocketsphinx",
        "--format", "jsonl",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    assert any("words" in row and "text" in row["words"] for row in rows[:-1])
    assert "being comparatively" in rows[-1]["words"]["phrases"][-1]["text"]


def test_a_teacher_that_is_none_is_refused(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    rows = "fine,joy\nbad,anger\n" * 40
    (tmp_path / "texts.csv").write_text(f"text,emotion\n{rows}", encoding="utf-8")
    args = ("--data", "texts.csv", "-o", "made")
    for verb, option in (("train", "--teacher"), ("finetune", "--encoder")):
        done = run("words", verb, *args, option, "nowhere")
        assert done.returncode == 2
        assert "nowhere" in done.stderr.decode().splitlines()[-1]
    done = run("words", "train", *args, "--teacher", "words-default")
    assert "as small as what it would teach" in done.stderr.decode()
    assert not (tmp_path / "made").exists()
