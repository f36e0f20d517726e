import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.models import SpeechThresholds
from affetto.speech import ActivityStream, speech_regions

ROW = 0.04


def test_silence_has_no_region_and_speech_one() -> None:
    assert speech_regions(np.zeros(100), row_seconds=ROW) == []
    assert speech_regions(np.zeros(0), row_seconds=ROW) == []
    assert speech_regions(np.ones(100), row_seconds=ROW) == [(0.0, 4.0)]


def test_hysteresis_rides_over_what_is_between_the_thresholds() -> None:
    unsure = np.full(50, 0.45)
    assert speech_regions(unsure, row_seconds=ROW) == []
    assert len(speech_regions(np.r_[np.ones(10), unsure, np.ones(10)], row_seconds=ROW)) == 1


def test_short_gaps_are_bridged_and_short_stretches_dropped() -> None:
    click, gap, pause, word = np.ones(3), np.zeros(5), np.zeros(20), np.ones(15)
    rows = np.r_[pause, word, gap, word, pause, click, pause, word, pause]
    regions = speech_regions(rows, row_seconds=ROW, thresholds=SpeechThresholds(pad=0.0))
    assert np.ravel(regions) == pytest.approx([0.78, 2.18, 3.9, 4.5])


def test_padding_never_overlaps_nor_leaves_the_sound() -> None:
    thresholds = SpeechThresholds(min_silence=0.2, pad=10.0)
    rows = np.r_[np.ones(20), np.zeros(6), np.ones(20)]
    regions = speech_regions(rows, row_seconds=ROW, duration=1.8, thresholds=thresholds)
    assert len(regions) == 2
    assert regions[0][1] <= regions[1][0]
    assert regions[-1][1] == 1.8


@given(
    st.lists(st.sampled_from([0.0, 0.4, 0.9]), max_size=120).flatmap(
        lambda rows: st.tuples(
            st.just([p for p in rows for _ in range(3)]),
            st.lists(st.integers(0, 3 * len(rows)), max_size=5),
        )
    )
)
def test_chunks_do_not_matter(rows_and_cuts: tuple[list[float], list[int]]) -> None:
    rows, cuts = np.array(rows_and_cuts[0]), sorted(rows_and_cuts[1])
    stream = ActivityStream(row_seconds=ROW)
    found = [region for part in np.split(rows, cuts) for region in stream.feed(part)]
    found += stream.finish(len(rows) * ROW)
    assert found == speech_regions(rows, row_seconds=ROW)
    for (_, end), (start, _) in itertools.pairwise(found):
        assert end <= start


def test_a_region_is_given_as_soon_as_silence_is_long_enough() -> None:
    stream = ActivityStream(row_seconds=ROW)
    assert stream.feed(np.ones(25)) == []
    assert stream.feed(np.zeros(7)) == []
    assert len(stream.feed(np.zeros(1))) == 1
