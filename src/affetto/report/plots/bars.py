"""Pictures of figures by name: what a model leans on, how it does on each group."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.report.plots.paper import FAINT, LINE, SERIES, blank, panel, saved, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["importance", "intervals"]

_MOST = 24
_ROW = 0.24


def importance(
    groups: Sequence[tuple[str, float, float]],
    features: Sequence[tuple[str, float, float]],
    *,
    path: Path | str | None = None,
) -> "Figure":
    """Draw what a model leans on: groups of features to the left, features to the right.

    Args:
        groups: name, importance, its standard deviation; the most important first.
        features: likewise; of more than two dozen, the first are drawn.
        path: save the picture there.

    Returns:
        The figure.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the file can't be written.
    """
    sides = [groups[:_MOST], features[:_MOST]]
    tall = max(4, *map(len, sides))
    figure = blank(10, 1.1 + _ROW * tall)
    panels = figure.subplots(1, 2)
    for axes, given, rows, what in zip(
        panels, (groups, features), sides, ("groups", "features"), strict=True
    ):
        places = np.arange(len(rows))
        falls, sds = [fall for _, fall, _ in rows], [sd for *_, sd in rows]
        axes.barh(places, falls, xerr=sds, color=SERIES[0], ecolor=FAINT, height=0.7)
        axes.set_yticks(places, [name for name, *_ in rows])
        axes.set_ylim(tall - 0.4, -0.6)
        axes.axvline(0, color=LINE, linewidth=1)
        axes.set_xlabel("Fall of UAR when dealt out anew")
        left = len(given) - len(rows)
        axes.set_ylabel(f"{what.title()} ({left} more)" if left else what.title())
        tidy(axes)
    return saved(figure, path)


def intervals(
    parts: Mapping[str, Mapping[str, tuple[float, float, float]]],
    *,
    whole: float | None = None,
    label: str = "UAR",
    path: Path | str | None = None,
) -> "Figure":
    """Draw figures with their intervals, one a line, under headings.

    Args:
        parts: heading → name → figure, lower and upper edge, all in [0, 1].
        whole: the figure of all, drawn as a line through all.
        label: of the axis.
        path: save the picture there.

    Returns:
        The figure.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the file can't be written.
    """
    count = sum(len(rows) + 1 for rows in parts.values())
    figure, axes = panel(7.5, 1.0 + _ROW * max(count, 3))
    ticks: list[tuple[int, str, Any]] = []
    place = 0
    for heading, rows in parts.items():
        ticks.append((place, heading, "bold"))
        place += 1
        for name, (value, low, high) in rows.items():
            axes.plot([low, high], [place, place], color=SERIES[0], alpha=0.45, linewidth=3)
            axes.plot(value, place, "o", color=SERIES[0], markersize=5, clip_on=False)
            ticks.append((place, name, "normal"))
            place += 1
    if whole is not None:
        axes.axvline(whole, color=SERIES[1], linewidth=1, linestyle="--", zorder=0)
    axes.set_yticks([at for at, *_ in ticks], [name for _, name, _ in ticks])
    for tick, (_, _, weight) in zip(axes.get_yticklabels(), ticks, strict=True):
        tick.set_fontweight(weight)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(place - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.grid(axis="x", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_ylabel("Clips")
    axes.set_xlabel(f"{label} with its 95 % interval; dashed: all clips")
    return saved(figure, path)
