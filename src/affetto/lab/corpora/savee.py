"""SAVEE: Surrey Audio-Visual Expressed Emotion."""

import re
from collections.abc import Sequence
from pathlib import Path

from affetto.emotions import Emotion
from affetto.lab.corpora.corpus import Corpus, load_by_name
from affetto.lab.corpora.table import Clip, Table

__all__ = ["CORPUS", "load"]

_LABELS = {
    "neutral": Emotion.NEUTRAL,
    "happy": Emotion.HAPPY,
    "sad": Emotion.SAD,
    "angry": Emotion.ANGRY,
    "fear": Emotion.FEAR,
    "disgust": Emotion.DISGUST,
    "surprise": Emotion.SURPRISE,
}
_CODES = {
    "n": "neutral",
    "h": "happy",
    "sa": "sad",
    "a": "angry",
    "f": "fear",
    "d": "disgust",
    "su": "surprise",
}
_SPEAKERS = ("DC", "JE", "JK", "KL")
_NAME = re.compile(r"(?:(DC|JE|JK|KL)_)?(sa|su|a|d|f|h|n)(\d\d)")
_LAYOUT = "files named speaker_emotion-and-number, such as DC_a01.wav, or DC/a01.wav in folders"


def load(folder: Path) -> Table:
    """Load SAVEE, with the speaker in the file's name or as its folder.

    Args:
        folder: the corpus's folder.

    Returns:
        The clips; `statement` is the code of the sentence (letter of the emotion and number).

    Raises:
        CorpusError: the files aren't named as SAVEE names them.
    """
    return load_by_name(folder, _clip, title="SAVEE", layout=_LAYOUT)


def _clip(path: Path) -> Clip | None:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    speaker = match[1] or path.parent.name
    if speaker not in _SPEAKERS:
        return None
    native = _CODES[match[2]]
    return Clip(
        path,
        "savee",
        _LABELS[native],
        native,
        speaker=f"savee:{speaker}",
        gender="m",
        statement=match[2] + match[3],
        language="en",
    )


def _looks_like(folder: Path, files: Sequence[Path]) -> float:
    del folder
    return sum(_clip(path) is not None for path in files) / max(len(files), 1)


CORPUS = Corpus(
    name="savee",
    title="SAVEE",
    language="en",
    licence="research use, by registration",
    noncommercial=True,
    citation=(
        "Haq and Jackson (2010): Multimodal emotion recognition. In: Machine Audition: Principles, "
        "Algorithms and Systems, IGI Global"
    ),
    speakers=4,
    clips=480,
    labels=_LABELS,
    layout=_LAYOUT,
    obtain="by registration with the University of Surrey",
    load=load,
    looks_like=_looks_like,
)
