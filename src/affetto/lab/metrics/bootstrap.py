"""How far a metric would stray with other speakers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from affetto.errors import OptionError
from affetto.lab.metrics.decisions import METRICS, Counts

__all__ = ["bootstrap_ci", "number_groups"]


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
    groups = number_groups(speakers, len(rows))
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


def number_groups(speakers: Sequence[str | None] | None, clips: int) -> Counts | None:
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
