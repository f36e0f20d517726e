import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from affetto import audio
from tiny_model import silence, voice_like, write_tiny

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny").folder


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """A folder with two recordings of a voice, one in a folder below, and one of silence."""
    folder = tmp_path / "sounds"
    (folder / "deep").mkdir(parents=True)
    audio.save(folder / "one.wav", voice_like(3.0))
    audio.save(folder / "deep" / "two.flac", voice_like(2.0, pitch=220.0))
    audio.save(folder / "still.wav", silence(2.0))
    (folder / "notes.txt").write_text("no sound")
    return folder


@pytest.fixture
def stereo(tmp_path: Path) -> Path:
    path = tmp_path / "stereo.wav"
    audio.save(path, np.stack([voice_like(2.0), voice_like(2.0, pitch=220.0)]))
    return path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the real command in a process of its own, where `tmp_path` is the present folder."""

    def run(
        *args: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "affetto", *map(str, args)],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONUTF8": "1", **(env or {})},
            timeout=120,
            check=False,
        )

    return run
