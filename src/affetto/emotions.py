"""The closed vocabulary of feelings, and where each lies on the circumplex."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from affetto.errors import OptionError

__all__ = [
    "CIRCUMPLEX",
    "COLOURS",
    "EMOJI",
    "Emotion",
    "colour_of",
    "in_order",
    "known_order",
    "parse_labels",
    "project",
]


class Emotion(StrEnum):
    """Every label that a corpus is mapped to and a model can say."""

    NEUTRAL = "neutral"
    CALM = "calm"
    HAPPY = "happy"
    SAD = "sad"
    ANGRY = "angry"
    FEAR = "fear"
    DISGUST = "disgust"
    SURPRISE = "surprise"
    BORED = "bored"
    FRUSTRATED = "frustrated"
    EXCITED = "excited"
    OTHER = "other"


CIRCUMPLEX: Mapping[str, tuple[float, float]] = {
    "neutral": (0.0, 0.0),
    "calm": (0.4, -0.6),
    "happy": (0.8, 0.5),
    "sad": (-0.7, -0.5),
    "angry": (-0.6, 0.8),
    "fear": (-0.6, 0.6),
    "disgust": (-0.7, 0.2),
    "surprise": (0.2, 0.8),
    "bored": (-0.3, -0.7),
    "frustrated": (-0.6, 0.4),
    "excited": (0.7, 0.8),
    "other": (0.0, 0.0),
}
"""Valence and arousal of each label, both in [-1, 1].

Placed after the circumplex model of affect (Russell 1980, doi:10.1037/h0077714); the figures are
round ones of ours, a projection for display and not a measurement.
"""

COLOURS: Mapping[str, str] = {
    "neutral": "#8c8c8c",
    "calm": "#56b4e9",
    "happy": "#f0c808",
    "sad": "#0072b2",
    "angry": "#d55e00",
    "fear": "#7b4bb3",
    "disgust": "#4d8c2b",
    "surprise": "#e377c2",
    "bored": "#9c755f",
    "frustrated": "#a6331c",
    "excited": "#2ab7a9",
    "other": "#4d4d4d",
}
"""A colour for each label, told apart with the common colour-vision deficiencies too."""

EMOJI: Mapping[str, str] = {
    "neutral": "😐",
    "calm": "😌",
    "happy": "😊",
    "sad": "😢",
    "angry": "😠",
    "fear": "😨",
    "disgust": "🤢",
    "surprise": "😲",
    "bored": "🥱",
    "frustrated": "😤",
    "excited": "🤩",
    "other": "❔",
}


def colour_of(label: str | None) -> str:
    """Give the colour of a label; one grey for those outside the vocabulary and for none.

    Examples:
        >>> colour_of("sad"), colour_of(None)
        ('#0072b2', '#8a8f98')
    """
    return COLOURS.get(label or "", "#8a8f98")


def project(scores: Mapping[str, float]) -> tuple[float, float]:
    """Project scores onto the circumplex.

    Args:
        scores: label → probability; labels of the vocabulary, summing to 1.

    Returns:
        Valence and arousal, each in [-1, 1]: the mean of the labels' places, weighted by scores.

    Examples:
        >>> project({"happy": 0.5, "neutral": 0.5})
        (0.4, 0.25)
    """
    valence = sum(p * CIRCUMPLEX[label][0] for label, p in scores.items())
    arousal = sum(p * CIRCUMPLEX[label][1] for label, p in scores.items())
    return valence, arousal


def parse_labels(names: str | Iterable[str]) -> tuple[Emotion, ...]:
    """Read labels that a person typed, as a comma-separated text or one by one.

    Args:
        names: for instance ``"angry,happy"`` or ``["angry", "happy"]``.

    Returns:
        The labels, without repeats, in the order given.

    Raises:
        OptionError: a name is not in the vocabulary, or there is none.

    Examples:
        >>> parse_labels("sad, happy,sad")
        (<Emotion.SAD: 'sad'>, <Emotion.HAPPY: 'happy'>)
    """
    parts = names.split(",") if isinstance(names, str) else list(names)
    known = {emotion.value for emotion in Emotion}
    found: dict[Emotion, None] = {}
    for part in parts:
        name = part.strip().lower()
        if not name:
            continue
        if name not in known:
            raise OptionError(
                f"unknown emotion {part.strip()!r}: choose from {', '.join(known_order())}"
            )
        found[Emotion(name)] = None
    if not found:
        raise OptionError(f"no emotion given: choose from {', '.join(known_order())}")
    return tuple(found)


def known_order() -> tuple[str, ...]:
    """Give the vocabulary's labels as texts, in its own order.

    Examples:
        >>> known_order()[:3]
        ('neutral', 'calm', 'happy')
    """
    return tuple(emotion.value for emotion in Emotion)


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Put labels into the vocabulary's order, any others behind as they came.

    Examples:
        >>> in_order(["sad", "grumpy", "happy"])
        ('happy', 'sad', 'grumpy')
    """
    order = {label: place for place, label in enumerate(known_order())}
    return tuple(sorted(labels, key=lambda label: order.get(label, len(order))))
