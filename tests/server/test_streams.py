"""Live sound over a WebSocket, on a real socket."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from socket import SHUT_RDWR
from typing import Any

import httpx2
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from affetto.recognition import Recognizer
from tiny_model import silence, voice_like


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    return np.concatenate([voice_like(3.0), silence(1.0), voice_like(2.0), silence(0.5)])


def dial(client: httpx2.Client, **options: Any) -> ClientConnection:
    url = f"ws://127.0.0.1:{client.base_url.port}/v1/stream"
    return connect(url, **({"max_size": None, "compression": None} | options))


def start(socket: ClientConnection, **options: Any) -> dict[str, Any]:
    socket.send(json.dumps({"type": "start", **options}))
    return read(socket)


def read(socket: ClientConnection) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(socket.recv(timeout=30))
    return row


def end(socket: ClientConnection) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Say that the sound is over; give the updates that were still to come, and the timeline."""
    socket.send(json.dumps({"type": "end"}))
    updates = []
    while (row := read(socket))["type"] == "update":
        updates.append(row)
    assert row["type"] == "timeline"
    return updates, row["timeline"]


@pytest.mark.parametrize("encoding", ["f32le", "s16le"])
def test_the_timeline_is_that_of_the_recording(
    client: httpx2.Client, talk: np.ndarray, model: Path, encoding: str
) -> None:
    if encoding == "f32le":
        data = talk.astype("<f4").tobytes()
    else:
        whole = np.round(talk * 32767).astype("<i2")
        talk, data = whole.astype(np.float32) / 32768, whole.tobytes()
    with dial(client) as socket:
        started = start(socket, encoding=encoding)
        assert started["type"] == "started"
        assert started["model"] == "tiny 0"
        assert started["every"] == 0.08
        for at in range(0, len(data), 3_001):  # cuts samples in two
            socket.send(data[at : at + 3_001])
        updates, timeline = end(socket)
    assert len(updates) == pytest.approx(6.5 / 0.08, abs=4)
    assert updates[20]["speaking"]
    wanted = Recognizer(str(model), causal=True).recognize(talk)
    assert timeline["segments"] == [segment.to_dict() for segment in wanted]
    told = [segment for update in updates for segment in update["segments"]]
    assert told == timeline["segments"][: len(told)]


def test_other_rates_and_channels_are_heard(client: httpx2.Client, talk: np.ndarray) -> None:
    stereo = np.repeat(talk, 3)[:, None].repeat(2, axis=1).astype("<f4")
    with dial(client) as socket:
        start(socket, rate=48_000, channels=2, every=0.5)
        for part in np.array_split(stereo, 40):
            socket.send(part.tobytes())
        updates, timeline = end(socket)
    assert timeline["duration"] == pytest.approx(6.5, abs=0.01)
    assert len(timeline["segments"]) == 2
    times = [update["time"] for update in updates]
    np.testing.assert_allclose(np.diff(times), 0.48)


def test_updates_come_while_sound_comes(client: httpx2.Client, talk: np.ndarray) -> None:
    with dial(client) as socket:
        start(socket)
        socket.send(talk[:16_000].astype("<f4").tobytes())
        update = read(socket)
        assert update["type"] == "update"
        assert 0.0 < update["latency"] < 5.0
        assert set(update["scores"]) <= {"neutral", "happy", "sad", "angry"}


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (b"\0\0\0\0", "expected that first"),
        ("{not json", "Invalid JSON"),
        ('{"type": "begin"}', "type: "),
        ('{"type": "start", "rate": 7}', "found a rate of 7 Hz"),
        ('{"type": "start", "encoding": "mp3"}', "encoding: "),
        ('{"type": "start", "every": 40}', "found an update every 40 s"),
        ('{"type": "start", "labels": "glee"}', "glee"),
        ('{"type": "start", "speakers": 2}', "speakers: "),
        ('{"type": "start", "window": 1e9}', "window"),
    ],
)
def test_a_wrong_beginning_is_told_in_one_line(
    client: httpx2.Client, first: str | bytes, said: str
) -> None:
    with dial(client) as socket:
        socket.send(first)
        row = read(socket)
        assert row["type"] == "error"
        assert said in row["error"]
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_garbage_amid_sound_ends_that_stream_alone(client: httpx2.Client, talk: np.ndarray) -> None:
    with dial(client) as honest:
        start(honest)
        honest.send(talk[:32_000].astype("<f4").tobytes())
        for garbage in (np.full(16_000, np.nan, "<f4").tobytes(), '{"type": "dance"}', "{"):
            with dial(client) as socket:
                start(socket)
                socket.send(garbage)
                assert read(socket)["type"] == "error"
        with suppress(OSError, ConnectionClosed), dial(client) as vanished:
            start(vanished)
            vanished.send(bytes(4_001))
            vanished.socket.shutdown(SHUT_RDWR)
        honest.send(talk[32_000:].astype("<f4").tobytes())
        updates, timeline = end(honest)
    assert len(updates) > 75
    assert timeline["duration"] == 6.5
    wait_for(lambda: client.get("/health").json()["streams"] == 0)


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_who_says_nothing_is_let_go(serve) -> None:
    client = serve(idle=0.5)
    with dial(client) as silent, pytest.raises(ConnectionClosed):
        silent.recv(timeout=10)
    with dial(client) as stalled:
        start(stalled)
        with pytest.raises(ConnectionClosed):
            stalled.recv(timeout=10)
    assert client.get("/health").json()["streams"] == 0


def test_one_stream_too_many_is_asked_to_come_back(serve) -> None:
    client = serve(streams=1)
    with dial(client) as first:
        start(first)
        with dial(client) as second:
            row = read(second)
            assert (row["type"], row["retry_after"]) == ("error", 1)
            with pytest.raises(ConnectionClosed) as closed:
                second.recv(timeout=10)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1013
    wait_for(lambda: client.get("/health").json()["streams"] == 0)
    with dial(client) as third:
        assert start(third)["type"] == "started"


def test_only_who_may_streams(serve) -> None:
    client = serve(token="s" * 20)
    with pytest.raises(InvalidStatus):
        dial(client)
    with dial(client, additional_headers={"Authorization": "Bearer " + "s" * 20}) as socket:
        assert start(socket)["type"] == "started"
    with dial(client, subprotocols=["affetto", "token." + "s" * 20]) as socket:
        assert socket.subprotocol == "affetto"
        assert start(socket)["type"] == "started"
    with pytest.raises(InvalidStatus):
        dial(client, origin="https://stranger.example", subprotocols=["token." + "s" * 20])
