"""What `affetto analyze` is pointed at: files, folders, patterns, standard input."""

import glob
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from affetto.audio import is_sound
from affetto.errors import AffettoError, AudioError

__all__ = ["Input", "gather", "several"]

_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")


@dataclass(frozen=True, slots=True)
class Input:
    """One recording to analyse.

    Attributes:
        path: the file; None for standard input.
        place: where its result goes below an output folder, but for the suffix.
    """

    path: Path | None
    place: Path

    @property
    def name(self) -> str:
        """What to call it in a line to the user."""
        return "standard input" if self.path is None else str(self.path)

    def source(self) -> Path | bytes:
        """Give what the decoder takes.

        Raises:
            AudioError: standard input holds nothing.
        """
        if self.path is not None:
            return self.path
        sound = sys.stdin.buffer.read()
        if not sound:
            raise AudioError("standard input: found nothing, expected a sound file's bytes")
        return sound


def several(arguments: Iterable[str]) -> bool:
    """Tell whether the arguments may name more than one recording, whatever folders hold now.

    Examples:
        >>> several(["a.wav"]), several(["a.wav", "b.wav"]), several(["."])
        (False, True, True)
    """
    given = list(arguments)
    return len(given) != 1 or Path(given[0]).is_dir() or _is_pattern(given[0])


def gather(arguments: Iterable[str]) -> tuple[list[Input], list[AffettoError]]:
    """Find the recordings that the arguments name, each once, in order.

    Folders are searched to their depths for files with a known ending; a pattern that the shell
    left alone (as on Windows) is expanded.

    Args:
        arguments: files, folders, patterns, or `-`.

    Returns:
        The recordings, and one error for each argument that names none.

    Examples:
        >>> found, errors = gather(["-", "https://example.org/a.mp3"])
        >>> found[0].name
        'standard input'
        >>> print(errors[0])
        https://example.org/a.mp3: addresses can't be read yet; download the file and name that
    """
    found: dict[object, Input] = {}
    errors: list[AffettoError] = []
    for argument in arguments:
        try:
            for one in _find(argument, errors):
                found.setdefault(None if one.path is None else os.path.realpath(one.path), one)
        except AffettoError as error:
            errors.append(error)
    return list(found.values()), errors


def _find(argument: str, errors: list[AffettoError]) -> Iterator[Input]:
    if argument == "-":
        yield Input(None, Path("stdin"))
        return
    if _ADDRESS.match(argument):
        raise AudioError(
            f"{argument}: addresses can't be read yet; download the file and name that"
        )
    path = Path(argument)
    if path.is_dir():
        yield from _search(path, errors)
    elif _is_pattern(argument):
        names = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207
        if not names:
            raise AudioError(f"{argument}: no file matches this pattern")
        for name in names:
            yield from _find(name, errors)
    elif not os.path.lexists(path):
        raise AudioError(f"{argument}: no such file or folder; check the path")
    else:
        # Whatever else is wrong with it, the decoder says better.
        yield Input(path, Path(path.name))


def _is_pattern(argument: str) -> bool:
    return glob.has_magic(argument) and not os.path.lexists(argument)


def _search(folder: Path, errors: list[AffettoError]) -> Iterator[Input]:
    count = 0

    def unreadable(error: OSError) -> None:
        errors.append(AudioError(f"{error.filename}: can't be searched ({error.strerror})"))

    before = len(errors)
    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if is_sound(path):
                count += 1
                yield Input(path, path.relative_to(folder))
    if not count and len(errors) == before:
        raise AudioError(f"{folder}: found no sound file in this folder, expected .wav, .mp3, …")
