"""Windows to segments: smoothing, hysteresis, and what is said of each stretch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.emotions import project
from affetto.errors import OptionError
from affetto.timeline import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["SegmentStream", "Smoothing", "make_segments", "smooth", "spoken"]


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How window probabilities become segments.

    Attributes:
        span: windows averaged, an odd number; 1 leaves them as they are.
        margin: probability by which another label must lead to take over.
        hold: seconds for which it must lead.
    """

    span: int = 3
    margin: float = 0.1
    hold: float = 1.0

    def __post_init__(self) -> None:
        if self.span < 1 or self.span % 2 == 0:
            raise OptionError(f"found a span of {self.span} windows, expected an odd number >= 1")
        if not 0.0 <= self.margin < 1.0 or self.hold < 0.0:
            raise OptionError(
                f"found margin {self.margin} and hold {self.hold}, "
                "expected 0 <= margin < 1 and hold >= 0"
            )


def smooth(
    probabilities: NDArray[Any],
    weights: NDArray[Any],
    *,
    span: int = 3,
    groups: NDArray[Any] | None = None,
) -> NDArray[np.float64]:
    """Average window probabilities over time in the logarithmic domain.

    The weighted geometric mean of neighbours, normalised: one window that is sure of itself does
    not carry the day, as it would with the arithmetic mean.

    Args:
        probabilities: shape (n, labels), in order of time.
        weights: seconds of speech in each window, shape (n,).
        span: windows averaged, odd; triangular weights.
        groups: a number for each window, (n,); windows of another group are not averaged in.

    Returns:
        Shape (n, labels); each row sums to 1.

    Examples:
        >>> steady = np.array([[0.8, 0.2], [0.3, 0.7], [0.8, 0.2]])
        >>> smooth(steady, np.ones(3)).argmax(axis=1)
        array([0, 0, 0])
    """
    logs = np.log(np.maximum(np.asarray(probabilities, np.float64), 1e-9))
    weight = np.maximum(np.asarray(weights, np.float64), 1e-6)[:, None]
    if groups is None:
        groups = np.zeros(len(logs), np.int64)
    reach = span // 2
    total, norm = logs * weight * (reach + 1), weight * (reach + 1)
    for offset in range(1, reach + 1):
        share = reach + 1 - offset
        same = (groups[offset:] == groups[:-offset])[:, None]
        ahead, behind = weight[offset:] * share * same, weight[:-offset] * share * same
        total[:-offset] += logs[offset:] * ahead
        norm[:-offset] += ahead
        total[offset:] += logs[:-offset] * behind
        norm[offset:] += behind
    mean = np.exp(total / norm)
    smoothed: NDArray[np.float64] = mean / mean.sum(axis=1, keepdims=True)
    return smoothed


def spoken(
    regions: Iterable[tuple[float, float]], count: int, *, hop: float, first: int = 0
) -> NDArray[np.int64]:
    """Give 0 for each window that answers for some speech, -1 for the others.

    Args:
        regions: start and end of the stretches of speech, in seconds.
        count: of windows.
        hop: seconds.
        first: number of the first of these windows.

    Returns:
        Shape (count,).

    Examples:
        >>> spoken([(0.6, 1.2)], 4, hop=0.5)
        array([-1,  0,  0, -1])
    """
    numbers = np.full(count, -1, np.int64)
    for start, end in regions:
        begin, stop = int(start / hop) - first, int(np.ceil(end / hop)) - first
        numbers[max(begin, 0) : max(stop, 0)] = 0
    return numbers


def make_segments(
    regions: Sequence[tuple[float, float]],
    probabilities: NDArray[np.float64],
    weights: NDArray[Any],
    *,
    labels: Sequence[str],
    hop: float,
    smoothing: Smoothing,
    speakers: Sequence[str | None] | None = None,
    offset: int = 0,
) -> list[Segment]:
    """Cut stretches of speech where the feeling (or the speaker) changes.

    Args:
        regions: start and end of the stretches of speech, in seconds.
        probabilities: of windows, (n, labels); row k answers for k × hop to (k + 1) × hop.
        weights: seconds of speech in each window, (n,).
        labels: of the columns.
        hop: seconds.
        smoothing: how hard it is to change the label.
        speakers: who speaks in each window; None where that wasn't asked for.
        offset: number of the first of these windows.

    Returns:
        Segments in order of start, without overlap.

    Examples:
        >>> rows = np.repeat([[0.9, 0.1], [0.2, 0.8]], 4, axis=0)
        >>> segments = make_segments([(0.2, 3.9)], rows, np.ones(8), labels=["sad", "happy"],
        ...                          hop=0.5, smoothing=Smoothing())
        >>> [(s.start, s.end, s.emotion) for s in segments]
        [(0.2, 2.0, 'sad'), (2.0, 3.9, 'happy')]
    """
    segments = []
    for start, end in regions:
        # A window that the stretch only grazes has no say in it.
        first = min(round(start / hop) - offset, len(probabilities) - 1)
        last = min(max(round(end / hop) - offset, first + 1), len(probabilities))
        for begin, stop in _turns(speakers, first, last):
            stretches = _stretches(probabilities[begin:stop], hop=hop, smoothing=smoothing)
            for a, b in (stretches + begin).tolist():
                left = start if a == first else (offset + a) * hop
                right = end if b == last else (offset + b) * hop
                mean = np.average(probabilities[a:b], axis=0, weights=weights[a:b] + 1e-6)
                speaker = speakers[a] if speakers is not None else None
                segments.append(_segment(left, right, mean / mean.sum(), labels, speaker))
    return segments


class SegmentStream:
    """Give the segments of `make_segments` while windows and stretches of speech come.

    A segment is given once nothing that comes can change it. What is held is what the open stretch
    needs.

    Args:
        labels: of the columns.
        hop: seconds.
        smoothing: how windows become segments.
    """

    def __init__(self, labels: Sequence[str], *, hop: float, smoothing: Smoothing) -> None:
        self._labels = labels
        self._hop = hop
        self._smoothing = smoothing
        self._reach = smoothing.span // 2
        self._first = 0  # number of the first window that is held
        self._probabilities = np.empty((0, len(labels)))
        self._weights = np.empty(0)
        self._regions: list[tuple[float, float]] = []  # that windows held may belong to
        self._given = 0  # of the regions

    def feed(
        self,
        probabilities: NDArray[np.float64],
        weights: NDArray[Any],
        regions: Iterable[tuple[float, float]],
        *,
        settled: float,
    ) -> list[Segment]:
        """Take the next windows and stretches; give the segments that are now complete.

        Args:
            probabilities: (n, labels).
            weights: seconds of speech in each window, (n,).
            regions: start and end, in seconds, in order.
            settled: seconds before which no stretch will begin any more.
        """
        self._probabilities = np.concatenate([self._probabilities, probabilities])
        self._weights = np.concatenate([self._weights, weights])
        self._regions += regions
        hop, reach = self._hop, self._reach
        count = self._first + len(self._weights)
        segments: list[Segment] = []
        for region in self._regions[self._given :]:
            needed = int(np.ceil(region[1] / hop)) + reach
            if needed > count or needed * hop > settled:
                break
            segments += self._of(region)
            self._given += 1
        self._forget(settled)
        return segments

    def _of(self, region: tuple[float, float]) -> list[Segment]:
        """Make the segments of one stretch."""
        low = max(int(region[0] / self._hop) - self._reach - self._first, 0)
        first = self._first + low
        probabilities, weights = self._probabilities[low:], self._weights[low:]
        groups = spoken(self._regions, len(weights), hop=self._hop, first=first)
        scores = smooth(probabilities, weights, span=self._smoothing.span, groups=groups)
        return make_segments(
            [region],
            scores,
            weights,
            labels=self._labels,
            hop=self._hop,
            smoothing=self._smoothing,
            offset=first,
        )

    def _forget(self, settled: float) -> None:
        """Let go of what no stretch to come needs."""
        waiting = self._regions[self._given :]
        begin = min([settled, *(start for start, _ in waiting)])
        needed = max(int(begin / self._hop) - self._reach - 1, self._first)
        drop = min(needed - self._first, len(self._weights))
        self._probabilities = self._probabilities[drop:]
        self._weights = self._weights[drop:]
        self._first += drop
        past = [k for k in range(self._given) if self._regions[k][1] < self._first * self._hop]
        self._regions = self._regions[len(past) :]
        self._given -= len(past)


def _turns(speakers: Sequence[str | None] | None, first: int, last: int) -> list[tuple[int, int]]:
    """Cut windows `first` to `last` - 1 where the speaker changes."""
    if speakers is None:
        return [(first, last)]
    cuts = [k for k in range(first + 1, last) if speakers[k] != speakers[k - 1]]
    return list(zip([first, *cuts], [*cuts, last], strict=True))


def _stretches(
    probabilities: NDArray[np.float64], *, hop: float, smoothing: Smoothing
) -> NDArray[np.int64]:
    """Cut windows where another label leads by a margin for long enough: (n, 2)."""
    hold = max(1, round(smoothing.hold / hop))
    top = probabilities.argmax(axis=1)
    label = int(probabilities[:hold].mean(axis=0).argmax())
    lead = probabilities.max(axis=1)
    begin, since, stretches = 0, 0, []
    rival = label
    for k in range(len(top)):
        ahead = int(top[k])
        if ahead == label or lead[k] - probabilities[k, label] < smoothing.margin:
            rival = label
            continue
        if ahead != rival:
            rival, since = ahead, k
        if k - since + 1 >= hold:
            if since > begin:
                stretches.append((begin, since))
            begin, label = since, rival
    stretches.append((begin, len(top)))
    return np.array(stretches)


def _segment(
    start: float,
    end: float,
    scores: NDArray[np.float64],
    labels: Sequence[str],
    speaker: str | None,
) -> Segment:
    named = dict(zip(labels, scores.tolist(), strict=True))
    top = max(named, key=named.__getitem__)
    valence, arousal = project(named)
    return Segment(
        start=start,
        end=end,
        emotion=top,
        scores=named,
        confidence=named[top],
        valence=valence,
        arousal=arousal,
        speaker=speaker,
    )
