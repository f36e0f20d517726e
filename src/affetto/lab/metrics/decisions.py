"""Metrics of decisions: what was heard of how many clips of each label.

They take true and predicted labels; or the confusion matrix alone, counts of shape
(..., labels, labels) with the truth in rows: over leading axes, many resamples are measured at
once.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from affetto.errors import OptionError

__all__ = [
    "METRICS",
    "confusion_matrix",
    "f1",
    "macro_f1",
    "macro_precision",
    "precision",
    "recall",
    "uar",
    "wa",
    "weighted_f1",
]

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def confusion_matrix(
    truth: Sequence[object], predicted: Sequence[object], *, labels: Sequence[object]
) -> Counts:
    """Count how often each label was taken for each.

    Args:
        truth: what the clips are, shape (clips,).
        predicted: what was said of them, shape (clips,).
        labels: every label that occurs, in the order of rows and columns.

    Returns:
        Shape (labels, labels): truth in rows, predicted in columns.

    Raises:
        OptionError: different numbers of clips, or a label that is not among `labels`.

    Examples:
        >>> confusion_matrix(["sad", "sad", "happy"], ["sad", "happy", "happy"],
        ...                  labels=["happy", "sad"])
        array([[1, 0],
               [1, 1]])
    """
    if len(truth) != len(predicted):
        raise OptionError(
            f"found {len(truth)} true and {len(predicted)} predicted labels, expected as many"
        )
    places = {label: place for place, label in enumerate(labels)}
    strange = sorted({str(label) for label in (*truth, *predicted) if label not in places})
    if strange:
        raise OptionError(
            f"found the labels {', '.join(strange)}, expected some of {', '.join(map(str, labels))}"
        )
    rows = np.fromiter((places[label] for label in truth), np.int64, len(truth))
    columns = np.fromiter((places[label] for label in predicted), np.int64, len(truth))
    return count_pairs(rows, columns, len(labels))


def count_pairs(rows: Counts, columns: Counts, size: int) -> Counts:
    """Count how often each row goes with each column.

    Args:
        rows: numbers below `size`, shape (n,).
        columns: numbers below `size`, shape (n,).
        size: of the matrix.

    Returns:
        Shape (size, size).

    Examples:
        >>> count_pairs(np.array([0, 1, 1]), np.array([1, 1, 1]), 2)
        array([[0, 1],
               [0, 2]])
    """
    return np.bincount(rows * size + columns, minlength=size * size).reshape(size, size)


def shares(part: Floats, whole: Floats) -> Floats:
    """Divide, with 0 where there is nothing to divide by."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _mean_over(values: Floats, counted: NDArray[np.bool_]) -> Floats:
    """Take the mean over the last axis of the values that count, 0 where none does."""
    return shares((values * counted).sum(axis=-1), counted.sum(axis=-1).astype(np.float64))


def _parts(truth: ArrayLike, predicted: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    """Give the hits, the clips that are of each label, and those taken for each."""
    counts = np.asarray(truth, np.float64) if predicted is None else _counted(truth, predicted)
    if counts.ndim < 2 or counts.shape[-1] != counts.shape[-2]:
        raise OptionError(f"found a confusion matrix of shape {counts.shape}, expected a square")
    hits = np.diagonal(counts, axis1=-2, axis2=-1).copy()
    return hits, counts.sum(axis=-1), counts.sum(axis=-2)


def _counted(truth: ArrayLike, predicted: ArrayLike) -> Floats:
    """Make the confusion matrix of the labels that occur, in sorted order."""
    pair = np.asarray(truth), np.asarray(predicted)
    if pair[0].ndim != 1 or pair[0].shape != pair[1].shape:
        raise OptionError(
            f"found true labels of shape {pair[0].shape} and predicted ones of shape "
            f"{pair[1].shape}, expected (clips,) for both"
        )
    labels, places = np.unique(np.concatenate(pair), return_inverse=True)
    rows, columns = places.reshape(2, -1)
    return count_pairs(rows, columns, len(labels)).astype(np.float64)


def recall(truth: ArrayLike, predicted: ArrayLike | None = None) -> Floats:
    """Share of each label's clips that were recognised: hits / clips of the label.

    Args:
        truth: true labels, shape (clips,); or counts, shape (..., labels, labels).
        predicted: predicted labels, shape (clips,); None with counts.

    Returns:
        Shape (..., labels); 0 where a label has no clip.

    Raises:
        OptionError: different numbers of clips, or a matrix that is not square.

    Examples:
        >>> recall([[1, 1], [0, 2]])
        array([0.5, 1. ])
    """
    hits, true, _ = _parts(truth, predicted)
    return shares(hits, true)


def precision(truth: ArrayLike, predicted: ArrayLike | None = None) -> Floats:
    """Share of what was said to be a label that was: hits / clips taken for the label.

    Args:
        truth: true labels, shape (clips,); or counts, shape (..., labels, labels).
        predicted: predicted labels, shape (clips,); None with counts.

    Returns:
        Shape (..., labels); 0 where a label was never said.

    Raises:
        OptionError: different numbers of clips, or a matrix that is not square.

    Examples:
        >>> precision([[1, 1], [0, 3]])
        array([1.  , 0.75])
    """
    hits, _, said = _parts(truth, predicted)
    return shares(hits, said)


def f1(truth: ArrayLike, predicted: ArrayLike | None = None) -> Floats:
    """Harmonic mean of precision and recall: 2 hits / (clips of the label + clips taken for it).

    Args:
        truth: true labels, shape (clips,); or counts, shape (..., labels, labels).
        predicted: predicted labels, shape (clips,); None with counts.

    Returns:
        Shape (..., labels); 0 where a label neither is nor was said.

    Raises:
        OptionError: different numbers of clips, or a matrix that is not square.

    Examples:
        >>> f1([[1, 1], [0, 2]]).round(3)
        array([0.667, 0.8  ])
    """
    hits, true, said = _parts(truth, predicted)
    return shares(2.0 * hits, true + said)


def uar(truth: ArrayLike, predicted: ArrayLike | None = None) -> Floats:
    """Unweighted average recall: the mean recall of the labels that have clips.

    Each label counts the same, however many clips it has; chance is 1 / labels.

    Args:
        truth: true labels, shape (clips,); or counts, shape (..., labels, labels).
        predicted: predicted labels, shape (clips,); None with counts.

    Returns:
        Shape (...,), in [0, 1]; 0 where there are no clips.

    Raises:
        OptionError: different numbers of clips, or a matrix that is not square.

    Examples:
        >>> float(uar(["sad", "sad", "happy"], ["sad", "happy", "happy"]))
        0.75
        >>> float(uar([[1, 1], [0, 2]]))
        0.75
    """
    hits, true, _ = _parts(truth, predicted)
    return _mean_over(shares(hits, true), true > 0)


def wa(truth: ArrayLike, predicted: ArrayLike | None = None) -> Floats:
    """Weighted accuracy, in other fields plain accuracy: hits / clips.

    Args:
        truth: true labels, shape (clips,); or counts, shape (..., labels, labels).
        predicted: predicted labels, shape (clips,); None with counts.

    Returns:
        Shape (...,), in [0, 1]; 0 where there are no clips.

    Raises:
        OptionError: different numbers of clips, or a matrix that is not square.

    Examples:
        >>> float(wa([[1, 1], [0, 2]]))
        0.75
    """
    hits, true, _ = _parts(truth, predicted)
    return shares(hits.sum(axis=-1), true.sum(axis=-1))


def macro_precision(truth: ArrayLike, predicted: ArrayLike | None = None) -> Floats:
    """Mean precision of the labels that have clips or were said.

    Args:
        truth: true labels, shape (clips,); or counts, shape (..., labels, labels).
        predicted: predicted labels, shape (clips,); None with counts.

    Returns:
        Shape (...,), in [0, 1].

    Raises:
        OptionError: different numbers of clips, or a matrix that is not square.

    Examples:
        >>> float(macro_precision([[1, 1], [0, 3]]))
        0.875
    """
    hits, true, said = _parts(truth, predicted)
    return _mean_over(shares(hits, said), true + said > 0)


def macro_f1(truth: ArrayLike, predicted: ArrayLike | None = None) -> Floats:
    """Mean F1 of the labels that have clips or were said.

    Args:
        truth: true labels, shape (clips,); or counts, shape (..., labels, labels).
        predicted: predicted labels, shape (clips,); None with counts.

    Returns:
        Shape (...,), in [0, 1].

    Raises:
        OptionError: different numbers of clips, or a matrix that is not square.

    Examples:
        >>> round(float(macro_f1([[1, 1], [0, 2]])), 4)
        0.7333
    """
    hits, true, said = _parts(truth, predicted)
    return _mean_over(shares(2.0 * hits, true + said), true + said > 0)


def weighted_f1(truth: ArrayLike, predicted: ArrayLike | None = None) -> Floats:
    """Mean F1 of the labels, each weighted by its number of clips.

    Args:
        truth: true labels, shape (clips,); or counts, shape (..., labels, labels).
        predicted: predicted labels, shape (clips,); None with counts.

    Returns:
        Shape (...,), in [0, 1].

    Raises:
        OptionError: different numbers of clips, or a matrix that is not square.

    Examples:
        >>> round(float(weighted_f1([[1, 1], [0, 2]])), 4)
        0.7333
    """
    hits, true, said = _parts(truth, predicted)
    weighted = (shares(2.0 * hits, true + said) * true).sum(axis=-1)
    return shares(weighted, true.sum(axis=-1))


METRICS: dict[str, Callable[..., Floats]] = {
    "uar": uar,
    "wa": wa,
    "macro_precision": macro_precision,
    "macro_f1": macro_f1,
    "weighted_f1": weighted_f1,
}
"""The averaged metrics of decisions, by their names."""
