"""How many threads the libraries of numbers take in a process that shares its cores with others."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["one_thread", "share_cores"]

_NAMES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Read by numpy's libraries when they load."""


def share_cores(threads: int) -> None:
    """Let numpy's libraries take so many threads, unless the user has said how many.

    Left alone each process takes all cores, and two side by side were seen to take three times as
    long as one: their threads wait for each other. It must be called before numpy is imported.

    Args:
        threads: for one product of matrices; 1 where many small ones stand side by side.

    Examples:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, clear=True):
        ...     share_cores(2)
        ...     os.environ["OMP_NUM_THREADS"]
        '2'
    """
    for name in _NAMES:
        os.environ.setdefault(name, str(threads))


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
