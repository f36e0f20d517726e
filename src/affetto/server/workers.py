"""Work beside the event loop: so much at once, so much waiting, and no more."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from affetto.errors import AffettoError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

__all__ = ["BusyError", "Slots", "StoppedError", "Workers"]

R = TypeVar("R")

_SOON = 30
"""Seconds after which it is worth to try again, however long what is at work takes: a live stream
may last for hours, but among many of them a slot is free sooner."""


class BusyError(AffettoError):
    """Refused for now.

    Attributes:
        retry_after: seconds after which to try again.
    """

    def __init__(self, what: str, *, retry_after: int, instead: str = "") -> None:
        super().__init__(
            f"found the server at work on as many {what} as it takes; try again soon{instead}"
        )
        self.retry_after = retry_after


class StoppedError(AffettoError):
    """Work that was stopped: nobody waits for it any more, or it took too long."""


class Slots:
    """So many at once.

    Args:
        count: how many.
        what: they are called when there are too many.
        instead: what else is to be had then, as the end of a sentence.
    """

    def __init__(self, count: int, what: str, *, instead: str = "") -> None:
        self.count = count
        self.taken = 0
        self.mean = 1.0
        self._what = what
        self._instead = instead

    def check(self) -> None:
        """Refuse who would find no slot.

        Raises:
            BusyError: none is free.
        """
        if self.taken >= self.count:
            soon = min(_SOON, max(1, round(self.mean)))
            raise BusyError(self._what, retry_after=soon, instead=self._instead)

    def claim(self) -> Callable[[], None]:
        """Take a slot; give what lets go of it, to be called once.

        Raises:
            BusyError: none is free.
        """
        self.check()
        self.taken += 1
        began = time.monotonic()

        def let_go() -> None:
            self.taken -= 1
            self.mean += 0.2 * (time.monotonic() - began - self.mean)

        return let_go

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold a slot.

        Raises:
            BusyError: none is free.
        """
        let_go = self.claim()
        try:
            yield
        finally:
            let_go()


class Workers:
    """Threads for what computes: the network lets go of Python's lock while it runs.

    Args:
        count: of threads.
        name: of them.
    """

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=f"affetto-{name}")

    async def run(self, work: Callable[[], R]) -> R:
        """Run a function in a thread; give what it gives."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def run_stoppable(
        self,
        work: Callable[[Callable[[], None]], R],
        *,
        slots: Slots,
        gone: Callable[[], Awaitable[bool]],
        timeout: float,
    ) -> R:
        """Run a function that looks now and then whether it shall stop.

        Args:
            work: is given what it calls to look, which raises `StoppedError` when it shall.
            slots: one is held until the thread is through with it, also when that is long after
                nobody waits for the result any more: work that doesn't look can't be stopped.
            gone: awaited four times a second; true once nobody waits for the result.
            timeout: seconds.

        Raises:
            BusyError: no slot is free.
            StoppedError: it was stopped.
        """
        stop = threading.Event()

        def look() -> None:
            if stop.is_set():
                raise StoppedError("stopped")

        loop = asyncio.get_running_loop()
        let_go = slots.claim()
        future = self._pool.submit(work, look)

        def ended(_: object) -> None:
            # A server that ends may be without its loop before its threads are through.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(let_go)

        future.add_done_callback(ended)
        running = asyncio.wrap_future(future)
        deadline = time.monotonic() + timeout
        try:
            while True:
                done, _ = await asyncio.wait({running}, timeout=0.25)
                if done:
                    return running.result()
                if await gone():
                    raise StoppedError("found that the client went away")
                if time.monotonic() > deadline:
                    raise StoppedError(
                        f"found more work than {timeout:g} s allow, expected a shorter recording"
                    )
        finally:
            stop.set()
            if not running.cancel():
                running.add_done_callback(lambda future: future.cancelled() or future.exception())

    def close(self) -> None:
        """Let the threads end; what waits is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)
