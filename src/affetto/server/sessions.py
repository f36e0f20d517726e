"""Streams that outlive their connection: what was sent lies in a folder until nobody wants it.

A session is a folder: `start.json`, what the client said first, and `sound`, the bytes it sent,
as it sent them. They are written before they are heard, so whoever comes back, to this server or
to one started anew, goes on where the bytes end: everything else follows from them.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from affetto.errors import OptionError, OutputError
from affetto.jobs import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Session", "Sessions", "UnknownSessionError"]

_NAME = re.compile(r"[A-Za-z0-9_-]{32}")
_BLOCK = 1_000_000
_EACH = 600.0
"""Seconds between two looks for what is old."""


class UnknownSessionError(OptionError):
    """No such session is kept."""


class Session:
    """What one stream sent.

    Attributes:
        sessions: that it is one of.
        name: a secret; who knows it may go on with the stream.
        start: what the client said first.
        kept: bytes.
        taken: whether another connection goes on with it, or it was removed.
    """

    def __init__(self, sessions: Sessions, folder: Path) -> None:
        self.sessions = sessions
        self.name = folder.name
        self.start: dict[str, Any] = json.loads((folder / "start.json").read_bytes())
        self._path = folder / "sound"
        self._lock = threading.Lock()  # of the thread that appends, and of who takes over
        self._file: BinaryIO | None = self._path.open("ab", buffering=0)
        self.kept = self._file.tell()
        self.taken = False

    def append(self, data: bytes) -> bool:
        """Keep bytes; tell whether they are kept.

        They are not where the disk or the folder is full, or where another connection took over.
        """
        with self._lock:
            if self._file is None:
                return False
            if self.sessions.take(len(data)):
                with suppress(OSError):
                    self._file.write(data)
                    self.kept += len(data)
                    return True
            # What follows a hole would be worth nothing.
            self._file.truncate(self.kept)
            self._close()
            return False

    def blocks(self) -> Iterator[bytes]:
        """Give the bytes that are kept, a million at a time."""
        with self._path.open("rb") as file:
            left = self.kept
            while left > 0 and (block := file.read(min(left, _BLOCK))):
                left -= len(block)
                yield block

    def close(self, *, taken: bool = False) -> None:
        """Let go of the file; what it holds stays."""
        with self._lock:
            self.taken = taken
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Sessions:
    """The sessions of a server.

    Args:
        folder: of theirs alone; made when the first begins.
        most: bytes of all of them.
        seconds: after which one that nobody went on with is removed.
    """

    def __init__(self, folder: Path, *, most: int, seconds: float) -> None:
        self._folder = folder
        self._most = most
        self._seconds = seconds
        self._lock = threading.Lock()
        self._bytes = 0
        self._open: dict[str, Session] = {}
        self._swept = float("-inf")

    def begin(self, start: dict[str, Any]) -> Session | None:
        """Begin a session; None where there is no room to keep one.

        Args:
            start: what the client said first, as plain JSON types.
        """
        self.sweep()
        folder = self._folder / secrets.token_urlsafe(24)
        if self._bytes >= self._most:
            return None
        try:
            folder.mkdir(parents=True, mode=0o700)
            with atomic_write(folder / "start.json", "wb") as file:
                file.write(json.dumps(start).encode())
            return self._opened(folder)
        except (OSError, OutputError):
            shutil.rmtree(folder, ignore_errors=True)
            return None

    def resume(self, name: str) -> Session:
        """Go on with a session; who held it holds it no more.

        Raises:
            UnknownSessionError: there is none of that name.
        """
        folder = self._find(name)
        with self._lock:
            before = self._open.pop(name, None)
        if before is not None:
            before.close(taken=True)
        try:
            return self._opened(folder)
        except (OSError, ValueError):
            raise _unknown() from None

    def read(self, name: str) -> Session:
        """Give a session to read, whoever holds it.

        Raises:
            UnknownSessionError: there is none of that name.
        """
        folder = self._find(name)
        try:
            session = Session(self, folder)
        except (OSError, ValueError):
            raise _unknown() from None
        session.close()
        return session

    def let_go(self, session: Session) -> None:
        """Close a session that may be gone on with later."""
        session.close()
        with self._lock:
            if self._open.get(session.name) is session:
                del self._open[session.name]

    def remove(self, name: str) -> None:
        """Remove a session, and what it kept.

        Raises:
            UnknownSessionError: there is none of that name.
        """
        folder = self._find(name)
        with self._lock:
            held = self._open.pop(name, None)
        if held is not None:
            held.close(taken=True)
        self._erase(folder)

    def take(self, count: int) -> bool:
        """Reserve room for bytes; tell whether there is some."""
        with self._lock:
            if self._bytes + count > self._most:
                return False
            self._bytes += count
            return True

    def sweep(self) -> None:
        """Remove what is old, now and then, and count anew what is there."""
        now = time.monotonic()
        if now - self._swept < _EACH:
            return
        self._swept = now
        count = 0
        for folder in self._folders():
            with suppress(OSError):
                sound = folder / "sound"
                state = (sound if sound.exists() else folder).stat()
                if folder.name not in self._open and time.time() - state.st_mtime > self._seconds:
                    shutil.rmtree(folder, ignore_errors=True)
                elif sound.exists():
                    count += state.st_size
        with self._lock:
            self._bytes = count

    def _folders(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return [folder for folder in self._folder.iterdir() if _NAME.fullmatch(folder.name)]

    def _find(self, name: str) -> Path:
        folder = self._folder / name if _NAME.fullmatch(name) else None
        if folder is None or not (folder / "start.json").is_file():
            raise _unknown()
        return folder

    def _opened(self, folder: Path) -> Session:
        session = Session(self, folder)
        with self._lock:
            self._open[session.name] = session
        return session

    def _erase(self, folder: Path) -> None:
        size = 0
        with suppress(OSError):
            size = (folder / "sound").stat().st_size
        shutil.rmtree(folder, ignore_errors=True)
        with self._lock:
            self._bytes = max(0, self._bytes - size)


def _unknown() -> UnknownSessionError:
    return UnknownSessionError(
        "found a session that isn't here (any more), expected one that began less than the "
        "server's --keep hours ago: start anew"
    )
