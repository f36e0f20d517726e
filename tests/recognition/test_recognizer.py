from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.emotions import Emotion
from affetto.errors import AudioError, OptionError
from affetto.models import ModelPackage
from affetto.recognition import Recognizer
from affetto.timeline import Timeline
from tiny_model import LABELS, silence, voice_like


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    """Make 31.5 s of two voice-like sounds with silence before, between and after."""
    parts = [silence(1), voice_like(4), silence(1), voice_like(3.5, pitch=260), silence(1)]
    return np.tile(np.concatenate(parts), 3)


def scores(timeline: Timeline) -> np.ndarray:
    assert timeline.track is not None
    return np.array(timeline.track.scores)


def test_a_timeline_holds_the_speech_and_nothing_else(tiny: ModelPackage, talk: np.ndarray) -> None:
    timeline = Recognizer(tiny).recognize(talk, source="talk")
    assert (timeline.source, timeline.duration, timeline.model) == ("talk", 31.5, "tiny 0")
    starts = [s.start for s in timeline if s.start % 10.5 < 2]
    np.testing.assert_allclose(starts, [1.0, 11.5, 22.0], atol=0.2)
    assert timeline.speech_duration == pytest.approx(22.5, abs=1.5)
    for before, after in zip(timeline.segments, timeline.segments[1:], strict=False):
        assert before.start < before.end <= after.start
    for segment in timeline:
        assert set(segment.scores) == set(LABELS)
        assert sum(segment.scores.values()) == pytest.approx(1.0)
        assert segment.confidence == max(segment.scores.values())
        assert segment.emotion == max(segment.scores, key=lambda k: segment.scores[k])
        assert segment.speaker is None


def test_the_track_has_a_row_a_hop(tiny: ModelPackage, talk: np.ndarray) -> None:
    track = Recognizer(tiny, hop=0.25).recognize(talk).track
    assert track is not None
    np.testing.assert_allclose(track.times, np.arange(126) * 0.25 + 0.125)
    np.testing.assert_allclose(np.sum(track.scores, axis=1), 1.0)
    assert np.mean(np.array(track.speech)[8:18]) > 0.9  # 2 to 4.5 s
    assert np.mean(np.array(track.speech)[:3]) < 0.2


@given(st.lists(st.integers(0, 31 * 16_000), max_size=5))
@settings(max_examples=12, deadline=None)
def test_the_same_scores_whatever_the_chunks(
    tiny: ModelPackage, talk: np.ndarray, cuts: list[int]
) -> None:
    whole = Recognizer(tiny).recognize(talk)
    chunked = Recognizer(tiny).recognize(iter(np.split(talk, sorted(cuts))))
    np.testing.assert_allclose(scores(chunked), scores(whole), atol=1e-5)
    assert [s.emotion for s in chunked] == [s.emotion for s in whole]


def test_the_same_scores_alone_and_among_others(tiny: ModelPackage, talk: np.ndarray) -> None:
    recognizer = Recognizer(tiny)
    many = list(recognizer.recognize_many([talk, talk[: 5 * 16_000], talk], sources="abc"))
    assert [t.source for t in many] == ["a", "b", "c"]
    assert many[0].segments == many[2].segments
    np.testing.assert_allclose(scores(many[0]), scores(Recognizer(tiny).recognize(talk)), atol=1e-5)


def test_loudness_says_nothing(tiny: ModelPackage, talk: np.ndarray) -> None:
    loud, quiet = (Recognizer(tiny).recognize(talk * gain) for gain in (3.0, 0.3))
    assert [s.emotion for s in loud] == [s.emotion for s in quiet]


@pytest.mark.parametrize("sound", [np.zeros(48_000), 1e-4 * np.ones(48_000), np.zeros(100)])
def test_silence_has_no_segments(tiny: ModelPackage, sound: np.ndarray) -> None:
    timeline = Recognizer(tiny, speakers=True).recognize(sound)
    assert timeline.segments == ()
    assert timeline.summary()["dominant"] is None


@pytest.mark.parametrize("sound", [np.zeros(0), []])
def test_nothing_has_no_segments(tiny: ModelPackage, sound: np.ndarray) -> None:
    timeline = Recognizer(tiny).recognize(sound)
    assert (timeline.segments, timeline.duration) == ((), 0.0)


def test_labels_restrict_the_answers(tiny: ModelPackage, talk: np.ndarray) -> None:
    timeline = Recognizer(tiny, labels="sad, angry").recognize(talk)
    assert timeline.track is not None
    assert timeline.track.labels == ("sad", "angry")
    assert {s.emotion for s in timeline} <= {"sad", "angry"}
    for segment in timeline:
        assert sum(segment.scores.values()) == pytest.approx(1.0)
    with pytest.raises(OptionError, match=r"bored.*neutral, happy, sad, angry"):
        Recognizer(tiny, labels=[Emotion.BORED])


def test_channels_are_speakers_of_their_own(tiny: ModelPackage, talk: np.ndarray) -> None:
    right = np.concatenate([silence(6), talk])[: len(talk)]
    both = Recognizer(tiny).recognize(np.stack([talk, right]))
    assert both.speakers == ("left", "right")
    for name, samples in [("left", talk), ("right", right)]:
        alone = Recognizer(tiny).recognize(samples)
        mine = [(s.start, s.end, s.emotion, dict(s.scores)) for s in both if s.speaker == name]
        assert mine == [(s.start, s.end, s.emotion, dict(s.scores)) for s in alone]
    assert both.track is not None
    assert set(both.track.speakers) == {"left", "right", None}
    three = Recognizer(tiny).recognize(np.stack([talk] * 3))
    assert three.speakers == ("channel 1", "channel 2", "channel 3")


def test_speakers_are_named_in_segments_and_track(tiny: ModelPackage, talk: np.ndarray) -> None:
    timeline = Recognizer(tiny, speakers=2).recognize(talk)
    assert timeline.speakers[0] == "S1"
    assert {s.speaker for s in timeline} <= {"S1", "S2"}
    assert timeline.track is not None
    assert set(timeline.track.speakers) <= {"S1", "S2", None}
    for before, after in zip(timeline.segments, timeline.segments[1:], strict=False):
        assert before.end <= after.start + 1e-9


def test_the_baseline_is_used_once_enough_was_heard(tiny: ModelPackage, talk: np.ndarray) -> None:
    def differ(samples: np.ndarray) -> float:
        plain = scores(Recognizer(tiny, baseline=False).recognize(samples))
        return float(np.abs(scores(Recognizer(tiny).recognize(samples)) - plain).max())

    assert differ(talk[: 5 * 16_000]) == 0.0
    assert differ(talk) > 0.01


def test_a_known_voice_is_heard_beside_its_baseline_at_once(
    tiny: ModelPackage, talk: np.ndarray, tmp_path: Path
) -> None:
    recognizer = Recognizer(tiny)
    known = recognizer.learn([talk, talk])
    assert known.ready
    known.save(tmp_path / "voice.npz")
    heard = known.heard
    short = talk[: 5 * 16_000]
    beside = scores(Recognizer(tiny, baseline=known).recognize(short))
    assert np.abs(beside - scores(recognizer.recognize(short))).max() > 0.01
    assert known.heard == heard


def test_a_decision_is_made_even_without_speech(tiny: ModelPackage, talk: np.ndarray) -> None:
    recognizer = Recognizer(tiny)
    for clip in (np.zeros(1), np.zeros(16_000), talk[: 3 * 16_000], talk):
        decision = recognizer.decide(clip)
        assert sum(decision.scores.values()) == pytest.approx(1.0)
        assert decision.confidence == decision.scores[decision.emotion]
        assert decision.duration == len(clip) / 16_000
    assert recognizer.decide(np.zeros(16_000)).speech < 0.1
    assert recognizer.decide(talk).speech == pytest.approx(22.5, abs=1.5)


def test_silence_around_a_clip_hardly_changes_the_decision(tiny: ModelPackage) -> None:
    recognizer = Recognizer(tiny)
    clip = voice_like(3)
    bare = recognizer.decide(clip).scores
    padded = recognizer.decide(np.concatenate([clip, silence(3, noise=1e-5)])).scores
    assert max(abs(bare[label] - padded[label]) for label in bare) < 0.1


def test_a_decision_beside_a_baseline_differs(tiny: ModelPackage, talk: np.ndarray) -> None:
    recognizer = Recognizer(tiny)
    clip = recognizer.embed(talk[: 5 * 16_000])
    beside = recognizer.decide(clip, baseline=recognizer.learn([talk]))
    assert beside.scores != recognizer.decide(clip).scores


@pytest.mark.parametrize(
    ("samples", "named"),
    [
        (np.zeros(10, np.int16), "int16"),
        (np.array([0.0, np.nan]), "not finite"),
        (np.zeros((2, 2, 2)), "shape"),
        ([np.zeros((2, 5)), np.zeros((3, 5))], "3 channels"),
    ],
)
def test_wrong_samples_are_refused(tiny: ModelPackage, samples: np.ndarray, named: str) -> None:
    with pytest.raises(AudioError, match=named):
        Recognizer(tiny).recognize(samples)


@pytest.mark.parametrize(
    "options", [{"threads": 0}, {"speakers": 0}, {"window": 0.1, "hop": 0.5}, {"labels": "x"}]
)
def test_wrong_options_are_refused(tiny: ModelPackage, options: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        Recognizer(tiny, **options)


def test_memory_does_not_grow_with_the_windows(tiny: ModelPackage) -> None:
    import tracemalloc

    def peak(minutes: int) -> int:
        minute = voice_like(60)
        recognizer = Recognizer(tiny)
        recognizer.recognize(minute)
        tracemalloc.start()
        recognizer.recognize(minute for _ in range(minutes))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    # What stays of an hour: a few kilobytes a minute of probabilities and windows.
    assert peak(12) - peak(2) < 10 * 200_000


def test_the_last_window_is_speech_where_the_sound_ends_in_it(tiny: ModelPackage) -> None:
    """A window of the last few milliseconds may hold no row of the network."""
    track = Recognizer(tiny, window=0.5, hop=0.5).recognize(voice_like(10.505)).track
    assert track is not None
    assert len(track.speech) == 22
    assert track.speech[-1] > 0.4
