"""A progress bar on stderr, in a terminal and only when there is something to wait for."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["FractionBar"]

_PATIENCE = 0.7
"""Seconds before the bar appears: a short clip is done by then."""


class FractionBar:
    """Shows how far a run over several inputs is, and how far within the present one.

    Args:
        total: number of inputs.
        shown: False keeps silent, as does a stderr that is no terminal.

    Examples:
        >>> with FractionBar(2, shown=False) as bar:
        ...     bar.begin("a.wav")
        ...     bar.update(0.5)
        ...     bar.end()
        >>> bar.done
        1
    """

    def __init__(self, total: int, *, shown: bool = True) -> None:
        self.total = total
        self.done = 0
        self.shown = shown and sys.stderr is not None and sys.stderr.isatty()
        self._name = ""
        self._since = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hide()

    def begin(self, name: str) -> None:
        """Turn to the next input."""
        self._name = name
        self.update(0.0)

    def update(self, fraction: float) -> None:
        """Say how much of the present input is done, 0 to 1."""
        if not self.shown or time.monotonic() - self._since < _PATIENCE:
            return
        if self._bar is None:
            self._start()
        if self._bar is not None and self._task is not None:
            completed = self.done + min(max(fraction, 0.0), 1.0)
            count = f"{self.done + 1}/{self.total} " if self.total > 1 else ""
            self._bar.update(self._task, completed=completed, description=count + self._name)

    def end(self) -> None:
        """Count the present input as done, well or not."""
        self.done += 1
        self.hide()

    def hide(self) -> None:
        """Clear the bar away for a result or a note to be printed; it comes back by itself."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _start(self) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        # The name is a file's: brackets in it are no markup.
        self._name = escape(self._name)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._bar.start()
        self._task = self._bar.add_task(self._name, total=self.total)
