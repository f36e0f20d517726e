"""CSV: one row a segment, for a spreadsheet or a statistics program."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from typing import Any

from affetto.emotions import in_order
from affetto.errors import FormatError
from affetto.timeline import Segment, Timeline

__all__ = ["COLUMNS", "from_csv", "to_csv"]

COLUMNS = (
    "source",
    "start",
    "end",
    "emotion",
    "confidence",
    "valence",
    "arousal",
    "speaker",
    "text",
)
"""The columns that every table has; `score_LABEL` for each label follow."""

_OPTIONAL = ("dominance", "gender")
_SCORE = "score_"


def to_csv(timelines: Iterable[Timeline]) -> str:
    r"""Write timelines as one table (RFC 4180, but with bare line feeds), one row a segment.

    Times are seconds; an empty cell is something that was not asked for or does not apply.
    `dominance` and `gender` get a column only where a model says them. A recording without speech
    leaves no row.

    Args:
        timelines: what to write, in this order.

    Returns:
        The table with its header.

    Examples:
        >>> joy = Segment(0.0, 2.0, "happy", {"happy": 0.9, "sad": 0.1}, 0.9, 0.65, 0.4)
        >>> print(to_csv([Timeline("x.wav", 4.0, (joy,), "default")]))
        source,start,end,emotion,confidence,valence,arousal,speaker,text,score_happy,score_sad
        x.wav,0.0,2.0,happy,0.9,0.65,0.4,,,0.9,0.1
    """
    rows = [row for timeline in timelines for row in timeline.to_table()]
    found = dict.fromkeys(name for row in rows for name in row)
    optional = [name for name in _OPTIONAL if name in found]
    labels = [name.removeprefix(_SCORE) for name in found if name.startswith(_SCORE)]
    scores = [_SCORE + label for label in in_order(labels)]
    header = [*COLUMNS, *optional, *scores]
    lines: list[list[Any]] = [header, *([row.get(name) for name in header] for row in rows)]
    text = "".join(",".join(_cell(value) for value in line) + "\n" for line in lines)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _cell(value: object) -> str:
    # csv.writer with bare line feeds leaves a carriage return unquoted, and then can't read it.
    text = "" if value is None else str(value)
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def from_csv(text: str) -> list[Timeline]:
    r"""Read a table back: one timeline a source, in order of appearance.

    A table holds less than a timeline: `duration` becomes the end of the last segment, `model`
    is empty, and neither track nor warnings come back.

    Args:
        text: a table as `to_csv` writes it; columns in any order, others are passed over.

    Returns:
        The timelines.

    Raises:
        FormatError: a column is missing, or a cell that should hold a number doesn't.

    Examples:
        >>> header = "source,start,end,emotion,confidence,valence,arousal\n"
        >>> from_csv(header + "x.wav,0,2,sad,0.8,-0.7,-0.5")[0].segments[0].emotion
        'sad'
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    by_source: dict[str, list[Segment]] = {}
    try:
        missing = set(COLUMNS[:7]) - set(reader.fieldnames or ())
        if missing:
            raise FormatError(
                f"found no column {', '.join(sorted(missing))}, expected {', '.join(COLUMNS[:7])}; "
                "give a table that affetto wrote with --format csv"
            )
        for row in reader:
            segment = _segment(row, reader.line_num)
            by_source.setdefault(row["source"], []).append(segment)
    except csv.Error as error:
        raise FormatError(
            f"line {reader.line_num}: found no CSV ({error}), expected one segment a row; "
            "give a table that affetto wrote with --format csv"
        ) from None
    return [_timeline(source, tuple(segments)) for source, segments in by_source.items()]


def _timeline(source: str, segments: tuple[Segment, ...]) -> Timeline:
    names = dict.fromkeys(s.speaker for s in segments if s.speaker is not None)
    return Timeline(source, max(s.end for s in segments), segments, "", speakers=tuple(names))


def _segment(row: Mapping[str, Any], line: int) -> Segment:
    def number(name: str) -> float:
        cell = row.get(name) or ""
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise FormatError(
                f"line {line}, column {name}: found {cell!r}, expected a number; mend the cell"
            )
        return value

    scores = [name for name in row if name is not None and name.startswith(_SCORE) and row[name]]
    return Segment(
        start=number("start"),
        end=number("end"),
        emotion=row["emotion"] or None,
        scores={name.removeprefix(_SCORE): number(name) for name in scores},
        confidence=number("confidence"),
        valence=number("valence"),
        arousal=number("arousal"),
        dominance=number("dominance") if row.get("dominance") else None,
        speaker=row.get("speaker") or None,
        gender=row.get("gender") or None,
        text=row.get("text") or None,
    )
