"""Metrics of probabilities: how sure the answers were, and how often right.

They take probabilities in shape (clips, labels), and the truth as indices.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from affetto.errors import OptionError
from affetto.lab.metrics.decisions import Counts, Floats, shares

__all__ = ["Bins", "brier", "ece", "nll", "reliability_bins"]


class Bins(NamedTuple):
    """How confident the answers were, and how often right; each of shape (bins,).

    Attributes:
        clips: answers in the bin.
        confidence: mean top probability; 0 in an empty bin.
        accuracy: share of right answers; 0 in an empty bin.
    """

    clips: Counts
    confidence: Floats
    accuracy: Floats


def reliability_bins(truth: ArrayLike, probabilities: ArrayLike, *, bins: int = 15) -> Bins:
    """Sort the answers into bins of equal width by their top probability.

    Bin i holds those in (i / bins, (i + 1) / bins], the first one 0 as well.

    Args:
        truth: indices of the true labels, shape (clips,).
        probabilities: shape (clips, labels).
        bins: number of bins.

    Returns:
        Counts, confidences and accuracies.

    Raises:
        OptionError: shapes that don't belong together, values that are no probabilities, indices
            without a label, or no bins.

    Examples:
        >>> found = reliability_bins([0, 1], [[0.9, 0.1], [0.8, 0.2]], bins=2)
        >>> found.clips, found.confidence.round(2), found.accuracy
        (array([0, 2]), array([0.  , 0.85]), array([0. , 0.5]))
    """
    places, scores = _checked(truth, probabilities)
    if bins < 1:
        raise OptionError(f"found {bins} bins, expected 1 or more")
    top = scores.max(axis=1, initial=0.0)
    right = scores.argmax(axis=1) == places if scores.size else np.zeros(0, bool)
    edges = np.arange(1, bins) / bins
    bin_of = np.searchsorted(edges, top, side="left")
    count = np.bincount(bin_of, minlength=bins)
    whole = count.astype(np.float64)
    sums = [np.bincount(bin_of, values, bins).astype(np.float64) for values in (top, right)]
    return Bins(count, shares(sums[0], whole), shares(sums[1], whole))


def ece(truth: ArrayLike, probabilities: ArrayLike, *, bins: int = 15) -> float:
    """Expected calibration error: Σ over bins of (share of clips) × |accuracy - confidence|.

    After Guo et al. 2017, arXiv:1706.04599.

    Args:
        truth: indices of the true labels, shape (clips,).
        probabilities: shape (clips, labels).
        bins: number of bins of equal width.

    Returns:
        In [0, 1]; 0 for no clips.

    Raises:
        OptionError: as `reliability_bins`.

    Examples:
        >>> round(ece([0, 1], [[0.9, 0.1], [0.8, 0.2]]), 2)
        0.45
    """
    found = reliability_bins(truth, probabilities, bins=bins)
    total = max(int(found.clips.sum()), 1)
    return float(np.sum(found.clips / total * np.abs(found.accuracy - found.confidence)))


def nll(truth: ArrayLike, probabilities: ArrayLike) -> float:
    """Negative log-likelihood: the mean of -ln p(true label), p not below 1e-12.

    Args:
        truth: indices of the true labels, shape (clips,).
        probabilities: shape (clips, labels).

    Returns:
        Nats, 0 or more; 0 for no clips.

    Raises:
        OptionError: shapes that don't belong together, or values that are no probabilities.

    Examples:
        >>> round(nll([0], [[0.5, 0.5]]), 4)
        0.6931
    """
    places, scores = _checked(truth, probabilities)
    if not len(places):
        return 0.0
    told = scores[np.arange(len(places)), places]
    return float(-np.mean(np.log(np.clip(told, 1e-12, 1.0))))


def brier(truth: ArrayLike, probabilities: ArrayLike) -> float:
    """Brier score: the mean of Σ over labels of (p - truth)², truth being 0 or 1.

    Args:
        truth: indices of the true labels, shape (clips,).
        probabilities: shape (clips, labels).

    Returns:
        In [0, 2]; 0 for no clips.

    Raises:
        OptionError: shapes that don't belong together, or values that are no probabilities.

    Examples:
        >>> brier([0], [[0.5, 0.5]])
        0.5
    """
    places, scores = _checked(truth, probabilities)
    if not len(places):
        return 0.0
    wrong = scores.copy()
    wrong[np.arange(len(places)), places] -= 1.0
    return float(np.mean(np.sum(wrong**2, axis=1)))


def _checked(truth: ArrayLike, probabilities: ArrayLike) -> tuple[Counts, Floats]:
    places = np.asarray(truth, np.int64)
    scores = np.asarray(probabilities, np.float64)
    if places.ndim != 1 or scores.ndim != 2 or len(places) != len(scores):
        raise OptionError(
            f"found truth of shape {places.shape} and probabilities of shape {scores.shape}, "
            "expected (clips,) and (clips, labels)"
        )
    if len(places) and not 0 <= places.min() <= places.max() < scores.shape[1]:
        raise OptionError(f"found true labels outside 0 to {scores.shape[1] - 1}")
    if not (np.isfinite(scores).all() and (scores >= 0.0).all() and (scores <= 1.0 + 1e-6).all()):
        raise OptionError("found values that are no probabilities, expected 0 to 1")
    return places, np.minimum(scores, 1.0)
