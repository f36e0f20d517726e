"""Logits to probabilities that can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["fit_temperature", "negative_log_likelihood", "restrict", "softmax"]

_TEMPERATURES = (0.05, 20.0)
"""The smallest and the largest that are tried."""


def softmax(logits: NDArray[Any], *, temperature: float = 1.0) -> NDArray[np.float64]:
    """Turn logits to probabilities.

    Args:
        logits: shape (..., labels).
        temperature: divides the logits; above 1 makes the answer less sure.

    Returns:
        Shape (..., labels), float64; each row sums to 1.

    Examples:
        >>> softmax(np.array([0.0, np.log(3.0)])).round(6)
        array([0.25, 0.75])
    """
    scaled = np.asarray(logits, np.float64) / temperature
    raised = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return probabilities


def restrict(probabilities: NDArray[Any], columns: Sequence[int]) -> NDArray[np.float64]:
    """Keep some of the labels and let each row sum to 1 again.

    Args:
        probabilities: shape (..., labels).
        columns: which labels to keep, in the order wanted.

    Returns:
        Shape (..., len(columns)); a row that holds nothing of them becomes uniform.

    Examples:
        >>> restrict(np.array([[0.5, 0.25, 0.25]]), [2, 1])
        array([[0.5, 0.5]])
    """
    kept = np.asarray(probabilities, np.float64)[..., list(columns)]
    total = kept.sum(axis=-1, keepdims=True)
    empty = total < np.finfo(np.float64).tiny
    return np.where(empty, 1.0 / len(columns), kept / np.where(empty, 1.0, total))


def negative_log_likelihood(
    logits: NDArray[Any],
    targets: NDArray[np.integer[Any]],
    *,
    temperature: float = 1.0,
    weights: NDArray[Any] | None = None,
) -> float:
    """Compute the mean negative log-likelihood of the right labels.

    Args:
        logits: shape (n, labels).
        targets: right columns, shape (n,).
        temperature: divides the logits.
        weights: of the examples, shape (n,); equal where not given.

    Returns:
        Nepers; lower is better.

    Examples:
        >>> round(negative_log_likelihood(np.zeros((3, 4)), np.array([0, 1, 2])), 4)
        1.3863
    """
    scaled = np.asarray(logits, np.float64) / temperature
    top = scaled.max(axis=1)
    log_sum = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
    loss = log_sum - scaled[np.arange(len(scaled)), targets]
    return float(np.average(loss, weights=weights))


def fit_temperature(
    logits: NDArray[Any],
    targets: NDArray[np.integer[Any]],
    *,
    weights: NDArray[Any] | None = None,
) -> float:
    """Find the temperature with the smallest negative log-likelihood.

    Temperature scaling after Guo et al. 2017, "On Calibration of Modern Neural Networks"
    (arXiv:1706.04599): one number, so the ranking of the labels stays as it is.

    Args:
        logits: of examples that were not trained on, shape (n, labels).
        targets: right columns, shape (n,).
        weights: of the examples, shape (n,); equal where not given.

    Returns:
        Temperature, from 0.05 to 20.

    Raises:
        OptionError: there are no examples.

    Examples:
        >>> sure = np.array([[4.0, 0.0]] * 4)
        >>> temperature = fit_temperature(sure, np.array([0, 0, 0, 1]))
        >>> softmax(sure[0], temperature=temperature).round(3)
        array([0.75, 0.25])
    """
    if not len(logits):
        raise OptionError("found no examples to fit a temperature on, expected at least one")
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log_temperature: negative_log_likelihood(
            logits, targets, temperature=float(np.exp(log_temperature)), weights=weights
        ),
        bounds=tuple(np.log(_TEMPERATURES)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))
