"""What the cards of models have in common: fields read from YAML, each checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from affetto.emotions import Emotion
from affetto.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = [
    "TrainingCorpus",
    "flag_of",
    "labels_of",
    "list_of",
    "mapping_of",
    "number_of",
    "read_yaml",
    "sums_of",
    "text_of",
    "texts_of",
    "training_of",
    "whole_of",
    "wrong",
]


@dataclass(frozen=True, slots=True)
class TrainingCorpus:
    """A corpus that a model was trained on, and the licence that it came with."""

    corpus: str
    licence: str


def read_yaml(path: Path, *, expected: Iterable[str]) -> dict[str, Any]:
    """Read the fields of a card.

    Args:
        path: of the card.
        expected: fields that a card has, for the error that says so.

    Raises:
        ModelError: it is missing, or is no YAML that holds fields.
    """
    try:
        row = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(
            f"{path.parent}: found no {path.name}, expected a model package: "
            "a folder that `affetto train` wrote"
        ) from None
    except OSError as error:
        raise ModelError(f"{path}: can't be read ({error.strerror}); mend that") from None
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ModelError(
            f"{path}: found what is no YAML{where}, expected a card; get the model again"
        ) from None
    if not isinstance(row, dict):
        raise ModelError(
            f"{path}: found no card's fields, expected {', '.join(expected)}; get the model again"
        )
    return row


def wrong(name: str, value: object, expected: str) -> ModelError:
    """Say that a field holds something else than it should."""
    return ModelError(f"the card's {name}: found {value!r}, expected {expected}")


def text_of(name: str, value: object) -> str:
    """Read a text; a number is taken for one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong(name, value, "a text")
    return str(value)


def whole_of(name: str, value: object) -> int:
    """Read a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(name, value, "a whole number")
    return value


def number_of(name: str, value: object) -> float:
    """Read a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(name, value, "a number")
    return float(value)


def flag_of(name: str, value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise wrong(name, value, "true or false")
    return value


def list_of(name: str, value: object) -> list[Any]:
    """Read a list."""
    if not isinstance(value, list):
        raise wrong(name, value, "a list")
    return value


def mapping_of(name: str, value: object) -> dict[str, Any]:
    """Read a mapping."""
    if not isinstance(value, dict):
        raise wrong(name, value, "a mapping")
    return value


def labels_of(name: str, value: object) -> tuple[Emotion, ...]:
    """Read labels of the vocabulary."""
    known = {emotion.value: emotion for emotion in Emotion}
    for label in list_of(name, value):
        if not isinstance(label, str) or label not in known:
            raise wrong(name, label, f"labels among {', '.join(known)}")
    return tuple(known[label] for label in list_of(name, value))


def training_of(name: str, value: object) -> tuple[TrainingCorpus, ...]:
    """Read the corpora of a training."""
    corpora = []
    for row in list_of(name, value):
        if not isinstance(row, dict) or set(row) != {"corpus", "licence"}:
            raise wrong(name, row, "entries of a corpus and its licence")
        corpora.append(TrainingCorpus(text_of(name, row["corpus"]), text_of(name, row["licence"])))
    return tuple(corpora)


def texts_of(name: str, value: object) -> tuple[str, ...]:
    """Read a list of texts."""
    return tuple(text_of(name, entry) for entry in list_of(name, value))


def sums_of(name: str, value: object) -> dict[str, str]:
    """Read checksums: file → checksum."""
    return {
        str(file): text_of(f"{name}.{file}", entry)
        for file, entry in mapping_of(name, value).items()
    }
