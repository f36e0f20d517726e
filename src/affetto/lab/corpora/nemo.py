"""nEMO: emotional speech in Polish."""

import csv
import re
from dataclasses import replace
from pathlib import Path

from affetto.emotions import Emotion
from affetto.errors import CorpusError
from affetto.lab.corpora.corpus import Corpus, by_names, load_by_name
from affetto.lab.corpora.table import Clip, Gender, Table

__all__ = ["CORPUS", "load"]

_LABELS = {
    "neutral": Emotion.NEUTRAL,
    "happiness": Emotion.HAPPY,
    "sadness": Emotion.SAD,
    "anger": Emotion.ANGRY,
    "fear": Emotion.FEAR,
    "surprised": Emotion.SURPRISE,
}
_GENDERS: dict[str, Gender] = {
    "EB0": "f",
    "IC0": "f",
    "KD0": "f",
    "KS0": "m",
    "MK0": "f",
    "MP0": "m",
    "SM0": "m",
    "TP0": "m",
    "WR0": "m",
}
_NAME = re.compile(rf"([A-Z]{{2}}\d)_({'|'.join(_LABELS)})_(\d+)")
_LAYOUT = (
    "samples/ with files named speaker_emotion_number, such as EB0_anger_1.wav, and data.tsv "
    "with their texts"
)


def load(folder: Path) -> Table:
    """Load nEMO; without `data.tsv` the clips have no texts.

    Args:
        folder: the corpus's folder, or its `samples`.

    Returns:
        The clips; `statement` is the sentence's number, `extra` has the speaker's age.

    Raises:
        CorpusError: the files aren't named as nEMO names them, or data.tsv can't be read.
    """
    table = load_by_name(folder, _clip, title="nEMO", layout=_LAYOUT)
    rows = _read_data(folder)
    return Table(_with_data(clip, rows[clip.name]) if clip.name in rows else clip for clip in table)


def _clip(path: Path) -> Clip | None:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    return Clip(
        path,
        "nemo",
        _LABELS[match[2]],
        match[2],
        speaker=f"nemo:{match[1]}",
        gender=_GENDERS.get(match[1]),
        statement=match[3],
        language="pl",
    )


def _read_data(folder: Path) -> dict[str, dict[str, str]]:
    """Read data.tsv: name without suffix → row."""
    path = next((p for p in (folder / "data.tsv", folder.parent / "data.tsv") if p.is_file()), None)
    if path is None:
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(
            f"{path}: found {error}, expected nEMO's table; copy it afresh"
        ) from error
    if rows and "file_id" not in rows[0]:
        raise CorpusError(f"{path}: found no column file_id, expected nEMO's table; copy it afresh")
    return {Path(row["file_id"] or "").stem: row for row in rows}


def _with_data(clip: Clip, row: dict[str, str]) -> Clip:
    return replace(
        clip,
        text=row.get("raw_text") or row.get("normalized_text") or None,
        extra={"age": row["age"]} if row.get("age") else {},
    )


CORPUS = Corpus(
    name="nemo",
    title="nEMO",
    language="pl",
    licence="CC BY-NC-SA 4.0",
    noncommercial=True,
    citation=("Christop (2024): nEMO: dataset of emotional speech in Polish. LREC-COLING"),
    speakers=9,
    clips=4481,
    labels=_LABELS,
    layout=_LAYOUT,
    obtain="free, from its author's repository (amu-cai/nEMO)",
    load=load,
    looks_like=by_names(_NAME),
)
