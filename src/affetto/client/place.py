"""Where a server is, and what is said to it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from affetto.errors import AffettoError, MissingExtraError, OptionError

__all__ = ["BUSY", "HOME", "Place", "ServerError", "http_library", "socket_library", "spelt"]

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
        return {"params": spelt(options), "files": {"file": (name, sound)}}

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

    def shut_out(self, status: int) -> ServerError:
        """Say that whoever is there doesn't let a stream in."""
        if status in (401, 403):
            return ServerError(
                f"{self.url}: found the stream refused (status {status}), expected to be let in: "
                "see whether the token, or AFFETTO_TOKEN, is the server's",
                status=status,
            )
        return ServerError(
            f"{self.url}: found status {status} where a stream begins, expected affetto serve: "
            "see whether that is its address",
            status=status,
            passing=status >= 500,  # of a proxy, whose server may come back
        )


def spelt(options: Mapping[str, Any]) -> dict[str, str | float]:
    """Write options as a server takes them.

    Args:
        options: as `affetto.analyze` takes them; None says that one isn't given.

    Raises:
        OptionError: one can't be written so.

    Examples:
        >>> spelt({"labels": ["happy", "sad"], "prior": {"sad": 2}, "speakers": True, "hop": None})
        {'labels': 'happy,sad', 'prior': 'sad=2', 'speakers': 0}
    """
    plain = {}
    for name, given in options.items():
        value = _WRITTEN[name](given) if name in _WRITTEN else given
        if value is None:
            continue
        if not isinstance(value, str | int | float):
            raise OptionError(
                f"{name}: found a {type(value).__name__}, expected what a server can be sent: "
                "text, a number, True or False"
            )
        plain[name] = value
    return plain


def _labels(given: Any) -> Any:
    one_by_one = isinstance(given, Iterable) and not isinstance(given, str)
    return ",".join(map(str, given)) if one_by_one else given


def _prior(given: Any) -> Any:
    if not isinstance(given, Mapping):
        return given
    return ",".join(f"{label}={odds}" for label, odds in given.items()) or "even"


def _speakers(given: Any) -> Any:
    if given is True:
        return 0  # the server finds how many
    if given is False:
        return None
    if given == 0:
        raise OptionError("found speakers=0, expected True, or how many there are")
    return given


_WRITTEN = {"labels": _labels, "prior": _prior, "speakers": _speakers}


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
