"""An evaluation as text for people: averages, each emotion, who was taken for whom, groups."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from affetto.cli.glyphs import UNICODE, Glyphs, bar, colour, indent, printable

if TYPE_CHECKING:
    from affetto.lab.figures import GroupFigures, Report

__all__ = ["page"]

_AVERAGES = {
    "uar": ("UAR", "mean recall of the emotions"),
    "uar_open": ("UAR, open", "choosing among all that the model can say"),
    "wa": ("accuracy", "share of clips that are right (WA)"),
    "macro_f1": ("macro F1", "mean F1 of the emotions"),
    "weighted_f1": ("weighted F1", "the same, weighted by clips"),
}
_NAME = 14
_MOST = 12
"""Values of a group that are listed; of more, the worst are."""


def page(
    report: "Report",
    *,
    title: str = "",
    conditions: str = "",
    width: int = 80,
    glyphs: Glyphs = UNICODE,
) -> Iterator[Text]:
    """Lay a report out as a page.

    Args:
        report: the figures.
        title: what was measured on what.
        conditions: what befell the clips; empty for nothing.
        width: columns to fill.
        glyphs: the characters to draw with.

    Yields:
        Lines without their line ends.
    """
    width = min(max(width, 48), 100)
    facts = [_clips(report.n), *([conditions] if conditions else [])]
    tail = "".join(glyphs.separator + fact for fact in facts)
    yield Text.assemble((printable(title), "bold"), (tail, "dim"))
    yield Text()
    yield from _averages(report, width, glyphs)
    yield Text()
    yield from _classes(report, width, glyphs)
    if len(report.labels) > 1:
        yield Text()
        yield from _confusion(report, width)
    for name, parts in report.by.items():
        if len(parts) > 1:
            yield Text()
            yield from _group(name, parts)
    yield from _notes(report)


def _averages(report: "Report", width: int, glyphs: Glyphs) -> Iterator[Text]:
    for name, (heading, meaning) in _AVERAGES.items():
        low, high = report.ci95[name]
        value = float(getattr(report, name))
        line = Text.assemble(
            f"{heading:{_NAME}}",
            (f"{value:6.3f}", "bold" if name == "uar" else ""),
            (f"  {low:.3f}{glyphs.dash}{high:.3f}", "dim"),
        )
        yield indent(_explained(line, meaning, width))
    line = Text(f"{'ECE':{_NAME}}{report.ece:6.3f}")
    yield indent(_explained(line, "how far confidence is from the truth", width, at=_NAME + 19))


def _explained(line: Text, meaning: str, width: int, *, at: int = 0) -> Text:
    """Add an explanation where it fits."""
    line.pad_right(max(at - line.cell_len, 0))
    if line.cell_len + len(meaning) + 4 <= width:
        line.append(f"  {meaning}", "dim")
    return line


def _classes(report: "Report", width: int, glyphs: Glyphs) -> Iterator[Text]:
    cells = max(width - _NAME - 38, 4)
    head = f"{'':{_NAME}}{'recall':>6}  {'':{cells}}{'precision':>9}{'F1':>7}{'clips':>7}"
    yield indent(Text(head, "dim"))
    for label, row in report.per_class.items():
        yield indent(
            Text.assemble(
                (set_cell_size(label, _NAME), colour(label)),
                f"{row['recall']:6.3f}  ",
                (bar(row["recall"], cells, glyphs), colour(label)),
                f"{row['precision']:9.3f}{row['f1']:7.3f}{row['support']:7.0f}",
            )
        )


def _confusion(report: "Report", width: int) -> Iterator[Text]:
    """Write the counts, truth in rows; as few letters of the headings as there is room for."""
    largest = max(max(row) for row in report.confusion)
    room = (width - _NAME - 2) // len(report.labels)
    cell = max(min(room, 11), len(str(largest)) + 1)
    heads = "".join(set_cell_size(label, cell - 1).strip().rjust(cell) for label in report.labels)
    yield indent(Text.assemble((f"{'truth / answer':{_NAME}}", "dim"), (heads, "dim")))
    for label, row in zip(report.labels, report.confusion, strict=True):
        line = Text(set_cell_size(label, _NAME), colour(label))
        for place, count in enumerate(row):
            hit = report.labels[place] == label
            line.append(f"{count:{cell}}", "bold" if hit else "dim" if not count else "")
        yield indent(line)


def _group(name: str, parts: Mapping[str, "GroupFigures"]) -> Iterator[Text]:
    worst = sorted(parts.items(), key=lambda item: item[1].wa)
    shown = list(parts.items()) if len(parts) <= _MOST else worst[:_MOST]
    note = "" if len(shown) == len(parts) else f", the hardest {len(shown)} of {len(parts)}"
    head = f"by {name}{note}"
    wide = max(_NAME, len(head) + 2, *(cell_len(value) + 2 for value, _ in shown))
    yield indent(Text(f"{head:{wide}}{'UAR':>6}{'accuracy':>10}{'clips':>7}", "dim"))
    for value, part in shown:
        figures = f"{part.uar:6.3f}{part.wa:10.3f}{part.n:7}"
        yield indent(Text(set_cell_size(printable(value), wide) + figures))


def _notes(report: "Report") -> Iterator[Text]:
    notes = []
    if report.skipped:
        listed = ", ".join(
            f"{label or 'no known emotion'} {count}"
            for label, count in report.skipped_labels.items()
        )
        notes.append(
            f"skipped: {_clips(report.skipped)} of labels that are no answer here ({listed})"
        )
    if report.failed:
        notes.append(f"failed: {_clips(len(report.failed))} could not be heard")
    if len(report.labels) == 1:
        notes.append(f"all clips are {report.labels[0]}: the open UAR alone says something")
    if notes:
        yield Text()
    for note in notes:
        yield indent(Text(note, "dim"))


def _clips(count: int) -> str:
    return f"{count} clip{'' if count == 1 else 's'}"
