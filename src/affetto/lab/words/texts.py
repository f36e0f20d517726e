"""Labelled texts, read from GoEmotions' files or from one's own table."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from affetto.emotions import Emotion, in_order
from affetto.errors import CorpusError, ManifestError
from affetto.jobs import check_there
from affetto.words.label_names import emotion_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["SPLITS", "LabelledTexts", "read_texts"]

SPLITS = ("train", "dev", "test")
"""The splits of a corpus of texts: learnt from, chosen by, measured on."""


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Texts and the feelings that people found in them.

    Attributes:
        texts: as they were written.
        targets: 1 where a text holds a feeling, (n, labels); several may be.
        labels: the columns of `targets`.
        name: of the corpus.
    """

    texts: tuple[str, ...]
    targets: NDArray[np.float32]
    labels: tuple[Emotion, ...]
    name: str

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def shares(self) -> NDArray[np.float64]:
        """The targets of each text as shares that sum to 1, (n, labels)."""
        counts = self.targets.astype(np.float64)
        return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0))


def read_texts(place: str | Path) -> dict[str, LabelledTexts]:
    """Read a corpus of labelled texts.

    Args:
        place: a folder in GoEmotions' layout (``*_train.tsv``, ``*_dev.tsv``, ``*_test.tsv``: text,
            numbers of labels, id, split by tabs; ``*labels.txt``: a label a line), or a table with
            the columns ``text`` and ``emotion`` (several with ``|`` between) and, where it is split
            already, ``split``.

    Returns:
        Split → texts, all with the same labels; a table without splits is "train" alone.

    Raises:
        CorpusError: the folder is no such corpus.
        ManifestError: the table lacks columns, or holds a label that no feeling is.
    """
    place = Path(place)
    check_there(place)
    rows = _folder(place) if place.is_dir() else _table(place)
    named = {label for found in rows.values() for _, labels in found for label in labels}
    order = tuple(Emotion(label) for label in in_order(named))
    if len(order) < 2:
        raise CorpusError(
            f"{place}: found texts of {', '.join(order) or 'no feeling'}, expected two feelings"
        )
    return {split: _of(found, order, place.stem) for split, found in rows.items()}


_Rows = list[tuple[str, tuple[Emotion, ...]]]


def _of(rows: _Rows, order: Sequence[Emotion], name: str) -> LabelledTexts:
    targets = np.zeros((len(rows), len(order)), np.float32)
    for row, (_, labels) in zip(targets, rows, strict=True):
        row[[order.index(label) for label in labels]] = 1.0
    return LabelledTexts(tuple(text for text, _ in rows), targets, tuple(order), name)


def _folder(folder: Path) -> dict[str, _Rows]:
    listed = sorted(folder.glob("*labels.txt"))
    files = {split: sorted(folder.glob(f"*{split}.tsv")) for split in SPLITS}
    if not listed or not files["train"]:
        raise CorpusError(
            f"{folder}: found no *labels.txt and *train.tsv, expected GoEmotions' files, or a "
            "table with the columns text and emotion"
        )
    names = listed[0].read_text(encoding="utf-8").split()
    labels = [_known(name, listed[0], number) for number, name in enumerate(names, start=1)]
    return {split: _lines(found[0], labels) for split, found in files.items() if found}


def _lines(path: Path, labels: Sequence[Emotion]) -> _Rows:
    rows: _Rows = []
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        fields = line.split("\t")
        numbers = fields[1].split(",") if len(fields) > 1 else []
        if not numbers or not all(n.isdigit() and int(n) < len(labels) for n in numbers):
            raise CorpusError(
                f"{path}, line {number}: found {line[:60]!r}, expected a text, a tab and numbers "
                f"of labels from 0 to {len(labels) - 1}"
            )
        rows.append((fields[0], tuple(dict.fromkeys(labels[int(n)] for n in numbers))))
    return rows


def _table(path: Path) -> dict[str, _Rows]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            dialect = "excel-tab" if path.suffix == ".tsv" else "excel"
            reader = csv.DictReader(file, dialect=dialect, strict=True)
            found = list(reader.fieldnames or ())
            if missing := {"text", "emotion"} - set(found):
                raise ManifestError(
                    f"{path}: found the columns {', '.join(found) or 'of nothing'}, expected "
                    f"{' and '.join(sorted(missing))} as well"
                )
            return _by_split(path, reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"{path}: found no table ({error}), expected CSV in UTF-8") from None
    except OSError as error:
        raise ManifestError(f"{path}: can't be read ({error.strerror}); mend that") from None


def _by_split(path: Path, reader: Iterable[dict[str, str]]) -> dict[str, _Rows]:
    rows: dict[str, _Rows] = {}
    for number, row in enumerate(reader, start=2):
        split = (row.get("split") or "train").strip().lower()
        if split not in SPLITS:
            raise ManifestError(
                f"{path}, line {number}: found the split {split!r}, expected {', '.join(SPLITS)}"
            )
        names = [name for name in (row["emotion"] or "").split("|") if name.strip()]
        labels = tuple(dict.fromkeys(_known(name, path, number) for name in names))
        if not labels:
            raise ManifestError(f"{path}, line {number}: found no emotion, expected one or more")
        rows.setdefault(split, []).append((row["text"] or "", labels))
    return rows


def _known(name: str, path: Path, number: int) -> Emotion:
    if (emotion := emotion_of(name)) is None:
        raise ManifestError(
            f"{path}, line {number}: found the label {name.strip()!r}, expected a feeling, such as "
            f"{', '.join(Emotion)}"
        )
    return emotion
