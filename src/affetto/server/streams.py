"""Live sound over a WebSocket: bytes in, updates out, the timeline at the end.

A client says first what it sends (`start`), then sends bytes; each update comes as soon as the
sound for it is there. `end` is answered with the timeline. Chunks of one stream are worked on one
after the other, and nothing more is read meanwhile: who sends faster than the server hears is held
up by the network, not kept in memory. A stream that is kept can be gone on with after a break.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from affetto.errors import AffettoError, OptionError
from affetto.server.listening import End, Listening, Start
from affetto.server.workers import BusyError

if TYPE_CHECKING:
    from affetto.recognition.live import Update
    from affetto.server.hall import Hall
    from affetto.server.sessions import Session

__all__ = ["routes"]

_DONE, _WRONG, _LATER, _QUIET = 1000, 1008, 1013, 1001
"""WebSocket's codes: all is done, against the rules, try again later, going away."""

_FAREWELL = 5.0
"""Seconds in which a client closes that has its timeline."""


class _ClosedError(Exception):
    """The client went away, or nothing came or went for too long.

    Attributes:
        meant: whether the client said that it closes.
    """

    def __init__(self, *, meant: bool = False) -> None:
        super().__init__()
        self.meant = meant


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

    async def receive(self, seconds: float | None = None) -> str | bytes:
        """Give the next message, if one comes in time."""
        try:
            message = await asyncio.wait_for(self._socket.receive(), seconds or self._idle)
        except TimeoutError:
            raise _ClosedError from None
        if message["type"] == "websocket.disconnect":
            raise _ClosedError(meant=message.get("code") == _DONE)
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
    session = await hall.stream_workers.run(partial(_session, hall, start))
    if session is None:
        await _listen(hall, line, start, None)
        await line.hang_up(_DONE)
        return
    sessions = session.sessions
    try:
        end = await _listen(hall, line, start, session)
        if end.keep:
            await line.hang_up(_DONE)
        else:
            # Who has the timeline closes, and it is done; who hasn't may come back for it.
            await line.receive(_FAREWELL)
    except _ClosedError as closed:
        if closed.meant and not session.taken:
            await hall.stream_workers.run(partial(sessions.remove, session.name))
        raise
    finally:
        sessions.let_go(session)


def _session(hall: Hall, start: Start) -> Session | None:
    """Begin a session, or go on with one; None where nothing is kept."""
    if hall.sessions is None:
        if start.session is not None:
            raise OptionError("found a session, expected none: this server keeps nothing")
        return None
    if start.session is not None:
        return hall.sessions.resume(start.session)
    return hall.sessions.begin(start.model_dump(mode="json")) if start.keep else None


async def _listen(hall: Hall, line: _Line, start: Start, session: Session | None) -> End:
    """Hear a stream from its beginning, or from where it was kept, to its end."""
    first = start if session is None else Start.model_validate(session.start)
    package = hall.package(first.model)
    listening = await hall.stream_workers.run(partial(Listening, first, package, session))
    try:
        await line.send(listening.started)
        if session is not None:
            after = math.inf if start.after is None else start.after
            again = listening.hear_again(after)
            while (told := await hall.stream_workers.run(partial(next, again, None))) is not None:
                await _tell(line, listening, told)
        end = await _hear(hall, line, listening)
        timeline = await hall.stream_workers.run(listening.finish)
    finally:
        listening.close()
    hall.metrics.heard.labels("streams").inc(timeline.duration)
    await line.send({"type": "timeline", "timeline": timeline.to_dict(track=True)})
    return end


async def _hear(hall: Hall, line: _Line, listening: Listening) -> End:
    """Hear what comes until the client says that this was all."""
    while True:
        message = await line.receive()
        arrived = time.perf_counter()
        if isinstance(message, str):
            return _end(message)
        if not listening.take(message):
            continue
        updates = await hall.stream_workers.run(listening.hear)
        await _tell(line, listening, updates)
        if updates:
            hall.metrics.updates.inc(len(updates))
            hall.metrics.latency.observe(time.perf_counter() - arrived)


async def _tell(line: _Line, listening: Listening, updates: list[Update]) -> None:
    for update in updates:
        await line.send({"type": "update", "kept": listening.kept, **update.to_dict()})


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


def _end(message: str) -> End:
    """Read what a client says last."""
    try:
        return End.model_validate_json(message)
    except ValidationError:
        raise OptionError('found another message, expected bytes or {"type": "end"}') from None
