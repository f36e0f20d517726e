"""The client against a real server."""

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

import affetto
from affetto import AsyncClient, Client, audio
from affetto.client import ServerError
from affetto.errors import AffettoError, OptionError
from affetto.recognition import LiveRecognizer, Recognizer, Update
from affetto.recognition.baseline import BaselineStatistics, SpeakerBaseline
from affetto.server.workers import BusyError
from affetto.timeline import Timeline
from own_loop import in_own_loop
from tiny_model import silence, voice_like


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    return np.concatenate([voice_like(3.0), silence(1.0), voice_like(2.0)])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, talk: np.ndarray) -> Path:
    path = tmp_path_factory.mktemp("sound") / "talk.flac"
    audio.save(path, talk)
    return path


def chunks(samples: np.ndarray) -> Iterator[np.ndarray]:
    yield from np.array_split(samples, 60)


def same(timeline: Timeline | None, wanted: Timeline) -> None:
    assert timeline is not None
    assert timeline.to_dict()["segments"] == wanted.to_dict()["segments"]


def test_recordings_and_facts(client: httpx2.Client, file: Path, model: Path) -> None:
    with Client(str(client.base_url)) as affetto_client:
        wanted = affetto.analyze(file, model=model, labels="happy,sad", baseline=False)
        options = {"labels": "happy,sad", "baseline": False}
        same(affetto_client.analyze(file, **options), wanted)
        same(affetto_client.analyze(file.read_bytes(), **options), wanted)
        assert affetto_client.models()["loaded"] == ["tiny"]
        assert affetto_client.health()["status"] == "ok"


def test_a_stream(client: httpx2.Client, talk: np.ndarray, model: Path) -> None:
    with Client(str(client.base_url)) as affetto_client:
        stream = affetto_client.stream(chunks(talk), every=0.5)
        updates = list(stream)
    assert len(updates) == 12
    assert all(isinstance(update, Update) for update in updates)
    assert any(update.emotion for update in updates)
    same(stream.timeline, Recognizer(str(model), causal=True).recognize(talk))
    assert list(stream) == []


def test_the_same_from_a_coroutine(
    client: httpx2.Client, talk: np.ndarray, file: Path, model: Path
) -> None:
    async def microphone() -> AsyncIterator[np.ndarray]:
        for chunk in chunks(talk):
            yield chunk

    async def use() -> None:
        async with AsyncClient(str(client.base_url)) as affetto_client:
            analysed = await affetto_client.analyze(file)
            same(analysed, affetto.analyze(file, model=model))
            assert (await affetto_client.models())["loaded"] == ["tiny"]
            assert (await affetto_client.health())["status"] == "ok"
            *updates, timeline = [
                each async for each in affetto_client.stream(microphone(), every=0.5)
            ]
            assert len(updates) == 12
            assert isinstance(timeline, Timeline)
            same(timeline, Recognizer(str(model), causal=True).recognize(talk))

    in_own_loop(use())


def test_refusals_are_told_in_the_servers_words(
    client: httpx2.Client, file: Path, talk: np.ndarray
) -> None:
    with Client(str(client.base_url)) as affetto_client:
        with pytest.raises(ServerError, match="glee") as refused:
            affetto_client.analyze(file, labels="glee")
        assert refused.value.status == 422
        with pytest.raises(ServerError, match="glee"):
            affetto_client.stream(chunks(talk), labels="glee")
        with pytest.raises(AffettoError, match=r"missing\.mp3: can't be read"):
            affetto_client.analyze("missing.mp3")


def test_a_source_that_fails_is_told_where_updates_are_read(
    client: httpx2.Client, talk: np.ndarray
) -> None:
    def unplugged() -> Iterator[np.ndarray]:
        yield talk[:16_000]
        raise AffettoError("the microphone was pulled out")

    with Client(str(client.base_url)) as affetto_client:
        stream = affetto_client.stream(unplugged())
        with pytest.raises(AffettoError, match="pulled out"):
            list(stream)


def test_a_token_is_shown(serve, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = str(serve(token="s" * 20).base_url)
    with Client(url) as stranger, pytest.raises(ServerError, match="no valid token") as refused:
        stranger.models()
    assert refused.value.status == 401
    with Client(url, token="s" * 20) as friend:
        assert friend.models()["loaded"] == ["tiny"]
        assert list(friend.stream(iter([np.zeros(16_000, np.float32)])))
    monkeypatch.setenv("AFFETTO_TOKEN", "s" * 20)
    with Client(url) as friend:
        assert friend.analyze(file).segments


def test_a_full_server_is_asked_again(
    client: httpx2.Client, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [1, 1]
    hear = affetto.server.recordings._hear

    def busy_twice(*args):
        if refusals:
            raise BusyError("recordings", retry_after=refusals.pop())
        return hear(*args)

    monkeypatch.setattr("affetto.server.recordings._hear", busy_twice)
    with Client(str(client.base_url)) as patient:
        assert patient.analyze(file).segments
    refusals.append(1)
    with Client(str(client.base_url), retries=0) as hasty, pytest.raises(ServerError) as refused:
        hasty.analyze(file)
    assert (refused.value.status, refused.value.retry_after) == (503, 1)


OPTIONS = [
    {"speakers": True},
    {"speakers": 2},
    {"speakers": False, "window": None},
    {"labels": ["happy", affetto.Emotion.SAD]},
    {"labels": "happy,sad", "prior": {"happy": 2, affetto.Emotion.SAD: 0.5}},
    {"prior": {}},
    {"prior": "angry=2", "baseline": False, "causal": True},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_options_are_those_of_analyze(
    client: httpx2.Client, file: Path, model: Path, options: dict[str, Any]
) -> None:
    with Client(str(client.base_url)) as affetto_client:
        found = affetto_client.analyze(file, **options)
    wanted = affetto.analyze(file, model=model, **options)
    same(found, wanted)
    assert found.prior == wanted.prior
    assert found.speakers == wanted.speakers


def test_options_of_streams_are_those_of_a_live_recognizer(
    client: httpx2.Client, talk: np.ndarray, model: Path
) -> None:
    options = {"labels": ("happy", "sad", "angry"), "prior": {"angry": 2}, "every": 0.5}
    with Client(str(client.base_url)) as affetto_client:
        stream = affetto_client.stream(chunks(talk), **options)
        scores = [update.to_dict()["scores"] for update in stream]
    live = LiveRecognizer(str(model), **options)
    assert scores == [update.to_dict()["scores"] for update in live.updates(chunks(talk))]
    same(stream.timeline, live.finish())


def test_options_that_no_server_takes_are_told(client: httpx2.Client, file: Path) -> None:
    zeros = np.zeros(2, np.float32)
    known = SpeakerBaseline(BaselineStatistics(zeros, zeros[None], zeros + 1, zeros + 1))
    with Client(str(client.base_url)) as affetto_client:
        with pytest.raises(OptionError, match="baseline: found a SpeakerBaseline"):
            affetto_client.analyze(file, baseline=known)
        with pytest.raises(OptionError, match="baseline: found a SpeakerBaseline"):
            affetto_client.stream(iter([]), baseline=known)
        with pytest.raises(OptionError, match="found speakers=0, expected True"):
            affetto_client.analyze(file, speakers=0)
        with pytest.raises(ServerError, match="no emotion given"):
            affetto_client.analyze(file, labels=[])


def test_no_server_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}") as lonely:
        with pytest.raises(ServerError, match="found no server there"):
            lonely.health()
        with pytest.raises(ServerError, match="start affetto serve"):
            lonely.stream(iter([]))
