"""The terminal: what it can show, and what goes to which stream."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from rich.console import Console
    from rich.text import Text

    from affetto.cli.glyphs import Glyphs

__all__ = ["give", "glyphs_for", "note", "print_data", "show"]


def show(page: "Callable[[int, Glyphs], Iterable[Text]]") -> None:
    """Print a page for people on stdout: coloured where the terminal can and the user wants it.

    Args:
        page: gives the lines for a number of columns and a set of characters.
    """
    from rich.console import Console

    console = Console()
    glyphs = glyphs_for(console)
    lines = page(console.width, glyphs)
    if console.is_terminal and console.color_system and not console.no_color:
        for line in lines:
            console.print(line, soft_wrap=True)
    else:
        # Without colour rich would still write escape codes for bold and dim.
        sys.stdout.writelines(line.plain.rstrip() + "\n" for line in lines)


def glyphs_for(console: "Console") -> "Glyphs":
    """Choose the characters that a console can show."""
    from affetto.cli.glyphs import ASCII, UNICODE

    try:
        "▂😊↗".encode(console.encoding)
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return ASCII if console.legacy_windows else UNICODE


def print_data(text: str) -> None:
    """Print what a program reads on stdout: UTF-8 with bare line feeds, whatever the system has."""
    stream = sys.stdout
    if hasattr(stream, "reconfigure") and not stream.isatty():
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    stream.write(text)


def give(text: str, output: "Path | None") -> None:
    """Write a text to a file, whole or not at all; to stdout where there is none.

    Args:
        text: what is asked for.
        output: the file.

    Raises:
        OutputError: it can't be written.
    """
    if output is None:
        print_data(text)
        sys.stdout.flush()
        return
    from affetto.jobs import atomic_write

    with atomic_write(output) as file:
        file.write(text)


def note(message: str) -> None:
    """Print a line for the user on stderr, after the command's name."""
    sys.stderr.write(f"affetto: {' '.join(message.split())}\n")
    sys.stderr.flush()
