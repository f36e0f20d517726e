"""A WebSocket on which nothing takes for ever.

Whoever is cancelled here is cancelled: before Python 3.12, `asyncio.wait_for` may forget it.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from fastapi import WebSocketDisconnect

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from fastapi import WebSocket

    from affetto.errors import AffettoError

__all__ = ["DONE", "LATER", "QUIET", "WRONG", "ClosedError", "Line"]

DONE, QUIET, WRONG, LATER = 1000, 1001, 1008, 1013
"""WebSocket's codes: all is done, going away, against the rules, try again later."""

_GONE = (TimeoutError, RuntimeError, WebSocketDisconnect)
"""What sending to a client raises that went away."""


class ClosedError(Exception):
    """The client went away, or nothing came or went for too long.

    Attributes:
        meant: whether the client said that all is done.
    """

    def __init__(self, *, meant: bool = False) -> None:
        super().__init__()
        self.meant = meant


class Line:
    """A WebSocket on which nothing takes for ever.

    Args:
        socket: accepted.
        idle: seconds in which something must come, or go.
    """

    def __init__(self, socket: WebSocket, *, idle: float) -> None:
        self._socket = socket
        self._idle = idle
        self._ahead: asyncio.Task[MutableMapping[str, Any]] | None = None
        self._sending = asyncio.Lock()

    def listen_ahead(self) -> None:
        """Begin to wait for the next message, so that `left` knows whether the client left."""
        self._ahead = self._ahead or asyncio.create_task(self._socket.receive())

    @property
    def left(self) -> bool:
        """Whether the client is known to have left."""
        ahead = self._ahead
        return ahead is not None and ahead.done() and _is_end(ahead)

    async def receive(self) -> str | bytes:
        """Give the next message.

        Raises:
            ClosedError: none came in time, or the client went away.
        """
        ahead, self._ahead = self._ahead, None
        try:
            async with asyncio.timeout(self._idle):
                message = await (ahead or self._socket.receive())
        except (TimeoutError, RuntimeError):
            raise ClosedError from None
        if message["type"] == "websocket.disconnect":
            raise ClosedError(meant=message.get("code") == DONE)
        data: str | bytes | None = message.get("bytes")
        return data if data is not None else str(message.get("text") or "")

    async def send(self, row: dict[str, Any] | str) -> None:
        """Send a message, as JSON where it isn't yet.

        Raises:
            ClosedError: it did not go in time, or the client went away.
        """
        try:
            await self._send(row)
        except TimeoutError:
            raise ClosedError from None
        except (RuntimeError, WebSocketDisconnect):
            await self.wait_for_end()
            raise ClosedError from None

    async def tell(self, row: dict[str, Any]) -> bool:
        """Send a message beside whoever has the line; tell whether it went."""
        try:
            await self._send(row)
        except _GONE:
            return False
        return True

    async def _send(self, row: dict[str, Any] | str) -> None:
        text = row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)
        async with asyncio.timeout(self._idle), self._sending:
            await self._socket.send_text(text)

    async def wait_for_end(self) -> None:
        """Let the client close; what it still sends is left alone.

        Raises:
            ClosedError: it closed, or sent too much for too long.
        """
        try:
            async with asyncio.timeout(self._idle):
                while True:
                    await self.receive()
        except TimeoutError:
            raise ClosedError from None

    async def refuse(self, error: AffettoError, code: int, **more: Any) -> None:
        """Say what was wrong, and close."""
        try:
            await self.send({"type": "error", "error": str(error), **more})
        except ClosedError:
            return
        await self.hang_up(code)

    async def hang_up(self, code: int) -> None:
        """Close; harmless where it is closed."""
        try:
            async with asyncio.timeout(5.0):
                await self._socket.close(code)
        except _GONE:
            return
        finally:
            if self._ahead is not None:
                self._ahead.cancel()


def _is_end(task: asyncio.Task[MutableMapping[str, Any]]) -> bool:
    if task.cancelled() or task.exception() is not None:
        return True
    return bool(task.result()["type"] == "websocket.disconnect")
