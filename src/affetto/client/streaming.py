"""A live stream from the client's side, that goes on where a broken connection ended.

The server says with each update how many bytes it has kept. What lies behind them waits in an
outbox; after a break the client names the session and sends from there.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.client.place import ServerError, socket_library, spelt
from affetto.recognition.live import Update
from affetto.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable

    from numpy.typing import NDArray

    from affetto.client.place import Place

__all__ = ["Outbox", "stream"]

_MOST = 4_000_000
"""Bytes that wait: a minute of sound. A source that has more is held up."""
_MESSAGE = 65_536
_PAUSES = (0.1, 2.0)
"""Seconds between two tries to come back: the first, and the longest."""


class Outbox:
    """The bytes of a stream from some place on.

    Attributes:
        start: where the first byte that is held lies in the stream.
        end: where the next will lie.

    Examples:
        >>> outbox = Outbox()
        >>> outbox.add(b"abc"), outbox.add(b"de"), outbox.trim(2)
        (None, None, None)
        >>> outbox.since(3, most=8), outbox.start, outbox.end
        (b'de', 2, 5)
    """

    def __init__(self) -> None:
        self.start = self.end = 0
        self._parts: deque[bytes] = deque()

    def __len__(self) -> int:
        return self.end - self.start

    def add(self, data: bytes) -> None:
        """Put bytes behind the others."""
        if data:
            self._parts.append(data)
            self.end += len(data)

    def trim(self, place: int) -> None:
        """Let go of what lies before a place."""
        while self._parts and self.start + len(self._parts[0]) <= place:
            self.start += len(self._parts.popleft())
        if self._parts and place > self.start:
            self._parts[0] = self._parts[0][place - self.start :]
            self.start = place

    def since(self, place: int, *, most: int) -> bytes:
        """Give bytes from a place on, at least one part of them if there are any.

        Raises:
            ServerError: they were let go of.
        """
        if place < self.start:
            raise ServerError("found a server that lost what it had kept; start the stream anew")
        found = b""
        at = self.start
        for part in self._parts:
            if at + len(part) > place:
                found += part[max(0, place - at) :]
                if len(found) >= most:
                    break
            at += len(part)
        return found


class _Talk:
    """One stream over one connection after the other."""

    def __init__(self, place: Place, options: dict[str, Any], *, patience: float) -> None:
        self._place = place
        self._options = spelt(options)
        self._patience = patience
        self._outbox = Outbox()
        self._changed = asyncio.Condition()
        self._socket: Any = None
        self._session: str | None = None
        self._heard = 0.0
        self._sent = 0
        self._ended = self._end_sent = False
        self._fault: BaseException | None = None
        sockets = socket_library()
        self._connect = sockets.asyncio.client.connect
        self._closed = sockets.exceptions.ConnectionClosed
        self._failures = (OSError, sockets.exceptions.WebSocketException)

    async def begin(self) -> None:
        """Connect; say what comes, or that it goes on.

        Raises:
            ServerError: the server can't be reached, or refuses.
        """
        start = {"type": "start", "encoding": "f32le", "keep": True, **self._options}
        if self._session is not None:
            start = {"type": "start", "session": self._session, "after": self._heard}
        try:
            socket = await self._connect(
                self._place.socket,
                additional_headers=self._place.headers,
                compression=None,
                max_size=None,
            )
            await socket.send(json.dumps(start))
            row = _row(await socket.recv())
        except self._failures as error:
            raise self._place.unreachable(error) from None
        async with self._changed:
            self._session = row["session"]
            self._sent = row["kept"] or 0
            self._end_sent = False
            self._socket = socket
            self._changed.notify_all()

    async def come_back(self, error: Exception) -> None:
        """Connect again, and again for as long as patience lasts.

        Raises:
            ServerError: it lasted in vain, or the server refuses.
        """
        deadline, pause = time.monotonic() + self._patience, _PAUSES[0]
        while self._session is not None and time.monotonic() < deadline:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _PAUSES[1])
            try:
                await self.begin()
                return
            except ServerError as refused:
                if not refused.passing:
                    raise
        raise ServerError(f"found the stream broken off ({error}); start it anew") from None

    async def gather(self, chunks: AsyncIterable[NDArray[np.float32]]) -> None:
        """Fill the outbox."""
        try:
            async for chunk in chunks:
                async with self._changed:
                    await self._changed.wait_for(lambda: len(self._outbox) < _MOST)
                    self._outbox.add(np.asarray(chunk, "<f4").tobytes())
                    self._changed.notify_all()
        except Exception as error:  # of the chunks' source: told where updates are read
            self._fault = error
            await self.close()
            return
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _has_news(self) -> bool:
        ending = self._ended and not self._end_sent
        return self._socket is not None and (self._outbox.end > self._sent or ending)

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
                async with self._changed:
                    if self._socket is socket:
                        self._socket = None
            if self._session is None:
                await self._trim(self._sent)

    async def _trim(self, place: int) -> None:
        async with self._changed:
            self._outbox.trim(place)
            self._changed.notify_all()

    async def read(self) -> Update | Timeline:
        """Give the next update, or last the timeline.

        Raises:
            ServerError: the server refuses, or stays away.
        """
        while True:
            socket = self._socket
            try:
                if socket is None:
                    raise ConnectionError("nobody listens")
                row = _row(await socket.recv())
            except (self._closed, ConnectionError) as error:
                if self._fault is not None:
                    raise self._fault from None
                async with self._changed:
                    self._socket = None
                await self.come_back(error)
                continue
            if row["type"] == "timeline":
                return Timeline.from_dict(row["timeline"])
            update = Update.from_dict(row)
            self._heard = update.time
            if row["kept"] is None:
                self._session = None
            else:
                await self._trim(row["kept"])
            return update

    async def close(self) -> None:
        """Close the connection; harmless when repeated."""
        socket = self._socket
        if socket is not None:
            with suppress(*self._failures):
                await socket.close()


async def stream(
    place: Place,
    chunks: AsyncIterable[NDArray[np.float32]],
    options: dict[str, Any],
    *,
    patience: float,
) -> AsyncGenerator[Update | Timeline | None, None]:
    """Hear sound as it comes: None once the server listens, updates, and last the timeline.

    Args:
        place: where the server is.
        chunks: 16 kHz float32, shape (samples,).
        options: of the stream.
        patience: seconds to try to come back to a server that broke off.

    Raises:
        ServerError: the server can't be reached, refuses, or stays away.
    """
    talk = _Talk(place, options, patience=patience)
    await talk.begin()
    yield None
    at_work = [asyncio.create_task(talk.gather(chunks)), asyncio.create_task(talk.pump())]
    try:
        while True:
            answer = await talk.read()
            yield answer
            if isinstance(answer, Timeline):
                return
    finally:
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)
        await talk.close()


def _row(message: str | bytes) -> dict[str, Any]:
    """Read a message.

    Raises:
        ServerError: the server refuses.
    """
    row: dict[str, Any] = json.loads(message)
    if row["type"] == "error":
        raise ServerError(str(row["error"]), retry_after=row.get("retry_after"))
    return row
