"""The application: REST and WebSocket on one port."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from affetto import __version__
from affetto.errors import (
    AffettoError,
    AudioError,
    ModelError,
    OptionError,
    TranscriptionError,
)
from affetto.server.about import routes as about_routes
from affetto.server.answers import Json, errors
from affetto.server.guard import Guard
from affetto.server.hall import Hall
from affetto.server.kept import routes as kept_routes
from affetto.server.page import mount
from affetto.server.recordings import routes as recording_routes
from affetto.server.sessions import UnknownSessionError
from affetto.server.settings import Settings
from affetto.server.streams import routes as stream_routes
from affetto.server.uploads import TooLargeError
from affetto.server.words import UnavailableError
from affetto.server.workers import BusyError, StoppedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, MutableMapping

__all__ = ["create_app"]

_STATUS: dict[type[AffettoError], int] = {
    BusyError: 503,
    StoppedError: 504,
    TooLargeError: 413,
    UnknownSessionError: 404,
    AudioError: 422,
    OptionError: 422,
    ModelError: 500,
    UnavailableError: 501,
    TranscriptionError: 502,
}
"""What a kind of error is in HTTP; 400 for any other."""


def create_app(settings: Settings | None = None) -> Any:
    """Make the application, for any ASGI server.

    Args:
        settings: of the server.

    Raises:
        ModelError: there is no such model, or it is damaged.
        OptionError: there is no such transcriber or translator.

    Examples:
        >>> app = create_app()
    """
    settings = settings or Settings()
    hall = Hall(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        hall.close()

    app = (FastAPI if settings.token is None else _Guarded)(
        title="Affetto",
        version=__version__,
        description="Hears the feeling in a voice: recordings by REST, live sound by WebSocket "
        "at `/v1/stream`.",
        lifespan=lifespan,
        responses=errors(403) if settings.token is None else errors(401, 403),
        docs_url=None,  # FastAPI's own pages take their parts from elsewhere
        redoc_url=None,
    )
    app.include_router(recording_routes(hall))
    app.include_router(stream_routes(hall))
    app.include_router(kept_routes(hall))
    app.include_router(about_routes(hall))
    mount(app)

    @app.exception_handler(AffettoError)
    async def mend(_: Request, error: AffettoError) -> Json:
        kinds = [kind for kind in type(error).__mro__ if kind in _STATUS]
        status = _STATUS[kinds[0]] if kinds else 400
        retry = {"retry-after": str(error.retry_after)} if isinstance(error, BusyError) else None
        return Json({"error": str(error)}, status, retry)

    @app.exception_handler(RequestValidationError)
    async def misused(_: Request, error: RequestValidationError) -> Json:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        return Json({"error": f"{where}: {first['msg']}"}, 422)

    @app.exception_handler(HTTPException)
    async def missing(request: Request, error: HTTPException) -> Json:
        headers = dict(error.headers or {})
        if "Allow" in headers:
            headers["Allow"] = ", ".join(_allowed(app, request.scope))
        return Json({"error": str(error.detail)}, error.status_code, headers)

    return Guard(app, settings)


def _allowed(app: FastAPI, scope: MutableMapping[str, Any]) -> list[str]:
    """Find the methods of an address; each route knows only its own."""
    routes = [route for route in app.routes if not isinstance(route, Mount)]
    return [
        method
        for method in ("GET", "HEAD", "POST", "DELETE")
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]


class _Guarded(FastAPI):
    """Tell readers of OpenAPI, such as the page of the requests, that a token is asked for."""

    def openapi(self) -> dict[str, Any]:
        """Describe the requests."""
        document = super().openapi()
        schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes["token"] = {"type": "http", "scheme": "bearer"}
        document["security"] = [{"token": []}]
        for operations in document["paths"].values():
            for operation in operations.values():
                if operation.get("security") == []:
                    operation["responses"].pop("401", None)
        return document
