"""The client against a real server."""

import asyncio
import gc
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_sockets

import affetto
from affetto import AsyncClient, Client, audio
from affetto.client import LiveStream, ServerError
from affetto.errors import AffettoError, AudioError, OptionError
from affetto.recognition import LiveRecognizer, Recognizer, Update
from affetto.recognition.baseline import BaselineStatistics, SpeakerBaseline
from affetto.server.workers import BusyError
from affetto.timeline import Timeline
from own_loop import in_own_loop
from server_process import ServerProcess
from tiny_model import silence, voice_like


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    return np.concatenate([voice_like(3.0), silence(1.0), voice_like(2.0)])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, talk: np.ndarray) -> Path:
    path = tmp_path_factory.mktemp("sound") / "talk.flac"
    audio.save(path, talk)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def no_threads_stay() -> Iterator[None]:
    yield
    if at_work():
        gc.collect()
    wait_until(lambda: not at_work())


def at_work() -> list[str]:
    """Name the client's threads."""
    names = [each.name for each in threading.enumerate()]
    return [name for name in names if name in ("affetto-stream", "affetto-source")]


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kept(data: Path) -> list[Path]:
    return sorted((data / "streams").glob("*/sound"))


def chunks(samples: np.ndarray) -> Iterator[np.ndarray]:
    yield from np.array_split(samples, 60)


class Talking(Iterator[np.ndarray]):
    """Somebody who talks and talks; counts the chunks that were taken."""

    def __init__(self, *, pace: float = 0.01) -> None:
        self.taken = 0
        self._pace = pace
        self._sound = voice_like(0.1)

    def __next__(self) -> np.ndarray:
        time.sleep(self._pace)
        self.taken += 1
        return self._sound

    def is_heard(self) -> bool:
        """Look whether anybody takes more; whoever waited for a chunk still takes that one."""
        time.sleep(0.1)
        before = self.taken
        time.sleep(0.2)
        return self.taken > before


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
        assert list(stream) == []
        for strange in (talk[None].repeat(2, 0), (talk * 32767).astype(np.int16)):
            with pytest.raises(AudioError, match="found samples of"):
                list(affetto_client.stream(iter([strange])))


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


def test_a_stranger_is_told_to_see_to_the_token(serve) -> None:
    url = str(serve(token="s" * 20).base_url)
    told = r"refused \(status 403\).*AFFETTO_TOKEN"
    with Client(url, token="w" * 20) as stranger, pytest.raises(ServerError, match=told) as refused:
        stranger.stream(iter([]))
    assert refused.value.status == 403
    assert not refused.value.passing


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


def test_one_long_chunk_is_sent_in_parts(client: httpx2.Client, talk: np.ndarray) -> None:
    sound = np.tile(talk, 12)  # more bytes than the server takes in a message
    assert sound.nbytes > 4_000_000
    with Client(str(client.base_url)) as affetto_client:
        stream = affetto_client.stream(iter([sound]), every=2.0)
        assert len(list(stream)) == 35
    assert stream.timeline is not None
    assert stream.timeline.duration == pytest.approx(72.0)


@pytest.fixture
def opened(serve, data: Path) -> Iterator[Callable[..., LiveStream]]:
    """Begin streams at a server that keeps them."""
    with Client(str(serve(data=data).base_url)) as affetto_client:
        yield affetto_client.stream


Opened = Callable[..., LiveStream]


def test_closed_amid_the_iteration_a_stream_ends(opened: Opened, data: Path) -> None:
    talking = Talking()
    stream = opened(talking)
    times = []
    for update in stream:
        times.append(update.time)
        assert kept(data)
        stream.close()
    assert len(times) == 1
    assert stream.timeline is None
    assert not talking.is_heard()
    wait_until(lambda: not kept(data))
    stream.close()
    assert list(stream) == []


def test_a_with_block_ends_a_stream(opened: Opened, data: Path) -> None:
    talking = Talking()
    with opened(talking) as stream:
        assert next(stream).time > 0
        assert kept(data)
    assert next(stream, None) is None
    assert not talking.is_heard()
    wait_until(lambda: not kept(data))


def test_a_stream_that_nobody_refers_to_ends(opened: Opened, data: Path) -> None:
    talking = Talking()
    for update in opened(talking):
        if update.time > 0.3:
            break
    gc.collect()
    assert not talking.is_heard()
    wait_until(lambda: not kept(data))


def test_what_nobody_takes_is_not_listened_to(opened: Opened) -> None:
    talking = Talking(pace=0.05)
    stream = opened(talking)
    times = [next(stream).time]
    wait_until(lambda: not talking.is_heard())
    taken = talking.taken
    while times[-1] < 0.1 * taken + 0.5:
        times.append(next(stream).time)
    assert talking.taken > taken
    np.testing.assert_allclose(np.diff(times), 0.08, atol=0.002)
    stream.close()


@pytest.fixture
def quiet() -> Iterator[Iterator[np.ndarray]]:
    """A source for which one waits long."""
    over = threading.Event()

    def source() -> Iterator[np.ndarray]:
        over.wait(60)
        yield np.zeros(1, np.float32)

    yield source()
    over.set()


def test_a_stream_may_be_closed_from_any_thread_at_once(
    opened: Opened, quiet: Iterator[np.ndarray]
) -> None:
    stream = opened(quiet)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(next, stream, "the end") for _ in range(2)]
        time.sleep(0.1)
        closing = [pool.submit(stream.close) for _ in range(6)]
        assert [each.result(timeout=20) for each in closing] == [None] * 6
        assert [each.result(timeout=20) for each in waiting] == ["the end"] * 2
    wait_until(lambda: "affetto-stream" not in at_work())


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals to threads")
def test_ctrl_c_ends_a_stream(opened: Opened, quiet: Iterator[np.ndarray], data: Path) -> None:
    main = threading.current_thread()
    if main is not threading.main_thread():
        pytest.skip("signals go to the main thread")
    stream = opened(quiet)
    threading.Timer(0.2, signal.pthread_kill, (main.ident, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        next(stream)
    assert next(stream, None) is None
    wait_until(lambda: not kept(data))


def test_closing_again_and_again_leaves_nothing_open(opened: Opened, talk: np.ndarray) -> None:
    def failing() -> Iterator[np.ndarray]:
        yield talk
        raise AffettoError("pulled out")

    def all_ways() -> None:
        stream = opened(iter([]))
        stream.close()
        stream.close()
        list(opened(iter([talk]), every=2.0))
        next(opened(Talking(), every=0.2))
        with pytest.raises(AffettoError, match="pulled out"):
            list(opened(failing()))
        with pytest.raises(ServerError, match="glee"):
            opened(iter([]), labels="glee")

    all_ways()
    gc.collect()
    folder = Path("/proc/self/fd")
    before = len(list(folder.iterdir())) if folder.is_dir() else 0
    for _ in range(5):
        all_ways()
    gc.collect()
    wait_until(lambda: not at_work())
    if folder.is_dir():
        wait_until(lambda: len(list(folder.iterdir())) <= before)


def test_after_an_error_a_stream_is_over(serve, data: Path) -> None:
    server = serve(data=data)
    with Client(str(server.base_url)) as affetto_client:
        stream = affetto_client.stream(Talking())
        next(stream)
        server.delete(f"/v1/stream/{kept(data)[0].parent.name}")
        with pytest.raises(ServerError, match="found this stream"):
            list(stream)
        assert list(stream) == []
        assert stream.timeline is None


async def talking() -> AsyncIterator[np.ndarray]:
    while True:
        await asyncio.sleep(0.01)
        yield voice_like(0.1)


def test_a_coroutine_that_leaves_breaks_its_stream_off(serve, data: Path) -> None:
    async def use(url: str) -> None:
        async with (
            AsyncClient(url) as affetto_client,
            aclosing(affetto_client.stream(talking())) as answers,
        ):
            async for answer in answers:
                assert isinstance(answer, Update)
                assert kept(data)
                break

    in_own_loop(use(str(serve(data=data).base_url)))
    wait_until(lambda: not kept(data))


PROGRAM = """
import sys, time, numpy as np, affetto
def source():
    while True:
        time.sleep(0.01)
        yield np.zeros(1600, np.float32)
stream = affetto.Client(sys.argv[1]).stream(source())
for update in stream:
    if update.time > 0.5:
        break
print(update.time)
"""


def test_a_program_that_ends_breaks_its_streams_off(serve, data: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(serve(data=data).base_url)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert float(ended.stdout) > 0.5
    wait_until(lambda: not kept(data))


@pytest.fixture
def server(model: Path, data: Path) -> Iterator[ServerProcess]:
    server = ServerProcess("--model", model, "--data", data)
    yield server
    server.kill()


def test_a_server_that_lost_sound_is_told_at_once(server: ServerProcess, data: Path) -> None:
    with Client(server.address, patience=60) as affetto_client:
        stream = affetto_client.stream(Talking())
        while next(stream).time < 1.0:
            pass
        server.kill()
        sound = kept(data)[0]
        os.truncate(sound, 1000)
        server.start()
        with pytest.raises(ServerError, match="found a server that kept 1000 bytes"):
            list(stream)


def test_a_source_that_fails_while_the_server_is_away_is_told_at_once(
    server: ServerProcess, talk: np.ndarray
) -> None:
    heard, gone = threading.Event(), threading.Event()

    def unplugged() -> Iterator[np.ndarray]:
        yield talk
        heard.wait(30)
        server.kill()
        gone.set()
        time.sleep(0.5)  # the client is on its way back
        raise AffettoError("the microphone was pulled out")

    with Client(server.address, patience=10_000) as affetto_client:
        stream = affetto_client.stream(unplugged())
        next(stream)
        heard.set()
        with pytest.raises(AffettoError, match="pulled out"):
            list(stream)
    assert gone.is_set()


@contextmanager
def served_by(
    answer: Callable[[ServerConnection], None], process_request: Any = None
) -> Iterator[str]:
    """Serve WebSockets as no server of ours would."""
    with serve_sockets(answer, "127.0.0.1", 0, process_request=process_request) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_a_server_that_greets_and_breaks_off_wears_patience_out() -> None:
    greeted = []

    def greet(line: ServerConnection) -> None:
        greeted.append(json.loads(line.recv()))
        line.send(json.dumps({"type": "started", "session": "a" * 32, "kept": 0}))
        line.close(1011)

    with served_by(greet) as url, Client(url, patience=0.5) as affetto_client:
        stream = affetto_client.stream(Talking())
        with pytest.raises(ServerError, match="found the stream broken off"):
            list(stream)
    first, *others = greeted
    assert first["keep"]
    assert 1 <= len(others) < 10
    assert {row["session"] for row in others} == {"a" * 32}


def test_updates_that_are_told_again_are_given_once(talk: np.ndarray, model: Path) -> None:
    live = LiveRecognizer(str(model), every=0.5)
    rows = [update.to_dict() for update in live.updates(chunks(talk))]
    lines = itertools.count()

    def forget(line: ServerConnection) -> None:
        start, number = json.loads(line.recv()), next(lines)
        assert start.get("after", 0.0) == (rows[number - 1]["time"] if number else 0.0)
        line.send(json.dumps({"type": "started", "session": "a" * 32, "kept": 0}))
        for row in rows[: number + 1]:
            line.send(json.dumps({"type": "update", "kept": 0, **row}))
        if number == len(rows) - 1:
            timeline = live.finish().to_dict(track=True)
            line.send(json.dumps({"type": "timeline", "timeline": timeline}))
        line.close(1011 if number < len(rows) - 1 else 1000)

    # Each time something new is heard, so that patience begins anew.
    with served_by(forget) as url, Client(url, patience=0.15) as affetto_client:
        stream = affetto_client.stream(Talking())
        assert [update.to_dict() for update in stream] == rows
    assert stream.timeline is not None


@pytest.mark.parametrize(
    ("status", "passing"), [(401, False), (403, False), (404, False), (502, True)]
)
def test_who_does_not_let_a_stream_in_is_told(status: int, passing: bool) -> None:
    def refuse(line: ServerConnection, _: object) -> object:
        return line.respond(HTTPStatus(status), "")

    with (
        served_by(lambda line: line.close(), refuse) as url,
        Client(url) as affetto_client,
        pytest.raises(ServerError, match=f"status {status}") as refused,
    ):
        affetto_client.stream(iter([]))
    assert refused.value.status == status
    assert refused.value.passing == passing


def test_a_refusal_is_heard_out_by_who_comes_late() -> None:
    update = Update(0.5, None, {}, 0.0, 0.0, 0.0, 0.0, False, 0.0, 0.0)
    closed = threading.Event()

    def refuse(line: ServerConnection) -> None:
        line.recv()
        line.send(json.dumps({"type": "started", "session": None, "kept": None}))
        line.send(json.dumps({"type": "update", "kept": None, **update.to_dict()}))
        line.send(json.dumps({"type": "error", "error": "found the server tired"}))
        line.close(1008)
        closed.set()

    async def use(url: str) -> None:
        async with AsyncClient(url) as affetto_client:
            answers = affetto_client.stream(talking())
            assert await anext(answers) == update
            while not closed.is_set():
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)  # what is sent meanwhile finds nobody
            with pytest.raises(ServerError, match="tired"):
                await anext(answers)

    with served_by(refuse) as url:
        in_own_loop(use(url))
