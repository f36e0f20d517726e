"""What befell a sound, as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.report.plots.over_time import mel_axis, over_time
from affetto.report.plots.paper import blank, saved, tidy
from affetto.report.thin import thinned

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["alteration"]

_RANGE = 70.0
"""Decibels from the loudest of both to black."""


def alteration(
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    *,
    steps: str = "",
    path: Path | str | None = None,
) -> "Figure":
    """Draw a sound's log-mel spectrogram above that of what was made of it.

    Args:
        before: shape (samples,), 16 kHz.
        after: shape (samples,), 16 kHz.
        steps: what befell it, for the title.
        path: save the picture there.

    Returns:
        The figure: frequency in Hz on the mel scale over seconds, both in the same colours.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OutputError: the file can't be written.
    """
    from affetto.features import MelConfig, log_mel
    from affetto.report.picture import palette

    figure = blank(10, 6.0)
    from matplotlib.colors import ListedColormap

    config = MelConfig(bands=80)
    drawn = [thinned(log_mel(s, config), most=2000) * (10 / np.log(10)) for s in (before, after)]
    top = max(float(np.quantile(one, 0.995)) for one in drawn)
    longest = max(len(before), len(after)) / SAMPLE_RATE
    titles = ("Before", f"After {steps}" if steps else "After")
    panels = figure.subplots(2, 1, sharex=True)
    for axes, samples, picture, title in zip(panels, (before, after), drawn, titles, strict=True):
        axes.imshow(
            picture.T,
            origin="lower",
            aspect="auto",
            cmap=ListedColormap(palette(256) / 255),
            vmin=top - _RANGE,
            vmax=max(top, _RANGE - 100),
            extent=(0, len(samples) / SAMPLE_RATE, 0, 1),
            interpolation="antialiased",
        )
        mel_axis(axes, config)
        over_time(axes, longest)
        axes.set_title(title, loc="left")
        tidy(axes)
    panels[0].set_xlabel("")
    return saved(figure, path)
