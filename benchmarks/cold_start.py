"""How long until the first answer, from the shell?

    python benchmarks/cold_start.py [--rounds 9] [--model M] [--output FILE.json]

Each round starts new processes in turns: Python alone, `affetto --version`, and a clip of 3 s.
What Python itself takes is in every figure. One round before the first doesn't count, so files
are in the system's cache, as they are for a person who uses the command more than once.
"""

from alone import machine, one_core  # isort: skip

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from material import clips, speech

from affetto import audio


def commands(clip: Path, model: str) -> dict[str, list[str]]:
    affetto = [sys.executable, "-m", "affetto"]
    analyze = [*affetto, "analyze", str(clip), "--model", model]
    return {
        "Python alone": [sys.executable, "-c", "pass"],
        "affetto --version": [*affetto, "--version"],
        "affetto --help": [*affetto, "--help"],
        "a 3 s clip, --format json": [*analyze, "--format", "json"],
        "a 3 s clip, in the terminal": analyze,
    }


def measure(entries: dict[str, list[str]], rounds: int) -> dict[str, list[float]]:
    """Time all in turns, after one round that doesn't count."""
    times: dict[str, list[float]] = {name: [] for name in entries}
    for turn in range(rounds + 1):
        for name, command in entries.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if turn:
                times[name].append(time.perf_counter() - start)
    return times


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--model", default="default", help="a name or a folder")
    options.add_argument("--output", type=Path, help="also write the figures as JSON")
    chosen = options.parse_args()

    where = f"{machine()}, {one_core()}"
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.flac"
        audio.save(clip, speech(3.0))
        times = measure(commands(clip, chosen.model), chosen.rounds)

    print(f"{clips()[1]}; {where}; median of {chosen.rounds} rounds")
    print(f"{'':30}{'median':>10}{'range':>18}")
    for name, taken in times.items():
        spread = f"{min(taken):.2f}–{max(taken):.2f} s"
        print(f"{name:30}{statistics.median(taken):8.2f} s{spread:>18}")
    if chosen.output:
        row = {
            "machine": where,
            "model": chosen.model,
            "rounds": chosen.rounds,
            "figures": [
                {
                    "name": name,
                    "median_s": round(statistics.median(taken), 3),
                    "fastest_s": round(min(taken), 3),
                    "slowest_s": round(max(taken), 3),
                }
                for name, taken in times.items()
            ],
        }
        chosen.output.write_text(json.dumps(row, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
