"""Bare samples in bytes, as a socket brings them, to 16 kHz float32 mono."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["ENCODINGS", "PcmDecoder"]

DEFERS_SIGNALS = True  # PyAV drops what is raised in its callbacks

ENCODINGS: dict[str, np.dtype[Any]] = {"f32le": np.dtype("<f4"), "s16le": np.dtype("<i2")}
"""Names of codings, as FFmpeg has them, and their samples."""

_RATES = (4_000, 384_000)
_MOST_CHANNELS = 8


class PcmDecoder:
    """Bytes in chunks of any size to samples; a sample may be cut in two.

    Args:
        encoding: "f32le", full scale [-1, 1], or "s16le".
        rate: hertz.
        channels: interleaved; their mean is taken.

    Raises:
        OptionError: an argument is out of its range.

    Examples:
        >>> decoder = PcmDecoder("s16le")
        >>> decoder.feed(bytes([0, 64, 0])), decoder.feed(bytes([192]))
        (array([0.5], dtype=float32), array([-0.5], dtype=float32))
    """

    def __init__(
        self, encoding: str = "f32le", *, rate: int = SAMPLE_RATE, channels: int = 1
    ) -> None:
        if encoding not in ENCODINGS:
            raise OptionError(f"found encoding {encoding!r}, expected {' or '.join(ENCODINGS)}")
        if not _RATES[0] <= rate <= _RATES[1]:
            raise OptionError(f"found a rate of {rate} Hz, expected {_RATES[0]} to {_RATES[1]}")
        if not 1 <= channels <= _MOST_CHANNELS:
            raise OptionError(f"found {channels} channels, expected 1 to {_MOST_CHANNELS}")
        self._type = ENCODINGS[encoding]
        self._rate = rate
        self._channels = channels
        self._held = b""
        self._resampler: Any = None

    def feed(self, data: bytes) -> NDArray[np.float32]:
        """Take the next bytes; give the samples that they complete, shape (samples,).

        Raises:
            AudioError: samples that are no finite numbers.
        """
        data = self._held + data
        size = self._type.itemsize * self._channels
        whole = len(data) - len(data) % size
        self._held = data[whole:]
        samples = np.frombuffer(data[:whole], self._type).astype(np.float32)
        if self._type.kind == "i":
            samples /= np.float32(32768)
        elif not np.isfinite(samples).all():
            raise AudioError(
                "found samples that are no finite numbers, expected 32-bit floats in [-1, 1]: "
                "see whether encoding and byte order are as you said"
            )
        if self._channels > 1:
            samples = samples.reshape(-1, self._channels).mean(axis=1, dtype=np.float32)
        return samples if self._rate == SAMPLE_RATE else self._resample(samples)

    def finish(self) -> NDArray[np.float32]:
        """Give the samples that resampling still holds."""
        return self._resample(None) if self._resampler is not None else np.empty(0, np.float32)

    def close(self) -> None:
        """Break off; there is nothing to let go of."""

    def _resample(self, samples: NDArray[np.float32] | None) -> NDArray[np.float32]:
        import av

        from affetto.audio.resample import Resampler

        parts: Iterable[NDArray[np.float32]]
        if samples is None:
            parts = self._resampler.finish()
        elif not len(samples):
            return samples
        else:
            frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
            frame.sample_rate = self._rate
            self._resampler = self._resampler or Resampler(frame, mix=True, prompt=True)
            parts = self._resampler.feed(frame)
        return np.concatenate([np.empty(0, np.float32), *(part[0] for part in parts)])
