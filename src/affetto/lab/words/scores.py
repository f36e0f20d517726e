"""How well texts are judged that may hold several feelings at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["best_thresholds", "f1_per_label", "sigmoid"]

_TRIED = np.arange(0.04, 0.97, 0.01)


def f1_per_label(targets: NDArray[Any], said: NDArray[Any]) -> NDArray[np.float64]:
    """Compute F1 of each label for itself; their mean is the macro-F1 of GoEmotions' authors.

    Args:
        targets: whether a text holds a label, (n, labels).
        said: whether it is said to, (n, labels).

    Returns:
        F1 a label, in [0, 1]; 0 for a label that no text holds and none is said to.

    Examples:
        >>> f1_per_label(np.array([[1, 0], [1, 1]]), np.array([[1, 1], [0, 1]])).round(3)
        array([0.667, 0.667])
    """
    held, told = np.asarray(targets, bool), np.asarray(said, bool)
    right = (held & told).sum(axis=0)
    return np.asarray(2 * right / np.maximum(held.sum(axis=0) + told.sum(axis=0), 1), np.float64)


def best_thresholds(targets: NDArray[Any], probabilities: NDArray[Any]) -> NDArray[np.float64]:
    """Find the threshold of each label with the best F1.

    Args:
        targets: whether a text holds a label, (n, labels): of texts that were not learnt from.
        probabilities: of each label for itself, (n, labels).

    Returns:
        Thresholds, (labels,), from 0.04 to 0.96; of equal ones the middle.
    """
    found = []
    for held, given in zip(np.transpose(targets), np.transpose(probabilities), strict=True):
        told = given[:, None] >= _TRIED[None, :]
        scores = f1_per_label(np.repeat(held[:, None], len(_TRIED), axis=1), told)
        best = np.flatnonzero(scores == scores.max())
        found.append(_TRIED[best[len(best) // 2]])
    return np.asarray(found, np.float64)


def sigmoid(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Turn logits into each label's own probability.

    Examples:
        >>> sigmoid(np.array([0.0, 800.0, -800.0]))
        array([0.5, 1. , 0. ])
    """
    from scipy.special import expit

    return np.asarray(expit(np.asarray(logits, np.float64)), np.float64)
