"""The parts of the page that are text: they read without a script, on paper and aloud."""

from collections.abc import Iterator
from html import escape

from affetto.emotions import colour_of
from affetto.report.payload import labels_of
from affetto.report.words import feeling
from affetto.timeline import Segment, Timeline, clock, signed

__all__ = [
    "classes_of",
    "colour_rules",
    "jump",
    "legend",
    "moments",
    "segments",
    "shares",
    "speakers",
    "warnings",
]


def colour_rules(timeline: Timeline) -> Iterator[str]:
    """Give one style rule a label: class `e0` for the first, and so on."""
    for at, label in enumerate(labels_of(timeline)):
        yield f".e{at}{{--feeling:{colour_of(label)}}}\n"


def classes_of(timeline: Timeline) -> dict[str | None, str]:
    """Give the class of each label in the style sheet."""
    return {label: f"e{at}" for at, label in enumerate(labels_of(timeline))}


def warnings(timeline: Timeline) -> str:
    """Give what the user should know, one paragraph each."""
    return "".join(f'<p class="note">{escape(text)}</p>' for text in timeline.warnings)


def legend(timeline: Timeline) -> str:
    """Give the labels with their colours."""
    return "".join(
        f'<li class="e{at}"><i class="swatch"></i>{escape(label)}</li>'
        for at, label in enumerate(labels_of(timeline))
    )


def _bar(part: float) -> str:
    return (
        '<svg class="bar" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 10">'
        f'<rect class="rail" width="100" height="10"/>'
        f'<rect class="fill" width="{100 * part:.1f}" height="10"/></svg>'
    )


def shares(timeline: Timeline) -> str:
    """Give the share of the speech that each label has, as bars with figures."""
    summary, classes = timeline.summary(), classes_of(timeline)
    rows = "".join(
        f'<tr class="{classes[label]}"><th scope="row"><i class="swatch"></i>{escape(label)}</th>'
        f'<td class="wide">{_bar(part)}</td><td class="figure">{part:.0%}</td></tr>'
        for label, part in summary["share"].items()
    )
    return f'<table class="shares"><tbody>{rows}</tbody></table>' if rows else ""


def jump(seconds: float, text: str, about: str) -> str:
    """Give a button that goes to a time."""
    return (
        f'<button type="button" class="jump" data-seek="{seconds:.3f}" '
        f'aria-label="Go to {about}">{text}</button>'
    )


def moments(timeline: Timeline) -> str:
    """Give the clearest moment of each label, the surest first."""
    classes = classes_of(timeline)
    strongest = timeline.summary()["strongest"].items()
    rows = []
    for label, found in sorted(strongest, key=lambda item: -item[1]["confidence"]):
        start, end = clock(found["start"], digits=1), clock(found["end"], digits=1)
        about = escape(f"the clearest {label}, at {start}")
        rows.append(
            f'<li class="{classes[label]}">'
            f'<i class="swatch"></i><span class="name">{escape(label)}</span> '
            f'<span class="figure">{found["confidence"]:.0%}</span> '
            f"{jump(found['start'], f'{start}–{end}', about)}</li>"
        )
    return f'<ul class="moments">{"".join(rows)}</ul>' if rows else ""


def speakers(timeline: Timeline) -> str:
    """Give, where speakers are told apart, how long each speaks and sounds like what."""
    by_name: dict[str, list[Segment]] = {}
    for segment in timeline:
        if segment.speaker is not None:
            by_name.setdefault(segment.speaker, []).append(segment)
    if not by_name:
        return ""
    rows = []
    for name, said in by_name.items():
        part = Timeline(timeline.source, timeline.duration, tuple(said), timeline.model)
        share = list(part.summary()["share"].items())[:3]
        heard = ", ".join(f"{escape(label)}&nbsp;{value:.0%}" for label, value in share)
        rows.append(
            f'<tr><th scope="row">{escape(name)}</th>'
            f'<td class="figure">{clock(part.speech_duration)}</td><td>{heard}</td></tr>'
        )
    return (
        '<section class="card" aria-labelledby="speakers-title">'
        '<h2 id="speakers-title">Who speaks</h2><table class="plain"><thead><tr>'
        '<th scope="col">Speaker</th><th scope="col">Speech</th><th scope="col">Sounds</th></tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></section>"
    )


def segments(timeline: Timeline) -> str:
    """Give the table of all segments; extra columns only where a segment fills them."""
    extra = [
        (name, title)
        for name, title in (("speaker", "Speaker"), ("gender", "Gender"), ("text", "Words"))
        if any(getattr(s, name) is not None for s in timeline)
    ]
    classes = classes_of(timeline)
    head = "".join(f'<th scope="col" class="{name}">{title}</th>' for name, title in extra)
    rows = "".join(
        f'<tr class="{classes.get(s.emotion, "")}" data-seek="{s.start:.3f}">'
        f"<td>{jump(s.start, clock(s.start, digits=1), clock(s.start, digits=1))}</td>"
        f'<td class="figure end">{clock(s.end, digits=1)}</td>'
        f'<td class="feeling"><i class="swatch"></i>{escape(feeling(s))}</td>'
        f'<td class="confidence">{_confidence(s)}</td>'
        f'<td class="figure place">{_signed(s.valence)}</td>'
        f'<td class="figure place">{_signed(s.arousal)}</td>'
        + "".join(f'<td class="{name}">{escape(getattr(s, name) or "")}</td>' for name, _ in extra)
        + "</tr>"
        for s in timeline
    )
    kind = "plain with-extra" if extra else "plain"
    return (
        f'<table class="{kind}" id="segments"><caption class="hidden">Segments of speech and what '
        'they sound like</caption><thead><tr><th scope="col">Start</th>'
        '<th scope="col" class="end">End</th><th scope="col">Sounds</th>'
        '<th scope="col">Confidence</th><th scope="col" class="place">Valence</th>'
        f'<th scope="col" class="place">Arousal</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _confidence(segment: Segment) -> str:
    if segment.emotion is None:
        return ""
    return f'{_bar(segment.confidence)}<span class="figure">{segment.confidence:.0%}</span>'


def _signed(value: float) -> str:
    return signed(value).replace("-", "−")
