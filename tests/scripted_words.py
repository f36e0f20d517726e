"""A recogniser of speech that says what it was told to say, for tests of all that follows."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affetto.errors import TranscriptionError
from affetto.transcript import Phrase, Word
from affetto.words.transcribers.base import Partial, Spoken

RATE = 16_000
SAID = "I am so sad and I miss her so much"


class Scripted:
    """Says the same of everything, two words a second, in phrases of two seconds.

    Attributes:
        asked: samples, language, and whether English was wanted, of each sound that was heard.
        most: how many were heard at once, at most.
        hold: while it is cleared, nothing is written down.
        fails: once it is set, nothing is written down any more.
    """

    name, span, translates = "scripted", 4.0, True
    languages: tuple[str, ...] = ("en", "de")

    def __init__(
        self, text: str = SAID, *, language: str = "en", english: str = "I am sad"
    ) -> None:
        self.text, self.language, self.english = text, language, english
        self.asked: list[tuple[int, str | None, bool]] = []
        self.most = self._now = 0
        self.hold, self.fails = threading.Event(), threading.Event()
        self.hold.set()

    def transcribe(
        self, samples: NDArray[Any], *, language: str | None = None, translate: bool = False
    ) -> Spoken:
        self.asked.append((len(samples), language, translate))
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            self.wait()
            time.sleep(0.01)
        finally:
            self._now -= 1
        text = self.english if translate else self.text
        words = [w for w in written(text) if w.end <= len(samples) / RATE]
        return Spoken(tuple(phrases(words)), self.language, 0.95, translated=translate)

    def stream(self, *, language: str | None = None) -> "ScriptedStream":
        return ScriptedStream(self)

    def wait(self) -> None:
        assert self.hold.wait(60)
        if self.fails.is_set():
            raise TranscriptionError("found the recogniser broken, expected it whole: mend it")


class ScriptedStream:
    """Says it of what comes."""

    def __init__(self, scripted: Scripted) -> None:
        self._scripted = scripted
        self._heard = self._said = 0.0

    def feed(self, samples: NDArray[Any]) -> Partial:
        self._scripted.wait()
        # What is left out is silence, in which nothing is said.
        self._heard += len(samples) / RATE
        finished = []
        while self._heard - self._said >= 2.0:
            finished += self._words(self._said + 2.0)
            self._said += 2.0
        now = [word for phrase in self._words(self._heard) for word in phrase.words]
        return Partial(tuple(finished), " ".join(word.text for word in now))

    def finish(self) -> Partial:
        return Partial(tuple(self._words(self._heard)))

    def _words(self, end: float) -> list[Phrase]:
        words = written(self._scripted.text)
        here = [word for word in words if self._said <= word.start and word.end <= end]
        return [replace(p, language=self._scripted.language) for p in phrases(here)]


def written(text: str, *, seconds: float = 600.0) -> list[Word]:
    """Say a text again and again, a word each half second."""
    names = text.split()
    starts = np.arange(0.0, seconds, 0.5).tolist()
    return [
        Word(names[k % len(names)], start, start + 0.4, 0.9) for k, start in zip(count(), starts)
    ]


def phrases(words: list[Word]) -> Iterator[Phrase]:
    """Make phrases of two seconds."""
    for at in range(0, len(words), 4):
        part = tuple(words[at : at + 4])
        yield Phrase(part[0].start, part[-1].end, " ".join(word.text for word in part), part)
