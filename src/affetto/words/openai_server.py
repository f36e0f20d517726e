"""The client of any server that speaks OpenAI's protocol, and which key it is shown."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from affetto.errors import MissingExtraError, OptionError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["OpenedServer", "open_server"]


@dataclass(frozen=True, slots=True)
class OpenedServer:
    """A server, ready to be asked.

    Attributes:
        openai: the package, for the errors that its client raises.
        client: of the server.
        url: its address as a person may read it, without a password.
        host: and its port, where one was named.
        key: that it is shown.
        kind: of server, as an error calls it.
        timeout: seconds that an answer may take.
    """

    openai: ModuleType
    client: Any
    url: str
    host: str
    key: str
    kind: str
    timeout: float

    def explained(
        self, error: Exception, *, does: str, model: str | None, quoting: bool
    ) -> str | None:
        """Say what went wrong and what to do, without the key.

        Args:
            error: that the client raised.
            does: what was not found there where it knows no such thing: "chat".
            model: that was asked.
            quoting: tell what the server said of it; not where that may repeat what somebody said.

        Returns:
            None where it answered, in a form that is none of its protocol.
        """
        api, url = self.openai, self.url
        if isinstance(error, api.APITimeoutError):
            return (
                f"{url}: found no answer within {self.timeout:g} seconds; is the model too large "
                f"for that machine? Name a smaller one: {url}#MODEL"
            )
        if isinstance(error, api.APIConnectionError):
            reason = " ".join(str(error.__cause__ or error).split())
            return (
                f"found no way to the {self.kind} {url} ({reason}); start it, or correct the "
                "address"
            )
        if not isinstance(error, api.APIStatusError):
            return None
        status = error.status_code
        if status in (401, 403):
            return (
                f"{url} answered {status}: it wants a key, or another one than it was given; give "
                "the server's key, or set OPENAI_API_KEY"
            )
        if status == 404:
            return (
                f"{url} answered 404: found no {does} there, or no model {model}; the address "
                "ends in /v1 as a rule, and #MODEL behind it names the model"
            )
        said = " ".join(str(error.message).replace(self.key, "…").split())[:200]
        reason = f" ({said})" if quoting else ""
        return f"{url} answered {status}{reason}; see its log, or try again later"


def open_server(
    url: str, *, kind: str, purpose: str, example: str, key: str | None, timeout: float
) -> OpenedServer:
    """Get ready to ask a server; nothing is sent yet.

    Args:
        url: where the protocol begins, mostly at `/v1`.
        kind: of server, for the error.
        purpose: what the package openai is needed for, for the error.
        example: of an address, for the error.
        key: of the server, where it wants one; else OPENAI_API_KEY, which doesn't leave this
            machine unencrypted: over plain http to another one only a key goes that is given here.
        timeout: seconds that an answer may take.

    Raises:
        OptionError: the address is none.
        MissingExtraError: the package openai isn't installed.
    """
    shown = re.sub(r"//[^/@]*@", "//", url)
    try:
        address = urlsplit(url)
        host, port = address.hostname, address.port
    except ValueError:
        host = None
    if not host or address.scheme not in ("http", "https"):
        raise OptionError(f"found the {kind} {shown!r}, expected an address such as {example}")
    try:
        import openai
    except ImportError:
        raise MissingExtraError("openai", extra="words", purpose=purpose) from None
    private = address.scheme == "https" or host in ("localhost", "127.0.0.1", "::1")
    shows = key or (os.environ.get("OPENAI_API_KEY") if private else None) or "none"
    client = openai.OpenAI(base_url=url, api_key=shows, timeout=timeout, max_retries=1)
    named = f"{host}:{port}" if port else host
    return OpenedServer(openai, client, shown, named, shows, kind, timeout)
