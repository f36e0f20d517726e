"""The web page, and the page of the requests: our own files, and nothing from anywhere else.

`make page` builds them from `web/` into the folder beside this module. A server without them hears
as well as any; it says then how to build them. It may run meanwhile: files are looked for when they
are asked for. None of them needs a token, for the page is where a person gives theirs.
"""

from __future__ import annotations

import mimetypes
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.types import Scope

__all__ = ["FOLDER", "mount"]

FOLDER = Path(__file__).with_name("page")
"""Where the built page is: `index.html` and `assets/`, `docs.html` and `docs/`, `NOTICES.txt`."""

_NONCE = "NONCE-OF-THE-ANSWER"
"""What stands in the built page for the word that its style elements must show (the same in
`vite.config.ts`)."""

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "media-src": "blob:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
}

_MISSING = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Affetto</title>
<p>The web page isn't built yet. In Affetto's folder, <code>make page</code> builds it; then load
this again.
<p>{}
</html>
"""


def mount(app: FastAPI) -> None:
    """Serve the page at `/`, and that of the requests at `/docs`.

    Args:
        app: gets the routes.
    """
    # Windows may take these from its registry, where other programs write.
    mimetypes.add_type("text/javascript", ".js")
    mimetypes.add_type("text/css", ".css")
    for path, endpoint in (("/", _index), ("/docs", _requests), ("/notices", _notices)):
        app.router.add_route(path, endpoint, methods=["GET"], include_in_schema=False)
    # Their names hold a sum of what is in them.
    app.mount("/assets", _Files(FOLDER / "assets", "public, max-age=31536000, immutable"))
    app.mount("/docs", _Files(FOLDER / "docs", "no-cache"))


def _index(_: Request) -> Response:
    missing = 'Every request of the server is described at <a href="docs">docs</a>.'
    # A nonce is for one answer: so there is nothing by which a browser could ask again for less.
    nonce = secrets.token_urlsafe(16)
    text = _read("index.html")
    if text is None:
        return _html(_MISSING.format(missing), 404)
    return _html(text.replace(_NONCE, nonce), nonce=nonce)


def _requests(_: Request) -> Response:
    missing = 'Every request of the server is described in <a href="openapi.json">openapi.json</a>.'
    return _html(_read("docs.html") or _MISSING.format(missing))


def _notices(_: Request) -> Response:
    text = _read("NOTICES.txt")
    if text is None:
        raise HTTPException(404)
    return PlainTextResponse(text, headers=_headers("no-cache"))


class _Files(StaticFiles):
    """The files of a folder, which need not be there yet."""

    def __init__(self, folder: Path, caching: str) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._headers = _headers(caching)

    async def check_config(self) -> None:
        """Take a folder that isn't there for an empty one."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file, or that the browser's copy holds."""
        response = await super().get_response(path, scope)
        response.headers.update(self._headers)
        return response


def _read(name: str) -> str | None:
    """Give a file's text, or None where the page isn't built."""
    try:
        return (FOLDER / name).read_text("utf-8")
    except FileNotFoundError:
        return None


def _html(text: str, status: int = 200, *, nonce: str | None = None) -> Response:
    return HTMLResponse(text, status, _headers("no-cache", nonce=nonce))


def _headers(caching: str, *, nonce: str | None = None) -> dict[str, str]:
    policy = _POLICY | ({"style-src": f"'self' 'nonce-{nonce}'"} if nonce else {})
    return {
        "cache-control": caching,
        "content-security-policy": "; ".join(f"{what} {whence}" for what, whence in policy.items()),
        "permissions-policy": "camera=(), geolocation=(), microphone=(self)",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
