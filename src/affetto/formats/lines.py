"""Text broken into lines as subtitles are: short, of like length, and whole again when read."""

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

__all__ = ["LINE", "LINES", "broken", "cells", "joined", "pause"]

LINE = 42
"""Characters of a line, as most makers of subtitles hold it; East Asian ones count twice."""

LINES = 2
"""Lines that may stand over a picture at once."""

_SENTENCE = ".?!…。？！"
_CLAUSE = ",;:–—、，；："
_NEVER_FIRST = _SENTENCE + _CLAUSE + ")]}»”’」』）】ー々"
"""Marks that no line begins with, where there are no spaces to break at."""


def cells(text: str) -> int:
    """Give the width of a text: 1 a character, 2 for an East Asian one, 0 for one laid over others.

    Examples:
        >>> cells("now"), cells("今"), cells("e\u0301")
        (3, 2, 1)
    """
    return sum(
        2 if _wide(c) else 0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 1 for c in text
    )


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")


def pause(text: str) -> int:
    """Say how well one can pause behind a text.

    Returns:
        2 behind a sentence, 1 behind a part of one, else 0.

    Examples:
        >>> pause("Stop!"), pause("If so,"), pause("because of")
        (2, 1, 0)
    """
    last = text.rstrip(" \"'”’»)")[-1:]
    return 2 if last and last in _SENTENCE else 1 if last and last in _CLAUSE else 0


def broken(text: str) -> list[str]:
    """Break a text into lines of at most `LINE`, the last two of like length.

    A word that is longer stays whole.

    Args:
        text: without line breaks, and without two spaces in a row.

    Returns:
        The lines; `joined` makes the text of them again.

    Examples:
        >>> broken("I am fine, and there is no need at all to worry about me.")
        ['I am fine, and there is no', 'need at all to worry about me.']
    """
    chances = _chances(text)
    cuts = [0]
    best = 0
    for chance in [*chances, len(text)]:
        if cells(text[cuts[-1] : chance].rstrip()) > LINE and best > cuts[-1]:
            cuts.append(best)
        best = chance
    if len(cuts) > 1:
        cuts[-1] = _balanced(text, cuts, chances)
    edges = [*cuts, len(text)]
    parts = [text[a:b] for a, b in pairwise(edges)]
    return [_trimmed(part, parts[i + 1 : i + 2]) for i, part in enumerate(parts)]


def _chances(text: str) -> list[int]:
    """Find where a line may begin: behind spaces, and between East Asian characters."""
    return [
        at
        for at in range(1, len(text))
        if text[at - 1] == " "
        or (_wide(text[at - 1]) and _wide(text[at]) and text[at] not in _NEVER_FIRST)
    ]


def _balanced(text: str, cuts: list[int], chances: Sequence[int]) -> int:
    """Choose where the last line begins, so that it is about as long as the one before."""
    start = cuts[-2]
    fitting = [
        chance
        for chance in chances
        if chance > start
        and cells(text[start:chance].rstrip()) <= LINE
        and cells(text[chance:]) <= LINE
    ]

    def cost(chance: int) -> float:
        above, below = cells(text[start:chance].rstrip()), cells(text[chance:])
        return abs(above - below) - 6 * pause(text[start:chance])

    return min(fitting, key=cost, default=cuts[-1])


def _trimmed(part: str, following: list[str]) -> str:
    """Take the space off a line's end, where it is plain that there was one."""
    trimmed = part.rstrip(" ")
    if not following or trimmed == part or not trimmed:
        return trimmed
    return part if _wide(trimmed[-1]) and _wide(following[0][0]) else trimmed


def joined(lines: Sequence[str]) -> str:
    """Make one text of lines: a space between them, but none between East Asian characters.

    Examples:
        >>> joined(["once", "more"]), joined(["もう", "一度"])
        ('once more', 'もう一度')
    """
    text = ""
    for line in lines:
        if text and line and not text.endswith(" ") and not (_wide(text[-1]) and _wide(line[0])):
            text += " "
        text += line
    return text
