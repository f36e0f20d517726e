"""A timeline that somebody sends: read, and refused where it is larger than any recording's."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from affetto.errors import FormatError, OptionError
from affetto.formats import from_json
from affetto.server.uploads import TooLargeError

if TYPE_CHECKING:
    from affetto.timeline import Timeline

__all__ = ["read_timeline"]

_TIMELINE = 32_000_000
"""Bytes of a timeline at most: hours of sound with every window come to a third of that."""

_MOST = {
    "segments": 50_000,
    "windows": 400_000,
    "phrases": 30_000,
    "words": 250_000,
    "labels": 100,
    "speakers": 1_000,
    "warnings": 1_000,
    "prior": 100,
}
"""What a timeline has at most: a report is written in one go, which nothing cuts short."""

_OBJECTS = 3 * _MOST["segments"] + 4 * _MOST["phrases"] + _MOST["words"]
"""A segment is two objects and a phrase four; there is a summary of the segments besides."""


def read_timeline(file: BinaryIO) -> Timeline:
    """Read a timeline, and refuse one that is larger than any recording's.

    Args:
        file: JSON, from where it stands.

    Raises:
        TooLargeError: there are too many bytes.
        OptionError: it is no timeline, or there is too much in it.
    """
    body = file.read(_TIMELINE + 1)
    if len(body) > _TIMELINE:
        raise TooLargeError(
            f"timeline: found more than {_TIMELINE / 1e6:g} MB, expected less: leave its track out"
        )
    # A window is a list: so much can be told before all takes its room.
    objects, lists = body.count(b"{"), body.count(b"[")
    if objects > _OBJECTS or lists > 2 * _MOST["windows"]:
        raise OptionError(
            f"timeline: found {objects} objects and {lists} lists, expected at most "
            f"{_MOST['segments']} segments, {_MOST['windows']} windows and {_MOST['words']} words"
        )
    try:
        found = from_json(body.decode("utf-8"))
    except (UnicodeDecodeError, FormatError) as error:
        raise OptionError(f"timeline: {error}") from None
    if len(found) != 1:
        raise OptionError(f"timeline: found {len(found)} timelines, expected one")
    _check_counts(found[0])
    return found[0]


def _check_counts(timeline: Timeline) -> None:
    track, phrases = timeline.track, timeline.words or ()
    labels = set(() if track is None else track.labels)
    for segment in timeline:
        labels |= {*segment.scores} | {segment.emotion or ""}
    for phrase in phrases:
        labels |= {*phrase.scores, *phrase.voice, *phrase.wording}
    voices = {one.speaker or "" for one in (*timeline, *phrases)}
    counts = {
        "segments": len(timeline),
        "windows": 0 if track is None else len(track.times),
        "phrases": len(phrases),
        "words": sum(len(phrase.words) for phrase in phrases),
        "labels": len(labels - {""}),
        "speakers": max(len(timeline.speakers), len(voices - {""})),
        "warnings": len(timeline.warnings),
        "prior": len(timeline.prior),
    }
    for name, count in counts.items():
        if count > _MOST[name]:
            raise OptionError(f"timeline: found {count} {name}, expected at most {_MOST[name]}")
