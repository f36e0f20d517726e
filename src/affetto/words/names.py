"""Where a text names people, by rules: capitals, titles, what announces a name, known names.

There is no network in it, so it runs anywhere and does the same everywhere. What it misses, and
what it takes for a name and is none, stands in `affetto.words.redaction`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affetto.words.name_lists import (
    AMBIGUOUS,
    CAPITALISED,
    COMMON,
    GIVEN,
    MONTHS,
    PAIRED,
    SAYING,
    SURNAMES,
    TITLES,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MASKED", "find_names"]

MASKED = "\ufdd0\ufdd1\ufdd2\ufdd3"
"""Stand where something is masked already; Unicode promises that no text has them."""

_WORD = re.compile(r"[^\W\d_][\u0300-\u036f]*(?:['’\-]?[^\W\d_][\u0300-\u036f]*)*")
_TAIL = re.compile(r"['’](?:s|ll|d|re|ve|m)$", re.I)
_ENDS = re.compile(r"[.!?…。！？:;\n\"“”«»(\[—]|^-|\s[-–]\s")
_SPACE = re.compile(r"\s+")
_INITIALS = re.compile(r"\.?\s*|-")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MOST = 3
"""Words that a name may have behind what announces it."""
_STRONG = frozenset(
    (
        "name is", "name's", "names is", "name was", "am called", "i'm called", "is called",
        "he's called", "she's called", "was called", "surname is", "nickname is",
    )
)  # fmt: skip
"""What hardly ever stands before anything but a name."""
_WEAK = frozenset(
    (
        "call me", "called me", "named", "ask for", "asked for", "asking for", "spoke to",
        "spoke with", "speak to", "speak with", "speaking to", "speaking with", "talk to",
        "talked to", "talking to", "met with", "it's me", "dear", "hello", "hi", "hey", "goodbye",
        "bye", "thanks", "morning", "evening", "regards", "sincerely", "signed",
    )
)  # fmt: skip
"""What stands before a name as a rule."""
_FILLERS = frozenset(("uh", "um", "er", "erm", "eh", "ah", "actually", "just", "really"))
_CLOSING = frozenset(("speaking", "here", "calling", "from"))
_SHORT = _words("mr mrs ms mx dr prof rev sgt st")
"""Titles behind which a point ends no sentence."""
_OWNERS = _words(
    "a an the my your his her our their this that another any some every each no which"
)
_CALLINGS = _words(
    "doctor nurse judge captain colonel president senator detective inspector professor sergeant "
    "lieutenant imam rabbi"
)
"""Titles that are somebody's calling as well: "my doctor prescribed" names nobody."""
_MISSING = _words(
    "i you we they to will would don't didn't really still always also might i'll you'll we'll "
    "they'll just so never and must"
)
"""Before "miss" they make it what one does, not a title."""
_ABSTRACT = ("ly", "ing", "ness", "tion", "ment", "ity", "ism")
"""Endings of words that begin a sentence and are no names."""
_PARTICLES = _words("van von de der den del della di da dos bin ibn al el la le ter y e zu")


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of a text.

    Attributes:
        start: of the word.
        end: of the word without an 's, 'll and the like.
        base: the word without it.
        said: the whole word in small letters.
        plain: `base` in small letters without accents, as the lists have it.
        gap: what stands before it, from the word before, or from the last sign of a mask on.
        first: whether a sentence may begin with it.
    """

    start: int
    end: int
    base: str
    said: str
    plain: str
    gap: str
    first: bool

    @property
    def capital(self) -> bool:
        """Whether it is written as names are; not as acronyms are."""
        return self.base[:1].isupper() and not (len(self.base) > 1 and self.base.isupper())

    @property
    def near(self) -> bool:
        """Whether only space separates it from the word before."""
        return bool(_SPACE.fullmatch(self.gap))

    @property
    def ordinary(self) -> bool:
        """Whether it is a word of every day, or one that has a capital anyway."""
        if self.plain in AMBIGUOUS:
            return False
        parts = self.plain.split("-")
        many = self.plain.removesuffix("s")
        listed = any(word in CAPITALISED or word in TITLES for word in (self.plain, many))
        return listed or all(p in COMMON or p in CAPITALISED for p in parts)

    @property
    def listed(self) -> bool:
        """Whether it is a name and nothing else."""
        return any(p in GIVEN or p in SURNAMES for p in (self.plain, *self.plain.split("-")))


def find_names(
    text: str, known: frozenset[str] = frozenset()
) -> tuple[list[tuple[int, int]], set[str]]:
    """Find the names of people in a text.

    Args:
        text: with characters of `MASKED` where something else was found before.
        known: names that were found elsewhere, as they are written.

    Returns:
        Start and end of each, in order, and the words that they are made of.

    Examples:
        >>> text = "Then Dr. Ng asked whether Anna's brother slept."
        >>> spans, names = find_names(text)
        >>> [text[start:end] for start, end in spans], sorted(names)
        (['Ng', 'Anna'], ['Anna', 'Ng'])
    """
    tokens = list(_tokens(text))
    if text.upper() == text:  # all in capitals, which then tell nothing
        cased = False
    else:
        cased = any(t.base[:1].isupper() for t in tokens if t.plain != "i")
    shown = tokens if cased else [_lowered(t) for t in tokens]
    folded = frozenset(map(_plain, known))
    hits = {n for n, t in enumerate(tokens) if t.base in known or _known(t, folded)}
    for n in range(len(shown)):
        if _by_itself(shown, n):
            hits.add(n)
        hits.update(_behind_title(shown, n, cased), _behind_cue(shown, n, cased))
    hits |= _spelled(shown)
    _spread(shown, hits, cased)
    return _joined(tokens, hits), {tokens[n].base for n in hits}


def _tokens(text: str) -> Iterator[_Token]:
    end, before = 0, ""
    for match in _WORD.finditer(text):
        word, start = match[0], match.start()
        gap = text[end:start]
        masked = max(gap.rfind(mark) for mark in MASKED)
        if masked >= 0:
            gap, before = gap[masked:], ""
            if gap[1:] in ("'", "’") and len(word) < 3:
                continue  # the 's of a masked name
        abbreviated = gap.startswith(".") and (before in _SHORT or len(before) == 1)
        initial = masked >= 0 and gap[1:] == ". " and len(word) == 1
        opening = end == 0 and masked < 0
        first = opening or bool(_ENDS.search(gap) and not abbreviated and not initial)
        base = _TAIL.sub("", word)
        plain = _plain(base)
        yield _Token(
            start, start + len(base), base, word.lower().replace("’", "'"), plain, gap, first
        )
        end, before = match.end(), plain


def _plain(word: str) -> str:
    spread = unicodedata.normalize("NFKD", word.lower().replace("ß", "ss").replace("’", "'"))
    spread = spread.replace("ø", "o").replace("ł", "l")
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def _lowered(token: _Token) -> _Token:
    return _Token(
        token.start, token.end, token.base.lower(), token.said, token.plain, token.gap, token.first
    )  # fmt: skip


def _known(token: _Token, folded: frozenset[str]) -> bool:
    """Tell whether a word was a name elsewhere, in whatever letters; no word of other meanings."""
    return token.plain in folded and not token.ordinary and token.plain not in AMBIGUOUS


def _by_itself(tokens: list[_Token], n: int) -> bool:
    """Tell whether a word is a name by how it is written, where it stands and what follows."""
    token = tokens[n]
    after = tokens[n + 1] if n + 1 < len(tokens) else None
    if token.listed:
        return True
    if token.plain in AMBIGUOUS:
        month = token.plain in MONTHS
        if token.capital and not token.first and not month:
            return True
        if after is None:
            return False
        if after.near and (after.listed or _named_so(after)):
            return True
        beginning = token.capital and token.first and not month
        return beginning and (after.gap.startswith(",") or (after.near and after.said in SAYING))
    if not token.capital or len(token.base) < 2 or token.ordinary:
        return False
    if not token.first:
        return True
    if after is None or token.plain.endswith(_ABSTRACT):
        return False
    acting = after.near and (after.said in SAYING or token.said.endswith("'s"))
    return acting or after.gap.startswith(",")


def _named_so(token: _Token) -> bool:
    return token.capital and not token.first and not token.ordinary and len(token.base) > 1


def _behind_title(tokens: list[_Token], n: int, cased: bool) -> set[int]:
    title = tokens[n]
    if title.plain not in TITLES or n + 1 == len(tokens):
        return set()
    before = tokens[n - 1].said if n else ""
    name = tokens[n + 1]
    short = title.plain in _SHORT and re.fullmatch(r"\.?\s+", name.gap)
    if not (name.near or short) or name.plain in TITLES:
        return set()
    if name.capital:
        return {n + 1}
    doing = title.plain == "miss" and before in _MISSING
    called = title.plain in _CALLINGS and before in _OWNERS
    if name.ordinary or doing or called or (cased and title.plain not in ("mr", "mrs", "dr")):
        return set()
    found = {n + 1}
    second = tokens[n + 2] if n + 2 < len(tokens) else None
    whole = name.plain in GIVEN or name.plain in AMBIGUOUS
    if whole and second is not None and second.near and not second.ordinary:
        found.add(n + 2)
    return found


def _behind_cue(tokens: list[_Token], n: int, cased: bool) -> set[int]:
    """Give the words that a phrase which ends at a word announces as a name."""
    said = tokens[n].said
    two = f"{tokens[n - 1].said} {said}" if n and tokens[n].near else said
    strong = said in _STRONG or two in _STRONG
    weak = said in _WEAK or two in _WEAK
    introduced = two in ("this is", "it is", "it's") or said == "it's"
    opened = said in ("hello", "hi") or tokens[n].first
    if opened and n + 1 < len(tokens) and tokens[n].first and tokens[n + 1].said == "speaking":
        return set() if tokens[n].ordinary or tokens[n].plain.endswith("ly") else {n}
    if not (strong or weak or introduced):
        return set()
    at = n + 1
    while at < len(tokens) and tokens[at].said in _FILLERS:
        at += 1
    found: set[int] = set()
    for name in range(at, min(at + _MOST, len(tokens))):
        token = tokens[name]
        apart = not token.near and not (name == at and re.fullmatch(r"\s*[,:\"“]+\s*", token.gap))
        written = token.capital and (strong or not token.ordinary)
        if apart or (token.ordinary and not written):
            break
        if cased and not written and not strong:
            break
        found.add(name)
    if introduced and not strong:
        last = max(found, default=at) + 1
        closed = last < len(tokens) and tokens[last].said in _CLOSING
        return found if closed else set()
    return found


def _spelled(tokens: list[_Token]) -> set[int]:
    """Find three letters or more, one after the other: a name that is spelled out."""
    found: set[int] = set()
    run: list[int] = []
    for n, token in enumerate([*tokens, None]):
        single = token is not None and re.fullmatch(r"[A-Za-z]", token.base)
        if single and token is not None and (not run or re.fullmatch(r"[\s.\-]{1,2}", token.gap)):
            run.append(n)
            continue
        letters = [tokens[m].plain for m in run]
        # "I, I" and "a a" are stammered, not spelled.
        if (
            len(run) > 2
            and len({*letters} - {"i", "a"}) > 1
            and "".join(letters) not in CAPITALISED
        ):
            found.update(run)
        run = [n] if single else []
    parts = {
        n for n, t in enumerate(tokens)
        if re.fullmatch(r"(?:[A-Za-z]-){2,}[A-Za-z]", t.base) and len(set(t.plain)) > 2
    }  # fmt: skip
    return found | parts


def _spread(tokens: list[_Token], hits: set[int], cased: bool) -> None:
    """Let names take in what belongs to them: surnames, initials, the "van der" between."""
    for n, token in enumerate(tokens):
        head = _head(tokens, n, hits)
        if head is None or token.plain in _PARTICLES:
            continue
        if head < n - 1:  # what "van der" ends in is a name whoever it is
            if n in hits or not token.ordinary:
                hits.update(range(head, n + 1))
        elif (token.plain in PAIRED and (token.capital or tokens[head].plain in GIVEN)) or (
            not cased and tokens[head].plain in GIVEN and _surname(token)
        ):
            hits.add(n)
    for n, token in enumerate(tokens[:-1]):
        begins = token.first and token.capital and len(token.base) > 1 and not token.ordinary
        if begins and n + 1 in hits and tokens[n + 1].near:
            hits.add(n)
    for order in (range(len(tokens)), reversed(range(len(tokens)))):
        for n in order:
            token = tokens[n]
            if not re.fullmatch(r"[^\W\d_]", token.base) or not token.base.isupper():
                continue
            behind = n - 1 in hits and _INITIALS.fullmatch(token.gap)
            before = n + 1 in hits and _INITIALS.fullmatch(tokens[n + 1].gap)
            # "I" and "A" are words unless a point makes them initials.
            word = token.plain in ("i", "a") and not (
                n + 1 < len(tokens) and tokens[n + 1].gap.startswith(".")
            )
            if (behind or before) and not word:
                hits.add(n)


def _head(tokens: list[_Token], n: int, hits: set[int]) -> int | None:
    """Give the name that stands before a word, with particles between or without."""
    for last in range(n - 1, max(n - 5, -1), -1):
        if not tokens[last + 1].near:
            return None
        if last in hits:
            return last
        if tokens[last].plain not in _PARTICLES:
            return None
    return None


def _surname(token: _Token) -> bool:
    """Tell whether a word behind a given name may be a surname: one that has no verb's ending."""
    verb = token.plain.endswith(("ing", "ed", "ly", "s")) or token.said in SAYING
    return not verb and not token.ordinary and len(token.base) > 2


def _joined(tokens: list[_Token], hits: set[int]) -> list[tuple[int, int]]:
    """Give the stretches of neighbouring names as one."""
    spans: list[tuple[int, int]] = []
    previous = -2
    for n in sorted(hits):
        token = tokens[n]
        single = n and len(tokens[n - 1].base) == 1
        between = _INITIALS if single else _SPACE
        whole = n and tokens[n - 1].end + len(token.gap) == token.start
        if previous == n - 1 and whole and between.fullmatch(token.gap):
            spans[-1] = (spans[-1][0], token.end)
        else:
            spans.append((token.start, token.end))
        previous = n
    return spans
