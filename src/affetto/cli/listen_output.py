"""What `affetto listen` shows while it hears: JSON lines, a line a segment, or a picture."""

import json
import sys
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from affetto.cli.console import print_data, show

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from rich.text import Text

    from affetto.cli.glyphs import Glyphs
    from affetto.recognition import LiveRecognizer, Update
    from affetto.timeline import Segment
    from affetto.words.live import WordsUpdate

    Tell = Callable[[Sequence[Update], NDArray[np.float32], WordsUpdate | None], None]

__all__ = ["teller", "write_all", "write_lines"]


def teller(live: "LiveRecognizer", form: str, opened: ExitStack) -> "Tell":
    """Give what shows updates, with the sound that they come of."""
    if form == "jsonl":
        return write_lines
    if sys.stdout.isatty():
        return _draw(live, opened)
    return _write_segments


def write_lines(updates: "Sequence[Update]", _: object, said: "WordsUpdate | None") -> None:
    """Write a line an update; what became known of the words stands in the last of them."""
    for number, update in enumerate(updates, start=1):
        row = update.to_dict()
        if said is not None and number == len(updates):
            row["words"] = said.to_dict()
        print_data(json.dumps(row, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _write_segments(updates: "Sequence[Update]", _: object, said: "WordsUpdate | None") -> None:
    """Print each segment, and each phrase, once it is complete."""
    write_all([segment for update in updates for segment in update.segments])
    if said is not None:
        from affetto.cli.live_view import phrase_lines

        for phrase in said.phrases:
            show(partial(phrase_lines, phrase))
            sys.stdout.flush()


def write_all(segments: "Sequence[Segment]") -> None:
    """Print a line a segment."""
    from affetto.cli.live_view import segment_line

    for segment in segments:
        show(partial(_one_line, partial(segment_line, segment)))
        sys.stdout.flush()


def _one_line(line: "Callable[..., Text]", width: int, glyphs: "Glyphs") -> "list[Text]":  # noqa: ARG001
    return [line(glyphs=glyphs)]


def _draw(live: "LiveRecognizer", opened: ExitStack) -> "Tell":
    """Draw in a terminal, over and over at one place."""
    from rich.console import Console, Group
    from rich.live import Live

    from affetto.cli.console import glyphs_for
    from affetto.cli.live_view import LiveView, level_of

    console = Console()
    view = LiveView(live.labels, width=min(console.width, 100), glyphs=glyphs_for(console))
    screen = opened.enter_context(Live(console=console, auto_refresh=False, transient=True))

    def tell(
        updates: "Sequence[Update]", chunk: "NDArray[np.float32]", said: "WordsUpdate | None"
    ) -> None:
        for update in updates:
            view.take(update, level=level_of(chunk[-1600:]))
        if said is not None:
            view.take_words(said)
        screen.update(Group(*view.lines()), refresh=True)

    return tell
