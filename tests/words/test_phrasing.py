"""Phrases from words, whatever times a recogniser gives them."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from affetto.transcript import Phrase, Word
from affetto.words.transcribers.phrasing import APART, moved, phrases_of, spread

TIMES = st.floats(-5.0, 20.0)
WORDS = st.lists(
    st.builds(
        Word,
        st.text(max_size=4),
        TIMES,
        TIMES,
        st.none() | st.floats(-0.5, 1.5),
    ),
    max_size=12,
)


@given(WORDS, st.floats(0.1, 15.0))
def test_phrases_lie_in_the_sound_one_after_the_other(words: list[Word], duration: float) -> None:
    phrases = phrases_of(words, duration=duration)
    said = [word for phrase in phrases for word in phrase.words]
    assert [word.text for word in said] == [w.text.strip() for w in words if w.text.strip()]
    for phrase in phrases:
        assert 0 <= phrase.start < phrase.end <= duration + 1e-9
        assert phrase.text == " ".join(word.text for word in phrase.words)
        for a, b in zip(phrase.words, phrase.words[1:], strict=False):
            assert 0 <= b.start - a.end <= APART
    for word in said:
        assert 0 <= word.start <= word.end <= duration
        assert word.confidence is None or 0 <= word.confidence <= 1
    for a, b in itertools.pairwise(phrases):
        assert b.words[0].start - a.words[-1].end > APART


def test_the_marks_of_a_text_are_kept_where_it_is_one_phrase() -> None:
    words = [Word("one", 0.0, 0.4), Word("two", 0.5, 0.9)]
    assert phrases_of(words, duration=2.0, text=" One, two! ")[0].text == "One, two!"
    apart = [words[0], Word("two", 1.5, 1.9)]
    said = phrases_of(apart, duration=2.0, text="One, two!")
    assert [phrase.text for phrase in said] == ["one", "two"]


@given(st.lists(st.text("abcä", min_size=1, max_size=6), min_size=1, max_size=8), st.floats(0, 50))
def test_guessed_times_fill_the_phrase(texts: list[str], start: float) -> None:
    phrase = Phrase(start, start + 2.0, " ".join(texts))
    words = spread(phrase)
    assert [word.text for word in words] == texts
    assert words[0].start == start
    assert abs(words[-1].end - phrase.end) < 1e-6
    assert all(a.end == b.start for a, b in itertools.pairwise(words))


def test_languages_without_spaces_are_spread_by_signs() -> None:
    assert [w.text for w in spread(Phrase(0.0, 1.0, "你好", language="zh"))] == ["你", "好"]
    assert spread(Phrase(0.0, 1.0, "")) == []


def test_moving_moves_the_words() -> None:
    phrase = moved(Phrase(0.0, 1.0, "one", (Word("one", 0.25, 1.0),)), 2.0)
    assert (phrase.start, phrase.end) == (2.0, 3.0)
    assert (phrase.words[0].start, phrase.words[0].end) == (2.25, 3.0)
