"""From the words that a recogniser heard to phrases: times put right, cut where nobody speaks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from affetto.errors import OptionError
from affetto.transcript import Phrase, Word
from affetto.words.translation.base import base_language

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "APART",
    "DOUBTFUL",
    "UNSURE",
    "joined",
    "made_up",
    "moved",
    "phrases_of",
    "put_right",
    "spread",
    "understood",
]

APART = 0.7
"""Seconds without a word after which another phrase begins."""

DOUBTFUL, UNSURE = 0.6, -1.0
"""Words of Whisper are not believed where it is likelier than this that nobody speaks and their
mean log probability is lower than that: Radford et al. 2022, arXiv:2212.04356, section 4.5."""

_SHORTEST = 0.02
"""Seconds that a phrase lasts at least: recognisers give some words no length at all."""

_UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages that are written without spaces between words."""


def joined(words: Iterable[str], language: str | None = None) -> str:
    """Write words in a line, as the language writes them.

    Args:
        words: in order.
        language: ISO 639-1 code, where it is known.

    Examples:
        >>> joined(["Guten", "Tag."], "de"), joined(["你", "好"], "zh")
        ('Guten Tag.', '你好')
    """
    return ("" if language in _UNSPACED else " ").join(filter(None, words))


def put_right(words: Iterable[Word], duration: float) -> list[Word]:
    """Make the times of words ones that can be: within the sound, one word after the other.

    Args:
        words: in the order in which they are said; those without a text are left out.
        duration: seconds of the sound.

    Examples:
        >>> [(w.start, w.end) for w in put_right([Word("a", -0.1, 0.5), Word("b", 0.4, 9.0)], 2.0)]
        [(0.0, 0.5), (0.5, 2.0)]
    """
    right: list[Word] = []
    before = 0.0
    for word in words:
        text = word.text.strip()
        if not text:
            continue
        start = min(max(word.start, before), duration)
        before = min(max(word.end, start), duration)
        sure = None if word.confidence is None else min(max(word.confidence, 0.0), 1.0)
        right.append(Word(text, start, before, sure))
    return right


def phrases_of(
    words: Iterable[Word], *, duration: float, language: str | None = None, text: str | None = None
) -> list[Phrase]:
    """Make phrases of words: a new one where the words are further than `APART` from each other.

    Args:
        words: in the order in which they are said; see `put_right`.
        duration: seconds of the sound.
        language: ISO 639-1 code, where it is known.
        text: how all of them are written, where that is more than the words in a line.

    Returns:
        In order; each begins and ends with a word.

    Examples:
        >>> words = [Word("Well,", 0.0, 0.4), Word("no.", 0.5, 0.9), Word("Why?", 2.0, 2.4)]
        >>> [(p.text, p.start, p.end) for p in phrases_of(words, duration=3.0)]
        [('Well, no.', 0.0, 0.9), ('Why?', 2.0, 2.4)]
    """
    groups: list[list[Word]] = []
    for word in put_right(words, duration):
        if not groups or word.start - groups[-1][-1].end > APART:
            groups.append([])
        groups[-1].append(word)
    whole = text.strip() if text and len(groups) == 1 else None
    return [
        Phrase(
            *_lasting(group[0].start, group[-1].end, duration),
            text=whole or joined((word.text for word in group), language),
            words=tuple(group),
            language=language,
        )
        for group in groups
    ]


def spread(phrase: Phrase) -> list[Word]:
    """Guess when the words of a phrase are said, where the recogniser doesn't tell.

    Examples:
        >>> [(w.text, w.start) for w in spread(Phrase(1.0, 2.0, "so long"))]
        [('so', 1.0), ('long', 1.375)]
    """
    unspaced = phrase.language in _UNSPACED
    texts = list(phrase.text.replace(" ", "")) if unspaced else phrase.text.split()
    # A word takes as long as its letters, and the gap after it.
    weights = [len(text) + 1 for text in texts]
    second = phrase.duration / max(sum(weights), 1)
    words, begun = [], 0
    for text, weight in zip(texts, weights, strict=True):
        start, begun = phrase.start + begun * second, begun + weight
        words.append(Word(text, start, phrase.start + begun * second))
    return words


def made_up(no_speech: float, log_probability: float) -> bool:
    """Tell whether Whisper made words up where nobody speaks.

    Args:
        no_speech: probability that nobody speaks.
        log_probability: mean of the words.

    Examples:
        >>> made_up(0.9, -1.4), made_up(0.9, -0.2)
        (True, False)
    """
    return no_speech > DOUBTFUL and log_probability < UNSURE


def moved(phrase: Phrase, seconds: float) -> Phrase:
    """Give a phrase that is said later by so many seconds."""
    return replace(
        phrase,
        start=phrase.start + seconds,
        end=phrase.end + seconds,
        words=tuple(
            replace(word, start=word.start + seconds, end=word.end + seconds)
            for word in phrase.words
        ),
    )


def understood(language: str | None, known: Sequence[str], *, name: str, other: str) -> str | None:
    """Make sure that a recogniser understands a language.

    Args:
        language: ISO 639-1 code, with or without a country; None where it isn't known.
        known: codes of what it understands; empty where it is not limited.
        name: of the recogniser.
        other: what to do where it doesn't.

    Returns:
        The code without its country, in small letters.

    Raises:
        OptionError: it doesn't.

    Examples:
        >>> understood("en-GB", ("en",), name="a recogniser", other="take another")
        'en'
        >>> understood("de", ("en",), name="a recogniser", other="take another")
        Traceback (most recent call last):
        ...
        affetto.errors.OptionError: found the language 'de', expected en, which is all that ...
    """
    code = base_language(language)
    if code is None or not known or code in known:
        return code
    if len(known) == 1:
        expected = f"{known[0]}, which is all that {name} understands"
    else:
        expected = f"one of the {len(known)} codes that {name} knows ({', '.join(known)})"
    raise OptionError(f"found the language {language!r}, expected {expected}: {other}")


def _lasting(start: float, end: float, duration: float) -> tuple[float, float]:
    """Give a phrase some length where its words have none; within the sound, if there is room."""
    if end - start >= _SHORTEST:
        return start, end
    start = max(0.0, min(start, duration - _SHORTEST))
    return start, start + _SHORTEST
