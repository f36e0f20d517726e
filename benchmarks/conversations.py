"""Made-up conversations of real clips, and how wrong somebody is about who speaks in them."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from silero import Silero

from affetto import audio
from affetto.dsp import SAMPLE_RATE
from affetto.lab.corpora import Table

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("different gender", "same gender", "one speaker")

Turn = tuple[float, float, str]
"""Start and end, in seconds, and who speaks."""


@dataclass(frozen=True)
class Conversation:
    """Whole clips of one or two actors, in turns.

    Attributes:
        kind: one of `KINDS`.
        samples: 16 kHz, shape (samples,).
        turns: who speaks when; where, within a clip, is for Silero VAD to say.
        speakers: how many there are.
    """

    kind: str
    samples: NDArray[np.float32]
    turns: list[Turn]
    speakers: int


@dataclass(frozen=True)
class Errors:
    """Seconds in which somebody was wrong about who speaks; without a collar.

    Attributes:
        speech: that there are.
        miss: of speech that was given to nobody.
        false_alarm: given to somebody while nobody spoke.
        confusion: given to the wrong speaker.
    """

    speech: float
    miss: float
    false_alarm: float
    confusion: float

    @property
    def rate(self) -> float:
        """The diarisation error rate: all of it, as a share of the speech."""
        return (self.miss + self.false_alarm + self.confusion) / self.speech


def converse(clips: Table, kind: str, *, draw: random.Random, silero: Silero) -> Conversation:
    """Put whole clips together to a conversation of 30 to 60 seconds.

    A speaker says one to three clips at a time, as loud as they are.

    Args:
        clips: with speaker and gender.
        kind: one of `KINDS`.
        draw: source of chance.
        silero: says where in a clip somebody speaks.
    """
    voices: dict[str, list[Path]] = {}
    genders: dict[str, str | None] = {}
    for clip in sorted(clips, key=lambda clip: clip.key):
        assert clip.speaker is not None
        voices.setdefault(clip.speaker, []).append(clip.file)
        genders[clip.speaker] = clip.gender
    speakers = [draw.choice(sorted(voices))]
    if kind != "one speaker":
        alike = kind == "same gender"
        others = [
            other
            for other in sorted(voices)
            if other != speakers[0] and (genders[other] == genders[speakers[0]]) == alike
        ]
        speakers.append(draw.choice(others))
    length = draw.uniform(30.0, 60.0)
    parts: list[NDArray[np.float32]] = []
    turns: list[Turn] = []
    now, number = 0.0, 0
    while now < length:
        speaker = speakers[number % len(speakers)]
        for _ in range(draw.randint(1, 3)):
            samples = audio.load(draw.choice(voices[speaker])).samples
            turns += [(now + start, now + end, speaker) for start, end in silero.regions(samples)]
            parts.append(samples)
            now += len(samples) / SAMPLE_RATE
        number += 1
    return Conversation(kind, np.concatenate(parts), turns, len(speakers))


def diarisation_errors(truth: Sequence[Turn], said: Sequence[Turn], *, duration: float) -> Errors:
    """Compare who speaks with who is said to, under the names that fit best.

    Args:
        truth: turns without overlap.
        said: turns without overlap; the names may be others.
        duration: seconds.
    """
    from scipy.optimize import linear_sum_assignment

    true, heard = _grid(truth, duration), _grid(said, duration)
    both = (true >= 0) & (heard >= 0)
    shared = np.zeros((max(true.max(initial=0), 0) + 1, max(heard.max(initial=0), 0) + 1))
    np.add.at(shared, (true[both], heard[both]), 1)
    agreed = shared[linear_sum_assignment(shared, maximize=True)].sum()
    return Errors(
        speech=float((true >= 0).sum()) * _STEP,
        miss=float(((true >= 0) & (heard < 0)).sum()) * _STEP,
        false_alarm=float(((true < 0) & (heard >= 0)).sum()) * _STEP,
        confusion=float(both.sum() - agreed) * _STEP,
    )


_STEP = 0.01
"""Seconds: what is compared lies on a grid of these."""


def _grid(turns: Sequence[Turn], duration: float) -> NDArray[np.int64]:
    """Number the speaker at each step; -1 where nobody speaks."""
    numbers: Mapping[str, int] = {
        name: number for number, name in enumerate(dict.fromkeys(who for *_, who in turns))
    }
    grid = np.full(round(duration / _STEP), -1, np.int64)
    for start, end, who in turns:
        grid[round(start / _STEP) : round(end / _STEP)] = numbers[who]
    return grid


def total(errors: Sequence[Errors]) -> Errors:
    """Add up the errors of several conversations."""
    return Errors(*(sum(getattr(e, name) for e in errors) for name in Errors.__annotations__))
