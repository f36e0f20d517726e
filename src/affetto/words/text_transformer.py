"""Text classifiers of transformers, such as `j-hartmann/emotion-english-distilroberta-base`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.emotions import in_order
from affetto.errors import MissingExtraError, ModelError
from affetto.models.calibration import softmax
from affetto.models.quiet import quiet
from affetto.words.label_names import emotions_of
from affetto.words.text_model import passages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["TextTransformer"]

_BATCH = 16
_PASSAGE = 120
"""Words read at once; the pieces that a tokeniser makes of them fit into 512."""


class TextTransformer:
    """A text classifier as its makers left it; its labels are put into the words of this house.

    Args:
        place: folder or the name on the hub.
        name: what it is called.
        threads: CPU threads that it may use.

    Raises:
        ModelError: it isn't there and can't be fetched, it is no text classifier, or its labels
            are no feelings.
        MissingExtraError: torch or transformers isn't installed.
    """

    def __init__(self, place: str | Path, *, name: str, threads: int = 1) -> None:
        try:
            import torch
            import transformers
        except ImportError as error:
            missing = (error.name or "transformers").partition(".")[0]
            raise MissingExtraError(missing, extra="hf", purpose=f"the model {name}") from None
        self.title = name
        self._threads = threads
        try:
            with quiet(transformers.utils.logging):
                self._tokenizer, found = _opened(transformers, str(place))
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            first = str(error).strip().partition("\n")[0]
            raise ModelError(
                f"{name}: found no text classifier of transformers ({first}); fetch it with "
                f"`hf download {name}` where there is a network, or give its folder"
            ) from None
        self._network = found.eval()
        names = [str(found.config.id2label[i]) for i in range(found.config.num_labels)]
        self._emotions = emotions_of(names, name)
        self.labels = in_order({emotion.value for emotion in self._emotions})
        self.languages: tuple[str, ...] = ()
        self.prior = dict.fromkeys(self.labels, 1.0 / len(self.labels))
        # A model of several labels at once says how likely each is for itself.
        self._several = found.config.problem_type == "multi_label_classification"
        self._torch = torch

    def judge(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Give the scores of texts.

        Args:
            texts: of any length; a long one is read in passages, which count alike.

        Returns:
            Label → probability for each text, summing to 1; empty for a text without words.
        """
        parts: list[str] = []
        owners: list[int] = []
        for place, text in enumerate(texts):
            found = passages(text, most=_PASSAGE)
            parts += found
            owners += [place] * len(found)
        sums = np.zeros((len(texts), len(self.labels)))
        for start in range(0, len(parts), _BATCH):
            said = self._said(parts[start : start + _BATCH])
            for column, emotion in enumerate(self._emotions):
                place = self.labels.index(emotion.value)
                np.add.at(sums[:, place], owners[start : start + _BATCH], said[:, column])
        return [
            dict(zip(self.labels, (row / row.sum()).tolist(), strict=True)) if row.any() else {}
            for row in sums
        ]

    def _said(self, texts: list[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        torch = self._torch
        before = torch.get_num_threads()
        torch.set_num_threads(self._threads)
        try:
            read = self._tokenizer(
                texts, padding=True, truncation=True, max_length=512, return_tensors="pt"
            )
            with torch.inference_mode():
                logits = self._network(**read).logits.double()
        finally:
            torch.set_num_threads(before)
        if self._several:
            own = torch.sigmoid(logits)
            return np.asarray((own / own.sum(dim=1, keepdim=True)).numpy())
        return softmax(logits.numpy())


def _opened(transformers: Any, place: str) -> tuple[Any, Any]:
    """Open tokeniser and network: those that are on this machine, else those of the hub."""
    tokenizer = transformers.AutoTokenizer.from_pretrained
    network = transformers.AutoModelForSequenceClassification.from_pretrained
    try:
        return tokenizer(place, local_files_only=True), network(place, local_files_only=True)
    except (OSError, ValueError):
        return tokenizer(place), network(place)
