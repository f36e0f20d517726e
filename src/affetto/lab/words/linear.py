"""A linear model on grams: what each gram tells of each feeling, as one small ONNX file.

Every label has a logistic regression of its own, since a text may hold several feelings. A gram
weighs as much as it is rare (inverse document frequency), and the weights of a text have length 1.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from affetto.errors import CorpusError
from affetto.lab.extras import require
from affetto.lab.words.scores import sigmoid
from affetto.words.grams import grams

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

__all__ = ["Lesson", "LinearSettings", "LinearTexts", "fit_linear", "spoken_form"]


_STEPS = 120
"""Of the fit at most; what comes after changes no third digit."""


@dataclass(frozen=True, slots=True)
class LinearSettings:
    """How the model learns.

    Attributes:
        longest: tokens of the longest runs.
        rarest: texts that a gram must stand in to be learnt; a text that is learnt as spoken, too,
            counts twice.
        strength: of the fit; the squares of the weights cost the less, the more it is.
    """

    longest: int = 3
    rarest: int = 6
    strength: float = 2.0


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


class Lesson(NamedTuple):
    """What a model of words learns from.

    Attributes:
        texts: any.
        targets: how far each text holds each label, from 0 to 1, (n, labels).
        weights: how much each text counts, (n,).
    """

    texts: Sequence[str]
    targets: NDArray[Any]
    weights: NDArray[Any]

    def and_also(self, other: Lesson) -> Lesson:
        """Give a lesson of both."""
        return Lesson(
            [*self.texts, *other.texts],
            np.concatenate([self.targets, other.targets]),
            np.concatenate([self.weights, other.weights]),
        )

    def as_spoken(self) -> Lesson:
        """Give the same with texts as a recogniser of speech would write them."""
        return self._replace(texts=[spoken_form(text) for text in self.texts])


def spoken_form(text: str) -> str:
    """Write a text as a recogniser of speech would: small letters, no marks, no emoji.

    Examples:
        >>> spoken_form("WOW!! I can't believe it... 😊")
        "wow i can't believe it"
    """
    kept = "".join(c if c.isalnum() or c in " '’" else " " for c in text.lower())
    return " ".join(kept.split())


def fit_linear(
    lesson: Lesson,
    settings: LinearSettings,
    *,
    wanted: Collection[str] = (),
    report: Callable[[float], None] | None = None,
) -> LinearTexts:
    """Fit a model.

    The texts that hold a label count as much, all together, as those that don't: the rare ones
    would not be learnt otherwise.

    Args:
        lesson: to learn from.
        settings: how.
        wanted: words and signs to learn however rare they are.
        report: called with the share that is done.

    Raises:
        CorpusError: a label has no text, or all texts hold it; or no gram is frequent enough.
        MissingExtraError: onnx isn't installed.
    """
    require("onnx")
    from scipy.sparse import csr_matrix

    if not np.any(lesson.weights):
        raise CorpusError("found no text to learn from, expected some")
    shares = np.average(lesson.targets, axis=0, weights=lesson.weights)
    if not ((shares > 0) & (shares < 1)).all():
        raise CorpusError("found a feeling that no text holds, or all: expected some of each")
    found = [set(grams(text, longest=settings.longest)) for text in lesson.texts]
    counts = Counter(gram for one in found for gram in one)
    asked = set(wanted)
    listed = sorted(g for g, count in counts.items() if count >= settings.rarest or g in asked)
    if not listed:
        raise CorpusError(f"found no word that {settings.rarest} texts share, expected more texts")
    place = {gram: i for i, gram in enumerate(listed)}
    rarity = np.log(len(found) / np.array([counts[gram] for gram in listed])).astype(np.float32) + 1
    rows = [np.array(sorted(place[g] for g in one if g in place), np.int64) for one in found]
    lengths = np.array([np.sqrt((rarity[row] ** 2).sum()) for row in rows])
    columns = np.concatenate(rows)
    sizes = np.array([len(row) for row in rows])
    values = rarity[columns] / np.repeat(np.maximum(lengths, 1e-6), sizes)
    starts = np.concatenate([[0], sizes.cumsum()])
    matrix = csr_matrix(
        (values.astype(np.float32), columns, starts), shape=(len(rows), len(listed))
    )
    held = lesson.weights[:, None] * lesson.targets * (0.5 / shares)
    free = lesson.weights[:, None] * (1 - lesson.targets) * (0.5 / (1 - shares))
    weights, bias = _logistic(matrix, held, free, settings.strength, report)
    return LinearTexts(tuple(listed), rarity, weights, bias, settings.longest)


def _logistic(
    matrix: Any,
    held: NDArray[Any],
    free: NDArray[Any],
    strength: float,
    report: Callable[[float], None] | None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit a logistic regression a label, all of them at once, to targets between 0 and 1.

    Args:
        matrix: what is known of the texts, sparse, (n, grams).
        held: how much it counts that a text holds a label, (n, labels).
        free: how much it counts that it doesn't.
        strength: of the fit; the squares of the weights cost ``1 / (2 * strength)``.
        report: called with the share that is done.

    Returns:
        The weights, (grams, labels), and the bias, (labels,).
    """
    from scipy.optimize import minimize

    across = matrix.T.tocsr()
    labels = held.shape[1]
    done = 0

    def cost(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        nonlocal done
        done += 1
        if report is not None:
            report(min(done / _STEPS, 1.0))
        weights = values[:-labels].reshape(-1, labels)
        logits = matrix @ weights.astype(np.float32) + values[-labels:]
        said = sigmoid(logits)
        loss = (held * np.logaddexp(0, -logits) + free * np.logaddexp(0, logits)).sum()
        gap = free * said - held * (1 - said)
        slope = across @ gap.astype(np.float32) + weights / strength
        whole = np.concatenate([slope.ravel(), gap.sum(axis=0)])
        return float(loss + (weights**2).sum() / (2 * strength)), whole

    start = np.zeros((matrix.shape[1] + 1) * labels)
    fitted = minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxfun": _STEPS})
    found = fitted.x.astype(np.float32)
    return found[:-labels].reshape(-1, labels), found[-labels:]
