"""Two hundred clients of every kind at once, on real sockets; a server in a process of its own."""

import asyncio
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socket import SHUT_RDWR

import httpx2
import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from own_loop import in_own_loop
from tiny_model import voice_like

CLIENTS = 200
HONEST = 8
SECONDS = 4.0


class Server:
    """`affetto serve` in a process of its own."""

    def __init__(self, model: Path, log: Path, *options: str) -> None:
        self.log = log
        command = [sys.executable, "-m", "affetto", "serve", "--port", "0"]
        command += ["--model", str(model), *options]
        # A pipe that nobody reads would hold the server up once it is full.
        with log.open("wb") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=file)
        deadline = time.monotonic() + 60
        while not (found := re.search(r"127\.0\.0\.1:\d+", log.read_text())):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.address = found[0]

    def memory(self) -> float:
        """Give megabytes in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1000

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture
def server(model: Path, tmp_path: Path) -> Iterator[Server]:
    running = Server(model, tmp_path / "log", "--quiet", "--streams", "120")
    yield running
    running.stop()


async def honest(address: str, sound: np.ndarray) -> tuple[int, float]:
    """Speak as fast as one speaks; give the number of updates, and the duration in the timeline."""
    data, updates = sound.astype("<f4"), 0
    async with connect(f"ws://{address}/v1/stream", max_size=None) as socket:
        await socket.send(json.dumps({"type": "start", "every": 0.5}))
        assert json.loads(await socket.recv())["type"] == "started"

        async def speak() -> None:
            for part in np.array_split(data, round(SECONDS / 0.1)):
                await socket.send(part.tobytes())
                await asyncio.sleep(0.1)
            await socket.send(json.dumps({"type": "end"}))

        speaking = asyncio.create_task(speak())
        async for message in socket:
            row = json.loads(message)
            if row["type"] == "timeline":
                await speaking
                return updates, row["timeline"]["duration"]
            assert row["type"] == "update"
            updates += 1
    raise AssertionError("the server broke the stream off")


async def dishonest(address: str, sound: np.ndarray, draw: random.Random) -> None:
    """Be one of those that a server on a network meets."""
    await asyncio.sleep(draw.uniform(0.0, SECONDS))
    with suppress(OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
        async with connect(f"ws://{address}/v1/stream", max_size=None, open_timeout=20) as socket:
            kind = draw.choice(["silent", "garbage", "vanishes", "fast", "stalls", "text"])
            if kind == "silent":
                await asyncio.sleep(1.0)
                return
            if kind == "text":
                await socket.send("{" * draw.randrange(1, 1000))
                await socket.recv()
                return
            await socket.send(json.dumps({"type": "start", "every": 0.5}))
            if kind == "garbage":
                await socket.send(draw.randbytes(draw.randrange(1, 20_000)))
                await socket.recv()
            elif kind == "vanishes":
                await socket.send(draw.randbytes(3))
                socket.transport.get_extra_info("socket").shutdown(SHUT_RDWR)
            elif kind == "fast":
                for _ in range(5):
                    await socket.send(sound.astype("<f4").tobytes())
            else:
                await socket.send(sound[:16_000].astype("<f4").tobytes())
                await asyncio.sleep(2.0)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="reads memory where Linux tells it")
def test_honest_clients_lose_nothing_among_two_hundred(server: Server) -> None:
    sound, draw = voice_like(SECONDS), random.Random(0)

    async def crowd() -> list[tuple[int, float]]:
        strangers = [
            dishonest(server.address, sound, random.Random(draw.random()))
            for _ in range(CLIENTS - HONEST)
        ]
        speakers = [honest(server.address, sound) for _ in range(HONEST)]
        *heard, _ = await asyncio.gather(*speakers, asyncio.gather(*strangers))
        return heard

    in_own_loop(crowd())
    before = server.memory()
    heard = in_own_loop(crowd())
    assert heard == [(8, SECONDS)] * HONEST
    deadline = time.monotonic() + 30
    with httpx2.Client(base_url=f"http://{server.address}") as client:
        while client.get("/health").json()["streams"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert server.process.poll() is None
    assert "Traceback" not in server.log.read_text()
    assert server.memory() < before + 25


def test_the_log_tells_no_secrets(model: Path, tmp_path: Path) -> None:
    running = Server(model, tmp_path / "log", "--data", str(tmp_path / "data"))
    name, signed = "n4me" * 8, "https://a.example/talk.mp3?signature=s3cret"
    try:
        with httpx2.Client(base_url=f"http://{running.address}") as client:
            client.get(f"/v1/stream/{name}")
            client.get(f"/v1/%73tream/{name}")
            client.delete(f"/v1/stream/{name}")
            client.post("/v1/analyze", params={"url": signed, "format": "csv"})
            client.post("/v1/fetch", params={"url": signed})
            client.post("/v1/fetch?hop=1&u%72l=https%3A%2F%2Fa.example%2Fs3cret")
    finally:
        running.stop()
    log = running.log.read_text()
    assert '"GET /v1/stream/... HTTP/1.1" 404' in log
    assert '"POST /v1/analyze?url=...&format=csv HTTP/1.1" 422' in log
    assert '"POST /v1/fetch?hop=1&url=... HTTP/1.1" 422' in log
    assert "n4me" not in log
    assert "s3cret" not in log
