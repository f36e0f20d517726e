"""A long recording for the benchmarks, made of real or example speech."""

import csv
import os
import random
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from affetto import audio
from affetto.dsp import SAMPLE_RATE

ROOT = Path(__file__).resolve().parents[1]
PAUSE = (0.2, 1.5)
"""Seconds of near silence between two utterances, at least and at most."""


def shared() -> Path:
    """Say where the corpora and noises are, or would be."""
    named = os.environ.get("AFFETTO_SHARED")
    return Path(named) if named else ROOT.parent / "shared"


def clips() -> tuple[list[Path], str]:
    """Find recordings to build long ones from: the corpora's, or else the examples'."""
    corpora = shared() / "corpora"
    if (corpora / "labels.csv").is_file():
        with (corpora / "labels.csv").open(encoding="utf-8", newline="") as table:
            files = [corpora / row["file"] for row in csv.DictReader(table)]
        return files, "clips of the corpora"
    files = sorted((ROOT / "examples").glob("*.flac"))
    if not files:
        raise SystemExit("found no recordings: set AFFETTO_SHARED, or make the examples first")
    return files, "the examples, again and again"


def speech(seconds: float, *, seed: int = 0) -> NDArray[np.float32]:
    """Join clips, drawn at random and parted by pauses, to a recording of a given length.

    Args:
        seconds: length.
        seed: of the draw.

    Returns:
        Samples at 16 kHz, shape (samples,).
    """
    draw = random.Random(seed)
    files, _ = clips()
    wanted = round(seconds * SAMPLE_RATE)
    parts: list[NDArray[np.float32]] = []
    have = 0
    while have < wanted:
        voice = audio.load(draw.choice(files)).samples
        voice = voice * np.float32(0.3 / max(float(np.abs(voice).max()), 1e-3))
        pause = np.zeros(round(draw.uniform(*PAUSE) * SAMPLE_RATE), np.float32)
        parts += [voice, pause]
        have += len(voice) + len(pause)
    joined = np.concatenate(parts)[:wanted]
    hiss = np.random.default_rng(seed).normal(0.0, 3e-4, wanted).astype(np.float32)
    return joined + hiss


def write_stereo_flac(path: Path, samples: NDArray[np.float32]) -> None:
    """Save 16 kHz samples as 44.1 kHz stereo, the right channel softer and a little later."""
    from scipy.signal import resample_poly

    left = resample_poly(samples, 441, 160).astype(np.float32)
    right = 0.7 * np.roll(left, 20)
    audio.save(path, np.stack([left, right]), rate=44_100)


def write_long_wav(path: Path, samples: NDArray[np.float32], *, seconds: float) -> None:
    """Write samples again and again until a 16 kHz WAV of the given length is full."""
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", "not compressed"))
        for block in _repeat(pcm, round(seconds * SAMPLE_RATE)):
            file.writeframes(block.tobytes())


def _repeat(block: NDArray[np.int16], total: int) -> Iterator[NDArray[np.int16]]:
    while total > 0:
        yield block[:total]
        total -= len(block)
