"""`affetto serve` as a process."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from affetto import audio
from tiny_model import voice_like

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "termination"])
def test_it_serves_until_it_is_told_to_end(
    number: signal.Signals, model: Path, tmp_path: Path
) -> None:
    audio.save(tmp_path / "talk.wav", voice_like(2.0))
    process = subprocess.Popen(
        [sys.executable, "-m", "affetto", "serve", "--port", "0", "--model", model],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.fullmatch(r"affetto: serving http://(127\.0\.0\.1:\d+) \(.*\)\n", line)
        assert found, line
        with httpx2.Client(base_url=f"http://{found[1]}", timeout=60) as client:
            file = (tmp_path / "talk.wav").read_bytes()
            assert client.post("/v1/analyze", content=file).json()["segments"]
        process.send_signal(number)
        _, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--host", "0.0.0.0"], "found host 0.0.0.0 without a token"),
        (["--port", "99999"], "found port 99999, expected 0 to 65535"),
        (["--host", "192.0.2.1"], "without a token"),
        (["--streams", "0"], "found streams 0, expected more than 0"),
        (["--model", "nosuch"], "nosuch"),
    ],
)
def test_what_can_be_mended_is_told_in_one_line(run: Run, args: list[str], said: str) -> None:
    done = run("serve", *args, env={"AFFETTO_TOKEN": ""})
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert said in line


def test_a_port_that_is_taken_is_told(run: Run, model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        began = time.monotonic()
        done = run("serve", "--port", str(port), "--model", model)
    assert done.returncode == 2
    assert "choose another --port" in done.stderr.decode()
    assert time.monotonic() - began < 60
