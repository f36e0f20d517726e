"""Whose words they are, what the voice says under them, and what becomes of the segments."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import replace
from itertools import accumulate, groupby
from typing import TYPE_CHECKING

import numpy as np

from affetto.emotions import project
from affetto.words.fusion import fullness
from affetto.words.transcribers.phrasing import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from affetto.timeline import Segment, Timeline
    from affetto.transcript import Phrase, Word
    from affetto.words.fusion import Fusion

__all__ = ["VoiceUnder", "fullness_of", "fuse_segments", "with_speakers"]


def with_speakers(phrases: Iterable[Phrase], timeline: Timeline) -> list[Phrase]:
    """Say whose phrases they are; one that two people share is cut between its words.

    Args:
        phrases: with a speaker already, where their channel tells it.
        timeline: whose segments have speakers; phrases stay as they are where they have none.
    """
    if not timeline.speakers:
        return list(phrases)
    near = _Near(timeline.segments)
    named: list[Phrase] = []
    for phrase in phrases:
        if phrase.speaker is not None:
            named.append(phrase)
        elif not phrase.words:
            named.append(replace(phrase, speaker=_speaker(near, phrase.start, phrase.end)))
        else:
            named += _cut_by_speaker(phrase, near)
    return named


def _cut_by_speaker(phrase: Phrase, near: _Near) -> list[Phrase]:
    def who(word: Word) -> str | None:
        return _speaker(near, word.start, max(word.end, word.start + 0.01))

    parts = [(name, list(words)) for name, words in groupby(phrase.words, key=who)]
    if len(parts) == 1:
        return [replace(phrase, speaker=parts[0][0])]
    cut = []
    for name, words in parts:
        text = joined((word.text.strip() for word in words), phrase.language)
        start, end = words[0].start, max(words[-1].end, words[0].start + 0.01)
        cut.append(
            replace(phrase, start=start, end=end, text=text, words=tuple(words), speaker=name)
        )
    return cut


def _speaker(near: _Near, start: float, end: float) -> str | None:
    """Find who speaks most of a stretch, or who spoke nearest to it."""
    overlap: dict[str, float] = {}
    for _, segment in near(start, end):
        if segment.speaker is not None:
            shared = min(segment.end, end) - max(segment.start, start)
            # A gap counts as an overlap below 0: the nearest speaker is the best of those.
            overlap[segment.speaker] = max(overlap.get(segment.speaker, -1e9), shared)
    return max(overlap, key=lambda name: overlap[name]) if overlap else None


class VoiceUnder:
    """What the voice says of any stretch of a recording.

    Args:
        timeline: what was heard, before words counted.

    Examples:
        >>> from affetto.timeline import Segment, Timeline
        >>> sad = Segment(0.0, 2.0, "sad", {"sad": 0.9, "calm": 0.1}, 0.9, 0, 0)
        >>> VoiceUnder(Timeline("x", 2.0, (sad,), ""))(0.5, 1.0, speaker=None)
        {'sad': 0.9, 'calm': 0.1}
    """

    def __init__(self, timeline: Timeline) -> None:
        self._near = _Near(timeline.segments)
        track = timeline.track
        # Several people may speak in one window: then the segments tell whose it is.
        self._labels = () if track is None or timeline.speakers else track.labels
        if track is not None and self._labels:
            self._times = np.asarray(track.times)
            self._scores = np.asarray(track.scores)
            self._speech = np.asarray(track.speech)
            gaps = np.diff(self._times)
            self._reach = float(gaps.min()) / 2 if len(gaps) else 1.0

    def __call__(self, start: float, end: float, *, speaker: str | None) -> dict[str, float]:
        """Give what the voice says of a stretch.

        Args:
            start: seconds.
            end: seconds.
            speaker: whose voice; None for whoever speaks.

        Returns:
            Label → probability: the mean of the windows there, by how much of each is speech; of
            the segments, where several people speak or the windows aren't known. Empty where the
            model says no emotions, or nobody speaks there.
        """
        if self._labels:
            # A phrase shorter than a hop is judged by the window nearest to it.
            middle, reach = (start + end) / 2, max((end - start) / 2, self._reach) + 1e-9
            first, last = np.searchsorted(self._times, [middle - reach, middle + reach])
            weights = self._speech[first:last]
            if weights.sum() > 0:
                mean = np.average(self._scores[first:last], axis=0, weights=weights)
                return dict(zip(self._labels, (mean / mean.sum()).tolist(), strict=True))
        return _mean(
            (segment.scores, min(segment.end, end) - max(segment.start, start))
            for _, segment in self._near(start, end)
            if speaker is None or segment.speaker == speaker
        )


class _Near:
    """The segments about a stretch, found without going through all.

    Examples:
        >>> from affetto.timeline import Segment
        >>> three = [Segment(t, t + 1, "sad", {"sad": 1.0}, 1.0, 0, 0) for t in (0, 2, 4)]
        >>> [place for place, _ in _Near(three)(2.2, 2.4)]
        [0, 1, 2]
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._starts = [segment.start for segment in segments]
        # The latest end so far: segments of two channels may lie over one another.
        self._ends = list(accumulate((segment.end for segment in segments), max))

    def __call__(self, start: float, end: float) -> list[tuple[int, Segment]]:
        """Give those that overlap a stretch, and the ones beside them, with their places."""
        first = max(bisect_right(self._ends, start) - 1, 0)
        last = bisect_left(self._starts, end) + 1
        return list(enumerate(self._segments[first:last], start=first))


def fuse_segments(
    timeline: Timeline,
    phrases: Sequence[Phrase],
    *,
    fusion: Fusion,
    prior: Mapping[str, float],
) -> Timeline:
    """Let the words count in the segments, and write into each what is said in it.

    Args:
        timeline: what the voice says.
        phrases: what the words say.
        fusion: how the two are put together.
        prior: how common each label of the words is among ordinary texts.

    Returns:
        The timeline with other scores where words hold a feeling; its track stays the voice's.
    """
    near = _Near(timeline.segments)
    texts: list[list[str]] = [[] for _ in timeline.segments]
    language = phrases[0].language if len({phrase.language for phrase in phrases}) == 1 else None
    under: list[list[tuple[Mapping[str, float], float]]] = [[] for _ in timeline.segments]
    for phrase in phrases:
        here = [(i, s) for i, s in near(phrase.start, phrase.end) if _may_say(s, phrase)]
        for piece in (phrase.words or (phrase,)) if here else ():
            texts[max(here, key=lambda one: _overlap(one[1], piece))[0]].append(piece.text.strip())
        full = fullness_of(phrase)
        for i, segment in here:
            under[i].append((phrase.wording, full * _overlap(segment, phrase)))
    segments = []
    for segment, parts, judged in zip(timeline.segments, texts, under, strict=True):
        wording = _mean(judged)
        spoken = sum(seconds for scores, seconds in judged if scores and seconds > 0)
        share = min(spoken / segment.duration, 1.0)
        scores = fusion.together(segment.scores, wording, prior=prior, share=share)
        said = replace(segment, text=joined(parts, language) or None)
        if wording and segment.scores:
            emotion = max(scores, key=lambda label: scores[label])
            valence, arousal = project(scores)
            said = replace(
                said,
                emotion=emotion,
                scores=scores,
                confidence=scores[emotion],
                valence=valence,
                arousal=arousal,
            )
        segments.append(said)
    return replace(timeline, segments=tuple(segments))


def fullness_of(phrase: Phrase) -> float:
    """Give how far the words of a phrase count, which may have been judged by its translation."""
    return max(fullness(text) for text in (phrase.text, phrase.translation or ""))


def _overlap(one: Segment | Phrase, other: Phrase | Word) -> float:
    """Give the seconds that two share; below 0 the gap between them."""
    return min(one.end, other.end) - max(one.start, other.start)


def _may_say(segment: Segment, phrase: Phrase) -> bool:
    return phrase.speaker is None or segment.speaker in (None, phrase.speaker)


def _mean(weighted: Iterable[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    """Give the mean of scores by their seconds; empty where none of them counts."""
    sums: dict[str, float] = {}
    for scores, seconds in weighted:
        if seconds > 0:
            for label, p in scores.items():
                sums[label] = sums.get(label, 0.0) + p * seconds
    total = sum(sums.values())
    return {label: value / total for label, value in sums.items()} if total > 0 else {}
