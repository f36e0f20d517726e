"""How many threads the libraries of numbers take in a process that shares its cores with others."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["cores", "one_thread", "own_share", "share_cores", "threads_each"]

_NAMES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Read by numpy's libraries when they load."""


def cores() -> int:
    """Count the cores that this process may use.

    Examples:
        >>> cores() >= 1
        True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def share_cores(threads: int) -> None:
    """Let numpy's libraries take so many threads, unless the user has said how many.

    Left alone each process takes all cores, and two side by side were seen to take three times as
    long as one: their threads wait for each other. Where numpy is imported already, threadpoolctl
    (extra `train`) is needed.

    Sums of products differ in their last digits by the threads that share them.

    Args:
        threads: for one product of matrices; 1 where many small ones stand side by side.

    Examples:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, {"OMP_NUM_THREADS": "3"}):
        ...     share_cores(2)  # the user's word counts
        ...     own_share()
        3
    """
    told = any(name in os.environ for name in _NAMES)
    for name in _NAMES:
        os.environ.setdefault(name, str(threads))
    if "numpy" in sys.modules and not told:  # imported by the script that started this process
        with suppress(ImportError):
            from threadpoolctl import threadpool_limits

            threadpool_limits(threads)


def own_share() -> int:
    """Give the threads that this process may take: its share where one was set, else every core.

    Examples:
        >>> own_share() >= 1
        True
    """
    text = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(text)) if text.isdecimal() else cores()


def threads_each(workers: int) -> int:
    """Give each of some processes its share of the cores, one thread at least.

    Examples:
        >>> threads_each(10_000)
        1
    """
    return max(1, cores() // workers)


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold numpy's libraries to one thread meanwhile, where threadpoolctl (extra `train`) is there.

    Examples:
        >>> with one_thread():
        ...     pass
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield
        return
    with threadpool_limits(1):
        yield
