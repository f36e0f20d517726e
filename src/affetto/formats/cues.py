"""Cues: what subtitles say at once. A timeline is cut into them, and made of them again."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from affetto.emotions import CIRCUMPLEX
from affetto.formats.lines import LINE, LINES, broken, cells, pause
from affetto.formats.word_places import word_places
from affetto.timeline import UNCERTAIN_BELOW, Segment, Timeline
from affetto.transcript import Phrase, Transcript, Word

__all__ = ["LONGEST", "Cue", "clean", "cues", "timeline_of"]

LONGEST = 7.0
"""Seconds that a cue may stay, as most makers of subtitles hold it."""

_UNSEEN = "\u2060\ufeff"
"""Marks that nobody sees and that the formats here use themselves."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What is said and felt between two times.

    Attributes:
        start: seconds, whole milliseconds.
        end: seconds, whole milliseconds, above `start`.
        text: what is said, in one line; empty where that is not known.
        speaker: who says it, in one line.
        emotion: the label; None of a model that only regresses valence and arousal.
        unsure: whether the label needs a caution.
        valence: in [-1, 1].
        arousal: in [-1, 1].
    """

    start: float
    end: float
    text: str = ""
    speaker: str | None = None
    emotion: str | None = None
    unsure: bool = False
    valence: float = 0.0
    arousal: float = 0.0


def clean(text: str) -> str:
    r"""Put a text on one line that every player can show.

    Examples:
        >>> clean("one\n\n two\x1b ")
        'one two'
    """
    kept = (
        "\ufffd" if unicodedata.category(c) == "Cs" else c
        for c in " ".join(text.split())
        if unicodedata.category(c) != "Cc" and c not in _UNSEEN
    )
    return " ".join("".join(kept).split())


def cues(timeline: Timeline, before: Callable[[Cue], str] | None = None) -> Iterator[Cue]:
    """Cut a timeline into cues: one a phrase, or a segment where nobody wrote down what is said.

    A phrase that is too long is cut between words, where their times are known: so that each cue
    has at most `LINES` lines and stays at most `LONGEST`, rather at the end of a sentence.

    Args:
        timeline: what to cut.
        before: gives what is shown before a cue's text, and takes room from it.

    Yields:
        The cues, in order of their start.

    Examples:
        >>> said = Transcript((Phrase(0.0, 1.0, "I see."), Phrase(1.5, 2.0, "So?", speaker="Ada")))
        >>> timeline = Timeline("x.wav", 2.0, (), "default", words=said)
        >>> [(cue.start, cue.text, cue.speaker) for cue in cues(timeline)]
        [(0.0, 'I see.', None), (1.5, 'So?', 'Ada')]
    """
    said: Iterable[Phrase | Segment] = timeline.words or timeline.segments
    for one in sorted(said, key=lambda one: (one.start, one.end)):
        start = round(one.start, 3)
        cue = Cue(
            start,
            # Less than a millisecond would be no time at all.
            max(round(one.end, 3), round(start + 0.001, 3)),
            clean(one.text or ""),
            clean(one.speaker or "") or None,
            # A label from elsewhere could hold anything, and reading would not know it.
            one.emotion if one.emotion in CIRCUMPLEX else None,
            unsure=one.emotion is not None and one.confidence < UNCERTAIN_BELOW,
        )
        if isinstance(one, Segment):
            yield replace(cue, valence=one.valence, arousal=one.arousal)
        elif cue.text or cue.emotion:
            yield from _cut(cue, one.words, before(cue) if before else "")


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where a cue may begin: a place in the text, and its time."""

    place: int
    time: float


def _cut(cue: Cue, words: Sequence[Word], before: str) -> Iterator[Cue]:
    edges = _edges(cue, words)
    chosen = _chosen(cue.text, edges, before)
    for first, last in pairwise(chosen):
        text = cue.text[first.place : last.place].strip()
        yield replace(cue, start=first.time, end=last.time, text=text)


def _edges(cue: Cue, words: Sequence[Word]) -> list[_Edge]:
    """Give the places between words whose times are known, in order, and both ends."""
    text = cue.text
    cleaned = [Word(clean(word.text), word.start, word.end) for word in words]
    edges = [_Edge(0, cue.start)]
    behind = 0
    for word, (start, end) in zip(cleaned, word_places(text, cleaned), strict=False):
        # A quotation mark before a word goes along with it.
        place = text.rfind(" ", behind, start) + 1 or start
        time = round(word.start, 3)
        if place > edges[-1].place and edges[-1].time < time < cue.end:
            edges.append(_Edge(place, time))
        behind = end
    return [*edges, _Edge(len(text), cue.end)]


def _chosen(text: str, edges: Sequence[_Edge], before: str) -> list[_Edge]:
    """Choose the edges to cut at: few parts, that end where one pauses, and none of them tiny."""
    best = [(0.0, 0)]
    for last in range(1, len(edges)):
        found = (float("inf"), last - 1)
        for first in range(last - 1, -1, -1):
            part = text[edges[first].place : edges[last].place].strip()
            shown = before + part
            long = edges[last].time - edges[first].time > LONGEST
            if first < last - 1 and (long or len(broken(shown)) > LINES):
                break
            filled = min(cells(shown) / (LINES * LINE), 1.0)
            cost = best[first][0] + 10 + 6 * (1 - filled) ** 2 + 4 * (2 - pause(part))
            found = min(found, (cost, first))
        best.append(found)
    at = len(edges) - 1
    chosen = [edges[at]]
    while at:
        at = best[at][1]
        chosen.append(edges[at])
    return chosen[::-1]


def timeline_of(found: Sequence[Cue], *, source: str = "", model: str = "") -> Timeline:
    """Make a timeline of cues; each becomes a segment, and a phrase where something is said.

    A cue names a label and no probability: it counts as sure (1), or with its caution as not (0).

    Args:
        found: in order.
        source: of the timeline.
        model: of the timeline.
    """
    segments, phrases = [], []
    for cue in found:
        sure = 1.0 if cue.emotion and not cue.unsure else 0.0
        place = CIRCUMPLEX.get(cue.emotion or "", (cue.valence, cue.arousal))
        segments.append(
            Segment(
                cue.start,
                cue.end,
                cue.emotion,
                {cue.emotion: 1.0} if cue.emotion else {},
                sure,
                *place,
                speaker=cue.speaker,
                text=cue.text or None,
            )
        )
        if cue.text:
            scores = {cue.emotion: sure} if cue.emotion else {}
            phrases.append(Phrase(cue.start, cue.end, cue.text, speaker=cue.speaker, scores=scores))
    speakers = dict.fromkeys(cue.speaker for cue in found if cue.speaker)
    return Timeline(
        source,
        max((cue.end for cue in found), default=0.0),
        tuple(segments),
        model,
        speakers=tuple(speakers),
        words=Transcript(tuple(phrases)) if phrases else None,
    )
