import numpy as np
import pytest

from affetto.errors import OptionError
from affetto.recognition import Smoothing
from affetto.recognition.segments import make_segments, smooth

A, B, C = [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]
LABELS = ["neutral", "angry", "sad"]


def cut(rows: list[list[float]], regions: list[tuple[float, float]], **options: float) -> list:
    segments = make_segments(
        regions,
        np.array(rows),
        np.ones(len(rows)),
        labels=LABELS,
        hop=0.5,
        smoothing=Smoothing(**options),
    )
    return [(s.start, s.end, s.emotion) for s in segments]


def test_a_change_that_lasts_cuts() -> None:
    assert cut([A] * 4 + [B] * 4, [(0.0, 4.0)]) == [(0.0, 2.0, "neutral"), (2.0, 4.0, "angry")]


def test_a_change_that_does_not_last_does_not_cut() -> None:
    assert cut([A, A, A, B, A, A, A], [(0.0, 3.5)]) == [(0.0, 3.5, "neutral")]


def test_two_rivals_in_turn_do_not_add_up() -> None:
    assert cut([A] * 3 + [B, C, B, C] + [A], [(0.0, 4.0)]) == [(0.0, 4.0, "neutral")]


def test_a_lead_below_the_margin_does_not_cut() -> None:
    near = [0.42, 0.48, 0.1]
    assert len(cut([A] * 4 + [near] * 4, [(0.0, 4.0)])) == 1
    assert len(cut([A] * 4 + [near] * 4, [(0.0, 4.0)], margin=0.05)) == 2


def test_each_stretch_of_speech_stands_for_itself() -> None:
    found = cut([A] * 3 + [B] * 3, [(0.1, 0.3), (1.6, 2.9)])
    assert found == [(0.1, 0.3, "neutral"), (1.6, 2.9, "angry")]


def test_speakers_cut_where_the_feeling_does_not() -> None:
    segments = make_segments(
        [(0.2, 2.9)],
        np.array([A] * 6),
        np.ones(6),
        labels=LABELS,
        hop=0.5,
        smoothing=Smoothing(),
        speakers=["S1"] * 3 + ["S2"] * 3,
    )
    assert [(s.start, s.end, s.speaker) for s in segments] == [(0.2, 1.5, "S1"), (1.5, 2.9, "S2")]


def test_windows_with_more_speech_say_more() -> None:
    segments = make_segments(
        [(0.0, 1.0)],
        np.array([A, B]),
        np.array([0.1, 2.0]),
        labels=LABELS,
        hop=0.5,
        smoothing=Smoothing(hold=5.0),
    )
    assert segments[0].emotion == "angry"


def test_smoothing_keeps_probabilities_and_lets_one_window_be_outvoted() -> None:
    rows = np.array([A, A, B, A, A])
    smoothed = smooth(rows, np.ones(5), span=3)
    np.testing.assert_allclose(smoothed.sum(axis=1), 1.0)
    assert smoothed[2].max() < 0.8
    np.testing.assert_allclose(smooth(rows, np.ones(5), span=1), rows)
    np.testing.assert_allclose(smooth(rows, np.ones(5), span=9).shape, rows.shape)


def test_smoothing_does_not_cross_groups() -> None:
    rows = np.array([A, A, B, B])
    np.testing.assert_allclose(smooth(rows, np.ones(4), groups=np.array([0, 0, 1, 1])), rows)


@pytest.mark.parametrize("options", [{"span": 2}, {"span": 0}, {"margin": 1.0}, {"hold": -1.0}])
def test_wrong_smoothing_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        Smoothing(**options)
