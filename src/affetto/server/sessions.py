"""Streams that outlive their connection: what was sent lies in a folder until nobody wants it.

A session is a folder: `start.json`, what the client said first, and `sound`, the bytes it sent,
as it sent them. They are written before they are heard, so whoever comes back, to this server or
to one started anew, goes on where the bytes end: everything else follows from them. Only `words`,
the phrases that were written down, would take too long to find again.
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
from affetto.transcript import Phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Session", "Sessions", "UnknownSessionError"]

_NAME = re.compile(r"[A-Za-z0-9_-]{32}")
_BLOCK = 65_536
_EACH = 600.0
"""Seconds between two looks for what is old, at most."""

_SHARE = 4
"""One session may take this part of the room for all."""


class UnknownSessionError(OptionError):
    """No such session is kept."""


class Session:
    """What one stream sent.

    Attributes:
        sessions: that it is one of.
        name: a secret; who knows it may go on with the stream.
        start: what the client said first.
        kept: bytes.
        lost: why whoever held it holds it no more; empty while they do.
        on_lost: called, in any thread, when that happens.
    """

    def __init__(self, sessions: Sessions, folder: Path) -> None:
        self.sessions = sessions
        self.name = folder.name
        self.lost = ""
        self.on_lost: Callable[[], None] = lambda: None
        self._path = folder / "sound"
        self._words = folder / "words"
        self._lock = threading.Lock()  # of the thread that appends, and of who takes over
        try:
            self.start: dict[str, Any] = json.loads((folder / "start.json").read_bytes())
            self._file: BinaryIO | None = self._path.open("ab", buffering=0)
        except (OSError, ValueError):
            raise _unknown() from None
        self.kept = self._file.tell()

    def append(self, data: bytes) -> bool:
        """Keep bytes; tell whether they are kept.

        They are not where the disk or the folder is full, or where the session is lost.
        """
        with self._lock:
            if self._file is None:
                return False
            if not self.sessions.reserve(len(data), beside=self.kept):
                self._close()
                return False
            with suppress(OSError):
                if self._file.write(data) == len(data):
                    self.kept += len(data)
                    return True
            # What follows a hole would be worth nothing.
            with suppress(OSError):
                self._file.truncate(self.kept)
            self.sessions.give_back(len(data))
            self._close()
            return False

    def blocks(self) -> Iterator[bytes]:
        """Give the bytes that are kept, some at a time.

        Raises:
            UnknownSessionError: it was removed meanwhile.
        """
        try:
            with self._path.open("rb") as file:
                left = self.kept
                while left > 0 and (block := file.read(min(left, _BLOCK))):
                    left -= len(block)
                    yield block
        except OSError:
            raise _unknown() from None

    def note(self, phrases: Sequence[Phrase]) -> None:
        """Keep phrases that were written down, as long as the sound is kept."""
        lines = "".join(json.dumps(phrase.to_dict()) + "\n" for phrase in phrases)
        with self._lock:
            if self._file is None:
                return
            # What couldn't be kept is written down once more.
            with suppress(OSError), self._words.open("a", encoding="utf-8") as file:
                file.write(lines)

    def noted(self) -> list[Phrase]:
        """Give the phrases that were kept; the last may have been cut off, and is left out then."""
        found: list[Phrase] = []
        with suppress(OSError, ValueError), self._words.open(encoding="utf-8") as file:
            found.extend(Phrase.from_dict(json.loads(line)) for line in file)
        return found

    def close(self, *, lost: str = "") -> None:
        """Let go of the file; what it holds stays.

        Args:
            lost: why somebody else let go of it.
        """
        with self._lock:
            self._close()
            self.lost = self.lost or lost
        if lost:
            self.on_lost()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Sessions:
    """The sessions of a server.

    Args:
        folder: of theirs alone, which nobody else may look into; made when it is needed.
        most: bytes of all of them.
        seconds: after which one that nobody went on with is removed.
    """

    def __init__(self, folder: Path, *, most: int, seconds: float) -> None:
        self._folder = folder
        self._most = most
        self._seconds = seconds
        self._lock = threading.RLock()
        self._bytes = 0
        self._open: dict[str, Session] = {}
        self._ended = threading.Event()
        self.sweep()

    def begin(self, start: dict[str, Any]) -> Session | None:
        """Begin a session; None where there is no room to keep one.

        Args:
            start: what the client said first, as plain JSON types.
        """
        if self._bytes >= self._most:
            return None
        folder = self._folder / secrets.token_urlsafe(24)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            folder.mkdir(mode=0o700)
            with atomic_write(folder / "start.json", "wb") as file:
                file.write(json.dumps(start).encode())
            with self._lock:
                return self._opened(folder)
        except (OSError, OutputError, UnknownSessionError):
            shutil.rmtree(folder, ignore_errors=True)
            return None

    def resume(self, name: str) -> Session:
        """Go on with a session; who held it holds it no more.

        Raises:
            UnknownSessionError: there is none of that name.
        """
        with self._lock:
            folder = self._find(name)
            before = self._open.pop(name, None)
            if before is not None:
                before.close(lost="gone on with elsewhere")
            return self._opened(folder)

    def read(self, name: str) -> Session:
        """Give a session to read, whoever holds it.

        Raises:
            UnknownSessionError: there is none of that name.
        """
        session = Session(self, self._find(name))
        session.close()
        return session

    def let_go(self, session: Session) -> None:
        """Close a session that may be gone on with later."""
        with self._lock:
            session.close()
            if self._open.get(session.name) is session:
                del self._open[session.name]

    def end(self, session: Session) -> None:
        """Remove a session that this is the holder of; harmless where somebody else is."""
        with self._lock:
            if self._open.get(session.name) is session:
                session.on_lost = lambda: None  # it is the holder's own doing
                self.remove(session.name)

    def remove(self, name: str) -> None:
        """Remove a session, and what it kept.

        Raises:
            UnknownSessionError: there is none of that name.
        """
        with self._lock:
            folder = self._find(name)
            held = self._open.pop(name, None)
            if held is not None:
                held.close(lost="removed")
            self._erase(folder)

    def reserve(self, count: int, *, beside: int) -> bool:
        """Take room for bytes of a session; tell whether there is some.

        Args:
            count: bytes.
            beside: bytes that it has.
        """
        with self._lock:
            if self._bytes + count > self._most or beside + count > self._most // _SHARE:
                return False
            self._bytes += count
            return True

    def give_back(self, count: int) -> None:
        """Give back room for bytes."""
        with self._lock:
            self._bytes = max(0, self._bytes - count)

    def keep_sweeping(self) -> None:
        """Remove what is old now and then, until `close`."""

        def sweep() -> None:
            while not self._ended.wait(min(_EACH, max(1.0, self._seconds))):
                self.sweep()

        threading.Thread(target=sweep, name="affetto-sweeper", daemon=True).start()

    def close(self) -> None:
        """End the sweeping."""
        self._ended.set()

    def sweep(self) -> None:
        """Remove what is old, and count anew what is there."""
        with self._lock:
            count = 0
            for folder in self._folders():
                if self._is_old(folder):
                    shutil.rmtree(folder, ignore_errors=True)
                else:
                    count += _size(folder)
            self._bytes = count

    def _is_old(self, folder: Path) -> bool:
        """Whether nobody holds a session, nor went on with it for long."""
        if folder.name in self._open:
            return False
        sound = folder / "sound"
        try:
            last = (sound if sound.exists() else folder).stat().st_mtime
        except OSError:
            return False
        return time.time() - last > self._seconds

    def _folders(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return [folder for folder in self._folder.iterdir() if _NAME.fullmatch(folder.name)]

    def _find(self, name: str) -> Path:
        folder = self._folder / name if _NAME.fullmatch(name) else None
        if folder is None or not (folder / "start.json").is_file():
            raise _unknown()
        with self._lock:
            if self._is_old(folder):
                self._erase(folder)
                raise _unknown()
        return folder

    def _opened(self, folder: Path) -> Session:
        session = Session(self, folder)
        self._open[session.name] = session
        return session

    def _erase(self, folder: Path) -> None:
        size = _size(folder)
        shutil.rmtree(folder, ignore_errors=True)
        self.give_back(size)


def _size(folder: Path) -> int:
    try:
        return (folder / "sound").stat().st_size
    except OSError:
        return 0


def _unknown() -> UnknownSessionError:
    return UnknownSessionError(
        "found a session that isn't here (any more), expected one that began less than the "
        "server's --keep hours ago: start anew"
    )
