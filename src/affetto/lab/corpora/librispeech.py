"""LibriSpeech: read books, taken for ordinary speech."""

import re
from pathlib import Path

from affetto.emotions import Emotion
from affetto.lab.corpora.corpus import Corpus, by_names, load_by_name
from affetto.lab.corpora.table import Clip, Gender, Table

__all__ = ["CORPUS", "load"]

_LABELS = {"read speech": Emotion.NEUTRAL}
_NAME = re.compile(r"(\d+)-(\d+)-(\d{4})")
_LAYOUT = "speaker/chapter/ with files named speaker-chapter-number, such as 84-121123-0001.flac"


def load(folder: Path) -> Table:
    """Load LibriSpeech; every clip counts as neutral, which nobody has rated.

    Args:
        folder: the corpus's folder or one of its parts; texts are read from the `.trans.txt`
            beside the clips, genders from a `SPEAKERS.TXT` in the folder or above it.

    Returns:
        The clips; `session` is the chapter.

    Raises:
        CorpusError: the files aren't named as LibriSpeech names them.
    """
    texts: dict[str, str] = {}
    for path in sorted(folder.rglob("*.trans.txt")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, text = line.partition(" ")
            texts[name] = text.strip()
    genders = _genders(folder)

    def parse(path: Path) -> Clip | None:
        match = _NAME.fullmatch(path.stem)
        if match is None:
            return None
        return Clip(
            path,
            "librispeech",
            Emotion.NEUTRAL,
            "read speech",
            speaker=f"librispeech:{match[1]}",
            gender=genders.get(match[1]),
            language="en",
            text=texts.get(path.stem),
            session=match[2],
        )

    return load_by_name(folder, parse, title="LibriSpeech", layout=_LAYOUT)


def _genders(folder: Path) -> dict[str, Gender]:
    found: dict[str, Gender] = {}
    for above in (folder, folder.parent):
        path = above / "SPEAKERS.TXT"
        if not path.is_file():
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            fields = [field.strip() for field in line.split("|")]
            if len(fields) > 1 and fields[1] in ("F", "M"):
                found[fields[0]] = "f" if fields[1] == "F" else "m"
    return found


CORPUS = Corpus(
    name="librispeech",
    title="LibriSpeech",
    language="en",
    licence="CC BY 4.0",
    noncommercial=False,
    citation=(
        "Panayotov, Chen, Povey and Khudanpur (2015): Librispeech: an ASR corpus based on public "
        "domain audio books. ICASSP"
    ),
    speakers=2484,
    clips=292367,
    labels=_LABELS,
    layout=_LAYOUT,
    obtain="free, from OpenSLR",
    load=load,
    looks_like=by_names(_NAME),
)
