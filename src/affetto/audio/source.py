"""What can be listened to: a path, bytes or a binary file object, opened as one kind of reader."""

import codecs
import io
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from affetto.audio.headers import mp3_without_size
from affetto.errors import AudioError

__all__ = ["Reader", "Source", "open_source", "source_name"]

Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
"""A path, the bytes of a file, or a binary file object, read from its beginning if it can seek."""

_HEAD, _TAIL = 4096, 65_536
"""Bytes at a file's ends that tell what it is, and whether it is whole."""

_PROMPT_HEAD = 2048
"""Bytes that FFmpeg itself wants to see of a stream before it knows what it is."""

_EVIDENT = {b"\x1aE\xdf\xa3": "matroska", b"OggS": "ogg"}
"""Beginnings that tell the container (FFmpeg's name) beyond doubt; nobody need look further."""

_PICTURES_AND_PAPERS = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x7fELF", "a program"),
)


class Reader:
    """The few methods that the decoder calls, over any binary file object, and safe to call.

    The decoder trusts the length and type of what `read` gives; a file object of the caller's might
    break that trust, so both are checked here.

    Args:
        file: a binary file object.
        name: what to call it in errors.
        owned: whether to close it at the end.
        prompt: whether its bytes come while they are heard; no more than needed are waited for.

    Attributes:
        head: the first bytes.
        kind: FFmpeg's name of the container, where it is prompt and `head` leaves no doubt.
    """

    def __init__(self, file: BinaryIO, name: str, *, owned: bool, prompt: bool = False) -> None:
        self.name = name
        self.prompt = prompt
        self._file = file
        self._owned = owned
        try:
            self._seekable = bool(file.seekable())
        except (AttributeError, ValueError, OSError):
            self._seekable = False
        if self._seekable:
            self.seek(0)
        self.head = self._read_head()
        self.kind = _EVIDENT.get(self.head[:4]) if prompt else None
        if self._seekable:
            self.seek(0)
        else:
            self._pushed_back = mp3_without_size(self.head) if prompt else self.head

    def _read_head(self) -> bytes:
        """Read the first bytes; a pipe may give them in pieces."""
        head = b""
        self._pushed_back = b""
        while len(head) < _HEAD and (part := self.read(_HEAD - len(head))):
            head += part
            if self.prompt and (head[:4] in _EVIDENT or len(head) >= _PROMPT_HEAD):
                break
        return head

    def read(self, size: int) -> bytes:
        """Give the next bytes, at most `size`; none at the end.

        Raises:
            AudioError: the file is open as text, or reading fails.
        """
        if self._pushed_back:
            part, self._pushed_back = self._pushed_back[:size], self._pushed_back[size:]
            return part
        try:
            data: Any = self._file.read(size)
        except (OSError, ValueError) as error:
            raise AudioError(f"{self.name}: reading failed: {_reason(error)}") from error
        if data is None:
            return b""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise AudioError(
                f"{self.name}: found a file open as text, expected a binary one: open it with 'rb'"
            )
        return bytes(data)[:size]

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move; as of a file."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError) as error:
            raise AudioError(f"{self.name}: seeking failed: {_reason(error)}") from error

    def tell(self) -> int:
        """Give the place in the file, in bytes."""
        return self._file.tell()

    def seekable(self) -> bool:
        """Say whether `seek` works."""
        return self._seekable

    def tail(self) -> bytes:
        """Give the last bytes and go back to the beginning; none where it can't seek."""
        if not self._seekable:
            return b""
        self.seek(max(0, self.seek(0, 2) - _TAIL))
        tail = b""
        while len(tail) < _TAIL and (part := self.read(_TAIL - len(tail))):
            tail += part
        self.seek(0)
        return tail

    def close(self) -> None:
        """Close the file if it was opened here."""
        if self._owned:
            self._file.close()


def source_name(source: Source) -> str:
    """Give what to call a source: its path, or a name for sound in memory.

    Examples:
        >>> source_name("talk.wav"), source_name(b"RIFF")
        ('talk.wav', '<bytes>')
    """
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "<bytes>"
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "<file>"


def open_source(source: Source, *, prompt: bool = False) -> Reader:
    """Open a source for the decoder, once it is clear that it may hold sound.

    Args:
        source: path, bytes or binary file object.
        prompt: whether a file object's bytes come while they are heard.

    Returns:
        A reader at the beginning; close it when done.

    Raises:
        AudioError: missing, unreadable, empty, a folder, a pipe, socket or device, a picture …

    Examples:
        >>> open_source("nowhere.wav")
        Traceback (most recent call last):
        ...
        affetto.errors.AudioError: nowhere.wav: no such file: check the name and the folder
    """
    name = source_name(source)
    if isinstance(source, (str, os.PathLike)):
        reader = Reader(_open_path(Path(source), name), name, owned=True)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        reader = Reader(io.BytesIO(source), name, owned=True)
    elif callable(getattr(source, "read", None)):
        reader = Reader(source, name, owned=False, prompt=prompt)
    else:
        raise AudioError(
            f"found {type(source).__name__}, expected a path, bytes or a binary file object"
        )
    try:
        _check_head(reader)
    except AudioError:
        reader.close()
        raise
    return reader


def _open_path(path: Path, name: str) -> BinaryIO:
    """Open a file; look at what it is first, since opening a pipe may wait for ever."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise AudioError(f"{name}: found a folder, expected a sound or video file in it")
        if not stat.S_ISREG(mode):
            raise AudioError(f"{name}: found {_kind(mode)}, expected a sound or video file")
        return path.open("rb")
    except FileNotFoundError as error:
        if "://" in name:
            raise AudioError(
                f"{name}: found a web address, expected a file: fetch it first"
            ) from error
        raise AudioError(f"{name}: no such file: check the name and the folder") from error
    except PermissionError as error:
        raise AudioError(f"{name}: no permission to read it: change its permissions") from error
    except (OSError, ValueError) as error:
        raise AudioError(f"{name!r}: cannot be opened: {_reason(error)}") from error


def _kind(mode: int) -> str:
    """Name what is neither a file nor a folder."""
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"


def _check_head(reader: Reader) -> None:
    """Refuse what is clearly something else, before the decoder looks for sound in it."""
    head, name = reader.head, reader.name
    if not head:
        raise AudioError(f"{name}: found an empty file, expected sound")
    for magic, kind in _PICTURES_AND_PAPERS:
        if head.startswith(magic):
            raise AudioError(f"{name}: found {kind}, expected a sound or video file")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        raise AudioError(f"{name}: found a WebP picture, expected a sound or video file")
    if is_text(head) and not head.startswith((b"RIFF", b"OggS", b"fLaC", b"ID3")):
        raise AudioError(f"{name}: found text, expected a sound or video file")


def is_text(head: bytes) -> bool:
    r"""Tell whether the beginning of a file reads as text.

    Examples:
        >>> is_text("schöne Worte\n".encode()), is_text(b"RIFF\x00\x00")
        (True, False)
    """
    try:
        # The incremental decoder forgives a letter that is cut at the end of the head.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\t\n\r\f\v\ufeff" for c in text)


def _reason(error: BaseException) -> str:
    """Say in words why the system refused."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
