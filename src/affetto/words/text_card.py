"""The card of a model of words: what it says, reads, was trained on and may be used for."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import yaml

from affetto.errors import ModelError
from affetto.models.card_fields import (
    TrainingCorpus,
    labels_of,
    list_of,
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

__all__ = ["FILES", "TextCard"]

FILES = ("model.onnx", "grams.txt", "golden.npz")
"""What a package of a model of words holds beside its card."""

_FORMAT = "words 1"
"""The kind of card, and the version of its form."""


@dataclass(frozen=True, slots=True)
class TextCard:
    """What a model of words says of itself.

    Attributes:
        name: of the model.
        version: of the model.
        labels: what it can say, in the order of its logits.
        longest: tokens of the longest runs that it reads; see `affetto.words.grams.grams`.
        passage: tokens that it reads at once; a longer text is read in passages.
        scale: multiplies the logits before they become probabilities that sum to 1.
        offset: added to the scaled logits, one a label.
        thresholds: of each label's own probability, from which on a text is said to hold it.
        prior: how common each label is among what it says of ordinary texts; sums to 1.
        languages: ISO 639-1 codes of the languages that it was trained on.
        training: the corpora that it was trained on, and their licences.
        licence: of the weights.
        description: one line.
        results: what was measured, by name.
        sha256: file → checksum.

    Examples:
        >>> from affetto.emotions import Emotion
        >>> card = TextCard("tiny", "1", (Emotion.SAD, Emotion.HAPPY), offset=(0.0, 0.1),
        ...                 thresholds=(0.5, 0.4), prior=(0.5, 0.5))
        >>> TextCard.from_dict(card.to_dict()) == card
        True
    """

    name: str
    version: str
    labels: tuple[Emotion, ...]
    longest: int = 3
    passage: int = 60
    scale: float = 1.0
    offset: tuple[float, ...] = ()
    thresholds: tuple[float, ...] = ()
    prior: tuple[float, ...] = ()
    languages: tuple[str, ...] = ()
    training: tuple[TrainingCorpus, ...] = ()
    licence: str = ""
    description: str = ""
    results: Mapping[str, Any] = field(default_factory=dict)
    sha256: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.labels) < 2 or len(set(self.labels)) != len(self.labels):
            raise wrong("labels", ", ".join(self.labels), "two or more without repeats")
        for name in ("longest", "passage"):
            if getattr(self, name) < 1:
                raise wrong(name, getattr(self, name), "1 or more")
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise wrong("scale", self.scale, "a number above 0")
        for name in ("offset", "thresholds", "prior"):
            if len(getattr(self, name)) != len(self.labels):
                raise wrong(name, list(getattr(self, name)), f"{len(self.labels)} numbers")
        if not all(math.isfinite(value) for value in self.offset):
            raise wrong("offset", list(self.offset), "finite numbers")
        for name in ("thresholds", "prior"):
            if not all(0.0 < value < 1.0 for value in getattr(self, name)):
                raise wrong(name, list(getattr(self, name)), "numbers between 0 and 1")

    @property
    def files(self) -> tuple[str, ...]:
        """What the package holds beside the card."""
        return FILES

    @property
    def title(self) -> str:
        """Name and version, as a transcript states its model."""
        return f"{self.name} {self.version}"

    def to_dict(self) -> dict[str, Any]:
        """Give the card as plain YAML types."""
        row = {"format": _FORMAT, **{f.name: getattr(self, f.name) for f in fields(self)}}
        row["labels"] = [label.value for label in self.labels]
        row["training"] = [asdict(corpus) for corpus in self.training]
        for name in ("offset", "thresholds", "prior", "languages"):
            row[name] = list(row[name])
        for name in ("results", "sha256"):
            row[name] = dict(row[name])
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> TextCard:
        """Read a card from plain types, checking every field.

        Raises:
            ModelError: a field is missing, unknown, of the wrong type or out of range.
        """
        if row.get("format") != _FORMAT:
            raise ModelError(
                f"the card's format: found {row.get('format')!r}, expected {_FORMAT!r}: this is no "
                "model of words, or it needs another version of Affetto"
            )
        if unknown := sorted(set(row) - set(_READERS) - {"format"}, key=str):
            raise ModelError(
                f"the card holds unknown fields: {', '.join(map(str, unknown))}; "
                "correct them, or get the model again"
            )
        if missing := [name for name in _REQUIRED if name not in row]:
            raise ModelError(f"the card has no {missing[0]}: expected {', '.join(_REQUIRED)}")
        return cls(
            **{name: read(name, row[name]) for name, read in _READERS.items() if name in row}
        )

    @classmethod
    def read(cls, path: Path) -> TextCard:
        """Read `card.yaml`.

        Raises:
            ModelError: it is missing, is no YAML or is no card of a model of words.
        """
        row = read_yaml(path, expected=_REQUIRED)
        try:
            return cls.from_dict(row)
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from None

    def dump(self) -> str:
        """Give the text of `card.yaml`."""
        return yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True, width=100)


def _numbers(name: str, value: object) -> tuple[float, ...]:
    return tuple(number_of(name, entry) for entry in list_of(name, value))


_READERS: dict[str, Callable[[str, object], Any]] = {
    "name": text_of,
    "version": text_of,
    "labels": labels_of,
    "longest": whole_of,
    "passage": whole_of,
    "scale": number_of,
    "offset": _numbers,
    "thresholds": _numbers,
    "prior": _numbers,
    "languages": texts_of,
    "training": training_of,
    "licence": text_of,
    "description": text_of,
    "results": mapping_of,
    "sha256": sums_of,
}
_REQUIRED = ("name", "version", "labels", "offset", "thresholds", "prior")
