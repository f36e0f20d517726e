"""What a stream has yet to know that it is kept."""

from __future__ import annotations

from collections import deque

__all__ = ["Outbox"]


class Outbox:
    """The bytes of a stream from some place on.

    Attributes:
        start: where the first byte that is held lies in the stream.
        end: where the next will lie.

    Examples:
        >>> outbox = Outbox()
        >>> outbox.add(b"abc"), outbox.add(b"de"), outbox.trim(2)
        (None, None, None)
        >>> outbox.since(3, most=8), outbox.start, outbox.end
        (b'de', 2, 5)
    """

    def __init__(self) -> None:
        self.start = self.end = 0
        self._parts: deque[bytes] = deque()

    def __len__(self) -> int:
        return self.end - self.start

    def add(self, data: bytes) -> None:
        """Put bytes behind the others."""
        if data:
            self._parts.append(data)
            self.end += len(data)

    def trim(self, place: int) -> None:
        """Let go of what lies before a place."""
        while self._parts and self.start + len(self._parts[0]) <= place:
            self.start += len(self._parts.popleft())
        if self._parts and place > self.start:
            self._parts[0] = self._parts[0][place - self.start :]
            self.start = place

    def since(self, place: int, *, most: int) -> bytes:
        """Give bytes from a place on, at least one part of them if there are any."""
        found = b""
        at = self.start
        for part in self._parts:
            if at + len(part) > place:
                found += part[max(0, place - at) :]
                if len(found) >= most:
                    break
            at += len(part)
        return found
