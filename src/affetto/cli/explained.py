"""What drove a label, as text for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from affetto.cli.glyphs import Glyphs, bar, colour, indent
from affetto.explanation import hertz
from affetto.timeline import clock

if TYPE_CHECKING:
    from affetto.explanation import Explanation

__all__ = ["explanation_lines"]

_CELLS = 8


def explanation_lines(explanation: "Explanation", *, glyphs: Glyphs) -> Iterator[Text]:
    """Tell what spoke most for a label: a heading, then a line a time and band.

    Args:
        explanation: of a segment.
        glyphs: the characters to draw with.

    Yields:
        Lines without their line ends.

    Examples:
        >>> from affetto.cli.glyphs import ASCII
        >>> from affetto.explanation import Explanation, Patch
        >>> why = Explanation(0.0, 1.0, "sad", {"sad": 0.8, "calm": 0.2}, (0.0, 0.5, 1.0),
        ...                   (0.0, 1000.0, 8000.0), ((0.0, 0.1), (0.7, -0.2)), 6,
        ...                   (Patch(0.5, 1.0, 0.0, 1000.0, effect=0.69, left=0.4),))
        >>> for line in explanation_lines(why, glyphs=ASCII):
        ...     print(line.plain.rstrip())
          what made 0:00.0 - 0:01.0 sound sad (80%)
            0:00.5 - 0:01.0  up to 1000 Hz  80% -> 40% when hidden
    """
    style = colour(explanation.emotion)
    stretch = _times(explanation.start, explanation.end, glyphs)
    title = Text(f"what made {stretch} sound ")
    title.append(explanation.emotion, style)
    title.append(f" ({explanation.confidence:.0%})", "dim")
    yield indent(title)
    found = explanation.strongest
    if not found:
        yield indent(Text("  no part of it alone: hidden, none changes the answer", "dim"))
    arrow = glyphs.arrows[0] if glyphs.arrows else "->"
    bands = [hertz(patch.low, patch.high).replace("–", glyphs.dash) for patch in found]
    for patch, band in zip(found, bands, strict=True):
        line = Text(f"  {_times(patch.start, patch.end, glyphs)}", "dim")
        line.append(f"  {band.ljust(max(map(len, bands)))}")
        line.append(f"  {explanation.confidence:.0%} {arrow} {patch.left:.0%} when hidden")
        if glyphs.emoji:
            fall = 1 - patch.left / max(explanation.confidence, 1e-9)
            line.append("  ").append(bar(fall, _CELLS, glyphs), style)
        yield indent(line)


def _times(start: float, end: float, glyphs: Glyphs) -> str:
    return f"{clock(start, digits=1)} {glyphs.dash} {clock(end, digits=1)}"
