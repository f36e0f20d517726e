"""Work in parts: resumable, and written whole."""

from typing import TYPE_CHECKING, Any

from affetto.jobs.files import (
    atomic_path,
    atomic_write,
    check_file,
    check_folder,
    remove_leftovers,
)

if TYPE_CHECKING:
    from affetto.jobs.journal import Journal
    from affetto.jobs.pool import Outcome, cores, run
    from affetto.jobs.progress import ProgressBar

_HOMES = {
    "Journal": "affetto.jobs.journal",
    "Outcome": "affetto.jobs.pool",
    "ProgressBar": "affetto.jobs.progress",
    "cores": "affetto.jobs.pool",
    "run": "affetto.jobs.pool",
}

__all__ = [
    "Journal",
    "Outcome",
    "ProgressBar",
    "atomic_path",
    "atomic_write",
    "check_file",
    "check_folder",
    "cores",
    "remove_leftovers",
    "run",
]


def __getattr__(name: str) -> Any:
    """Load the pool only where it is asked for: writing a file needs none of it."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'affetto.jobs' has no attribute {name!r}")
