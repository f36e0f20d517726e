"""Folders that are written whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from affetto.errors import OutputError
from affetto.jobs.files import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_replaceable", "folder_in_the_making"]


def check_replaceable(folder: Path, *, known_by: str, what: str) -> None:
    """Refuse to replace a folder of another kind.

    Args:
        folder: where something shall be written.
        known_by: the file that such a folder has.
        what: its kind, as a person would say it: "a model package".

    Raises:
        OutputError: something else is there.
    """
    strange = folder.is_dir() and any(folder.iterdir()) and not (folder / known_by).is_file()
    if strange or folder.is_file():
        raise OutputError(
            f"{folder}: found {'other files' if strange else 'a file'} there, expected {what}, "
            "an empty folder or nothing: name another folder"
        )


@contextmanager
def folder_in_the_making(folder: Path, *, known_by: str, what: str) -> Iterator[Path]:
    """Write a folder, whole or not at all; one of its kind that stood there is replaced.

    Args:
        folder: where it shall be; folders above that are missing are made.
        known_by: the file that such a folder has.
        what: its kind, as a person would say it: "a model package".

    Yields:
        The folder to write to, which takes its place once the block ends well.

    Raises:
        OutputError: something else is there, or it can't be written.

    Examples:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp()) / "made"
        >>> with folder_in_the_making(place, known_by="a.txt", what="a thing") as unfinished:
        ...     _ = (unfinished / "a.txt").write_text("a")
        >>> [path.name for path in place.iterdir()]
        ['a.txt']
    """
    folder = folder.absolute()
    check_replaceable(folder, known_by=known_by, what=what)
    unfinished = folder.with_name(f"{PREFIX}{secrets.token_hex(6)}")
    replaced = folder.with_name(f"{PREFIX}{secrets.token_hex(6)}")
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        if folder.exists():
            folder.replace(replaced)
        unfinished.replace(folder)
    except OSError as error:
        named = Path(error.filename or unfinished)
        elsewhere = unfinished not in (named, *named.parents)
        reason = f"{error.filename}: {error.strerror}" if elsewhere else error.strerror
        raise OutputError(f"can't write {what} {folder}: {reason}; write elsewhere") from error
    finally:
        if replaced.exists() and not folder.exists():
            with suppress(OSError):
                replaced.replace(folder)
        for leftover in (unfinished, replaced):
            with suppress(OSError):
                shutil.rmtree(leftover)
