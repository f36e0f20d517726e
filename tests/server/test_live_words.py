"""What is said in live sound, over a WebSocket, on a real socket."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from socket import SHUT_RDWR
from typing import Any

import httpx2
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from affetto import audio
from affetto.recognition import Recognizer
from affetto.timeline import Timeline
from affetto.words.transcribers import AgreeingStream
from scripted_words import Scripted
from tiny_model import silence, voice_like

Serve = Callable[..., httpx2.Client]


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    return np.concatenate([voice_like(5.0), silence(0.5)])


class Line:
    """One connection, and what came over it."""

    def __init__(self, client: httpx2.Client, **options: Any) -> None:
        url = f"ws://127.0.0.1:{client.base_url.port}/v1/stream"
        self._opened = ExitStack()
        dialled = connect(url, max_size=None, compression=None)
        self.socket: ClientConnection = self._opened.enter_context(dialled)
        self.rows: list[dict[str, Any]] = []
        self.socket.send(json.dumps({"type": "start", **options}))
        self.first = self.read()

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def read(self) -> dict[str, Any]:
        row: dict[str, Any] = json.loads(self.socket.recv(timeout=30))
        self.rows.append(row)
        return row

    def send(self, samples: np.ndarray) -> None:
        for part in np.array_split(samples, max(1, len(samples) // 1280)):
            self.socket.send(part.astype("<f4").tobytes())

    def until(self, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        while not holds(row := self.read()):
            pass
        return row

    def end(self, **more: Any) -> dict[str, Any]:
        self.socket.send(json.dumps({"type": "end", **more}))
        row: dict[str, Any] = self.until(lambda row: row["type"] == "timeline")["timeline"]
        return row

    def cut(self) -> None:
        with suppress(OSError, ConnectionClosed):
            self.socket.socket.shutdown(SHUT_RDWR)
            self._opened.close()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["type"] == kind]

    @property
    def phrases(self) -> list[dict[str, Any]]:
        """The phrases that were told."""
        return [phrase for row in self.of("words") for phrase in row["phrases"]]


def has_phrases(row: dict[str, Any]) -> bool:
    return row["type"] == "words" and bool(row["phrases"])


def test_words_come_beside_the_updates_and_stand_in_the_timeline(
    serve: Serve, talk: np.ndarray, model: Path
) -> None:
    client = serve(transcriber=Scripted())
    with Line(client, words=True) as line:
        assert line.first["words"] == "scripted"
        line.send(talk[:48_000])
        line.until(lambda row: row["type"] == "words" and row["text"] == "and I")
        line.send(talk[48_000:68_000])
        line.until(lambda _: len(line.phrases) == 2)
        line.send(talk[68_000:])
        timeline = line.end()
    for phrase in line.phrases:
        assert phrase["text"] in "I am so sad and I miss her"
        assert set(phrase["voice"]) == {"neutral", "happy", "sad", "angry"}
        assert phrase["wording"]
        assert sum(phrase["scores"].values()) == pytest.approx(1.0, abs=1e-3)
        assert 0.0 <= phrase["incongruence"] <= 1.0
    said = timeline["words"]["phrases"]
    assert [phrase["text"] for phrase in said[:2]] == ["I am so sad", "and I miss her"]
    assert said[2]["start"] == 4.0
    assert timeline["words"]["weight"] == 0.5
    assert timeline["segments"][0]["text"].startswith("I am so sad and I miss her")
    assert "warnings" not in timeline
    wanted = Recognizer(str(model), causal=True).recognize(talk)
    assert [s["start"] for s in timeline["segments"]] == [round(s.start, 3) for s in wanted]
    assert len(line.of("update")) == pytest.approx(5.5 / 0.08, abs=4)


def test_who_asks_for_no_words_gets_none(serve: Serve, talk: np.ndarray) -> None:
    with Line(serve(transcriber=Scripted())) as line:
        assert line.first["words"] is None
        line.send(talk)
        timeline = line.end()
    assert "words" not in timeline
    assert not line.of("words")


def test_no_update_waits_for_words(serve: Serve, talk: np.ndarray) -> None:
    scripted = Scripted()
    client = serve(transcriber=scripted, patience=0.5)
    scripted.hold.clear()
    with Line(client, words=True) as line:
        line.send(talk)
        line.until(lambda row: row["type"] == "update" and row["time"] > 5.2)
        assert not line.phrases
        lags = [row["behind"] for row in line.of("words")]
        began = time.monotonic()
        timeline = line.end()
        assert time.monotonic() - began < 10
        scripted.hold.set()
    assert all(lag < 6.0 for lag in lags)
    assert timeline["words"]["phrases"] == []
    assert timeline["segments"]
    assert timeline["warnings"] == [
        "the last words are missing: 0.5 s after the end they weren't there yet"
    ]


def test_so_many_streams_have_words_and_the_others_voice(serve: Serve, talk: np.ndarray) -> None:
    client = serve(transcriber=Scripted(), words=1)
    with Line(client, words=True) as first:
        assert first.first["type"] == "started"
        with Line(client, words=True) as second:
            assert second.first["type"] == "error"
            assert second.first["retry_after"] >= 1
            assert "leave the words out: the voice alone" in second.first["error"]
        with Line(client) as voice:
            voice.send(talk)
            assert voice.end()["segments"]
    wait_for(lambda: client.get("/health").json()["streams"] == 0)
    with Line(client, words=True) as third:
        assert third.first["type"] == "started"


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("settings", "options", "said"),
    [
        ({}, {"language": "en"}, "found language without words"),
        ({}, {"words": True, "language": "fr"}, "found the language 'fr'"),
        ({}, {"words": True, "language": "/etc"}, "language: "),
        ({}, {"words": True, "translate": True}, "this server translates nothing"),
        ({}, {"words": True, "transcriber": "pocketsphinx"}, "transcriber: "),
        ({"words": 0}, {"words": True}, "started without words"),
    ],
)
def test_what_cannot_be_had_is_told_in_one_line(
    serve: Serve, settings: dict[str, Any], options: dict[str, Any], said: str
) -> None:
    with Line(serve(transcriber=Scripted(), **settings), **options) as line:
        assert line.first["type"] == "error"
        assert said in line.first["error"]
        with pytest.raises(ConnectionClosed) as closed:
            line.read()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_the_voice_outlives_the_words(serve: Serve, talk: np.ndarray) -> None:
    scripted = Scripted()
    client = serve(transcriber=scripted)
    with Line(client, words=True) as line:
        line.send(talk[:48_000])
        line.until(has_phrases)
        scripted.fails.set()
        line.send(talk[48_000:64_000])
        fault = line.until(lambda row: "error" in row)
        assert fault["type"] == "words"
        assert fault["error"].startswith("found the recogniser broken")
        line.send(talk[64_000:])
        timeline = line.end()
    assert [phrase["text"] for phrase in timeline["words"]["phrases"]] == ["I am so sad"]
    (warning,) = timeline["warnings"]
    assert warning.startswith("what is said was not written down to the end: found the recogn")
    assert timeline["duration"] == 5.5


def test_what_was_said_before_a_break_is_not_written_down_again(
    serve: Serve, talk: np.ndarray, tmp_path: Path
) -> None:
    scripted = Scripted()
    client = serve(transcriber=scripted, data=tmp_path)
    first = Line(client, words=True, keep=True)
    first.send(talk[:48_000])
    first.until(has_phrases)
    first.cut()
    (kept,) = (tmp_path / "streams").glob("*/words")
    assert len(kept.read_text().splitlines()) == 1
    scripted.text = "you won the prize today"
    session = first.first["session"]
    with Line(client, session=session, after=3.0, after_words=-1.0) as again:
        assert again.first["type"] == "started"
        assert again.first["words"] == "scripted"
        told = again.until(has_phrases)
        assert [phrase["text"] for phrase in told["phrases"]] == ["I am so sad"]
        again.send(talk[again.first["kept"] // 4 :])
        timeline = again.end()
    said = timeline["words"]["phrases"]
    assert [phrase["text"] for phrase in said] == [
        "I am so sad", "you won the prize", "today you won"
    ]  # fmt: skip
    assert said[1]["start"] == pytest.approx(said[0]["end"], abs=0.01)
    times = [word["start"] for phrase in said for word in phrase["words"]]
    assert times == sorted(times)
    assert Timeline.from_dict(timeline).words is not None
    wait_for(lambda: not list((tmp_path / "streams").glob("*/words")))


def test_no_phrase_is_told_twice(serve: Serve, talk: np.ndarray, tmp_path: Path) -> None:
    client = serve(transcriber=Scripted(), data=tmp_path)
    first = Line(client, words=True, keep=True)
    first.send(talk[:48_000])
    last = first.until(has_phrases)["phrases"][-1]["start"]
    first.cut()
    session = first.first["session"]
    with Line(client, session=session, after=3.0, after_words=last) as again:
        again.send(talk[again.first["kept"] // 4 :])
        again.end()
    assert all(phrase["start"] > last for phrase in again.phrases)


def test_what_is_kept_is_masked_where_that_is_asked_for(
    serve: Serve, talk: np.ndarray, tmp_path: Path
) -> None:
    client = serve(transcriber=Scripted("ring 5551234 or write w@example.org"), data=tmp_path)
    with Line(client, words=True, keep=True, redact=True) as line:
        line.send(talk)
        line.until(has_phrases)
        (kept,) = (tmp_path / "streams").glob("*/words")
        text = kept.read_text()
        timeline = line.end()
    told = json.dumps([line.rows, timeline, text])
    assert "5551234" not in told
    assert "example.org" not in told
    assert "[number]" in text


def test_the_slowest_words_are_lost_and_the_time_stays(
    serve: Serve, talk: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("affetto.server.spoken._BACKLOG", 1.0)
    monkeypatch.setattr("affetto.server.spoken._AHEAD", 0.5)
    scripted = Scripted()
    client = serve(transcriber=scripted)
    scripted.hold.clear()
    with Line(client, words=True) as line:
        line.send(talk)
        line.until(lambda row: row["type"] == "update" and row["time"] > 5.2)
        scripted.hold.set()
        timeline = line.end()
    assert any("s of words were lost" in warning for warning in timeline["warnings"])
    assert timeline["words"]["phrases"][-1]["end"] > 4.0


def test_who_leaves_while_words_are_waited_for_is_let_go(serve: Serve, talk: np.ndarray) -> None:
    scripted = Scripted()
    client = serve(transcriber=scripted, words=1)
    scripted.hold.clear()
    line = Line(client, words=True)
    line.send(talk)
    line.socket.send('{"type": "end"}')
    line.until(lambda row: row["type"] == "update" and row["time"] > 5.2)
    line.cut()
    wait_for(lambda: client.get("/health").json()["streams"] == 0)
    scripted.hold.set()
    with Line(client, words=True) as another:
        assert another.first["type"] == "started"


class Whole(Scripted):
    """Knows only whole sounds, as Whisper does."""

    def stream(self, *, language: str | None = None) -> AgreeingStream:
        return AgreeingStream(self, language=language)


def test_streams_and_recordings_take_turns_at_whole_sounds(
    serve: Serve, talk: np.ndarray, tmp_path: Path
) -> None:
    whole = Whole()
    client = serve(transcriber=whole)
    audio.save(tmp_path / "talk.wav", talk)
    with ThreadPoolExecutor(1) as pool, ExitStack() as opened:
        lines = [opened.enter_context(Line(client, words=True)) for _ in range(3)]
        body = (tmp_path / "talk.wav").read_bytes()
        recording = pool.submit(client.post, "/v1/analyze?words=true", content=body)
        for line in lines:
            line.send(talk)
        texts = [line.end()["words"]["phrases"][0]["text"] for line in lines]
        assert recording.result().status_code == 200
    assert all(text.startswith("I am so sad") for text in texts)
    assert whole.most == 1
    assert len(whole.asked) > 4


@pytest.mark.corpora
def test_a_real_sentence_is_written_down_while_it_is_spoken(serve: Serve) -> None:
    import os

    pytest.importorskip("pocketsphinx", reason="pocketsphinx isn't here: extra words")
    shared = Path(os.environ.get("AFFETTO_SHARED") or Path(__file__).parents[3] / "shared")
    path = shared / "speech" / "LJ001-0004.flac"
    if not path.is_file():
        pytest.skip("the sentences aren't here: set AFFETTO_SHARED")
    client = serve(models=("default",), transcriber="pocketsphinx")
    samples = audio.load(path).samples
    with Line(client, words=True) as line:
        line.send(samples)
        line.until(lambda row: row["type"] == "words" and "immediate" in row["text"])
        timeline = line.end()
    said = " ".join(phrase["text"] for phrase in timeline["words"]["phrases"])
    assert "immediate predecessors" in said
    assert timeline["words"]["phrases"][0]["voice"]
