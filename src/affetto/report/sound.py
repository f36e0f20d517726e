"""The sound for the page: small, and in a codec that every browser plays."""

import io

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE

__all__ = ["bit_rate", "encode_mp3"]

_CHUNK = 10 * SAMPLE_RATE


def bit_rate(seconds: float) -> int:
    """Choose bits per second: speech stays clear, and an hour's page below 25 MB.

    Examples:
        >>> bit_rate(60.0), bit_rate(3600.0)
        (64000, 32000)
    """
    if seconds <= 600:
        return 64_000
    return 48_000 if seconds <= 1800 else 32_000


def encode_mp3(samples: NDArray[np.float32]) -> bytes:
    """Encode mono sound as MP3 of a constant bit rate, so that a player seeks exactly.

    Args:
        samples: shape (samples,), 16 kHz, in [-1, 1]; anything beyond is clipped.

    Returns:
        The file.

    Examples:
        >>> encode_mp3(np.zeros(16_000, np.float32))[:3]
        b'ID3'
    """
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = bit_rate(len(samples) / SAMPLE_RATE)
        for start in range(0, len(samples), _CHUNK):
            part = np.clip(samples[start : start + _CHUNK], -1.0, 1.0)
            whole = np.round(part * 32_767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(whole[None], format="s16p", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
