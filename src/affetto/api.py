"""The road wired whole: from a file to a timeline, from a microphone to updates, in one call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from affetto import audio
from affetto.errors import AffettoError, OptionError
from affetto.recognition import LiveRecognizer, Prior, Recognizer, SpeakerBaseline, Update
from affetto.recognition.options import refuse_beside_recognizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from affetto.audio import Source
    from affetto.models import ModelPackage
    from affetto.timeline import Timeline
    from affetto.words import WordListener
    from affetto.words.live import LiveWords, WordsUpdate

__all__ = ["Listening", "analyze", "listen"]


def analyze(
    source: Source,
    *,
    model: str | Path | ModelPackage | Recognizer = "default",
    labels: str | Iterable[str] | None = None,
    window: float | None = None,
    hop: float | None = 0.5,
    baseline: bool | SpeakerBaseline = True,
    prior: Prior = "everyday",
    speakers: bool | int = False,
    causal: bool = False,
    channels: Literal["mix", "separate"] = "mix",
    highpass: float | None = None,
    denoise: bool = False,
    loudness: float | None = None,
    words: bool | str | WordListener = False,
    progress: Callable[[float, float | None], None] | None = None,
) -> Timeline:
    """Hear the feeling in a recording.

    Without clean-up the recording is streamed: memory does not grow with its length.

    Args:
        source: path, bytes or binary file object; any format that `affetto.audio` decodes.
        model: a name, a folder, ``hf:owner/name`` or an open package; a `Recognizer` is taken as
            it is, so that many files share it, and what it can be told (labels, window, hop,
            baseline, prior, speakers, causal) is told to it alone.
        labels: the only answers allowed, such as ``"happy,sad"``.
        window: seconds that one answer hears; the model's own where not given.
        hop: seconds from one answer to the next; the model's own if None.
        baseline: learn how each voice sounds and hear the departure from it; a `SpeakerBaseline`
            is what is known of the voice before.
        prior: how common each emotion is taken to be: "everyday" (neutral and calm are three times
            as common as any other), "even", or a mapping such as ``{"angry": 2}``.
        speakers: tell speakers apart: True, or how many there are.
        causal: judge each moment by what was heard until then, as it is done live.
        channels: "mix", or "separate" to hear each channel as its own speaker.
        highpass: Hz; what lies below is taken away.
        denoise: take steady noise away.
        loudness: LUFS to normalise to.
        words: write down what is said, and hear words and voice together; a name says by what
            (``"whisper:small"``), a `WordListener` says all else and serves many files.
        progress: called with the seconds heard so far, and those that the source promises (or
            None).

    Returns:
        The timeline; without segments where nobody speaks.

    Raises:
        AudioError: the source can't be decoded or holds no sound.
        ModelError: there is no such model, or it is damaged.
        OptionError: options contradict each other or are out of range.
        TranscriptionError: what is said could not be written down or translated.

    Examples:
        >>> timeline = analyze("interview.mp3", speakers=2)  # doctest: +SKIP
        >>> for segment in timeline:  # doctest: +SKIP
        ...     print(segment.start, segment.speaker, segment.emotion)
    """
    if channels == "separate" and speakers:
        raise OptionError(
            "found speakers beside separate channels, which are speakers already: "
            "leave one of the two out"
        )
    options: dict[str, Any] = {
        "labels": labels,
        "window": window,
        "hop": hop,
        "baseline": baseline,
        "prior": prior,
        "speakers": speakers,
        "causal": causal,
    }
    if isinstance(model, Recognizer):
        refuse_beside_recognizer(options, _DEFAULTS)
        recognizer = model
    else:
        recognizer = Recognizer(model, **options)
    listener = _listener(words)
    share = _VOICE if listener else 1.0
    # What was read to its end can't be heard a second time, for its words.
    once = listener is not None and hasattr(source, "read")
    if highpass is not None or denoise or loudness is not None or once:
        sound = audio.load(source, channels=channels)
        samples = audio.clean(sound.samples, highpass=highpass, denoise=denoise, loudness=loudness)
        timeline = recognizer.recognize(
            samples,
            source=sound.source,
            progress=progress and (lambda heard: progress(heard * share, sound.duration)),
        )
        timeline = replace(timeline, warnings=sound.warnings)
        return _with_words(timeline, listener, [samples], progress)
    with audio.stream(source, channels=channels) as stream:
        timeline = recognizer.recognize(
            stream,
            source=stream.source,
            progress=progress and (lambda heard: progress(heard * share, stream.duration_hint)),
        )
        timeline = replace(timeline, warnings=tuple(stream.warnings))
    if listener is None:
        return timeline
    with audio.stream(source, channels=channels) as stream:
        return _with_words(timeline, listener, stream, progress)


_VOICE = 0.2
"""Of the progress, where words are written down after the voice was heard."""


def _listener(words: bool | str | WordListener) -> WordListener | None:
    if words is False:
        return None
    if isinstance(words, bool | str):
        from affetto.words import WordListener

        return WordListener() if words is True else WordListener(words)
    return words


def _with_words(
    timeline: Timeline,
    listener: WordListener | None,
    chunks: Iterable[NDArray[np.float32]],
    progress: Callable[[float, float | None], None] | None,
) -> Timeline:
    if listener is None:
        return timeline

    def told(done: float) -> None:
        if progress is not None:
            progress((_VOICE + (1.0 - _VOICE) * done) * timeline.duration, timeline.duration)

    return listener.hear(timeline, chunks, progress=told)


_DEFAULTS: dict[str, Any] = dict(analyze.__kwdefaults__ or {})


class Listening(Iterator[Update]):
    """Updates while somebody speaks; made by `listen`. A context manager, too.

    Attributes:
        live: what hears; its `baseline` is what is known of the voice.
        said: what became known of the words with the latest update; None where nobody asked for
            words, or before there was an update.
        timeline: of all that was heard, once the iteration has ended or was closed; None before.
    """

    def __init__(
        self,
        live: LiveRecognizer,
        source: Source | None,
        device: str | None,
        words: WordListener | None = None,
    ) -> None:
        self.live = live
        self.said: WordsUpdate | None = None
        self.timeline: Timeline | None = None
        self._opened = ExitStack()
        self._ending = threading.Lock()  # of who iterates to the end, and of who closes meanwhile
        self._words: LiveWords | None = None
        chunks: Iterator[NDArray[np.float32]]
        with ExitStack() as unneeded:
            if words is not None:
                from affetto.words.live import LiveWords

                self._words = LiveWords(words, window=live.window)
                unneeded.enter_context(self._words)
            if source is None:
                microphone = self._opened.enter_context(audio.Microphone(device))
                live.source, chunks = microphone.name, iter(microphone)
            else:
                stream = self._opened.enter_context(audio.stream(source, chunk=1.0))
                live.source, chunks = stream.source, audio.in_real_time(stream, seconds=live.every)
            unneeded.pop_all()
        self._updates = self._heard(chunks)

    def _heard(self, chunks: Iterable[NDArray[np.float32]]) -> Iterator[Update]:
        for chunk in chunks:
            updates = self.live.feed(chunk)
            if self._words is not None:
                self._words.feed(chunk, updates)
            for place, update in enumerate(updates):
                if self._words is not None:
                    self.said = self._taken(self._words, first=place == 0)
                yield update

    def _taken(self, words: LiveWords, *, first: bool) -> WordsUpdate:
        """Give what became known of the words; each phrase once, with the first update of many."""
        if first:
            # A fault in the words ends no voice: it is among the timeline's warnings.
            with suppress(AffettoError):
                return words.take()
        from affetto.words.live import WordsUpdate

        known = self.said or WordsUpdate()
        return replace(known, phrases=(), behind=words.behind)

    def __next__(self) -> Update:
        if self.timeline is not None:
            raise StopIteration
        try:
            return next(self._updates)
        except StopIteration:
            self.close()
            raise

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, fault: type[BaseException] | None, *_: object) -> None:
        self.close(give_up=fault is not None)

    def close(self, *, give_up: bool = False) -> None:
        """Let go of the source, and make the timeline; harmless when repeated.

        Args:
            give_up: leave unwritten what the words are behind the voice.
        """
        with self._ending, ExitStack() as at_last:
            if self._words is not None:
                at_last.callback(self._words.close)
            self._opened.close()
            if self.timeline is None:
                self.timeline = self.live.finish()
                if self._words is not None:
                    self.timeline = self._words.finish(self.timeline, give_up=lambda: give_up)


def listen(
    source: Source | None = None,
    *,
    device: str | None = None,
    model: str | Path | ModelPackage | Recognizer = "default",
    every: float = 0.08,
    labels: str | Iterable[str] | None = None,
    window: float | None = None,
    hop: float | None = None,
    baseline: bool | SpeakerBaseline = True,
    prior: Prior = "everyday",
    words: bool | str | WordListener = False,
) -> Listening:
    """Hear the feeling in a voice while it speaks.

    Args:
        source: None for the microphone; or what `analyze` takes, heard as fast as it was spoken.
        device: number or part of the name of the microphone; the system's own where not given.
        model: as for `LiveRecognizer`, like all that follow.
        every: seconds from update to update.
        labels: the only answers allowed.
        window: seconds that one answer hears.
        hop: of the timeline, seconds.
        baseline: learn how the voice sounds while it is heard.
        prior: how common each emotion is taken to be.
        words: write down what is said too, as for `analyze`: see `Listening.said`, and the
            timeline in the end, which waits until all is written down.

    Returns:
        An iterator of updates. Whoever leaves it early closes it, or uses it in a `with`. Whoever
        leaves the `with` by an exception, Ctrl-C for one, leaves unwritten what the words are
        behind; the timeline's warnings say how much.

    Raises:
        AudioError: there is no microphone, or the source can't be opened.
        ModelError: there is no such model, or it is damaged.
        OptionError: an option is out of its range.
        TranscriptionError: words are wanted, and what writes them down can't begin.
        MissingExtraError: words are wanted, and what they need isn't installed.

    Examples:
        >>> with listen() as listening:  # doctest: +SKIP
        ...     for update in listening:
        ...         print(update.time, update.emotion)
        ...         if update.time > 60:
        ...             break
        >>> print(listening.timeline.summary()["dominant"])  # doctest: +SKIP
    """
    options: dict[str, Any] = {
        "labels": labels,
        "window": window,
        "hop": hop,
        "baseline": baseline,
        "prior": prior,
    }
    if source is not None and device is not None:
        raise OptionError("found a source and a device, expected one of the two")
    live = LiveRecognizer(model, every=every, **options)
    return Listening(live, source, device, _listener(words))
