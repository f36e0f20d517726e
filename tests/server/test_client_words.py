"""What is said, for programs that use the client, against a real server."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_sockets

import affetto
from affetto import AsyncClient, Client, audio
from affetto.client import ServerError
from affetto.errors import OptionError
from affetto.recognition import Update
from affetto.timeline import Timeline
from affetto.words import WordListener
from affetto.words.live import WordsUpdate
from own_loop import in_own_loop
from scripted_words import Scripted
from tiny_model import silence, voice_like

Serve = Callable[..., httpx2.Client]


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    return np.concatenate([voice_like(5.0), silence(0.5)])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, talk: np.ndarray) -> Path:
    path = tmp_path_factory.mktemp("sound") / "talk.flac"
    audio.save(path, talk)
    return path


def chunks(samples: np.ndarray) -> Iterator[np.ndarray]:
    yield from np.array_split(samples, 60)


def test_a_recording_comes_with_its_words(serve: Serve, file: Path, model: Path) -> None:
    url = str(serve(transcriber=Scripted()).base_url)
    wanted = affetto.analyze(file, model=model, words=WordListener(Scripted()))
    with Client(url) as client:
        assert client.about()["words"]["transcriber"] == "scripted"
        found = client.analyze(file, words=True, language="en")
        assert client.analyze(file).words is None
        with pytest.raises(ServerError, match="found the language 'fr'") as refused:
            client.analyze(file, words=True, language="fr")
        assert refused.value.status == 422
        with pytest.raises(OptionError, match="words: found a WordListener"):
            client.analyze(file, words=WordListener(Scripted()))
    assert found.words is not None
    assert wanted.words is not None
    assert found.words.to_dict() == wanted.words.to_dict()
    assert [segment.text for segment in found] == [segment.text for segment in wanted]


def test_a_server_without_words_says_so(serve: Serve, file: Path) -> None:
    with Client(str(serve(words=0).base_url)) as client:
        with pytest.raises(ServerError, match="started without words") as refused:
            client.analyze(file, words=True)
        assert refused.value.status == 501
        with pytest.raises(ServerError, match="started without words"):
            client.stream(iter([]), words=True)


def test_a_stream_gives_words_among_the_updates(serve: Serve, talk: np.ndarray) -> None:
    with Client(str(serve(transcriber=Scripted()).base_url)) as client:
        with client.stream(chunks(talk), words=True, redact=True) as stream:
            answers = list(stream)
        assert stream.timeline is not None
        assert stream.timeline.words is not None
        assert stream.timeline.words.text.startswith("I am so sad and I miss her")
        alone = client.stream(chunks(talk))
        assert all(isinstance(update, Update) for update in alone)
    words = [answer for answer in answers if isinstance(answer, WordsUpdate)]
    updates = [answer for answer in answers if isinstance(answer, Update)]
    assert len(words) + len(updates) == len(answers)
    assert len(updates) > 50
    told = [phrase for update in words for phrase in update.phrases]
    assert told[0].text == "I am so sad"
    assert told[0].wording_emotion == "sad"
    assert all(update.behind >= 0 for update in words)


def test_in_a_coroutine_too(serve: Serve, talk: np.ndarray, file: Path) -> None:
    url = str(serve(transcriber=Scripted()).base_url)

    async def spoken() -> AsyncIterator[np.ndarray]:
        for chunk in chunks(talk):
            yield chunk

    async def use() -> None:
        async with AsyncClient(url) as client:
            assert (await client.about())["words"]["available"]
            found = await client.analyze(file, words=True)
            assert found.words is not None
            answers = [answer async for answer in client.stream(spoken(), words=True)]
        assert any(isinstance(answer, WordsUpdate) for answer in answers)
        timeline = answers[-1]
        assert isinstance(timeline, Timeline)
        assert timeline.words is not None
        assert timeline.words.text.startswith("I am so sad")

    in_own_loop(use())


PHRASE = {"start": 1.0, "end": 2.0, "text": "one"}
LATER = {"start": 3.0, "end": 4.0, "text": "two"}


@contextmanager
def breaking(starts: list[dict[str, Any]]) -> Iterator[str]:
    """Serve streams that break off once, after a phrase, and tell it again."""

    def answer(socket: ServerConnection) -> None:
        starts.append(json.loads(socket.recv()))
        socket.send(json.dumps({"type": "started", "session": "s", "kept": 0}))
        said = {"type": "words", "text": "", "behind": 0.0}
        socket.send(json.dumps(said | {"phrases": [PHRASE]}))
        if len(starts) == 1:
            socket.recv()
            socket.socket.close()
            return
        socket.send(json.dumps(said | {"phrases": [PHRASE, LATER]}))
        while isinstance(socket.recv(), bytes):
            pass
        end = Timeline("live", 1.0, (), "m").to_dict()
        socket.send(json.dumps({"type": "timeline", "timeline": end}))

    with serve_sockets(answer, "127.0.0.1", 0) as server:
        import threading

        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"


def test_after_a_break_no_phrase_is_given_twice(talk: np.ndarray) -> None:
    starts: list[dict[str, Any]] = []
    with breaking(starts) as url, Client(url) as client:
        stream = client.stream(iter([talk]), words=True)
        words = [answer for answer in stream if isinstance(answer, WordsUpdate)]
    told = [phrase.text for update in words for phrase in update.phrases]
    assert told == ["one", "two"]
    assert starts[0]["words"] is True
    assert "after_words" not in starts[0]
    assert starts[1]["after_words"] == 1.0
