"""The command `affetto`.

This module only meets the person and the operating system: it answers `--version` before anything
is imported, turns errors into one line and an exit status, and leaves quietly when interrupted.

| status | means |
|---|---|
| 0 | done |
| 1 | a fault of ours |
| 2 | something the user can mend |
| 130 | interrupted |
| 141 | whoever read the output went away |
| 143 | terminated |
"""

import io
import os
import sys
from collections.abc import Sequence

from affetto.errors import AffettoError, OutputError

__all__ = ["main"]

INTERRUPTED = 130
READER_GONE = 141
TERMINATED = 143


def main(args: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        args: the arguments after the command's name; those of the process by default.

    Returns:
        The exit status.

    Examples:
        >>> main(["--version"])
        affetto 0.1.0
        0
    """
    given = list(sys.argv[1:] if args is None else args)
    debug = _take(given, "--debug")
    replace_unencodable()
    try:
        if given[:1] == ["--version"]:
            status = _version()
        else:
            from affetto.jobs.interrupts import stoppable

            with stoppable():
                from affetto.cli.verbs import run

                status = run(given)
        sys.stdout.flush()
    except KeyboardInterrupt as interruption:
        if debug:
            raise
        from affetto.jobs.interrupts import Terminated

        status = TERMINATED if isinstance(interruption, Terminated) else INTERRUPTED
    except BrokenPipeError:
        status = READER_GONE
    except Exception as error:
        if debug:
            raise
        status = _explain(error)
    _let_go_of_stdout()
    return status


def _take(args: list[str], flag: str) -> bool:
    """Take a flag out of the arguments wherever it stands before a `--`."""
    options = args[: args.index("--")] if "--" in args else args
    if flag not in options:
        return False
    args[:] = [arg for arg in options if arg != flag] + args[len(options) :]
    return True


def _version() -> int:
    from affetto import __version__

    sys.stdout.write(f"affetto {__version__}\n")
    return 0


def replace_unencodable() -> None:
    """Let a console that lacks a character show `?` for it instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(errors="replace")


def _explain(error: Exception) -> int:
    """Say on stderr, in one line, what went wrong; give the exit status for it."""
    if isinstance(error, OSError) and error.filename is None:
        # Only the standard streams are written without a name: a full disk behind `>`, mostly.
        error = OutputError(f"can't write the result: {error.strerror or error}; write elsewhere")
    if isinstance(error, AffettoError):
        line, status = str(error), 2
    else:
        what = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
        line, status = f"internal error ({what}); run again with --debug", 1
    try:
        sys.stderr.write(f"affetto: {line}\n")
        sys.stderr.flush()
    except OSError:
        pass
    return status


def _let_go_of_stdout() -> None:
    """Keep the interpreter from failing at exit on output that nobody takes."""
    try:
        sys.stdout.flush()
    except OSError:
        # What is still in the buffer goes nowhere, as it would have anyway.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
