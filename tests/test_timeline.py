"""Timelines as people and programs meet them."""

import sys

import pytest

from affetto.errors import MissingExtraError
from affetto.timeline import Segment, Timeline, clock


@pytest.mark.parametrize(
    ("seconds", "digits", "text"),
    [(0, 0, "0:00"), (59.99, 0, "0:59"), (59.96, 1, "0:59.9"), (0.3, 1, "0:00.3"),
     (3599.9, 0, "59:59"), (36_000, 0, "10:00:00"), (12.1, 1, "0:12.1")],
)  # fmt: skip
def test_the_clock_of_a_player(seconds, digits, text):
    assert clock(seconds, digits=digits) == text


def test_a_table_for_pandas(monkeypatch):
    timeline = Timeline(
        "x.wav", 2.0, (Segment(0.0, 2.0, "sad", {"sad": 1.0}, 1.0, -0.7, -0.5),), "m"
    )
    pandas = pytest.importorskip("pandas")
    frame = timeline.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.loc[0, "score_sad"] == 1.0
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match="pandas, which is not installed"):
        timeline.to_frame()


def test_a_notebook_shows_a_strip():
    timeline = Timeline(
        "<x>.wav", 2.0, (Segment(0.0, 1.0, "sad", {"sad": 1.0}, 1.0, -0.7, -0.5),), "m"
    )
    shown = timeline._repr_html_()
    assert "&lt;x&gt;.wav" in shown
    assert "width:50.00%" in shown
