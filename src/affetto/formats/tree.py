"""JSON: one object a timeline, one line an object."""

import json
from collections.abc import Iterable
from typing import Any

from affetto.errors import FormatError
from affetto.timeline import Timeline

__all__ = ["from_json", "json_line", "to_json"]


def json_line(timeline: Timeline, *, track: bool = False) -> str:
    """Write one timeline as one line of JSON.

    Args:
        timeline: what to write.
        track: write the windows behind the segments as well.

    Returns:
        One object without a line break, in Unicode that UTF-8 can always hold.

    Examples:
        >>> json_line(Timeline("x.wav", 1.0, (), "default"))
        '{"source": "x.wav", "duration": 1.0, "model": "default", "prior": {}, ...}'
    """
    text = json.dumps(timeline.to_dict(track=track), ensure_ascii=False, allow_nan=False)
    # A file name may hold bytes that are no UTF-8; Python keeps them as lone surrogates, which
    # no UTF-8 stream takes. "\udc80" is how JSON spells one.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def to_json(timelines: Iterable[Timeline], *, track: bool = False) -> str:
    r"""Write timelines as JSON Lines (https://jsonlines.org): one object a line.

    Args:
        timelines: what to write, in this order.
        track: write the windows behind the segments as well.

    Returns:
        The lines, each ended by a line feed; one timeline alone is thus plain JSON too.

    Examples:
        >>> to_json([Timeline("x.wav", 1.0, (), "default")] * 2).count("\n")
        2
    """
    return "".join(json_line(timeline, track=track) + "\n" for timeline in timelines)


def from_json(text: str) -> list[Timeline]:
    """Read timelines back: JSON Lines, one JSON object, or a JSON array of them.

    Args:
        text: what `to_json` wrote, or the same objects laid out otherwise.

    Returns:
        The timelines, in the order of the text.

    Raises:
        FormatError: the text is no JSON, or an object in it is no timeline.

    Examples:
        >>> line = json_line(Timeline("x.wav", 1.0, (), "default"))
        >>> from_json(line)[0].source
        'x.wav'
    """
    text = text.removeprefix("\ufeff")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        # Only a line feed ends a line: str.splitlines would also cut at U+2028 inside a text.
        lines = enumerate(text.split("\n"), 1)
        return [_timeline(_parse(line, at), f"line {at}") for at, line in lines if line.strip()]
    if isinstance(whole, list):
        return [_timeline(row, f"item {at}") for at, row in enumerate(whole, 1)]
    return [_timeline(whole, "the object")]


def _parse(line: str, at: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"line {at}: found no JSON ({error}), expected one timeline a line; "
            "give a file that affetto wrote with --format json"
        ) from None


def _timeline(row: Any, where: str) -> Timeline:
    try:
        return Timeline.from_dict(row)
    except KeyError as error:
        fault = f"found no {error} in it"
    except (AttributeError, OverflowError, TypeError, ValueError) as error:
        fault = f"found something else ({error})"
    raise FormatError(
        f"{where}: {fault}, expected a timeline; give a file that affetto wrote with --format json"
    )
