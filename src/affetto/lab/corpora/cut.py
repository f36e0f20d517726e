"""Clips cut short: silence off their ends, long ones into parts."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError
from affetto.lab.corpora.table import Clip, Table

__all__ = ["parts", "samples", "split_long", "trim"]


def parts(duration: float, *, over: float, overlap: float = 1.0) -> list[tuple[float, float]]:
    """Cut a length into equal parts that overlap.

    Args:
        duration: seconds.
        over: the longest that stays whole, and the longest part, seconds.
        overlap: seconds that neighbours share.

    Returns:
        Start and end of each part, seconds; as few as will do.

    Raises:
        OptionError: `over` is not longer than `overlap`, or one of them is negative.

    Examples:
        >>> parts(10.0, over=7.0, overlap=1.0)
        [(0.0, 5.5), (4.5, 10.0)]
        >>> parts(7.0, over=7.0)
        [(0.0, 7.0)]
    """
    if not 0 <= overlap < over:
        raise OptionError(
            f"found split-over {over:g} s and overlap {overlap:g} s, expected the overlap to be "
            "the shorter; give another"
        )
    if duration <= over:
        return [(0.0, duration)]
    count = math.ceil((duration - overlap) / (over - overlap))
    length = (duration + (count - 1) * overlap) / count
    starts = [round(i * (length - overlap), 4) for i in range(count)]
    return [(start, round(min(start + length, duration), 4)) for start in starts]


def split_long(table: Table, *, over: float, overlap: float = 1.0) -> Table:
    """Cut the clips longer than `over` into parts of the same file.

    Args:
        table: clips; one whose duration is unknown stays whole.
        over: seconds.
        overlap: seconds that neighbours share.

    Returns:
        The clips; parts have `start` and `end`.

    Raises:
        OptionError: `over` is not longer than `overlap`.
    """
    cut: list[Clip] = []
    for clip in table:
        pieces = parts(clip.duration or 0.0, over=over, overlap=overlap)
        if len(pieces) == 1:
            cut.append(clip)
            continue
        at = clip.start or 0.0
        cut += [
            replace(clip, start=at + start, end=at + end, duration=round(end - start, 4))
            for start, end in pieces
        ]
    return Table(cut)


def trim(sound: NDArray[np.float32], *, margin: float = 0.1) -> NDArray[np.float32]:
    """Cut off the silence before and after.

    Silence is every stretch of 10 ms whose power lies more than 40 dB under the loudest's.

    Args:
        sound: samples, shape (samples,), 16 kHz.
        margin: seconds of it that stay at each end.

    Returns:
        A view of the samples that remain; all of them where nothing is heard at all.

    Examples:
        >>> sound = np.zeros(48_000, np.float32)
        >>> sound[16_000:32_000] = 0.5
        >>> len(trim(sound, margin=0.25))
        24000
    """
    hop = SAMPLE_RATE // 100
    frames = sound[: len(sound) // hop * hop].reshape(-1, hop)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    if not len(power) or power.max() == 0:
        return sound
    heard = np.flatnonzero(power > power.max() * 1e-4)
    keep = round(margin * SAMPLE_RATE)
    return sound[max(heard[0] * hop - keep, 0) : (heard[-1] + 1) * hop + keep]


def samples(clip: Clip) -> NDArray[np.float32]:
    """Decode a clip, as far as it reaches in its file.

    Args:
        clip: the clip.

    Returns:
        Samples, shape (samples,), 16 kHz, in [-1, 1].

    Raises:
        AudioError: the file can't be decoded.
    """
    from affetto.audio import load

    whole: NDArray[np.float32] = load(clip.file).samples
    start = round((clip.start or 0.0) * SAMPLE_RATE)
    end = len(whole) if clip.end is None else round(clip.end * SAMPLE_RATE)
    return whole[start:end]
