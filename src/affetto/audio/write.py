"""Saving sound as FLAC or WAV, 16 bits."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError, OutputError
from affetto.jobs import atomic_path

__all__ = ["Writer", "save"]

DEFERS_SIGNALS = True  # PyAV drops what is raised in its callbacks

_CODECS = {"flac": "flac", "wav": "pcm_s16le"}
"""Container → coding."""

_FRAME = 4096  # samples a channel, FLAC's usual block
_LAYOUTS = {1: "mono", 2: "stereo"}


def save(path: str | Path, samples: ArrayLike, rate: int = SAMPLE_RATE) -> None:
    """Write samples to a FLAC or WAV file of 16 bits, whole or not at all.

    What came from a 16-bit file comes back to the last bit; what exceeds [-1, 1] is clipped.

    Args:
        path: where to; its suffix, .flac or .wav, says which.
        samples: float, full scale [-1, 1], shape (samples,) or (channels, samples).
        rate: hertz.

    Raises:
        OptionError: another suffix, no samples, more than 8 channels, values that are not finite.
        OutputError: no such folder, no permission, no room.

    Examples:
        >>> save("tone.mp3", np.zeros(16000))
        Traceback (most recent call last):
        ...
        affetto.errors.OptionError: tone.mp3: found the suffix '.mp3', expected .flac or .wav
    """
    rows = np.atleast_2d(np.asarray(samples))
    if rows.ndim != 2 or not rows.size or rows.shape[0] > 8:
        raise OptionError(
            f"found samples of shape {np.shape(samples)}, expected (samples,) or "
            "(channels, samples), at most 8 channels"
        )
    with Writer(path, channels=len(rows), rate=rate) as out:
        out.write(rows)


def _to_int16(samples: NDArray[Any], *, channels: int) -> NDArray[np.int16]:
    """Round to 16 bits, shape (channels, samples)."""
    rows = np.atleast_2d(samples)
    if rows.ndim != 2 or len(rows) != channels:
        raise OptionError(
            f"found samples of shape {samples.shape}, expected {channels} channels as before"
        )
    if not np.isfinite(rows).all():
        raise OptionError("found samples that are not finite numbers, expected [-1, 1]")
    scaled = np.rint(rows * np.float32(32768))
    return np.clip(scaled, -32768, 32767).astype(np.int16)


class _Discarded(Exception):  # noqa: N818 - says what shall happen, not what went wrong
    """Leave nothing behind."""


class Writer:
    """Write samples to a FLAC or WAV file of 16 bits as they come, whole or not at all.

    A context manager: the file appears under its name when the block ends, also when it is
    interrupted. An error, or a block that wrote nothing, leaves nothing behind.

    Args:
        path: where to; its suffix, .flac or .wav, says which.
        channels: how many, up to 8.
        rate: hertz.

    Attributes:
        path: where to.
        written: samples a channel, so far.

    Raises:
        OptionError: another suffix, number of channels or rate.
        OutputError: no such folder, no permission, no room.

    Examples:
        >>> with Writer("talk.flac") as out:  # doctest: +SKIP
        ...     out.write(np.zeros(1600, np.float32))
    """

    def __init__(self, path: str | Path, *, channels: int = 1, rate: int = SAMPLE_RATE) -> None:
        self.path = Path(path)
        container = self.path.suffix.lower().removeprefix(".")
        if container not in _CODECS:
            raise OptionError(
                f"{path}: found the suffix {self.path.suffix!r}, expected .flac or .wav"
            )
        if not 1 <= rate <= 655_350:
            raise OptionError(f"found a rate of {rate} Hz, expected 1 to 655350")
        if not 1 <= channels <= 8:
            raise OptionError(f"found {channels} channels, expected 1 to 8")
        self.written = 0
        self._container = container
        self._rate = rate
        self._layout = _LAYOUTS.get(channels, f"{channels} channels")
        self._waiting = np.empty((channels, 0), np.int16)

    def __enter__(self) -> Self:
        import av

        with ExitStack() as opened:
            unfinished = opened.enter_context(atomic_path(self.path))
            # The encoder writes to a Python file, whose errors say what is wrong with the disk.
            file = opened.enter_context(unfinished.open("wb"))
            with self._named_errors():
                self._out = av.open(file, "w", format=self._container)
                self._stream: Any = self._out.add_stream(
                    _CODECS[self._container], rate=self._rate, layout=self._layout
                )
            self._opened = opened.pop_all()
        return self

    def write(self, samples: ArrayLike) -> None:
        """Add samples: float, full scale [-1, 1], shape (samples,) or (channels, samples).

        Raises:
            OptionError: another shape, or values that are not finite.
            OutputError: no room.
        """
        rows = _to_int16(np.asarray(samples), channels=len(self._waiting))
        self._waiting = np.concatenate([self._waiting, rows], axis=1)
        whole = self._waiting.shape[1] // _FRAME * _FRAME
        self._encode(self._waiting[:, :whole])
        self._waiting = self._waiting[:, whole:]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # What an interruption ends is whole as far as it goes; what an error ends is not.
        failed = kind is not None and issubclass(kind, Exception)
        if failed or not (self.written or self._waiting.size):
            with suppress(Exception):
                self._out.close()
            # The error may be about anything; the file shall not take it for its own.
            self._opened.__exit__(_Discarded, _Discarded(), None)
            return
        with self._opened, self._named_errors():
            self._encode(self._waiting)
            self._out.mux(self._stream.encode(None))
            self._out.close()

    def _encode(self, rows: NDArray[np.int16]) -> None:
        import av

        count, length = rows.shape
        interleaved = np.ascontiguousarray(rows.T).reshape(1, -1)
        with self._named_errors():
            for start in range(0, length, _FRAME):
                part = interleaved[:, start * count : (start + _FRAME) * count]
                frame = av.AudioFrame.from_ndarray(part, format="s16", layout=self._layout)
                frame.sample_rate = self._rate
                frame.pts = self.written
                self._out.mux(self._stream.encode(frame))
                self.written += part.shape[1] // count

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Turn what the encoder and the disk raise to a line."""
        import av

        try:
            yield
        except OSError as error:
            raise OutputError(
                f"can't write {self.path}: {error.strerror or error}; write elsewhere"
            ) from error
        except (av.FFmpegError, ValueError) as error:
            raise OutputError(
                f"can't write {self._container} with {len(self._waiting)} channels: {error}"
            ) from error
