"""Who may use the server: the token, and pages of other sites."""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping
    from typing import Any

    from affetto.server.settings import Settings

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

__all__ = ["Guard"]

_OPEN = ("/health", "/", "/docs", "/notices", "/openapi.json")
_OPEN_BELOW = ("/assets/", "/docs/")
"""What is answered without a token: what a supervisor asks, the page on which a person gives the
token, and how requests look, which is the same on every server."""

_PREFLIGHT = {
    b"access-control-allow-methods": b"GET, POST, DELETE",
    b"access-control-allow-headers": b"authorization, content-type",
    b"access-control-max-age": b"600",
}
"""What a browser hears that asks whether a page of another site may ask (Fetch standard, CORS)."""


class Guard:
    """Stand before an application, and let in who may use it.

    A browser sends along which site a page came from (`Origin`). Pages of other sites are refused:
    else any page that a person looks at could use the server on that person's own machine. Browsers
    are told that pages of the sites that were named may ask, and read the answers. A server that
    only this machine reaches also refuses to be called by another name, which a site could lead
    here (DNS rebinding).

    Args:
        app: the application.
        settings: its token and origins.
    """

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal, origin = self._stranger(headers), headers.get(b"origin")
        if refusal is None and scope["type"] == "http" and origin in self._settings.origins:
            send = _readable(send, origin)
            # Browsers ask this by themselves, and show no token.
            if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
                await _answer(send, 204, headers=_PREFLIGHT)
                return
        refusal = refusal or self._unknown(scope["path"], headers)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            # Before it is accepted, this is answered with status 403.
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})
        else:
            await _refuse(send, *refusal)

    def _stranger(self, headers: Mapping[bytes, str]) -> tuple[int, str] | None:
        """Give status and reason for who comes from elsewhere; None for all others."""
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        if self._settings.local and not _is_local(_name(host)):
            return 403, f"found the host {host!r}, expected localhost or 127.0.0.1"
        own = origin is None or _place(origin) == host
        if not own and origin not in self._settings.origins:
            return 403, f"found a page of {origin}, expected one of this server; see --origin"
        return None

    def _unknown(self, path: str, headers: Mapping[bytes, str]) -> tuple[int, str] | None:
        """Give status and reason for who should show the token and doesn't."""
        token = self._settings.token
        if token is None or path in _OPEN or path.startswith(_OPEN_BELOW):
            return None
        shown = headers.get(b"authorization", "").removeprefix("Bearer ")
        shown = shown or _from_protocol(headers.get(b"sec-websocket-protocol", ""))
        if hmac.compare_digest(shown.encode(), token.encode()):
            return None
        return 401, "found no valid token, expected the header Authorization: Bearer TOKEN"


def _readable(send: Send, origin: str) -> Send:
    """Tell the browser with each answer that a page of this site may read it."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            more = {
                b"access-control-allow-origin": origin.encode("latin-1"),
                b"access-control-expose-headers": b"retry-after",
                b"vary": b"Origin",
            }
            message = {**message, "headers": [*message.get("headers", ()), *more.items()]}
        await send(message)

    return told


def _is_local(name: str) -> bool:
    """Tell whether a host's name always means this machine.

    Examples:
        >>> _is_local("localhost"), _is_local("127.0.0.2"), _is_local("127.0.0.1.example.org")
        (True, True, False)
    """
    try:
        return name.lower() == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    """Take the port off.

    Examples:
        >>> _name("localhost:8723"), _name("[::1]:80"), _name("::1")
        ('localhost', '::1', '::1')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host if host.count(":") > 1 else host.partition(":")[0]


def _place(origin: str) -> str | None:
    """Take host and port out of an origin; None where it is none.

    Examples:
        >>> _place("https://example.org:8000"), _place("http://[")
        ('example.org:8000', None)
    """
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _from_protocol(offered: str) -> str:
    """Find the token among WebSocket protocols: a browser can't set other headers.

    Examples:
        >>> _from_protocol("affetto, token.secret")
        'secret'
    """
    for protocol in offered.split(","):
        if protocol.strip().startswith("token."):
            return protocol.strip().removeprefix("token.")
    return ""


async def _refuse(send: Send, status: int, reason: str) -> None:
    import json

    headers = {b"content-type": b"application/json"}
    if status == 401:
        headers[b"www-authenticate"] = b"Bearer"
    await _answer(send, status, json.dumps({"error": reason}).encode(), headers=headers)


async def _answer(
    send: Send, status: int, body: bytes = b"", *, headers: Mapping[bytes, bytes]
) -> None:
    told = [*headers.items()]
    if body:
        told.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})
