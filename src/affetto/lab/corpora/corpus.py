"""What is known of a corpus, and how a folder becomes its table."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affetto.audio import sound_files
from affetto.emotions import Emotion
from affetto.errors import CorpusError, OptionError
from affetto.lab.corpora.table import Clip, Table

__all__ = ["Corpus", "by_names", "choice", "load_by_name", "sounds_of"]


@dataclass(frozen=True, slots=True)
class Corpus:
    """One corpus: facts, its labels, its layout.

    Attributes:
        name: short name, as in speakers' ids and tables.
        title: name in print.
        language: ISO 639-1 code.
        licence: in words.
        noncommercial: whether the licence leaves out commercial use.
        citation: authors, year, title.
        speakers: number of speakers of the whole corpus.
        clips: number of clips of the whole corpus (of the part that is loaded by default).
        labels: native label → emotion; None where the vocabulary has no place for it.
        layout: what its folder looks like, in words.
        obtain: how to get it, in words.
        load: folder and options → table.
        looks_like: folder and its sound files → how sure its layout is this corpus's, in [0, 1].
    """

    name: str
    title: str
    language: str
    licence: str
    noncommercial: bool
    citation: str
    speakers: int
    clips: int
    labels: Mapping[str, Emotion | None]
    layout: str
    obtain: str
    load: Callable[..., Table]
    looks_like: Callable[[Path, Sequence[Path]], float]

    @property
    def emotions(self) -> tuple[Emotion, ...]:
        """The emotions it has, in the vocabulary's order."""
        return tuple(emotion for emotion in Emotion if emotion in self.labels.values())

    def to_dict(self) -> dict[str, Any]:
        """Give the facts as plain JSON types."""
        return {
            "name": self.name,
            "title": self.title,
            "language": self.language,
            "licence": self.licence,
            "noncommercial": self.noncommercial,
            "citation": self.citation,
            "speakers": self.speakers,
            "clips": self.clips,
            "emotions": [emotion.value for emotion in self.emotions],
            "layout": self.layout,
            "obtain": self.obtain,
        }


def sounds_of(folder: Path) -> list[Path]:
    """List the sound files in a corpus's folder and below it, sorted.

    Raises:
        CorpusError: there is no such folder.

    Examples:
        >>> import tempfile
        >>> sounds_of(Path(tempfile.mkdtemp()))
        []
    """
    if not folder.is_dir():
        raise CorpusError(f"{folder}: found no folder there; give the folder of a corpus")
    return sound_files(folder)


def load_by_name(
    folder: Path, parse: Callable[[Path], Clip | None], *, title: str, layout: str
) -> Table:
    """Make a table of a corpus whose file names say everything.

    Args:
        folder: the corpus's folder.
        parse: file → clip; None where the name is not one of the corpus's.
        title: the corpus's name.
        layout: what was expected, in words.

    Raises:
        CorpusError: no file, or fewer than half of them, is named as the corpus names them.
    """
    files = sounds_of(folder)
    clips = [clip for path in files if (clip := parse(path)) is not None]
    if not clips or 2 * len(clips) < len(files):
        strange = next((path.name for path in files if parse(path) is None), None)
        found = f"{strange!r} and the like" if strange else "no sound files"
        raise CorpusError(f"{folder}: found {found}, expected {title}: {layout}")
    by_file = {clip.file: clip for clip in clips}
    # Where names repeat in different folders on purpose (DC/a01, JE/a01) the speaker differs.
    unique: dict[tuple[str, str | None], Clip] = {}
    for path in sorted(by_file, key=lambda path: (len(path.parts), path)):
        unique.setdefault((path.stem, by_file[path].speaker), by_file[path])
    return Table(sorted(unique.values(), key=lambda clip: clip.file))


def by_names(pattern: re.Pattern[str]) -> Callable[[Path, Sequence[Path]], float]:
    """Give a `looks_like` that is the share of the files whose names (without suffix) match.

    Examples:
        >>> by_names(re.compile("[ab]"))(Path(), [Path("a.wav"), Path("x.wav")])
        0.5
    """

    def share(folder: Path, files: Sequence[Path]) -> float:
        del folder
        return sum(pattern.fullmatch(path.stem) is not None for path in files) / max(len(files), 1)

    return share


def choice(value: str, *, option: str, of: tuple[str, ...]) -> str:
    """Check that an option's value is one of a few.

    Raises:
        OptionError: it is not.

    Examples:
        >>> choice("song", option="channel", of=("speech", "song"))
        'song'
    """
    if value not in of:
        raise OptionError(f"{option}: found {value!r}, expected one of {', '.join(of)}")
    return value
