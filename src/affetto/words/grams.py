"""Text as the small model reads it: words, runs of words, and pieces of words.

A written feeling hangs on more than words: capitals, stretched letters, emoji and marks count, and
each has a sign of its own here. What a recogniser of speech writes (no capitals, no marks, perhaps
no apostrophes) gives the same words as careful writing does.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["grams", "tokens"]

_TOKEN = re.compile(
    r"""
    \[[a-z]+\]                               # a mask, such as [name]
    | https?://\S+ | www\.\S+
    | [:;=8][-'^]?[()\[\]dpo/\\|3<>*]+(?!\w) # an emoticon
    | <3+ | \^_+\^ | -_+-
    | \w+(?:['’]\w+)*
    | [!?.…]+
    | [^\w\s]
    """,
    re.VERBOSE | re.IGNORECASE,
)

_DENIALS = """
not no never nor neither none nobody nothing nowhere without hardly barely cannot aint cant dont
doesnt didnt isnt arent wasnt werent havent hasnt hadnt wont wouldnt shouldnt couldnt mustnt neednt
"""
_DENIES = frozenset(_DENIALS.split())
_REACH = 4
"""Words that a denial reaches, unless a mark or a turn (but) ends it before."""
_TURNS = frozenset({"but", "because", "and", "although", "though", "if", "so"})

_STRETCHED = re.compile(r"(.)\1{2,}")
_PLAIN = frozenset({"face", "with", "and", "of", "the", "eyes", "sign", "symbol", "black", "white"})
"""Words in the names of emoji that say nothing of a feeling."""
_LONGEST = 40
"""Characters of a word that are read: what is longer is no word."""
_PIECES = (3, 4, 5)
"""Characters in the pieces of a word."""


def tokens(text: str) -> list[str]:
    """Split a text into its words and signs.

    Args:
        text: of any length; case, apostrophes and stretched letters are told apart by signs of
            their own, so that the words are the same with them and without.

    Returns:
        Words in small letters; ``<caps>``, ``<caps+>``, ``<long>``, ``<num>``, ``<url>``; marks
        (``!``, ``?``, ``!+`` for several); emoji, each followed by what its name says.

    Examples:
        >>> tokens("I DON'T care!!")
        ['i', 'dont', 'care', '!+', '<caps>']
        >>> tokens("Sooo good 😊")
        ['<long>', 'soo', 'good', '😊', 'smiling', 'smiling']
    """
    found: list[str] = []
    shouted = 0
    for match in _TOKEN.finditer(unicodedata.normalize("NFKC", text)):
        written = match[0][:_LONGEST]
        shouted += len(written) > 2 and written.isupper() and written[0].isalpha()
        found += _signs(written.lower())
    if shouted:
        found.append("<caps>" if shouted < 3 else "<caps+>")
    return found


@lru_cache(maxsize=16384)
def _signs(word: str) -> tuple[str, ...]:
    """Give what stands for one token."""
    if word.startswith(("http:", "https:", "www.")):
        return ("<url>",)
    if word.isdigit():
        return ("<num>",)
    if word[0] in "!?.…":
        return (word if len(word) == 1 else "!?+" if set("!?") <= set(word) else word[0] + "+",)
    if word[0].isalnum():
        plain = word.replace("'", "").replace("’", "")
        short = _STRETCHED.sub(r"\1\1", plain)
        return (short,) if short == plain else ("<long>", short)
    if len(word) == 1 and unicodedata.category(word) in ("So", "Sk"):
        named = unicodedata.name(word, "").lower().replace("-", " ").split()
        return (word, *(part for part in named if part not in _PLAIN))
    return (word,)


@lru_cache(maxsize=16384)
def _pieces(word: str) -> tuple[str, ...]:
    """Give the pieces of a word that may tell of one that was never seen whole."""
    if len(word) < 4 or not word.isalpha():
        return ()
    edged = f"<{word}>"
    return tuple(f"#{edged[i : i + n]}" for n in _PIECES for i in range(len(edged) - n + 1))


def grams(text: str, *, longest: int = 3) -> list[str]:
    """Give all that a text is judged by: its tokens, runs of them, and pieces of its words.

    Args:
        text: of any length.
        longest: tokens of the longest runs; ``^`` and ``$`` stand for the ends.

    Returns:
        Grams, repeated where they come again; none of a text without words or signs.

    Examples:
        >>> grams("Not bad")
        ['not', '~bad', '^_not', 'not_~bad', '~bad_$', '^_not_~bad', 'not_~bad_$']
        >>> grams("  ")
        []
    """
    words = list(_told(tokens(text)))
    return [*words, *_runs(words, longest), *(p for word in words for p in _pieces(word))]


def _told(words: Iterable[str]) -> Iterator[str]:
    """Mark what is denied: "not angry" must not count as "angry" does (after Das & Chen 2001).

    Examples:
        >>> list(_told("i am not very angry , really".split()))
        ['i', 'am', 'not', '~very', '~angry', ',', 'really']
    """
    left = 0
    for word in words:
        if not word[0].isalnum() or word in _TURNS:
            left = 0
        yield f"~{word}" if left else word
        left = _REACH if word in _DENIES else max(left - 1, 0)


def _runs(words: list[str], longest: int) -> Iterator[str]:
    if not words:
        return
    ended = ["^", *words, "$"]
    for length in range(2, longest + 1):
        for start in range(len(ended) - length + 1):
            yield "_".join(ended[start : start + length])
