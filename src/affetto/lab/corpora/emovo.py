"""EMOVO: emotional speech in Italian."""

import re
from pathlib import Path

from affetto.emotions import Emotion
from affetto.lab.corpora.corpus import Corpus, by_names, load_by_name
from affetto.lab.corpora.table import Clip, Gender, Table

__all__ = ["CORPUS", "load"]

# Disgusto, gioia, neutro, paura, rabbia, sorpresa, tristezza.
_LABELS = {
    "neu": Emotion.NEUTRAL,
    "gio": Emotion.HAPPY,
    "tri": Emotion.SAD,
    "rab": Emotion.ANGRY,
    "pau": Emotion.FEAR,
    "dis": Emotion.DISGUST,
    "sor": Emotion.SURPRISE,
}
_NAME = re.compile(r"(disg|dis|gio|neu|pau|rab|sor|tri)-([fm])([123])-([a-z]\d)")
_LAYOUT = "files named emotion-speaker-sentence, such as gio-f1-b1.wav"


def load(folder: Path) -> Table:
    """Load EMOVO.

    Args:
        folder: the corpus's folder.

    Returns:
        The clips; `statement` is the sentence's code.

    Raises:
        CorpusError: the files aren't named as EMOVO names them.
    """
    return load_by_name(folder, _clip, title="EMOVO", layout=_LAYOUT)


def _clip(path: Path) -> Clip | None:
    match = _NAME.fullmatch(path.stem.lower())
    if match is None:
        return None
    native = match[1][:3]
    gender: Gender = "f" if match[2] == "f" else "m"
    return Clip(
        path,
        "emovo",
        _LABELS[native],
        native,
        speaker=f"emovo:{match[2]}{match[3]}",
        gender=gender,
        statement=match[4],
        language="it",
    )


CORPUS = Corpus(
    name="emovo",
    title="EMOVO",
    language="it",
    licence="free for research, as its authors say",
    noncommercial=True,
    citation=(
        "Costantini, Iaderola, Paoloni and Todisco (2014): EMOVO corpus: an Italian emotional "
        "speech database. LREC"
    ),
    speakers=6,
    clips=588,
    labels=_LABELS,
    layout=_LAYOUT,
    obtain="free, from the Fondazione Ugo Bordoni's page of the corpus",
    load=load,
    looks_like=by_names(_NAME),
)
