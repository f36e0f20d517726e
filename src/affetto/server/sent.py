"""A file as the body of an answer, for so long and no longer."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from fastapi.responses import StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AsyncExitStack

    from starlette.types import Receive, Scope, Send

__all__ = ["Sent"]

_PART = 262_144


class Sent(StreamingResponse):
    """A file that is let go of once it was sent, or couldn't be.

    It is read in threads of its own: who only wants a file need not wait for who wants one heard.

    Args:
        file: at its beginning.
        media: what it is.
        headers: more of them.
        timeout: seconds, after which a client that takes it slower is given up.
        opened: closed at the end, whatever the end is: the file, and the place that it takes.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        media: str,
        headers: Mapping[str, str] | None = None,
        timeout: float,
        opened: AsyncExitStack,
    ) -> None:
        super().__init__(_parts(file), media_type=media, headers=headers)
        self._timeout = timeout
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        async with self._opened:
            # The server breaks off what doesn't come to its end.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timeout):
                    await super().__call__(scope, receive, send)


async def _parts(file: BinaryIO) -> AsyncIterator[bytes]:
    while part := await asyncio.to_thread(file.read, _PART):
        yield part
