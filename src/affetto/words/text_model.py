"""The small model of the emotion of words: no torch, one ONNX file, a list of grams."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import ModelError
from affetto.models.calibration import softmax
from affetto.models.network import open_session, run_session
from affetto.models.package import check_files, package_in_the_making
from affetto.words.grams import grams, tokens
from affetto.words.text_card import TextCard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["TextModel", "passages", "write_text_model"]

_GOLDEN = (
    "I can't believe you did that, I'm furious!",
    "we sat by the window and it was raining",
    "WOW what a lovely surprise 😊",
    "not happy at all",
)
_MOST = 1024
"""Grams of one passage: more than any that people write, so that nonsense costs no time."""

_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")


class TextModel:
    """Hear the feeling of written words.

    Make one with `TextModel.load`, or `affetto.words.open_text_model`.

    Args:
        card: what it says of itself.
        network: its ONNX file, or the file's bytes.
        listed: the grams that it knows, in the order of their ids; the first has the id 1.
        folder: where it is, of a package.
        threads: CPU threads that the network may use.

    Raises:
        ModelError: the network can't be run.

    Examples:
        >>> from affetto.words import open_text_model
        >>> model = open_text_model()
        >>> scores = model.judge(["I'm so sorry for your loss", ""])
        >>> max(scores[0], key=scores[0].get), scores[1]
        ('sad', {})
    """

    def __init__(
        self,
        card: TextCard,
        network: Path | bytes,
        listed: Sequence[str],
        *,
        folder: Path | None = None,
        threads: int = 1,
    ) -> None:
        self.card = card
        self.folder = folder or Path(card.name)
        self._session = open_session(network, threads)
        # 0 is what stands for nothing: it fills up the shorter ones of several texts.
        self._places = {gram: place for place, gram in enumerate(listed, start=1)}

    @classmethod
    def load(cls, folder: str | Path, *, threads: int = 1, check: bool = True) -> TextModel:
        """Open a package.

        Args:
            folder: where it is.
            threads: CPU threads that the network may use.
            check: compare the files with the checksums of the card.

        Raises:
            ModelError: no such folder, a file is missing or damaged, or the card is wrong.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise ModelError(f"{folder}: found no such folder, expected a model of words")
        card = TextCard.read(folder / "card.yaml")
        check_files(folder, card, sums=check)
        try:
            listed = (folder / "grams.txt").read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError):
            raise ModelError(f"{folder}: grams.txt can't be read: get the model again") from None
        return cls(card, folder / "model.onnx", listed, folder=folder, threads=threads)

    @property
    def title(self) -> str:
        """Name and version."""
        return self.card.title

    @property
    def labels(self) -> tuple[str, ...]:
        """What it can say, in the order of its logits."""
        return tuple(label.value for label in self.card.labels)

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes of the languages that it reads."""
        return self.card.languages

    @property
    def prior(self) -> dict[str, float]:
        """How common each label is among what it says of ordinary texts."""
        return dict(zip(self.labels, self.card.prior, strict=True))

    def judge(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Give the calibrated scores of texts.

        Args:
            texts: of any length; a long one is read in passages, which count by their length.

        Returns:
            Label → probability for each text, summing to 1; empty for a text without words.

        Raises:
            ModelError: the network doesn't fit the package.
        """
        parts: list[str] = []
        owners: list[int] = []
        for place, text in enumerate(texts):
            found = passages(text, most=self.card.passage)
            parts += found
            owners += [place] * len(found)
        if not parts:
            return [{} for _ in texts]
        scaled = self.logits(parts) * self.card.scale + np.asarray(self.card.offset)
        said = softmax(scaled)
        weights = np.array([len(tokens(part)) for part in parts], np.float64)
        sums = np.zeros((len(texts), len(self.labels)))
        np.add.at(sums, owners, said * weights[:, None])
        return [
            dict(zip(self.labels, (row / row.sum()).tolist(), strict=True)) if row.any() else {}
            for row in sums
        ]

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Judge texts as they are, each at once.

        Args:
            texts: short ones.

        Returns:
            One logit a label that the text may hold besides others, (n, labels): the sigmoid of
            each is that label's own probability.

        Raises:
            ModelError: the network doesn't fit the package.
        """
        read = [self._read(text) for text in texts]
        ids = np.zeros((len(read), max(map(len, read), default=0) or 1), np.int64)
        for row, places in zip(ids, read, strict=True):
            row[: len(places)] = places
        (logits,) = run_session(self._session, ["logits"], {"ids": ids}, self.folder)
        if logits.shape != (len(read), len(self.labels)):
            raise ModelError(
                f"{self.folder}: found logits of shape {logits.shape}, expected "
                f"{(len(read), len(self.labels))}: the card's labels are not the network's"
            )
        return logits

    def _read(self, text: str) -> list[int]:
        known = dict.fromkeys(grams(text, longest=self.card.longest))
        return [self._places[gram] for gram in known if gram in self._places][:_MOST]

    def golden(self) -> dict[str, NDArray[Any]]:
        """Compute the golden vectors: texts, and their logits."""
        return {"texts": np.array(_GOLDEN), "logits": self.logits(_GOLDEN)}

    def again(self, golden: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Compute anew what golden vectors hold."""
        return {"logits": self.logits([str(text) for text in golden["texts"]])}


def passages(text: str, *, most: int) -> list[str]:
    """Cut a text into passages of sentences.

    Args:
        text: of any length.
        most: tokens of a passage; a longer sentence is cut between its words.

    Returns:
        Passages in order; none of a text without words.

    Examples:
        >>> passages("One two. Three four! Five?", most=6)
        ['One two. Three four!', 'Five?']
        >>> passages(" ", most=6)
        []
    """
    cut: list[str] = []
    for sentence in _SENTENCE.split(text):
        pieces = sentence.split()
        cut += [" ".join(pieces[i : i + most]) for i in range(0, len(pieces), most)]
    found: list[str] = []
    length = 0
    for sentence in cut:
        size = len(tokens(sentence))
        if not size:
            continue
        if found and length + size <= most:
            found[-1] += " " + sentence
            length += size
        else:
            found.append(sentence)
            length = size
    return found


def write_text_model(
    folder: str | Path, card: TextCard, *, model: bytes, listed: Sequence[str]
) -> TextModel:
    """Write a package, whole or not at all; one that stood there is replaced.

    Args:
        folder: where it shall be; folders above that are missing are made.
        card: its checksums are filled in.
        model: the network, as the bytes of an ONNX file: ``ids`` (n, grams) int64, padded with 0,
            to ``logits`` (n, labels).
        listed: the grams that it knows; the first has the id 1.

    Returns:
        The package, opened from where it now is.

    Raises:
        OutputError: it can't be written there.
        ModelError: the network doesn't run, or doesn't fit the card.
    """
    folder = Path(folder)
    with package_in_the_making(
        folder, card, load=partial(TextModel.load, check=False)
    ) as unfinished:
        (unfinished / "model.onnx").write_bytes(model)
        (unfinished / "grams.txt").write_text("\n".join(listed), encoding="utf-8", newline="\n")
    return TextModel.load(folder)
