"""Where a server is, and what is said to it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from affetto.errors import AffettoError, MissingExtraError

__all__ = ["BUSY", "HOME", "Place", "ServerError", "http_library", "socket_library"]

HOME = "http://127.0.0.1:8723"
BUSY = 503


class ServerError(AffettoError):
    """What a server refused, in its own words.

    Attributes:
        status: of HTTP; 0 where there was no answer, or over a WebSocket.
        retry_after: seconds after which to try again; None where that won't help.
        passing: whether it may be otherwise soon: the server was not there, or was full.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        retry_after: int | None = None,
        passing: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.passing = retry_after is not None if passing is None else passing


class Place:
    """Where a server is, and what is sent to it."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url.rstrip("/")
        token = token or os.environ.get("AFFETTO_TOKEN")
        self.headers = {"authorization": f"Bearer {token}"} if token else {}

    @property
    def socket(self) -> str:
        """The address of streams."""
        return "ws" + self.url.removeprefix("http") + "/v1/stream"

    def request(self, source: str | os.PathLike[str] | bytes, options: dict[str, Any]) -> Any:
        """Give the keywords of a request to analyse."""
        if isinstance(source, bytes):
            name, sound = "sound", source
        else:
            try:
                name, sound = Path(source).name, Path(source).read_bytes()
            except OSError as error:
                raise AffettoError(f"{source}: can't be read ({error.strerror})") from None
        params = {
            key: str(value).lower() if isinstance(value, bool) else value
            for key, value in options.items()
            if value is not None
        }
        return {"params": params, "files": {"file": (name, sound)}}

    def checked(self, answer: Any) -> Any:
        """Give the JSON of an answer.

        Raises:
            ServerError: it is a refusal.
        """
        if answer.status_code < 400:
            return answer.json()
        try:
            reason = str(answer.json()["error"])
        except (ValueError, KeyError, TypeError):
            reason = f"found status {answer.status_code} from {self.url}, expected an answer"
        after = answer.headers.get("retry-after", "")
        raise ServerError(
            reason,
            status=answer.status_code,
            retry_after=int(after) if after.isdigit() else None,
        )

    def unreachable(self, error: Exception) -> ServerError:
        """Say that no server is there."""
        return ServerError(
            f"{self.url}: found no server there ({error}), expected one: start affetto serve",
            passing=True,
        )


def http_library() -> Any:
    """Import httpx2.

    Raises:
        MissingExtraError: it isn't installed.
    """
    try:
        import httpx2
    except ModuleNotFoundError:
        raise MissingExtraError("httpx2", extra="server", purpose="affetto.Client") from None
    return httpx2


def socket_library() -> Any:
    """Import websockets.

    Raises:
        MissingExtraError: it isn't installed.
    """
    try:
        import websockets.asyncio.client
        import websockets.exceptions
    except ModuleNotFoundError:
        raise MissingExtraError("websockets", extra="server", purpose="affetto.Client") from None
    return websockets
