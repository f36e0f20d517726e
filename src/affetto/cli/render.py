"""A timeline as text for people: header, ribbon, segments, summary.

Pure functions from a `Timeline` to `rich.text.Text` lines. The characters carry the whole message,
so the same lines read well without colour; colour is laid over them as styles.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

from affetto.cli.explained import explanation_lines
from affetto.cli.glyphs import MARGIN, UNICODE, Glyphs, bar, colour, indent, printable
from affetto.cli.ribbon import ribbon
from affetto.cli.transcript_lines import transcript_lines
from affetto.emotions import EMOJI
from affetto.timeline import Segment, Timeline, clock, signed

__all__ = ["plain", "segment_lines", "summary", "view"]

NARROWEST = 40
"""Columns below which nothing more is left out; lines are then cut by the terminal."""

SHORTEST_BAR = 5
"""Cells of a probability's bar that the second-best label and the figures must leave."""

_FIGURES = 17
"""Cells for an arrow on the circumplex with the two figures."""

_ARROW = 6
"""Cells for the arrow alone, with its heading."""


def view(timeline: Timeline, *, width: int = 80, glyphs: Glyphs = UNICODE) -> Iterator[Text]:
    """Give the whole view of a timeline, line by line.

    Args:
        timeline: what to show.
        width: columns to fill.
        glyphs: `ASCII` for a console that lacks the others.

    Yields:
        Lines without their line ends.

    Examples:
        >>> joy = Segment(0.0, 2.0, "happy", {"happy": 0.9, "sad": 0.1}, 0.9, 0.65, 0.4)
        >>> from affetto.cli.glyphs import ASCII
        >>> lines = view(Timeline("x.wav", 4.0, (joy,), "default 1"), width=60, glyphs=ASCII)
        >>> print(next(lines).plain)
        x.wav, 0:04.0, default 1
    """
    width = max(width, NARROWEST)
    yield _header(timeline, width, glyphs)
    yield Text()
    if not timeline.segments:
        yield indent(Text("no speech found"))
        return
    yield from ribbon(timeline, width=width, glyphs=glyphs)
    yield Text()
    yield from segment_lines(timeline, width=width, glyphs=glyphs)
    yield Text()
    if timeline.words is not None:
        yield from transcript_lines(timeline.words, width=width, glyphs=glyphs)
        yield Text()
    yield from summary(timeline, width=width, glyphs=glyphs)
    for explanation in timeline.explanations:
        yield Text()
        yield from explanation_lines(explanation, glyphs=glyphs)


def _header(timeline: Timeline, width: int, glyphs: Glyphs) -> Text:
    facts = [clock(timeline.duration, digits=1), timeline.model]
    if timeline.speakers:
        count = len(timeline.speakers)
        facts.append(f"{count} speaker{'s' if count > 1 else ''}")
    tail = "".join(glyphs.separator + fact for fact in facts if fact)
    # The end of a path tells more than its start.
    name = printable(timeline.source)
    room = max(width - cell_len(tail), 12)
    if cell_len(name) > room:
        ellipsis = "…" if glyphs.emoji else "..."
        while cell_len(ellipsis + name) > room:
            name = name[1:]
        name = ellipsis + name
    return Text.assemble((name, "bold"), (tail, "dim"))


def segment_lines(
    timeline: Timeline, *, width: int = 80, glyphs: Glyphs = UNICODE
) -> Iterator[Text]:
    """List the segments, one a line, under a line of headings.

    Args:
        timeline: with at least one segment.
        width: columns to fill.
        glyphs: the characters to draw with.

    Yields:
        The headings, then the segments in order.
    """
    layout = _Layout.of(timeline, width, glyphs)
    yield layout.headings()
    for segment in timeline.segments:
        yield layout.line(segment)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How many cells each column of the list has; 0 leaves it out."""

    glyphs: Glyphs
    time: int
    label: int
    bar: int
    note: int
    seconds: bool
    mood: int
    speaker: int
    digits: int

    @classmethod
    def of(cls, timeline: Timeline, width: int, glyphs: Glyphs) -> Self:
        """Find the fullest layout that fits.

        First the figures of valence and arousal go, then the second-best labels, then the arrow.
        """
        segments = timeline.segments
        last = max(s.end for s in segments)
        digits = 1 if last < 3600 or width >= 80 else 0
        time = len(clock(last, digits=digits))
        label = max(7, *(len(s.emotion or "") for s in segments))
        speaker = min(max(cell_len(_speaker(s)) for s in segments), 16)
        speaker = max(speaker, 3) if speaker else 0
        fixed = 2 * MARGIN + 2 * time + 5 + 3 * glyphs.emoji + label + 2 + 5
        fixed += speaker + 2 if speaker else 0
        arrow = _ARROW if glyphs.arrows else 0
        for seconds, mood in ((True, _FIGURES), (True, arrow), (False, arrow), (False, 0)):
            note = max(len(_note(s, seconds=seconds)) for s in segments)
            cells = width - fixed - (note + 2 if note else 0) - mood
            if cells >= SHORTEST_BAR:
                break
        return cls(
            glyphs, time, label, min(max(cells, 0), 40), note, seconds, mood, speaker, digits
        )

    def headings(self) -> Text:
        picture = 3 if self.glyphs.emoji else 0
        line = "time".ljust(2 * self.time + 3) + "  " + "feeling".ljust(self.label + picture)
        line += "  " + ("probability" if self.bar >= 6 else "sure").ljust(self.bar + 5)
        if self.note:
            line += "  " + ("next best" if self.seconds else "").ljust(self.note)
        line += {_FIGURES: "  valence arousal", _ARROW: "  mood", 0: ""}[self.mood]
        if self.speaker:
            line += "  " + "who"
        return indent(Text(line.rstrip(), "dim"))

    def line(self, segment: Segment) -> Text:
        glyphs = self.glyphs
        doubtful = segment.uncertain
        style = colour(segment.emotion)
        line = Text(" " * MARGIN)
        start, end = (clock(t, digits=self.digits) for t in (segment.start, segment.end))
        line.append(f"{start:>{self.time}} {glyphs.dash} {end:>{self.time}}  ", "dim")
        if glyphs.emoji:
            line.append(set_cell_size(EMOJI.get(segment.emotion or "", " "), 3))
        name = segment.emotion or glyphs.dash
        line.append(name.ljust(self.label) + "  ", "dim" if doubtful else style + Style(bold=True))
        share = segment.confidence if segment.emotion else 0.0
        line.append(f"{share:4.0%} " if segment.emotion else " " * 5)
        line.append(bar(share, self.bar, glyphs), style + Style(dim=doubtful))
        if self.note:
            note = _note(segment, seconds=self.seconds)
            line.append("  " + note.ljust(self.note), "italic" if doubtful else "dim")
        line.append(self._mood(segment))
        if self.speaker:
            line.append("  " + set_cell_size(_speaker(segment), self.speaker))
        line.rstrip()
        return line

    def _mood(self, segment: Segment) -> str:
        """Write an arrow on the circumplex, and the figures where there is room."""
        arrow = _arrow(segment.valence, segment.arousal, self.glyphs)
        if self.mood == _FIGURES:
            return f"  {arrow} {signed(segment.valence)}   {signed(segment.arousal)}"
        return f"  {arrow}   " if self.mood else ""


def _speaker(segment: Segment) -> str:
    """Name who speaks, and whether a woman or a man does, as far as either is known.

    Examples:
        >>> _speaker(Segment(0.0, 1.0, "sad", {"sad": 1.0}, 1.0, 0.0, 0.0, gender="f"))
        'woman'
    """
    voice = {"f": "woman", "m": "man"}.get(segment.gender or "")
    return printable(" ".join(filter(None, (segment.speaker, voice))))


def _second(segment: Segment) -> tuple[str, float] | None:
    """Find the second-best label, where it counts for anything."""
    others = [(p, label) for label, p in segment.scores.items() if label != segment.emotion]
    if not others or segment.emotion is None:
        return None
    p, label = max(others)
    return (label, p) if p >= 0.05 else None


def _note(segment: Segment, *, seconds: bool) -> str:
    """Say "uncertain" where that is so, and which label comes second."""
    second = _second(segment) if seconds else None
    behind = f"{second[0]} {second[1]:.0%}" if second else ""
    if segment.uncertain:
        return f"uncertain, {behind}" if behind else "uncertain"
    return behind


def _arrow(valence: float, arousal: float, glyphs: Glyphs) -> str:
    """Point from the middle of the circumplex: right is pleasant, up is aroused."""
    if not glyphs.arrows:
        return " "
    if math.hypot(valence, arousal) < 0.15:
        return glyphs.middle
    return glyphs.arrows[round(math.atan2(arousal, valence) / (math.pi / 4)) % 8]


def summary(timeline: Timeline, *, width: int = 80, glyphs: Glyphs = UNICODE) -> Iterator[Text]:
    """Sum up: each emotion's share as a bar, with its strongest moment; changes; means.

    Args:
        timeline: with at least one segment.
        width: columns to fill.
        glyphs: the characters to draw with.

    Yields:
        A line of facts, then a line an emotion, the largest share first.
    """
    facts = timeline.summary()
    changes, valence, arousal = facts["changes"], facts["valence"], facts["arousal"]
    words = [
        f"{_length(facts['speech'])} of speech",
        f"{changes} change{'' if changes == 1 else 's'}",
        f"valence {signed(valence)}",
        f"arousal {signed(arousal)}",
    ]
    if cell_len(glyphs.separator.join(words)) > width - 2 * MARGIN:
        words[2:] = [f"mood {_arrow(valence, arousal, glyphs)}"] if glyphs.arrows else []
    yield indent(Text(glyphs.separator.join(words), "dim"))
    if not facts["share"]:
        return
    label = max(7, *map(len, facts["share"]))
    moments = [_moment(facts["strongest"][emotion]) for emotion in facts["share"]]
    picture = 3 if glyphs.emoji else 0
    used = 2 * MARGIN + picture + label + 2 + 5 + 2 + max(map(len, moments))
    cells = min(max(width - used, 4), 40)
    for (emotion, share), moment in zip(facts["share"].items(), moments, strict=True):
        style = colour(emotion)
        line = Text(" " * MARGIN)
        if glyphs.emoji:
            line.append(set_cell_size(EMOJI.get(emotion, " "), 3))
        line.append(emotion.ljust(label) + "  ", style + Style(bold=True))
        line.append(f"{share:4.0%} ")
        line.append(bar(share, cells, glyphs), style)
        line.append("  " + moment, "dim")
        yield line


def _length(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


def _moment(strongest: dict[str, float]) -> str:
    return f"strongest {clock(strongest['start'], digits=1)} ({strongest['confidence']:.0%})"


def plain(lines: Iterable[Text]) -> str:
    r"""Give lines as text without any escape code.

    Examples:
        >>> plain([Text("a", "bold"), Text("b")])
        'a\nb\n'
    """
    return "".join(line.plain.rstrip() + "\n" for line in lines)
