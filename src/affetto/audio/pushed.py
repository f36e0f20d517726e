"""Sound in a container (WebM, Ogg, MP3 …) that comes in chunks, to 16 kHz float32 mono.

The decoder pulls its bytes from a file; here they are pushed. So it works in a thread of its own,
which waits wherever more bytes must come first. It never runs ahead of the chunks nor behind them:
whoever hands one over waits until all of it is decoded.
"""

from __future__ import annotations

import io
import queue
import threading
import weakref
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from affetto.audio.source import open_source
from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PushedDecoder"]

_LONGEST = 20 * 60.0
"""Seconds of sound in one chunk; a few bytes may claim to be hours."""

_NOTHING = np.empty(0, np.float32)


class PushedDecoder:
    """Bytes of a container in chunks of any size to samples, as soon as they can be decoded.

    It takes what FFmpeg can read from its beginning on, such as WebM, Ogg, MP3, FLAC, WAV, ADTS,
    MPEG-TS and fragmented MP4. However a sound stream is cut, the samples are those that `load`
    gives for all of it; how much is lost around damage depends on the cuts, since what was read
    can't be read again. Bytes after the end of the container are left alone.

    Opus in WebM or Ogg and AAC are heard at once; FLAC a second later, since FFmpeg wants to see
    ten frames; 16-bit WAV at once too, but not before 64 kB are there.

    Its thread starts with the first bytes, and ends with `finish`, `close` or an error, or when
    nobody holds the decoder any more.

    Args:
        source: what to call the sound in errors.

    Examples:
        >>> import io, wave
        >>> file = io.BytesIO()
        >>> with wave.open(file, "wb") as half_a_second:
        ...     half_a_second.setparams((1, 2, 16_000, 0, "NONE", ""))
        ...     half_a_second.writeframes(bytes(2 * 8_000))
        >>> decoder, data = PushedDecoder(), file.getvalue()
        >>> parts = [decoder.feed(data[:9_000]), decoder.feed(data[9_000:]), decoder.finish()]
        >>> sum(len(part) for part in parts)
        8000
    """

    def __init__(self, *, source: str = "stream") -> None:
        self._inlet = _Inlet(source)
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._done = False
        # The thread knows the inlet alone, so it doesn't keep this object alive.
        self._break_off = weakref.finalize(self, self._inlet.stop)
        # A thread that waits when the program ends, ends with it; to wake it then is no help.
        self._break_off.atexit = False

    def feed(self, data: bytes) -> NDArray[np.float32]:
        """Take the next bytes; give the samples that they complete, shape (samples,).

        Nothing comes after the container's end, `finish` or `close`.

        Raises:
            AudioError: as `load` has it; also for an MP4 with its index at the end, and for more
                than 20 minutes of sound in these bytes. What is called next raises it again.
        """
        return self._push(bytes(data)) if data else _NOTHING

    def finish(self) -> NDArray[np.float32]:
        """Give the rest, after the last bytes.

        Raises:
            AudioError: as in `feed`; also where there was no sound in all of it.
        """
        return self._push(b"")

    def close(self) -> None:
        """Break off, from any thread; harmless when repeated."""
        self._done = True
        self._break_off()

    def _push(self, data: bytes) -> NDArray[np.float32]:
        """Hand bytes over, or the end, which is none; wait until all of them are decoded."""
        if self._error is not None:
            raise self._error
        if self._done:
            return _NOTHING
        try:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._inlet.decode, name="affetto-decoder", daemon=True
                )
                self._thread.start()
            parts = self._inlet.push(data)
        except BaseException:
            # Told to stop while it waited: the samples to come would have no place.
            self.close()
            raise
        if self._inlet.ended:
            self._done, self._error = True, self._inlet.error
            self._thread.join()
            if self._error is not None:
                raise self._error
        return np.concatenate([_NOTHING, *parts])


class _Inlet:
    """Between two threads: chunks go in, the samples for each come out.

    Queues alone, no locks: a signal or a collection of garbage at any place leaves them sound.

    Attributes:
        name: of the sound.
        ended: whether the decoder is at its end.
        error: why it ended, if it should not have.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.ended = False
        self.error: BaseException | None = None
        self._chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[list[NDArray[np.float32]]] = queue.SimpleQueue()
        self._stopped = False
        # What follows belongs to the decoder's thread alone.
        self._chunk = io.BytesIO()
        self._asked = self._over = False
        self._heard: list[NDArray[np.float32]] = []
        self._count = 0

    def push(self, data: bytes) -> list[NDArray[np.float32]]:
        """Hand a chunk over, or the end, which is no bytes; give the samples it leads to."""
        self._chunks.put(data)
        return self._answers.get()

    def stop(self) -> None:
        """Let the decoder come to its end soon."""
        self._stopped = True
        self._chunks.put(b"")

    def read(self, size: int) -> bytes:
        """Give the decoder its next bytes, none at the end; wait for them."""
        part = self._chunk.read(size)
        if not part and not self._over:
            if self._asked:
                self._answer()
            data = self._chunks.get()
            self._chunk, self._asked = io.BytesIO(data), True
            part = self._chunk.read(size)
        self._over = self._over or not part or self._stopped
        return b"" if self._over else part

    def decode(self) -> None:
        """Decode from the first byte to the last; the work of the thread."""
        try:
            self._decode()
        except AudioError as error:
            # Anew, so that it does not hold the decoder.
            self.error = AudioError(str(error))
        except BaseException as error:
            self.error = error
        if self._stopped:
            self.error = None
        self.ended = True
        self._answer()

    def _decode(self) -> None:
        from affetto.audio.decode import Decoder

        reader = open_source(cast("BinaryIO", self), prompt=True)
        if _index_is_last(reader.head):
            raise AudioError(
                f"{self.name}: found an MP4 with its index at the end, expected it first: "
                "write it with ffmpeg -movflags faststart, or send it as a recording"
            )
        for block in Decoder(reader, "mix"):
            if self._stopped:
                return
            self._heard.append(block[0])
            self._count += block.shape[1]
            if self._count > _LONGEST * SAMPLE_RATE:
                raise AudioError(
                    f"{self.name}: found more than {_LONGEST / 60:g} minutes of sound in one "
                    "chunk, expected less: send smaller chunks"
                )

    def _answer(self) -> None:
        self._answers.put(self._heard)
        self._heard, self._count = [], 0


def _index_is_last(head: bytes) -> bool:
    r"""Tell whether an MP4's sound comes before the index that says where it lies.

    Examples:
        >>> kind = b"\0\0\0\x10ftypM4A \0\0\0\0"
        >>> _index_is_last(kind + b"\0\0\xff\xffmdat"), _index_is_last(kind + b"\0\0\1\0moov")
        (True, False)
    """
    place = 0
    while head[place + 4 : place + 8] in (b"ftyp", b"free", b"skip", b"wide"):
        place += max(8, int.from_bytes(head[place : place + 4], "big"))
    return head[place + 4 : place + 8] == b"mdat"
