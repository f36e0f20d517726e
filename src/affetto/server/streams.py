"""Live sound over a WebSocket: bytes in, updates out, the timeline at the end.

A client says first what it sends (`start`), then sends bytes; each update comes as soon as the
sound for it is there, and what is said comes beside, as soon as it is written down. `end` is
answered with the timeline. A stream is heard a second at a time, in turn with the others, and
nothing more of it is read meanwhile: who sends faster than the server hears is held up by the
network. A stream that is kept can be gone on with after a break.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter, WebSocket
from pydantic import ValidationError

from affetto.errors import AffettoError, AudioError, OptionError
from affetto.server.line import DONE, LATER, QUIET, WRONG, ClosedError, Line
from affetto.server.listener import End, Listener, Start
from affetto.server.spoken import SpokenWords
from affetto.server.workers import BusyError

if TYPE_CHECKING:
    from affetto.recognition.update import Update
    from affetto.server.hall import Hall
    from affetto.server.sessions import Session, Sessions
    from affetto.transcript import Phrase

__all__ = ["routes"]


def routes(hall: Hall) -> APIRouter:
    """Make the routes of a server."""
    router = APIRouter()

    @router.websocket("/v1/stream")
    async def stream(socket: WebSocket) -> None:
        """Hear a stream."""
        offered = socket.headers.get("sec-websocket-protocol", "")
        named = "affetto" if "affetto" in [p.strip() for p in offered.split(",")] else None
        await socket.accept(subprotocol=named)
        line = Line(socket, idle=hall.settings.idle)
        try:
            with hall.streams.take():
                hall.metrics.streams.inc()
                try:
                    await _serve(hall, line)
                finally:
                    hall.metrics.streams.dec()
        except BusyError as error:
            await line.refuse(error, LATER, retry_after=error.retry_after)
        except AffettoError as error:
            await line.refuse(error, WRONG)
        except ClosedError:
            await line.hang_up(QUIET)

    return router


async def _serve(hall: Hall, line: Line) -> None:
    start = _start(await line.receive())
    run = hall.stream_workers.run
    with ExitStack() as opened:
        if start.session is not None:
            session = await run(partial(_sessions(hall).resume, start.session))
            try:
                first = Start.model_validate(session.start)
                again = session, start.after_words
                listener = await _listener(hall, first, opened, again=again)
            except BaseException:
                session.sessions.let_go(session)
                raise
            await _keep(hall, line, listener, session, after=start.after)
            return
        # What can't be worked on is refused before any of it is kept.
        listener = await _listener(hall, start, opened)
        if start.keep and hall.sessions is not None:
            begun = await run(partial(hall.sessions.begin, start.model_dump(mode="json")))
            if begun is not None:
                await _keep(hall, line, listener, begun, after=None)
                return
        await _listen(hall, line, listener)
        await line.hang_up(DONE)


async def _listener(
    hall: Hall,
    start: Start,
    opened: ExitStack,
    *,
    again: tuple[Session, float | None] | None = None,
) -> Listener:
    """Make what hears a stream, and writes its words down where that is wanted.

    Args:
        hall: the server's.
        start: what the client said first.
        opened: holds the place among the streams with words.
        again: of a stream that goes on: its session, and after which words to tell them again.
    """
    run = hall.stream_workers.run
    listener = await run(partial(Listener, start, hall.package(start.model)))
    if not start.words:
        return listener
    # Whether there are any comes first: no place is free where there are none.
    words = await hall.words.listener(
        language=start.language, translate=start.translate, redact=start.redact
    )
    opened.enter_context(hall.worded_streams.take())
    known: list[Phrase] = []
    if again is not None:
        known = await run(again[0].noted)
    listener.words = SpokenWords(
        words,
        window=listener.window,
        workers=hall.worded_stream_workers,
        known=known,
        after=None if again is None else again[1],
        note=listener.note,
    )
    return listener


def _sessions(hall: Hall) -> Sessions:
    if hall.sessions is None:
        raise OptionError("found a session, expected none: this server keeps nothing")
    return hall.sessions


async def _keep(
    hall: Hall, line: Line, listener: Listener, session: Session, *, after: float | None
) -> None:
    """Hear a stream whose bytes are kept until its client has what it wants."""
    sessions = session.sessions
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    session.on_lost = partial(_cancel, loop, task)
    listener.session = session
    try:
        end = await _listen(hall, line, listener, after=after)
        if end.keep:
            await line.hang_up(DONE)
        else:
            # Who has the timeline closes, and it is done; who hasn't may come back for it.
            await line.wait_for_end()
    except asyncio.CancelledError:
        if not session.lost:
            raise
        task.uncancel()
        raise OptionError(f"found this stream {session.lost}: it ends here") from None
    except AudioError:
        # What can't be heard now can't be heard later.
        await hall.stream_workers.run(partial(sessions.end, session))
        raise
    except ClosedError as closed:
        if closed.meant:
            await hall.stream_workers.run(partial(sessions.end, session))
        raise
    finally:
        session.on_lost = lambda: None
        sessions.let_go(session)


def _cancel(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    """Wake whoever waits on a line, from any thread."""
    loop.call_soon_threadsafe(task.cancel)


async def _listen(hall: Hall, line: Line, listener: Listener, *, after: float | None = None) -> End:
    """Hear a stream from its beginning, or from where it was kept, to its end."""
    run = hall.stream_workers.run
    try:
        line.listen_ahead()
        again = listener.hear_again(math.inf if after is None else after)
        missed: list[Update] = []
        while (told := await run(partial(next, again, None))) is not None:
            if line.left:
                raise ClosedError
            missed += told
        await line.send(listener.started)
        await _tell(line, listener, missed)
        if listener.words is not None:
            listener.words.begin(line)
        end = await _hear(hall, line, listener)
        timeline = await run(listener.finish)
        if listener.words is not None:
            patience = hall.settings.patience
            timeline = await listener.words.finish(timeline, line, patience=patience)
            hall.metrics.heard.labels("words").inc(timeline.duration)
        text = await run(
            lambda: json.dumps({"type": "timeline", "timeline": timeline.to_dict(track=True)})
        )
    finally:
        listener.close()
    hall.metrics.heard.labels("streams").inc(timeline.duration)
    await line.send(text)
    return end


async def _hear(hall: Hall, line: Line, listener: Listener) -> End:
    """Hear what comes until the client says that this was all."""
    while True:
        listener.check_held()
        message = await line.receive()
        arrived = time.perf_counter()
        end = _end(message) if isinstance(message, str) else None
        if isinstance(message, bytes) and not listener.add(message):
            continue
        while listener.behind:
            updates = await hall.stream_workers.run(partial(listener.hear, arrived))
            await _tell(line, listener, updates)
            if updates:
                hall.metrics.updates.inc(len(updates))
                hall.metrics.latency.observe(time.perf_counter() - arrived)
        if end is not None:
            return end


async def _tell(line: Line, listener: Listener, updates: list[Update]) -> None:
    for update in updates:
        await line.send({"type": "update", "kept": listener.kept, **update.to_dict()})


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
