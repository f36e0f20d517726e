"""The card of a model package: what the model says, hears, was trained on and may be used for."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml

from affetto.errors import ModelError, OptionError
from affetto.features.front_end import FrontEndConfig
from affetto.features.recipe import FeatureRecipe
from affetto.models.card_fields import (
    TrainingCorpus,
    flag_of,
    labels_of,
    mapping_of,
    number_of,
    read_yaml,
    sums_of,
    text_of,
    texts_of,
    training_of,
    whole_of,
    wrong,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from affetto.emotions import Emotion

__all__ = ["CARD_FORMAT", "FILES", "Card", "SpeechThresholds", "TrainingCorpus"]

CARD_FORMAT = 1
"""The version of the card's own form."""

FILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "frames": ("model.onnx", "head.onnx", "baseline.npz", "golden.npz"),
        "window": ("model.onnx", "golden.npz"),
    }
)
"""Kind of a package → what it holds beside its card."""


@dataclass(frozen=True, slots=True)
class SpeechThresholds:
    """When the model's speech head says that somebody speaks.

    Attributes:
        on: speech begins where its probability reaches this, in (0, 1).
        off: speech ends where its probability falls below this, in (0, `on`].
        min_speech: seconds; shorter stretches are dropped.
        min_silence: seconds; shorter gaps are bridged.
        pad: seconds added to both ends of a stretch.
        voice_distance: cosine distance, in (0, 2), above which two voices are two speakers.
    """

    on: float = 0.8
    off: float = 0.3
    min_speech: float = 0.4
    min_silence: float = 0.3
    pad: float = 0.04
    voice_distance: float = 0.45

    def __post_init__(self) -> None:
        if not 0.0 < self.off <= self.on < 1.0:
            raise ModelError(
                f"found speech thresholds on {self.on} and off {self.off}, "
                "expected 0 < off <= on < 1: mend the card"
            )
        if min(self.min_speech, self.min_silence, self.pad) < 0.0:
            raise ModelError("found a negative duration among the speech thresholds: mend the card")
        if not 0.0 < self.voice_distance < 2.0:
            raise ModelError(
                f"found voice_distance {self.voice_distance}, expected it between 0 and 2: "
                "mend the card"
            )


@dataclass(frozen=True, slots=True)
class Card:
    """What a model package says of itself.

    Attributes:
        name: of the model.
        version: of the model.
        labels: what it can say, in the order of its logits.
        receptive: feature frames that one row hears, of a network over time.
        stride: feature frames from one row to the next, of a network over time.
        window: seconds that one answer hears.
        hop: seconds from one answer to the next, unless asked otherwise.
        front_end: the features that a network over time hears.
        features: the features of each window, of a model that judges windows for themselves; None
            for a network over time.
        genders: whether it tells gender and emotion at once: its outputs are those for women, then
            those for men, each in the order of the labels.
        outputs: whether the network gives logits or probabilities of the labels, or the dimensions
            valence, arousal and dominance, in [-1, 1], and no labels.
        temperature: divides the logits where the speaker's baseline is not known.
        temperature_baseline: divides them where it is.
        speech: thresholds of the speech head.
        languages: ISO 639-1 codes of the languages that it was trained on.
        training: the corpora that it was trained on.
        licence: of the weights.
        description: one line.
        results: protocol → figures.
        sha256: file → checksum, filled in by `write_package`.

    Examples:
        >>> from affetto.emotions import Emotion
        >>> card = Card(name="tiny", version="1", labels=(Emotion.SAD, Emotion.HAPPY),
        ...             receptive=49, stride=4)
        >>> Card.from_dict(card.to_dict()) == card
        True
        >>> Card.from_dict({**card.to_dict(), "labels": ["sad", "hungry"]})
        Traceback (most recent call last):
        ...
        affetto.errors.ModelError: the card's labels: found 'hungry', expected labels among ...
    """

    name: str
    version: str
    labels: tuple[Emotion, ...]
    receptive: int = 1
    stride: int = 1
    window: float = 3.0
    hop: float = 0.5
    front_end: FrontEndConfig = field(default_factory=FrontEndConfig)
    features: FeatureRecipe | None = None
    genders: bool = False
    outputs: str = "logits"
    temperature: float = 1.0
    temperature_baseline: float = 1.0
    speech: SpeechThresholds = field(default_factory=SpeechThresholds)
    languages: tuple[str, ...] = ()
    training: tuple[TrainingCorpus, ...] = ()
    licence: str = ""
    description: str = ""
    results: Mapping[str, Any] = field(default_factory=dict)
    sha256: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        dimensional = self.outputs == "dimensions" and self.features is not None
        if dimensional and self.labels:
            raise ModelError(
                f"the card's labels: found {', '.join(self.labels)} beside outputs dimensions, "
                "expected none"
            )
        repeats = len(set(self.labels)) != len(self.labels)
        if not dimensional and (len(self.labels) < 2 or repeats):
            raise ModelError(
                f"the card's labels: found {', '.join(self.labels) or 'none'}, "
                "expected two or more without repeats"
            )
        for name in ("receptive", "stride"):
            if getattr(self, name) < 1:
                raise ModelError(f"the card's {name}: found {getattr(self, name)}, expected >= 1")
        for name in ("window", "hop", "temperature", "temperature_baseline"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise ModelError(f"the card's {name}: found {value}, expected a number above 0")
        if self.outputs not in ("logits", "probabilities", "dimensions"):
            raise wrong("outputs", self.outputs, "logits, probabilities or dimensions")
        if dimensional and self.genders:
            raise wrong("genders", self.genders, "false beside outputs dimensions")

    @property
    def kind(self) -> str:
        """Give "frames" for a network over time, "window" for a model that judges windows."""
        return "frames" if self.features is None else "window"

    @property
    def files(self) -> tuple[str, ...]:
        """What the package holds beside the card."""
        return FILES[self.kind]

    @property
    def title(self) -> str:
        """Name and version, as a timeline states its model."""
        return f"{self.name} {self.version}"

    @property
    def identity(self) -> str:
        """The title, and what tells two networks of the same title apart."""
        return f"{self.title} ({self.sha256.get('model.onnx', '')[:12]})"

    @property
    def row_seconds(self) -> float:
        """Seconds from one row of the network to the next."""
        return self.stride / self.front_end.frame_rate

    def to_dict(self) -> dict[str, Any]:
        """Give the card as plain YAML types."""
        about: dict[str, Any] = {
            "format": CARD_FORMAT,
            "name": self.name,
            "version": self.version,
            "description": self.description,
            "labels": [label.value for label in self.labels],
            "languages": list(self.languages),
        }
        if self.features is None:
            hears: dict[str, Any] = {
                "front_end": self.front_end.to_dict(),
                "receptive": self.receptive,
                "stride": self.stride,
                "window": self.window,
                "hop": self.hop,
                "temperature": self.temperature,
                "temperature_baseline": self.temperature_baseline,
                "speech": asdict(self.speech),
            }
        else:
            hears = {
                "kind": self.kind,
                "features": self.features.to_dict(),
                "genders": self.genders,
                "outputs": self.outputs,
                "window": self.window,
                "hop": self.hop,
                "temperature": self.temperature,
            }
        return {
            **about,
            **hears,
            "training": [asdict(corpus) for corpus in self.training],
            "licence": self.licence,
            "results": dict(self.results),
            "sha256": dict(self.sha256),
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Card:
        """Read a card from plain types, checking every field.

        Raises:
            ModelError: a field is missing, unknown, of the wrong type or out of range.
        """
        if str(row.get("format")).startswith("words"):
            raise ModelError(
                "found a model of words, expected one of voices: give it to --words-model, or to "
                "affetto words show and verify"
            )
        if row.get("format") != CARD_FORMAT:
            raise ModelError(
                f"the card's format: found {row.get('format')!r}, expected {CARD_FORMAT}: "
                "the model needs another version of Affetto"
            )
        kind = row.get("kind", "frames")
        if not isinstance(kind, str) or kind not in FILES:
            raise wrong("kind", kind, " or ".join(FILES))
        known = {field.name for field in fields(cls)} | {"format", "kind"}
        known -= _NOT_OF[kind]
        if unknown := sorted(set(row) - known, key=str):
            raise ModelError(
                f"the card holds unknown fields: {', '.join(map(str, unknown))}; "
                "correct them, or get the model again"
            )
        values: dict[str, Any] = {}
        for name, read in _READERS.items():
            if name in row:
                values[name] = read(name, row[name])
            elif name in _REQUIRED[kind]:
                raise ModelError(f"the card has no {name}: expected {', '.join(_REQUIRED[kind])}")
        return cls(**values)

    @classmethod
    def read(cls, path: Path) -> Card:
        """Read `card.yaml`.

        Raises:
            ModelError: it is missing, is no YAML or is no card.
        """
        row = read_yaml(path, expected=_REQUIRED["frames"])
        try:
            return cls.from_dict(row)
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from None

    def dump(self) -> str:
        """Give the text of `card.yaml`."""
        return yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True, width=100)


def _features(name: str, value: object) -> FeatureRecipe:
    try:
        return FeatureRecipe.from_dict(mapping_of(name, value))
    except OptionError as error:
        raise ModelError(f"the card's {name}: {error}") from None


def _speech(name: str, value: object) -> SpeechThresholds:
    row = mapping_of(name, value)
    known = {field.name for field in fields(SpeechThresholds)}
    if unknown := sorted(set(row) - known, key=str):
        raise wrong(name, unknown[0], f"fields among {', '.join(sorted(known))}")
    return SpeechThresholds(**{key: number_of(f"{name}.{key}", v) for key, v in row.items()})


_READERS: dict[str, Callable[[str, object], Any]] = {
    "name": text_of,
    "version": text_of,
    "labels": labels_of,
    "receptive": whole_of,
    "stride": whole_of,
    "window": number_of,
    "hop": number_of,
    "front_end": lambda name, value: FrontEndConfig.from_dict(mapping_of(name, value)),
    "features": _features,
    "genders": flag_of,
    "outputs": text_of,
    "temperature": number_of,
    "temperature_baseline": number_of,
    "speech": _speech,
    "languages": texts_of,
    "training": training_of,
    "licence": text_of,
    "description": text_of,
    "results": mapping_of,
    "sha256": sums_of,
}
_REQUIRED = {
    "frames": ("name", "version", "labels", "front_end", "receptive", "stride"),
    "window": ("name", "version", "labels", "features"),
}
_NOT_OF = {
    "frames": {"features", "genders", "outputs"},
    "window": {"front_end", "receptive", "stride", "temperature_baseline", "speech"},
}
"""Kind of a package → fields that have no place in its card."""
