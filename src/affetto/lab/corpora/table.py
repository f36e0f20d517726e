"""The one table that every corpus gives: its clips."""

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from affetto.emotions import Emotion
from affetto.errors import ManifestError
from affetto.jobs import atomic_write

__all__ = ["COLUMNS", "Clip", "Gender", "Table"]

Gender = Literal["f", "m"]

COLUMNS = (
    "file",
    "corpus",
    "emotion",
    "emotion_native",
    "speaker",
    "gender",
    "language",
    "duration_s",
    "text",
    "intensity",
    "statement",
    "session",
    "start",
    "end",
    "valence",
    "arousal",
    "dominance",
    "votes",
)
"""The columns of a table on disk; any other column is one of `Clip.extra`."""

_ALWAYS = COLUMNS[:9]
_NUMBERS = ("start", "end", "valence", "arousal", "dominance")


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled stretch of speech.

    Attributes:
        file: the sound file.
        corpus: the corpus's short name, as in `affetto corpora list`.
        emotion: the label of our vocabulary; None where the corpus's label has no place in it.
        native: the corpus's own label.
        speaker: the corpus and the speaker's id in it, ``ravdess:01``; None where unknown.
        gender: ``"f"``, ``"m"`` or None.
        intensity: how strongly it was acted, in the corpus's own words.
        statement: the code of what is said; the same code, the same words.
        language: ISO 639-1 code.
        text: what is said.
        duration: seconds.
        votes: emotion → share of the listeners who heard it; sums to 1.
        session: the recording session, where a corpus has them.
        start: seconds where the clip starts in the file; None for the file's start.
        end: seconds where the clip ends in the file; None for the file's end.
        valence: in [-1, 1], as rated by listeners.
        arousal: in [-1, 1], as rated by listeners.
        dominance: in [-1, 1], as rated by listeners.
        extra: whatever else the corpus says of the clip.

    Examples:
        >>> Clip(Path("a.wav"), "mine", Emotion.SAD, "sad", speaker="mine:1").name
        'a'
    """

    file: Path
    corpus: str
    emotion: Emotion | None
    native: str
    speaker: str | None = None
    gender: Gender | None = None
    intensity: str | None = None
    statement: str | None = None
    language: str | None = None
    text: str | None = None
    duration: float | None = None
    votes: Mapping[str, float] | None = None
    session: str | None = None
    start: float | None = None
    end: float | None = None
    valence: float | None = None
    arousal: float | None = None
    dominance: float | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.file.stem

    @property
    def key(self) -> str:
        """The file and the stretch of it: what tells this clip from every other."""
        if self.start is None and self.end is None:
            return str(self.file)
        return f"{self.file}[{self.start or 0:.3f}-{'' if self.end is None else f'{self.end:.3f}'}]"

    def stamp(self) -> str:
        """Name the clip and its file's state, so that work on a changed file is done again."""
        try:
            state = self.file.stat()
        except OSError:
            return self.key
        return f"{self.key}|{state.st_size}|{state.st_mtime_ns}"

    def to_row(self, *, folder: Path | None = None) -> dict[str, str]:
        """Give the clip as texts, one a column; what is unknown is empty.

        Args:
            folder: the table's folder; files below it are named relative to it.
        """
        row = dict(self.extra) | {
            "file": _named(self.file, folder),
            "corpus": self.corpus,
            "emotion": self.emotion.value if self.emotion else "",
            "emotion_native": self.native,
            "duration_s": "" if self.duration is None else f"{self.duration:.4f}",
            "votes": "" if self.votes is None else json.dumps(dict(self.votes)),
        }
        for name in ("speaker", "gender", "language", "text", "intensity", "statement", "session"):
            row[name] = getattr(self, name) or ""
        for name in _NUMBERS:
            value = getattr(self, name)
            row[name] = "" if value is None else f"{value:.4f}"
        return row


class Table(tuple[Clip, ...]):
    """Clips in order; a tuple with what one asks of a corpus.

    Examples:
        >>> clips = [Clip(Path(f"{e}.wav"), "mine", e, e, speaker="mine:1") for e in Emotion]
        >>> table = Table(clips)
        >>> len(table.filter(emotion="sad")), table.speakers
        (1, ('mine:1',))
        >>> table.counts("corpus")
        {'mine': 12}
    """

    __slots__ = ()

    def filter(
        self, test: Callable[[Clip], bool] | None = None, **values: object | Collection[object]
    ) -> "Table":
        """Keep the clips that pass.

        Args:
            test: called with each clip.
            **values: a field of `Clip` → the value wanted, or a collection of values.
        """
        wanted = {
            name: set(value)
            if isinstance(value, Collection) and not isinstance(value, str)
            else {value}
            for name, value in values.items()
        }
        return Table(
            clip
            for clip in self
            if all(getattr(clip, name) in value for name, value in wanted.items())
            and (test is None or test(clip))
        )

    def select(self, indices: Iterable[int]) -> "Table":
        """Keep the clips at these places, in this order."""
        return Table(self[i] for i in indices)

    def counts(self, name: str) -> dict[str, int]:
        """Count the clips by a field of `Clip`; the unknown is counted under ``""``."""
        values = ("" if (v := getattr(clip, name)) is None else str(v) for clip in self)
        return dict(Counter(values))

    @property
    def speakers(self) -> tuple[str, ...]:
        """The known speakers, sorted."""
        return tuple(sorted({clip.speaker for clip in self if clip.speaker}))

    @property
    def corpora(self) -> tuple[str, ...]:
        """The corpora, sorted."""
        return tuple(sorted({clip.corpus for clip in self}))

    @property
    def labels(self) -> tuple[Emotion, ...]:
        """The emotions that occur, in the vocabulary's order."""
        found = {clip.emotion for clip in self}
        return tuple(emotion for emotion in Emotion if emotion in found)

    @property
    def duration(self) -> float:
        """Seconds of all clips whose length is known."""
        return sum(clip.duration or 0.0 for clip in self)

    def merge(self, *others: "Table") -> "Table":
        """Join tables; a clip that stands in several is kept once.

        Raises:
            ManifestError: one file has two different labels.
        """
        kept: dict[str, Clip] = {}
        for clip in (clip for table in (self, *others) for clip in table):
            key = os.path.normcase(clip.key)
            known = kept.setdefault(key, clip)
            if known.emotion != clip.emotion:
                raise ManifestError(
                    f"{clip.file}: found labels {known.emotion} and {clip.emotion}, expected one; "
                    "remove it from one of the tables"
                )
        return Table(kept.values())

    def to_rows(self, *, folder: Path | None = None) -> list[dict[str, str]]:
        """Give one row a clip; columns that nothing stands in are left out, but for the first nine.

        Args:
            folder: files below it are named relative to it.
        """
        rows = [clip.to_row(folder=folder) for clip in self]
        extra = dict.fromkeys(name for row in rows for name in row if name not in COLUMNS)
        columns = [
            name
            for name in (*COLUMNS, *extra)
            if name in _ALWAYS or any(row.get(name) for row in rows)
        ]
        return [{name: row.get(name, "") for name in columns} for row in rows]

    def write_csv(self, path: str | Path) -> None:
        """Write the table as a manifest that `corpora.load` reads again.

        Args:
            path: the file; files of clips below its folder are named relative to it.

        Raises:
            OutputError: it can't be written.
        """
        path = Path(path)
        rows = self.to_rows(folder=path.parent)
        with atomic_write(path) as file:
            writer = csv.DictWriter(file, list(rows[0]) if rows else _ALWAYS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def to_json(self) -> list[dict[str, Any]]:
        """Give `to_rows` without the empty fields, for JSON Lines."""
        return [{name: text for name, text in row.items() if text} for row in self.to_rows()]


def _named(file: Path, folder: Path | None) -> str:
    if folder is not None:
        try:
            return file.resolve().relative_to(folder.resolve()).as_posix()
        except ValueError:
            pass
        return file.resolve().as_posix()
    return file.as_posix()
