"""Windows to segments: smoothing, hysteresis, and what is said of each stretch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.emotions import project
from affetto.errors import OptionError
from affetto.timeline import Segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Smoothing", "make_segments", "smooth"]


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


def make_segments(
    regions: Sequence[tuple[float, float]],
    probabilities: NDArray[np.float64],
    weights: NDArray[Any],
    *,
    labels: Sequence[str],
    hop: float,
    smoothing: Smoothing,
    speakers: Sequence[str | None] | None = None,
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
        first = min(round(start / hop), len(probabilities) - 1)
        last = min(max(round(end / hop), first + 1), len(probabilities))
        for begin, stop in _turns(speakers, first, last):
            stretches = _stretches(probabilities[begin:stop], hop=hop, smoothing=smoothing)
            for a, b in (stretches + begin).tolist():
                left = start if a == first else a * hop
                right = end if b == last else b * hop
                mean = np.average(probabilities[a:b], axis=0, weights=weights[a:b] + 1e-6)
                speaker = speakers[a] if speakers is not None else None
                segments.append(_segment(left, right, mean / mean.sum(), labels, speaker))
    return segments


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
