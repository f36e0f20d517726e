"""Pictures with matplotlib: made, saved, and nothing global touched."""

import subprocess
import sys

import numpy as np
import pytest

from affetto.errors import MissingExtraError, OptionError

pytest.importorskip("matplotlib", reason="pictures need the extra `plots`")

from affetto.report import plots

PICTURES = [name for name in plots.__all__ if name != "check_picture"]
HISTORY = [{"epoch": i, "loss": 2 / i, "validation_uar": 0.7 - 0.3 / i} for i in range(1, 9)]


def draw(name, made_up, sound, **options):
    timeline = made_up.timeline()
    if name == "confusion":
        return plots.confusion([[8, 2], [1, 9]], ["sad", "calm"], **options)
    if name == "reliability":
        return plots.reliability([0, 4, 6], [0, 0.5, 0.9], [0, 0.5, 0.8], **options)
    if name == "curves":
        return plots.curves(HISTORY, **options)
    if name == "probabilities":
        return plots.probabilities(timeline, **options)
    if name == "waveform":
        return plots.waveform(sound, timeline=timeline, **options)
    if name == "heat_map":
        return plots.heat_map([[0.9, 0.4], [0.3, 0.8]], ["emodb", "savee"], **options)
    if name == "importance":
        rows = [("mfcc", 0.2, 0.01), ("chroma", -0.01, 0.02)]
        return plots.importance(rows, [(f"mfcc{i}", 0.01, 0.0) for i in range(30)], **options)
    if name == "intervals":
        parts = {"Gender": {"f": (0.6, 0.5, 0.7), "m": (0.7, 0.6, 0.75)}}
        return plots.intervals(parts, whole=0.65, **options)
    if name == "explanation":
        return plots.explanation(sound, made_up.explanation(), **options)
    return getattr(plots, name)(sound, **options)


@pytest.mark.parametrize("name", PICTURES)
def test_each_is_drawn_with_units_and_saved(name, made_up, sound, tmp_path):
    figure = draw(name, made_up, sound, path=tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes()[1:4] == b"PNG"
    assert [p.name for p in tmp_path.iterdir()] == ["picture.png"]
    axes = figure.axes[0]
    assert axes.get_ylabel()
    assert any(panel.get_xlabel() for panel in figure.axes)


def test_svg_goes_by_the_suffix_and_others_are_refused(tmp_path):
    plots.curves(HISTORY, path=tmp_path / "c.svg")
    assert "<svg" in (tmp_path / "c.svg").read_text("utf-8")
    with pytest.raises(OptionError, match="expected it to end in"):
        plots.curves(HISTORY, path=tmp_path / "c.bmp")


def test_a_confusion_row_is_the_recall_and_names_its_clips():
    figure = plots.confusion([[3, 1], [0, 0]], ["sad", "calm"])
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["75", "25", "0", "0"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["sad  (4)", "calm  (0)"]
    counts = plots.confusion([[3, 1], [0, 0]], ["sad", "calm"], normalise=False)
    assert [text.get_text() for text in counts.axes[0].texts] == ["3", "1", "0", "0"]
    with pytest.raises(OptionError, match="expected"):
        plots.confusion([[1, 2]], ["sad", "calm"])


def test_an_explanation_numbers_its_strongest_parts(made_up, sound):
    figure = plots.explanation(sound, made_up.explanation())
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["1", "2"]
    assert axes.get_title(loc="left") == "What made 13.4–17.8 s sound angry (80%)"
    assert axes.get_xlim() == (12.0, 19.0)
    with pytest.raises(OptionError, match="expected the whole recording"):
        plots.explanation(sound[:16_000], made_up.explanation())


def test_the_reliability_plot_states_the_ece():
    figure = plots.reliability([5, 5], [0.4, 0.8], [0.6, 0.8])
    assert figure.axes[0].get_title(loc="left") == "ECE 0.100 over 10 answers"


def test_empty_sound_and_empty_timelines_are_drawn(made_up):
    from affetto.timeline import Timeline

    silent = plots.waveform(np.empty(0, np.float32))
    assert silent.axes[0].get_ylabel() == "Amplitude (1 = full scale)"
    for figure in (plots.probabilities(Timeline("x", 0.0, (), "m")), plots.curves([])):
        assert len(figure.axes) == 1
        assert not figure.axes[0].lines


def test_pyplot_and_its_settings_stay_untouched():
    code = (
        "import sys, matplotlib; before = matplotlib.rcParams.copy()\n"
        "from affetto.report import plots\n"
        "plots.curves([{'loss': 1.0}, {'loss': 0.5}])\n"
        "print('matplotlib.pyplot' in sys.modules, matplotlib.rcParams.copy() == before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r'pip install "affetto\[plots\]"'):
        plots.curves(HISTORY)
