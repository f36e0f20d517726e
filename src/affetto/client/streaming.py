"""A live stream from the client's side, that goes on where a broken connection ended.

The server says with each update how many bytes it has kept. What lies behind them waits in an
outbox; after a break the client names the session and sends from there.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from affetto.client.outbox import Outbox
from affetto.client.place import ServerError, socket_library, spelt
from affetto.recognition.hearing import one_channel
from affetto.recognition.update import Update
from affetto.timeline import Timeline
from affetto.transcript import Phrase
from affetto.words.live import WordsUpdate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable

    import numpy as np
    from numpy.typing import NDArray

    from affetto.client.place import Place

__all__ = ["FAREWELL", "stream"]

FAREWELL = 5.0
"""Seconds in which a connection is closed in good form; then it is cut."""

_MOST = 4_000_000
"""Bytes that wait: a minute of sound. A source that has more is held up."""
_MESSAGE = 65_536
_PAUSES = (0.1, 2.0)
"""Seconds between two tries to come back: the first, and the longest."""
_PONG = 120.0
"""Seconds to an answer to a ping. It comes behind the sound that a busy server has yet to hear, and
isn't read while nobody takes updates: neither is a broken line."""


class _Talk:
    """One stream over one connection after the other."""

    def __init__(self, place: Place, options: dict[str, Any], *, patience: float) -> None:
        self._place = place
        self._options = spelt(options)
        self._patience = self._left = patience
        self._pause = _PAUSES[0]
        self._outbox = Outbox()
        self._changed = asyncio.Condition()
        self._socket: Any = None
        self._deaf: Any = None  # the socket that took no more
        self._session: str | None = None
        self._heard = 0.0
        self._last_phrase = -1.0  # seconds, where the last one begins that was told
        self._sent = 0
        self._ended = self._end_sent = False
        sockets = socket_library()
        self._connect = sockets.asyncio.client.connect
        self._closed = sockets.exceptions.ConnectionClosed
        self._shut_out = sockets.exceptions.InvalidStatus
        self._failures = (OSError, sockets.exceptions.WebSocketException)

    async def begin(self) -> None:
        """Connect; say what comes, or that it goes on.

        Raises:
            ServerError: the server can't be reached, refuses, or has lost what it kept.
        """
        start = {"type": "start", "encoding": "f32le", "keep": True, **self._options}
        if self._session is not None:
            start = {"type": "start", "session": self._session, "after": self._heard}
            if self._options.get("words"):
                start["after_words"] = self._last_phrase
        try:
            socket = await self._connect(
                self._place.socket,
                additional_headers=self._place.headers,
                compression=None,
                max_size=None,
                ping_timeout=_PONG,
            )
        except self._shut_out as error:
            raise self._place.shut_out(error.response.status_code) from None
        except self._failures as error:
            raise self._place.unreachable(error) from None
        try:
            await socket.send(json.dumps(start))
            # Without a limit: a server that hears an hour of sound again answers after that.
            row = _row(await socket.recv())
            kept, outbox = row["kept"] or 0, self._outbox
            if not outbox.start <= kept <= outbox.end:
                raise ServerError(
                    f"found a server that kept {kept} bytes of the stream, expected {outbox.start} "
                    f"to {outbox.end}: start it anew"
                )
            async with self._changed:
                self._session = row["session"]
                self._sent = kept
                self._end_sent = False
                self._socket = socket
                self._changed.notify_all()
        except self._failures as error:
            raise self._place.unreachable(error) from None
        except BaseException:
            await self._hang_up(socket)
            raise

    async def come_back(self, error: Exception) -> None:
        """Connect again, and again for as long as patience lasts.

        Raises:
            ServerError: it lasted in vain, or the server refuses.
        """
        while self._session is not None and self._left > 0:
            began = time.monotonic()
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, _PAUSES[1])
            try:
                await self.begin()
                return
            except ServerError as refused:
                if not refused.passing:
                    raise
            finally:
                self._left -= time.monotonic() - began
        raise ServerError(f"found the stream broken off ({error}); start it anew") from None

    async def gather(self, chunks: AsyncIterable[NDArray[np.float32]]) -> None:
        """Fill the outbox."""
        async for chunk in chunks:
            data = one_channel(chunk).astype("<f4", copy=False).tobytes()
            for start in range(0, len(data), _MESSAGE):
                async with self._changed:
                    await self._changed.wait_for(lambda: len(self._outbox) < _MOST)
                    self._outbox.add(data[start : start + _MESSAGE])
                    self._changed.notify_all()
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _has_news(self) -> bool:
        ending = self._ended and not self._end_sent
        return self._socket is not self._deaf and (self._outbox.end > self._sent or ending)

    async def pump(self) -> None:
        """Empty the outbox."""
        while True:
            async with self._changed:
                await self._changed.wait_for(self._has_news)
                socket = self._socket
                data = self._outbox.since(self._sent, most=_MESSAGE)
                self._sent += len(data)
                self._end_sent = not data
            try:
                await socket.send(data or json.dumps({"type": "end"}))
            except self._closed:
                # Who reads it sees that, too, but first what the server said before it closed.
                self._deaf = socket

    async def _trim(self, place: int) -> None:
        async with self._changed:
            self._outbox.trim(place)
            self._changed.notify_all()

    async def read(self) -> Update | WordsUpdate | Timeline:
        """Give the next update, of the voice or of the words, or last the timeline.

        Raises:
            ServerError: the server refuses, or stays away.
        """
        while True:
            try:
                row = _row(await self._socket.recv())
            except self._closed as error:
                await self.come_back(error)
                continue
            if row["type"] == "timeline":
                return Timeline.from_dict(row["timeline"])
            if row["type"] == "words":
                return self._words(row)
            if row["kept"] is None:
                self._session = None  # what was sent could not be asked for again
            await self._trim(self._sent if row["kept"] is None else row["kept"])
            update = Update.from_dict(row)
            if update.time > self._heard:
                self._heard = update.time
                # Only now something came of it: a server may break off after each greeting.
                self._left, self._pause = self._patience, _PAUSES[0]
                return update

    def _words(self, row: dict[str, Any]) -> WordsUpdate:
        phrases = map(Phrase.from_dict, row["phrases"])
        new = tuple(phrase for phrase in phrases if phrase.start > self._last_phrase)
        self._last_phrase = max((self._last_phrase, *(phrase.start for phrase in new)))
        return WordsUpdate(new, str(row["text"]), float(row["behind"]))

    async def close(self) -> None:
        """Close the connection; harmless when repeated."""
        if self._socket is not None:
            await self._hang_up(self._socket)

    async def _hang_up(self, socket: Any) -> None:
        """Say that this is all: the server then forgets what it kept."""

        async def hear_out() -> None:
            # Behind what nobody takes any more, the answer would not be seen.
            with suppress(self._closed):
                while True:
                    await socket.recv()

        try:
            # The library's own limit begins when what is still to be sent was taken.
            with suppress(*self._failures):
                async with asyncio.timeout(FAREWELL):
                    await asyncio.gather(socket.close(), hear_out())
        finally:
            socket.transport.abort()


async def stream(
    place: Place,
    chunks: AsyncIterable[NDArray[np.float32]],
    options: dict[str, Any],
    *,
    patience: float,
) -> AsyncGenerator[Update | WordsUpdate | Timeline | None, None]:
    """Hear sound as it comes: None once the server listens, updates, and last the timeline.

    Args:
        place: where the server is.
        chunks: 16 kHz float32, shape (samples,).
        options: of the stream.
        patience: seconds to try to come back to a server that broke off.

    Raises:
        ServerError: the server can't be reached, refuses, or stays away.
        Exception: what the source of the chunks raises, at once.
    """
    talk = _Talk(place, options, patience=patience)
    at_work: list[asyncio.Task[None]] = []
    try:
        await talk.begin()
        yield None
        at_work = [asyncio.create_task(talk.gather(chunks)), asyncio.create_task(talk.pump())]
        answer = None
        while not isinstance(answer, Timeline):
            answer = await _read(talk, at_work)
            yield answer
    finally:
        await _end(*at_work)
        await talk.close()


async def _read(talk: _Talk, at_work: list[asyncio.Task[None]]) -> Update | WordsUpdate | Timeline:
    """Give the next answer; raise what goes wrong meanwhile in what is at work beside."""
    reading = asyncio.create_task(talk.read())
    try:
        while not reading.done():
            await asyncio.wait({reading, *at_work}, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in at_work if task.done()]:
                task.result()
                at_work.remove(task)
        return reading.result()
    finally:
        await _end(reading)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    """Break tasks off, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _row(message: str | bytes) -> dict[str, Any]:
    """Read a message.

    Raises:
        ServerError: the server refuses.
    """
    row: dict[str, Any] = json.loads(message)
    if row["type"] == "error":
        raise ServerError(str(row["error"]), retry_after=row.get("retry_after"))
    return row
