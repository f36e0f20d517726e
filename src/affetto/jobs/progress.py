"""How far a job is, on stderr: a bar in a terminal, a plain line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["ProgressBar"]

_EVERY = 10.0
"""Seconds between plain lines."""


class ProgressBar:
    """Show how many of the items are done.

    Args:
        describe: what is being done, in a few words; empty shows nothing.
        total: number of items.
        done: how many are done already.

    Examples:
        >>> with ProgressBar("", total=2) as bar:
        ...     bar.advance()
        >>> bar.done
        1
    """

    def __init__(self, describe: str, *, total: int, done: int = 0) -> None:
        self.describe = describe
        self.total = total
        self.done = done
        self._bar: Progress | None = None
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        if self.describe and sys.stderr is not None and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._bar.add_task(self.describe, total=self.total, completed=self.done)
        return self

    def advance(self) -> None:
        """Count one more item as done."""
        self.done += 1
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0])
        elif self.describe and time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            print(f"{self.describe}: {self.done} of {self.total}", file=sys.stderr, flush=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
