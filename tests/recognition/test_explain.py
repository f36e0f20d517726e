"""What drove a decision: the part that did is found, the rest is not blamed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from affetto import Recognizer
from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError, OptionError
from affetto.explanation import Explanation
from affetto.formats import from_json, to_json
from affetto.recognition.explain import LONGEST, MOST_RUNS, _Hider, explain, explain_timeline
from affetto.timeline import Segment, Timeline
from tiny_model import silence, voice_like
from tiny_window import write_window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from affetto.models import ModelPackage

BURST = (1.0, 1.5)
HIGH = range(9, 12)
"""Mel bands about 2 to 3.5 kHz."""


def with_burst(seconds: float = 2.0) -> NDArray[np.float32]:
    """Make faint noise with a band of loud noise from 2.1 to 3.2 kHz for half a second."""
    from scipy.signal import butter, sosfilt

    sound = silence(seconds, noise=1e-3)
    band = butter(6, [2100, 3200], "bandpass", fs=SAMPLE_RATE, output="sos")
    loud = sosfilt(band, silence(seconds, noise=0.3, seed=1))
    inside = slice(*(round(t * SAMPLE_RATE) for t in BURST))
    sound[inside] += loud[inside].astype(np.float32)
    return sound


@pytest.fixture(scope="module")
def sharp(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    """Hear anger in the level from 2 to 3.5 kHz, whenever it is."""
    folder = tmp_path_factory.mktemp("models") / "sharp"
    package = write_window(folder, angry=dict.fromkeys(HIGH, 2.0), offset=22.0)
    return Recognizer(package, prior="even")


def effects(why: Explanation) -> NDArray[np.float64]:
    return np.array(why.effect)


def test_the_burst_that_made_it_angry_is_found_in_time_and_pitch(sharp: Recognizer) -> None:
    why = explain(sharp, with_burst(), emotion="angry")
    first = why.strongest[0]
    assert BURST[0] - 0.26 <= first.start < first.end <= BURST[1] + 0.26
    assert first.low < 3200
    assert first.high > 2100
    assert first.left < why.confidence
    table = effects(why)
    times = np.array(why.times)
    far = (times[1:] < BURST[0] - 0.3) | (times[:-1] > BURST[1] + 0.3)
    assert np.abs(table[far]).max() < 0.25 * table.max()
    assert np.abs(table[:, :3]).max() < 0.1 * table.max()


def test_what_speaks_against_an_emotion_has_the_other_sign(sharp: Recognizer) -> None:
    sound = with_burst()
    neutral = effects(explain(sharp, sound, emotion="neutral"))
    time, band = np.unravel_index(neutral.argmin(), neutral.shape)
    assert neutral[time, band] < -0.1
    assert 3 <= band <= 6


def test_a_network_over_time_is_explained_too(tiny: ModelPackage) -> None:
    sound = np.concatenate([voice_like(1.5), np.zeros(3 * SAMPLE_RATE, np.float32)])
    done: list[float] = []
    why = explain(Recognizer(tiny), sound, end=1.5, progress=done.append)
    assert why.emotion == max(why.scores, key=why.scores.__getitem__)
    assert sum(why.scores.values()) == pytest.approx(1.0)
    assert effects(why).shape == (len(why.times) - 1, len(why.bands) - 1)
    assert why.runs == len(done) + 1 == len(why.times) * len(why.bands) + 1 <= MOST_RUNS
    assert done[-1] == 1.0
    assert done == sorted(done)
    # Digital silence can't be hidden: nothing of it is blamed.
    voiced = np.abs(effects(why)[np.array(why.times[1:]) <= 1.5]).max()
    silent = np.abs(effects(why)[np.array(why.times[:-1]) > 2.0]).max()
    assert voiced > 1e-3
    assert silent < voiced / 20
    assert explain(Recognizer(tiny), sound, end=1.5) == why


def test_of_a_timeline_the_dominant_segment_is_explained(tiny: ModelPackage) -> None:
    recognizer = Recognizer(tiny)
    parts = [voice_like(1.5), silence(0.6), voice_like(1.0, pitch=300.0)]
    sound = np.concatenate(parts)
    timeline = recognizer.recognize(sound, source="a.wav")
    assert len(timeline) >= 2
    explained = explain_timeline(recognizer, sound, timeline)
    assert replace(explained, explanations=()) == timeline
    both = explain_timeline(recognizer, sound, timeline, most=9).explanations
    assert [w.start for w in both] == [s.start for s in timeline]
    (why,) = explained.explanations
    assert why.emotion == timeline.summary()["dominant"]
    assert why in both
    (back,) = from_json(to_json([explained]))
    assert back.explanations[0].times == pytest.approx(why.times, abs=1e-3)
    assert effects(back.explanations[0]) == pytest.approx(effects(why), abs=1e-4)
    assert explained.slice(0.0, 0.01).explanations == explained.explanations * (why.start < 0.01)


def test_the_answer_is_that_of_the_timelines_own_windows(tiny: ModelPackage) -> None:
    from affetto.recognition import Smoothing

    recognizer = Recognizer(tiny, smoothing=Smoothing(span=1), baseline=False)
    sound = np.concatenate([voice_like(2.5, seed=2), voice_like(2.5, pitch=260.0)])
    track = recognizer.recognize(sound).track
    assert track is not None
    why = explain(recognizer, sound, start=3.0, end=3.5)
    window = np.array(track.scores)[np.array(track.times) == 3.25][0]
    assert list(why.scores.values()) == pytest.approx(window.tolist(), abs=0.02)


def test_each_channel_is_explained_by_its_own_sound(sharp: Recognizer) -> None:
    channels = np.stack([with_burst(), silence(2.0, noise=1e-3)])
    said = Segment(1.0, 1.5, "angry", {"angry": 0.9, "neutral": 0.1}, 0.9, 0, 0, speaker="left")
    timeline = Timeline("x.wav", 2.0, (said,), "m")
    (left,) = explain_timeline(sharp, channels, timeline).explanations
    (right,) = explain_timeline(
        sharp, channels, replace(timeline, segments=(replace(said, speaker="right"),))
    ).explanations
    assert left.strongest
    assert left.confidence > right.confidence
    with pytest.raises(AudioError, match="a segment of S1"):
        explain_timeline(
            sharp, channels, replace(timeline, segments=(replace(said, speaker="S1"),))
        )


def test_without_a_labelled_segment_nothing_is_explained(tiny: ModelPackage) -> None:
    timeline = Recognizer(tiny).recognize(silence(2.0))
    assert explain_timeline(Recognizer(tiny), silence(2.0), timeline) == timeline


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"start": 2.0, "end": 1.0}, "from 2 to 1 s"),
        ({"start": 5.0}, "from 5 to 3 s"),
        ({"emotion": "bored"}, "'bored', expected one of neutral"),
    ],
)
def test_a_wrong_question_is_said_in_one_line(
    tiny: ModelPackage, options: dict[str, object], says: str
) -> None:
    with pytest.raises(OptionError, match=says):
        explain(Recognizer(tiny), voice_like(3.0), **options)  # type: ignore[arg-type]


def test_a_stretch_too_long_for_its_parts_to_say_anything_is_refused(tiny: ModelPackage) -> None:
    with pytest.raises(OptionError, match=f"expected one of {LONGEST:g} s or less"):
        explain(Recognizer(tiny), silence(LONGEST + 1))


def test_a_moment_of_sound_is_explained(tiny: ModelPackage) -> None:
    why = explain(Recognizer(tiny), voice_like(0.02))
    assert why.times[-1] == pytest.approx(0.02)
    assert np.isfinite(effects(why)).all()


def test_what_is_left_is_measured_with_that_patch_alone_hidden(sharp: Recognizer) -> None:
    why = explain(sharp, with_burst(), emotion="angry")
    assert why.strongest
    effects_named = [patch.effect for patch in why.strongest]
    assert effects_named == sorted(effects_named, reverse=True)
    for patch in why.strongest:
        hidden = _Hider(with_burst()).without(*patch[:4])
        again = explain(sharp, hidden, emotion="angry")
        assert again.confidence == pytest.approx(patch.left, abs=0.02)


def test_a_torn_explanation_is_refused() -> None:
    why = Explanation(0.0, 1.0, "sad", {"sad": 0.5}, (0.0, 1.0), (0.0, 1.0), ((0.5,),), 5)
    assert Explanation.from_dict(why.to_dict()) == why
    with pytest.raises(ValueError, match="an explanation of"):
        Explanation.from_dict({**why.to_dict(), "times": [0.0, 1.0, 2.0]})
