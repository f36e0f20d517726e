"""Which stretches of a recording are written down at once, and their samples.

Speech is known from the timeline, so silence costs nothing; a recogniser hears as much at once as
it likes, cut where nobody speaks, or, where somebody speaks longer, where the voice is quietest.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from affetto.dsp import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from affetto.timeline import Segment, Timeline, Track

__all__ = ["Stretch", "cut", "plan"]

_EDGE = 0.25
"""Seconds heard before and after speech, so that no consonant is lost."""
_PAUSE = 2.0
"""Seconds of silence that a stretch may hold: longer ones are passed over."""
_CHAIN = 0.4
"""Seconds between segments that belong together."""


class Stretch(NamedTuple):
    """A stretch that is heard at once.

    Attributes:
        start: seconds.
        end: seconds.
        channel: its number, of sound whose channels are heard apart; 0 of any other.
    """

    start: float
    end: float
    channel: int = 0


def plan(
    timeline: Timeline, *, span: float, channels: Sequence[str | None] = (None,)
) -> list[Stretch]:
    """Lay out the stretches of a recording.

    Args:
        timeline: whose segments are where somebody speaks.
        span: seconds that the recogniser likes to hear at once.
        channels: the speakers of the channels, where they are heard apart.

    Returns:
        Stretches in order of their start; those of one channel don't overlap by more than an edge.

    Examples:
        >>> from affetto.timeline import Segment, Timeline
        >>> said = [Segment(t, t + 2, "sad", {"sad": 1.0}, 1.0, 0, 0) for t in (1, 3, 20)]
        >>> plan(Timeline("x.wav", 30.0, tuple(said), ""), span=10)
        [Stretch(start=0.75, end=5.25, channel=0), Stretch(start=19.75, end=22.25, channel=0)]
    """
    found: list[Stretch] = []
    for number, name in enumerate(channels):
        spoken = [s for s in timeline.segments if name is None or s.speaker == name]
        for start, end in _packed(_chained(spoken), span - 2 * _EDGE, timeline.track):
            edges = max(start - _EDGE, 0.0), min(end + _EDGE, timeline.duration)
            found.append(Stretch(*edges, number))
    return sorted(found)


def _chained(segments: Sequence[Segment]) -> list[tuple[float, float]]:
    """Join segments that follow one another closely."""
    chains: list[tuple[float, float]] = []
    for segment in sorted(segments, key=lambda s: s.start):
        if chains and segment.start - chains[-1][1] < _CHAIN:
            chains[-1] = chains[-1][0], max(chains[-1][1], segment.end)
        else:
            chains.append((segment.start, segment.end))
    return chains


def _packed(
    chains: Sequence[tuple[float, float]], span: float, track: Track | None
) -> list[tuple[float, float]]:
    """Put chains of speech together up to the span, and cut what is longer."""
    packed: list[tuple[float, float]] = []
    for start, end in chains:
        if packed and start - packed[-1][1] <= _PAUSE and end - packed[-1][0] <= span:
            packed[-1] = packed[-1][0], end
            continue
        begun = start
        while end - begun > span:
            middle = _quietest(track, begun + span / 2, begun + span)
            packed.append((begun, middle))
            begun = middle
        packed.append((begun, end))
    return packed


def _quietest(track: Track | None, low: float, high: float) -> float:
    """Find the moment at which a voice is least heard; the last one that will do otherwise."""
    if track is None:
        return high
    here = [
        (speech, -t) for t, speech in zip(track.times, track.speech, strict=True) if low <= t < high
    ]
    return -min(here)[1] if here else high


def cut(
    chunks: Iterable[NDArray[Any]], stretches: Sequence[Stretch]
) -> Iterator[tuple[Stretch, NDArray[np.float32]]]:
    """Cut the samples of stretches out of a stream, which is gone through once.

    Args:
        chunks: 16 kHz, shape (samples,) or (channels, samples), of any length.
        stretches: in order of their start.

    Yields:
        Each stretch and its samples, shape (samples,), as soon as its end was reached. No more is
        kept than the stretches that are under way.

    Examples:
        >>> sound = np.arange(48_000, dtype=np.float32)
        >>> parts = dict(cut([sound[:20_000], sound[20_000:]], [Stretch(1.0, 2.0)]))
        >>> parts[Stretch(1.0, 2.0)][[0, -1]]
        array([16000., 31999.], dtype=float32)
    """
    waiting = deque(stretches)
    open_now: list[tuple[Stretch, list[NDArray[np.float32]]]] = []
    done = 0
    for chunk in chunks:
        rows = np.atleast_2d(chunk)
        last = done + rows.shape[1]
        while waiting and round(waiting[0].start * SAMPLE_RATE) < last:
            open_now.append((waiting.popleft(), []))
        still = []
        for stretch, pieces in open_now:
            first, end = (round(t * SAMPLE_RATE) for t in stretch[:2])
            piece = rows[stretch.channel, max(first - done, 0) : max(end - done, 0)]
            pieces.append(np.array(piece, np.float32))
            if end <= last:
                yield stretch, np.concatenate(pieces)
            else:
                still.append((stretch, pieces))
        open_now = still
        done = last
        if not waiting and not open_now:
            return
    # A file may hold a little less than it promised.
    for stretch, pieces in open_now:
        yield stretch, np.concatenate(pieces)
