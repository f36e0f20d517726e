"""One function over many items, on all cores."""

import multiprocessing
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from affetto.errors import AffettoError, OptionError
from affetto.jobs.interrupts import held_back, leave_signals_to_parent, uninterrupted
from affetto.jobs.journal import Journal
from affetto.jobs.progress import ProgressBar
from affetto.jobs.threads import cores, one_thread, share_cores, threads_each

__all__ = ["Outcome", "run"]

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T, R]):
    """What became of one item.

    Attributes:
        item: the item.
        value: what the function gave; None where it failed.
        error: one line that says what went wrong; None where it went well.
        fault: whether the error is none that the user can mend.
        restored: whether the value comes from the journal of an earlier run.
    """

    item: T
    value: R | None = None
    error: str | None = None
    fault: bool = False
    restored: bool = False


def run(
    function: Callable[[T], R],
    items: Sequence[T],
    *,
    workers: int | None = None,
    describe: str = "",
    journal: str | Path | None = None,
    key: Callable[[T], str] = str,
    valid: Callable[[T, R], bool] | None = None,
) -> list[Outcome[T, R]]:
    """Call a function for every item, in a pool of processes.

    An item that fails does not stop the others, nor does one that takes its process down. A
    `KeyboardInterrupt` lets the items under way finish, records them, and is raised again.

    Args:
        function: importable by name (a module's function, or `functools.partial` of one); its
            result is of JSON types where there is a journal.
        items: what it is called with; picklable.
        workers: processes; None takes one a core. With 1 all happens in this process.
        describe: words for the progress on stderr; empty shows none.
        journal: a file that records finished items. Items that it holds are not done again.
        key: names an item in the journal; it changes when the work on the item would.
        valid: called with an item and its recorded value; False does the item again (its result
            was deleted, say).

    Returns:
        One outcome an item, in the order of the items.

    Raises:
        OptionError: `workers` is below 1.
        OutputError: the journal can't be written.

    Examples:
        >>> [outcome.value for outcome in run(abs, [-1, 2], workers=1)]
        [1, 2]
        >>> run(len, [None], workers=1)[0].error
        "TypeError: object of type 'NoneType' has no len()"
    """
    if workers is not None and workers < 1:
        raise OptionError(f"found {workers} workers, expected 1 or more")
    outcomes: dict[int, Outcome[T, R]] = {}
    with ExitStack() as stack:
        book = stack.enter_context(Journal(journal)) if journal is not None else None
        if book is not None:
            for i, item in enumerate(items):
                name = key(item)
                if name in book.done and (valid is None or valid(item, book.done[name])):
                    outcomes[i] = Outcome(item, book.done[name], restored=True)
        left = [i for i in range(len(items)) if i not in outcomes]
        bar = stack.enter_context(
            ProgressBar(describe, total=len(items), done=len(items) - len(left))
        )
        count = min(workers or cores(), max(len(left), 1))
        finished = (
            _here(function, items, left) if count == 1 else _pool(function, items, left, count)
        )
        # An interruption out here ends the processes now, not whenever the generator is let go.
        stack.enter_context(closing(finished))
        for i, outcome in finished:
            outcomes[i] = outcome
            if book is not None and outcome.error is None:
                book.append(key(outcome.item), outcome.value)
            bar.advance()
    return [outcomes[i] for i in range(len(items))]


def _here(
    function: Callable[[T], R], items: Sequence[T], left: Sequence[int]
) -> Generator[tuple[int, Outcome[T, R]], None, None]:
    for i in left:
        try:
            with one_thread():  # as in a process of a pool, so that the figures are the same
                value = function(items[i])
        except Exception as error:
            yield i, _failure(items[i], error)
        else:
            yield i, Outcome(items[i], value)


def _pool(
    function: Callable[[T], R], items: Sequence[T], left: Sequence[int], workers: int
) -> Generator[tuple[int, Outcome[T, R]], None, None]:
    queue = list(reversed(left))
    alive = False
    while queue:
        before = len(queue)
        lost = yield from _until_broken(function, items, queue, workers)
        alive = alive or before - len(queue) > len(lost)
        # Someone among those under way took a process down: each gets one of its own.
        died = []
        for i in lost:
            died += yield from _until_broken(function, items, [i], 1)
        if lost and len(died) == len(lost) and not alive:
            raise AffettoError(
                f"none of {len(lost)} worker processes lived; try with one worker, which needs none"
            )
        for i in died:
            yield i, Outcome(items[i], error="the process that worked on it died", fault=True)


def _until_broken(
    function: Callable[[T], R], items: Sequence[T], queue: list[int], workers: int
) -> Generator[tuple[int, Outcome[T, R]], None, list[int]]:
    """Work on `queue` from its end; give back the items lost when a process died."""
    # Processes are started afresh on every system: a fork would copy locks of running threads.
    context = multiprocessing.get_context("spawn")
    begin = partial(_begin, threads_each(workers))
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=begin)
    running: dict[Future[R], int] = {}
    # An interruption in `concurrent.futures.wait` may leave a future locked, and the pool with it.
    finished: SimpleQueue[Future[R]] = SimpleQueue()
    lost: list[int] = []
    try:
        while (queue and not lost) or running:
            # A short queue ahead of the workers: they never wait, and little is lost by a stop.
            while queue and not lost and len(running) < 2 * workers:
                try:
                    with held_back():
                        future = pool.submit(uninterrupted, function, items[queue[-1]])
                        running[future] = queue[-1]
                        future.add_done_callback(finished.put)
                except BrokenProcessPool:
                    lost.append(queue[-1])
                queue.pop()
            # Without a time limit, Windows would not hear Ctrl-C here.
            try:
                future = finished.get(timeout=1.0)
            except Empty:
                continue
            i = running.pop(future)
            error = future.exception()
            if isinstance(error, BrokenProcessPool):
                lost.append(i)
            elif error is not None:
                yield i, _failure(items[i], error)
            else:
                yield i, Outcome(items[i], future.result())
    except KeyboardInterrupt:
        with suppress(KeyboardInterrupt), held_back():  # a second one says no more than the first
            pool.shutdown(wait=True, cancel_futures=True)
        for future, i in running.items():
            if not future.cancelled() and future.exception() is None:
                yield i, Outcome(items[i], future.result())
        raise
    finally:
        with held_back():
            pool.shutdown(wait=True, cancel_futures=True)
    return sorted(lost)


def _begin(threads: int) -> None:
    """Prepare a worker before its work."""
    share_cores(threads)
    leave_signals_to_parent()


def _failure(item: Any, error: BaseException) -> Outcome[Any, Any]:
    if isinstance(error, AffettoError):
        return Outcome(item, error=str(error))
    text = " ".join(str(error).split())
    return Outcome(item, error=f"{type(error).__name__}: {text}".rstrip(": "), fault=True)
