"""What `affetto listen` does with words: write them down, and never lose the voice for it."""

from typing import TYPE_CHECKING

from affetto.cli.console import note
from affetto.errors import AffettoError
from affetto.jobs.interrupts import noted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from affetto.recognition import Update
    from affetto.timeline import Timeline
    from affetto.words import WordListener
    from affetto.words.live import WordsUpdate

__all__ = ["SpokenWords"]

_WORTH_TELLING = 1.0
"""Seconds of sound left to write down from which on it is said that this goes on."""


class SpokenWords:
    """Words beside the voice, where they were asked for.

    A fault in the words (a server that went away, say) is told once; the voice is heard on, and
    the words are tried again.

    Args:
        listener: what writes down and judges words; None where nobody asked for them.
        window: seconds of sound that an update of the voice answers for.
        quiet: tell nothing on stderr.
    """

    def __init__(self, listener: "WordListener | None", *, window: float, quiet: bool) -> None:
        self._quiet = quiet
        self._live = None
        self._told: set[str] = set()
        if listener is not None:
            from affetto.words.live import LiveWords

            self._live = LiveWords(listener, window=window)

    def feed(
        self, chunk: "NDArray[np.float32]", updates: "Sequence[Update]"
    ) -> "WordsUpdate | None":
        """Take sound and what the voice says of it; give what became known of the words.

        Where the voice has nothing to tell, that is held back until it does.
        """
        if self._live is None:
            return None
        self._live.feed(chunk, updates)
        if not updates:
            return None
        try:
            return self._live.take()
        except AffettoError as fault:
            if str(fault) not in self._told and not self._quiet:
                note(f"{fault}; the voice is heard on")
            self._told.add(str(fault))
            return None

    def finish(self, timeline: "Timeline") -> "Timeline":
        """Write down what is left, and put words and voice together; Ctrl-C leaves that."""
        if self._live is None:
            return timeline
        if self._live.behind > _WORTH_TELLING and not self._quiet:
            note(f"writing down the last {self._live.behind:.0f} s; Ctrl-C leaves that")
        before = len(timeline.warnings)
        with noted() as asked:
            try:
                timeline = self._live.finish(timeline, give_up=asked)
            finally:
                self._live.close()
        if not self._quiet:
            for warning in timeline.warnings[before:]:
                note(warning)
        return timeline
