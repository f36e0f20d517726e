"""What drove a label, as a picture over the spectrogram."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError
from affetto.explanation import Explanation
from affetto.report.plots.over_time import colour_bar, mel_axis, over_time
from affetto.report.plots.paper import INK, panel, saved

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["explanation"]


def explanation(
    samples: NDArray[np.float32], why: Explanation, *, path: Path | str | None = None
) -> "Figure":
    """Draw which times and bands spoke for an emotion, and which against it.

    Args:
        samples: of the whole recording, shape (samples,), 16 kHz.
        why: of `affetto.recognition.explain.explain`.
        path: save the picture there.

    Returns:
        The figure: frequency in Hz on the mel scale over seconds; the spectrogram in grey, the
        effect in red (for) and blue (against), the strongest parts numbered.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OptionError: the explanation is of another recording.
        OutputError: the file can't be written.
    """
    start, end = why.times[0], why.times[-1]
    if end > len(samples) / SAMPLE_RATE + 0.05:
        raise OptionError(
            f"found {len(samples) / SAMPLE_RATE:g} s of sound for an explanation that reaches to "
            f"{end:g} s, expected the whole recording; give the sound that was explained"
        )
    from affetto.features import MelConfig, log_mel
    from affetto.report.picture import mel_height

    figure, axes = panel(10, 3.6)
    from matplotlib.patches import Rectangle

    config = MelConfig(bands=80)
    part = samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    decibels = log_mel(part, config) * (10 / np.log(10))
    top = float(np.quantile(decibels, 0.995)) if decibels.size else 0.0
    axes.imshow(
        decibels.T,
        origin="lower",
        aspect="auto",
        cmap="Greys",
        vmin=top - 60,
        vmax=top + 15,
        extent=(start, end, 0, 1),
    )
    effect = np.array(why.effect).T
    most = max(0.05, float(np.abs(effect).max()))
    heights = [mel_height(hz, config) for hz in (why.bands[0], why.bands[-1])]
    picture = axes.imshow(
        effect,
        origin="lower",
        aspect="auto",
        cmap="RdBu_r",
        vmin=-most,
        vmax=most,
        alpha=np.clip(np.abs(effect) / most, 0, 1) ** 0.6 * 0.75,
        extent=(start, end, *heights),
        interpolation="bicubic",
    )
    for number, patch in enumerate(why.strongest, 1):
        low, high = (min(max(mel_height(hz, config), 0), 1) for hz in (patch.low, patch.high))
        width = patch.end - patch.start
        box = Rectangle((patch.start, low), width, high - low, fill=False, edgecolor=INK)
        axes.add_patch(box)
        axes.annotate(
            str(number),
            (patch.end, (low + high) / 2),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontweight="bold",
        )
    axes.set_ylim(0, 1)
    mel_axis(axes, config)
    over_time(axes, end, start=start)
    axes.plot([why.start, why.end], [1.03, 1.03], transform=axes.get_xaxis_transform(),
              color=INK, linewidth=3, solid_capstyle="butt", clip_on=False)  # fmt: skip
    title = f"What made {why.start:.1f}–{why.end:.1f} s sound {why.emotion} ({why.confidence:.0%})"
    axes.set_title(title, loc="left", fontsize=10, pad=12)
    colour_bar(figure, picture, axes, "Fall of log probability if hidden")
    return saved(figure, path)
