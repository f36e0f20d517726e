"""Models that judge windows for themselves: heard as any other model is, in files and live."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto import audio
from affetto.cli import main
from affetto.errors import OptionError
from affetto.models import WindowPackage, available
from affetto.models.calibration import softmax
from affetto.recognition import LiveRecognizer, Recognizer, Smoothing, SpeakerBaseline
from affetto.timeline import Segment, Timeline
from tiny_model import silence, write_tiny
from tiny_window import KINDS, write_judge

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LABELS = ("neutral", "happy", "angry")

pytestmark = pytest.mark.skipif(
    "default" not in available(), reason="no model is bundled here that tells where speech is"
)


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    """Give a made-up voice of thirteen seconds, in two moods, with pauses."""
    return audio.load(EXAMPLES / "two_moods.flac").samples


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> dict[str, WindowPackage]:
    """Give a model of each kind of features, and one that tells women from men."""
    folder = tmp_path_factory.mktemp("judges")
    made = {kind: write_judge(folder / kind.replace(" ", "-"), kind) for kind in KINDS}
    return made | {"genders": write_judge(folder / "genders", genders=True, temperature=1.5)}


@pytest.fixture(scope="module")
def judge(judges: dict[str, WindowPackage]) -> WindowPackage:
    return judges["row"]


@pytest.fixture(scope="module")
def telling(judges: dict[str, WindowPackage]) -> WindowPackage:
    return judges["genders"]


def scores(timeline: Timeline) -> np.ndarray:
    assert timeline.track is not None
    return np.array(timeline.track.scores)


def chunks(samples: np.ndarray, seconds: float = 0.25) -> Iterator[np.ndarray]:
    step = round(seconds * 16_000)
    for start in range(0, len(samples), step):
        yield samples[start : start + step]


def same(live: Timeline, recorded: Timeline) -> None:
    assert live.track is not None
    assert recorded.track is not None
    assert live.track.times == recorded.track.times
    np.testing.assert_allclose(live.track.scores, recorded.track.scores, atol=1e-5)
    np.testing.assert_allclose(live.track.speech, recorded.track.speech, atol=1e-5)
    for one, other in zip(live, recorded, strict=True):
        assert (one.start, one.end, one.emotion) == (other.start, other.end, other.emotion)
        assert one.gender == other.gender
    assert live.duration == recorded.duration


def test_a_timeline_tells_who_felt_what_when(judge: WindowPackage, talk: np.ndarray) -> None:
    timeline = Recognizer(judge).recognize(talk, source="talk")
    assert (timeline.source, timeline.model) == ("talk", "judge 0")
    assert len(timeline) >= 4
    for before, after in zip(timeline.segments, timeline.segments[1:], strict=False):
        assert before.start < before.end <= after.start
    for segment in timeline:
        assert tuple(segment.scores) == LABELS
        assert sum(segment.scores.values()) == pytest.approx(1.0)
        assert segment.gender is None
        assert "gender" not in segment.to_dict()
    # Where speech is, is what the bundled model hears.
    bundled = Recognizer("default").recognize(talk)
    assert timeline.segments[0].start == bundled.segments[0].start
    assert timeline.speech_duration == pytest.approx(bundled.speech_duration, abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_each_window_is_judged_by_its_own_sound(
    judges: dict[str, WindowPackage], talk: np.ndarray, kind: str
) -> None:
    """Over windows without smoothing: the network on the features of the window's stretch."""
    judge = judges[kind]
    recognizer = Recognizer(judge, smoothing=Smoothing(span=1), prior="even", hop=0.5)
    judged = scores(recognizer.recognize(talk))
    half = judge.card.window / 2
    for window in (0, 1, 9, len(judged) - 2, len(judged) - 1):
        middle = (window + 0.5) * 0.5
        start, end = (max(0, round((middle + side) * 16_000)) for side in (-half, half))
        expected = softmax(judge.judge(judge.features(talk[start:end])[None]))[0]
        np.testing.assert_allclose(judged[window], expected, atol=1e-5)


def test_a_clips_decision_is_the_network_on_its_features(
    judges: dict[str, WindowPackage], talk: np.ndarray
) -> None:
    for kind in KINDS:
        judge, clip = judges[kind], talk[: 4 * 16_000]
        decision = Recognizer(judge, prior="even").decide(clip)
        expected = softmax(judge.judge(judge.features(clip)[None]))[0]
        assert list(decision.scores.values()) == pytest.approx(expected.tolist(), abs=1e-5)
    telling = judges["genders"]
    both = softmax(telling.hear([clip]), temperature=1.5)[0]
    decision = Recognizer(telling, prior="even").decide(clip)
    assert list(decision.scores.values()) == pytest.approx((both[:3] + both[3:]).tolist(), abs=1e-5)
    # A longer one is judged by its windows, and something is said even where nobody speaks.
    long = Recognizer(judge).decide(np.tile(talk, 2))
    assert sum(long.scores.values()) == pytest.approx(1.0)
    assert sum(Recognizer(judge).decide(np.zeros(1, np.float32)).scores.values()) > 0.99


@pytest.mark.parametrize("kind", ["all frames", "genders"])
@given(cuts=st.lists(st.integers(0, 13 * 16_000), max_size=6))
@settings(max_examples=3, deadline=None)
def test_chunks_of_any_size_say_the_same(
    judges: dict[str, WindowPackage], talk: np.ndarray, kind: str, cuts: list[int]
) -> None:
    recognizer = Recognizer(judges[kind])
    whole = recognizer.recognize(talk)
    chunked = recognizer.recognize(iter(np.split(talk, sorted(cuts))))
    np.testing.assert_allclose(scores(chunked), scores(whole), atol=1e-5)
    assert [(s.start, s.emotion, s.gender) for s in chunked] == [
        (s.start, s.emotion, s.gender) for s in whole
    ]


@pytest.mark.parametrize("kind", [*KINDS, "genders"])
def test_the_live_timeline_is_the_recordings(
    judges: dict[str, WindowPackage], talk: np.ndarray, kind: str
) -> None:
    live = LiveRecognizer(judges[kind], every=1.0)
    updates = list(live.updates(chunks(talk)))
    recorded = Recognizer(judges[kind], causal=True).recognize(talk)
    assert len(recorded) >= 4
    same(live.finish(), recorded)
    told = [segment for update in updates for segment in update.segments]
    final = [*told, *live.rest]
    assert [(s.start, s.end, s.gender) for s in final] == [
        (s.start, s.end, s.gender) for s in recorded
    ]
    speaking = [update for update in updates if update.speaking]
    assert speaking
    assert all(sum(update.scores.values()) == pytest.approx(1.0) for update in speaking)
    assert all(update.known_seconds == 0.0 for update in updates)  # nothing is learned


@given(cuts=st.lists(st.integers(0, 13 * 16_000), max_size=6))
@settings(max_examples=3, deadline=None)
def test_the_live_timeline_is_the_same_whatever_the_chunks(
    telling: WindowPackage, talk: np.ndarray, cuts: list[int]
) -> None:
    live = LiveRecognizer(telling, every=2.0)
    for chunk in np.split(talk, sorted(cuts)):
        live.feed(chunk)
    timeline = live.finish()
    assert len(timeline) >= 4
    assert timeline.duration == pytest.approx(len(talk) / 16_000)
    same(timeline, Recognizer(telling, causal=True).recognize(talk))


@pytest.mark.parametrize("known", [0.3, 7.3])
def test_what_was_heard_before_is_caught_up_with(
    telling: WindowPackage, talk: np.ndarray, known: float
) -> None:
    live, at = LiveRecognizer(telling, every=1.0), round(16_000 * known)
    live.catch_up(talk[:at])
    updates = list(live.updates(chunks(talk[at:])))
    whole = list(LiveRecognizer(telling, every=1.0).updates(chunks(talk)))
    late = [update for update in whole if update.time >= updates[0].time]
    assert [u.time for u in updates] == pytest.approx([u.time for u in late])
    same(live.finish(), Recognizer(telling, causal=True).recognize(talk))


def test_an_update_tells_of_the_window_that_ends_now(
    judge: WindowPackage, talk: np.ndarray
) -> None:
    live = LiveRecognizer(judge, every=0.4, prior="even")
    at = told = 0
    while at < 6 * 16_000:
        step = next(count for count in range(1, 16_000) if live.completes(count))
        (update,) = live.feed(talk[at : at + step])
        at += step
        if update.speaking:
            told += 1
            heard = talk[:at][-round(judge.card.window * 16_000) :]
            expected = softmax(judge.judge(judge.features(heard)[None]))[0]
            assert list(update.scores.values()) == pytest.approx(expected.tolist(), abs=1e-4)
    assert told > 5


@pytest.mark.parametrize("gain", [0.02, 8.0])
def test_loudness_says_nothing(
    judges: dict[str, WindowPackage], talk: np.ndarray, gain: float
) -> None:
    for kind in ("row", "picture"):
        recognizer = Recognizer(judges[kind], prior="even", hop=1.0)
        plain, louder = (recognizer.decide(sound) for sound in (talk, gain * talk))
        assert louder.scores == pytest.approx(plain.scores, abs=1e-3)
        np.testing.assert_allclose(
            scores(recognizer.recognize(gain * talk)), scores(recognizer.recognize(talk)), atol=0.01
        )


@pytest.mark.parametrize("sound", [np.zeros(48_000, np.float32), np.zeros(1, np.float32)])
def test_silence_has_no_feeling(judges: dict[str, WindowPackage], sound: np.ndarray) -> None:
    for judge in judges.values():
        assert len(Recognizer(judge).recognize(sound)) == 0
        live = LiveRecognizer(judge, every=1.0)
        assert not any(update.scores for update in live.feed(sound))
        assert len(live.finish()) == 0
    nothing = Recognizer(judge).recognize(np.empty(0, np.float32))
    assert (len(nothing), nothing.duration) == (0, 0.0)
    assert LiveRecognizer(judge).finish().duration == 0.0


def test_segments_say_whose_voice_it_is(telling: WindowPackage, talk: np.ndarray) -> None:
    timeline = Recognizer(telling).recognize(talk)
    assert {segment.gender for segment in timeline} <= {"f", "m"}
    rows = timeline.to_dict()["segments"]
    assert [row["gender"] for row in rows] == [segment.gender for segment in timeline]
    assert Segment.from_dict(rows[0]).gender == rows[0]["gender"]
    # It is the voice's in most of the segment's windows, whatever the emotion.
    windows = telling.hear(
        talk[max(0, round((k * 0.5 - 0.75) * 16_000)) : round((k * 0.5 + 1.25) * 16_000)]
        for k in range(26)
    )
    female = telling.female(windows)
    for segment in timeline:
        inside = female[int(segment.start / 0.5) : int(np.ceil(segment.end / 0.5))]
        assert segment.gender == ("f" if inside.mean() >= 0.5 else "m")
    live = LiveRecognizer(telling, every=1.0)
    told = [s.to_dict() for update in live.updates(chunks(talk)) for s in update.segments]
    assert told
    assert all(row["gender"] in ("f", "m") for row in told)


def test_channels_and_speakers_are_told_apart(telling: WindowPackage, talk: np.ndarray) -> None:
    both = np.stack([talk, np.roll(talk, 16_000)])
    timeline = Recognizer(telling).recognize(both)
    assert set(timeline.speakers) == {"left", "right"}
    left = [s for s in timeline if s.speaker == "left"]
    alone = Recognizer(telling).recognize(talk)
    assert [(s.start, s.emotion, s.gender) for s in left] == [
        (s.start, s.emotion, s.gender) for s in alone
    ]
    spoken = Recognizer(telling, speakers=1).recognize(talk)
    assert {(s.speaker, s.gender is None) for s in spoken} == {("S1", False)}


def test_labels_and_priors_hold(telling: WindowPackage, talk: np.ndarray) -> None:
    timeline = Recognizer(telling, labels="happy,angry").recognize(talk)
    assert {tuple(segment.scores) for segment in timeline} == {("happy", "angry")}
    plain, glad = (
        np.mean(scores(Recognizer(telling, prior=prior).recognize(talk)), axis=0)
        for prior in ("even", {"happy": 20})
    )
    assert glad[1] > plain[1]
    with pytest.raises(OptionError, match="found label 'sad', which the model judge 0 can't say"):
        Recognizer(telling, labels="sad,happy")


def test_a_speakers_baseline_is_refused(
    judge: WindowPackage, talk: np.ndarray, tmp_path: Path
) -> None:
    known = Recognizer(write_tiny(tmp_path / "tiny")).new_baseline()
    assert isinstance(known, SpeakerBaseline)
    recognizer = Recognizer(judge)
    said = "found a speaker's baseline for the model judge 0, .* leave the baseline out"
    for use in (
        lambda: Recognizer(judge, baseline=known),
        lambda: LiveRecognizer(judge, baseline=known),
        recognizer.new_baseline,
        lambda: recognizer.open_baseline(tmp_path / "known.npz"),
        lambda: recognizer.learn([talk]),
    ):
        with pytest.raises(OptionError, match=said):
            use()
    # To learn one where that can be is no demand: such a model just doesn't.
    learned, plain = (
        Recognizer(judge, baseline=wanted).recognize(talk) for wanted in (True, False)
    )
    assert learned.segments == plain.segments
    live = LiveRecognizer(judge, every=1.0)
    live.feed(talk)
    assert live.baseline is None


def test_commands_refuse_a_baseline_before_anything_is_heard(
    judge: WindowPackage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, saved = tmp_path / "labels.csv", tmp_path / "mine.npz"
    table.write_text(f"file,emotion,speaker\n{EXAMPLES / 'angry.flac'},angry,a\n")
    talk, model = str(EXAMPLES / "angry.flac"), ["--model", str(judge.folder)]
    for args in (
        ["evaluate", "--manifest", str(table), "--baseline"],
        ["analyze", talk, "--baseline", str(saved)],
        ["analyze", talk, "--save-baseline", str(saved)],
        ["listen", "--input", talk, "--baseline", str(saved)],
        ["listen", "--input", talk, "--save-baseline", str(saved)],
    ):
        assert main([*args, *model]) == 2, args
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("affetto: found a speaker's baseline for the model judge 0")
        assert err.count("\n") == 1
    assert not saved.exists()


def test_the_commands_hear_with_it(
    telling: WindowPackage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    talk, model = str(EXAMPLES / "angry.flac"), ["--model", str(telling.folder)]
    assert main(["analyze", talk, "--format", "json", "-q", *model]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["model"] == "judge 0"
    assert all(segment["gender"] in ("f", "m") for segment in row["segments"])
    assert main(["analyze", talk, "--format", "csv", "-q", *model]) == 0
    assert ",gender," in capsys.readouterr().out.splitlines()[0]
    kept = tmp_path / "kept.json"
    assert main(["listen", "--input", talk, "--every", "1", "-o", str(kept), *model]) == 0
    assert {s["gender"] for s in json.loads(kept.read_text())["segments"]} <= {"f", "m"}
    table = tmp_path / "labels.csv"
    table.write_text(f"file,emotion,speaker\n{talk},angry,a\n")
    capsys.readouterr()
    assert main(["evaluate", "--manifest", str(table), "--format", "json", *model]) == 0
    assert json.loads(capsys.readouterr().out)["confusion"] is not None


def test_memory_does_not_grow(telling: WindowPackage, talk: np.ndarray) -> None:
    """What half a minute leaves behind, two minutes leave behind too."""
    live = LiveRecognizer(telling, every=2.0)
    held = []
    tracemalloc.start()
    try:
        for minutes in (0.5, 2):
            while live.heard < 60 * minutes:
                live.feed(talk)
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[1] - held[0] < 200_000
    assert len(live.finish()) > 30


def test_a_long_recording_keeps_no_sound(judge: WindowPackage) -> None:
    """A minute of quiet in chunks takes no more at its height than half of one takes."""
    heights = []
    for minutes in (0.5, 1):
        tracemalloc.start()
        try:
            quiet = (silence(10.0, seed=i) for i in range(round(6 * minutes)))
            Recognizer(judge, hop=1.0).recognize(quiet)
            heights.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert heights[1] - heights[0] < 500_000
