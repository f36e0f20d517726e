"""Work in parts: resumable, and written whole."""

from typing import TYPE_CHECKING

from affetto.jobs.files import (
    atomic_path,
    atomic_write,
    check_file,
    check_folder,
    check_there,
    make_folder,
    remove_leftovers,
)
from affetto.jobs.folders import check_replaceable, folder_in_the_making
from affetto.lazy import lazily

if TYPE_CHECKING:
    from affetto.jobs.journal import Journal
    from affetto.jobs.pool import Outcome, run
    from affetto.jobs.progress import ProgressBar
    from affetto.jobs.threads import cores

_HOMES = {
    "Journal": "journal",
    "Outcome": "pool",
    "ProgressBar": "progress",
    "cores": "threads",
    "run": "pool",
}

__all__ = [
    "Journal",
    "Outcome",
    "ProgressBar",
    "atomic_path",
    "atomic_write",
    "check_file",
    "check_folder",
    "check_replaceable",
    "check_there",
    "cores",
    "folder_in_the_making",
    "make_folder",
    "remove_leftovers",
    "run",
]

__getattr__ = lazily(__name__, _HOMES)
