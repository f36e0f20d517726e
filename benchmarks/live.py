"""How soon does an update come, and how many streams does a machine carry?

    python benchmarks/live.py [--seconds 30] [--streams 20 60 120] [--output FILE.json]

First the computing alone: chunks of 0.1 s into a `LiveRecognizer`, on one core. Then
`affetto serve` in a process of its own, with clients in another that send 0.1 s at a time, as fast
as it is spoken: one stream with an update each 0.08 s, for the way from the sound to the update
over the loopback; then many at once with an update each half second, for how late the latest comes,
and for the memory. Server and clients share the machine's cores.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from material import speech
from numpy.typing import NDArray

CHUNK = 0.1
"""Seconds that a client sends at a time."""

LATE = 0.5
"""Seconds after which an update is late."""


def compute(sound: NDArray[np.float32]) -> dict[str, float]:
    """Feed chunks on one core; give milliseconds a chunk."""
    from affetto import LiveRecognizer

    cores = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else None
    if cores:
        os.sched_setaffinity(0, {min(cores)})
    try:
        live, taken = LiveRecognizer(), []
        for chunk in np.array_split(sound, round(len(sound) / 16_000 / CHUNK)):
            began = time.perf_counter()
            live.feed(chunk)
            taken.append(1000 * (time.perf_counter() - began))
    finally:
        if cores:
            os.sched_setaffinity(0, cores)
    warm = taken[20:]  # the network is opened with the first
    return {
        "median_ms": round(statistics.median(warm), 2),
        "p99_ms": round(float(np.percentile(warm, 99)), 2),
    }


class Server:
    """`affetto serve` in a process of its own."""

    def __init__(self, streams: int) -> None:
        command = [sys.executable, "-m", "affetto", "serve", "--quiet", "--port", "0"]
        command += ["--streams", str(streams)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        line = self._process.stderr.readline()
        found = re.search(r"127\.0\.0\.1:\d+", line)
        if not found:
            raise SystemExit(f"the server did not start: {line}")
        self.address = found[0]

    def memory(self) -> float:
        """Give megabytes in memory; not a number where the system doesn't tell."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return float("nan")
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1000

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)


async def stream(
    address: str, sound: NDArray[np.float32], *, every: float, late_start: float
) -> list[float]:
    """Speak into one stream; give how late each update came after the sound that it waited for."""
    from websockets.asyncio.client import connect

    await asyncio.sleep(late_start)
    sent: list[tuple[float, float]] = []  # seconds of sound, and when they were sent
    delays: list[float] = []
    async with connect(f"ws://{address}/v1/stream", compression=None, max_size=None) as socket:
        await socket.send(json.dumps({"type": "start", "encoding": "s16le", "every": every}))
        await socket.recv()
        data = (sound * 32767).astype("<i2")
        step = round(CHUNK * 16_000)

        async def speak() -> None:
            began = time.perf_counter()
            for at in range(0, len(data), step):
                await asyncio.sleep(max(0.0, began + at / 16_000 - time.perf_counter()))
                sent.append(((at + step) / 16_000, time.perf_counter()))
                await socket.send(data[at : at + step].tobytes())
            await socket.send(json.dumps({"type": "end"}))

        speaking = asyncio.create_task(speak())
        async for message in socket:
            row = json.loads(message)
            if row["type"] == "timeline":
                break
            came = time.perf_counter()
            # The update was due with the newest chunk that it lies behind by the network's reach.
            reach = row["time"] + AHEAD
            due = next((when for until, when in sent if until >= reach), sent[-1][1])
            delays.append(came - due)
        await speaking
    return delays


AHEAD = 0.0
"""Seconds that the network hears ahead; set from the model."""


async def many(
    address: str, sound: NDArray[np.float32], count: int, *, every: float
) -> list[float]:
    """Speak into many streams, which begin within a second."""
    streams = [
        stream(address, np.roll(sound, 16_000 * k), every=every, late_start=k / count)
        for k in range(count)
    ]
    return [delay for delays in await asyncio.gather(*streams) for delay in delays]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=30.0, help="of sound in each stream")
    options.add_argument("--streams", type=int, nargs="+", default=[20, 60, 120])
    options.add_argument("--output", type=Path, help="also write the figures as JSON")
    chosen = options.parse_args()

    from affetto.models import load

    global AHEAD
    card = load("default").card
    AHEAD = (card.receptive // 2 + 3) / card.front_end.frame_rate
    sound = speech(chosen.seconds)
    figures: dict[str, Any] = {"computing": compute(sound)}
    print(f"computing a chunk of {CHUNK} s, one core: {figures['computing']}")
    server = Server(max(chosen.streams))
    try:
        alone = 1000 * np.array(asyncio.run(many(server.address, sound, 1, every=0.08)))
        figures["loopback"] = {
            "median_ms": round(float(np.median(alone)), 1),
            "p99_ms": round(float(np.percentile(alone, 99)), 1),
        }
        print(f"sound in, update out, one stream: {figures['loopback']}")
        idle, figures["streams"] = server.memory(), []
        for count in chosen.streams:
            delays = np.array(asyncio.run(many(server.address, sound, count, every=0.5)))
            row = {
                "streams": count,
                "median_ms": round(1000 * float(np.median(delays)), 1),
                "latest_ms": round(1000 * float(delays.max()), 1),
                "late": int((delays > LATE).sum()),
                "updates": len(delays),
                "mb_a_stream": round((server.memory() - idle) / count, 2),
            }
            figures["streams"].append(row)
            print(row)
    finally:
        server.end()
    if chosen.output:
        chosen.output.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
