"""Which stretches are written down at once: all speech, once, and no more than asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.dsp import SAMPLE_RATE
from affetto.timeline import Segment, Timeline, Track
from affetto.words.stretches import Stretch, cut, plan


def said(*spans: tuple[float, float], speaker: str | None = None) -> tuple[Segment, ...]:
    return tuple(
        Segment(start, end, "sad", {"sad": 1.0}, 1.0, 0.0, 0.0, speaker=speaker)
        for start, end in spans
    )


@given(
    st.lists(st.tuples(st.floats(0.05, 4.0), st.floats(0.05, 40.0)), max_size=12),
    st.floats(5.0, 30.0),
)
def test_all_speech_is_heard_and_no_stretch_is_longer_than_asked(
    parts: list[tuple[float, float]], span: float
) -> None:
    spans, now = [], 0.0
    for gap, length in parts:
        spans.append((now + gap, now + gap + length))
        now += gap + length
    timeline = Timeline("x", now + 1.0, said(*spans), "")
    found = plan(timeline, span=span)
    for stretch in found:
        assert stretch.end - stretch.start <= span + 1e-6
    for start, end in spans:
        for moment in np.linspace(start, end, 20):
            assert any(s.start - 1e-6 <= moment <= s.end + 1e-6 for s in found)


def test_a_long_pause_is_passed_over() -> None:
    timeline = Timeline("x", 60.0, said((1, 3), (3.5, 5), (40, 42)), "")
    assert [round(s.start, 2) for s in plan(timeline, span=28)] == [0.75, 39.75]


def test_long_speech_is_cut_where_the_voice_is_quietest() -> None:
    times = tuple(np.arange(0.25, 40, 0.5).tolist())
    speech = tuple(0.1 if abs(t - 17.25) < 0.1 else 0.9 for t in times)
    track = Track(times, ("sad",), ((1.0,),) * len(times), speech)
    first, *_ = plan(Timeline("x", 40.0, said((0, 40)), "", track=track), span=20)
    assert first.end == pytest.approx(17.5)


def test_channels_are_heard_apart() -> None:
    segments = said((0, 2), speaker="left") + said((1, 3), speaker="right")
    found = plan(Timeline("x", 4.0, segments, ""), span=10, channels=["left", "right"])
    assert [(s.channel, s.end) for s in found] == [(0, 2.25), (1, 3.25)]


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=30))
def test_the_same_samples_come_of_any_chunks(sizes: list[int]) -> None:
    sound = np.arange(sum(sizes), dtype=np.float32)
    seconds = len(sound) / SAMPLE_RATE
    wanted = [Stretch(0.1 * seconds, 0.5 * seconds), Stretch(0.45 * seconds, seconds)]
    chunks = np.split(sound, np.cumsum(sizes)[:-1])
    for stretch, samples in cut(chunks, wanted):
        first, last = round(stretch.start * SAMPLE_RATE), round(stretch.end * SAMPLE_RATE)
        np.testing.assert_array_equal(samples, sound[first:last])


def test_a_file_shorter_than_it_promised_gives_what_there_is() -> None:
    ((_, samples),) = cut([np.ones(8_000, np.float32)], [Stretch(0.25, 2.0)])
    assert len(samples) == 4_000
