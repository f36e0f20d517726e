r"""The blocks of a subtitle file: cues with their times, and whatever else stands in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from affetto.errors import FormatError

__all__ = ["Block", "blocks", "clock"]

_TIME = r"(?:(\d{1,4}):)?([0-5]\d):([0-5]\d)[.,](\d{3})"
_TIMING = re.compile(rf"[ \t]*{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines without an empty one among them.

    Attributes:
        at: the number of its first line in the file.
        first: that line.
        rest: the lines behind it.
        lines: of a cue, those that are shown.
        start: of a cue, seconds; None of anything else.
        end: of a cue, seconds.
    """

    at: int
    first: str
    rest: tuple[str, ...]
    lines: tuple[str, ...] = ()
    start: float | None = None
    end: float = 0.0

    def error(self, form: str) -> FormatError:
        """Say that a cue should be here."""
        return FormatError(
            f"line {self.at}: found {self.first[:40]!r}, expected a cue with its times; "
            f"give {form} subtitles"
        )


def blocks(text: str) -> Iterator[Block]:
    r"""Give the blocks between empty lines, and the times of those that have any.

    Args:
        text: of a file in SubRip or WebVTT.

    Raises:
        FormatError: a cue ends before it begins.

    Examples:
        >>> [(b.first, b.start, b.lines) for b in blocks("WEBVTT\n\n00:01.000 --> 00:02.500\nHi!")]
        [('WEBVTT', None, ()), ('00:01.000 --> 00:02.500', 1.0, ('Hi!',))]
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    held: list[str] = []
    for at, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip(" \t"):
            held.append(line)
        elif held:
            yield _block(at - len(held), held)
            held = []


def _block(at: int, lines: list[str]) -> Block:
    block = Block(at, lines[0], tuple(lines[1:]))
    # A line before the times is the cue's number or name.
    for skipped, line in enumerate(lines[:2]):
        if timing := _TIMING.fullmatch(line):
            start, end = (_seconds(timing.groups()[i : i + 4]) for i in (0, 4))
            if not start < end:
                raise FormatError(
                    f"line {at + skipped}: found a cue that begins at {start} s and ends at "
                    f"{end} s, expected a later end; mend its times"
                )
            return replace(block, lines=tuple(lines[skipped + 1 :]), start=start, end=end)
    return block


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return (((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths) / 1000


def clock(seconds: float, point: str) -> str:
    """Write a time as subtitles do.

    Args:
        seconds: not below 0.
        point: before the thousandths.

    Examples:
        >>> clock(3725.25, ",")
        '01:02:05,250'
    """
    rest, thousandths = divmod(round(seconds * 1000), 1000)
    minutes, rest = divmod(rest, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}{point}{thousandths:03}"
