import io
import threading
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from affetto import analyze, audio, listen
from affetto.api import Listening
from affetto.errors import AudioError, ModelError, OptionError
from affetto.models import ModelPackage, available
from affetto.recognition import LiveRecognizer, Recognizer
from affetto.transcript import Phrase
from affetto.words import WordListener
from affetto.words.transcribers.base import Partial, Spoken
from tiny_model import silence, voice_like, write_tiny


def sound_of(seconds: float) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((voice_like(seconds) * 20_000).astype("<i2").tobytes())
    return written.getvalue()


class Repeating:
    """A recogniser that says the same with each second of sound."""

    name, span, translates, languages = "repeating", 20.0, False, ()

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.heard = 0

    def transcribe(self, samples: NDArray[Any], **_: Any) -> Spoken:
        raise NotImplementedError

    def stream(self, **_: Any) -> "Repeating":
        return self

    def feed(self, samples: NDArray[Any]) -> Partial:
        self.may_go_on.wait(10)
        before, self.heard = self.heard // 16_000, self.heard + len(samples)
        seconds = range(before, self.heard // 16_000)
        return Partial(tuple(Phrase(float(k), k + 1.0, "so sad") for k in seconds))

    def finish(self) -> Partial:
        return Partial()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sounds") / "talk.flac"
    parts = [silence(1), voice_like(4), silence(1), voice_like(3.5, pitch=260), silence(1)]
    audio.save(path, np.tile(np.concatenate(parts), 2))
    return path


def test_a_file_gives_the_timeline_of_its_samples(tiny: ModelPackage, talk: Path) -> None:
    timeline = analyze(talk, model=tiny)
    assert timeline.source == str(talk)
    assert timeline.duration == pytest.approx(21.0)
    assert timeline.warnings == ()
    expected = Recognizer(tiny).recognize(audio.load(talk).samples)
    assert [(s.start, s.end, s.emotion) for s in timeline] == [
        (s.start, s.end, s.emotion) for s in expected
    ]
    assert timeline.track is not None
    assert expected.track is not None
    np.testing.assert_allclose(timeline.track.scores, expected.track.scores, atol=1e-5)


def test_bytes_and_file_objects_do_as_well(tiny: ModelPackage, talk: Path) -> None:
    from_path = analyze(talk, model=tiny)
    data = talk.read_bytes()
    for source in (data, io.BytesIO(data), str(talk)):
        assert analyze(source, model=tiny).segments == from_path.segments


def test_one_recogniser_serves_many_files(tiny: ModelPackage, talk: Path) -> None:
    recognizer = Recognizer(tiny, labels="happy,sad")
    with pytest.raises(OptionError, match="found prior beside a Recognizer"):
        analyze(talk, model=recognizer, prior="even")
    assert {s.emotion for s in analyze(talk, model=recognizer)} <= {"happy", "sad"}


def test_cleaned_sound_takes_the_same_road(tiny: ModelPackage, talk: Path) -> None:
    heard: list[tuple[float, float | None]] = []
    timeline = analyze(
        talk,
        model=tiny,
        highpass=60.0,
        denoise=True,
        loudness=-23.0,
        progress=lambda done, total: heard.append((done, total)),
    )
    assert timeline.duration == pytest.approx(21.0)
    assert len(timeline) >= 4
    assert heard[-1] == pytest.approx((21.0, 21.0))


def test_progress_reaches_the_end(tiny: ModelPackage, talk: Path) -> None:
    heard: list[tuple[float, float | None]] = []
    analyze(talk, model=tiny, progress=lambda done, total: heard.append((done, total)))
    assert heard[-1] == pytest.approx((21.0, 21.0))
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)


def test_separate_channels_are_speakers(tiny: ModelPackage, tmp_path: Path) -> None:
    left = np.concatenate([voice_like(4), silence(5)])
    right = np.concatenate([silence(5), voice_like(4, pitch=250)])
    audio.save(tmp_path / "call.wav", np.stack([left, right]))
    timeline = analyze(tmp_path / "call.wav", model=tiny, channels="separate")
    assert [s.speaker for s in timeline.segments if s.end < 4.5] == ["left"]
    assert {s.speaker for s in timeline.segments if s.start > 4.5} == {"right"}
    with pytest.raises(OptionError, match="speakers"):
        analyze(tmp_path / "call.wav", model=tiny, channels="separate", speakers=True)


def test_what_cannot_be_mended_by_guessing_is_said(tiny: ModelPackage, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="missing"):
        analyze(tmp_path / "missing.wav", model=tiny)
    with pytest.raises(ModelError, match="no model 'x'"):
        analyze(tmp_path / "missing.wav", model="x")


def test_the_bundled_model_hears_speech_and_leaves_silence_alone(shared: Path) -> None:
    if "default" not in available():
        pytest.skip("no model is bundled yet: `make model` trains it")
    clip = next(iter(sorted((shared / "corpora").rglob("03-01-05-02-01-01-*.*"))))
    timeline = analyze(clip)
    assert len(timeline) >= 1
    assert sum(timeline.segments[0].scores.values()) == pytest.approx(1.0)
    assert analyze(clip, labels="angry,sad").segments[0].emotion in {"angry", "sad"}


def test_listening_gives_updates_and_then_the_timeline(tiny: ModelPackage, tmp_path: Path) -> None:
    path = tmp_path / "talk.flac"
    audio.save(path, np.concatenate([voice_like(1.5), silence(0.5)]))
    listening = listen(path, model=tiny, every=0.5)
    times = [update.time for update in listening]
    assert times == pytest.approx([0.48, 0.96, 1.44])
    assert listening.timeline is not None
    causal = analyze(path, model=tiny, causal=True, hop=None)
    assert listening.timeline.to_dict()["segments"] == causal.to_dict()["segments"]
    assert list(listening) == []


def test_words_come_beside_the_updates(tiny: ModelPackage, tmp_path: Path) -> None:
    path = tmp_path / "talk.flac"
    audio.save(path, np.concatenate([voice_like(1.5), silence(0.5)]))
    listening = listen(path, model=tiny, every=0.5, words=WordListener(Repeating()))
    told = []
    for _ in listening:
        assert listening.said is not None
        told += listening.said.phrases
        time.sleep(0.2)  # as whoever does something with an update
    assert listening.timeline is not None
    assert [phrase.text for phrase in listening.timeline.words or ()] == ["so sad"] * 2
    assert [phrase.start for phrase in told] == [0.0]
    assert "so sad" in (listening.timeline.segments[0].text or "")
    listening.close()
    assert "affetto-words" not in [thread.name for thread in threading.enumerate()]


def test_many_updates_at_once_tell_a_phrase_once(tiny: ModelPackage) -> None:
    live = LiveRecognizer(tiny, every=0.2)
    listening = Listening(live, io.BytesIO(sound_of(3.0)), None, WordListener(Repeating()))
    chunk = voice_like(1.5)
    told = []
    for _ in listening._heard(iter([chunk, chunk])):
        assert listening.said is not None
        told += [phrase.start for phrase in listening.said.phrases]
        time.sleep(0.1)
    listening.close(give_up=True)
    assert sorted(told) == sorted(set(told))
    assert told


def test_words_end_with_a_source_that_cannot_be_opened(tiny: ModelPackage) -> None:
    with pytest.raises(AudioError):
        listen("nowhere.wav", model=tiny, words=WordListener(Repeating()))
    assert "affetto-words" not in [thread.name for thread in threading.enumerate()]


def test_who_leaves_by_a_fault_does_not_wait_for_words(tiny: ModelPackage, tmp_path: Path) -> None:
    path = tmp_path / "talk.flac"
    audio.save(path, np.concatenate([voice_like(1.5), silence(0.5)]))
    slow = Repeating()
    slow.may_go_on.clear()
    listening = listen(path, model=tiny, every=0.5, words=WordListener(slow))
    next(listening)
    threading.Timer(0.5, slow.may_go_on.set).start()
    with pytest.raises(ZeroDivisionError), listening:
        raise ZeroDivisionError
    assert listening.timeline is not None
    assert "not written down" in listening.timeline.warnings[-1]


def test_a_microphone_is_let_go_of(tiny: ModelPackage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFETTO_AUDIO_BACKEND", "null")
    with listen(model=tiny) as listening:
        first = next(listening)
    assert first.time == pytest.approx(0.08)
    assert listening.timeline is not None
    assert listening.timeline.duration >= 0.08
    with pytest.raises(StopIteration):
        next(listening)


def test_listening_to_what_is_not_there_is_told(tiny: ModelPackage) -> None:
    with pytest.raises(AudioError, match=r"nowhere\.wav: no such file"):
        listen("nowhere.wav", model=tiny)
    with pytest.raises(OptionError, match="a source and a device"):
        listen("talk.wav", device="1", model=tiny)
