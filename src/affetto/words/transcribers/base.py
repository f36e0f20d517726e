"""What a recogniser of speech is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from affetto.transcript import Phrase

__all__ = ["Partial", "Spoken", "Transcriber", "TranscriptStream"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said in a stretch of sound.

    Attributes:
        phrases: in order; times are seconds from the start of the stretch.
        language: ISO 639-1 code, where the recogniser knows one or was told.
        language_confidence: probability of the language, in [0, 1], where it was detected.
        translated: whether the phrases are English for what was said in another language.
    """

    phrases: tuple[Phrase, ...]
    language: str | None = None
    language_confidence: float | None = None
    translated: bool = False


@dataclass(frozen=True, slots=True)
class Partial:
    """What a stream can say so far.

    Attributes:
        finished: phrases that ended since the last answer and won't change; their times are
            seconds from the start of the stream.
        text: what is heard of the phrase that is being said; it may still change.
        start: seconds, where that phrase began; None where nothing is being said.
    """

    finished: tuple[Phrase, ...] = ()
    text: str = ""
    start: float | None = None


class TranscriptStream(Protocol):
    """Speech to text while it is spoken."""

    def feed(self, samples: NDArray[Any]) -> Partial:
        """Hear more; 16 kHz floats in [-1, 1], shape (samples,), of any length."""

    def finish(self) -> Partial:
        """Say what was still held back; nothing may be fed afterwards."""


class Transcriber(Protocol):
    """Speech to text.

    Attributes:
        name: what it is, as a person shall read it ("Whisper small", "pocketsphinx 5.1 (embedded
            fallback)").
        span: seconds of sound that it likes to hear at once; longer is cut at pauses before.
        translates: whether it can put what it hears into English by itself.
        languages: ISO 639-1 codes of what it understands; empty where it is not limited.
    """

    name: str
    span: float
    translates: bool
    languages: tuple[str, ...]

    def transcribe(
        self, samples: NDArray[Any], *, language: str | None = None, translate: bool = False
    ) -> Spoken:
        """Write down what is said.

        Args:
            samples: 16 kHz floats in [-1, 1], shape (samples,).
            language: ISO 639-1 code of what is said; detected where not given.
            translate: give English instead.

        Raises:
            TranscriptionError: the recogniser or its server failed.
            OptionError: it doesn't know the language, or can't translate.
        """

    def stream(self, *, language: str | None = None) -> TranscriptStream:
        """Begin to write down what is being said."""
