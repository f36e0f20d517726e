"""What others call the feelings of texts, in the words of this house."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from affetto.emotions import Emotion
from affetto.errors import ModelError
from affetto.models.foreign import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["emotion_of", "emotions_of"]

_FINER: dict[Emotion, str] = {
    Emotion.ANGRY: "anger annoyance disapproval rage hate",
    Emotion.DISGUST: "disgust contempt",
    Emotion.FEAR: "fear nervousness worry",
    Emotion.HAPPY: "joy amusement approval gratitude optimism relief pride admiration desire "
    "caring love excitement enthusiasm fun",
    Emotion.SAD: "sadness disappointment embarrassment grief remorse",
    Emotion.SURPRISE: "surprise realization confusion curiosity",
    Emotion.NEUTRAL: "neutral noemotion",
    Emotion.BORED: "boredom",
}
"""Finer words for feelings; those of GoEmotions (Demszky et al. 2020, arXiv:2005.00547) are put
where its authors put them among Ekman's six."""

_KNOWN = {name: emotion for emotion, names in _FINER.items() for name in names.split()}


def emotion_of(name: str) -> Emotion | None:
    """Give the feeling that a name means; None where it means none of them.

    Examples:
        >>> emotion_of("Joy").value, emotion_of("nervousness").value, emotion_of("LABEL_3")
        ('happy', 'fear', None)
    """
    plain = re.sub(r"[^a-z]", "", name.lower())
    return _KNOWN.get(plain) or NAMES.get(plain)


def emotions_of(names: Sequence[str], model: str) -> tuple[Emotion, ...]:
    """Map a model's labels; several may mean the same feeling, whose scores are then summed.

    Args:
        names: the labels.
        model: whose they are, for the error.

    Raises:
        ModelError: one means no feeling, or all mean the same.

    Examples:
        >>> [emotion.value for emotion in emotions_of(["grief", "sadness", "joy"], "a model")]
        ['sad', 'sad', 'happy']
    """
    found = [emotion_of(name) for name in names]
    if strange := [name for name, emotion in zip(names, found, strict=True) if emotion is None]:
        raise ModelError(
            f"{model}: found the label {strange[0]!r}, expected names of feelings: this is no "
            f"model of emotions; it says {', '.join(names[:8])}"
        )
    emotions = tuple(emotion for emotion in found if emotion is not None)
    if len(set(emotions)) < 2:
        raise ModelError(
            f"{model}: found the labels {', '.join(names)}, expected two feelings or more"
        )
    return emotions
