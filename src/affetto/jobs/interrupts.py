"""Ctrl-C and termination: work ends in order, in this process and in its workers."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

__all__ = [
    "Terminated",
    "held_back",
    "leave_signals_to_parent",
    "noted",
    "stoppable",
    "uninterrupted",
]

T = TypeVar("T")
R = TypeVar("R")

_MASKS = hasattr(signal, "pthread_sigmask")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_DEFAULTS = (signal.default_int_handler, signal.SIG_DFL)
_LATER = 0.002  # seconds after which a signal that was put off comes again
_busy = False
"""Whether this worker is at an item, which may have written half a file."""
_ending = False
"""Whether this worker was told to end."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, taken as Ctrl-C is: whatever cleans up after the one does after the other."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM raise `Terminated` and SIGINT `KeyboardInterrupt`, where that is heard.

    A library in C may run a little Python code, where Python raises what a signal asks for, and
    drop it. A module that calls such a library says `DEFERS_SIGNALS = True`: a signal that comes
    while it is at work comes again a moment later.

    Handlers that the program has set already are left alone, as are threads, which have none.

    Examples:
        >>> with stoppable():
        ...     signal.getsignal(signal.SIGTERM) is _stop
        True
    """
    former = {}
    if _in_main_thread():
        # Also None, that of a handler which C code has set, is not ours to replace.
        for number in _SIGNALS:
            if (handler := signal.getsignal(number)) in _DEFAULTS:
                former[number] = handler
                signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_globals.get("DEFERS_SIGNALS"):
            threading.Timer(_LATER, _send_again, [number]).start()
            return
        frame = frame.f_back
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _send_again(number: int) -> None:
    if hasattr(signal, "pthread_kill"):
        # Also wakes the main thread where it waits for something.
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def held_back() -> Iterator[None]:
    """Keep signals from processes while they are started or ended, and raise them afterwards.

    Ctrl-C in a terminal goes to all processes: one that is still importing would show a traceback.
    Where this process is at a thread's lock, Python may never get it back. Only the main thread has
    signals; in another one this does nothing.

    Examples:
        >>> former = signal.signal(signal.SIGTERM, lambda *_: print("told to end"))
        >>> with held_back():
        ...     signal.raise_signal(signal.SIGTERM)
        ...     print("started")
        started
        told to end
        >>> _ = signal.signal(signal.SIGTERM, former)
    """
    if not _in_main_thread():
        yield
        return
    came: list[int] = []
    former = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, lambda number, _: came.append(number))
    # A process that is started inherits the mask; a handler it would not.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS) if _MASKS else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in former.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


@contextmanager
def noted() -> Iterator[Callable[[], int | None]]:
    """Note the first Ctrl-C or termination rather than raise it; a second one is raised.

    For work that is ended by it in good order: whoever works looks now and then.

    Yields:
        What gives the signal's number; None while none came.

    Examples:
        >>> with noted() as asked:
        ...     signal.raise_signal(signal.SIGINT)
        ...     asked() == signal.SIGINT
        True
    """
    came: list[int] = []
    former: dict[int, Any] = {}

    def note(number: int, frame: FrameType | None) -> None:
        if came:
            _stop(number, frame)
        came.append(number)

    if _in_main_thread():
        for each in _SIGNALS:
            handler = signal.getsignal(each)
            # As in `stoppable`; and who was told to ignore a signal goes on ignoring it.
            if handler not in (None, signal.SIG_IGN):
                former[each] = handler
                signal.signal(each, note)
    try:
        yield lambda: came[0] if came else None
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def leave_signals_to_parent() -> None:
    """Make a worker deaf to Ctrl-C, let SIGTERM end it in order, and end it with its parent."""
    import multiprocessing

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_worker)
    if _MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A worker waits for work for ever when its parent is killed; this thread does not.
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _end_worker(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    global _ending
    # An exception here would land wherever the work is: in a library's callback, it is lost.
    _ending = True
    if not _busy:
        os._exit(128 + number)


def uninterrupted(function: Callable[[T], R], item: T) -> R:
    """Call a function in a worker; one that is to end does so once the item is finished."""
    global _busy
    _busy = True
    try:
        return function(item)
    finally:
        _busy = False
        if _ending:
            os._exit(128 + signal.SIGTERM)
