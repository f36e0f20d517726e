"""Live sound over a WebSocket: bytes in, updates out, the timeline at the end.

A client says first what it sends (`start`), then sends bytes; each update comes as soon as the
sound for it is there. `end` is answered with the timeline. Chunks of one stream are worked on one
after the other, and nothing more is read meanwhile: who sends faster than the server hears is held
up by the network, not kept in memory.
"""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field, ValidationError

from affetto.audio.pcm import PcmDecoder
from affetto.errors import AffettoError, OptionError
from affetto.recognition import LiveRecognizer, Recognizer
from affetto.server.workers import BusyError

if TYPE_CHECKING:
    from affetto.server.app import Hall

__all__ = ["Start", "routes"]

_WRONG, _LATER, _QUIET = 1008, 1013, 1001
"""WebSocket's codes: against the rules, try again later, going away."""


_SMALL = 65_536
"""Bytes whose decoding holds nobody else up."""


class Start(BaseModel):
    """What a client says first.

    Attributes:
        encoding: of the samples.
        rate: hertz.
        channels: interleaved; their mean is heard.
        every: seconds of sound from update to update.
    """

    model_config = {"extra": "forbid"}

    type: Literal["start"]
    encoding: Literal["f32le", "s16le"] = "f32le"
    rate: int = 16_000
    channels: int = 1
    every: float = Field(default=0.08, gt=0)
    labels: str | None = None
    window: float | None = None
    hop: float | None = None
    baseline: bool = True
    prior: str = "everyday"
    source: str = Field(default="live", max_length=200)


class _ClosedError(Exception):
    """The client went away, or nothing came or went for too long."""


def routes(hall: Hall) -> APIRouter:
    """Make the routes of a server."""
    router = APIRouter()

    @router.websocket("/v1/stream")
    async def stream(socket: WebSocket) -> None:
        """Hear a stream."""
        offered = socket.headers.get("sec-websocket-protocol", "")
        named = "affetto" if "affetto" in [p.strip() for p in offered.split(",")] else None
        await socket.accept(subprotocol=named)
        line = _Line(socket, idle=hall.settings.idle)
        try:
            with hall.streams.take():
                hall.metrics.streams.inc()
                try:
                    await _serve(hall, line)
                finally:
                    hall.metrics.streams.dec()
        except BusyError as error:
            await line.refuse(error, _LATER, retry_after=error.retry_after)
        except AffettoError as error:
            await line.refuse(error, _WRONG)
        except _ClosedError:
            await line.hang_up(_QUIET)

    return router


class _Line:
    """A WebSocket on which nothing may take for ever."""

    def __init__(self, socket: WebSocket, *, idle: float) -> None:
        self._socket = socket
        self._idle = idle

    async def receive(self) -> str | bytes:
        """Give the next message."""
        try:
            message = await asyncio.wait_for(self._socket.receive(), self._idle)
        except TimeoutError:
            raise _ClosedError from None
        if message["type"] == "websocket.disconnect":
            raise _ClosedError
        data: str | bytes | None = message.get("bytes")
        return data if data is not None else str(message.get("text") or "")

    async def send(self, row: dict[str, Any]) -> None:
        """Send a message."""
        try:
            text = json.dumps(row, ensure_ascii=False)
            await asyncio.wait_for(self._socket.send_text(text), self._idle)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            raise _ClosedError from None

    async def refuse(self, error: AffettoError, code: int, **more: Any) -> None:
        """Say what was wrong, and close."""
        try:
            await self.send({"type": "error", "error": str(error), **more})
        except _ClosedError:
            return
        await self.hang_up(code)

    async def hang_up(self, code: int) -> None:
        """Close; harmless where it is closed."""
        try:
            await asyncio.wait_for(self._socket.close(code), 5.0)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            return


async def _serve(hall: Hall, line: _Line) -> None:
    start = _start(await line.receive())
    decoder = PcmDecoder(start.encoding, rate=start.rate, channels=start.channels)
    live = await hall.stream_workers.run(lambda: _recognizer(hall, start))
    await line.send(
        {
            "type": "started",
            "model": hall.package.card.title,
            "labels": list(live.labels),
            "every": live.every,
            "delay": round(live.delay, 3),
        }
    )
    while True:
        message = await line.receive()
        arrived = time.perf_counter()
        if isinstance(message, str):
            if _said(message) != "end":
                raise OptionError('found another message, expected bytes or {"type": "end"}')
            break
        if len(message) <= _SMALL:
            samples = decoder.feed(message)
        else:
            samples = await hall.stream_workers.run(partial(decoder.feed, message))
        if not live.completes(len(samples)):
            live.feed(samples)
            continue
        updates = await hall.stream_workers.run(partial(live.feed, samples))
        for update in updates:
            await line.send({"type": "update", **update.to_dict()})
        if updates:
            hall.metrics.updates.inc(len(updates))
            hall.metrics.latency.observe(time.perf_counter() - arrived)
    timeline = await hall.stream_workers.run(lambda: _finish(live, decoder))
    hall.metrics.heard.labels("streams").inc(timeline.duration)
    await line.send({"type": "timeline", "timeline": timeline.to_dict(track=True)})
    await line.hang_up(1000)


def _start(message: str | bytes) -> Start:
    """Read what a client says first."""
    if isinstance(message, bytes):
        raise OptionError('found sound before {"type": "start"}, expected that first')
    try:
        return Start.model_validate_json(message)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the first message"
        raise OptionError(f"{where}: {first['msg']}") from None


def _said(message: str) -> str:
    """Give the type of a message; nothing for what is none."""
    try:
        row = json.loads(message)
    except ValueError:
        return ""
    return str(row.get("type", "")) if isinstance(row, dict) else ""


def _recognizer(hall: Hall, start: Start) -> LiveRecognizer:
    recognizer = Recognizer(
        hall.package,
        labels=start.labels,
        window=start.window,
        hop=start.hop,
        baseline=start.baseline,
        prior=start.prior,
        causal=True,
    )
    return LiveRecognizer(recognizer, every=start.every, source=start.source)


def _finish(live: LiveRecognizer, decoder: PcmDecoder) -> Any:
    live.feed(decoder.finish())
    return live.finish()
