"""Which times and bands of a sound drove a decision: hide them, and see how the answer falls.

Occlusion after Zeiler and Fergus (2014, arXiv:1311.2901), of the sound rather than of features, so
that every model is explained alike, whatever it hears: a patch of the short-time spectrum is
brought down to the quiet of its frequencies, and the sound that is left takes the real road.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

from affetto.dsp import SAMPLE_RATE, hann
from affetto.errors import AudioError, OptionError
from affetto.explanation import Explanation, Patch
from affetto.models.calibration import restrict
from affetto.recognition.adapt import judge, learn_baselines
from affetto.recognition.channels import channel_names
from affetto.recognition.hearing import Hearing, checked, one_channel
from affetto.recognition.segments import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from affetto.recognition.baseline import SpeakerBaseline
    from affetto.recognition.recognizer import Recognizer
    from affetto.timeline import Segment, Timeline

__all__ = ["LONGEST", "MOST_RUNS", "Explanation", "explain", "explain_timeline"]

LONGEST = 30.0
"""Seconds that one explanation covers: of more, a part of this size would say nothing."""

_COLUMN = 0.25
_LEAST_COLUMNS, _MOST_COLUMNS = 4, 16
_BANDS = 8
MOST_RUNS = (_MOST_COLUMNS + 1) * (_BANDS + 1) + 1
"""How often the model is asked at most: patches of 2 × 2 parts, which overlap by half."""

_NAMED = 3
"""Patches that are named as the strongest, at most."""
_LEAST_EFFECT = 0.01
"""Nats; what moves the answer by less than a hundredth drove nothing."""
_LEAST = 1e-12
"""A probability below this counts as this."""

_LEAD, _TAIL = 3.0, 0.5
"""Seconds of sound heard before and after, for the voice's running level and the network's ends."""

_N_FFT, _HOP = 1024, 256
_QUIET = 0.05
"""A patch is brought down to the faintest frames of each frequency, of which there are so many …"""
_BELOW_MEAN = 10 ** (-26 / 20)
"""… and to so much below its mean at least, where the voice never rests …"""
_DEEPEST = 10 ** (-40 / 20)
"""… but by no more than this: a silence such as no room has would be a sign of its own."""


def explain(
    recognizer: Recognizer,
    samples: NDArray[np.float32],
    *,
    start: float = 0.0,
    end: float | None = None,
    emotion: str | None = None,
    baseline: SpeakerBaseline | None = None,
    progress: Callable[[float], None] | None = None,
) -> Explanation:
    """Find what in a stretch of a recording spoke for an emotion.

    The answer that is explained is the mean over the windows of the stretch, each weighing as much
    as it holds speech, as they are judged before they are smoothed into segments. The model is
    asked (times + 1) × (bands + 1) + 1 times, `MOST_RUNS` at most, whatever the stretch's length.

    Args:
        recognizer: whose answer is to be explained.
        samples: of the recording, 16 kHz, shape (samples,).
        start: of the stretch, seconds.
        end: seconds, `LONGEST` after the start at most; the recording's end where not given.
        emotion: one of the recognizer's labels; the likeliest where not given.
        baseline: the speaker's, if enough of it was heard.
        progress: called with the share of the runs that are done.

    Raises:
        AudioError: the samples are not finite floats in one channel.
        OptionError: the stretch is empty or too long, or the emotion none that can be said.

    Examples:
        >>> why = explain(Recognizer("default"), samples)  # doctest: +SKIP
        >>> why.emotion, why.strongest[:1]  # doctest: +SKIP
        ('angry', (Patch(start=0.75, end=1.0, low=258.6, high=613.6, effect=0.31, left=0.62),))
    """
    samples = one_channel(samples)
    duration = len(samples) / SAMPLE_RATE
    end = duration if end is None else min(end, duration)
    if not 0.0 <= start < end or end - start > LONGEST + 1e-6:
        raise OptionError(
            f"found a stretch from {start:g} to {end:g} s of {duration:g} s, expected one of "
            f"{LONGEST:g} s or less within it; choose start and end"
        )
    if emotion is not None and emotion not in recognizer.labels:
        raise OptionError(
            f"found the emotion {emotion!r}, expected one of {', '.join(recognizer.labels)}"
        )
    listener = _Listener(recognizer, samples, start, end, baseline)
    times, bands = listener.times, _band_edges()
    scores = listener.scores(listener.sound)
    column = int(np.argmax(scores)) if emotion is None else recognizer.labels.index(emotion)
    hider = _Hider(listener.sound)
    rows, columns = len(times) - 1, len(bands) - 1
    effect = np.zeros((rows + 1, columns + 1))
    patches = []
    for place, (i, j) in enumerate(np.ndindex(*effect.shape)):
        # Patch (i, j) hides the parts that meet in its middle: four, or fewer at the edge.
        first, last = max(i - 1, 0), min(i + 1, rows)
        lowest, highest = max(j - 1, 0), min(j + 1, columns)
        hidden = hider.without(
            times[first] - listener.cut, times[last] - listener.cut, bands[lowest], bands[highest]
        )
        left = float(listener.scores(hidden)[column])
        fall = float(np.log(max(scores[column], _LEAST) / max(left, _LEAST)))
        patches.append(Patch(times[first], times[last], bands[lowest], bands[highest], fall, left))
        # As if as many parts were hidden at the edge as elsewhere, or the middle would stand out.
        effect[i, j] = fall * 4 / ((last - first) * (highest - lowest))
        if progress is not None:
            progress((place + 1) / effect.size)
    effect = (effect[:-1, :-1] + effect[1:, :-1] + effect[:-1, 1:] + effect[1:, 1:]) / 4
    return Explanation(
        start=start,
        end=end,
        emotion=recognizer.labels[column],
        scores=dict(zip(recognizer.labels, scores.tolist(), strict=True)),
        times=tuple(times),
        bands=tuple(bands),
        effect=tuple(map(tuple, effect.tolist())),
        runs=len(patches) + 1,
        strongest=_strongest(patches),
    )


def _strongest(patches: Sequence[Patch]) -> tuple[Patch, ...]:
    """Choose the patches with the greatest effect, none of which shares a part with another.

    Examples:
        >>> beside = [Patch(t, t + 2.0, 0.0, 9.0, effect, 0.5) for t, effect in
        ...           [(0.0, 0.2), (1.0, 0.5), (3.0, 0.3), (5.0, 0.001)]]
        >>> [patch.start for patch in _strongest(beside)]
        [1.0, 3.0]
    """
    chosen: list[Patch] = []
    for patch in sorted(patches, key=lambda patch: -patch.effect):
        if len(chosen) == _NAMED or patch.effect < _LEAST_EFFECT:
            break
        if not any(_overlap(patch, other) for other in chosen):
            chosen.append(patch)
    return tuple(chosen)


def _overlap(one: Patch, other: Patch) -> bool:
    in_time = one.start < other.end and other.start < one.end
    return in_time and one.low < other.high and other.low < one.high


def explain_timeline(
    recognizer: Recognizer,
    samples: NDArray[np.float32],
    timeline: Timeline,
    *,
    most: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Timeline:
    """Explain segments of a recording: those of the dominant emotion first, the surest of them.

    Each is judged beside what the whole recording teaches of its voice, as the timeline was. Of a
    segment longer than `LONGEST`, the middle is explained.

    Args:
        recognizer: which made the timeline.
        samples: what it was made of, 16 kHz, (samples,), or (channels, samples) where each channel
            is a speaker.
        timeline: of these samples.
        most: how many segments.
        progress: called with the share that is done.

    Returns:
        The timeline with its `explanations`, in order of time.

    Raises:
        AudioError: the samples are not finite floats.
        OptionError: `most` is below 1.
    """
    if most < 1:
        raise OptionError(f"found {most} segments to explain, expected 1 or more")
    samples = checked(samples)
    chosen = _chosen(timeline, most)
    made = []
    for number, segment in enumerate(chosen):
        channel = _channel(samples, segment)
        start, end = _middle(segment.start, segment.end)
        made.append(
            explain(
                recognizer,
                channel,
                start=start,
                end=end,
                emotion=segment.emotion,
                baseline=_voice(recognizer, channel, timeline, segment),
                progress=progress and partial(_one_of, progress, number, len(chosen)),
            )
        )
    return replace(timeline, explanations=tuple(sorted(made, key=lambda why: why.start)))


def _one_of(progress: Callable[[float], None], number: int, count: int, share: float) -> None:
    """Tell how much of all is done when a share of one is."""
    progress((number + share) / count)


def _chosen(timeline: Timeline, most: int) -> list[Segment]:
    dominant = timeline.summary()["dominant"]
    labelled = [s for s in timeline if s.emotion is not None]
    ranked = sorted(labelled, key=lambda s: (s.emotion != dominant, -s.duration * s.confidence))
    return ranked[:most]


def _middle(start: float, end: float) -> tuple[float, float]:
    """Give as much of the middle of a stretch as one explanation covers.

    Examples:
        >>> _middle(2.0, 6.0), _middle(0.0, 100.0)
        ((2.0, 6.0), (35.0, 65.0))
    """
    spare = max(end - start - LONGEST, 0.0) / 2
    return start + spare, end - spare


def _channel(samples: NDArray[np.float32], segment: Segment) -> NDArray[np.float32]:
    """Give the channel of a segment's speaker, where each channel is one."""
    if samples.ndim == 1:
        return samples
    names = channel_names(len(samples))
    if segment.speaker not in names:
        raise AudioError(
            f"found {len(samples)} channels and a segment of {segment.speaker or 'nobody'}, "
            "expected a timeline of these channels; mix them, or analyse them apart"
        )
    channel: NDArray[np.float32] = samples[names.index(segment.speaker)]
    return channel


def _voice(
    recognizer: Recognizer, samples: NDArray[np.float32], timeline: Timeline, segment: Segment
) -> SpeakerBaseline | None:
    """Learn the segment's voice from what the timeline says is its; None where nothing is learned.

    Heard live, only what came before can teach.
    """
    start = recognizer.new_voice().baseline
    if start is None:
        return None
    hearing = Hearing(recognizer.package, recognizer.grid)
    until = round(segment.end * SAMPLE_RATE) if recognizer.causal else len(samples)
    hearing.feed(samples[:until])
    heard = hearing.finish()
    numbers = np.full(len(heard.weights), -1, np.int64)
    own = [(s.start, s.end) for s in timeline if s.speaker == segment.speaker]
    numbers[spoken(own, len(numbers), hop=recognizer.grid.hop) == 0] = 0
    learned = learn_baselines(recognizer.package, heard, numbers, start, prior=recognizer.prior)
    heard.windows.close()
    return learned[0] if learned else start


class _Listener:
    """Judges the windows of a stretch, again and again, while its sound changes.

    Args:
        recognizer: whose road it takes.
        samples: of the recording.
        start: seconds.
        end: seconds.
        baseline: the speaker's.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        samples: NDArray[np.float32],
        start: float,
        end: float,
        baseline: SpeakerBaseline | None,
    ) -> None:
        self._recognizer = recognizer
        self._baseline = baseline
        grid, duration = recognizer.grid, len(samples) / SAMPLE_RATE
        first = int(start / grid.hop)
        last = max(int(np.ceil(round(end / grid.hop, 6))), first + 1)
        reach = grid.window / 2
        low = max((first + 0.5) * grid.hop - reach, 0.0)
        high = min((last - 0.5) * grid.hop + reach, duration)
        low, high = min(low, start), max(high, end)
        count = round((high - low) / _COLUMN)
        edges = np.linspace(low, high, min(max(count, _LEAST_COLUMNS), _MOST_COLUMNS) + 1)
        self.times: list[float] = edges.tolist()
        # The windows shall lie where they lay in the whole.
        skipped = int(max(low - _LEAD, 0.0) / grid.hop)
        self.cut = skipped * grid.hop
        self.sound = samples[round(self.cut * SAMPLE_RATE) : round((high + _TAIL) * SAMPLE_RATE)]
        self._windows = np.arange(first - skipped, last - skipped)
        self._weights: NDArray[np.float64] | None = None

    def scores(self, sound: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give the probabilities over the stretch of a sound like `sound`, (labels,)."""
        recognizer = self._recognizer
        hearing = Hearing(recognizer.package, recognizer.grid)
        hearing.feed(sound)
        heard = hearing.finish()
        windows = self._windows[self._windows < len(heard.weights)]
        pooled = heard.windows.take(windows)
        heard.windows.close()
        if self._weights is None:
            # Of the first sound, with nothing hidden: what is hidden shall not make others weigh.
            self._weights = heard.weights[windows].astype(np.float64) + 1e-9
        judged = judge(recognizer.package, pooled, self._baseline, prior=recognizer.prior)
        judged = restrict(judged, recognizer.columns)
        return np.asarray(np.average(judged, axis=0, weights=self._weights), np.float64)


class _Hider:
    """Hides patches of a sound's short-time spectrum (overlap-add; Allen and Rabiner 1977).

    Args:
        samples: shape (samples,).
    """

    def __init__(self, samples: NDArray[np.float32]) -> None:
        self._samples = samples
        self._window = hann(_N_FFT).astype(np.float64)
        # Every sample lies in as many frames as any other, and whole hops follow one another.
        after = _N_FFT + -len(samples) % _HOP
        padded = np.pad(samples.astype(np.float64), (_N_FFT, after))
        frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP]
        spectrum = scipy.fft.rfft(frames * self._window, axis=1)
        level = np.abs(spectrum)
        quiet = np.quantile(level, _QUIET, axis=0)
        mean = np.sqrt((level**2).mean(axis=0))
        target = np.minimum(quiet, _BELOW_MEAN * mean)
        kept = np.clip(target / np.maximum(level, 1e-12), _DEEPEST, 1.0)
        self._taken = spectrum * (1.0 - kept)
        self._seconds = (np.arange(len(frames)) * _HOP - _N_FFT / 2) / SAMPLE_RATE
        self._hertz = np.arange(_N_FFT // 2 + 1) * SAMPLE_RATE / _N_FFT

    def without(self, start: float, end: float, low: float, high: float) -> NDArray[np.float32]:
        """Give the sound with a patch brought down to the quiet of its frequencies.

        Args:
            start: seconds.
            end: seconds.
            low: Hz.
            high: Hz.
        """
        first, last = np.searchsorted(self._seconds, [start, end])
        band = (self._hertz >= low) & (self._hertz <= high)
        frames = scipy.fft.irfft(np.where(band, self._taken[first:last], 0.0), axis=1)
        # The squares of the windows that meet in a sample sum to 3/8 of their number.
        per_frame = _N_FFT // _HOP
        frames *= self._window / (0.375 * per_frame)
        hops = np.zeros((len(self._seconds) + per_frame, _HOP))
        for part in range(per_frame):
            piece = frames[:, part * _HOP : (part + 1) * _HOP]
            hops[first + part : last + part] += piece
        taken = hops.reshape(-1)[_N_FFT : _N_FFT + len(self._samples)]
        return np.asarray(self._samples - taken, np.float32)


def _band_edges() -> Sequence[float]:
    """Give bands of equal width in mel, from 0 to half the sampling rate, Hz."""
    top = np.log10(1 + SAMPLE_RATE / 2 / 700)
    edges: list[float] = (700 * (10 ** np.linspace(0, top, _BANDS + 1) - 1)).tolist()
    return edges
