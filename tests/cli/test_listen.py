"""`affetto listen`, with a file for a microphone and with a sound card that gives silence."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.text import Text

from affetto import audio
from affetto.cli import main
from affetto.cli.glyphs import ASCII, UNICODE, Glyphs
from affetto.cli.live_view import LiveView
from affetto.recognition import Update
from affetto.timeline import Segment
from tiny_model import silence, voice_like

Run = Callable[..., subprocess.CompletedProcess[bytes]]

NO_CARD = {"AFFETTO_AUDIO_BACKEND": "null"}


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.flac"
    audio.save(path, np.concatenate([voice_like(2.0), silence(0.8), voice_like(1.0), silence(0.7)]))
    return path


def test_a_file_is_heard_as_from_a_microphone(
    run: Run, talk: Path, model: Path, tmp_path: Path
) -> None:
    began = time.monotonic()
    done = run(
        "listen", "--input", talk, "--model", model, "--format", "jsonl",
        "-o", "out.json", "--record", "kept.flac", "--save-baseline", "me.npz",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert time.monotonic() - began > 4.5
    updates = [json.loads(line) for line in done.stdout.splitlines()]
    assert 50 <= len(updates) <= 57
    assert {"time", "emotion", "confidence", "scores", "valence", "arousal"} <= set(updates[0])
    assert {"speaking", "latency", "segments", "known_seconds"} <= set(updates[0])
    assert any(update["speaking"] and update["emotion"] for update in updates)
    assert next(s["start"] for u in updates for s in u["segments"]) < 0.3

    kept = json.loads((tmp_path / "out.json").read_text())
    assert [s for update in updates for s in update["segments"]] == kept["segments"]
    again = run("analyze", talk, "--model", model, "--causal", "--format", "json")
    assert kept["segments"] == json.loads(again.stdout)["segments"]
    np.testing.assert_array_equal(
        audio.load(tmp_path / "kept.flac").samples, audio.load(talk).samples
    )
    assert run("analyze", talk, "--model", model, "--baseline", "me.npz").returncode == 0


def test_subtitles_of_what_was_heard_are_kept(
    run: Run, talk: Path, model: Path, tmp_path: Path
) -> None:
    done = run("listen", "--input", talk, "--model", model, "-q", "-o", "out.srt")
    assert done.returncode == 0
    assert (tmp_path / "out.srt").read_text().startswith("1\n00:00:00,")


def test_piped_text_is_a_line_a_segment_and_the_view(run: Run, talk: Path, model: Path) -> None:
    done = run("listen", "--input", talk, "--model", model, "--seconds", "3.5")
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "0:00.0 – 0:02.0" in text
    assert "of speech" in text
    assert "\x1b" not in text


def test_the_microphone_is_named_and_heard(run: Run, model: Path, tmp_path: Path) -> None:
    listed = run("listen", "--devices", env=NO_CARD)
    assert listed.stdout.decode() == "1 NULL Capture Device\n"
    done = run(
        "listen", "--seconds", "1", "--device", "1", "--model", model,
        "--record", "kept.wav", "-o", "page.html", env=NO_CARD,
    )  # fmt: skip
    assert done.returncode == 0
    assert b"listening to NULL Capture Device" in done.stderr
    assert audio.load(tmp_path / "kept.wav").duration == 1.0
    assert "<html" in (tmp_path / "page.html").read_text()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)], ids=["ctrl-c", "termination"]
)
def test_what_ends_it_loses_nothing(
    number: signal.Signals, status: int, model: Path, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [
            sys.executable, "-m", "affetto", "listen", "--model", model, "--format", "jsonl",
            "--record", "kept.flac", "-o", "out.json",
        ],
        cwd=tmp_path,
        env={**os.environ, **NO_CARD},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for _ in range(10):
            process.stdout.readline()
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == status, stderr
    duration = json.loads((tmp_path / "out.json").read_text())["duration"]
    assert duration >= 0.8
    assert audio.load(tmp_path / "kept.flac").duration == pytest.approx(duration, abs=1e-3)
    assert not list(tmp_path.glob(".affetto-*"))


def test_a_microphone_that_fails_loses_nothing(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(*next(iter(NO_CARD.items())))
    monkeypatch.setattr("affetto.audio.microphone._PATIENCE", 0.3)
    taken = audio.Microphone.__next__

    def until_unplugged(self: audio.Microphone) -> np.ndarray:
        if self._got > 16_000:
            self._device.stop()
        return taken(self)

    monkeypatch.setattr("affetto.audio.Microphone.__next__", until_unplugged)
    kept = {name: tmp_path / name for name in ("kept.flac", "out.json", "me.npz")}
    options = zip(("--record", "-o", "--save-baseline"), kept.values(), strict=True)
    status = main(
        ["listen", "--model", str(model), *(str(part) for pair in options for part in pair)]
    )
    assert status == 2
    assert "see whether it is still connected" in capsys.readouterr().err
    duration = json.loads(kept["out.json"].read_text())["duration"]
    assert duration > 1.0
    assert audio.load(kept["kept.flac"]).duration == pytest.approx(duration)
    assert kept["me.npz"].is_file()


@pytest.mark.skipif(os.name != "posix", reason="needs a shell's pipe")
def test_a_reader_that_goes_away_ends_it_and_loses_nothing(
    talk: Path, model: Path, tmp_path: Path
) -> None:
    command = f"{sys.executable} -m affetto listen --input {talk} --model {model} --format jsonl"
    done = subprocess.run(
        f"{command} --record kept.flac -o out.json | head -n 3; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.stdout.splitlines()[3:] == [b"141"], done.stderr
    assert done.stderr == b""
    duration = json.loads((tmp_path / "out.json").read_text())["duration"]
    assert audio.load(tmp_path / "kept.flac").duration == pytest.approx(duration)


def test_what_a_damaged_file_lacks_is_told(
    run: Run, talk: Path, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "cut.flac").write_bytes(talk.read_bytes()[:-4_000])
    done = run("listen", "--input", "cut.flac", "--model", model, "-o", "out.json")
    assert done.returncode == 0
    assert b"affetto: " in done.stderr
    assert json.loads((tmp_path / "out.json").read_text())["warnings"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--speakers"], "speakers are told apart once all was heard"),
        (["--speakers", "2"], "speakers are told apart once all was heard"),
        (["--denoise"], "steady noise is known once all was heard"),
        (["--loudness", "0"], "loudness of a recording is known once all was heard"),
        (["--loudness", "-23"], "loudness of a recording is known once all was heard"),
        (["--input", "a.wav", "--device", "1"], "expected one of the two"),
        (["--input", "missing.wav"], "missing.wav: no such file"),
        (
            ["-o", "out.mid"],
            "found the suffix '.mid', expected .txt, .json, .csv, .html, .srt, .vtt",
        ),
        (["--record", "out.mp3"], "found the suffix '.mp3', expected .flac or .wav"),
        (["--seconds", "0"], "expected a number above 0"),
        (["--seconds", "inf"], "expected a number above 0"),
        (["--input", "a.wav", "--record", "./a.wav"], "for --input and for --record"),
        (["-o", "a.json", "--save-baseline", "a.json"], "for -o and for --save-baseline"),
        (["--device", "Studio"], "found no microphone 'Studio', expected one of: 1 NULL"),
        (["--every", "9"], "found an update every 9 s"),
        (["--no-baseline", "--baseline", "me.npz"], "contradict each other"),
    ],
)
def test_what_can_be_mended_is_told_in_one_line(run: Run, args: list[str], said: str) -> None:
    done = run("listen", *args, env=NO_CARD)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2
    assert [said in line for line in lines[-1:]] == [True], lines
    assert done.stdout == b""


def update(time: float, *, emotion: str | None, segments: tuple[Segment, ...] = ()) -> Update:
    scores = {"happy": 0.7, "sad": 0.3} if emotion else {}
    return Update(
        time=time,
        emotion=emotion,
        scores=scores,
        confidence=0.7 if emotion else 0.0,
        valence=0.3,
        arousal=-0.2,
        speech=0.9 if emotion else 0.0,
        speaking=emotion is not None,
        known_seconds=time,
        latency=0.3,
        segments=segments,
    )


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_picture_fits_and_tells_what_is_heard(width: int, glyphs: Glyphs) -> None:
    view = LiveView(["happy", "sad"], width=width, glyphs=glyphs)
    assert "waiting" in plain(view.lines())
    view.take(update(0.08, emotion=None), level=0.0)
    assert "listening" in plain(view.lines())
    done = Segment(0.0, 2.0, "sad", {"sad": 0.6, "happy": 0.4}, 0.6, -0.3, -0.4)
    for k in range(2, 900):
        told = (done,) if k == 40 else ()
        view.take(update(k * 0.08, emotion="happy", segments=told), level=0.5)
    lines = [part for line in view.lines() for part in line.split("\n")]
    assert max(line.cell_len for line in lines) <= width
    text = plain(view.lines())
    assert "happy" in lines[0].plain
    assert "70%" in lines[0].plain
    assert "0:02.0" in text
    assert glyphs.heights[round(0.7 * (len(glyphs.heights) - 1))] * (width - 4) in text
    if glyphs is ASCII:
        assert text.isascii()


def test_the_ribbon_keeps_pace_with_its_axis() -> None:
    view = LiveView(["happy", "sad"], width=80)
    for second in range(1, 11):
        view.take(update(float(second), emotion="happy"), level=0.5)
    assert "▇" * 40 in plain(view.lines()) or "▆" * 40 in plain(view.lines())


def plain(lines: object) -> str:
    return "\n".join(line.plain for line in lines if isinstance(line, Text))  # type: ignore[attr-defined]
