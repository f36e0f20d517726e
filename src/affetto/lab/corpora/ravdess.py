"""RAVDESS: Ryerson Audio-Visual Database of Emotional Speech and Song."""

import re
from pathlib import Path

from affetto.emotions import Emotion
from affetto.lab.corpora.corpus import Corpus, by_names, choice, load_by_name
from affetto.lab.corpora.table import Clip, Table

__all__ = ["CORPUS", "load"]

_NAME = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)")
_LABELS = {
    "neutral": Emotion.NEUTRAL,
    "calm": Emotion.CALM,
    "happy": Emotion.HAPPY,
    "sad": Emotion.SAD,
    "angry": Emotion.ANGRY,
    "fearful": Emotion.FEAR,
    "disgust": Emotion.DISGUST,
    "surprised": Emotion.SURPRISE,
}
_EMOTIONS = dict(zip(("01", "02", "03", "04", "05", "06", "07", "08"), _LABELS, strict=True))
_MODALITIES = {"01": "audio and video", "02": "video", "03": "audio"}
_CHANNELS = {"01": "speech", "02": "song"}
_INTENSITIES = {"01": "normal", "02": "strong"}
_STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
_LAYOUT = (
    "files named by seven numbers, modality-channel-emotion-intensity-statement-repetition-actor, "
    "such as 03-01-05-02-01-01-12.wav"
)


def load(folder: Path, *, channel: str = "speech") -> Table:
    """Load RAVDESS.

    Args:
        folder: the corpus's folder; its actors' folders may lie below it.
        channel: ``"speech"``, ``"song"`` or ``"both"``.

    Returns:
        The clips that have sound. Odd actors are men, even ones women; `extra` has the modality,
        the channel and the repetition.

    Raises:
        CorpusError: the files aren't named as RAVDESS names them.
        OptionError: unknown channel.
    """
    choice(channel, option="channel", of=("speech", "song", "both"))
    table = load_by_name(folder, _clip, title="RAVDESS", layout=_LAYOUT)
    return table.filter(
        lambda clip: (
            clip.extra["modality"] != "video" and channel in ("both", clip.extra["channel"])
        )
    )


def _clip(path: Path) -> Clip | None:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    modality, channel, emotion, intensity, statement, repetition, actor = match.groups()
    if (
        modality not in _MODALITIES
        or channel not in _CHANNELS
        or emotion not in _EMOTIONS
        or intensity not in _INTENSITIES
        or statement not in _STATEMENTS
    ):
        return None
    native = _EMOTIONS[emotion]
    return Clip(
        path,
        "ravdess",
        _LABELS[native],
        native,
        speaker=f"ravdess:{actor}",
        gender="m" if int(actor) % 2 else "f",
        intensity=_INTENSITIES[intensity],
        statement=statement,
        language="en",
        text=_STATEMENTS[statement],
        extra={
            "modality": _MODALITIES[modality],
            "channel": _CHANNELS[channel],
            "repetition": repetition,
        },
    )


CORPUS = Corpus(
    name="ravdess",
    title="RAVDESS",
    language="en",
    licence="CC BY-NC-SA 4.0",
    noncommercial=True,
    citation=(
        "Livingstone and Russo (2018): The Ryerson Audio-Visual Database of Emotional Speech and "
        "Song (RAVDESS). PLoS ONE 13(5)"
    ),
    speakers=24,
    clips=1440,
    labels=_LABELS,
    layout=_LAYOUT,
    obtain="free, from Zenodo: Audio_Speech_Actors_01-24.zip (and Audio_Song_... for song)",
    load=load,
    looks_like=by_names(_NAME),
)
