"""Whether two models differ, on the same clips."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from affetto.errors import OptionError
from affetto.lab.metrics.bootstrap import number_groups
from affetto.lab.metrics.decisions import METRICS

__all__ = ["Difference", "mcnemar", "paired_difference"]


class Difference(NamedTuple):
    """How much better the first of two models is.

    Attributes:
        value: the metric of the first less that of the second.
        low: lower edge of the interval.
        high: its upper edge.
    """

    value: float
    low: float
    high: float


def mcnemar(truth: ArrayLike, first: ArrayLike, second: ArrayLike) -> float:
    """Give the chance that two equally good models would differ as much (McNemar 1947).

    Of the clips that one model gets right and the other wrong, either model's share is held
    against a half, by the exact binomial test, two-sided. It is about accuracy.

    Args:
        truth: true labels, shape (clips,).
        first: what one model said, shape (clips,).
        second: what the other said, shape (clips,).

    Returns:
        In (0, 1]; 1 where the models never differ in what they get right.

    Examples:
        >>> truth, right, wrong = [0] * 10, [0] * 10, [1] * 10
        >>> mcnemar(truth, right, right), round(mcnemar(truth, right, wrong), 5)
        (1.0, 0.00195)
    """
    rows, one, two = _alike(truth, first, second)
    ours = int(((one == rows) & (two != rows)).sum())
    theirs = int(((one != rows) & (two == rows)).sum())
    if not ours + theirs:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(ours, ours + theirs, 0.5).pvalue)


def paired_difference(
    truth: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    labels: int,
    speakers: Sequence[str | None] | None = None,
    metric: str = "uar",
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Difference:
    """Give how much two models differ, and its interval by a paired bootstrap over speakers.

    Every resample draws the same speakers for both (Efron and Tibshirani 1993), so that what is
    hard for both does not blur what tells them apart.

    Args:
        truth: indices of the true labels, shape (clips,).
        first: what one model said, shape (clips,).
        second: what the other said, shape (clips,).
        labels: number of labels.
        speakers: as for `bootstrap_ci`.
        metric: one of `METRICS`.
        level: share of the resamples that lies within the interval.
        resamples: how often to draw.
        seed: of the draws.

    Raises:
        OptionError: unknown metric, no clips, or different numbers of them.

    Examples:
        >>> paired_difference([0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0], labels=2).value
        0.5
    """
    rows, one, two = _alike(truth, first, second)
    if metric not in METRICS:
        raise OptionError(f"found metric {metric!r}, expected one of {', '.join(METRICS)}")
    groups = number_groups(speakers, len(rows))
    groups = np.arange(len(rows)) if groups is None else groups
    count = int(groups.max()) + 1
    rng = np.random.default_rng(seed)
    times = rng.multinomial(count, np.full(count, 1.0 / count), size=resamples)
    drawn, whole = [], []
    for answers in (one, two):
        cells = groups * labels**2 + rows * labels + answers
        per_group = np.bincount(cells, minlength=count * labels**2).reshape(count, labels**2)
        drawn.append(METRICS[metric]((times @ per_group).reshape(resamples, labels, labels)))
        whole.append(float(METRICS[metric](per_group.sum(axis=0).reshape(labels, labels))))
    edges = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    low, high = np.quantile(drawn[0] - drawn[1], edges)
    return Difference(whole[0] - whole[1], float(low), float(high))


def _alike(*answers: ArrayLike) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    arrays = [np.asarray(one, np.int64) for one in answers]
    if len({array.shape for array in arrays}) > 1 or arrays[0].ndim != 1 or not arrays[0].size:
        counts = ", ".join(str(array.size) for array in arrays)
        raise OptionError(f"found {counts} labels, expected equally many, and some")
    return arrays
