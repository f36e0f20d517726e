"""The metrics of the field: one metric, one function.

Those of decisions take true and predicted labels; or the confusion matrix alone, counts of shape
(..., labels, labels) with the truth in rows: over leading axes, many resamples are measured at
once. Those of probabilities take them in shape (clips, labels), with the truth as indices.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from affetto.errors import OptionError

__all__ = [
    "METRICS",
    "Bins",
    "bootstrap_ci",
    "brier",
    "confusion_matrix",
    "ece",
    "f1",
    "macro_f1",
    "macro_precision",
    "nll",
    "precision",
    "recall",
    "reliability_bins",
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
    size = len(labels)
    return np.bincount(rows * size + columns, minlength=size * size).reshape(size, size)


def _shares(part: Floats, whole: Floats) -> Floats:
    """Divide, with 0 where there is nothing to divide by."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _mean_over(values: Floats, counted: NDArray[np.bool_]) -> Floats:
    """Take the mean over the last axis of the values that count, 0 where none does."""
    return _shares((values * counted).sum(axis=-1), counted.sum(axis=-1).astype(np.float64))


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
    size = len(labels)
    counts = np.bincount(rows * size + columns, minlength=size * size)
    return counts.reshape(size, size).astype(np.float64)


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
    return _shares(hits, true)


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
    return _shares(hits, said)


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
    return _shares(2.0 * hits, true + said)


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
    return _mean_over(_shares(hits, true), true > 0)


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
    return _shares(hits.sum(axis=-1), true.sum(axis=-1))


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
    return _mean_over(_shares(hits, said), true + said > 0)


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
    return _mean_over(_shares(2.0 * hits, true + said), true + said > 0)


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
    weighted = (_shares(2.0 * hits, true + said) * true).sum(axis=-1)
    return _shares(weighted, true.sum(axis=-1))


METRICS: dict[str, Callable[..., Floats]] = {
    "uar": uar,
    "wa": wa,
    "macro_precision": macro_precision,
    "macro_f1": macro_f1,
    "weighted_f1": weighted_f1,
}
"""The averaged metrics of decisions, by their names."""


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
    return Bins(count, _shares(sums[0], whole), _shares(sums[1], whole))


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


def bootstrap_ci(
    truth: ArrayLike,
    predicted: ArrayLike,
    *,
    labels: int,
    speakers: Sequence[str | None] | None = None,
    metric: str = "uar",
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Give the percentile interval of a metric by bootstrap over speakers (Efron 1979).

    Whole speakers are drawn with replacement, since the clips of one are no independent evidence.
    A clip of no known speaker is a speaker of its own; where fewer than two speakers are known,
    clips are drawn.

    Args:
        truth: indices of the true labels, shape (clips,).
        predicted: indices of the predicted labels, shape (clips,).
        labels: number of labels.
        speakers: the clips' speakers, None where unknown.
        metric: one of `METRICS`.
        level: share of the resamples that lies within the interval.
        resamples: how often to draw.
        seed: of the draws.

    Returns:
        Lower and upper edge.

    Raises:
        OptionError: unknown metric, no clips, different numbers of them, or a level not in (0, 1).

    Examples:
        >>> bootstrap_ci([0, 0, 1, 1], [0, 0, 1, 1], labels=2)
        (1.0, 1.0)
    """
    rows, columns = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    if metric not in METRICS:
        raise OptionError(f"found metric {metric!r}, expected one of {', '.join(METRICS)}")
    if rows.shape != columns.shape or rows.ndim != 1 or not len(rows):
        raise OptionError(
            f"found {rows.size} true and {columns.size} predicted labels, expected equally many"
        )
    if not 0.0 < level < 1.0 or resamples < 1:
        raise OptionError(f"found level {level:g}, expected one between 0 and 1, and a resample")
    rng = np.random.default_rng(seed)
    cells = rows * labels + columns
    groups = _groups(speakers, len(rows))
    if groups is None:
        # Drawing clips comes to drawing cells of the matrix by their frequency.
        shares = np.bincount(cells, minlength=labels * labels) / len(cells)
        drawn = rng.multinomial(len(cells), shares, size=resamples)
    else:
        count = int(groups.max()) + 1
        per_group = np.bincount(groups * labels**2 + cells, minlength=count * labels**2)
        times = rng.multinomial(count, np.full(count, 1.0 / count), size=resamples)
        drawn = times @ per_group.reshape(count, labels**2)
    values = METRICS[metric](drawn.reshape(resamples, labels, labels))
    low, high = np.quantile(values, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def _groups(speakers: Sequence[str | None] | None, clips: int) -> Counts | None:
    """Number the speakers; None where clips are to be drawn."""
    if speakers is None:
        return None
    if len(speakers) != clips:
        raise OptionError(f"found {len(speakers)} speakers for {clips} clips, expected one a clip")
    numbers: dict[object, int] = {}
    groups = [
        numbers.setdefault(("clip", clip) if speaker is None else speaker, len(numbers))
        for clip, speaker in enumerate(speakers)
    ]
    known = len({speaker for speaker in speakers if speaker is not None})
    return np.array(groups, np.int64) if known >= 2 else None
