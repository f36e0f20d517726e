"""How many times faster than it plays is a recording analysed, beside the peers?

    python benchmarks/analyze_speed.py [--minutes 10] [--rounds 5] [--model M] [--output FILE.json]

Everything runs on one core, in turns, so that a busy moment of the machine meets all alike. Each
figure is the median of the rounds, in seconds by the clock; the processor's own seconds stand
beside it, and are less where other work takes turns on that core. The peers are spared what
Affetto does: they get samples that are decoded already, no speech activity, and windows of 3 s
side by side, where Affetto decodes, finds the speech and gives an answer every 0.5 s. Peers that
are slow get a shorter stretch.
"""

from alone import machine, one_core  # isort: skip

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from material import clips, speech, write_stereo_flac
from numpy.typing import NDArray

import affetto
from affetto import audio
from affetto.dsp import SAMPLE_RATE

WINDOW = 3.0
"""Seconds of each of a peer's windows; they don't overlap."""

HOP = 0.5
"""Seconds from one of Affetto's answers to the next."""


@dataclass
class Contender:
    """One thing to be timed: `run` works through `seconds` of sound."""

    name: str
    seconds: float
    run: Callable[[], object]


@dataclass(frozen=True)
class Figure:
    """What came out: medians, and how much faster Affetto's whole road is."""

    name: str
    seconds: float
    median_s: float
    fastest_s: float
    slowest_s: float
    processor_s: float
    times_real_time: float
    affetto_is_faster: float


class SkippedError(Exception):
    """A peer that is not installed."""


def windows(samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    size = round(WINDOW * SAMPLE_RATE)
    return [samples[i : i + size] for i in range(0, len(samples) - size + 1, size)]


def opensmile_svm(samples: NDArray[np.float32]) -> Contender:
    """EGeMAPS functionals of each window, then a support vector machine."""
    try:
        import opensmile
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC
    except ImportError as error:
        raise SkippedError(
            f'{error.name} is not installed: pip install ".[train,opensmile]"'
        ) from None
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    parts = windows(samples)
    # Random points train a machine of the usual size; its speed doesn't depend on what it knows.
    draw = np.random.default_rng(0)
    machine = make_pipeline(StandardScaler(), SVC())
    machine.fit(draw.normal(size=(1000, 88)), draw.integers(0, 8, 1000))

    def run() -> object:
        rows = [smile.process_signal(part, SAMPLE_RATE).to_numpy() for part in parts]
        return machine.predict(np.concatenate(rows))

    return Contender("openSMILE eGeMAPS + SVM", len(parts) * WINDOW, run)


def wav2vec2(samples: NDArray[np.float32]) -> Contender:
    """A transformer of wav2vec2-base's shape; random weights run as fast as trained ones."""
    try:
        import torch
        from transformers import Wav2Vec2Config, Wav2Vec2ForSequenceClassification
    except ImportError as error:
        raise SkippedError(
            f"{error.name} is not installed: pip install torch transformers"
        ) from None
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Wav2Vec2ForSequenceClassification(Wav2Vec2Config(num_labels=8)).eval()
    parts = windows(samples)

    def run() -> object:
        with torch.inference_mode():
            return [model(torch.from_numpy(part)[None]).logits.numpy() for part in parts]

    return Contender("wav2vec2-base (random weights)", len(parts) * WINDOW, run)


def contenders(
    path: Path, samples: NDArray[np.float32], model: str
) -> tuple[list[Contender], list[str]]:
    """Make everything that can run here; say why the rest can't."""
    seconds = len(samples) / SAMPLE_RATE
    recognizer = affetto.Recognizer(model, hop=HOP)
    made = [
        Contender(
            "Affetto, end to end", seconds, lambda: affetto.analyze(path, model=model, hop=HOP)
        ),
        Contender("Affetto, decoded already", seconds, lambda: recognizer.recognize(samples)),
        Contender("Affetto, decoding alone", seconds, lambda: audio.load(path)),
    ]
    skipped = []
    for make, longest in ((opensmile_svm, 60.0), (wav2vec2, 30.0)):
        try:
            made.append(make(samples[: round(longest * SAMPLE_RATE)]))
        except SkippedError as reason:
            skipped.append(f"{make.__name__}: {reason}")
    return made, skipped


def measure(entries: list[Contender], rounds: int) -> list[Figure]:
    """Time all in turns, after one round that doesn't count."""
    times: dict[str, list[float]] = {entry.name: [] for entry in entries}
    busy: dict[str, list[float]] = {entry.name: [] for entry in entries}
    for turn in range(rounds + 1):
        for entry in entries:
            start, start_busy = time.perf_counter(), time.process_time()
            entry.run()
            if turn:
                times[entry.name].append(time.perf_counter() - start)
                busy[entry.name].append(time.process_time() - start_busy)
    speeds = {e.name: e.seconds / statistics.median(times[e.name]) for e in entries}
    ours = speeds[entries[0].name]
    return [
        Figure(
            entry.name,
            entry.seconds,
            round(statistics.median(times[entry.name]), 3),
            round(min(times[entry.name]), 3),
            round(max(times[entry.name]), 3),
            round(statistics.median(busy[entry.name]), 3),
            round(speeds[entry.name], 1),
            round(ours / speeds[entry.name], 2),
        )
        for entry in entries
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--model", default="default", help="a name or a folder")
    options.add_argument("--output", type=Path, help="also write the figures as JSON")
    chosen = options.parse_args()

    where = f"{machine()}, {one_core()}"
    samples = speech(60 * chosen.minutes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording.flac"
        write_stereo_flac(path, samples)
        entries, skipped = contenders(path, samples, chosen.model)
        figures = measure(entries, chosen.rounds)

    print(f"{chosen.minutes:g} min of {clips()[1]}, 44.1 kHz stereo FLAC; {where}")
    print(
        f"{'':32}{'sound':>8}{'median':>10}{'range':>18}{'processor':>12}"
        f"{'× real time':>13}{'Affetto is':>13}"
    )
    for f in figures:
        spread = f"{f.fastest_s:.2f}–{f.slowest_s:.2f} s"
        print(
            f"{f.name:32}{f.seconds:6.0f} s{f.median_s:8.2f} s{spread:>18}{f.processor_s:10.2f} s"
            f"{f.times_real_time:12.0f}×{f.affetto_is_faster:12.1f}×"
        )
    for line in skipped:
        print(f"skipped: {line}")
    if chosen.output:
        row = {
            "machine": where,
            "model": chosen.model,
            "minutes": chosen.minutes,
            "hop": HOP,
            "rounds": chosen.rounds,
            "material": clips()[1],
            "figures": [asdict(f) for f in figures],
            "skipped": skipped,
        }
        chosen.output.write_text(json.dumps(row, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
