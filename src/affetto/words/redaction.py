"""Names, numbers and addresses masked in what was said, before it is stored or shown.

Masked as "[name]", "[number]", "[email]" and "[link]": names of people; figures of every script
with what hangs on them (telephone and card numbers, dates, ages, times, sums, "3rd", "B12"), and
runs of number words ("five five five one two", "twenty-three"); addresses of e-mail and of the web,
spoken ones as well ("john dot smith at example dot com").

There is no network behind it but rules and lists of names, so it runs anywhere, and it is no
guarantee. It would rather mask too much:

- In text with capitals every word is a name that has one inside a sentence and isn't known as an
  ordinary one: places, streets, firms, titles of films, and all nouns of German. So is the first
  word of a sentence that does something or is called to, "Cricket is" as well as "Urmi is".
- Numbers are masked whatever they count ("twenty one times"), and what follows "call me" or
  "spoke to".
- A word that was a name once is masked wherever the transcript has it in this form, "will" or
  "rose" among them.

And it misses:

- names that begin a sentence, or stand in text without capitals, where they aren't in the lists and
  nothing announces them: no title, no "my name is". The lists hold some 1,600 given names and know
  English ones best; of surnames, which are far more, the frequent ones;
- names in scripts without capitals: Chinese, Japanese, Arabic, Hindi and others;
- given names that are ordinary words ("hope", "mark") in text without capitals, without a surname
  behind them;
- single number words ("I have two children", "the third of March"), and number words of languages
  other than English, German, French, Spanish, Italian and Portuguese;
- what tells who somebody is without naming them: where they work, what befell them.

What was said stays in the sound itself; the speaker of a phrase is left as it is.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from affetto.words.contacts import cover, find_emails, find_handles, find_links, find_numbers
from affetto.words.names import MASKED, find_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from affetto.transcript import Phrase, Transcript, Word

__all__ = ["redact", "redact_transcript"]

_MASKS = dict(zip(("[name]", "[number]", "[email]", "[link]"), MASKED, strict=True))
_NAME, _NUMBER, _EMAIL, _LINK = _MASKS
_DONE = re.compile("|".join(map(re.escape, _MASKS)))
_TWICE = re.compile(rf"({_DONE.pattern})(?:[\s-]+\1)+")

_MASK_OF = {mark: mask for mask, mark in _MASKS.items()}
_COVERED = re.compile(rf"([{MASKED}])\1*")

_Span = tuple[int, int, str]
_NONE: frozenset[str] = frozenset()


def redact(text: str) -> str:
    """Mask names, numbers and addresses in a text, see this module for what it misses.

    Args:
        text: as it is written, with capitals or without.

    Returns:
        The text with masks; masking that again changes nothing.

    Examples:
        >>> redact("Hi, I'm Olga Brandt, born on 3 May 1990; call 555-0199.")
        "Hi, I'm [name], born on [number] May [number]; call [number]."
        >>> redact("my name is olga and it's olga dot b at example dot com")
        "my name is [name] and it's [email]"
        >>> redact("Thank God it's Friday, said the first of the two Germans.")
        "Thank God it's Friday, said the first of the two Germans."
    """
    return _settled(text, _NONE)


def redact_transcript(transcript: Transcript) -> Transcript:
    """Mask names, numbers and addresses in all that a transcript writes down.

    Text, translation and words are masked; times, scores and speakers stay, and so does the number
    of words: one that is masked has the mask for its text. What is a name in one phrase is one in
    all.

    Examples:
        >>> from affetto.transcript import Phrase, Transcript, Word
        >>> words = (Word("Ask", 0.0, 0.2), Word("Olga", 0.2, 0.6), Word("Brandt.", 0.6, 1.0))
        >>> said = Transcript((Phrase(0.0, 1.0, "Ask Olga Brandt.", words=words),))
        >>> masked = redact_transcript(said)
        >>> masked.text, [word.text for word in masked.phrases[0].words]
        ('Ask [name].', ['Ask', '[name]', '[name]'])
    """
    while True:
        names = _named(transcript)
        masked = replace(
            transcript, phrases=tuple(_redacted(phrase, names) for phrase in transcript.phrases)
        )
        if masked == transcript:
            return masked
        transcript = masked


def _named(transcript: Transcript) -> frozenset[str]:
    """Collect what is a name anywhere: each phrase may tell of names in another."""
    texts = [
        text
        for phrase in transcript.phrases
        for text in (phrase.text, phrase.translation or "", _line(phrase.words))
        if text
    ]
    names = _NONE
    while True:
        found = names.union(*(_find(text, names)[1] for text in texts))
        if found == names:
            return names
        names = found


def _redacted(phrase: Phrase, names: frozenset[str]) -> Phrase:
    translation = phrase.translation
    return replace(
        phrase,
        text=_settled(phrase.text, names),
        translation=None if translation is None else _settled(translation, names),
        words=_masked_words(phrase.text, phrase.words, names),
    )


def _settled(text: str, names: frozenset[str]) -> str:
    """Mask until nothing is left to mask; each round leaves fewer letters."""
    while True:
        masked = _rendered(text, _find(text, names)[0])
        if masked == text:
            return text
        text = masked


def _line(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _masked_words(text: str, words: tuple[Word, ...], names: frozenset[str]) -> tuple[Word, ...]:
    """Mask words by where they stand in their phrase's text, so that both say the same."""
    places = _places(text, words)
    if places is None:  # written otherwise: they speak for themselves
        text = _line(words)
        places = _places(text, words) or []
    spans = _find(text, names)[0]
    return tuple(
        replace(word, text=mask) if (mask := _mask_at(spans, *place)) else word
        for word, place in zip(words, places, strict=True)
    )


def _mask_at(spans: list[_Span], start: int, end: int) -> str | None:
    return next((mask for first, last, mask in spans if first < end and last > start), None)


def _places(text: str, words: Sequence[Word]) -> list[tuple[int, int]] | None:
    """Find the words in a text, one behind the other; None unless they are all of its words."""
    places: list[tuple[int, int]] = []
    at = 0
    for word in words:
        start = text.find(word.text, at)
        between = text[at:start] if start >= 0 else text
        if start >= 0 and not any(letter.isalnum() for letter in between):
            at = start + len(word.text)
            places.append((start, at))
        elif places and word.text in _MASKS and text[slice(*places[-1])] == word.text:
            places.append(places[-1])  # neighbouring masks are one in the text
        else:
            return None
    return None if any(letter.isalnum() for letter in text[at:]) else places


def _find(text: str, names: frozenset[str]) -> tuple[list[_Span], set[str]]:
    """Find all that is to be masked: start, end and mask of each in order, and the names."""
    shadow = _shadow(text)
    finders = (
        (_EMAIL, find_emails), (_LINK, find_links), (_NAME, find_handles), (_NUMBER, find_numbers)
    )  # fmt: skip
    for mask, finder in finders:
        shadow = cover(shadow, finder(shadow), _MASKS[mask])
    found: set[str] = set()
    while True:
        # What is covered now may be what made another word a name.
        places, words = find_names(shadow, names | found)
        if not places:
            break
        found |= words
        shadow = cover(shadow, places, _MASKS[_NAME])
    return [(m.start(), m.end(), _MASK_OF[m[1]]) for m in _COVERED.finditer(shadow)], found


def _shadow(text: str) -> str:
    """Give a text of the same length that the rules can read.

    Figures of every script are "0" in it, and what is masked already is `MASKED`. A Chinese numeral
    alone is part of many words; two together, or one beside a figure, are a number.
    """
    shadow = re.sub(f"[{MASKED}]", " ", text)
    if not shadow.isascii():
        shadow = "".join(map(_figure, shadow))
        shadow = re.sub(r"[0-9零〇一]{2,}", lambda run: "0" * len(run[0]), shadow)
    return _DONE.sub(lambda done: _MASKS[done[0]] * len(done[0]), shadow)


def _figure(letter: str) -> str:
    if not letter.isnumeric():
        return letter
    return "0" if unicodedata.category(letter)[0] == "N" else "一"


def _rendered(text: str, spans: list[_Span]) -> str:
    parts, at = [], 0
    for start, end, mask in spans:
        parts += [text[at:start], mask]
        at = end
    return _TWICE.sub(r"\1", "".join(parts) + text[at:])
