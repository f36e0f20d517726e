"""Work in parts: resumable, and written whole."""

from affetto.jobs.files import atomic_path, atomic_write, remove_leftovers

__all__ = ["atomic_path", "atomic_write", "remove_leftovers"]
