"""The road wired whole: from a file to a timeline in one call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from affetto import audio
from affetto.errors import OptionError
from affetto.recognition import Prior, Recognizer, SpeakerBaseline
from affetto.recognition.options import refuse_beside_recognizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from affetto.audio import Source
    from affetto.models import ModelPackage
    from affetto.timeline import Timeline

__all__ = ["analyze"]


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
        progress: called with the seconds heard so far, and those that the source promises (or
            None).

    Returns:
        The timeline; without segments where nobody speaks.

    Raises:
        AudioError: the source can't be decoded or holds no sound.
        ModelError: there is no such model, or it is damaged.
        OptionError: options contradict each other or are out of range.

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
    if highpass is not None or denoise or loudness is not None:
        sound = audio.load(source, channels=channels)
        samples = audio.clean(sound.samples, highpass=highpass, denoise=denoise, loudness=loudness)
        timeline = recognizer.recognize(
            samples,
            source=sound.source,
            progress=progress and (lambda heard: progress(heard, sound.duration)),
        )
        return replace(timeline, warnings=sound.warnings)
    with audio.stream(source, channels=channels) as stream:
        timeline = recognizer.recognize(
            stream,
            source=stream.source,
            progress=progress and (lambda heard: progress(heard, stream.duration_hint)),
        )
        return replace(timeline, warnings=tuple(stream.warnings))


_DEFAULTS: dict[str, Any] = dict(analyze.__kwdefaults__ or {})
