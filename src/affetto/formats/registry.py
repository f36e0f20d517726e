"""Which formats there are; a later one is one more line here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from affetto.errors import OptionError
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
    """

    name: str
    suffix: str
    write: Callable[[Iterable[Timeline]], str | bytes]
    read: Callable[[str], list[Timeline]]
    media: str
    binary: bool = False


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("json", ".json", to_json, from_json, "application/json"),
        Format("csv", ".csv", to_csv, from_csv, "text/csv"),
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
        OptionError: there is no such format.
        OutputError: the file can't be written.
    """
    path = Path(path)
    data = find(path.suffix.removeprefix(".") if form is None else form).write(timelines)
    with atomic_write(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode("utf-8"))
