"""JSON: one object a timeline, one line an object."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from affetto.errors import FormatError
from affetto.timeline import Segment, Timeline
from affetto.transcript import Phrase, Transcript

__all__ = ["from_json", "json_line", "to_json"]

_TOLD = 200
"""Characters of a fault: what was found may be as long as the file."""


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
        return [_timeline(_parse(line, at), f"line {at}") for at, line in _lines(text)]
    if isinstance(whole, list):
        return [_timeline(row, f"item {at}") for at, row in enumerate(whole, 1)]
    return [_timeline(whole, "the object")]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    r"""Give the lines that have something in them, and their numbers, one after the other.

    Examples:
        >>> list(_lines("\n a\n\n b"))
        [(2, 'a'), (4, 'b')]
    """
    at, before = 1, 0
    # Only a line feed ends a line: str.splitlines would also cut at U+2028 inside a text.
    for found in re.finditer(r"\S[^\n]*", text):
        at += text.count("\n", before, found.start())
        before = found.end()
        yield at, found[0]


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
        timeline = Timeline.from_dict(row)
        _check(timeline)
        if timeline.words is not None:
            _check_written(row["words"])
        return timeline
    except KeyError as error:
        fault = f"found no {error} in it"
    except (AttributeError, OverflowError, TypeError, ValueError) as error:
        fault = f"found something else ({str(error)[:_TOLD]})"
    raise FormatError(
        f"{where}: {fault}, expected a timeline; give a file that affetto wrote with --format json"
    )


def _check(timeline: Timeline) -> None:
    """Refuse what no timeline says: those who draw one rely on it.

    Raises:
        ValueError: it is out of range, or of another kind.
    """
    if not 0 <= timeline.duration < math.inf:
        raise ValueError(f"duration {timeline.duration}")
    for segment in timeline:
        _check_segment(segment)
    if not timeline.speech_duration < math.inf:
        raise ValueError("segments without an end")
    _check_texts("speakers", *timeline.speakers)
    _check_texts("warnings", *timeline.warnings)
    for label, odds in timeline.prior.items():
        _check_numbers(f"prior of {label!r}", odds, low=0)
    if timeline.words is not None:
        _check_words(timeline.words)
    track = timeline.track
    if track is None:
        return
    rows, wide = len(track.times), len(track.labels)
    if not (len(track.scores) == len(track.speech) == rows):
        raise ValueError(f"a track of {rows} times, but {len(track.scores)} rows of scores")
    if track.speakers and len(track.speakers) != rows:
        raise ValueError(f"a track of {rows} times, but {len(track.speakers)} speakers")
    if any(len(line) != wide for line in track.scores):
        raise ValueError(f"a track of {wide} labels with rows of another length")
    _check_texts("labels of the track", *track.labels)
    _check_texts("speakers of the track", *(name for name in track.speakers if name is not None))
    for name, numbers in {"times": track.times, "speech": track.speech}.items():
        _check_numbers(f"{name} of the track", *numbers)
    for line in track.scores:
        _check_numbers("scores of the track", *line, low=0, high=1)


def _check_segment(segment: Segment) -> None:
    if not 0 <= segment.start < segment.end < math.inf:
        raise ValueError(f"a segment with start {segment.start} and end {segment.end}")
    _check_numbers("scores", *segment.scores.values(), low=0, high=1)
    _check_numbers("confidence", segment.confidence, low=0, high=1)
    for name in ("valence", "arousal", "dominance"):
        if (value := getattr(segment, name)) is not None:
            _check_numbers(name, value, low=-1, high=1)
    for name in ("emotion", "speaker", "gender", "text"):
        if (value := getattr(segment, name)) is not None:
            _check_texts(name, value)


def _check_words(words: Transcript) -> None:
    _check_numbers("weight of the words", words.weight, low=0, high=5)
    for name in ("language", "translator"):
        if (value := getattr(words, name)) is not None:
            _check_texts(f"{name} of the words", value)
    for phrase in words:
        _check_phrase(phrase)


def _check_phrase(phrase: Phrase) -> None:
    if not 0 <= phrase.start < phrase.end < math.inf:
        raise ValueError(f"a phrase with start {phrase.start} and end {phrase.end}")
    for name in ("voice", "wording", "scores"):
        _check_numbers(f"{name} of a phrase", *getattr(phrase, name).values(), low=0, high=1)
    if phrase.incongruence is not None:
        _check_numbers("incongruence", phrase.incongruence, low=0, high=1)
    for name in ("speaker", "language", "translation"):
        if (value := getattr(phrase, name)) is not None:
            _check_texts(f"{name} of a phrase", value)
    for word in phrase.words:
        if not 0 <= word.start <= word.end < math.inf:
            raise ValueError(f"a word with start {word.start} and end {word.end}")
        if word.confidence is not None:
            _check_numbers("confidence of a word", word.confidence, low=0, high=1)


def _check_written(words: Any) -> None:
    """Look at the texts as they stand: rebuilding a transcript makes texts of anything."""
    for name in ("transcriber", "model"):
        _check_texts(f"{name} of the words", words.get(name, ""))
    for phrase in words["phrases"]:
        _check_texts("text of a phrase", phrase["text"])
        _check_texts("text of a word", *(word["text"] for word in phrase.get("words", ())))


def _check_texts(name: str, *texts: object) -> None:
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"{name} {text!r}, which is no text")


def _check_numbers(
    name: str, *numbers: object, low: float = -math.inf, high: float = math.inf
) -> None:
    for number in numbers:
        if not isinstance(number, (int, float)) or not math.isfinite(number):
            raise ValueError(f"{name} {number!r}, which is no finite number")
        if not low <= number <= high:
            raise ValueError(f"{name} {number!r}")
