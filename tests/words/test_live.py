"""Words while they are spoken: the voice never waits, nothing said is lost, faults are told."""

import threading
import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from affetto.errors import TranscriptionError
from affetto.recognition import Update
from affetto.timeline import Segment, Timeline
from affetto.transcript import Phrase
from affetto.words import WordListener
from affetto.words.live import LiveWords
from affetto.words.transcribers.base import Partial, Spoken

SAD = "I am so sad and I miss her so much"


class Slow:
    """Says one phrase for each second of sound; can be held up, and can fail."""

    name, span, translates, languages = "slow", 20.0, False, ()

    def __init__(self, *, fails_after: int | None = None) -> None:
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.fails_after = fails_after

    def transcribe(self, samples: NDArray[Any], **_: Any) -> Spoken:
        raise NotImplementedError

    def stream(self, *, language: str | None = None) -> "Slow":
        self.heard = 0
        return self

    def feed(self, samples: NDArray[Any]) -> Partial:
        self.may_go_on.wait(10)
        before, self.heard = self.heard // 16_000, self.heard + len(samples)
        if self.fails_after is not None and self.heard > self.fails_after:
            raise TranscriptionError("the server went away")
        ended = tuple(Phrase(float(k), k + 1.0, SAD) for k in range(before, self.heard // 16_000))
        return Partial(ended, "and", float(self.heard // 16_000))

    def finish(self) -> Partial:
        return Partial((Phrase(self.heard / 16_000 - 0.5, self.heard / 16_000, "bye"),))


def update(at: float) -> Update:
    scores = {"neutral": 0.8, "sad": 0.2}
    return Update(at, "neutral", scores, 0.8, 0.0, 0.0, 0.9, True, 0.0, 0.0)


def voice(seconds: float) -> Timeline:
    scores = {"neutral": 0.8, "sad": 0.2}
    segment = Segment(0.0, seconds, "neutral", scores, 0.8, 0.0, 0.0)
    return Timeline("live", seconds, (segment,), "tiny")


CHUNK = np.zeros(8_000, np.float32)


def test_phrases_come_while_sound_comes_and_the_rest_at_the_end() -> None:
    told = []
    with LiveWords(WordListener(Slow()), window=1.0) as words:
        for k in range(6):
            words.feed(CHUNK, [update(0.5 * (k + 1))])
            deadline = time.monotonic() + 10
            while words.behind and time.monotonic() < deadline:
                time.sleep(0.01)
            told += words.take().phrases
        timeline = words.finish(voice(3.0))
    assert len(told) == 3
    assert told[0].voice_emotion == "neutral"
    assert told[0].wording_emotion == "sad"
    assert [p.text for p in timeline.words or ()] == [SAD] * 3 + ["bye"]
    assert timeline.segments[0].scores["sad"] > 0.2


def test_the_voice_never_waits_for_words() -> None:
    slow = Slow()
    slow.may_go_on.clear()
    with LiveWords(WordListener(slow), window=1.0) as words:
        start = time.perf_counter()
        for k in range(100):
            words.feed(CHUNK, [update(0.5 * (k + 1))])
            words.take()
        assert time.perf_counter() - start < 5
        assert words.behind == pytest.approx(50.0)
        slow.may_go_on.set()
        timeline = words.finish(voice(50.0))
    assert len(timeline.words or ()) == 51


def test_a_fault_is_told_and_what_was_said_before_is_kept() -> None:
    with LiveWords(WordListener(Slow(fails_after=32_000)), window=1.0) as words:
        for k in range(6):
            words.feed(CHUNK, [update(0.5 * (k + 1))])
        timeline = words.finish(voice(3.0))
    assert [p.text for p in timeline.words or ()] == [SAD] * 2 + ["bye"]
    assert "some words are missing: the server went away" in timeline.warnings


def test_a_recogniser_that_fails_once_is_asked_again() -> None:
    slow = Slow()
    feed, faults = slow.feed, [RuntimeError("no memory")]

    def failing(samples: NDArray[Any]) -> Partial:
        said = feed(samples)
        if faults:
            raise faults.pop()
        return said

    slow.feed = failing  # type: ignore[method-assign]
    with LiveWords(WordListener(slow), window=1.0) as words:
        for _ in range(6):
            words.feed(CHUNK)
        timeline = words.finish(voice(3.0))
    assert [p.text for p in timeline.words or ()] == [SAD] * 3 + ["bye"]
    assert "no memory" in timeline.warnings[-1]


def test_who_gives_up_gets_what_was_written_down_until_then() -> None:
    slow = Slow()
    with LiveWords(WordListener(slow), window=1.0) as words:
        for _ in range(2):
            words.feed(CHUNK)
        deadline = time.monotonic() + 10
        while words.behind and time.monotonic() < deadline:
            time.sleep(0.01)
        slow.may_go_on.clear()
        words.feed(np.zeros(16_000, np.float32))
        timeline = words.finish(voice(2.0), give_up=lambda: True)
        slow.may_go_on.set()
    assert [p.text for p in timeline.words or ()] == [SAD]
    assert timeline.warnings[-1] == "the last 1 s were not written down"


def test_a_name_told_once_is_masked_in_all_that_follows() -> None:
    phrases = [Phrase(0.0, 1.0, "my name is zorblax"), Phrase(1.0, 2.0, "zorblax said no")]
    listener = WordListener(Slow(), redact=True)
    assert "zorblax" not in listener.masked(phrases[1], after=phrases[:1]).text


def test_what_a_machine_cannot_keep_up_with_is_left_out_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("affetto.words.live._BACKLOG", 2.0)
    slow = Slow()
    slow.may_go_on.clear()
    with LiveWords(WordListener(slow), window=1.0) as words:
        for _ in range(10):
            words.feed(CHUNK)
        slow.may_go_on.set()
        timeline = words.finish(voice(5.0))
    assert "words were lost" in timeline.warnings[-1]
    assert len(timeline.words or ()) == 6
