"""Pictures of a search for better values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from affetto.report.plots.paper import FAINT, INK, LINE, SERIES, legend, panel, saved

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["importances", "search"]


def search(
    scores: Sequence[float | None],
    *,
    stopped: Sequence[float | None] = (),
    path: Path | str | None = None,
) -> "Figure":
    """Draw how a search went: every trial, and the best so far.

    Args:
        scores: of each trial in turn; None where it did not come to its end.
        stopped: last score of trials that were stopped early, at the same places.
        path: save the picture there.

    Returns:
        The figure: score over trials; the best one is named.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the file can't be written.
    """
    figure, axes = panel(6.4, 3.6)
    values = np.array([np.nan if score is None else score for score in scores])
    place = np.arange(1, len(values) + 1)
    early = np.array([np.nan if score is None else score for score in stopped])
    if np.isfinite(early).any():
        axes.plot(place[: len(early)], early, "x", color=FAINT, markersize=5, label="stopped early")
    if np.isfinite(values).any():
        best = np.fmax.accumulate(values)
        top = int(np.nanargmax(values))
        axes.plot(place, values, "o", color=SERIES[0], markersize=4, alpha=0.7, label="trial")
        axes.step(place, best, where="post", color=SERIES[1], linewidth=1.6, label="best so far")
        axes.annotate(
            f"{values[top]:.3f}",
            (place[top], values[top]),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=INK,
        )
        legend(axes)
    axes.set_xlabel("Trial")
    axes.set_ylabel("Score (UAR on held-out speakers)")
    axes.margins(y=0.12)
    axes.xaxis.get_major_locator().set_params(integer=True)
    return saved(figure, path)


def importances(shares: Mapping[str, float], *, path: Path | str | None = None) -> "Figure":
    """Draw how much each value matters for the score.

    Args:
        shares: name → its share of what all of them matter together.
        path: save the picture there.

    Returns:
        The figure: one bar a value, the weightiest on top.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the file can't be written.
    """
    figure, axes = panel(6.4, 1.2 + 0.32 * len(shares))
    names = sorted(shares, key=lambda name: shares[name])
    bars = axes.barh(names, [shares[name] for name in names], color=SERIES[0], height=0.62)
    axes.bar_label(bars, fmt="{:.2f}", padding=4, fontsize=9, color=INK)
    axes.set_xlabel("Share of the score's variation")
    axes.set_ylabel("Value")
    axes.margins(x=0.12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_color(LINE)
    return saved(figure, path)
