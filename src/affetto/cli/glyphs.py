"""The characters and colours that the terminal's pictures are made of."""

from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from affetto.emotions import colour_of

__all__ = ["ASCII", "MARGIN", "UNICODE", "Glyphs", "bar", "colour", "indent", "printable"]

MARGIN = 2
"""Cells left free on both sides."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that pictures are made of.

    Attributes:
        heights: from low to full, for the ribbon.
        bar: from a sliver to a full cell, for bars that grow to the right.
        rest: what fills the rest of a bar.
        dash: between two times.
        rule: of the time axis.
        tick: a tick on it.
        arrows: east, north-east, north … south-east, for a place on the circumplex.
        middle: for a place near its middle.
        separator: between facts on one line.
        emoji: whether a picture goes before a label.
    """

    heights: str
    bar: str
    rest: str
    dash: str
    rule: str
    tick: str
    arrows: str
    middle: str
    separator: str
    emoji: bool


UNICODE = Glyphs("▂▃▄▅▆▇█", "▏▎▍▌▋▊▉█", " ", "–", "─", "┴", "→↗↑↖←↙↓↘", "·", " · ", True)
ASCII = Glyphs("..::=##", "#", ".", "-", "-", "+", "", "0", ", ", False)


def printable(text: str) -> str:
    """Keep a file name's odd characters from moving the cursor, or from failing to encode."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def bar(share: float, cells: int, glyphs: Glyphs) -> str:
    """Draw a share of 1 as a bar, to an eighth of a cell where the characters allow."""
    parts = len(glyphs.bar)
    eighths = round(min(max(share, 0.0), 1.0) * cells * parts)
    whole, part = divmod(eighths, parts)
    drawn = glyphs.bar[-1] * whole + (glyphs.bar[part - 1] if part else "")
    return drawn.ljust(cells, glyphs.rest)


def colour(emotion: str | None) -> Style:
    """Give the colour of a label as a style."""
    return Style(color=colour_of(emotion))


def indent(line: Text) -> Text:
    """Put the left margin before a line."""
    margined = Text(" " * MARGIN)
    margined.append_text(line)
    return margined
