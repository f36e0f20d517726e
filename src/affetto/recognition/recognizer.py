"""The recogniser: samples in, a timeline out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError, OptionError
from affetto.features.front_end import FrontEnd
from affetto.models import ModelPackage, RowStream, WindowPackage, load
from affetto.models.calibration import restrict
from affetto.recognition.adapt import SettlingVoice, judge, learn_baseline, learn_baselines
from affetto.recognition.baseline import BaselineStatistics, SpeakerBaseline
from affetto.recognition.besides import says_besides
from affetto.recognition.channels import Answers, answer, channel_names, lay_over
from affetto.recognition.clips import Clip, Decision
from affetto.recognition.hearing import Heard, Hearing, checked
from affetto.recognition.options import columns_of, prior_for
from affetto.recognition.segments import Smoothing, spoken
from affetto.speech import WindowGrid, pool, separate_speakers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.recognition.prior import Prior
    from affetto.timeline import Timeline

__all__ = ["Recognizer"]

_WHOLE_UP_TO = 15.0
"""Seconds up to which a clip is judged as one window."""


class Recognizer:
    """Hear the feeling in sound that is in memory, or comes in chunks.

    Args:
        model: a name, a folder, ``hf:owner/name`` or an open package; see `affetto.models.resolve`.
        window: seconds that one answer hears; the model's own where not given.
        hop: seconds from one answer to the next; the model's own where not given.
        labels: the only answers allowed, as for `affetto.emotions.parse_labels`.
        baseline: learn how each voice of a recording sounds and hear the departure from it, where
            enough of the voice is heard; a `SpeakerBaseline` is what is known of the voice before.
        prior: how common each emotion is taken to be: "everyday" (neutral and calm are three times
            as common as any other), "even", or a mapping such as ``{"angry": 2}``.
        speakers: tell speakers apart: True, or how many there are.
        causal: judge each window beside what was heard of the voice until then, as
            `LiveRecognizer` must, rather than beside what the whole recording teaches.
        smoothing: how windows become segments.
        threads: CPU threads that the network may use.

    Raises:
        ModelError: there is no such model, or it is damaged.
        OptionError: an option is out of its range, asks for labels that the model can't say, or
            contradicts another.

    Examples:
        >>> recognizer = Recognizer("default", labels="happy,sad")  # doctest: +SKIP
        >>> recognizer.recognize(samples).summary()["dominant"]  # doctest: +SKIP
        'happy'
    """

    def __init__(
        self,
        model: str | Path | ModelPackage = "default",
        *,
        window: float | None = None,
        hop: float | None = None,
        labels: str | Iterable[str] | None = None,
        baseline: bool | SpeakerBaseline = True,
        prior: Prior = "everyday",
        speakers: bool | int = False,
        causal: bool = False,
        smoothing: Smoothing | None = None,
        threads: int = 1,
    ) -> None:
        if causal and speakers:
            raise OptionError(
                "found speakers beside causal: speakers are told apart once all was heard; "
                "leave one of the two out"
            )
        if threads < 1:
            raise OptionError(f"found threads={threads}, expected 1 or more")
        if not isinstance(speakers, bool) and speakers < 1:
            raise OptionError(f"found speakers={speakers}, expected True, or how many there are")
        self.package = load(model, threads=threads)
        card = self.package.card
        self.grid = WindowGrid(
            window=card.window if window is None else window,
            hop=card.hop if hop is None else hop,
            row_seconds=self.package.ear.card.row_seconds,
        )
        self.columns = columns_of(self.package, labels)
        self.labels = tuple(self.package.labels[column] for column in self.columns)
        self.prior = prior_for(self.package, prior)
        self.smoothing = smoothing or Smoothing()
        self.speakers = speakers
        self.causal = causal
        if isinstance(baseline, SpeakerBaseline) and not self.package.learns_voices:
            raise _learns_none(self.package)
        self.baseline = baseline

    def new_baseline(self) -> SpeakerBaseline:
        """Give the baseline of a speaker of whom nothing is known.

        Raises:
            OptionError: the model can't judge beside one.
        """
        if not self.package.learns_voices:
            raise _learns_none(self.package)
        statistics = BaselineStatistics.load(self.package.folder / "baseline.npz")
        return SpeakerBaseline(statistics, model=self.package.card.identity)

    def open_baseline(self, path: str | Path) -> SpeakerBaseline:
        """Take up the saved baseline of a person again.

        Raises:
            ModelError: the file is no baseline, or one of another model.
        """
        fresh = self.new_baseline()
        return SpeakerBaseline.load(path, fresh.statistics, model=fresh.model)

    def new_voice(self) -> SettlingVoice:
        """Give a voice of which nothing was heard yet, to be learned as it comes."""
        return SettlingVoice(self.package, self.grid, self._known(), prior=self.prior)

    def _known(self) -> SpeakerBaseline | None:
        """Give what is known of a voice before it is heard; None where nothing shall be learned."""
        if isinstance(self.baseline, SpeakerBaseline):
            return self.baseline
        return self.new_baseline() if self.baseline and self.package.learns_voices else None

    def recognize(
        self,
        samples: NDArray[Any] | Iterable[NDArray[Any]],
        *,
        source: str = "sound",
        progress: Callable[[float], None] | None = None,
    ) -> Timeline:
        """Hear a recording.

        Args:
            samples: 16 kHz, floats in [-1, 1]: shape (samples,), or (channels, samples) to hear
                each channel as its own speaker; or an iterable of chunks of such arrays. Memory
                does not grow with the length of what comes in chunks.
            source: what the timeline shall call it.
            progress: called with the seconds heard so far.

        Returns:
            The timeline; without segments where nobody speaks.

        Raises:
            AudioError: the samples are not finite floats, or the channels change in number.
        """
        hearings: list[Hearing] = []
        for chunk in _chunks(samples):
            channels = np.atleast_2d(chunk)
            if not hearings:
                separate = chunk.ndim == 2
                hearings = [self._hearing() for _ in channels]
            if len(channels) != len(hearings):
                raise AudioError(
                    f"found a chunk of {len(channels)} channels after {len(hearings)}, "
                    "expected as many in each"
                )
            for hearing, channel in zip(hearings, channels, strict=True):
                hearing.feed(channel)
            if progress is not None:
                progress(hearings[0].samples / SAMPLE_RATE)
        if not hearings:
            return self._timeline(source, 0.0, [])
        heard = [hearing.finish() for hearing in hearings]
        names = channel_names(len(heard)) if separate else [None]
        answers = [self._answer(h, name) for h, name in zip(heard, names, strict=True)]
        for h in heard:
            h.windows.close()
        return self._timeline(source, heard[0].duration, answers)

    def recognize_many(
        self, sounds: Iterable[NDArray[Any]], *, sources: Iterable[str] | None = None
    ) -> Iterator[Timeline]:
        """Hear many recordings, one after the other; each as if it were alone.

        Args:
            sounds: see `recognize`.
            sources: what the timelines shall call them; numbered where not given.
        """
        names = iter(sources) if sources is not None else None
        for number, samples in enumerate(sounds, start=1):
            yield self.recognize(samples, source=next(names) if names else f"sound {number}")

    def embed(self, samples: NDArray[Any]) -> Clip:
        """Hear a clip that is to be judged as a whole.

        Args:
            samples: 16 kHz, shape (samples,).

        Returns:
            One pooled window of all of it up to 15 s, else the windows of the grid. Rows weigh as
            much as they are speech; where none is, all weigh the same.

        Raises:
            AudioError: there are no samples, or they are not finite floats in one channel.
        """
        samples = checked(samples)
        if samples.ndim != 1 or not len(samples):
            raise AudioError(
                f"found samples of shape {samples.shape}, expected one channel with some sound"
            )
        duration = len(samples) / SAMPLE_RATE
        if duration > _WHOLE_UP_TO:
            hearing = self._hearing()
            hearing.feed(samples)
            heard = hearing.finish()
            clip = Clip(
                heard.windows.take(np.arange(len(heard.windows))),
                # A row is heard by as many windows as overlap there.
                heard.weights.astype(np.float64) * (self.grid.hop / self.grid.window),
                duration,
            )
            heard.windows.close()
            return clip
        ear = self.package.ear
        rows = RowStream(ear)(FrontEnd(ear.card.front_end)(samples))
        weights = rows.weights
        spoken = weights.sum(dtype=np.float64, keepdims=True) * self.grid.row_seconds
        if isinstance(self.package, WindowPackage):
            return Clip(self.package.hear([samples]), spoken, duration)
        return Clip(pool(rows.frames, weights)[None], spoken, duration)

    def decide(
        self, clip: NDArray[Any] | Clip, *, baseline: SpeakerBaseline | None = None
    ) -> Decision:
        """Give ONE answer for a whole clip, even where no speech is found.

        Args:
            clip: samples, 16 kHz, shape (samples,), or what `embed` made of them.
            baseline: the speaker's, if enough of it was heard; learn one with `learn`.

        Raises:
            AudioError: see `embed`.
            OptionError: the model says no emotions.
        """
        if not self.package.says_emotions:
            raise OptionError(
                f"found the model {self.package.card.title}, which gives valence, arousal and "
                "dominance, expected one that says emotions: take another"
            )
        clip = clip if isinstance(clip, Clip) else self.embed(clip)
        probabilities = self._judge(clip.pooled, baseline)
        mean = np.average(probabilities, axis=0, weights=clip.seconds)
        scores = dict(zip(self.labels, (mean / mean.sum()).tolist(), strict=True))
        return Decision(scores, float(clip.seconds.sum()), clip.duration)

    def learn(
        self, clips: Iterable[NDArray[Any] | Clip], *, start: SpeakerBaseline | None = None
    ) -> SpeakerBaseline:
        """Learn how a voice sounds from clips of it, which nobody labelled.

        Args:
            clips: all of one speaker: samples or what `embed` made of them.
            start: what was known of the voice before; it stays as it is.

        Returns:
            The baseline, for `decide`, for ``Recognizer(baseline=…)`` or to be saved.

        Raises:
            AudioError: see `embed`.
        """
        heard = [clip if isinstance(clip, Clip) else self.embed(clip) for clip in clips]
        start = start or self.new_baseline()
        if not heard:
            return start
        return learn_baseline(
            self.package,
            np.concatenate([clip.pooled for clip in heard]),
            np.concatenate([clip.seconds for clip in heard]),
            start,
            prior=self.prior,
        )

    def _hearing(self) -> Hearing:
        return Hearing(self.package, self.grid, voices=bool(self.speakers))

    def _timeline(self, source: str, duration: float, answers: Sequence[Answers]) -> Timeline:
        return lay_over(
            answers,
            source=source,
            duration=duration,
            model=self.package.card.title,
            labels=self.labels if self.package.says_emotions else (),
            grid=self.grid,
            prior=self.prior,
        )

    def _answer(self, heard: Heard, name: str | None) -> Answers:
        """Judge one channel."""
        hop, count = self.grid.hop, len(heard.weights)
        numbers = spoken(heard.regions, count, hop=hop)
        speakers: list[str | None] | None = None
        if name is not None:
            speakers = [name if number >= 0 else None for number in numbers]
        elif self.speakers:
            numbers = separate_speakers(
                heard.voices,
                numbers >= 0,
                count=None if self.speakers is True else int(self.speakers),
                distance=self.package.ear.card.speech.voice_distance,
                shortest=max(1, round(1.0 / hop)),
            )
            speakers = [f"S{number + 1}" if number >= 0 else None for number in numbers]
        return answer(
            heard.regions,
            self._probabilities(heard, numbers),
            heard.weights,
            heard.speech,
            labels=self.labels,
            hop=hop,
            smoothing=self.smoothing,
            numbers=numbers,
            speakers=speakers,
            besides=self._besides(heard),
        )

    def _besides(self, heard: Heard) -> NDArray[np.float64] | None:
        """Give what the model says besides of each window, where it does."""
        parts = [says_besides(self.package, block) for block in heard.windows.blocks()]
        told = [part for part in parts if part is not None]
        return np.concatenate(told) if told else None

    def _probabilities(self, heard: Heard, speakers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Judge every window beside its speaker's baseline; (n, labels)."""
        if self.causal:
            return self._probabilities_so_far(heard)
        start = self._known()
        learned: list[SpeakerBaseline] = []
        if start is not None:
            learned = learn_baselines(self.package, heard, speakers, start, prior=self.prior)
        if len(learned) == 1:
            # With a single voice, silence is judged beside it as well: the curves have no steps.
            speakers = np.zeros_like(speakers)
        probabilities = np.empty((len(speakers), len(self.labels)))
        done = 0
        for block in heard.windows.blocks():
            here = speakers[done : done + len(block)]
            for speaker in np.unique(here):
                baseline = learned[speaker] if 0 <= speaker < len(learned) else None
                rows = np.flatnonzero(here == speaker)
                probabilities[done + rows] = self._judge(block[rows], baseline)
            done += len(block)
        return probabilities

    def _probabilities_so_far(self, heard: Heard) -> NDArray[np.float64]:
        """Judge every window beside what the windows until then teach; (n, labels)."""
        voice = self.new_voice()
        parts, done = [np.empty((0, len(self.labels)))], 0
        for block in heard.windows.blocks():
            here = slice(done, done + len(block))
            judged = voice.hear(block, heard.weights[here], heard.clear[here])
            parts.append(restrict(judged, self.columns))
            done += len(block)
        return np.concatenate(parts)

    def _judge(
        self, pooled: NDArray[np.float32], baseline: SpeakerBaseline | None
    ) -> NDArray[np.float64]:
        """Judge windows among the labels asked for, under the prior; (n, labels)."""
        judged = judge(self.package, pooled, baseline, prior=self.prior)
        return restrict(judged, self.columns)


def _learns_none(package: ModelPackage) -> OptionError:
    return OptionError(
        f"found a speaker's baseline for the model {package.card.title}, which judges each window "
        "for itself: leave the baseline out, or take another model"
    )


def _chunks(samples: NDArray[Any] | Iterable[NDArray[Any]]) -> Iterator[NDArray[np.float32]]:
    """Give sound in memory and sound in chunks alike as chunks of ten seconds at most."""
    if not isinstance(samples, np.ndarray):
        for chunk in samples:
            yield from _chunks(np.asarray(chunk))
        return
    samples = checked(samples)
    step = 10 * SAMPLE_RATE
    for start in range(0, samples.shape[-1], step):
        yield samples[..., start : start + step]
