"""TESS: Toronto Emotional Speech Set."""

import re
from pathlib import Path

from affetto.emotions import Emotion
from affetto.lab.corpora.corpus import Corpus, by_names, load_by_name
from affetto.lab.corpora.table import Clip, Table

__all__ = ["CORPUS", "load"]

_LABELS = {
    "neutral": Emotion.NEUTRAL,
    "happy": Emotion.HAPPY,
    "sad": Emotion.SAD,
    "angry": Emotion.ANGRY,
    "fear": Emotion.FEAR,
    "disgust": Emotion.DISGUST,
    "ps": Emotion.SURPRISE,  # "pleasant surprise"
}
# One file of the original lacks its F: OA_bite_neutral.
_NAME = re.compile(rf"(OAF|YAF|OA)_([a-z]+)_({'|'.join(_LABELS)})", re.IGNORECASE)
_LAYOUT = "files named actress_word_emotion, such as OAF_back_angry.wav"


def load(folder: Path) -> Table:
    """Load TESS.

    Args:
        folder: the corpus's folder.

    Returns:
        The clips; `statement` is the word, `extra` has the actress's age.

    Raises:
        CorpusError: the files aren't named as TESS names them.
    """
    return load_by_name(folder, _clip, title="TESS", layout=_LAYOUT)


def _clip(path: Path) -> Clip | None:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    actress = "YAF" if match[1].upper() == "YAF" else "OAF"
    word, native = match[2].lower(), match[3].lower()
    return Clip(
        path,
        "tess",
        _LABELS[native],
        native,
        speaker=f"tess:{actress}",
        gender="f",
        statement=word,
        language="en",
        text=f"Say the word {word}",
        extra={"age": "64" if actress == "OAF" else "26"},
    )


CORPUS = Corpus(
    name="tess",
    title="TESS",
    language="en",
    licence="CC BY-NC-ND 4.0",
    noncommercial=True,
    citation=(
        "Pichora-Fuller and Dupuis (2020): Toronto emotional speech set (TESS). University of "
        "Toronto, Borealis"
    ),
    speakers=2,
    clips=2800,
    labels=_LABELS,
    layout=_LAYOUT,
    obtain="free, from the University of Toronto's collection in Borealis",
    load=load,
    looks_like=by_names(_NAME),
)
