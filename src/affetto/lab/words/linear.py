"""A linear model on grams: what each gram tells of each feeling, as one small ONNX file.

Every label has a logistic regression of its own, since a text may hold several feelings. A gram
weighs as much as it is rare (inverse document frequency), and the weights of a text have length 1.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import CorpusError
from affetto.lab.extras import require
from affetto.words.grams import grams

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["LinearSettings", "LinearTexts", "fit_linear", "spoken_form"]


@dataclass(frozen=True, slots=True)
class LinearSettings:
    """How the model learns.

    Attributes:
        longest: tokens of the longest runs.
        rarest: texts that a gram must stand in to be learnt.
        strength: of the fit (scikit-learn's C); more fits closer.
        spoken: learn each text also as a recogniser of speech would write it.
    """

    longest: int = 3
    rarest: int = 3
    strength: float = 2.0
    spoken: bool = True


@dataclass(frozen=True, slots=True)
class LinearTexts:
    """A fitted model.

    Attributes:
        listed: the grams that it knows.
        rarity: how much each weighs, (grams,).
        weights: what each tells of each label, (grams, labels).
        bias: (labels,).
        longest: tokens of the longest runs.
    """

    listed: tuple[str, ...]
    rarity: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    longest: int

    def to_onnx(self) -> bytes:
        """Give the network as an ONNX file: ``ids`` (n, grams), padded with 0, to ``logits``.

        The weights are kept in 8 bits with a scale a gram: that is what makes the file small.
        """
        from onnx import TensorProto, helper, numpy_helper

        told = self.weights * self.rarity[:, None]
        scale = (np.abs(told).max(axis=1) / 127).astype(np.float16)
        # What half a precision rounds to nothing would divide by nothing.
        scale = np.maximum(scale, np.float16(6e-5))
        whole = np.rint(told / scale[:, None].astype(np.float32)).clip(-127, 127).astype(np.int8)
        labels = self.weights.shape[1]
        constants = {
            "table": np.concatenate([np.zeros((1, labels), np.int8), whole]),
            "scale": np.concatenate([np.zeros(1, np.float16), scale])[:, None],
            "rarity": np.concatenate([np.zeros(1), self.rarity]).astype(np.float16),
            "bias": self.bias,
            "least": np.float32(1e-6),
            "grams": np.array([1], np.int64),
        }
        node = helper.make_node
        nodes = [
            node("Gather", ["table", "ids"], ["whole"]),
            node("Cast", ["whole"], ["real"], to=TensorProto.FLOAT),
            node("Gather", ["scale", "ids"], ["half_scale"]),
            node("Cast", ["half_scale"], ["real_scale"], to=TensorProto.FLOAT),
            node("Mul", ["real", "real_scale"], ["told"]),
            node("ReduceSum", ["told", "grams"], ["sum"], keepdims=0),
            node("Gather", ["rarity", "ids"], ["half_rarity"]),
            node("Cast", ["half_rarity"], ["real_rarity"], to=TensorProto.FLOAT),
            node("ReduceL2", ["real_rarity", "grams"], ["length"], keepdims=1),
            node("Max", ["length", "least"], ["some_length"]),
            node("Div", ["sum", "some_length"], ["direction"]),
            node("Add", ["direction", "bias"], ["logits"]),
        ]
        graph = helper.make_graph(
            nodes,
            "words",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "grams"])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", labels])],
            [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
        model.ir_version = 9
        return bytes(model.SerializeToString())


def spoken_form(text: str) -> str:
    """Write a text as a recogniser of speech would: small letters, no marks, no emoji.

    Examples:
        >>> spoken_form("WOW!! I can't believe it... 😊")
        "wow i can't believe it"
    """
    kept = "".join(c if c.isalnum() or c in " '’" else " " for c in text.lower())
    return " ".join(kept.split())


def fit_linear(
    texts: Sequence[str],
    targets: NDArray[Any],
    settings: LinearSettings,
    *,
    report: Callable[[float], None] | None = None,
) -> LinearTexts:
    """Fit a model.

    Args:
        texts: to learn from.
        targets: 1 where a text holds a label, (n, labels).
        settings: how.
        report: called with the share that is done.

    Raises:
        CorpusError: a label has no text, or all texts hold it; or no gram is frequent enough.
        MissingExtraError: scikit-learn isn't installed.
    """
    require("sklearn", "onnx")
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    held = np.asarray(targets) > 0
    if not (held.any(axis=0) & ~held.all(axis=0)).all():
        raise CorpusError("found a feeling that no text holds, or all: expected some of each")
    if settings.spoken:
        heard = [spoken_form(text) for text in texts]
        texts, held = [*texts, *heard], np.concatenate([held, held])
    found = [set(grams(text, longest=settings.longest)) for text in texts]
    counts = Counter(gram for one in found for gram in one)
    rarest = settings.rarest * (2 if settings.spoken else 1)
    listed = sorted(gram for gram, count in counts.items() if count >= rarest)
    if not listed:
        raise CorpusError(f"found no word that {settings.rarest} texts share, expected more texts")
    place = {gram: i for i, gram in enumerate(listed)}
    rarity = np.log(len(texts) / np.array([counts[gram] for gram in listed])).astype(np.float32) + 1
    rows = [np.array(sorted(place[g] for g in one if g in place), np.int64) for one in found]
    lengths = np.array([np.sqrt((rarity[row] ** 2).sum()) for row in rows])
    columns = np.concatenate(rows)
    sizes = np.array([len(row) for row in rows])
    values = rarity[columns] / np.repeat(np.maximum(lengths, 1e-6), sizes)
    starts = np.concatenate([[0], sizes.cumsum()])
    matrix = csr_matrix((values, columns, starts), shape=(len(rows), len(listed)))
    weights, bias = [], []
    for label in range(held.shape[1]):
        if report is not None:
            report(label / held.shape[1])
        fitted = LogisticRegression(C=settings.strength, class_weight="balanced", max_iter=200)
        fitted.fit(matrix, held[:, label])
        weights.append(fitted.coef_[0])
        bias.append(fitted.intercept_[0])
    if report is not None:
        report(1.0)
    return LinearTexts(
        tuple(listed),
        rarity,
        np.stack(weights, axis=1).astype(np.float32),
        np.array(bias, np.float32),
        settings.longest,
    )
