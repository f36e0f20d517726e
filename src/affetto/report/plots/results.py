"""Pictures of a model's results and of its training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from affetto.errors import OptionError
from affetto.report.plots.paper import FAINT, INK, LINE, SERIES, blank, legend, panel, saved, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["confusion", "curves", "heat_map", "reliability"]


def confusion(
    matrix: ArrayLike,
    labels: Sequence[str],
    *,
    normalise: bool = True,
    path: Path | str | None = None,
) -> "Figure":
    """Draw a confusion matrix: what was meant in the rows, what was heard in the columns.

    Args:
        matrix: counts, shape (labels, labels).
        labels: names of rows and columns.
        normalise: write each row in percent of its sum, so that the diagonal is the recall.
        path: save the picture there.

    Returns:
        The figure.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OptionError: the matrix doesn't fit the labels.
        OutputError: the file can't be written.
    """
    counts = np.asarray(matrix, np.float64)
    if counts.shape != (len(labels), len(labels)):
        raise OptionError(
            f"found a matrix of shape {counts.shape} for {len(labels)} labels, expected "
            f"{(len(labels), len(labels))}; give counts in the order of the labels"
        )
    totals = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    size = max(4.2, 1.9 + 0.62 * len(labels))
    figure, axes = panel(size + 0.4, size)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        text = f"{100 * share[row, column]:.0f}" if normalise else f"{counts[row, column]:g}"
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=10,
            color="white" if share[row, column] > 0.55 else INK if counts[row, column] else LINE,
        )
    rows = [f"{label}  ({total:g})" for label, total in zip(labels, totals[:, 0], strict=True)]
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), rows)
    axes.set_xlabel("Heard")
    axes.set_ylabel("Meant (clips)")
    axes.set_title("Percent of each row" if normalise else "Clips", loc="left")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return saved(figure, path)


def heat_map(
    values: ArrayLike,
    labels: Sequence[str],
    *,
    title: str = "",
    axes_labels: tuple[str, str] = ("Tested on", "Trained on"),
    path: Path | str | None = None,
) -> "Figure":
    """Draw figures between 0 and 1 of every pair, such as UAR across corpora.

    Args:
        values: shape (labels, labels); what is not a number stays blank.
        labels: names of rows and columns.
        title: of the picture.
        axes_labels: of columns and rows.
        path: save the picture there.

    Returns:
        The figure.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the file can't be written.
    """
    table = np.asarray(values, np.float64)
    size = max(4.2, 1.9 + 0.75 * len(labels))
    figure, axes = panel(size + 0.4, size)
    axes.imshow(table, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*table.shape):
        value = table[row, column]
        if not np.isnan(value):
            ink = "white" if value > 0.55 else INK
            text = f"{value:.2f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=10, color=ink)
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel=axes_labels[0], ylabel=axes_labels[1])
    axes.set_title(title, loc="left")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return saved(figure, path)


def reliability(
    clips: ArrayLike,
    confidence: ArrayLike,
    accuracy: ArrayLike,
    *,
    path: Path | str | None = None,
) -> "Figure":
    """Draw how often answers of a confidence are right; on the diagonal, probabilities are honest.

    The expected calibration error (Guo et al. 2017, arXiv:1706.04599) stands in the title.

    Args:
        clips: answers in each bin, shape (bins,).
        confidence: mean top probability in each bin.
        accuracy: share of right answers in each bin.
        path: save the picture there.

    Returns:
        The figure; below it, how many answers each bin holds.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the file can't be written.
    """
    counts, sure, right = (np.asarray(x, np.float64) for x in (clips, confidence, accuracy))
    figure = blank(4.8, 5.4)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    edges = np.linspace(0, 1, len(counts) + 1)
    held = counts > 0
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle="--")
    axes.text(0.72, 0.78, "honest", color=FAINT, rotation=45, fontsize=9, ha="center")
    axes.vlines(sure[held], sure[held], right[held], color=SERIES[1], linewidth=2, alpha=0.6)
    axes.plot(sure[held], right[held], "o-", color=SERIES[0], markersize=5, linewidth=1.6)
    width = np.diff(edges)
    below.bar(edges[:-1], counts, width=width * 0.9, align="edge", color=SERIES[0])
    error = float(np.sum(counts * np.abs(sure - right)) / max(counts.sum(), 1))
    axes.set_title(f"ECE {error:.3f} over {counts.sum():,.0f} answers", loc="left")
    axes.set(xlim=(0, 1), ylim=(0, 1), ylabel="Share that is right")
    below.set(xlabel="Confidence", ylabel="Answers")
    for part in (axes, below):
        tidy(part)
    return saved(figure, path)


def curves(history: Sequence[Mapping[str, float]], *, path: Path | str | None = None) -> "Figure":
    """Draw how training went: losses to the left, everything else (UAR, say) to the right.

    Args:
        history: one row an epoch: name → figure; `epoch`, where given, is the horizontal axis.
        path: save the picture there.

    Returns:
        The figure; the best epoch of each rising curve is marked.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the file can't be written.
    """
    names = list(dict.fromkeys(name for row in history for name in row if name != "epoch"))
    losses = [name for name in names if "loss" in name]
    scores = [name for name in names if name not in losses]
    groups = [group for group in (losses, scores) if group] or [[]]
    figure = blank(4.9 * len(groups), 3.4)
    panels = np.atleast_1d(figure.subplots(1, len(groups)))
    for axes, group in zip(panels, groups, strict=True):
        for name, colour in zip(group, SERIES * len(group), strict=False):
            rows = [
                (row.get("epoch", at), row[name])
                for at, row in enumerate(history, 1)
                if name in row
            ]
            epochs, values = zip(*rows, strict=True)
            label = name.replace("_", " ")
            axes.plot(epochs, values, color=colour, linewidth=1.8, label=label)
            if group is scores:
                best = int(np.nanargmax(values))
                axes.plot(epochs[best], values[best], "o", color=colour, markersize=6)
                axes.annotate(
                    f"{values[best]:.3f}",
                    (epochs[best], values[best]),
                    xytext=(0, 7),
                    textcoords="offset points",
                    ha="center",
                    fontsize=9,
                    color=INK,
                )
        axes.set_xlabel("Epoch")
        axes.set_ylabel("Loss" if group and group is losses else "Score")
        axes.margins(y=0.12)
        axes.xaxis.get_major_locator().set_params(integer=True)
        tidy(axes)
        if group:
            legend(axes)
    return saved(figure, path)
