"""A server that writes down speech: a real one, in a thread, behaved as well and badly as any."""

from __future__ import annotations

import io
import json
import sys
import time
import wave
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("openai")

from affetto.errors import AudioError, MissingExtraError, OptionError, TranscriptionError
from affetto.words.transcribers import ServerTranscriber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLES = np.random.default_rng(0).normal(0, 0.1, 3 * 16_000).astype(np.float32)

VERBOSE = {
    "task": "transcribe",
    "language": "german",
    "duration": 3.0,
    "text": " Nein, danke. Wirklich nicht?",
    "segments": [
        {"id": 0, "start": 0.0, "end": 1.2, "text": " Nein, danke."},
        {"id": 1, "start": 1.2, "end": 3.4, "text": " Wirklich nicht?"},
    ],
    "words": [
        {"word": "Nein", "start": 0.1, "end": 0.5},
        {"word": "danke", "start": 0.6, "end": 1.1},
        {"word": "Wirklich", "start": 1.3, "end": 1.7},
        {"word": "nicht", "start": 2.6, "end": 3.2},
    ],
}


class Asked:
    """A request: where to, the fields of its form, and the sound."""

    def __init__(self, path: str, key: str, kind: str, body: bytes) -> None:
        self.path = path
        self.key = key
        form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        self.fields: dict[str, list[str]] = {}
        for part in form.get_payload():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if name == "file":
                self.file = part.get_filename()
                self.sound = content
            else:
                self.fields.setdefault(name, []).append(content.decode())

    @property
    def verbose(self) -> bool:
        return self.fields["response_format"] == ["verbose_json"]


Answer = tuple[int, Any]


class Server(ThreadingHTTPServer):
    """Answers as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Answer] = lambda asked: (200, VERBOSE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Authorization"]
        asked = Asked(self.path, key, self.headers["Content-Type"], body)
        self.server.asked.append(asked)
        status, row = self.server.answer(asked)
        plain = isinstance(row, str)
        data = row.encode() if plain else json.dumps(row).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if plain else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    running = Server()
    thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def test_words_with_their_times_and_marks(server: Server) -> None:
    transcriber = ServerTranscriber(server.url, model="mine")
    spoken = transcriber.transcribe(SAMPLES)
    assert spoken.language == "de"
    assert not spoken.translated
    assert [p.text for p in spoken.phrases] == ["Nein, danke.", "Wirklich", "nicht?"]
    assert [(p.start, p.end) for p in spoken.phrases] == [(0.1, 1.1), (1.3, 1.7), (2.6, 3.0)]
    assert [word.text for word in spoken.phrases[0].words] == ["Nein,", "danke."]
    assert all(phrase.language == "de" for phrase in spoken.phrases)
    assert transcriber.name == f"mine at 127.0.0.1:{server.server_port}"


def test_what_the_server_is_asked(server: Server) -> None:
    ServerTranscriber(server.url, model="mine").transcribe(SAMPLES, language="de-AT")
    asked = server.asked[0]
    assert asked.path == "/v1/audio/transcriptions"
    assert asked.fields["model"] == ["mine"]
    assert asked.fields["language"] == ["de"]
    assert asked.verbose
    assert asked.fields["timestamp_granularities[]"] == ["word", "segment"]
    with wave.open(io.BytesIO(asked.sound)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2)
        sent = np.frombuffer(sound.readframes(10**6), "<i2") / 32_768
    assert np.abs(sent - SAMPLES).max() < 1e-4
    assert asked.file == "sound.wav"


def test_translation_is_asked_for_where_servers_translate(server: Server) -> None:
    said = {"task": "translate", "language": "english", "text": "No, thanks.", "segments": []}
    server.answer = lambda asked: (200, said)
    transcriber = ServerTranscriber(server.url)
    spoken = transcriber.transcribe(SAMPLES, translate=True)
    assert server.asked[0].path == "/v1/audio/translations"
    assert "language" not in server.asked[0].fields
    assert (spoken.translated, spoken.language) == (True, None)
    assert spoken.phrases[0].language == "en"
    assert transcriber.transcribe(SAMPLES, language="de", translate=True).language == "de"


def test_a_server_that_gives_the_text_alone(server: Server) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.verbose:
            return 400, {"error": {"message": "response_format 'verbose_json' is not compatible"}}
        return 200, {"text": " Nein, danke. "}

    server.answer = answer
    transcriber = ServerTranscriber(server.url)
    for _ in range(2):
        (phrase,) = transcriber.transcribe(SAMPLES, language="de").phrases
        assert (phrase.start, phrase.end, phrase.text) == (0.0, 3.0, "Nein, danke.")
        assert phrase.words == ()
        assert phrase.language == "de"
    # It is not asked twice for what it doesn't know.
    assert [asked.verbose for asked in server.asked] == [True, False, False]


def test_segments_without_words(server: Server) -> None:
    server.answer = lambda asked: (200, {**VERBOSE, "words": None})
    phrases = ServerTranscriber(server.url).transcribe(SAMPLES).phrases
    assert [(p.start, p.end, p.text, p.words) for p in phrases] == [
        (0.0, 1.2, "Nein, danke.", ()),
        (1.2, 3.0, "Wirklich nicht?", ()),
    ]


def test_words_within_their_segments(server: Server) -> None:
    words = [{"word": " Nein", "start": 0.1, "end": 0.5, "probability": 0.75}, {"word": 3}]
    segment = {"start": 0.0, "end": 1.0, "text": " Nein!", "words": words}
    server.answer = lambda asked: (200, {"text": "Nein!", "segments": [segment]})
    ((word,),) = (p.words for p in ServerTranscriber(server.url).transcribe(SAMPLES).phrases)
    assert (word.text, word.start, word.confidence) == ("Nein!", 0.1, 0.75)


def test_what_was_made_up_is_left_out(server: Server) -> None:
    first, second = VERBOSE["segments"]  # type: ignore[misc]
    made_up = {**first, "no_speech_prob": 0.9, "avg_logprob": -1.5}
    server.answer = lambda asked: (200, {**VERBOSE, "segments": [made_up, second]})
    phrases = ServerTranscriber(server.url).transcribe(SAMPLES).phrases
    assert [phrase.text for phrase in phrases] == ["Wirklich", "nicht?"]


def test_nothing_said(server: Server) -> None:
    server.answer = lambda asked: (200, {"text": "", "segments": [], "language": "en"})
    transcriber = ServerTranscriber(server.url)
    assert transcriber.transcribe(SAMPLES).phrases == ()
    # Silence does not even leave the machine.
    assert transcriber.transcribe(np.zeros(16_000, np.float32)).phrases == ()
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "row", "message"),
    [
        (401, {"error": {"message": "bad key sk-1"}}, r"answered 401: it wants a key.*OPENAI_API"),
        (403, {}, r"answered 403: it wants a key"),
        (404, {"detail": "Not Found"}, r"answered 404: found no transcription.*/v1.*#MODEL"),
        (413, {}, r"answered 413: the sound is too long"),
        (400, {"error": {"message": "unknown\nlanguage"}}, r"answered 400 .*unknown language"),
        (200, "<html>hello</html>", r"found an answer of another form, expected JSON with a text"),
        (200, ["a"], r"found an answer of another form"),
        (200, {"words": []}, r"found an answer of another form"),
        (200, {"text": 7}, r"found an answer of another form"),
        (200, None, r"found an answer of another form"),
    ],
)
def test_answers_that_are_none(server: Server, status: int, row: Any, message: str) -> None:
    server.answer = lambda asked: (status, row)
    with pytest.raises(TranscriptionError, match=message) as caught:
        ServerTranscriber(server.url, key="sk-1").transcribe(SAMPLES)
    assert server.url in str(caught.value)
    assert "sk-1" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_server_that_breaks_is_asked_once_more(server: Server) -> None:
    server.answer = lambda asked: (500, {"error": {"message": "out of memory for sk-1"}})
    with pytest.raises(TranscriptionError, match=r"answered 500 \(.*out of memory for …"):
        ServerTranscriber(server.url, key="sk-1").transcribe(SAMPLES)
    assert len(server.asked) == 2
    server.answer = lambda asked: (200, VERBOSE) if len(server.asked) > 3 else (503, {})
    assert ServerTranscriber(server.url).transcribe(SAMPLES).phrases


def test_a_server_that_is_not_there(server: Server) -> None:
    url = "http://127.0.0.1:9/v1"
    with pytest.raises(TranscriptionError, match=f"no way to the speech server {url} .*start it"):
        ServerTranscriber(url).transcribe(SAMPLES)


def test_a_server_that_does_not_answer(server: Server) -> None:
    def answer(asked: Asked) -> Answer:
        time.sleep(1.0)
        return 200, VERBOSE

    server.answer = answer
    with pytest.raises(TranscriptionError, match=r"found no answer within 0\.2 seconds"):
        ServerTranscriber(server.url, timeout=0.2).transcribe(SAMPLES)


def test_which_key_goes_where(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    ServerTranscriber(server.url).transcribe(SAMPLES)
    monkeypatch.setenv("OPENAI_API_KEY", "of-the-environment")
    ServerTranscriber(server.url).transcribe(SAMPLES)
    ServerTranscriber(server.url, key="mine").transcribe(SAMPLES)
    keys = [asked.key for asked in server.asked]
    assert keys == ["Bearer none", "Bearer of-the-environment", "Bearer mine"]
    # Unencrypted, to another machine, none goes that was not given for it.
    assert ServerTranscriber("http://elsewhere:8000/v1")._server.key == "none"
    assert ServerTranscriber("https://elsewhere/v1")._server.key == "of-the-environment"


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host/v1", "http://", "http://a:port/v1"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(OptionError, match=r"found the speech server .*expected an address such as"):
        ServerTranscriber(url)


def test_options_and_samples_that_are_none(server: Server) -> None:
    with pytest.raises(OptionError, match="found timeout=0, expected seconds above 0"):
        ServerTranscriber(server.url, timeout=0)
    with pytest.raises(AudioError, match="int16"):
        ServerTranscriber(server.url).transcribe(np.zeros(100, np.int16))


def test_a_password_in_the_address_is_not_repeated() -> None:
    with pytest.raises(TranscriptionError) as caught:
        ServerTranscriber("http://anna:secret@127.0.0.1:9/v1").transcribe(SAMPLES)
    assert "secret" not in str(caught.value)


def test_live(server: Server) -> None:
    server.answer = lambda asked: (200, {"text": f"Nein {len(server.asked)}"})
    stream = ServerTranscriber(server.url).stream(language="de")
    quiet = np.zeros(16_000, np.float32)
    shown, finished = [], []
    for chunk in np.split(np.concatenate([quiet, SAMPLES, quiet, quiet]), 12):
        partial = stream.feed(chunk)
        shown.append(partial.text)
        finished += partial.finished
    assert "Nein 1" in shown
    assert [p.text for p in finished] == [f"Nein {len(server.asked)}"]
    assert finished[0].start == pytest.approx(0.7, abs=0.1)
    assert 3.9 < finished[0].end < 5.0
    assert stream.finish().finished == ()
    assert all(asked.fields["language"] == ["de"] for asked in server.asked)


def test_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingExtraError, match=r'openai, .*pip install "affetto\[words\]"'):
        ServerTranscriber("http://localhost/v1")
