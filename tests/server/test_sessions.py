"""Streams that are kept: gone on with after a break, fetched, removed."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from affetto import Client, audio
from affetto.audio import write
from affetto.client import ServerError
from affetto.recognition import LiveRecognizer, Recognizer
from affetto.server.sessions import Sessions
from server_process import ServerProcess
from tiny_model import silence, voice_like


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    return np.concatenate([voice_like(3.0), silence(1.0), voice_like(2.0), silence(0.5)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def kept(data: Path) -> list[Path]:
    return sorted((data / "streams").glob("*/sound"))


Dial = Callable[..., tuple[ClientConnection, dict[str, Any]]]


@pytest.fixture
def dial() -> Iterator[Dial]:
    """Begin a stream; give its socket and what the server answered."""
    with ExitStack() as opened:

        def begin(client: httpx2.Client, **start: Any) -> tuple[ClientConnection, dict[str, Any]]:
            url = f"ws://127.0.0.1:{client.base_url.port}/v1/stream"
            socket = opened.enter_context(
                connect(url, max_size=None, compression=None, close_timeout=1)
            )
            socket.send(json.dumps({"type": "start", **start}))
            return socket, json.loads(socket.recv(timeout=30))

        yield begin


def rest(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    rows = [json.loads(socket.recv(timeout=30))]
    while rows[-1]["type"] != kind:
        rows.append(json.loads(socket.recv(timeout=30)))
    return rows


def test_a_broken_stream_goes_on_where_its_bytes_end(
    serve, dial: Dial, data: Path, talk: np.ndarray, model: Path
) -> None:
    client = serve(data=data)
    sound = talk.astype("<f4").tobytes()
    socket, started = dial(client, keep=True, every=0.5)
    assert started["kept"] == 0
    socket.send(sound[:200_001])
    while (update := json.loads(socket.recv(timeout=30)))["time"] < 2.8:
        pass
    assert 180_000 < update["kept"] <= 200_001
    socket.socket.close()  # the line is cut
    again, resumed = dial(client, session=started["session"], after=2.0)
    assert update["kept"] <= resumed["kept"] <= 200_001
    again.send(sound[resumed["kept"] :])
    again.send(json.dumps({"type": "end"}))
    *updates, last = rest(again, "timeline")
    times = [update["time"] for update in updates]
    assert times == pytest.approx(np.arange(2.4, 6.5, 0.48), abs=0.1)
    wanted = Recognizer(str(model), causal=True).recognize(talk)
    assert last["timeline"]["segments"] == wanted.to_dict()["segments"]
    assert kept(data)
    again.close()
    wait_until(lambda: not kept(data))


def wait_until(holds: Any) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_who_takes_over_alone_goes_on(serve, dial: Dial, data: Path, talk: np.ndarray) -> None:
    client = serve(data=data)
    old, started = dial(client, keep=True, encoding="s16le")
    old.send(np.round(talk * 32767).astype("<i2").tobytes())
    rest(old, "update")
    new, resumed = dial(client, session=started["session"])
    assert resumed["kept"] > 0
    assert "gone on with elsewhere" in rest(old, "error")[-1]["error"]
    new.send(json.dumps({"type": "end", "keep": True}))
    timeline = rest(new, "timeline")[-1]["timeline"]
    assert timeline["duration"] == pytest.approx(resumed["kept"] / 32_000, abs=0.001)
    with pytest.raises(ConnectionClosed):
        new.recv(timeout=10)
    path = f"/v1/stream/{started['session']}"
    answer = client.get(path)
    assert answer.headers["content-type"] == "audio/flac"
    samples = audio.load(answer.content).samples
    assert len(samples) == resumed["kept"] // 2
    np.testing.assert_allclose(samples, talk[: len(samples)], atol=2 / 32768)
    assert client.delete(path).status_code == 204
    assert not kept(data)
    assert client.get(path).status_code == 404
    assert "start anew" in client.delete(path).json()["error"]


def test_what_is_told_again_is_what_was_not_told(serve, dial: Dial, data: Path) -> None:
    """Times are rounded on their way to the client and back."""
    client = serve(data=data)
    sound = np.tile(voice_like(3.0), 8).astype("<f4").tobytes()
    socket, started = dial(client, keep=True, every=0.28)
    socket.send(sound)
    times = []
    while not times or times[-1] < 23.5:
        times.append(json.loads(socket.recv(timeout=30))["time"])
    socket.socket.close()
    for number, time_ in enumerate(times):
        if number % 9 == 0:
            again, _ = dial(client, session=started["session"], after=time_)
            told = json.loads(again.recv(timeout=30))["time"]
            assert told == times[number + 1]
            again.socket.close()


def test_a_stream_of_an_hour_comes_back_soon(serve, dial: Dial, data: Path, model: Path) -> None:
    client = serve(data=data, upload=300_000_000)
    part = np.tile(voice_like(10.0), 6)
    socket, started = dial(client, keep=True, encoding="s16le", every=3.0)
    sound = np.round(part * 32767).astype("<i2").tobytes()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(lambda: rest(socket, "timeline"))
        for _ in range(60):
            socket.send(sound)
        socket.send(json.dumps({"type": "end", "keep": True}))
        first = reading.result(timeout=120)[-1]["timeline"]
    again, _ = dial(client, session=started["session"])
    again.send(json.dumps({"type": "end"}))
    second = rest(again, "timeline")[-1]["timeline"]
    assert second["duration"] == 3600.0
    assert second["segments"] == first["segments"]


def test_who_holds_the_server_up_holds_up_nobody_else(serve, dial: Dial) -> None:
    client = serve(workers=1)
    greedy, _ = dial(client, encoding="s16le", rate=4000)
    greedy.send(bytes(3_900_000))  # eight minutes of sound
    honest, _ = dial(client, every=0.5)
    honest.send(np.tile(voice_like(2.0), 1).astype("<f4").tobytes())
    assert json.loads(honest.recv(timeout=5))["type"] == "update"


def test_what_is_refused_is_not_kept(serve, dial: Dial, data: Path) -> None:
    client = serve(data=data)
    for wrong in ({"labels": "glee"}, {"model": "none"}, {"labels": "x" * 5000}, {"hop": -1}):
        _, answer = dial(client, keep=True, **wrong)
        assert answer["type"] == "error"
        assert len(answer["error"]) < 500
    socket, _ = dial(client, keep=True, encoding="container")
    socket.send(b"no sound at all" * 1000)
    assert rest(socket, "error")
    wait_until(lambda: not list((data / "streams").glob("*/start.json")))


def test_who_closes_amid_the_sound_leaves_nothing_behind(
    serve, dial: Dial, data: Path, talk: np.ndarray
) -> None:
    client = serve(data=data)
    for number in range(10):
        socket, _ = dial(client, keep=True)
        for part in np.array_split(talk[: 8000 * number], 5):
            socket.send(part.astype("<f4").tobytes())
        socket.close()
    wait_until(lambda: client.get("/health").json()["streams"] == 0)
    wait_until(lambda: not list((data / "streams").iterdir()))
    assert not kept(data)


def test_a_session_has_an_end(serve, dial: Dial, data: Path, talk: np.ndarray) -> None:
    client = serve(data=data, keep=1.0)
    socket, started = dial(client, keep=True)
    socket.send(talk.astype("<f4").tobytes())
    rest(socket, "update")
    socket.socket.close()
    wait_until(lambda: not kept(data))
    _, answer = dial(client, session=started["session"])
    assert "isn't here (any more)" in answer["error"]


@pytest.mark.parametrize("name", ["x", "../../../../etc/passwd", "a" * 32, "."])
def test_what_is_no_session_is_told(serve, dial: Dial, data: Path, name: str) -> None:
    client = serve(data=data)
    _, answer = dial(client, session=name)
    assert "found a session that isn't here" in answer["error"]


def test_a_server_that_keeps_nothing_says_so(serve, dial: Dial, talk: np.ndarray) -> None:
    client = serve()
    socket, started = dial(client, keep=True)
    assert started["session"] is None
    socket.send(talk.astype("<f4").tobytes())
    assert rest(socket, "update")[-1]["kept"] is None
    assert "keeps nothing" in dial(client, session="a" * 32)[1]["error"]
    assert "keeps nothing" in client.get("/v1/stream/" + "a" * 32).json()["error"]


def test_a_full_folder_ends_the_keeping_and_not_the_stream(
    serve, dial: Dial, data: Path, talk: np.ndarray, model: Path
) -> None:
    client = serve(data=data, room=400_000)
    socket, started = dial(client, keep=True)
    assert started["session"]
    for part in np.array_split(talk.astype("<f4"), 50):
        socket.send(part.tobytes())
    socket.send(json.dumps({"type": "end"}))
    *updates, last = rest(socket, "timeline")
    assert updates[0]["kept"] > 0
    assert updates[-1]["kept"] is None
    wanted = Recognizer(str(model), causal=True).recognize(talk)
    assert last["timeline"]["segments"] == wanted.to_dict()["segments"]
    assert sum(path.stat().st_size for path in kept(data)) <= 100_000


def test_what_is_old_is_removed_and_what_is_there_counts(tmp_path: Path) -> None:
    first = Sessions(tmp_path, most=1000, seconds=3600)
    session, *others = [first.begin({"type": "start"}) for _ in range(5)]
    assert session is not None
    for each in (session, *others[:3]):
        assert each is not None
        assert each.append(bytes(250))
    assert not session.append(bytes(1))
    assert others[3] is not None
    assert not others[3].append(bytes(1))
    later = Sessions(tmp_path, most=1250, seconds=3600)
    another = later.begin({})
    assert another is not None
    assert not another.append(bytes(300))
    assert (tmp_path.stat().st_mode & 0o777) == 0o700
    long_ago = time.time() - 4000
    os.utime(tmp_path / session.name / "sound", (long_ago, long_ago))
    Sessions(tmp_path, most=1000, seconds=3600)
    assert not (tmp_path / session.name).exists()
    assert (tmp_path / another.name).exists()


def test_containers_are_heard_as_they_come(
    serve, dial: Dial, data: Path, talk: np.ndarray, model: Path, tmp_path: Path
) -> None:
    client = serve(data=data)
    write.save(tmp_path / "talk.flac", talk)
    sound = (tmp_path / "talk.flac").read_bytes()
    socket, started = dial(client, encoding="container", keep=True)
    half = len(sound) // 2
    for at in range(0, half, 1000):
        socket.send(sound[at : min(at + 1000, half)])
    assert rest(socket, "update")[-1]["time"] > 0
    socket.socket.close()
    wait_until(lambda: client.get("/health").json()["streams"] == 0)
    socket, resumed = dial(client, session=started["session"])
    assert resumed["kept"] <= half
    socket.send(sound[resumed["kept"] :])
    socket.send(json.dumps({"type": "end"}))
    timeline = rest(socket, "timeline")[-1]["timeline"]
    heard = audio.load(tmp_path / "talk.flac").samples
    wanted = Recognizer(str(model), causal=True).recognize(heard)
    assert timeline["segments"] == wanted.to_dict()["segments"]
    socket, _ = dial(client, encoding="container")
    socket.send(b"no sound at all" * 1000)
    assert "found text, expected" in rest(socket, "error")[-1]["error"]


@pytest.fixture
def server(model: Path, data: Path) -> Iterator[ServerProcess]:
    server = ServerProcess("--model", model, "--data", data)
    yield server
    server.kill()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_server_killed_and_started_again_costs_its_clients_nothing(
    server: ServerProcess, data: Path, talk: np.ndarray, model: Path
) -> None:
    killed = threading.Event()

    def microphone() -> Iterator[np.ndarray]:
        for number, part in enumerate(np.array_split(talk, 65)):
            if number == 30:
                server.kill()
                killed.set()
            yield part
            time.sleep(0.01)

    def supervise() -> None:
        killed.wait(30)
        server.start()

    threading.Thread(target=supervise, daemon=True).start()
    with Client(server.address) as client:
        stream = client.stream(microphone())
        times = [update.time for update in stream]
    assert killed.is_set()
    unbroken = LiveRecognizer(str(model)).updates([talk])
    assert times == pytest.approx([update.time for update in unbroken], abs=0.001)
    assert stream.timeline is not None
    wanted = Recognizer(str(model), causal=True).recognize(talk)
    assert stream.timeline.to_dict()["segments"] == wanted.to_dict()["segments"]
    wait_until(lambda: not kept(data))


def test_a_server_that_stays_away_is_told(server: ServerProcess, talk: np.ndarray) -> None:
    def microphone() -> Iterator[np.ndarray]:
        yield talk
        server.kill()

    client = Client(server.address, patience=0.5)
    with client, pytest.raises(ServerError, match="broken off"):
        list(client.stream(microphone()))
