"""EMO-DB: Berlin Database of Emotional Speech."""

import re
from pathlib import Path

from affetto.emotions import Emotion
from affetto.lab.corpora.corpus import Corpus, by_names, load_by_name
from affetto.lab.corpora.table import Clip, Gender, Table

__all__ = ["CORPUS", "load"]

_LABELS = {
    "neutral": Emotion.NEUTRAL,
    "happy": Emotion.HAPPY,
    "sad": Emotion.SAD,
    "angry": Emotion.ANGRY,
    "fear": Emotion.FEAR,
    "disgust": Emotion.DISGUST,
    "boredom": Emotion.BORED,
}
# The letters stand for the German words: Freude, Trauer, Wut (Ärger), Angst, Ekel, Langeweile.
_LETTERS = {
    "N": "neutral",
    "F": "happy",
    "T": "sad",
    "W": "angry",
    "A": "fear",
    "E": "disgust",
    "L": "boredom",
}
_GENDERS: dict[str, Gender] = {
    "03": "m",
    "08": "f",
    "09": "f",
    "10": "m",
    "11": "m",
    "12": "m",
    "13": "f",
    "14": "f",
    "15": "m",
    "16": "f",
}
_TEXTS = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
_NAME = re.compile(r"(\d\d)([ab]\d\d)([NFTWAEL])([a-z]?)")
_LAYOUT = "files named by speaker, text, emotion and version, such as 03a01Fa.wav"


def load(folder: Path) -> Table:
    """Load EMO-DB.

    Args:
        folder: the corpus's folder.

    Returns:
        The clips; `statement` is the text's code, `extra` has the version.

    Raises:
        CorpusError: the files aren't named as EMO-DB names them.
    """
    return load_by_name(folder, _clip, title="EMO-DB", layout=_LAYOUT)


def _clip(path: Path) -> Clip | None:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    speaker, statement, letter, version = match.groups()
    native = _LETTERS[letter]
    return Clip(
        path,
        "emodb",
        _LABELS[native],
        native,
        speaker=f"emodb:{speaker}",
        gender=_GENDERS.get(speaker),
        statement=statement,
        language="de",
        text=_TEXTS.get(statement),
        extra={"version": version} if version else {},
    )


CORPUS = Corpus(
    name="emodb",
    title="EMO-DB",
    language="de",
    licence="free for research, as its authors say",
    noncommercial=True,
    citation=(
        "Burkhardt, Paeschke, Rolfes, Sendlmeier and Weiss (2005): A database of German emotional "
        "speech. Interspeech"
    ),
    speakers=10,
    clips=535,
    labels=_LABELS,
    layout=_LAYOUT,
    obtain="free, from the Technical University of Berlin's page of the database",
    load=load,
    looks_like=by_names(_NAME),
)
