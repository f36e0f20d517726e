"""CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset."""

import csv
import re
from dataclasses import replace
from pathlib import Path

from affetto.emotions import Emotion
from affetto.errors import CorpusError
from affetto.lab.corpora.corpus import Corpus, by_names, choice, load_by_name
from affetto.lab.corpora.table import Clip, Gender, Table

__all__ = ["CORPUS", "load", "read_votes"]

_LABELS = {
    "NEU": Emotion.NEUTRAL,
    "HAP": Emotion.HAPPY,
    "SAD": Emotion.SAD,
    "ANG": Emotion.ANGRY,
    "FEA": Emotion.FEAR,
    "DIS": Emotion.DISGUST,
}
_INTENSITIES = {"XX": "unspecified", "X": "unspecified", "LO": "low", "MD": "medium", "HI": "high"}
_TEXTS = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
# A last X is missing in one name of the original: 1040_ITH_SAD_X.
_NAME = re.compile(
    rf"(1\d{{3}})_({'|'.join(_TEXTS)})_({'|'.join(_LABELS)})_({'|'.join(_INTENSITIES)})"
)
_VOTED = {name[0]: emotion for name, emotion in _LABELS.items()}
_PRESENTED = {"voice": "1", "face": "2", "both": "3"}
_LAYOUT = (
    "files named actor_sentence_emotion_intensity, such as 1001_IEO_ANG_HI.wav, with "
    "tabulatedVotes.csv and VideoDemographics.csv beside them"
)


def load(
    folder: Path,
    *,
    label: str = "acted",
    votes: Path | None = None,
    heard: str = "voice",
) -> Table:
    """Load CREMA-D.

    The crowd's votes agree with the acted emotion for less than half of the clips when only the
    voice is heard: say which label a result uses.

    Args:
        folder: the corpus's folder.
        label: ``"acted"``, or ``"voted"`` for the emotion that most listeners heard; clips
            without votes, or with a tie, are then left out.
        votes: folder of `tabulatedVotes.csv` and `VideoDemographics.csv`; by default they are
            looked for in `folder`, below it, and in the folder above.
        heard: which votes count: of those who met the ``"voice"``, the ``"face"`` or ``"both"``.

    Returns:
        The clips; `votes` holds each emotion's share, `statement` the sentence's code; `extra`
        has the actor's age and `agreement`, the share of the largest.

    Raises:
        CorpusError: the files aren't named as CREMA-D names them, or the votes are missing
            though the label shall be voted.
        OptionError: unknown `label` or `heard`.
    """
    choice(label, option="label", of=("acted", "voted"))
    choice(heard, option="heard", of=tuple(_PRESENTED))
    table = load_by_name(folder, _clip, title="CREMA-D", layout=_LAYOUT)
    tally = _find("tabulatedVotes.csv", folder, votes)
    actors = _find("VideoDemographics.csv", folder, votes)
    if tally is None and label == "voted":
        raise CorpusError(
            f"{folder}: found no tabulatedVotes.csv, expected it for voted labels; "
            "name its folder (votes), or take the acted labels"
        )
    shares = read_votes(tally, heard=heard) if tally else {}
    people = _read_actors(actors) if actors else {}
    completed = (_complete(clip, shares, people, voted=label == "voted") for clip in table)
    return Table(clip for clip in completed if clip.emotion is not None)


def read_votes(path: Path, *, heard: str = "voice") -> dict[str, dict[str, float]]:
    """Read the crowd's votes.

    Args:
        path: `tabulatedVotes.csv`.
        heard: ``"voice"``, ``"face"`` or ``"both"``: what the listeners met.

    Returns:
        Name of the clip → emotion → share of the votes; shares sum to 1.

    Raises:
        CorpusError: the file isn't the corpus's table of votes.
    """
    shares = {}
    for row in _rows(path, {"", "A", "D", "F", "H", "N", "S", "fileName"}):
        if not row[""].startswith(_PRESENTED[heard]):
            continue
        try:
            counts = {emotion.value: float(row[letter]) for letter, emotion in _VOTED.items()}
        except ValueError as error:
            raise CorpusError(
                f"{path}: found {error}, expected counts of votes; copy it afresh"
            ) from error
        total = sum(counts.values())
        if total > 0:
            shares[row["fileName"]] = {name: count / total for name, count in counts.items()}
    return shares


def _clip(path: Path) -> Clip | None:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    actor, sentence, native, intensity = match.groups()
    return Clip(
        path,
        "cremad",
        _LABELS[native],
        native,
        speaker=f"cremad:{actor}",
        intensity=_INTENSITIES[intensity],
        statement=sentence,
        language="en",
        text=_TEXTS[sentence],
    )


def _complete(
    clip: Clip,
    shares: dict[str, dict[str, float]],
    people: dict[str, tuple[Gender, str]],
    *,
    voted: bool,
) -> Clip:
    # The votes spell out the intensity that one file's name cuts short.
    votes = shares.get(clip.name) or shares.get(f"{clip.name}X")
    actor = (clip.speaker or "").partition(":")[2]
    gender, age = people.get(actor, (None, ""))
    extra = {"age": age} if age else {}
    emotion = clip.emotion
    most = max(votes.values()) if votes else 0.0
    if votes:
        extra["agreement"] = f"{most:.4f}"
    if voted:
        winners = [name for name, share in (votes or {}).items() if share == most]
        emotion = Emotion(winners[0]) if len(winners) == 1 else None
    return replace(clip, emotion=emotion, gender=gender, votes=votes, extra=extra)


def _read_actors(path: Path) -> dict[str, tuple[Gender, str]]:
    rows = _rows(path, {"ActorID", "Age", "Sex"})
    return {row["ActorID"]: ("f" if row["Sex"] == "Female" else "m", row["Age"]) for row in rows}


def _rows(path: Path, columns: set[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, restval=""))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(
            f"{path}: found {error}, expected CREMA-D's table; copy it afresh"
        ) from error
    missing = columns - set(rows[0]) if rows else columns
    if missing:
        raise CorpusError(
            f"{path}: found no column {sorted(missing)[0]!r}, expected CREMA-D's table; "
            "copy it afresh"
        )
    return rows


def _find(name: str, folder: Path, named: Path | None) -> Path | None:
    if named is not None:
        if not (named / name).is_file():
            raise CorpusError(f"{named}: found no {name} there; name the folder that has it")
        return named / name
    here = next(iter(sorted(folder.rglob(name))), None)
    above = folder.parent / name
    return here or (above if above.is_file() else None)


CORPUS = Corpus(
    name="cremad",
    title="CREMA-D",
    language="en",
    licence="ODbL 1.0",
    noncommercial=False,
    citation=(
        "Cao, Cooper, Keutmann, Gur, Nenkova and Verma (2014): CREMA-D: crowd-sourced emotional "
        "multimodal actors dataset. IEEE Transactions on Affective Computing 5(4)"
    ),
    speakers=91,
    clips=7442,
    labels=_LABELS,
    layout=_LAYOUT,
    obtain="free, from its authors' repository (AudioWAV, with the tables beside it)",
    load=load,
    looks_like=by_names(_NAME),
)
