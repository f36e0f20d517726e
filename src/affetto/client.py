"""A client of `affetto serve`: recordings and live sound. Needs the extra `server`."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from affetto.errors import AffettoError, MissingExtraError
from affetto.recognition.live import Update
from affetto.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable

    from numpy.typing import NDArray

__all__ = ["AsyncClient", "Client", "LiveStream", "ServerError"]

_HOME = "http://127.0.0.1:8723"
_BUSY = 503


class ServerError(AffettoError):
    """What a server refused, in its own words.

    Attributes:
        status: of HTTP; 0 where there was no answer, or over a WebSocket.
        retry_after: seconds after which to try again; None where that won't help.
    """

    def __init__(self, message: str, *, status: int = 0, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class _Place:
    """Where a server is, and what is sent to it."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url.rstrip("/")
        token = token or os.environ.get("AFFETTO_TOKEN")
        self.headers = {"authorization": f"Bearer {token}"} if token else {}

    @property
    def socket(self) -> str:
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
        return ServerError(
            f"{self.url}: found no server there ({error}), expected one: start affetto serve"
        )


class _Caller:
    """What both clients are made of; a subclass says which kind of HTTP client it wants."""

    _KIND: ClassVar[str]

    def __init__(
        self,
        url: str = _HOME,
        *,
        token: str | None = None,
        timeout: float = 600.0,
        retries: int = 3,
    ) -> None:
        self._place = _Place(url, token)
        self._retries = retries
        self._http = getattr(_http(), self._KIND)(
            base_url=self._place.url, headers=self._place.headers, timeout=timeout
        )


class Client(_Caller):
    """A server from a program's side; a context manager.

    Args:
        url: of the server.
        token: that it asks for; AFFETTO_TOKEN where not given.
        timeout: seconds to wait for an answer.
        retries: how often to come back to a full server, after the time that it names.

    Raises:
        MissingExtraError: the extra `server` isn't installed.

    Examples:
        >>> with Client() as client:  # doctest: +SKIP
        ...     print(client.analyze("talk.mp3").summary()["dominant"])
    """

    _KIND = "Client"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def analyze(self, source: str | os.PathLike[str] | bytes, **options: Any) -> Timeline:
        """Hear the feeling in a recording.

        Args:
            source: a path, or the bytes of a file.
            options: `labels`, `window`, `hop`, `baseline`, `prior`, `speakers`, `channels` and
                `track`.

        Raises:
            ServerError: the server can't be reached, or refuses.
        """
        request = self._place.request(source, options)
        for again in range(self._retries + 1):
            try:
                return Timeline.from_dict(self._ask("POST", "/v1/analyze", **request))
            except ServerError as error:
                if error.status != _BUSY or again == self._retries:
                    raise
                time.sleep(error.retry_after or 1)
        raise AssertionError  # the last round returns or raises

    def models(self) -> dict[str, Any]:
        """Tell which model is loaded, and what else the server has."""
        row: dict[str, Any] = self._ask("GET", "/v1/models")
        return row

    def health(self) -> dict[str, Any]:
        """Tell whether the server works."""
        row: dict[str, Any] = self._ask("GET", "/health")
        return row

    def stream(self, chunks: Iterable[NDArray[np.float32]], **options: Any) -> LiveStream:
        """Hear sound as it comes.

        Args:
            chunks: 16 kHz float32, shape (samples,), such as a `Microphone`; taken in a thread.
            options: `every`, `labels`, `window`, `hop`, `baseline`, `prior`, `source`.

        Returns:
            An iterator of updates; it has the timeline once it has ended.

        Raises:
            ServerError: the server can't be reached, or refuses.
        """
        return LiveStream(self._place, chunks, options)

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        http = _http()
        try:
            return self._place.checked(self._http.request(method, path, **request))
        except http.TransportError as error:
            raise self._place.unreachable(error) from None


class LiveStream(Iterator[Update]):
    """Updates of a stream; made by `Client.stream`.

    Attributes:
        timeline: of all that was heard, once the iteration has ended; None before.
    """

    def __init__(
        self, place: _Place, chunks: Iterable[NDArray[np.float32]], options: dict[str, Any]
    ) -> None:
        self.timeline: Timeline | None = None
        self._fault: BaseException | None = None
        self._open = ExitStack()
        websockets = _websockets()
        try:
            self._socket = self._open.enter_context(
                websockets.sync.client.connect(
                    place.socket, additional_headers=place.headers, compression=None, max_size=None
                )
            )
        except (OSError, websockets.exceptions.WebSocketException) as error:
            raise place.unreachable(error) from None
        self._closed = websockets.exceptions.ConnectionClosed
        try:
            self._socket.send(_start(options))
            self._read()
        except BaseException:
            self.close()
            raise
        threading.Thread(target=self._speak, args=(chunks,), daemon=True).start()

    def __next__(self) -> Update:
        if self.timeline is not None:
            raise StopIteration
        row = self._read()
        if row["type"] == "update":
            return Update.from_dict(row)
        self.timeline = Timeline.from_dict(row["timeline"])
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Break the stream off; harmless when repeated, or at its end."""
        self._open.close()

    def _speak(self, chunks: Iterable[NDArray[np.float32]]) -> None:
        try:
            for chunk in chunks:
                self._socket.send(np.asarray(chunk, "<f4").tobytes())
            self._socket.send(json.dumps({"type": "end"}))
        except self._closed:
            return  # whoever reads is told why
        except BaseException as error:  # of the chunks' source: told where updates are read
            self._fault = error
            self._socket.close()

    def _read(self) -> dict[str, Any]:
        try:
            return _row(self._socket.recv())
        except self._closed as error:
            if self._fault is not None:
                raise self._fault from None
            raise ServerError(f"found the stream broken off ({error}); start it anew") from None


class AsyncClient(_Caller):
    """`Client` for programs with an event loop; an asynchronous context manager.

    Args:
        url: of the server.
        token: that it asks for; AFFETTO_TOKEN where not given.
        timeout: seconds to wait for an answer.
        retries: how often to come back to a full server, after the time that it names.

    Raises:
        MissingExtraError: the extra `server` isn't installed.
    """

    _KIND = "AsyncClient"

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def analyze(self, source: str | os.PathLike[str] | bytes, **options: Any) -> Timeline:
        """Hear the feeling in a recording; see `Client.analyze`."""
        request = await asyncio.to_thread(self._place.request, source, options)
        for again in range(self._retries + 1):
            try:
                return Timeline.from_dict(await self._ask("POST", "/v1/analyze", **request))
            except ServerError as error:
                if error.status != _BUSY or again == self._retries:
                    raise
                await asyncio.sleep(error.retry_after or 1)
        raise AssertionError  # the last round returns or raises

    async def models(self) -> dict[str, Any]:
        """Tell which model is loaded, and what else the server has."""
        row: dict[str, Any] = await self._ask("GET", "/v1/models")
        return row

    async def health(self) -> dict[str, Any]:
        """Tell whether the server works."""
        row: dict[str, Any] = await self._ask("GET", "/health")
        return row

    async def stream(
        self, chunks: AsyncIterable[NDArray[np.float32]], **options: Any
    ) -> AsyncIterator[Update | Timeline]:
        """Hear sound as it comes: updates, and last the timeline; see `Client.stream`."""
        websockets = _websockets()
        place = self._place
        try:
            socket = await websockets.asyncio.client.connect(
                place.socket, additional_headers=place.headers, compression=None, max_size=None
            )
        except (OSError, websockets.exceptions.WebSocketException) as error:
            raise place.unreachable(error) from None
        async with socket:
            await socket.send(_start(options))
            _row(await socket.recv())

            async def speak() -> None:
                async for chunk in chunks:
                    await socket.send(np.asarray(chunk, "<f4").tobytes())
                await socket.send(json.dumps({"type": "end"}))

            speaking = asyncio.create_task(speak())
            try:
                async for message in socket:
                    row = _row(message)
                    if row["type"] == "timeline":
                        yield Timeline.from_dict(row["timeline"])
                        return
                    yield Update.from_dict(row)
            finally:
                speaking.cancel()
            raise ServerError("found the stream broken off; start it anew")

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        http = _http()
        try:
            return self._place.checked(await self._http.request(method, path, **request))
        except http.TransportError as error:
            raise self._place.unreachable(error) from None


def _start(options: dict[str, Any]) -> str:
    given = {key: value for key, value in options.items() if value is not None}
    return json.dumps({"type": "start", "encoding": "f32le", **given})


def _row(message: str | bytes) -> dict[str, Any]:
    """Read a message.

    Raises:
        ServerError: the server refuses.
    """
    row: dict[str, Any] = json.loads(message)
    if row["type"] == "error":
        raise ServerError(str(row["error"]), retry_after=row.get("retry_after"))
    return row


def _http() -> Any:
    try:
        import httpx2
    except ModuleNotFoundError:
        raise MissingExtraError("httpx2", extra="server", purpose="affetto.Client") from None
    return httpx2


def _websockets() -> Any:
    try:
        import websockets.asyncio.client
        import websockets.exceptions
        import websockets.sync.client
    except ModuleNotFoundError:
        raise MissingExtraError("websockets", extra="server", purpose="affetto.Client") from None
    return websockets
