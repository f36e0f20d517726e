"""How many threads the libraries of numbers take in a process that shares its cores with others."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["cores", "one_thread", "own_share", "share_cores", "threads_each"]

_PRODUCTS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_OTHERS = "OMP_NUM_THREADS"
"""Read by the libraries when they load: those of numpy's products, and OpenMP's, of trees say."""


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
    """Let a process take its share of the cores, unless the user has said how many.

    Left alone each process takes all cores, and two side by side were seen to take three times as
    long as one: their threads wait for each other. Products of matrices, of which there are many
    small ones, take one thread, so that they are the same to the last digit in one process and in
    several.

    Args:
        threads: for what is no product of matrices.

    Examples:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, {"OMP_NUM_THREADS": "3"}):
        ...     share_cores(2)  # the user's word counts
        ...     own_share()
        3
    """
    told = any(name in os.environ for name in _PRODUCTS)
    for name in _PRODUCTS:
        os.environ.setdefault(name, "1")
    os.environ.setdefault(_OTHERS, str(threads))
    if "numpy" in sys.modules and not told:  # imported by the script that started this process
        from threadpoolctl import threadpool_limits

        threadpool_limits(1, user_api="blas")


def own_share() -> int:
    """Give the threads that this process may take: its share where one was set, else every core.

    Examples:
        >>> own_share() >= 1
        True
    """
    text = os.environ.get(_OTHERS, "")
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
    """Hold numpy's products of matrices to one thread meanwhile.

    Examples:
        >>> from threadpoolctl import threadpool_info
        >>> with one_thread():
        ...     held = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
        >>> all(library["num_threads"] == 1 for library in held)
        True
    """
    import numpy  # noqa: F401 - its library must be there to be held
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
