"""Sound from a microphone as it comes, through miniaudio: 16 kHz float32 mono.

The sound card's own thread hands its blocks over to a queue; whoever iterates takes them from
there. Where that is too slow for longer than `_MOST_WAITING`, the oldest sound is let go and
counted.
"""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError, OptionError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

__all__ = ["BACKEND", "Microphone", "in_real_time", "microphones"]

BACKEND = "AFFETTO_AUDIO_BACKEND"
"""Names the system's sound layer: alsa, pulseaudio, wasapi, coreaudio …; null is for tests."""

_BLOCK_MS = 40
_MOST_WAITING = 30.0
"""Seconds of sound that may wait to be taken."""

_PATIENCE = 5.0
"""Seconds without any sound after which a microphone is taken for lost."""

_NONE = "expected a microphone: connect one, allow its use, or hear a file with --input FILE"


def microphones() -> list[str]:
    """Name the microphones of this machine, in the order of their numbers, 1 first.

    Raises:
        AudioError: the system has no sound at all.
    """
    return [str(device["name"]) for device in _captures(_backends())]


class Microphone(Iterator[NDArray[np.float32]]):
    """The samples of a microphone in chunks, while somebody iterates; a context manager.

    Args:
        device: a number or a part of the name, of `microphones`; the system's default if None.

    Attributes:
        name: of the microphone.
        lost: seconds of sound that nobody took in time.

    Raises:
        AudioError: there is no microphone, no such one, or it can't be opened.

    Examples:
        >>> with Microphone() as microphone:  # doctest: +SKIP
        ...     for chunk in microphone:
        ...         print(abs(chunk).max())
    """

    def __init__(self, device: str | int | None = None) -> None:
        import miniaudio

        backends = _backends()
        chosen = _choose(_captures(backends), device)
        self.name = "the system's microphone" if chosen is None else str(chosen["name"])
        self.lost = 0.0
        self._blocks: queue.SimpleQueue[NDArray[np.float32] | None] = queue.SimpleQueue()
        self._put = self._got = 0  # samples; each is counted by one thread alone
        self._closed = False
        try:
            self._device = miniaudio.CaptureDevice(
                input_format=miniaudio.SampleFormat.FLOAT32,
                nchannels=1,
                sample_rate=SAMPLE_RATE,
                buffersize_msec=_BLOCK_MS,
                device_id=None if chosen is None else chosen["id"],
                backends=backends,
                app_name="affetto",
            )
            taker = self._take()
            next(taker)
            self._device.start(taker)
        except miniaudio.MiniaudioError as error:
            raise AudioError(f"{self.name} can't be opened ({_reason(error)}); {_NONE}") from None

    def _take(self) -> Generator[None, bytes, None]:
        """Take blocks in the sound card's thread."""
        while True:
            block = np.frombuffer((yield), np.float32)
            # A driver may give what is no number; a click is better than the end of listening.
            self._blocks.put(np.clip(np.nan_to_num(block), -1.0, 1.0))
            self._put += len(block)
            dropped = round(self.lost * SAMPLE_RATE)
            if self._put - self._got - dropped > _MOST_WAITING * SAMPLE_RATE:
                with suppress(queue.Empty):
                    oldest = self._blocks.get_nowait()
                    self.lost += 0.0 if oldest is None else len(oldest) / SAMPLE_RATE

    def __next__(self) -> NDArray[np.float32]:
        if self._closed:
            raise StopIteration
        try:
            first = self._blocks.get(timeout=_PATIENCE)
        except queue.Empty:
            raise AudioError(
                f"{self.name} gave nothing for {_PATIENCE:g} s, expected sound all the time: "
                "see whether it is still connected"
            ) from None
        if first is None:
            raise StopIteration
        parts = [first]
        with suppress(queue.Empty):
            while (block := self._blocks.get_nowait()) is not None:
                parts.append(block)
        chunk = np.concatenate(parts)
        self._got += len(chunk)
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the microphone, which ends the iteration; harmless when repeated."""
        self._device.close()
        self._closed = True
        self._blocks.put(None)


def in_real_time(
    chunks: Iterable[NDArray[np.float32]], *, seconds: float = 0.08
) -> Iterator[NDArray[np.float32]]:
    """Give sound as a microphone would: in small chunks, each when it would have been heard.

    Args:
        chunks: 16 kHz, shape (samples,).
        seconds: of sound in a chunk.
    """
    step = max(1, round(seconds * SAMPLE_RATE))
    began, given = time.monotonic(), 0
    for chunk in chunks:
        for start in range(0, len(chunk), step):
            part = chunk[start : start + step]
            given += len(part)
            time.sleep(max(0.0, began + given / SAMPLE_RATE - time.monotonic()))
            yield part


def _backends() -> list[Any]:
    """Read which sound layer the environment asks for; else all but the one that is silent."""
    import miniaudio

    name = os.environ.get(BACKEND, "").strip().upper()
    if not name:
        null = miniaudio.Backend.NULL
        return [backend for backend in miniaudio.get_enabled_backends() if backend is not null]
    known = {backend.name: backend for backend in miniaudio.Backend}
    if name not in known:
        raise OptionError(
            f"{BACKEND}: found {name.lower()!r}, expected one of {', '.join(sorted(known)).lower()}"
        )
    return [known[name]]


def _captures(backends: list[Any]) -> list[dict[str, Any]]:
    import miniaudio

    try:
        devices: list[dict[str, Any]] = miniaudio.Devices(backends).get_captures()
    except miniaudio.MiniaudioError as error:
        raise AudioError(f"found no sound system ({_reason(error)}), {_NONE}") from None
    return devices


def _choose(captures: list[dict[str, Any]], device: str | int | None) -> dict[str, Any] | None:
    """Find the microphone that is meant; None for the system's default."""
    if not captures:
        raise AudioError(f"found none, {_NONE}")
    if device is None:
        return None
    asked = str(device).strip()
    if asked.isascii() and asked.isdigit():
        if 1 <= int(asked) <= len(captures):
            return captures[int(asked) - 1]
    else:
        for capture in captures:
            if asked.casefold() in str(capture["name"]).casefold():
                return capture
    listed = "; ".join(f"{n} {c['name']}" for n, c in enumerate(captures, start=1))
    raise AudioError(f"found no microphone {asked!r}, expected one of: {listed}")


def _reason(error: Exception) -> str:
    """Give miniaudio's words without the number of the error."""
    return str(error.args[0] if error.args else error)
