"""The benchmarks as somebody starts them from a checkout."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
PROGRAMS = [path for path in sorted(FOLDER.glob("*.py")) if "__main__" in path.read_text("utf-8")]
HEAVY = ("torch", "scipy.signal", "onnxruntime", "av")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_a_benchmark_explains_itself_at_once(path: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(path), "--help"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {path.name}")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    # What takes seconds to import is imported when the work begins.
    assert not imported.intersection(HEAVY)


def test_every_benchmark_is_listed() -> None:
    listed = (FOLDER / "README.md").read_text("utf-8")
    assert [path.name for path in PROGRAMS if f"| `{path.name}` |" not in listed] == []
