"""How much memory does a very long recording take, and does it grow?

    python benchmarks/memory.py [--hours 10] [--file LONG.flac] [--model M] [--output FILE.json]

A child process analyses the recording and notes its own resident memory ten times a second. The
figures are its peak, and how much it grew from hour to hour in the second half, when everything
that is set up once is set up.
"""

from alone import machine, one_core  # isort: skip

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from material import clips, speech, write_long_wav

INTERVAL = 0.1
"""Seconds from one note to the next."""

MIB = 2**20


def resident() -> int | None:
    """Give this process's resident memory in bytes, or None where the system doesn't say."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    line = next(x for x in status.read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def peak() -> int | None:
    """Give the largest resident memory that this process ever had, in bytes."""
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def child(path: str, model: str) -> None:
    """Analyse, and print what was noted as one JSON object."""
    import affetto

    notes: list[tuple[float, int]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(INTERVAL):
            if (now := resident()) is not None:
                notes.append((time.perf_counter() - start, now))

    start = time.perf_counter()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    timeline = affetto.analyze(path, model=model)
    took = time.perf_counter() - start
    done.set()
    watcher.join()
    print(
        json.dumps(
            {
                "seconds": timeline.duration,
                "segments": len(timeline),
                "took": took,
                "peak": peak(),
                "notes": notes,
            }
        )
    )


def growth(notes: list[tuple[float, int]], *, took: float, hours: float) -> float | None:
    """Give bytes an hour of sound, a straight line through the second half of the notes."""
    late = np.array([note for note in notes if note[0] > took / 2])
    if len(late) < 10:
        return None
    slope = float(np.polyfit(late[:, 0], late[:, 1], 1)[0])
    return slope * took / hours


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--hours", type=float, default=10.0)
    options.add_argument("--file", type=Path, help="a recording of yours, instead of one made up")
    options.add_argument("--model", default="default", help="a name or a folder")
    options.add_argument("--output", type=Path, help="also write the figures as JSON")
    options.add_argument("--child", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        child(chosen.child, chosen.model)
        return

    where = f"{machine()}, {one_core()}"
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.file or Path(folder) / "long.wav"
        if not chosen.file:
            write_long_wav(path, speech(600), seconds=3600 * chosen.hours)
        done = subprocess.run(
            [sys.executable, __file__, "--child", str(path), "--model", chosen.model],
            check=True,
            stdout=subprocess.PIPE,
        )
    told = json.loads(done.stdout)
    hours = told["seconds"] / 3600
    slope = growth(told["notes"], took=told["took"], hours=hours)
    row = {
        "machine": where,
        "model": chosen.model,
        "material": str(chosen.file) if chosen.file else clips()[1],
        "hours": round(hours, 3),
        "segments": told["segments"],
        "took_s": round(told["took"], 1),
        "times_real_time": round(told["seconds"] / told["took"], 1),
        "peak_mib": round(told["peak"] / MIB, 1) if told["peak"] else None,
        "growth_mib_per_hour": None if slope is None else round(slope / MIB, 2),
    }
    for name, value in row.items():
        print(f"{name:22}{'not told by this system' if value is None else value}")
    if chosen.output:
        chosen.output.write_text(json.dumps(row, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
