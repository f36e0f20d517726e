"""What drove a label, as text on the page: it reads without a script, on paper and aloud."""

from html import escape

from affetto.explanation import Explanation, hertz
from affetto.report.tables import jump
from affetto.timeline import Timeline, clock

__all__ = ["controls", "reasons"]


def controls(timeline: Timeline) -> str:
    """Give the switch of the overlay, and what its shades mean; nothing where nothing is told."""
    if not timeline.explanations:
        return ""
    return (
        '<div class="why of-sound"><button type="button" id="why" class="no-print" '
        'aria-pressed="true">What drove the label</button>'
        '<span><i class="shade for"></i>spoke for it</span>'
        '<span><i class="shade idle"></i>hardly mattered</span>'
        '<span><i class="shade against"></i>spoke against it</span></div>'
    )


def reasons(timeline: Timeline, classes: dict[str | None, str]) -> str:
    """Give what spoke most for each label that was explained.

    Args:
        timeline: what was heard.
        classes: label → its class in the style sheet.
    """
    if not timeline.explanations:
        return ""
    parts = "".join(_part(why, classes) for why in timeline.explanations)
    runs = max(why.runs for why in timeline.explanations)
    return (
        '<section class="card" aria-labelledby="reasons-title">'
        f'<h2 id="reasons-title">What drove the label</h2><div class="reasons">{parts}</div>'
        '<p class="how">Each part of the sound was brought down to the quiet around it and the '
        f"model asked again, {runs} times. It tells what this model leans on, not what the person "
        "feels.</p></section>"
    )


def _part(why: Explanation, classes: dict[str | None, str]) -> str:
    stretch = f"{clock(why.start, digits=1)}–{clock(why.end, digits=1)}"
    name = f"<b>{escape(why.emotion)}</b> {why.confidence:.0%}"
    rows = "".join(
        f"<li>{jump(patch.start, moment, f'what drove it, at {moment}')} "
        f"{hertz(patch.low, patch.high)}"
        f'<span class="figure">{why.confidence:.0%} → {patch.left:.0%}</span></li>'
        for patch in why.strongest
        if (moment := clock(patch.start, digits=1))
    )
    found = f"<ol>{rows}</ol>" if rows else "<p>No part of it alone: the answer stays.</p>"
    return (
        f'<div class="reason {classes.get(why.emotion, "")}"><p><i class="swatch"></i>{name} '
        f'<span class="stretch">{stretch}</span>'
        f"{'<span class=figure>if hidden</span>' if rows else ''}</p>{found}</div>"
    )
