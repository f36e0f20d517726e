"""A linear reading of what the bundled model's network hears, beside the model's own answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.models.calibration import negative_log_likelihood, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FARTHEST", "Reading", "behind_head", "fit_reading"]

FARTHEST = 6.0
"""Deviations at which a departure is cut."""


@dataclass(frozen=True)
class Reading:
    """What is said of windows, from the model's own answer and from what it heard.

    Attributes:
        gain: multiplies the model's own logits.
        own: column of the model's logits that each label starts from; -1 for a new label.
        weights: of what was heard, standardised, (labels, pooled).
        bias: (labels,).
    """

    gain: float
    own: NDArray[np.int64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def __call__(self, logits: NDArray[Any], heard: NDArray[Any]) -> NDArray[np.float64]:
        """Judge windows.

        Args:
            logits: the model's own, (n, its labels).
            heard: departures from the population or the speaker, standardised, (n, pooled).

        Returns:
            Logits, (n, labels).
        """
        return self.gain * _taken(logits, self.own) + heard @ self.weights.T + self.bias


def fit_reading(
    logits: NDArray[Any],
    heard: NDArray[Any],
    target: NDArray[np.int64],
    own: NDArray[np.int64],
    *,
    penalty: float,
) -> Reading:
    """Fit a reading by penalised maximum likelihood, every label weighing alike.

    Args:
        logits: the model's own, (n, its labels).
        heard: departures, standardised, (n, pooled).
        target: label of each window, (n,).
        own: see `Reading`.
        penalty: of the squared weights, in examples.

    Examples:
        >>> rows = np.random.default_rng(0).normal(size=(40, 3))
        >>> truth = (rows[:, 0] > 0).astype(int)
        >>> reading = fit_reading(np.zeros((40, 2)), rows, truth, np.array([0, 1]), penalty=1.0)
        >>> float(np.mean(reading(np.zeros((40, 2)), rows).argmax(axis=1) == truth)) > 0.9
        True
    """
    from scipy.optimize import minimize

    # Penalised weights lie where the examples do, which few examples span with few directions.
    _, _, directions = np.linalg.svd(heard, full_matrices=False)
    heard = heard @ directions.T
    labels, size = len(own), heard.shape[1]
    counts = np.bincount(target, minlength=labels)
    weight = (len(target) / (labels * np.maximum(counts, 1)))[target]
    base = _taken(logits, own)
    hot = np.eye(labels)[target]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        gain, bias = flat[0], flat[1 : 1 + labels]
        weights = flat[1 + labels :].reshape(labels, size)
        said = gain * base + heard @ weights.T + bias
        wrong = weight[:, None] * (softmax(said) - hot)
        own_part = negative_log_likelihood(said, target, weights=weight) * weight.sum()
        held_back = 0.5 * penalty * (weights**2).sum() + 2.0 * (gain - 1) ** 2 + 0.5 * bias @ bias
        slope = [
            [(wrong * base).sum() + 4.0 * (gain - 1)],
            wrong.sum(axis=0) + bias,
            (wrong.T @ heard + penalty * weights).ravel(),
        ]
        return float(own_part + held_back), np.concatenate(slope)

    start = np.zeros(1 + labels + labels * size)
    start[0] = 1.0
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    weights = found[1 + labels :].reshape(labels, size)
    return Reading(float(found[0]), own, weights @ directions, found[1 : 1 + labels])


def _taken(logits: NDArray[Any], own: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the model's own logit of each label; a new label has none, and starts at nothing."""
    centred = logits - logits.mean(axis=1, keepdims=True)
    return np.asarray(np.where(own >= 0, centred[:, np.maximum(own, 0)], 0.0), np.float64)


def behind_head(head: bytes, reading: Reading, scale: NDArray[np.float64]) -> bytes:
    """Put a reading behind a head's own answer, in one ONNX file.

    Args:
        head: of a `FramePackage`, as the bytes of its file.
        reading: what is said of windows.
        scale: by which departures from the baseline are divided, (pooled,).
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load_from_string(head)
    graph = model.graph
    for node in graph.node:
        for place, name in enumerate(node.output):
            if name == "logits":
                node.output[place] = "own_logits"
        for place, name in enumerate(node.input):
            if name == "logits":
                node.input[place] = "own_logits"
    # What is taken of the own logits, and that they are centred first, is one matrix.
    labels = graph.output[0].type.tensor_type.shape.dim[1].dim_value or int(reading.own.max()) + 1
    taken = np.zeros((labels, len(reading.own)))
    for label, column in enumerate(reading.own):
        if column >= 0:
            taken[:, label] -= 1.0 / labels
            taken[column, label] += 1.0
    constants = {
        "reading_scale": scale,
        "reading_low": np.array(-FARTHEST),
        "reading_high": np.array(FARTHEST),
        "reading_taken": reading.gain * taken,
        "reading_weights": reading.weights.T,
        "reading_bias": reading.bias,
    }
    for name, values in constants.items():
        graph.initializer.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
    steps = (
        ("Sub", ["pooled", "baseline"], "reading_departure"),
        ("Div", ["reading_departure", "reading_scale"], "reading_scaled"),
        ("Clip", ["reading_scaled", "reading_low", "reading_high"], "reading_heard"),
        ("MatMul", ["own_logits", "reading_taken"], "reading_own"),
        ("Gemm", ["reading_heard", "reading_weights", "reading_bias"], "reading_new"),
        ("Add", ["reading_own", "reading_new"], "logits"),
    )
    for kind, inputs, output in steps:
        graph.node.append(helper.make_node(kind, inputs, [output]))
    del graph.output[:]
    kind = onnx.TensorProto.FLOAT
    graph.output.append(helper.make_tensor_value_info("logits", kind, ["n", len(reading.own)]))
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content
