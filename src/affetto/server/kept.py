"""The sound of streams that were kept: fetched as a recording, and removed."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from affetto.audio import Writer
from affetto.errors import AudioError, OptionError
from affetto.server.answers import errors
from affetto.server.listener import Start, decoder_of

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
        response_class=FileResponse,
        responses=_SOUND,
    )
    async def sound(request: Request, session: _Name) -> Response:
        """Give what a stream that is kept has sent so far, as a recording."""
        found = _sessions(hall).read(session)
        folder = Path(tempfile.mkdtemp(prefix="affetto-"))
        path = folder / "stream.flac"
        try:
            with hall.recordings.take():
                await hall.recording_workers.run_stoppable(
                    lambda look: _save(found, path, look),
                    gone=request.is_disconnected,
                    timeout=hall.settings.timeout,
                )
            if not path.exists():
                raise AudioError("found a stream that sent no sound yet, expected some")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        done = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
        return FileResponse(path, media_type="audio/flac", background=done)

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


def _save(session: Session, path: Path, look: Callable[[], None]) -> None:
    decoder = decoder_of(Start.model_validate(session.start))
    try:
        with Writer(path) as out:
            for block in session.blocks():
                look()
                out.write(decoder.feed(block))
            out.write(decoder.finish())
    finally:
        decoder.close()
