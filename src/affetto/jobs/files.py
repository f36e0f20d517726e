"""Files written whole or not at all."""

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal, overload

from affetto.errors import OptionError, OutputError

__all__ = [
    "PREFIX",
    "atomic_path",
    "atomic_write",
    "check_file",
    "check_folder",
    "check_there",
    "make_folder",
    "remove_leftovers",
]

PREFIX = ".affetto-"
"""How the name of an unfinished file starts, so that what a kill left behind can be told."""

_REASONS = {
    errno.ENOSPC: ("no room is left on the disk", "free some, or write elsewhere"),
    errno.EACCES: ("writing there is not permitted", "choose a folder of yours"),
    errno.EPERM: ("writing there is not permitted", "choose a folder of yours"),
    errno.EROFS: ("the disk is read-only", "write elsewhere"),
    errno.ENOENT: ("there is no such folder", "create it first"),
    errno.ENOTDIR: ("a part of its path is a file, not a folder", "choose another path"),
    errno.EISDIR: ("it is a folder, expected a file's name", "add a name"),
    errno.ENAMETOOLONG: ("its name is too long", "choose a shorter one"),
}
if hasattr(errno, "EDQUOT"):
    _REASONS[errno.EDQUOT] = ("the quota is used up", "free some room, or write elsewhere")


def _output_error(path: Path, error: OSError) -> OutputError:
    reason, advice = _REASONS.get(
        error.errno or 0, (error.strerror or str(error), "write elsewhere")
    )
    return OutputError(f"can't write {path}: {reason}; {advice}")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a path to write to, in the same folder; rename it to `path` once the block ends well.

    For libraries that want a path. Where `open` will do, use `atomic_write`. If the block raises,
    the unfinished file is removed and what stood at `path` stays as it was. The path given keeps
    the suffix of `path`.

    Args:
        path: where the file shall be in the end; its folder exists.

    Yields:
        Path of the unfinished file, not yet there.

    Raises:
        OutputError: no such folder, no permission, no room.

    Examples:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic_path(folder / "a.bin") as unfinished:
        ...     _ = unfinished.write_bytes(b"whole")
        >>> (folder / "a.bin").read_bytes()
        b'whole'
    """
    final = Path(path)
    target = _target(final)
    if target.exists() and not target.is_file():
        # A pipe or a device (/dev/stdout) can't be renamed over.
        try:
            yield target
        except OSError as error:
            raise _output_error(final, error) from error
        return
    unfinished = _aside(target)
    try:
        yield unfinished
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(target)
    except OSError as error:
        # An error that names another file is not about this one.
        named = {str(name) for name in (error.filename, error.filename2) if name is not None}
        if named and not named & {str(unfinished), str(target)}:
            raise
        raise _output_error(final, error) from error
    finally:
        # A folder that has vanished or closed meanwhile must not hide the error in flight.
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _target(final: Path) -> Path:
    """Find the file to replace: a link stays a link, what it points to is replaced."""
    target = final.resolve() if final.is_symlink() else final
    if target.is_dir():
        raise OutputError(f"can't write {final}: it is a folder, expected a file's name")
    if not target.parent.is_dir():
        raise OutputError(f"can't write {final}: there is no folder {target.parent}; create it")
    return target


def _aside(target: Path) -> Path:
    return target.with_name(f"{PREFIX}{os.urandom(6).hex()}{target.suffix}")


def check_file(path: str | Path) -> None:
    """See to it before long work that its result can be written.

    Args:
        path: where the file shall be in the end; nothing is left there.

    Raises:
        OutputError: no such folder, no permission, no room.

    Examples:
        >>> check_file("no/a.json")
        Traceback (most recent call last):
        ...
        affetto.errors.OutputError: can't write no/a.json: there is no folder no; create it
    """
    final = Path(path)
    target = _target(final)
    if not target.exists() or target.is_file():
        _try(final, target)


def make_folder(path: str | Path) -> None:
    """Make a folder, and those above it; one that is there is left as it is.

    Raises:
        OutputError: it can't be made.

    Examples:
        >>> make_folder(Path(__file__) / "deeper")
        Traceback (most recent call last):
        ...
        affetto.errors.OutputError: can't make the folder ...deeper: ...; choose another
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"can't make the folder {path}: {error.strerror or error}; choose another"
        ) from error


def check_there(path: str | Path | None) -> None:
    """See to it before long work, and before what it imports, that what it reads is there.

    Args:
        path: a file or a folder; None is none to look for.

    Raises:
        OptionError: it is not there.

    Examples:
        >>> check_there("no/labels.csv")
        Traceback (most recent call last):
        ...
        affetto.errors.OptionError: found no no/labels.csv, expected a file or folder: correct it
    """
    if path is not None and not os.path.exists(path):  # noqa: PTH110 - True or False
        raise OptionError(f"found no {path}, expected a file or folder: correct it")


def check_folder(path: str | Path) -> None:
    """See to it before long work that files can be written to a folder, which may not be there yet.

    Args:
        path: the folder; nothing is left there.

    Raises:
        OutputError: it is a file, or can't be made; no permission, no room.

    Examples:
        >>> import tempfile
        >>> check_folder(Path(tempfile.mkdtemp()) / "new" / "deeper")
    """
    final = Path(path)
    there = next(place for place in (final, *final.absolute().parents) if os.path.exists(place))  # noqa: PTH110 - True or False, whatever is permitted
    if not there.is_dir():
        raise OutputError(
            f"can't write to {final}: {there} is a file, not a folder; choose another"
        )
    _try(final, there / "a")


def _try(final: Path, target: Path) -> None:
    """Write a file beside the one that shall be; no look at permissions tells as much."""
    unfinished = _aside(target)
    try:
        unfinished.touch()
    except OSError as error:
        raise _output_error(final, error) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


@overload
def atomic_write(path: str | Path, mode: Literal["w"] = "w") -> AbstractContextManager[IO[str]]: ...


@overload
def atomic_write(path: str | Path, mode: Literal["wb"]) -> AbstractContextManager[IO[bytes]]: ...


def atomic_write(
    path: str | Path, mode: Literal["w", "wb"] = "w"
) -> AbstractContextManager[IO[Any]]:
    """Open a file for writing that takes its place only once the block ends well.

    It is written aside in the same folder, flushed to the disk and renamed: a reader meets the
    old file or the whole new one, also after a kill or a power cut. Text is written as it is:
    the ends of lines are not translated on any system.

    Args:
        path: where the file shall be in the end; its folder exists.
        mode: ``"w"`` for text in UTF-8, ``"wb"`` for bytes.

    Returns:
        A context manager that gives the open file.

    Raises:
        OutputError: no such folder, no permission, no room.

    Examples:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "notes.txt"
        >>> with atomic_write(path) as file:
        ...     _ = file.write("con affetto")
        >>> path.read_text()
        'con affetto'
    """
    return _open(Path(path), mode, None if mode == "wb" else "utf-8")


@contextmanager
def _open(path: Path, mode: str, encoding: str | None) -> Iterator[IO[Any]]:
    newline = None if encoding is None else ""
    with (
        atomic_path(path) as unfinished,
        unfinished.open(mode, encoding=encoding, newline=newline) as file,
    ):
        yield file


def remove_leftovers(folder: str | Path) -> int:
    """Remove the unfinished files that a killed run left in a folder and below it.

    Call it only where no other run is writing.

    Args:
        folder: where to look.

    Returns:
        How many were removed.

    Examples:
        >>> import tempfile
        >>> remove_leftovers(tempfile.mkdtemp())
        0
    """
    count = 0
    for path in Path(folder).rglob(f"{PREFIX}*"):
        if path.is_file():
            path.unlink(missing_ok=True)
            count += 1
    return count
