"""What is said, as text for people: each phrase with what is felt in it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from rich.cells import cell_len, get_character_cell_size, set_cell_size
from rich.style import Style
from rich.text import Text

from affetto.cli.glyphs import MARGIN, UNICODE, Glyphs, colour, indent, printable
from affetto.emotions import EMOJI
from affetto.timeline import UNCERTAIN_BELOW, clock

if TYPE_CHECKING:
    from affetto.transcript import Phrase, Transcript

__all__ = ["transcript_lines"]

_BESIDE = 44
"""Cells for the text from which on it stands beside its time and feeling, not beneath."""

_LONGEST_NAME = 16

_WARNING = Style(color="#000000", bgcolor="#ffc24d")
"""Its own ground, since any colour of letters alone could be that of a feeling."""

_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
"""Joiners and the like, which belong to what is said and take no room."""


def transcript_lines(
    transcript: "Transcript", *, width: int = 80, glyphs: Glyphs = UNICODE
) -> Iterator[Text]:
    """Tell what is said: a heading, then each phrase with its time and feeling.

    The text stands beside them where the width allows, else beneath. A translation follows, and
    what voice and words say on their own where that differs.

    Args:
        transcript: what to tell.
        width: columns to fill.
        glyphs: the characters to draw with.

    Yields:
        Lines without their line ends.

    Examples:
        >>> from affetto.cli.glyphs import ASCII
        >>> from affetto.transcript import Phrase, Transcript
        >>> fine = Phrase(0.0, 1.2, "I'm fine.", voice={"sad": 0.8, "happy": 0.2},
        ...               wording={"sad": 0.1, "happy": 0.9}, scores={"sad": 0.6, "happy": 0.4},
        ...               incongruence=0.74)
        >>> for line in transcript_lines(Transcript((fine,), "en", "Whisper"), glyphs=ASCII):
        ...     print(line.plain.rstrip())
          what is said, Whisper, en
          0:00.0 - 0:01.2  sad  60%
            I'm fine.
            != voice sad 80%, words happy 90%
    """
    yield from _heading(transcript, width, glyphs)
    phrases = sorted(transcript, key=lambda phrase: (phrase.start, phrase.end))
    if not phrases:
        yield indent(Text("no words found", "dim"))
        return
    layout = _Layout.of(phrases, width, glyphs)
    for phrase in phrases:
        yield from layout.lines(phrase)


def _heading(transcript: "Transcript", width: int, glyphs: Glyphs) -> Iterator[Text]:
    """Say who wrote it down, and how much the words count."""
    facts = ["what is said", transcript.transcriber, transcript.language or ""]
    if transcript.model:
        facts.append(f"weight of the words {transcript.weight:g}, judged by {transcript.model}")
    if transcript.translator:
        facts.append(f"translated by {transcript.translator}")
    # A fact stays whole where it fits into a line.
    room = width - 2 * MARGIN
    line = ""
    for fact in filter(None, map(_shown, facts)):
        longer = line + glyphs.separator + fact if line else fact
        if line and cell_len(longer) > room:
            yield from (indent(Text(part, "dim")) for part in _wrapped(line, room))
            longer = fact
        line = longer
    yield from (indent(Text(part, "dim")) for part in _wrapped(line, room))


@dataclass(frozen=True, slots=True)
class _Layout:
    """How many cells each column has; 0 leaves it out."""

    glyphs: Glyphs
    time: int
    digits: int
    ends: bool
    speaker: int
    label: int
    beside: bool = False
    room: int = 0

    @classmethod
    def of(cls, phrases: "Sequence[Phrase]", width: int, glyphs: Glyphs) -> Self:
        """Put the text beside the rest where that leaves enough room for it.

        In a narrow terminal the phrases' ends go first, then names are cut.
        """
        last = max(phrase.end for phrase in phrases)
        digits = 1 if last < 3600 or width >= 80 else 0
        time = cell_len(clock(last, digits=digits))
        speaker = min(max(cell_len(_speaker(p)) for p in phrases), _LONGEST_NAME)
        label = max(cell_len(_shown(p.emotion or "")) for p in phrases)
        layout = cls(glyphs, time, digits, True, speaker, label)
        if layout.side > width:
            layout = replace(layout, ends=False)
            cut = max(speaker - max(layout.side - width, 0), min(speaker, 3))
            layout = replace(layout, speaker=cut)
        beside = width - layout.side - 2 - MARGIN
        if beside >= _BESIDE:
            return replace(layout, beside=True, room=beside)
        return replace(layout, room=width - 3 * MARGIN)

    @property
    def side(self) -> int:
        """Cells of time, speaker and feeling."""
        times = 2 * self.time + 3 if self.ends else self.time
        felt = 2 + 3 * self.glyphs.emoji + self.label + 5 if self.label else 0
        return MARGIN + times + (2 + self.speaker if self.speaker else 0) + felt

    def lines(self, phrase: "Phrase") -> Iterator[Text]:
        """Give a phrase's lines."""
        head = self._head(phrase)
        body = list(self._body(phrase))
        if not self.beside:
            yield head
            yield from (Text(" " * 2 * MARGIN).append_text(line) for line in body)
            return
        blank = Text(" " * (self.side + 2))
        head.pad_right(self.side + 2 - cell_len(head.plain))
        for at, line in enumerate(body or [Text()]):
            whole = (blank if at else head).copy().append_text(line)
            whole.rstrip()
            yield whole

    def _head(self, phrase: "Phrase") -> Text:
        start, end = (clock(t, digits=self.digits) for t in (phrase.start, phrase.end))
        line = Text(" " * MARGIN)
        line.append(f"{start:>{self.time}}", "dim")
        if self.ends:
            line.append(f" {self.glyphs.dash} {end:>{self.time}}", "dim")
        if self.speaker:
            line.append("  " + set_cell_size(_speaker(phrase), self.speaker))
        if phrase.emotion is not None:
            style = (
                Style(dim=True) if _doubtful(phrase) else colour(phrase.emotion) + Style(bold=True)
            )
            picture = EMOJI.get(phrase.emotion, " ")
            line.append("  " + (set_cell_size(picture, 3) if self.glyphs.emoji else ""))
            line.append(set_cell_size(_shown(phrase.emotion), self.label), style)
            line.append(f" {phrase.confidence:4.0%}")
        return line

    def _body(self, phrase: "Phrase") -> Iterator[Text]:
        """Give the text, its translation, and what is to be said about the feeling."""
        for part in _wrapped(_shown(phrase.text), self.room):
            yield Text(part)
        if phrase.translation:
            arrow = "→ " if self.glyphs.arrows else "-> "
            yield from self._hanging(arrow, _shown(phrase.translation), Style(italic=True))
        apart = _apart(phrase)
        if apart and phrase.incongruent:
            yield from self._hanging("≠ " if self.glyphs.emoji else "!= ", apart, _WARNING)
            apart = ""
        uncertain = "uncertain" if _doubtful(phrase) else ""
        notes = self.glyphs.separator.join(filter(None, (uncertain, apart)))
        yield from self._hanging("", notes, Style(dim=True))

    def _hanging(self, mark: str, text: str, style: Style) -> Iterator[Text]:
        for at, part in enumerate(_wrapped(text, self.room - len(mark))):
            yield Text((" " * len(mark) if at else mark) + part, style)


def _speaker(phrase: "Phrase") -> str:
    return _shown(phrase.speaker or "")


def _doubtful(phrase: "Phrase") -> bool:
    return phrase.emotion is not None and phrase.confidence < UNCERTAIN_BELOW


def _apart(phrase: "Phrase") -> str:
    """Say what voice and words are on their own, where that is not the same."""
    voice, words = phrase.voice_emotion, phrase.wording_emotion
    if voice is None or words is None or not phrase.differing:
        return ""
    return _shown(
        f"voice {voice} {phrase.voice[voice]:.0%}, words {words} {phrase.wording[words]:.0%}"
    )


def _shown(text: str) -> str:
    """Put a text on one line that a terminal can show."""
    return printable(_UNSEEN.sub("", " ".join(text.split())))


def _wrapped(text: str, room: int) -> list[str]:
    """Break a text into lines of so many cells; a word that is longer is cut.

    Examples:
        >>> _wrapped("to be or not to be", 7)
        ['to be', 'or not', 'to be']
        >>> _wrapped("今日は晴れ", 6)
        ['今日は', '晴れ']
    """
    lines: list[str] = []
    line, used = "", 0
    for word in text.split():
        cells = cell_len(word)
        if line and used + 1 + cells > room:
            lines.append(line)
            line, used = "", 0
        elif line:
            line, used = line + " ", used + 1
        if cells <= room:
            line, used = line + word, used + cells
            continue
        for character in word:
            size = get_character_cell_size(character)
            if used + size > room:
                lines.append(line)
                line, used = "", 0
            line, used = line + character, used + size
    return [*lines, line] if line else lines
