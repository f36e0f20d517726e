"""Streams of recognisers that hear whole sounds, by a toy that reads words off the samples."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError, TranscriptionError
from affetto.transcript import Phrase, Word
from affetto.words.transcribers import AgreeingStream, Spoken
from affetto.words.transcribers.phrasing import phrases_of
from affetto.words.transcribers.utterances import UtteranceCutter, faint, utterances

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

HUM = 0.02
STEP = 0.05

Script = list[tuple[float, float, int]]
"""Start and end in seconds, and the number, of each word."""


def sound(script: Script, seconds: float, *, hum: float = 0.0) -> NDArray[np.float32]:
    """Write words as sound: the n-th is loud by n steps, the sign changing with each sample."""
    loud = np.full(round(seconds * SAMPLE_RATE), hum, np.float32)
    for start, end, number in script:
        loud[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] = number * STEP
    return loud * np.where(np.arange(len(loud)) % 2, np.float32(1), np.float32(-1))


class Toy:
    """Reads the words that `sound` writes; the last one it mishears while it goes on."""

    name = "toy"
    translates = False
    languages: tuple[str, ...] = ()

    def __init__(self, *, span: float = 30.0, timed: bool = True, sure: float = 0.0) -> None:
        self.span = span
        self.timed = timed
        self.sure = sure
        self.asked: list[tuple[float, str | None]] = []
        self.fails = 0

    def transcribe(
        self, samples: NDArray[Any], *, language: str | None = None, translate: bool = False
    ) -> Spoken:
        seconds = len(samples) / SAMPLE_RATE
        self.asked.append((seconds, language))
        if self.fails:
            self.fails -= 1
            raise TranscriptionError("the toy is broken: mend it")
        numbers = np.rint(np.abs(samples) / STEP).astype(int)
        edges = np.flatnonzero(np.diff(numbers, prepend=0, append=0))
        words = [
            Word(
                f"word{numbers[start]}" if end < len(samples) else "wo",
                start / SAMPLE_RATE,
                end / SAMPLE_RATE,
                0.9,
            )
            for start, end in itertools.pairwise(edges)
            if numbers[start]
        ]
        if self.timed:
            phrases = phrases_of(words, duration=seconds, language="en")
        else:
            text = " ".join(word.text for word in words)
            phrases = [Phrase(0.0, seconds, text, language="en")] if text else []
        return Spoken(tuple(phrases), language="en", language_confidence=self.sure)

    def stream(self, *, language: str | None = None) -> AgreeingStream:
        return AgreeingStream(self, language=language)


def chunks(samples: NDArray[np.float32], sizes: Sequence[int] = (1600,)) -> Iterable[Any]:
    start = number = 0
    while start < len(samples):
        size = sizes[number % len(sizes)]
        yield samples[start : start + size]
        start, number = start + size, number + 1


def heard(stream: AgreeingStream, samples: NDArray[np.float32], *sizes: int) -> list[Phrase]:
    phrases = [
        p for chunk in chunks(samples, sizes or (1600,)) for p in stream.feed(chunk).finished
    ]
    return [*phrases, *stream.finish().finished]


def words_of(phrases: Iterable[Phrase]) -> list[str]:
    return [word.text for phrase in phrases for word in phrase.words]


def row(start: float, numbers: Iterable[int], *, each: float = 0.3, gap: float = 0.1) -> Script:
    """Say words one after the other."""
    step = each + gap
    return [(start + n * step, start + n * step + each, w) for n, w in enumerate(numbers)]


TWO = [*row(1.0, [2, 3, 4]), *row(4.0, [5, 6])]


def test_phrases_lie_where_they_are_said_from_the_start_of_the_stream() -> None:
    phrases = heard(Toy().stream(), sound(TWO, 6.0))
    assert [p.text for p in phrases] == ["word2 word3 word4", "word5 word6"]
    assert [(p.start, p.end) for p in phrases] == [
        pytest.approx((1.0, 2.1), abs=0.01),
        pytest.approx((4.0, 4.7), abs=0.01),
    ]
    for phrase in phrases:
        assert phrase.words[0].start == phrase.start
        assert phrase.words[-1].end == phrase.end
        assert phrase.language == "en"
    assert phrases[0].words[1].confidence == 0.9


def test_what_is_being_said_shows_before_it_is_finished() -> None:
    stream, shown = Toy().stream(), []
    for number, chunk in enumerate(chunks(sound(row(1.0, range(2, 12)), 8.0))):
        partial = stream.feed(chunk)
        if partial.text:
            assert partial.start == pytest.approx(1.0, abs=0.01)
            assert not partial.finished
            shown.append((number / 10, partial.text))
        elif not partial.finished:
            assert partial.start is None
    assert shown[0][0] < 2.5
    lengths = [len(text.split()) for _, text in shown]
    assert lengths == sorted(lengths)
    # The last word may be wrong; those before it are right.
    right = [f"word{number}" for number in range(2, 12)]
    for _, text in shown:
        before = text.split()[:-1]
        assert before == right[: len(before)]
    assert stream.finish() == type(partial)()


def test_nobody_is_asked_about_silence() -> None:
    toy = Toy()
    assert heard(toy.stream(), np.zeros(5 * SAMPLE_RATE, np.float32)) == []
    faintest = np.random.default_rng(0).normal(0, 2e-4, 5 * SAMPLE_RATE).astype(np.float32)
    assert heard(toy.stream(), faintest) == []
    assert toy.asked == []


def test_a_click_is_no_utterance() -> None:
    clicks = np.zeros(3 * SAMPLE_RATE, np.float32)
    clicks[SAMPLE_RATE : SAMPLE_RATE + 200] = 0.5
    assert utterances(clicks) == []


def test_an_answer_that_heard_it_all_is_not_asked_for_again() -> None:
    toy = Toy()
    stream = AgreeingStream(toy, every=0.5)
    assert words_of(heard(stream, sound(row(1.0, [2, 3]), 4.0))) == ["word2", "word3"]
    # Half a second after the words' end it was asked with all of it, and nothing came later.
    assert toy.asked[-1][0] < 2.0


@pytest.mark.parametrize("timed", [True, False])
def test_speech_without_a_pause_is_finished_in_parts(timed: bool) -> None:
    toy = Toy(span=6.0, timed=timed)
    stream = toy.stream()
    # Words of two lengths in turn: the cuts mustn't fall on the same place in each.
    numbers = [2 + n % 17 for n in range(90)]
    phrases, held = [], 0.0
    for chunk in chunks(sound(row(0.5, numbers, gap=0.05), 33.0), (700, 2400)):
        phrases += stream.feed(chunk).finished
        held = max(held, stream.held)
    early = len(phrases)
    phrases += stream.finish().finished
    assert early >= 4
    assert held < 6.0 + 3.0
    assert max(seconds for seconds, _ in toy.asked) < 6.0 + 3.0
    said = [word for phrase in phrases for word in phrase.text.split()]
    if timed:
        assert said == [f"word{number}" for number in numbers]
        assert all(a.end <= b.start for a, b in itertools.pairwise(phrases))
    else:
        # Where nobody knows when the words were said, one at a cut may be lost, or come twice.
        assert abs(len(said) - len(numbers)) <= early
        assert all(phrase.words == () for phrase in phrases)


def test_a_loud_background_keeps_no_phrase_open() -> None:
    samples = sound(row(1.0, [2, 3, 4]), 9.0, hum=HUM)
    stream, finished = Toy().stream(), []
    for number, chunk in enumerate(chunks(samples)):
        finished += [(number / 10, phrase) for phrase in stream.feed(chunk).finished]
    finished += [(9.0, phrase) for phrase in stream.finish().finished]
    assert [phrase.text for _, phrase in finished] == ["word2 word3 word4"]
    assert finished[0][0] < 6.0


def test_a_recogniser_that_fails_costs_no_more_than_it_failed_to_hear() -> None:
    toy = Toy()
    stream, phrases, failures = toy.stream(), [], 0
    for number, chunk in enumerate(chunks(sound(TWO, 6.0))):
        if number == 12:
            toy.fails = 1
        try:
            phrases += stream.feed(chunk).finished
        except TranscriptionError:
            failures += 1
    phrases += stream.finish().finished
    assert failures == 1
    assert [p.text for p in phrases] == ["word2 word3 word4", "word5 word6"]
    assert phrases[1].start == pytest.approx(4.0, abs=0.01)


def test_a_failure_at_the_end_leaves_what_was_heard_before() -> None:
    toy = Toy()
    stream = toy.stream()
    samples = sound([*TWO, *row(6.5, [7])], 6.8)
    for chunk in chunks(samples[: 6 * SAMPLE_RATE]):
        stream.feed(chunk)
    stream.feed(samples[6 * SAMPLE_RATE :])
    toy.fails = 1
    with pytest.raises(TranscriptionError, match="broken"):
        stream.finish()
    assert stream.finish().text == ""
    with pytest.raises(TranscriptionError, match="over: begin another"):
        stream.feed(samples)
    with pytest.raises(TranscriptionError, match="over"):
        stream.finish()


def test_a_language_that_is_sure_is_not_detected_again_within_an_utterance() -> None:
    toy = Toy(sure=0.95)
    samples = sound([*row(1.0, range(2, 18)), *row(10.0, [2])], 12.0)
    heard(toy.stream(), samples)
    told = [language for _, language in toy.asked]
    assert told[0] is None
    assert told[-2] == "en"
    assert told[-1] is None  # another utterance, maybe in another language
    other = Toy(sure=0.95)
    heard(other.stream(language="de"), samples)
    assert {language for _, language in other.asked} == {"de"}


def test_samples_that_are_none_are_refused() -> None:
    with pytest.raises(AudioError, match="int16"):
        Toy().stream().feed(np.zeros(100, np.int16))


SCRIPTS = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 1.0, 2.5]), st.floats(0.15, 0.6), st.integers(2, 15)),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(SCRIPTS, st.lists(st.integers(1, 40_000), min_size=1, max_size=5))
def test_any_cuts_give_the_same_words_at_the_same_times(
    gaps: list[tuple[float, float, int]], sizes: list[int]
) -> None:
    script: Script = []
    now = 0.5
    for gap, length, number in gaps:
        other = number + 1 if script and script[-1][2] == number else number
        script.append((now + gap, now + gap + length, other))
        now += gap + length
    samples = sound(script, now + 1.0)
    toy = Toy(span=4.0)
    stream = toy.stream()
    phrases, held = [], 0.0
    for chunk in chunks(samples, [max(size, 400) for size in sizes]):
        phrases += stream.feed(chunk).finished
        held = max(held, stream.held)
    phrases += stream.finish().finished
    assert words_of(phrases) == [f"word{number}" for _, _, number in script]
    got = [(word.start, word.end) for phrase in phrases for word in phrase.words]
    for (start, end), (begun, ended, _) in zip(got, script, strict=True):
        assert start == pytest.approx(begun, abs=0.01)
        assert end == pytest.approx(ended, abs=0.01)
    assert held <= 4.0 + 3.0
    assert all(0 <= p.start < p.end <= len(samples) / SAMPLE_RATE for p in phrases)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.05, 1.5), st.sampled_from([0.0, 1e-3, 0.1])), max_size=10),
    st.lists(st.integers(0, 20_000), min_size=1, max_size=6),
    st.sampled_from([(None, None), (0.5, 1.0)]),
)
def test_utterances_do_not_depend_on_the_cuts(
    parts: list[tuple[float, float]], sizes: list[int], limits: tuple[Any, Any]
) -> None:
    long, longest = limits
    generator = np.random.default_rng(1)
    samples = np.concatenate(
        [np.empty(0), *(generator.normal(0, loud, round(s * 16_000)) for s, loud in parts)]
    ).astype(np.float32)
    cutter, pieces = UtteranceCutter(long=long, longest=longest), []
    for chunk in chunks(samples, [*sizes, 500]):
        pieces += cutter.feed(chunk)
    pieces += cutter.finish()
    for piece, after in itertools.pairwise(pieces):
        assert piece.ends == after.begins
        assert piece.ends or after.start == piece.start + len(piece.samples)
    for piece in pieces:
        assert np.array_equal(samples[piece.start :][: len(piece.samples)], piece.samples)
    whole = utterances(samples, long=long, longest=longest)
    assert [p.start for p in pieces if p.begins] == [p.start for p in whole]
    assert sum(len(p.samples) for p in pieces) == sum(len(p.samples) for p in whole)
    if longest is not None:
        assert all(len(p.samples) <= (longest + 0.1) * SAMPLE_RATE for p in whole)


def test_what_is_faint_is_no_speech() -> None:
    assert faint(np.empty(0, np.float32))
    assert faint(np.full(1000, 0.5, np.float32))  # a microphone that gives a constant
    assert faint(np.zeros(100_000, np.float32))
    assert not faint(sound(row(0.1, [2]), 1.0))
    assert not faint(sound([(0.0, 0.01, 2)], 0.01))
