"""Which formats there are; a later one is one more line here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from affetto.errors import OptionError
from affetto.formats.subtitles import from_srt, from_vtt, to_srt, to_vtt
from affetto.formats.tables import from_csv, to_csv
from affetto.formats.tree import from_json, to_json
from affetto.jobs import atomic_write
from affetto.timeline import Timeline

__all__ = ["FORMATS", "Format", "find", "save"]


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write timelines down.

    Attributes:
        name: as `--format` takes it.
        suffix: of a file in this format, with its dot.
        write: timelines → text, or bytes where `binary`.
        read: the way back.
        media: its media type (RFC 6838).
        binary: whether `write` gives bytes and `read` takes them.
        alone: whether a file holds one timeline, and `write` refuses any other number of them.
    """

    name: str
    suffix: str
    write: Callable[[Iterable[Timeline]], str | bytes]
    read: Callable[[str], list[Timeline]]
    media: str
    binary: bool = False
    alone: bool = False


def _alone(
    name: str,
    suffix: str,
    write: Callable[[Timeline], str],
    read: Callable[[str], Timeline],
    media: str,
) -> Format:
    """Make a format whose files hold one timeline each."""

    def write_one(timelines: Iterable[Timeline]) -> str:
        found = list(timelines)
        if len(found) != 1:
            raise OptionError(
                f"found {len(found)} timelines, expected one: a file in the format {name} holds "
                "no more; write a file for each"
            )
        return write(found[0])

    return Format(name, suffix, write_one, lambda text: [read(text)], media, alone=True)


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("json", ".json", to_json, from_json, "application/json"),
        Format("csv", ".csv", to_csv, from_csv, "text/csv"),
        _alone("srt", ".srt", to_srt, from_srt, "application/x-subrip"),
        _alone("vtt", ".vtt", to_vtt, from_vtt, "text/vtt"),
    )
}
"""Every format by its name."""


def find(name: str) -> Format:
    """Find a format by the name that a person typed.

    Args:
        name: upper or lower case.

    Raises:
        OptionError: there is no such format.

    Examples:
        >>> find("CSV").suffix
        '.csv'
    """
    try:
        return FORMATS[name.lower()]
    except KeyError:
        raise OptionError(f"unknown format {name!r}: choose from {', '.join(FORMATS)}") from None


def save(timelines: Iterable[Timeline], path: Path | str, *, form: str | None = None) -> None:
    """Write timelines to a file, whole or not at all.

    Args:
        timelines: what to write.
        path: the file; an existing one is replaced.
        form: the format's name; else the file's suffix says it.

    Raises:
        OptionError: there is no such format, or it holds one timeline and there are others.
        OutputError: the file can't be written.
    """
    path = Path(path)
    data = find(path.suffix.removeprefix(".") if form is None else form).write(timelines)
    with atomic_write(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode("utf-8"))
