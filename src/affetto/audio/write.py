"""Saving sound as FLAC or WAV, 16 bits."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError, OutputError
from affetto.jobs import atomic_path

__all__ = ["save"]

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
    path = Path(path)
    container = path.suffix.lower().removeprefix(".")
    if container not in _CODECS:
        raise OptionError(f"{path}: found the suffix {path.suffix!r}, expected .flac or .wav")
    if not 1 <= rate <= 655_350:
        raise OptionError(f"found a rate of {rate} Hz, expected 1 to 655350")
    rows = _to_int16(np.asarray(samples))
    with atomic_path(path) as unfinished:
        _encode(unfinished, rows, container=container, rate=rate)


def _to_int16(samples: NDArray[Any]) -> NDArray[np.int16]:
    """Round to 16 bits, shape (channels, samples)."""
    rows = np.atleast_2d(samples)
    if rows.ndim != 2 or not rows.size or rows.shape[0] > 8:
        raise OptionError(
            f"found samples of shape {samples.shape}, expected (samples,) or (channels, samples), "
            "at most 8 channels"
        )
    if not np.isfinite(rows).all():
        raise OptionError("found samples that are not finite numbers, expected [-1, 1]")
    scaled = np.rint(rows * np.float32(32768))
    return np.clip(scaled, -32768, 32767).astype(np.int16)


def _encode(path: Path, rows: NDArray[np.int16], *, container: str, rate: int) -> None:
    """Encode to a file that nobody waits for yet."""
    import av

    count, length = rows.shape
    layout = _LAYOUTS.get(count, f"{count} channels")
    interleaved = np.ascontiguousarray(rows.T).reshape(1, -1)
    # The encoder writes to a Python file, whose errors say what is wrong with the disk.
    with path.open("wb") as file:
        try:
            with av.open(file, "w", format=container) as out:
                stream: Any = out.add_stream(_CODECS[container], rate=rate, layout=layout)
                for start in range(0, length, _FRAME):
                    part = interleaved[:, start * count : (start + _FRAME) * count]
                    frame = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
                    frame.sample_rate = rate
                    frame.pts = start
                    out.mux(stream.encode(frame))
                out.mux(stream.encode(None))
        except OSError:
            raise
        except (av.FFmpegError, ValueError) as error:
            raise OutputError(f"can't write {container} with {count} channels: {error}") from error
