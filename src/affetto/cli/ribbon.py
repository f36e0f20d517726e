"""A timeline as one strip over its whole duration."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rich.text import Text

from affetto.cli.glyphs import MARGIN, UNICODE, Glyphs, colour, indent
from affetto.timeline import Timeline, clock

__all__ = ["ribbon"]

STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
"""Seconds from tick to tick that a person reads easily."""

APART = 10
"""Cells that a tick and its time need."""


@dataclass(slots=True)
class _Cell:
    emotion: str | None = None
    confidence: float = 0.0


def ribbon(timeline: Timeline, *, width: int = 80, glyphs: Glyphs = UNICODE) -> Iterator[Text]:
    """Draw the whole duration as one strip: bars as high as the confidence, labels, time ticks.

    A column shows the emotion that holds most of its time.

    Args:
        timeline: with at least one segment.
        width: columns, margins included.
        glyphs: the characters to draw with.

    Yields:
        The bars, the labels below them, the axis, its times.
    """
    columns = width - 2 * MARGIN
    cells = _columns(timeline, columns)
    bars, labels = Text(), Text()
    at = 0
    while at < columns:
        end = at
        while end < columns and cells[end].emotion == cells[at].emotion:
            end += 1
        emotion = cells[at].emotion
        if emotion is None:
            bars.append(" " * (end - at))
            labels.append(" " * (end - at))
        else:
            style = colour(emotion)
            for cell in cells[at:end]:
                top = len(glyphs.heights) - 1
                bars.append(glyphs.heights[round(cell.confidence * top)], style)
            alone = end == columns or cells[end].emotion is None
            labels.append(_fitted(emotion, end - at, alone=alone, glyphs=glyphs), style)
        at = end
    yield indent(bars)
    yield indent(labels)
    yield from _axis(timeline.duration, columns, glyphs)


def _columns(timeline: Timeline, count: int) -> list[_Cell]:
    """Find for each column the emotion that holds most of its time."""
    span = timeline.duration / count if timeline.duration > 0 else 1.0
    shares: list[dict[str, tuple[float, float]]] = [{} for _ in range(count)]
    for segment in timeline.segments:
        label = segment.emotion or "other"
        first = min(max(int(segment.start / span), 0), count - 1)
        last = min(max(math.ceil(segment.end / span), first + 1), count)
        for column in range(first, last):
            left, right = column * span, (column + 1) * span
            overlap = min(segment.end, right) - max(segment.start, left)
            if overlap > 0:
                time, weight = shares[column].get(label, (0.0, 0.0))
                shares[column][label] = time + overlap, weight + overlap * segment.confidence
    cells = []
    for share in shares:
        if share:
            label, (time, weight) = max(share.items(), key=lambda item: item[1][0])
            cells.append(_Cell(label, weight / time))
        else:
            cells.append(_Cell())
    return cells


def _fitted(label: str, room: int, *, alone: bool, glyphs: Glyphs) -> str:
    """Write a label into a number of cells: whole, or cut so that the next one stands clear."""
    if room == 1:
        return label[0]
    free = room if alone else room - 1
    line = label if free < len(label) + 2 else f"{label} ".ljust(free, glyphs.rule)
    return line[:free].ljust(room)


def _axis(duration: float, columns: int, glyphs: Glyphs) -> Iterator[Text]:
    """Draw a time axis with round times under its ticks."""
    step = next((s for s in STEPS if duration / s * APART <= columns), STEPS[-1])
    while duration / step * APART > columns:
        step *= 2
    digits = 1 if step < 1 else 0
    line = [glyphs.rule] * columns
    times = [" "] * (columns + 2 * MARGIN)
    for number in range(int(duration / step) + 1):
        column = min(int(number * step / duration * columns) if duration else 0, columns - 1)
        text = clock(number * step, digits=digits)
        begin = MARGIN + column - (len(text) // 2 if number else 0)
        begin = min(begin, len(times) - len(text))
        line[column] = glyphs.tick
        times[begin : begin + len(text)] = text
    yield indent(Text("".join(line), "dim"))
    yield Text("".join(times).rstrip(), "dim")
