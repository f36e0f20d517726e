"""Single pictures with matplotlib (extra `plots`): of sound, of a timeline, of a model's results.

Each function gives a `matplotlib.figure.Figure` and, with `path`, saves it as well: PNG, SVG or
PDF by the suffix, whole or not at all. Nothing of matplotlib's global state is touched, so that
a notebook's own style and backend stay as they are.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.emotions import COLOURS
from affetto.errors import MissingExtraError, OptionError
from affetto.jobs import atomic_path, check_file
from affetto.report.words import clock
from affetto.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "check_picture",
    "confusion",
    "curves",
    "mfcc",
    "probabilities",
    "reliability",
    "spectrogram",
    "waveform",
]

_INK = "#1d1f24"
_FAINT = "#5c6370"
_LINE = "#dcd8d0"
_SILENT = "#b5b2ac"
_OTHER = "#8a8f98"
_SERIES = ("#0072b2", "#d55e00", "#4d8c2b", "#7b4bb3", "#e377c2", "#9c755f", "#56b4e9", "#c9a600")
_MOST_COLUMNS = 2000
_SUFFIXES = (".png", ".svg", ".pdf")


def waveform(
    samples: NDArray[np.float32],
    *,
    timeline: Timeline | None = None,
    path: Path | str | None = None,
) -> "Figure":
    """Draw the waveform, in the colours of a timeline's segments where one is given.

    Args:
        samples: shape (samples,), 16 kHz, in [-1, 1].
        timeline: names and colours the stretches of speech.
        path: save the picture there.

    Returns:
        The figure: amplitude over seconds.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the file can't be written.
    """
    figure, axes = _figure(10, 2.8)
    size = max(1, len(samples) // _MOST_COLUMNS)
    starts = np.arange(0, len(samples), size)
    seconds = (starts + size / 2) / SAMPLE_RATE
    if len(samples):
        low = np.minimum.reduceat(samples, starts)
        high = np.maximum.reduceat(samples, starts)
        _fill(axes, seconds, low, high, _SILENT)
        for segment in timeline or ():
            inside = (seconds >= segment.start) & (seconds < segment.end)
            colour = COLOURS.get(segment.emotion or "", _OTHER)
            _fill(axes, seconds, low, high, colour, where=inside)
    if timeline is not None:
        _name_segments(axes, timeline)
    axes.margins(x=0)
    axes.set_ylabel("Amplitude (1 = full scale)")
    _over_time(axes, len(samples) / SAMPLE_RATE)
    return _saved(figure, path)


def spectrogram(samples: NDArray[np.float32], *, path: Path | str | None = None) -> "Figure":
    """Draw the log-mel spectrogram.

    Args:
        samples: shape (samples,), 16 kHz.
        path: save the picture there.

    Returns:
        The figure: frequency in Hz on the mel scale over seconds, power in decibels.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the file can't be written.
    """
    from affetto.features import MelConfig, log_mel

    figure, axes = _figure(10, 3.4)
    from matplotlib.colors import ListedColormap

    from affetto.report.picture import mel_height, palette

    config = MelConfig(bands=80)
    decibels = _columns(log_mel(samples, config)) * (10 / np.log(10))
    top = float(np.quantile(decibels, 0.995)) if decibels.size else 0.0
    picture = axes.imshow(
        decibels.T,
        origin="lower",
        aspect="auto",
        cmap=ListedColormap(palette(256) / 255),
        vmin=top - 70,
        vmax=max(top, -30),
        extent=(0, len(samples) / SAMPLE_RATE, 0, 1),
        interpolation="antialiased",
    )
    hertz = (125, 250, 500, 1000, 2000, 4000)
    axes.set_yticks([mel_height(hz, config) for hz in hertz], [f"{hz:,}" for hz in hertz])
    axes.set_ylabel("Frequency (Hz, mel scale)")
    _over_time(axes, len(samples) / SAMPLE_RATE)
    _colour_bar(figure, picture, axes, "Power (dB)")
    return _saved(figure, path)


def mfcc(samples: NDArray[np.float32], *, path: Path | str | None = None) -> "Figure":
    """Draw the mel-frequency cepstral coefficients, each relative to its own mean and spread.

    Args:
        samples: shape (samples,), 16 kHz.
        path: save the picture there.

    Returns:
        The figure: number of the coefficient over seconds, in standard deviations.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the file can't be written.
    """
    from affetto import features

    figure, axes = _figure(10, 3.4)
    rows = features.mfcc(samples)
    # The first coefficient, loudness, would drown all others.
    rows = _columns((rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-6))
    picture = axes.imshow(
        rows.T,
        origin="lower",
        aspect="auto",
        cmap="PuOr",
        vmin=-3,
        vmax=3,
        extent=(0, len(samples) / SAMPLE_RATE, -0.5, rows.shape[1] - 0.5),
        interpolation="antialiased",
    )
    axes.set_yticks(range(0, rows.shape[1], 2 if rows.shape[1] <= 20 else 5))
    axes.set_ylabel("MFCC")
    _over_time(axes, len(samples) / SAMPLE_RATE)
    _colour_bar(figure, picture, axes, "Standard deviations")
    return _saved(figure, path)


def probabilities(timeline: Timeline, *, path: Path | str | None = None) -> "Figure":
    """Draw the probabilities over time as stacked areas, pale where nobody speaks.

    Args:
        timeline: with its track, drawn window by window; else segment by segment.
        path: save the picture there.

    Returns:
        The figure: probability over seconds.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the file can't be written.
    """
    from affetto.report.payload import chances, labels_of

    figure, axes = _figure(10, 3.2)
    labels = labels_of(timeline)
    found = chances(timeline, labels) if labels else None
    if found is not None:
        times, scores = found
        axes.stackplot(
            times,
            scores.T,
            colors=[COLOURS.get(label, _OTHER) for label in labels],
            labels=labels,
            linewidth=0,
        )
        ended = 0.0
        for start, end in [*((s.start, s.end) for s in timeline), (timeline.duration,) * 2]:
            if start > ended:
                axes.axvspan(ended, start, color="white", alpha=0.82, linewidth=0)
            ended = max(ended, end)
        _legend(axes, outside=True, reverse=True)
    axes.set_ylim(0, 1)
    axes.set_ylabel("Probability")
    _over_time(axes, timeline.duration)
    return _saved(figure, path)


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
    figure, axes = _figure(size + 0.4, size)
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
            color="white" if share[row, column] > 0.55 else _INK if counts[row, column] else _LINE,
        )
    rows = [f"{label}  ({total:g})" for label, total in zip(labels, totals[:, 0], strict=True)]
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), rows)
    axes.set_xlabel("Heard")
    axes.set_ylabel("Meant (clips)")
    axes.set_title("Percent of each row" if normalise else "Clips", loc="left")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return _saved(figure, path)


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
    figure = _blank(4.8, 5.4)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    edges = np.linspace(0, 1, len(counts) + 1)
    held = counts > 0
    axes.plot([0, 1], [0, 1], color=_FAINT, linewidth=1, linestyle="--")
    axes.text(0.72, 0.78, "honest", color=_FAINT, rotation=45, fontsize=9, ha="center")
    axes.vlines(sure[held], sure[held], right[held], color=_SERIES[1], linewidth=2, alpha=0.6)
    axes.plot(sure[held], right[held], "o-", color=_SERIES[0], markersize=5, linewidth=1.6)
    width = np.diff(edges)
    below.bar(edges[:-1], counts, width=width * 0.9, align="edge", color=_SERIES[0])
    error = float(np.sum(counts * np.abs(sure - right)) / max(counts.sum(), 1))
    axes.set_title(f"ECE {error:.3f} over {counts.sum():,.0f} answers", loc="left")
    axes.set(xlim=(0, 1), ylim=(0, 1), ylabel="Share that is right")
    below.set(xlabel="Confidence", ylabel="Answers")
    for panel in (axes, below):
        _tidy(panel)
    return _saved(figure, path)


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
    figure = _blank(4.9 * len(groups), 3.4)
    panels = np.atleast_1d(figure.subplots(1, len(groups)))
    for axes, group in zip(panels, groups, strict=True):
        for name, colour in zip(group, _SERIES * len(group), strict=False):
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
                    color=_INK,
                )
        axes.set_xlabel("Epoch")
        axes.set_ylabel("Loss" if group and group is losses else "Score")
        axes.margins(y=0.12)
        axes.xaxis.get_major_locator().set_params(integer=True)
        _tidy(axes)
        if group:
            _legend(axes)
    return _saved(figure, path)


def _blank(width: float, height: float) -> "Figure":
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", extra="plots", purpose="drawing") from None
    # A figure of its own, not pyplot's: no global state, nothing to close.
    figure = Figure(figsize=(width, height), dpi=144, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _figure(width: float, height: float) -> tuple["Figure", Any]:
    figure = _blank(width, height)
    axes = figure.subplots()
    _tidy(axes)
    return figure, axes


def _tidy(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_LINE)
    axes.tick_params(color=_LINE, labelcolor=_FAINT, labelsize=9)
    for part in (axes.xaxis.label, axes.yaxis.label, axes.title):
        part.set_color(_INK)
        part.set_fontsize(10)


def _legend(axes: Any, *, outside: bool = False, reverse: bool = False) -> None:
    where = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if outside else {"loc": "best"}
    axes.legend(frameon=False, fontsize=9, labelcolor=_INK, reverse=reverse, **where)


def _over_time(axes: Any, seconds: float) -> None:
    axes.set_xlim(0, max(seconds, 1e-3))
    axes.set_xlabel("Time (seconds)")
    if seconds > 90:
        axes.set_xlabel("Time (minutes:seconds)")
        step = next((s for s in (15, 30, 60, 120, 300, 600, 1800) if seconds / s <= 10), 3600)
        ticks = np.arange(0, seconds, step)
        axes.set_xticks(ticks, [clock(tick) for tick in ticks])


def _fill(
    axes: Any,
    seconds: NDArray[np.float64],
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    colour: str,
    where: NDArray[np.bool_] | None = None,
) -> None:
    axes.fill_between(seconds, low, high, where=where, color=colour, linewidth=0.4)


def _name_segments(axes: Any, timeline: Timeline) -> None:
    """Write the labels above the waveform where they have room; a legend says them all."""
    from matplotlib.patches import Patch

    for segment in timeline:
        if segment.emotion is not None and segment.duration > 0.06 * timeline.duration:
            axes.text(
                (segment.start + segment.end) / 2,
                1.03,
                segment.emotion + ("?" if segment.uncertain else ""),
                transform=axes.get_xaxis_transform(),
                ha="center",
                fontsize=9,
                color=_INK,
            )
    said = dict.fromkeys(s.emotion for s in timeline if s.emotion is not None)
    handles = [Patch(color=COLOURS.get(label, _OTHER), label=label) for label in said]
    if handles:
        axes.legend(
            handles=[*handles, Patch(color=_SILENT, label="no speech")],
            frameon=False,
            fontsize=9,
            labelcolor=_INK,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
        )


def _colour_bar(figure: "Figure", picture: Any, axes: Any, label: str) -> None:
    bar = figure.colorbar(picture, ax=axes, pad=0.01, fraction=0.03)
    bar.outline.set_visible(False)
    bar.set_label(label, color=_INK, fontsize=10)
    bar.ax.tick_params(color=_LINE, labelcolor=_FAINT, labelsize=9)


def _columns(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average frames until there are not many more columns than the picture has."""
    group = -(-len(rows) // _MOST_COLUMNS)
    if group <= 1:
        return rows
    starts = np.arange(0, len(rows), group)
    counts = np.diff([*starts, len(rows)])
    return np.asarray(np.add.reduceat(rows, starts, axis=0) / counts[:, None], np.float32)


def _saved(figure: "Figure", path: Path | str | None) -> "Figure":
    if path is not None:
        _check_suffix(Path(path))
        with atomic_path(path) as unfinished:
            figure.savefig(unfinished)
    return figure


def check_picture(path: Path | str) -> None:
    """See to it before long work that a picture of its result can be drawn and saved.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OptionError: the suffix is none of PNG, SVG and PDF.
        OutputError: the file can't be written.
    """
    _blank(1, 1)
    _check_suffix(Path(path))
    check_file(path)


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in _SUFFIXES:
        raise OptionError(
            f"found {path.name!r} as a picture's name, expected it to end in "
            f"{', '.join(_SUFFIXES)}; add one"
        )
