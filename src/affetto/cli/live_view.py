"""What is heard, while it is heard: a face, bars, a ribbon that moves on, and the latest segments.

Pure drawing: an `Update` and what came before it in, lines out.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.cells import set_cell_size
from rich.style import Style
from rich.text import Text

from affetto.cli.glyphs import MARGIN, UNICODE, Glyphs, bar, colour, indent, printable
from affetto.cli.transcript_lines import transcript_lines
from affetto.emotions import EMOJI
from affetto.recognition import Update
from affetto.timeline import Segment, clock, signed
from affetto.transcript import Phrase, Transcript
from affetto.words.live import WordsUpdate

__all__ = ["LiveView", "level_of", "phrase_lines", "segment_line"]

_COLUMN = 0.25
"""Seconds in a column of the ribbon."""

_SEGMENTS = 4
"""The latest that are shown."""

_PHRASES = 4
"""The latest that are shown."""

_BEHIND = 2.0
"""Seconds that the words may lag before that is said."""

_NARROWEST_LEVEL = 12
"""Cells without which the level isn't drawn."""

_QUIETEST = -60.0
"""Decibels below full scale at which the level meter is empty."""


def level_of(samples: NDArray[np.float32]) -> float:
    """Give the level of a chunk for the meter, 0 to 1.

    Args:
        samples: full scale [-1, 1], shape (samples,).

    Examples:
        >>> level_of(np.zeros(4)), level_of(np.array([1.0, -1.0])), level_of(np.full(4, 0.1))
        (0.0, 1.0, 0.667)
    """
    power = float(np.mean(np.square(samples))) if len(samples) else 0.0
    decibels = 10 * math.log10(max(power, 1e-12))
    return round(min(max(1 - decibels / _QUIETEST, 0.0), 1.0), 3)


class LiveView:
    """The picture of a stream, after each update.

    Args:
        labels: in the order of the bars.
        width: columns to fill.
        glyphs: the characters to draw with.
    """

    def __init__(self, labels: Sequence[str], *, width: int = 80, glyphs: Glyphs = UNICODE) -> None:
        self.labels = labels
        self.width = max(width, 40)
        self.glyphs = glyphs
        self._columns: deque[tuple[str | None, float]] = deque(maxlen=self.width - 2 * MARGIN)
        self._segments: deque[Segment] = deque(maxlen=_SEGMENTS)
        self._latest: Update | None = None
        self._level = 0.0
        self._phrases: deque[Phrase] = deque(maxlen=_PHRASES)
        self._said: WordsUpdate | None = None

    def take_words(self, said: WordsUpdate) -> None:
        """Take what became known of the words."""
        self._phrases.extend(said.phrases)
        self._said = said

    def take(self, update: Update, *, level: float) -> None:
        """Take what came."""
        past = 0.0 if self._latest is None else self._latest.time
        columns = int(update.time / _COLUMN) - int(past / _COLUMN)
        self._columns.extend([(update.emotion, update.confidence)] * columns)
        self._segments.extend(update.segments)
        self._latest = update
        # Falls slowly, as the needle of a meter does.
        self._level = max(level, self._level - 0.05)

    def lines(self) -> Iterator[Text]:
        """Draw."""
        update = self._latest
        if update is None:
            yield indent(Text("waiting for sound", "dim"))
            return
        yield self._headline(update)
        yield Text()
        for label in self.labels:
            yield self._bar(label, update.scores.get(label, 0.0), top=label == update.emotion)
        yield Text()
        yield self._ribbon()
        yield self._axis(update)
        yield Text()
        for segment in self._segments:
            yield segment_line(segment, glyphs=self.glyphs)
        for _ in range(_SEGMENTS - len(self._segments)):
            yield Text()
        if self._said is not None:
            yield Text()
            for phrase in self._phrases:
                yield from phrase_lines(phrase, self.width, self.glyphs)
            yield self._unfinished(self._said)
        yield indent(Text("Ctrl-C ends", "dim"))

    def _unfinished(self, said: WordsUpdate) -> Text:
        """Write the end of what is being said, which may still change."""
        text = printable(said.text) or "…"
        if said.behind > _BEHIND:
            text += f" ({said.behind:.0f} s behind)"
        room = self.width - 2 * MARGIN
        return indent(Text(text if len(text) <= room else "…" + text[1 - room :], "dim italic"))

    def _headline(self, update: Update) -> Text:
        glyphs = self.glyphs
        line = Text(" " * MARGIN)
        if glyphs.emoji:
            face = EMOJI.get(update.emotion or "", "🙂") if update.speaking else "👂"
            line.append(set_cell_size(face, 3))
        if update.emotion is None:
            words = "listening" if not update.speaking else "hearing you out"
            line.append(words.ljust(17), "dim")
        else:
            line.append(update.emotion.ljust(11), colour(update.emotion) + Style(bold=True))
            line.append(f"{update.confidence:4.0%}  ")
        room = self.width - MARGIN - line.cell_len - 8  # the time
        mood = f"valence {signed(update.valence)}  arousal {signed(update.arousal)}  "
        if room >= len(mood) + _NARROWEST_LEVEL:
            line.append(mood if update.scores else " " * len(mood), "dim")
            room -= len(mood)
        if room >= _NARROWEST_LEVEL:
            line.append("level ", "dim")
            style = "red" if self._level > 0.97 else "green"
            line.append(bar(self._level, room - 6, glyphs), style)
            room = 0
        line.append(" " * max(room, 0) + clock(update.time).rjust(8), "dim")
        return line

    def _bar(self, label: str, share: float, *, top: bool) -> Text:
        glyphs = self.glyphs
        line = Text(" " * MARGIN)
        if glyphs.emoji:
            line.append(set_cell_size(EMOJI.get(label, " "), 3))
        line.append(label.ljust(11), colour(label) + Style(bold=True) if top else "dim")
        line.append(f"{share:4.0%} " if share >= 0.005 else "     ")
        cells = min(self.width - line.cell_len - MARGIN, 60)
        line.append(bar(share, cells, glyphs), colour(label))
        return line

    def _ribbon(self) -> Text:
        line, glyphs = Text(" " * MARGIN), self.glyphs
        room = self.width - 2 * MARGIN - len(self._columns)
        line.append(" " * room)
        highest = len(glyphs.heights) - 1
        for emotion, confidence in self._columns:
            if emotion is None:
                line.append(" ")
            else:
                line.append(glyphs.heights[round(confidence * highest)], colour(emotion))
        return line

    def _axis(self, update: Update) -> Text:
        """Draw the time below the ribbon, the present on the right."""
        columns, every = self.width - 2 * MARGIN, 20
        line = [self.glyphs.rule] * columns
        for back in range(0, columns, every):
            line[columns - 1 - back] = self.glyphs.tick
        times = [" "] * columns
        for back in range(0, columns, every):
            seconds = update.time - back * _COLUMN
            if seconds < 0:
                break
            text = clock(seconds)
            end = columns - back
            times[max(end - len(text), 0) : end] = text
        return Text.assemble(
            indent(Text("".join(line), "dim")), "\n", indent(Text("".join(times), "dim"))
        )


def segment_line(segment: Segment, *, glyphs: Glyphs = UNICODE) -> Text:
    """Write a segment that is complete in one line."""
    start, end = (clock(t, digits=1) for t in (segment.start, segment.end))
    line = Text(" " * MARGIN)
    line.append(f"{start:>7} {glyphs.dash} {end:<7}  ", "dim")
    if glyphs.emoji:
        line.append(set_cell_size(EMOJI.get(segment.emotion or "", " "), 3))
    name = segment.emotion or glyphs.dash
    style = Style(dim=True) if segment.uncertain else colour(segment.emotion) + Style(bold=True)
    line.append(name.ljust(11), style)
    line.append(f"{segment.confidence:4.0%}")
    if segment.uncertain:
        line.append("  uncertain", "italic")
    return line


def phrase_lines(phrase: Phrase, width: int, glyphs: Glyphs) -> Iterator[Text]:
    """Write a phrase that is complete, with what is felt in it.

    Args:
        phrase: what was said.
        width: columns to fill.
        glyphs: the characters to draw with.
    """
    lines = transcript_lines(Transcript((phrase,)), width=width, glyphs=glyphs)
    next(lines)  # its heading
    yield from lines
    if len(phrase.scores) > 1:
        ranked = sorted(phrase.scores.items(), key=lambda item: -item[1])[:3]
        shares = glyphs.separator.join(f"{label} {p:.0%}" for label, p in ranked if p >= 0.05)
        yield indent(indent(Text(shares, "dim")))
