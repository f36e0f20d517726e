"""What is said in a recording, and what becomes of its feeling: the road of words, wired whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import OptionError
from affetto.recognition.channels import channel_names
from affetto.transcript import Transcript
from affetto.words.fusion import DEFAULT_WEIGHT, Fusion, incongruence
from affetto.words.placing import VoiceUnder, fullness_of, fuse_segments, with_speakers
from affetto.words.redaction import redact_transcript
from affetto.words.stretches import cut, plan
from affetto.words.text_catalogue import BUNDLED, TextEmotion, open_text_model
from affetto.words.transcribers import open_transcriber
from affetto.words.transcribers.phrasing import understood
from affetto.words.translation import open_translator
from affetto.words.translation.base import base_language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.timeline import Timeline
    from affetto.transcript import Phrase
    from affetto.words.stretches import Stretch
    from affetto.words.transcribers.base import Spoken, Transcriber
    from affetto.words.translation import Translator

__all__ = ["WordListener"]

_SURE = 0.8
_LONG = 3.0
"""Probability from which a language, detected in so many seconds, is taken for the rest of its
channel."""


class WordListener:
    """Write down what is said, judge the words, and put words and voice together.

    One is opened once and serves many recordings, as a `Recognizer` does.

    Args:
        transcriber: see `open_transcriber`: "auto", "pocketsphinx", "whisper:small", a folder,
            a server's address, or an open one.
        language: ISO 639-1 code of what is said; detected where not given.
        translate: into English: "whisper" as it listens, "marian", "marian:FOLDER", a chat server's
            address, or an open translator; None leaves texts as they are.
        model: of the emotion of words, see `open_text_model`.
        weight: of the words beside the voice; 0 leaves the voice alone.
        fusion: a learned one, or its file; it has a weight of its own.
        redact: mask names, numbers and addresses in what is kept.
        threads: CPU threads that networks may use.
        key: of the servers, where they want one.

    Raises:
        OptionError: an option is out of its range, or contradicts another.
        ModelError: a model isn't to be had, or is damaged.
        MissingExtraError: what a part needs isn't installed.

    Examples:
        >>> listener = WordListener("whisper:small", translate="whisper")  # doctest: +SKIP
        >>> timeline = analyze("talk.mp3", words=listener)  # doctest: +SKIP
        >>> [(p.text, p.emotion) for p in timeline.words]  # doctest: +SKIP
        [("I'm fine.", 'sad')]
    """

    def __init__(
        self,
        transcriber: str | Transcriber = "auto",
        *,
        language: str | None = None,
        translate: str | Translator | None = None,
        model: str | Path | TextEmotion = BUNDLED,
        weight: float | None = None,
        fusion: Fusion | Path | None = None,
        redact: bool = False,
        threads: int = 1,
        key: str | None = None,
    ) -> None:
        if weight is not None and fusion is not None:
            raise OptionError("found a weight beside a fusion, which has its own: leave one out")
        if fusion is None:
            fusion = Fusion(DEFAULT_WEIGHT if weight is None else weight)
        self.fusion = fusion if isinstance(fusion, Fusion) else Fusion.load(fusion)
        self.language = base_language(language)
        self.model = open_text_model(model, threads=threads)
        self.transcriber = open_transcriber(transcriber, threads=threads, key=key)
        understood(
            self.language,
            self.transcriber.languages,
            name=self.transcriber.name,
            other="take --transcriber whisper:small, say",
        )
        self.translator: Translator | None = None
        self.translates_itself = translate == "whisper"
        if self.translates_itself and not self.transcriber.translates:
            raise OptionError(
                f"found the translator whisper beside {self.transcriber.name}, which translates "
                "nothing: take --transcriber whisper:small, or another translator"
            )
        if isinstance(translate, str) and not self.translates_itself:
            self.translator = open_translator(translate, threads=threads, key=key)
        elif not isinstance(translate, str):
            self.translator = translate
        self.redact = redact

    def hear(
        self,
        timeline: Timeline,
        chunks: Iterable[NDArray[Any]],
        *,
        progress: Callable[[float], None] | None = None,
    ) -> Timeline:
        """Write down what is said in a recording whose voice was heard, and let it count.

        Args:
            timeline: what the voice says; its segments are where somebody speaks.
            chunks: the same sound, 16 kHz, shape (samples,) or (channels, samples), in chunks of
                any length; gone through once.
            progress: called with the share that is done.

        Returns:
            The timeline with `words`, with a text in each segment, and with the scores of words and
            voice together.

        Raises:
            TranscriptionError: a recogniser or a server failed.
            ModelError: a network isn't to be had.
            OptionError: the recogniser doesn't know the language.
        """
        phrases: list[Phrase] = []
        stream = iter(chunks)
        first = next(stream, np.zeros(0, np.float32))
        names = channel_names(len(first)) if first.ndim == 2 else [None]
        stretches = plan(timeline, span=self.transcriber.span, channels=names)
        total = sum(stretch.end - stretch.start for stretch in stretches)
        done, known = 0.0, [self.language] * len(names)
        for stretch, samples in cut(chain([first], stream), stretches):
            spoken = self.transcriber.transcribe(samples, language=known[stretch.channel])
            if (
                spoken.language_confidence or 0.0
            ) >= _SURE and stretch.end - stretch.start >= _LONG:
                known[stretch.channel] = spoken.language
            phrases += self._phrases(spoken, stretch, samples, names[stretch.channel])
            done += stretch.end - stretch.start
            if progress is not None and total:
                progress(done / total)
        return self.put_together(timeline, phrases)

    def put_together(self, timeline: Timeline, phrases: Iterable[Phrase]) -> Timeline:
        """Let phrases that were written down count beside the voice.

        Args:
            timeline: what the voice says.
            phrases: in the time of the timeline, in any order.

        Returns:
            See `hear`.
        """
        ordered = sorted(phrases, key=lambda phrase: (phrase.start, phrase.end))
        judged = self.judge(with_speakers(ordered, timeline), timeline)
        if self.redact:
            judged = list(redact_transcript(Transcript(tuple(judged))))
        languages = Counter(phrase.language for phrase in judged if phrase.language)
        transcript = Transcript(
            tuple(judged),
            language=languages.most_common(1)[0][0] if languages else self.language,
            transcriber=self.transcriber.name,
            model=self.model.title,
            weight=self.fusion.weight,
            translator=self._translates_by,
        )
        heard = fuse_segments(timeline, judged, fusion=self.fusion, prior=self.model.prior)
        return replace(heard, words=transcript)

    @property
    def _translates_by(self) -> str | None:
        if self.translates_itself:
            return self.transcriber.name
        return self.translator.name if self.translator is not None else None

    def _phrases(
        self, spoken: Spoken, stretch: Stretch, samples: NDArray[np.float32], speaker: str | None
    ) -> Iterator[Phrase]:
        """Put the phrases of a stretch into the time of the recording, and into English."""
        found = list(self.translated(spoken, samples))
        for phrase in found:
            words = tuple(
                replace(word, start=word.start + stretch.start, end=word.end + stretch.start)
                for word in phrase.words
            )
            yield replace(
                phrase,
                start=phrase.start + stretch.start,
                end=phrase.end + stretch.start,
                words=words,
                speaker=speaker,
                language=phrase.language or spoken.language,
            )

    def translated(self, spoken: Spoken, samples: NDArray[np.float32]) -> Sequence[Phrase]:
        """Add what phrases mean in English, where that was asked for and they are not English.

        Args:
            spoken: what was said in a stretch.
            samples: of the stretch, 16 kHz, shape (samples,).

        Raises:
            TranscriptionError: a recogniser or a server failed.
            ModelError: a network isn't to be had.
        """
        language = spoken.language or self.language
        asked = self.translator is not None or self.translates_itself
        if not asked or not spoken.phrases or base_language(language) == "en":
            return spoken.phrases
        if self.translator is not None:
            texts = [phrase.text for phrase in spoken.phrases]
            said = self.translator.translate(texts, language=language)
        else:
            english = self.transcriber.transcribe(samples, language=language, translate=True)
            said = _beside(spoken.phrases, english.phrases)
        return [
            replace(phrase, translation=text)
            for phrase, text in zip(spoken.phrases, said, strict=True)
        ]

    def judge(self, phrases: Sequence[Phrase], timeline: Timeline) -> list[Phrase]:
        """Say of phrases what the voice, the words, and both together tell.

        Args:
            phrases: in the time of the timeline.
            timeline: what the voice says.

        Returns:
            The phrases with scores. Words in a language that the model of words doesn't know are
            judged by their translation, or not at all.
        """
        said = self.model.judge([self._readable(phrase) for phrase in phrases])
        heard = VoiceUnder(timeline)
        judged = []
        for phrase, wording in zip(phrases, said, strict=True):
            voice = heard(phrase.start, phrase.end, speaker=phrase.speaker)
            judged.append(
                replace(
                    phrase,
                    voice=voice,
                    wording=wording,
                    scores=self.fusion.together(
                        voice,
                        wording,
                        prior=self.model.prior,
                        share=fullness_of(phrase),
                    ),
                    incongruence=incongruence(voice, wording),
                )
            )
        return judged

    def _readable(self, phrase: Phrase) -> str:
        """Give the text of a phrase in a language that the model of words knows."""
        language = base_language(phrase.language)
        if not self.model.languages:
            # Which it reads isn't known; most read English.
            return phrase.translation or phrase.text
        if language is None or language in self.model.languages:
            return phrase.text
        return phrase.translation or ""

    def masked(self, phrase: Phrase, *, after: Sequence[Phrase]) -> Phrase:
        """Mask what shall not be kept of a phrase.

        Args:
            phrase: what was said.
            after: phrases before it, which may have told a name.
        """
        if not self.redact:
            return phrase
        return redact_transcript(Transcript((*after, phrase))).phrases[-1]


def _beside(phrases: Sequence[Phrase], english: Sequence[Phrase]) -> list[str]:
    """Give each phrase what of an English hearing was said in its time.

    Examples:
        >>> from affetto.transcript import Phrase
        >>> said = [Phrase(0.0, 1.0, "Ja."), Phrase(2.0, 3.0, "Nein.")]
        >>> _beside(said, [Phrase(0.1, 0.8, "Yes."), Phrase(1.9, 3.0, "No.")])
        ['Yes.', 'No.']
    """
    parts: list[list[str]] = [[] for _ in phrases]
    pieces = [w for p in english for w in (p.words or (p,))]
    for piece in pieces:
        middle = (piece.start + piece.end) / 2
        gaps = [max(phrase.start - middle, middle - phrase.end) for phrase in phrases]
        parts[int(np.argmin(gaps))].append(piece.text.strip())
    return [" ".join(filter(None, part)) for part in parts]
