"""What was said of each channel, laid over one another: one timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from affetto.recognition.besides import with_besides
from affetto.recognition.segments import make_segments, smooth, spoken
from affetto.timeline import Segment, Timeline, Track

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from affetto.recognition.segments import Smoothing
    from affetto.speech import WindowGrid

__all__ = ["Answers", "answer", "channel_names", "lay_over"]


class Answers(NamedTuple):
    """What is said of one channel.

    Attributes:
        segments: in order of time.
        scores: probability of each label in each window, (n, labels).
        speech: probability of speech in the time that each window answers for, (n,).
        speakers: who speaks in each window, None where nobody does; None where speakers aren't
            told apart.
    """

    segments: list[Segment]
    scores: NDArray[np.float64]
    speech: NDArray[np.float64]
    speakers: list[str | None] | None


def channel_names(count: int) -> list[str | None]:
    """Name the speakers of channels that are heard apart.

    Examples:
        >>> channel_names(2), channel_names(3)
        (['left', 'right'], ['channel 1', 'channel 2', 'channel 3'])
    """
    if count == 2:
        return ["left", "right"]
    return [f"channel {number}" for number in range(1, count + 1)]


def answer(
    regions: Sequence[tuple[float, float]],
    probabilities: NDArray[np.float64],
    weights: NDArray[Any],
    speech: NDArray[Any],
    *,
    labels: Sequence[str],
    hop: float,
    smoothing: Smoothing,
    numbers: NDArray[np.int64] | None = None,
    speakers: list[str | None] | None = None,
    besides: NDArray[Any] | None = None,
) -> Answers:
    """Say what was heard in one channel.

    Args:
        regions: start and end of the stretches of speech, in seconds.
        probabilities: of windows, (n, labels).
        weights: seconds of speech in each window, (n,).
        speech: its probability in the time that each window answers for, (n,).
        labels: of the columns.
        hop: seconds.
        smoothing: how windows become segments.
        numbers: of the speaker in each window, -1 for nobody; of `spoken` where not given.
        speakers: their names, where speakers are told apart.
        besides: what the model says besides of each window, see `says_besides`.
    """
    if numbers is None:
        numbers = spoken(regions, len(probabilities), hop=hop)
    scores = smooth(probabilities, weights, span=smoothing.span, groups=numbers)
    segments = make_segments(
        regions,
        scores,
        weights,
        labels=labels,
        hop=hop,
        smoothing=smoothing,
        speakers=speakers,
    )
    if besides is not None and len(besides):
        segments = with_besides(segments, besides, hop=hop)
    return Answers(segments, scores, speech, speakers)


def lay_over(
    answers: Sequence[Answers],
    *,
    source: str,
    duration: float,
    model: str,
    labels: tuple[str, ...],
    grid: WindowGrid,
    prior: Mapping[str, float],
) -> Timeline:
    """Lay the channels over one another.

    Args:
        answers: of each channel; none where there was no sound.
        source: what the timeline shall call the recording.
        duration: seconds.
        model: title of the model.
        labels: the columns of the scores; none of a model of dimensions, which gives no track.
        grid: where the windows lie.
        prior: how common each emotion was taken to be.

    Returns:
        The timeline; its track has one row a hop.
    """
    segments = [segment for answer in answers for segment in answer.segments]
    segments.sort(key=lambda s: (s.start, s.end))
    speakers = dict.fromkeys(s.speaker for s in segments if s.speaker is not None)
    return Timeline(
        source=source,
        duration=duration,
        segments=tuple(segments),
        model=model,
        track=_track(answers, labels, grid) if answers and labels else None,
        speakers=tuple(speakers),
        prior=prior,
    )


def _track(answers: Sequence[Answers], labels: tuple[str, ...], grid: WindowGrid) -> Track:
    """Give one row a hop: of the channel in which somebody speaks most clearly."""
    speech = np.stack([answer.speech for answer in answers])
    clearest = speech.argmax(axis=0)
    every = np.arange(speech.shape[1])
    named = [answer.speakers for answer in answers if answer.speakers is not None]
    return Track(
        times=tuple(grid.centres(len(every)).tolist()),
        labels=labels,
        scores=tuple(tuple(answers[c].scores[k].tolist()) for k, c in enumerate(clearest)),
        speech=tuple(speech[clearest, every].tolist()),
        speakers=tuple(named[c][k] for k, c in enumerate(clearest)) if named else (),
    )
