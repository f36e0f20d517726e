"""The clients: one for programs that wait, one for programs with an event loop."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from affetto.client.live import LiveStream
from affetto.client.place import BUSY, HOME, Place, ServerError, http_library
from affetto.client.streaming import stream
from affetto.timeline import Timeline

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, AsyncIterable, Iterable

    import numpy as np
    from numpy.typing import NDArray

    from affetto.recognition.update import Update
    from affetto.words.live import WordsUpdate

__all__ = ["AsyncClient", "Client"]


class _Caller:
    """What both clients are made of; a subclass says which kind of HTTP client it wants."""

    _KIND: ClassVar[str]

    def __init__(
        self,
        url: str = HOME,
        *,
        token: str | None = None,
        timeout: float = 600.0,
        retries: int = 3,
        patience: float = 30.0,
    ) -> None:
        self._place = Place(url, token)
        self._patience = patience
        self._retries = retries
        self._http = getattr(http_library(), self._KIND)(
            base_url=self._place.url, headers=self._place.headers, timeout=timeout
        )


class Client(_Caller):
    """A server from a program's side; a context manager.

    Args:
        url: of the server.
        token: that it asks for; AFFETTO_TOKEN where not given.
        timeout: seconds to wait for an answer.
        retries: how often to come back to a full server, after the time that it names.
        patience: seconds for which a stream tries to come back to a server that broke off; they
            are given anew once more was heard.

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
            options: `labels`, `window`, `hop`, `baseline`, `prior`, `speakers`, `causal` and
                `channels` as `affetto.analyze` takes them; `model`, one of the server's; `track`,
                whether the timeline shall have every window; `words`, whether what is said shall
                be written down and heard with the voice, by what the server was started with;
                beside that `language` (ISO 639-1; detected where not given), `translate` (False
                leaves it as it is where the server would put it into English) and `redact`.

        Raises:
            ServerError: the server can't be reached, or refuses; with status 501 where words can't
                be had there, see `about`.
            OptionError: an option can't be sent to a server, such as a `SpeakerBaseline`.
        """
        request = self._place.request(source, options)
        for again in range(self._retries + 1):
            try:
                return Timeline.from_dict(self._ask("POST", "/v1/analyze", **request))
            except ServerError as error:
                if error.status != BUSY or again == self._retries:
                    raise
                time.sleep(error.retry_after or 1)
        raise AssertionError  # the last round returns or raises

    def models(self) -> dict[str, Any]:
        """Tell which model is loaded, and what else the server has."""
        row: dict[str, Any] = self._ask("GET", "/v1/models")
        return row

    def about(self) -> dict[str, Any]:
        """Tell what the server says and takes; under "words" whether it writes words down."""
        row: dict[str, Any] = self._ask("GET", "/v1/about")
        return row

    def health(self) -> dict[str, Any]:
        """Tell whether the server works."""
        row: dict[str, Any] = self._ask("GET", "/health")
        return row

    @overload
    def stream(
        self, chunks: Iterable[NDArray[np.float32]], *, words: Literal[False] = ..., **options: Any
    ) -> LiveStream[Update]: ...

    @overload
    def stream(
        self, chunks: Iterable[NDArray[np.float32]], *, words: bool, **options: Any
    ) -> LiveStream[Update | WordsUpdate]: ...

    def stream(
        self, chunks: Iterable[NDArray[np.float32]], *, words: bool = False, **options: Any
    ) -> LiveStream[Any]:
        """Hear sound as it comes.

        Args:
            chunks: 16 kHz float32, shape (samples,), such as a `Microphone`; taken in a thread.
            words: write down what is said, too; the stream then gives `WordsUpdate`s among the
                voice's `Update`s, as phrases end and as more is heard of the one that is said.
            options: `every`, `labels`, `window`, `hop`, `baseline`, `prior` and `source` as
                `LiveRecognizer` takes them; `model`, one of the server's; with `words` also
                `language`, `translate` and `redact` as `analyze` does.

        Returns:
            An iterator of updates, and a context manager; it has the timeline once it has ended,
            with the words where they were asked for. What went wrong with these alone stands in
            its warnings.

        Raises:
            ServerError: the server can't be reached, or refuses.
            OptionError: an option can't be sent to a server.

        Examples:
            >>> with Client() as client, client.stream(microphone) as updates:  # doctest: +SKIP
            ...     for update in updates:
            ...         print(update.emotion)
            >>> with client.stream(microphone, words=True) as updates:  # doctest: +SKIP
            ...     for update in updates:
            ...         if isinstance(update, WordsUpdate):
            ...             for phrase in update.phrases:
            ...                 print(phrase.text, phrase.emotion)
        """
        options = _with_words(words, options)
        return LiveStream(self._place, chunks, options, patience=self._patience)

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        http = http_library()
        try:
            return self._place.checked(self._http.request(method, path, **request))
        except http.TransportError as error:
            raise self._place.unreachable(error) from None


class AsyncClient(_Caller):
    """`Client` for programs with an event loop: made alike; an asynchronous context manager."""

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
                if error.status != BUSY or again == self._retries:
                    raise
                await asyncio.sleep(error.retry_after or 1)
        raise AssertionError  # the last round returns or raises

    async def models(self) -> dict[str, Any]:
        """Tell which model is loaded, and what else the server has."""
        row: dict[str, Any] = await self._ask("GET", "/v1/models")
        return row

    async def about(self) -> dict[str, Any]:
        """Tell what the server says and takes; under "words" whether it writes words down."""
        row: dict[str, Any] = await self._ask("GET", "/v1/about")
        return row

    async def health(self) -> dict[str, Any]:
        """Tell whether the server works."""
        row: dict[str, Any] = await self._ask("GET", "/health")
        return row

    @overload
    def stream(
        self,
        chunks: AsyncIterable[NDArray[np.float32]],
        *,
        words: Literal[False] = ...,
        **options: Any,
    ) -> AsyncGenerator[Update | Timeline, None]: ...

    @overload
    def stream(
        self, chunks: AsyncIterable[NDArray[np.float32]], *, words: bool, **options: Any
    ) -> AsyncGenerator[Update | WordsUpdate | Timeline, None]: ...

    async def stream(
        self, chunks: AsyncIterable[NDArray[np.float32]], *, words: bool = False, **options: Any
    ) -> AsyncGenerator[Any, None]:
        """Hear sound as it comes: updates, and last the timeline; see `Client.stream`.

        Whoever leaves early breaks the stream off with `aclose`, or `contextlib.aclosing`.
        """
        options = _with_words(words, options)
        answers = stream(self._place, chunks, options, patience=self._patience)
        async with aclosing(answers):
            async for answer in answers:
                if answer is not None:
                    yield answer

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        http = http_library()
        try:
            return self._place.checked(await self._http.request(method, path, **request))
        except http.TransportError as error:
            raise self._place.unreachable(error) from None


def _with_words(words: bool, options: dict[str, Any]) -> dict[str, Any]:
    """Ask for words where they are wanted; older servers know of none."""
    return options | {"words": True} if words else options
