"""A live stream for programs that wait: it is at work in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Iterator
from contextlib import aclosing, suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from affetto.client.streaming import FAREWELL, stream
from affetto.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray

    from affetto.client.place import Place
    from affetto.recognition.update import Update
    from affetto.words.live import WordsUpdate

__all__ = ["LiveStream"]

T = TypeVar("T")

_CHUNKS, _UPDATES = 4, 8
"""What waits to be taken, at most: of the source, and of the stream."""

_PARTING = 2 * FAREWELL
"""Seconds to wait for the thread: while it looks up a host's address, nothing can wake it."""

_OVER = object()


class LiveStream(Iterator[T]):
    """Updates of a stream, as they come; made by `Client.stream`, a context manager.

    It ends with the sound, with an error, with `close` or its `with` block, and when nothing refers
    to it any more. Whoever doesn't take the updates isn't listened to for long: no more is read
    from the source until they are taken.

    Attributes:
        timeline: of all that was heard, once the iteration has come to the end of the sound; None
            before.
    """

    def __init__(
        self,
        place: Place,
        chunks: Iterable[NDArray[np.float32]],
        options: dict[str, Any],
        *,
        patience: float,
    ) -> None:
        self.timeline: Timeline | None = None
        self._work = _Work(place, chunks, options, patience=patience)
        # Alive as long as the stream is open; it is called but once, by whoever is the first.
        self._end = weakref.finalize(self, self._work.break_off)
        self._next()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __next__(self) -> T:
        answer: Any = self._next() if self._end.alive else None
        if isinstance(answer, Timeline):
            self.timeline = answer
        elif answer is not None:
            update: T = answer
            return update
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Break the stream off, from any thread; harmless when repeated, or at its end.

        The server forgets the sound. Whoever waits for an update meets the end of the iteration.
        """
        self._end()
        self._work.wait()

    def _next(self) -> _Answer:
        try:
            return self._work.take()
        except BaseException:  # of the stream, or of who waits for it: Ctrl-C
            self.close()
            raise


_Answer: TypeAlias = "Update | WordsUpdate | Timeline | None"


class _Work:
    """A stream at work in a thread of its own, with an event loop that lives as long.

    The thread knows this, and not the `LiveStream`, which so can be let go of.
    """

    def __init__(
        self,
        place: Place,
        chunks: Iterable[NDArray[np.float32]],
        options: dict[str, Any],
        *,
        patience: float,
    ) -> None:
        self._given: SimpleQueue[Any] = SimpleQueue()
        self._room = asyncio.Semaphore(_UPDATES)
        self._in_loop: Callable[..., Any] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._broken_off = False

        def work() -> None:
            try:
                self._given.put(asyncio.run(self._hear(place, chunks, options, patience)))
            except asyncio.CancelledError:
                pass
            except BaseException as error:
                self._given.put(error)
            self._given.put(_OVER)

        self._thread = threading.Thread(target=work, name="affetto-stream", daemon=True)
        self._thread.start()

    async def _hear(
        self,
        place: Place,
        chunks: Iterable[NDArray[np.float32]],
        options: dict[str, Any],
        patience: float,
    ) -> Timeline | None:
        """Give away all but the timeline, which is given when everything is closed."""
        self._task = asyncio.current_task()
        self._in_loop = asyncio.get_running_loop().call_soon_threadsafe
        if self._broken_off:
            return None
        async with (
            aclosing(_from_thread(chunks, self._room)) as source,
            aclosing(stream(place, source, options, patience=patience)) as answers,
        ):
            async for answer in answers:
                if isinstance(answer, Timeline):
                    return answer
                await self._room.acquire()
                self._given.put(answer)
        return None

    def take(self) -> _Answer:
        """Wait for the next answer: None once the server listens, and at the end.

        Raises:
            BaseException: what ended the stream.
        """
        answer = self._given.get()
        if answer is _OVER:
            self._given.put(_OVER)  # for whoever asks again
            return None
        if isinstance(answer, BaseException):
            raise answer
        self._soon(self._room.release)
        given: _Answer = answer
        return given

    def break_off(self) -> None:
        """End the stream where it isn't over; to be called once."""
        self._broken_off = True
        if self._task is not None:
            self._soon(self._task.cancel)
        self.wait()

    def wait(self) -> None:
        """Wait until all is closed."""
        # Garbage may be collected, and so a stream be ended, in its own thread.
        if threading.current_thread() is not self._thread:
            self._thread.join(_PARTING)

    def _soon(self, call: Callable[[], Any]) -> None:
        if self._in_loop is not None:
            with suppress(RuntimeError):  # the loop is closed: all is over
                self._in_loop(call)


async def _from_thread(
    chunks: Iterable[NDArray[np.float32]], wanted: asyncio.Semaphore
) -> AsyncGenerator[NDArray[np.float32], None]:
    """Give what a thread of its own takes from a source that waits.

    The thread ends with the source, or at its next chunk once nobody wants more: nothing can wake
    it while it waits there.

    Args:
        chunks: the source.
        wanted: has room as long as somebody takes what is heard.
    """
    soon = asyncio.get_running_loop().call_soon_threadsafe
    taken: asyncio.Queue[Any] = asyncio.Queue()
    room, ended = threading.Semaphore(_CHUNKS), threading.Event()

    def take() -> None:
        last: Any = _OVER
        try:
            for chunk in chunks:
                room.acquire()
                if ended.is_set():
                    return
                soon(taken.put_nowait, chunk)
        except BaseException as error:
            last = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            soon(taken.put_nowait, last)

    threading.Thread(target=take, name="affetto-source", daemon=True).start()
    try:
        while (chunk := await taken.get()) is not _OVER:
            if isinstance(chunk, BaseException):
                raise chunk
            room.release()
            async with wanted:
                pass
            yield chunk
    finally:
        ended.set()
        room.release()
