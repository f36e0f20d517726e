"""Single pictures with matplotlib (extra `plots`): of sound, of a timeline, of a model's results.

Each function gives a `matplotlib.figure.Figure` and, with `path`, saves it as well: PNG, SVG or
PDF by the suffix, whole or not at all. Nothing of matplotlib's global state is touched, so that
a notebook's own style and backend stay as they are.
"""

from affetto.report.plots.bars import importance, intervals
from affetto.report.plots.over_time import mfcc, probabilities, spectrogram, waveform
from affetto.report.plots.paper import check_picture
from affetto.report.plots.reasons import explanation
from affetto.report.plots.results import confusion, curves, heat_map, reliability

__all__ = [
    "check_picture",
    "confusion",
    "curves",
    "explanation",
    "heat_map",
    "importance",
    "intervals",
    "mfcc",
    "probabilities",
    "reliability",
    "spectrogram",
    "waveform",
]
