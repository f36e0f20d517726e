"""Pictures over time: of sound, and of what a timeline says of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.emotions import colour_of
from affetto.report.plots.paper import FAINT, INK, LINE, legend, panel, saved
from affetto.report.thin import thinned
from affetto.timeline import Timeline, clock

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from affetto.features import MelConfig

__all__ = [
    "colour_bar",
    "mel_axis",
    "mfcc",
    "over_time",
    "probabilities",
    "spectrogram",
    "waveform",
]

_SILENT = "#b5b2ac"
_MOST_COLUMNS = 2000


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
    figure, axes = panel(10, 2.8)
    size = max(1, len(samples) // _MOST_COLUMNS)
    starts = np.arange(0, len(samples), size)
    seconds = (starts + size / 2) / SAMPLE_RATE
    if len(samples):
        low = np.minimum.reduceat(samples, starts)
        high = np.maximum.reduceat(samples, starts)
        _fill(axes, seconds, low, high, _SILENT)
        for segment in timeline or ():
            inside = (seconds >= segment.start) & (seconds < segment.end)
            colour = colour_of(segment.emotion)
            _fill(axes, seconds, low, high, colour, where=inside)
    if timeline is not None:
        _name_segments(axes, timeline)
    axes.margins(x=0)
    axes.set_ylabel("Amplitude (1 = full scale)")
    over_time(axes, len(samples) / SAMPLE_RATE)
    return saved(figure, path)


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

    figure, axes = panel(10, 3.4)
    from matplotlib.colors import ListedColormap

    from affetto.report.picture import palette

    config = MelConfig(bands=80)
    decibels = thinned(log_mel(samples, config), most=_MOST_COLUMNS) * (10 / np.log(10))
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
    mel_axis(axes, config)
    over_time(axes, len(samples) / SAMPLE_RATE)
    colour_bar(figure, picture, axes, "Power (dB)")
    return saved(figure, path)


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

    figure, axes = panel(10, 3.4)
    found = features.mfcc(samples)
    # The first coefficient, loudness, would drown all others.
    rows = thinned((found - found.mean(axis=0)) / (found.std(axis=0) + 1e-6), most=_MOST_COLUMNS)
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
    over_time(axes, len(samples) / SAMPLE_RATE)
    colour_bar(figure, picture, axes, "Standard deviations")
    return saved(figure, path)


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

    figure, axes = panel(10, 3.2)
    labels = labels_of(timeline)
    found = chances(timeline, labels) if labels else None
    if found is not None:
        times, scores = found
        axes.stackplot(
            times,
            scores.T,
            colors=[colour_of(label) for label in labels],
            labels=labels,
            linewidth=0,
        )
        ended = 0.0
        for start, end in [*((s.start, s.end) for s in timeline), (timeline.duration,) * 2]:
            if start > ended:
                axes.axvspan(ended, start, color="white", alpha=0.82, linewidth=0)
            ended = max(ended, end)
        legend(axes, outside=True, reverse=True)
    axes.set_ylim(0, 1)
    axes.set_ylabel("Probability")
    over_time(axes, timeline.duration)
    return saved(figure, path)


def mel_axis(axes: Any, config: "MelConfig") -> None:
    """Write frequencies beside a picture of mel bands that is 1 high."""
    from affetto.report.picture import mel_height

    hertz = (125, 250, 500, 1000, 2000, 4000)
    axes.set_yticks([mel_height(hz, config) for hz in hertz], [f"{hz:,}" for hz in hertz])
    axes.set_ylabel("Frequency (Hz, mel scale)")


def over_time(axes: Any, seconds: float, *, start: float = 0.0) -> None:
    """Make the horizontal axis one of time, from a start to an end in seconds."""
    axes.set_xlim(start, max(seconds, start + 1e-3))
    axes.set_xlabel("Time (seconds)")
    if seconds > 90:
        axes.set_xlabel("Time (minutes:seconds)")
        step = next((s for s in (15, 30, 60, 120, 300, 600, 1800) if seconds / s <= 10), 3600)
        ticks = np.arange(np.ceil(start / step) * step, seconds, step)
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
                color=INK,
            )
    said = dict.fromkeys(s.emotion for s in timeline if s.emotion is not None)
    handles = [Patch(color=colour_of(label), label=label) for label in said]
    if handles:
        axes.legend(
            handles=[*handles, Patch(color=_SILENT, label="no speech")],
            frameon=False,
            fontsize=9,
            labelcolor=INK,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
        )


def colour_bar(figure: "Figure", picture: Any, axes: Any, label: str) -> None:
    """Say what the colours of a picture mean."""
    bar = figure.colorbar(picture, ax=axes, pad=0.01, fraction=0.03)
    bar.outline.set_visible(False)
    bar.set_label(label, color=INK, fontsize=10)
    bar.ax.tick_params(color=LINE, labelcolor=FAINT, labelsize=9)
