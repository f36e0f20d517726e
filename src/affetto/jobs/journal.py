"""A record of what is done, appended line by line, so that a killed run goes on where it was."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from affetto.errors import OutputError

__all__ = ["Journal"]


class Journal:
    """A JSON Lines file of finished items: key → value.

    Each line is written by one call, so a kill tears the last one at most; a torn line is
    dropped at the next opening. The last line of a key holds.

    Args:
        path: the file; it is made where it is missing, its folder exists.

    Raises:
        OutputError: the file can't be opened or written.

    Examples:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "done.jsonl"
        >>> with Journal(path) as journal:
        ...     journal.append("a.wav", {"seconds": 1.5})
        >>> with Journal(path) as journal:
        ...     journal.done
        {'a.wav': {'seconds': 1.5}}
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.done: dict[str, Any] = {}
        try:
            whole = self._read()
            self._file = self.path.open("r+b" if self.path.exists() else "x+b", buffering=0)
            self._file.truncate(whole)
            self._file.seek(whole)
        except OSError as error:
            raise self._error(error) from error

    def _read(self) -> int:
        """Read what is done; give the length in bytes of the whole lines."""
        if not self.path.exists():
            return 0
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        for line in data[:whole].splitlines():
            try:
                row = json.loads(line)
                self.done[row["key"]] = row["value"]
            except (ValueError, TypeError, KeyError):
                continue
        return whole

    def append(self, key: str, value: Any) -> None:
        """Record an item as done.

        Args:
            key: what names the item in later runs.
            value: its result, of JSON types.

        Raises:
            OutputError: no room is left.
        """
        line = json.dumps({"key": key, "value": value}, separators=(",", ":")).encode() + b"\n"
        try:
            self._file.write(line)
        except OSError as error:
            raise self._error(error) from error
        self.done[key] = value

    def _error(self, error: OSError) -> OutputError:
        reason = error.strerror or str(error)
        return OutputError(f"can't keep the record {self.path}: {reason}; choose another folder")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
