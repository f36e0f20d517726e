"""Text classifiers of transformers, such as `j-hartmann/emotion-english-distilroberta-base`."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.emotions import in_order
from affetto.errors import MissingExtraError, ModelError
from affetto.models.calibration import softmax
from affetto.models.quiet import quiet
from affetto.words.label_names import emotions_of
from affetto.words.text_model import passages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

__all__ = ["TextTransformer", "has_half", "knows_no_emoji", "spelled"]

_BATCH = 16
_MANY = 64
"""Short texts of like length read at once."""
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
        self._spells = knows_no_emoji(self._tokenizer)

    @property
    def vocabulary(self) -> list[str]:
        """The English words that it knows whole, in small letters."""
        pieces = list(self._tokenizer.get_vocab())
        # Where the beginnings of words are marked, what is not marked is the inside of one.
        marked = [piece[1:] for piece in pieces if piece[0] in "Ġ▁"]
        words = set(marked or pieces)
        return sorted(
            w for w in words if len(w) > 2 and w.isascii() and w.isalpha() and w.islower()
        )

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

    def to(self, device: str | torch.device) -> TextTransformer:
        """Compute on another device, a GPU say, from now on."""
        self._network.to(device)
        return self

    def held(
        self, texts: Sequence[str], *, report: Callable[[float], None] | None = None
    ) -> NDArray[np.float64]:
        """Give how likely texts hold each label, of which a text may hold several.

        Args:
            texts: short ones; of a long one the beginning is read.
            report: called with the share that is done.

        Returns:
            Probabilities, (texts, labels), to two digits: many texts are judged fast here.
        """
        torch = self._torch
        half = has_half(self._network.device)
        told = np.zeros((len(texts), len(self.labels)))
        # Texts of a length beside one another: the shorter are filled up to the longest.
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(order), _MANY):
            places = order[start : start + _MANY]
            with torch.autocast(self._network.device.type, torch.bfloat16, enabled=half):
                said = self._own([texts[place] for place in places])
            for column, emotion in enumerate(self._emotions):
                told[places, self.labels.index(emotion.value)] += said[:, column]
            if report is not None:
                report(min((start + _MANY) / len(order), 1.0))
        return np.minimum(told, 1.0)

    def _said(self, texts: list[str]) -> NDArray[np.float64]:
        """Give probabilities that sum to 1."""
        own = self._own(texts)
        return np.asarray(own / own.sum(axis=1, keepdims=True))

    def _own(self, texts: list[str]) -> NDArray[np.float64]:
        """Give the probability of each label, for itself where several may hold."""
        torch = self._torch
        given = [spelled(text) for text in texts] if self._spells else texts
        before = torch.get_num_threads()
        torch.set_num_threads(self._threads)
        try:
            read = self._tokenizer(
                given, padding=True, truncation=True, max_length=512, return_tensors="pt"
            )
            with torch.inference_mode():
                logits = self._network(**read.to(self._network.device)).logits.double().cpu()
        finally:
            torch.set_num_threads(before)
        return np.asarray(torch.sigmoid(logits) if self._several else softmax(logits.numpy()))


def has_half(device: torch.device) -> bool:
    """Tell whether bfloat16 is the faster way; a CPU without matrix units is slower in it."""
    import torch

    if device.type == "cpu":
        known = hasattr(torch.cpu, "_is_amx_tile_supported")
        return known and bool(torch.cpu._is_amx_tile_supported())
    return device.type == "cuda" and bool(torch.cuda.is_bf16_supported())


def knows_no_emoji(tokenizer: Any) -> bool:
    """Tell whether a tokeniser of transformers takes emoji for something unknown."""
    unknown = tokenizer.unk_token_id
    return unknown is not None and unknown in tokenizer("🙂").input_ids


def spelled(text: str) -> str:
    """Write emoji and other pictures in words, for tokenisers that know none.

    Examples:
        >>> spelled("so happy 😊!"), spelled("I ♥ it"), spelled("plain  text")
        ('so happy smiling face with smiling eyes !', 'I black heart suit it', 'plain  text')
    """
    if not any(map(_pictures, text)):
        return text
    # What only says how a picture is drawn or joined to the next says nothing by itself.
    plain = text.replace("\ufe0f", "").replace("\u200d", "")
    words = "".join(f" {unicodedata.name(c, '').lower()} " if _pictures(c) else c for c in plain)
    return re.sub(" {2,}", " ", words).strip(" ")


def _pictures(character: str) -> bool:
    """Tell whether a character is a picture; ``^`` or ``°`` and the like are none."""
    return character > "\u2000" and unicodedata.category(character) in ("So", "Sk")


def _opened(transformers: Any, place: str) -> tuple[Any, Any]:
    """Open tokeniser and network: those that are on this machine, else those of the hub."""
    tokenizer = transformers.AutoTokenizer.from_pretrained
    network = transformers.AutoModelForSequenceClassification.from_pretrained
    try:
        return tokenizer(place, local_files_only=True), network(place, local_files_only=True)
    except (OSError, ValueError):
        return tokenizer(place), network(place)
