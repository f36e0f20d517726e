"""What a model said of clips whose emotion is known, and files of it."""

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from affetto.errors import ManifestError, OutputError
from affetto.jobs import atomic_path, atomic_write, check_file
from affetto.lab.corpora.table import Clip

__all__ = [
    "Prediction",
    "check_predictions",
    "from_columns",
    "load_predictions",
    "save_predictions",
    "to_columns",
]

_ABOUT = ("speaker", "gender", "language")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model said of one clip.

    Attributes:
        file: the clip's file.
        speaker: None where unknown.
        gender: None where unknown.
        language: None where unknown.
        truth: the true label; None where it has no place in the vocabulary.
        scores: label → probability, over all that the model can say; sums to 1.

    Examples:
        >>> Prediction("a.wav", "anna", "f", "de", "sad", {"happy": 0.2, "sad": 0.8}).top
        'sad'
    """

    file: str
    speaker: str | None
    gender: str | None
    language: str | None
    truth: str | None
    scores: Mapping[str, float]

    @classmethod
    def of(cls, clip: Clip, truth: str | None, scores: Mapping[str, float]) -> Self:
        """Say what was said of a clip.

        Args:
            clip: the clip.
            truth: its true label, as it counts here.
            scores: label → probability.
        """
        return cls(clip.key, clip.speaker, clip.gender, clip.language, truth, scores)

    @property
    def top(self) -> str:
        """The label with the highest probability."""
        return max(self.scores, key=self.scores.__getitem__)


def to_columns(
    predictions: Sequence[Prediction], *, digits: int | None = None, files: bool = True
) -> dict[str, Any]:
    """Lay predictions out as columns of plain types, small on disk.

    Names that repeat (labels, speakers, …) are written once and numbered. With `digits`,
    probabilities are whole numbers of 10**-digits.

    Args:
        predictions: whose models can say the same labels.
        digits: decimals that probabilities are rounded to; None keeps them.
        files: keep the names of the files.

    Returns:
        Columns of JSON types; `from_columns` reads them.

    Examples:
        >>> one = Prediction("a.wav", "anna", None, "de", "sad", {"happy": 0.2, "sad": 0.8})
        >>> to_columns([one], digits=4)["probabilities"]
        [[2000, 8000]]
    """
    labels = _labels(predictions)
    columns: dict[str, Any] = {"labels": labels, "digits": digits}
    truths = dict.fromkeys(p.truth for p in predictions if p.truth is not None)
    names = [*labels, *(truth for truth in truths if truth not in labels)]
    columns["truth"] = _numbered([p.truth for p in predictions], names)
    for field in _ABOUT:
        columns[field] = _numbered([getattr(p, field) for p in predictions])
    if files:
        columns["file"] = [p.file for p in predictions]
    rows = [[float(p.scores.get(label, 0.0)) for label in labels] for p in predictions]
    if digits is None:
        columns["probabilities"] = rows
    else:
        columns["probabilities"] = [[round(value * 10**digits) for value in row] for row in rows]
    return columns


def _labels(predictions: Iterable[Prediction]) -> list[str]:
    """Give the labels in the order in which the models give them."""
    return list(dict.fromkeys(label for p in predictions for label in p.scores))


def _numbered(values: Sequence[str | None], names: Sequence[str] = ()) -> dict[str, Any]:
    """Write each name once; -1 stands for the unknown."""
    known = list(names) or list(dict.fromkeys(value for value in values if value is not None))
    places = {name: place for place, name in enumerate(known)}
    return {"names": known, "of": [-1 if v is None else places[v] for v in values]}


def from_columns(columns: Mapping[str, Any]) -> list[Prediction]:
    """Read what `to_columns` laid out; rounded probabilities are brought to a sum of 1 again.

    Args:
        columns: of `to_columns`, perhaps from a file.

    Returns:
        The predictions in their order; those without files are called by their number.

    Raises:
        ManifestError: a column is missing or of another length.
    """
    try:
        labels = [str(label) for label in columns["labels"]]
        truths = _named(columns["truth"])
        about = [_named(columns[field]) for field in _ABOUT]
        files = columns.get("file") or [str(number) for number in range(len(truths))]
        table = np.asarray(columns["probabilities"], np.float64).reshape(len(truths), len(labels))
        if columns.get("digits") is not None:
            table = table / np.maximum(table.sum(axis=1, keepdims=True), 1.0)
        rows = table.tolist()
        return [
            Prediction(
                str(file), speaker, gender, language, truth, dict(zip(labels, row, strict=True))
            )
            for file, speaker, gender, language, truth, row in zip(
                files, *about, truths, rows, strict=True
            )
        ]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ManifestError(
            f"found predictions that can't be read ({type(error).__name__}: {error}), expected the "
            "columns labels, truth, speaker, gender, language and probabilities; write them anew"
        ) from None


def _named(column: Mapping[str, Any]) -> list[str | None]:
    names = [None if name is None else str(name) for name in column["names"]]
    numbers = [int(number) for number in column["of"]]
    if any(not -1 <= number < len(names) for number in numbers):
        raise ValueError("a number without a name")
    return [None if number < 0 else names[number] for number in numbers]


def save_predictions(path: str | Path, predictions: Sequence[Prediction]) -> None:
    """Write predictions to a file: JSON, or a compressed `.npz` without pickles.

    Args:
        path: its suffix, `.json` or `.npz`, chooses the format.
        predictions: whose models can say the same labels.

    Raises:
        OutputError: another suffix, or it can't be written there.
    """
    path = Path(path)
    check_predictions(path)
    columns = to_columns(predictions)
    if path.suffix == ".json":
        with atomic_write(path) as file:
            json.dump(columns, file, ensure_ascii=False)
    else:
        table = np.asarray(columns.pop("probabilities"), np.float64)
        with atomic_path(path) as unfinished, unfinished.open("wb") as binary:
            np.savez_compressed(binary, probabilities=table, columns=np.array(json.dumps(columns)))


def check_predictions(path: str | Path) -> None:
    """See to it before long work that predictions can be saved.

    Args:
        path: of the file.

    Raises:
        OutputError: another suffix than `save_predictions` knows, or it can't be written there.
    """
    path = Path(path)
    if path.suffix not in (".json", ".npz"):
        raise OutputError(f"can't write {path}: found {path.suffix!r}, expected .json or .npz")
    check_file(path)


def load_predictions(path: str | Path) -> list[Prediction]:
    """Read predictions that `save_predictions` wrote.

    Raises:
        ManifestError: no such file, or it holds no predictions.
    """
    path = Path(path)
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                columns = json.loads(str(arrays["columns"]))
                columns["probabilities"] = arrays["probabilities"].tolist()
        else:
            columns = json.loads(path.read_text(encoding="utf-8"))
        return from_columns(columns)
    except ManifestError as error:
        raise ManifestError(f"{path}: {error}") from None
    except OSError as error:
        raise ManifestError(
            f"{path}: {error.strerror or 'not a readable file'}, expected predictions that "
            "Affetto saved; correct the path"
        ) from None
    except (ValueError, KeyError, TypeError, EOFError, RecursionError, zipfile.BadZipFile):
        raise ManifestError(
            f"{path}: found no predictions in it, expected a file that Affetto saved; "
            "correct the path"
        ) from None
