"""Where a text has numbers and addresses, written or spoken.

All of it reads a text in which figures of every script are those of ASCII, see
`affetto.words.redaction`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from affetto.words.name_lists import CAPITALISED, COMMON
from affetto.words.names import MASKED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["cover", "find_emails", "find_handles", "find_links", "find_numbers"]

_Place = tuple[int, int]
# Repetitions have bounds below: without them a text of many dots takes the square of its length.

_TRAILING = re.compile(r"[.,;:!?…'’\"”)\]}>-]+$")

_UNITS = "zero one two three four five six seven eight nine nought nil niner"
_TEENS = """ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty
    thirty forty fourty fifty sixty seventy eighty ninety"""
_LARGE = "hundred hundreds thousand thousands million millions billion billions"
_ELSEWHERE = """
    null eins zwei zwo drei vier fünf sechs sieben acht neun zehn elf zwölf
    zéro deux trois quatre cinq sept huit neuf dix
    cero uno dos tres cuatro cinco seis siete ocho nueve diez
    due tre quattro cinque sei sette otto nove dieci
    um dois três quatro oito dez
    """
_NUMBERS = frozenset(f"{_UNITS} {_TEENS} {_LARGE} {_ELSEWHERE}".split())


def _any(words: str) -> str:
    # The longest first, lest "six" take the beginning of "sixteen".
    return "|".join(sorted(words.split(), key=len, reverse=True))


_FIGURE = r"(?<![A-Za-zÀ-ɏ])[A-Za-zÀ-ɏ]*\d[\dA-Za-zÀ-ɏ]*"
_BETWEEN = r"(?:[.,:/'’_+*#–—-]|,?\s|\s?[()/+–—-]{1,2}\s?)"
_WRITTEN = re.compile(rf"(?:\+|\((?=\d+\)))?{_FIGURE}(?:{_BETWEEN}{_FIGURE})*")

_ONE = (
    rf"(?:(?:(?:double|triple|treble|plus)[\s-]+)?\b(?:{_any(' '.join(_NUMBERS))})\b"
    rf"|(?<!{MASKED[1]}){MASKED[1]}++)"
)
_APART = r"(?:[\s,]{1,3}|\s?[-–]\s?)"
_SPOKEN = re.compile(
    rf"(?:\b(?:oh|o)[\s,]+){{0,4}}{_ONE}"
    rf"(?:(?:{_APART}(?:(?:oh|o|point|dash|hyphen){_APART}){{0,4}}|\s+and\s+){_ONE})+"
    r"(?:\s(?:oh|o)\b)*"
    rf"|\b(?:double|triple|treble)\s+(?:{_any(_UNITS)})\b"
    rf"|\b(?:{_any(_TEENS)})[\s-](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)\b",
    re.I,
)
_SINGLE = re.compile(
    rf"\b(?:number|extension|room|flat|apartment|code|pin|zip|postcode|aged?|platform)\s+(?:is\s+)?"
    rf"(?P<a>{_ONE})"
    rf"|\b(?:i['’]m|i\s+am|he['’]?s|he\s+is|she['’]?s|she\s+is|turn(?:ed|ing)?)\s+"
    rf"(?P<b>\b(?:{_any(_TEENS)})\b)"
    rf"|(?P<c>{_ONE})(?=[\s-]+years?[\s-]+old\b)",
    re.I,
)
"""One number word where it tells an age, a room or a code."""

_AT = "@＠"
_NAMING = rf"[^\s{_AT}{MASKED}<>\"“”(),;:\[\]{{}}]"
_EMAIL = re.compile(
    rf"{_NAMING}+(?:[{_AT}]{_NAMING}+)+"
    rf"|[\w.+-]{{1,64}}(?P<gap>\s?)[{_AT}](?P=gap)[\w-]+(?:\s?\.\s?[\w-]+)+"
)
_DOT = r"\s+(?:dot|period)\s+"
_JOIN = r"\s+(?:dot|period|underscore|dash|hyphen|minus|plus)\s+"
_SPOKEN_EMAIL = re.compile(
    # john dot smith at example dot com; john.smith at example.com
    rf"\b(?P<local>(?:\w+{_JOIN}){{0,6}}[\w.+-]{{0,64}}\w)\s+(?:at(?:\s+sign)?|[{_AT}])\s+"
    rf"(?:(?:\w+\s+){{0,2}}?\w+(?:\s+(?:dash|hyphen)\s+\w+)*(?:{_DOT}\w+){{1,6}}"
    r"|[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})"
    # juan arroba ejemplo punto es, hans at beispiel punkt de
    r"|\b(?:\w+\s+(?:punto|point|punkt|ponto)\s+){0,6}\w+\s+"
    r"(?:arroba|arobase|chiocciola|klammeraffe|at)\s+\w+(?:\s+(?:punto|point|punkt|ponto)\s+\w+){1,6}",
    re.I,
)

_ENDINGS = "com org net edu gov int mil io info biz co uk de fr es nl eu ch ca au jp app dev ai tv"
_LINK = re.compile(
    rf"\b(?:[a-zA-Z][a-zA-Z+.-]*://|www\.)[^\s{MASKED}]+"
    rf"|\b(?:[\w-]{{1,63}}\.){{1,8}}(?:{_any(_ENDINGS)})\b(?:[/:?][^\s{MASKED}]*)?"
    rf"|\b[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,8}}/[^\s{MASKED}]+"
)
_SPOKEN_LINK = re.compile(
    rf"(?:\bhttps?\s+colon\s+(?:slash\s+){{2}})?(?:\b(?:double\s+u|w)\s+){{0,3}}(?:\b\w+{_DOT}){{1,6}}"
    rf"(?:{_any(_ENDINGS)})\b(?:\s+(?:dot|slash)\s+\w+)*",
    re.I,
)
_HANDLE = re.compile(rf"(?<![\w{MASKED}])[{_AT}]\w(?:[\w.]*\w)?")


def cover(text: str, places: Iterable[tuple[int, int]], mark: str) -> str:
    """Write one character over places of a text, which keeps its length.

    Args:
        text: any.
        places: start and end of each, in order, none in another.
        mark: a single character.

    Examples:
        >>> cover("5 and 17", [(0, 1), (6, 8)], "#")
        '# and ##'
    """
    parts, at = [], 0
    for start, end in places:
        parts += [text[at:start], mark * (end - start)]
        at = end
    return "".join(parts) + text[at:]


def find_numbers(text: str) -> Iterator[_Place]:
    """Find numbers, in figures and in words, in the order of their start.

    Examples:
        >>> text = "It's 5:30, call five five five oh one; I am thirty, and one of two."
        >>> [text[start:end] for start, end in find_numbers(text)]
        ['5:30', 'five five five oh one', 'thirty']
    """
    places = [match.span() for match in _WRITTEN.finditer(text)]
    covered = cover(text, places, MASKED[1])
    # Figures may be part of a run of words: "twenty 5", "double 0 seven".
    places += [match.span() for match in _SPOKEN.finditer(covered)]
    for match in _SINGLE.finditer(covered):
        places += [match.span(name) for name in "abc" if match[name]]
    return iter(_united(places))


def find_emails(text: str) -> Iterator[_Place]:
    """Find addresses of e-mail, written and spoken, in the order of their start.

    Examples:
        >>> text = "Mail a.b@c.org, or olga brandt dot b at example dot com!"
        >>> [text[start:end] for start, end in find_emails(text)]
        ['a.b@c.org', 'olga brandt dot b at example dot com']
    """
    marked = any(mark in text for mark in _AT)  # saves a long search where there is none
    found = _EMAIL.finditer(text) if marked else ()
    places = [(match.start(), _end(match)) for match in found]
    for match in _SPOKEN_EMAIL.finditer(text):
        local, last = match["local"], match[0].split()[-1].lower()
        local = (local or "").lower()
        if local and ((local in COMMON and local not in _NUMBERS) or last in COMMON):
            continue  # "look at example dot com" says where to look; "at a dot and" nothing
        places.append((_before(text, match.start()), _end(match)))
    return iter(_united(places))


def find_links(text: str) -> Iterator[_Place]:
    """Find addresses of the web, written and spoken, in the order of their start.

    Examples:
        >>> text = "See https://example.org/a?b=c, example.com or my page dot example dot org."
        >>> [text[start:end] for start, end in find_links(text)]
        ['https://example.org/a?b=c', 'example.com', 'page dot example dot org']
    """
    places = [(match.start(), _end(match)) for match in _LINK.finditer(text)]
    places += [match.span() for match in _SPOKEN_LINK.finditer(text)]
    return iter(_united(places))


def find_handles(text: str) -> Iterator[_Place]:
    """Find what people are called where they write to each other.

    Examples:
        >>> list(find_handles("ask @olga.b there"))
        [(4, 11)]
    """
    return (match.span() for match in _HANDLE.finditer(text))


def _end(match: re.Match[str]) -> int:
    """Give the end of an address, which the punctuation behind it doesn't belong to."""
    return match.start() + len(_TRAILING.sub("", match[0])) or match.end()


def _before(text: str, start: int) -> int:
    """Take in what an address may begin with, before its first dot: names, letters, numbers."""
    for _ in range(6):
        near = text[max(0, start - 60) : start]
        match = re.search(r"(\w+)(?:['’]\w{1,2})?\s+$", near)
        if match is None:
            break
        word = match[1].lower()
        ends = word in COMMON or word in CAPITALISED
        if ends and word not in _NUMBERS and not (len(word) == 1 and word not in "ia"):
            break
        start -= len(near) - match.start()
    return start


def _united(places: list[_Place]) -> list[_Place]:
    """Sort places, and make one of those that overlap."""
    united: list[_Place] = []
    for start, end in sorted(places):
        if start >= end:
            continue
        if united and start < united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united
