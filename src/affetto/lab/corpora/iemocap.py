"""IEMOCAP: Interactive Emotional Dyadic Motion Capture."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from affetto.emotions import Emotion
from affetto.errors import CorpusError
from affetto.lab.corpora.corpus import Corpus
from affetto.lab.corpora.cut import split_long
from affetto.lab.corpora.table import Clip, Table

__all__ = ["CORPUS", "load"]

_LABELS: dict[str, Emotion | None] = {
    "neu": Emotion.NEUTRAL,
    "hap": Emotion.HAPPY,
    "sad": Emotion.SAD,
    "ang": Emotion.ANGRY,
    "fea": Emotion.FEAR,
    "dis": Emotion.DISGUST,
    "sur": Emotion.SURPRISE,
    "fru": Emotion.FRUSTRATED,
    "exc": Emotion.EXCITED,
    "oth": Emotion.OTHER,
    "xxx": None,  # the raters did not agree
}
_TURN = re.compile(
    r"\[(\d+\.\d+) - (\d+\.\d+)\]\t(Ses(\d\d)[FM]_\S+?_([FM])\d+)\t(\w+)"
    r"\t\[(\d+\.\d+), (\d+\.\d+), (\d+\.\d+)\]"
)
_TEXT = re.compile(r"(Ses\d\d[FM]_\S+) \[[\d.]+-[\d.]+\]: (.*)")
_LAYOUT = (
    "Session1 to Session5, each with dialog/EmoEvaluation/*.txt and "
    "sentences/wav/<dialog>/<turn>.wav"
)


def load(
    folder: Path,
    *,
    excited_as_happy: bool = False,
    drop: Sequence[str] = ("xxx", "oth"),
    split_over: float | None = None,
    overlap: float = 1.0,
) -> Table:
    """Load IEMOCAP.

    Args:
        folder: the folder of the sessions (`IEMOCAP_full_release`), or one above it.
        excited_as_happy: count `exc` as happy, as most published four-class results do.
        drop: native labels to leave out.
        split_over: cut turns longer than this into equal parts, seconds; None leaves them whole.
        overlap: seconds that neighbouring parts share.

    Returns:
        One clip a turn (or part of one); valence, arousal and dominance are the raters' means,
        moved from 1–5 to [-1, 1].

    Raises:
        CorpusError: the folder hasn't IEMOCAP's layout, or turns have no sound file.
        OptionError: `split_over` is not longer than `overlap`.
    """
    sessions = _sessions(folder)
    if not sessions:
        raise CorpusError(f"{folder}: found no Session1 …, expected IEMOCAP: {_LAYOUT}")
    clips: list[Clip] = []
    missing: list[Path] = []
    for session in sessions:
        texts = dict(_texts(session))
        for clip in _turns(session):
            if clip.native in drop:
                continue
            if not clip.file.is_file():
                missing.append(clip.file)
                continue
            emotion = clip.emotion
            if excited_as_happy and emotion is Emotion.EXCITED:
                emotion = Emotion.HAPPY
            clips.append(replace(clip, emotion=emotion, text=texts.get(clip.name)))
    if missing:
        raise CorpusError(
            f"{folder}: found no {missing[0].name} (and {len(missing) - 1} more), expected a sound "
            f"file for every turn: {_LAYOUT}"
        )
    if not clips:
        raise CorpusError(f"{folder}: found no turns, expected IEMOCAP: {_LAYOUT}")
    table = Table(clips)
    return table if split_over is None else split_long(table, over=split_over, overlap=overlap)


def _sessions(folder: Path) -> list[Path]:
    for place in (folder, *sorted(path for path in folder.glob("*") if path.is_dir())):
        found = [
            path
            for path in sorted(place.glob("Session*"))
            if (path / "dialog" / "EmoEvaluation").is_dir()
        ]
        if found:
            return found
    return []


def _turns(session: Path) -> Iterator[Clip]:
    # Only the summaries: the folders below hold each rater's own file.
    for path in sorted((session / "dialog" / "EmoEvaluation").glob("*.txt")):
        if path.name.startswith("."):
            continue
        for match in _TURN.finditer(path.read_text(encoding="utf-8", errors="replace")):
            start, end, name, number, gender, native, *rated = match.groups()
            valence, arousal, dominance = ((float(value) - 3) / 2 for value in rated)
            yield Clip(
                session / "sentences" / "wav" / path.stem / f"{name}.wav",
                "iemocap",
                _LABELS.get(native),
                native,
                # The first letter is who wears the markers; the last is who speaks.
                speaker=f"iemocap:{number}{gender}",
                gender="f" if gender == "F" else "m",
                language="en",
                duration=round(float(end) - float(start), 4),
                session=str(int(number)),
                valence=valence,
                arousal=arousal,
                dominance=dominance,
                extra={"dialog": path.stem},
            )


def _texts(session: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((session / "dialog" / "transcriptions").glob("*.txt")):
        for match in _TEXT.finditer(path.read_text(encoding="utf-8", errors="replace")):
            yield match[1], match[2].strip()


def _looks_like(folder: Path, files: Sequence[Path]) -> float:
    del files
    return float(bool(_sessions(folder)))


CORPUS = Corpus(
    name="iemocap",
    title="IEMOCAP",
    language="en",
    licence="research use, by registration",
    noncommercial=True,
    citation=(
        "Busso, Bulut, Lee, Kazemzadeh, Mower, Kim, Chang, Lee and Narayanan (2008): IEMOCAP: "
        "interactive emotional dyadic motion capture database. Language Resources and Evaluation 42"
    ),
    speakers=10,
    clips=7529,
    labels=_LABELS,
    layout=_LAYOUT,
    obtain="by registration with the University of Southern California",
    load=load,
    looks_like=_looks_like,
)
