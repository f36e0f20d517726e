"""Long work that is stopped from outside: Ctrl-C, and what ends services and batch jobs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from affetto import audio
from tiny_model import voice_like

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").is_file(), reason="needs POSIX signals, and Linux to see processes"
)

COUNT = 3000
"""More clips than any machine hears before the signal comes."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interrupt")
    audio.save(folder / "voice.wav", voice_like(40.0))
    rows = [f"voice.wav,sad,{i / 100:.2f},{i / 100 + 1:.2f}\n" for i in range(COUNT)]
    path = folder / "labels.csv"
    path.write_text("file,emotion,start,end\n" + "".join(rows))
    return path


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    audio.save(folder / "0.wav", voice_like(20.0))
    for i in range(1, COUNT):
        os.link(folder / "0.wav", folder / f"{i}.wav")
    return folder


def workers_of(parent: int) -> int:
    """Count the processes that multiprocessing has spawned for another one."""
    spawned = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
            command = stat.with_name("cmdline").read_bytes()
        except OSError:
            continue  # it has ended since
        spawned += int(after_name[1]) == parent and b"spawn_main" in command
    return spawned


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "termination"])
@pytest.mark.parametrize("verb", ["evaluate", "analyze", "prepare"])
def test_work_that_is_stopped_leaves_in_order(
    verb: str,
    number: signal.Signals,
    table: Path,
    recordings: Path,
    model: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    args = {
        "evaluate": ["evaluate", "--manifest", table, "--model", model, "-o", out / "report.txt"],
        "analyze": ["analyze", recordings, "--model", model, "-o", f"{out}/"],
        "prepare": ["corpora", "prepare", table, out],
    }[verb]
    if verb == "evaluate":
        out.mkdir()
    if verb != "analyze":
        args += ["--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "affetto", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        # An evaluation shows nothing until its end, but it has processes.
        while not (
            workers_of(process.pid) >= 2 if verb == "evaluate" else list(out.glob("[0-9v]*"))
        ):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.2)
        # A terminal and most supervisors send it to every process of the command.
        os.killpg(process.pid, number)
        stdout, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + number
    assert stdout == ""
    told = [line for line in stderr.splitlines() if " of " not in line]
    assert told == [], stderr
    assert not list(tmp_path.rglob(".affetto-*"))
    assert not (out / "report.txt").exists()
