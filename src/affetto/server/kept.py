"""The sound of streams that were kept: fetched as a recording, and removed."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from affetto.audio import Writer
from affetto.errors import AudioError, OptionError
from affetto.server.answers import errors
from affetto.server.listener import Start, decoder_of
from affetto.server.sent import Sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from affetto.server.hall import Hall
    from affetto.server.sessions import Session, Sessions

__all__ = ["routes"]

_GONE = errors(404, 422)
_SOUND: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"audio/flac": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The sound, as FLAC.",
    },
    **errors(503, 504),
    **_GONE,
}

_Name = Annotated[str, InPath(description="The `session` that the stream was told.")]


def routes(hall: Hall) -> APIRouter:
    """Make the routes of a server."""
    router = APIRouter()

    @router.get(
        "/v1/stream/{session}",
        summary="The sound of a stream",
        response_class=Response,
        responses=_SOUND,
    )
    async def sound(request: Request, session: _Name) -> Response:
        """Give what a stream that is kept has sent so far, as a recording."""
        found = _sessions(hall).read(session)
        async with AsyncExitStack() as opened:
            opened.enter_context(hall.files.take())
            file = opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
            await hall.recording_workers.run_stoppable(
                lambda look: _save(found, file, look),
                slots=hall.recordings,
                gone=request.is_disconnected,
                timeout=hall.settings.timeout,
            )
            size = {"content-length": str(file.tell())}
            file.seek(0)
            return Sent(
                file,
                media="audio/flac",
                headers=size,
                timeout=hall.settings.timeout,
                opened=opened.pop_all(),
            )

    @router.delete(
        "/v1/stream/{session}", summary="Remove a stream", status_code=204, responses=_GONE
    )
    async def remove(session: _Name) -> None:
        """Remove what is kept of a stream."""
        _sessions(hall).remove(session)

    return router


def _sessions(hall: Hall) -> Sessions:
    if hall.sessions is None:
        raise OptionError("found a session, expected none: this server keeps nothing")
    return hall.sessions


def _save(session: Session, file: BinaryIO, look: Callable[[], None]) -> None:
    """Write a session's sound as FLAC into a file that has no name, and so leaves nothing."""
    with tempfile.TemporaryDirectory(prefix="affetto-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "stream.flac"
        start = Start.model_validate(session.start)
        with closing(decoder_of(start)) as decoder, Writer(path) as out:
            for block in session.blocks():
                look()
                out.write(decoder.feed(block))
            out.write(decoder.finish())
        if not path.exists():
            raise AudioError("found a stream that sent no sound yet, expected some")
        with path.open("rb") as whole:
            shutil.copyfileobj(whole, file)
