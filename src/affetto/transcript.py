"""What is said, and what is felt in it: words, the phrases they make, the transcript of a source.

Times are seconds from the start of the source. Everything here is immutable, and has a lasting form
of plain JSON types, as a `Timeline` has, which holds a `Transcript` where words were asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["INCONGRUENT_FROM", "Phrase", "Transcript", "Word"]

INCONGRUENT_FROM = 0.4
"""From this incongruence on a face says that voice and words disagree."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word and when it is said.

    Attributes:
        text: as it is written, with the punctuation that hangs on it.
        start: seconds.
        end: seconds, not before `start`.
        confidence: probability that it was heard right, in [0, 1], of recognisers that say it.
    """

    text: str
    start: float
    end: float
    confidence: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the word as plain JSON types."""
        row: dict[str, Any] = {
            "text": self.text,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
        }
        if self.confidence is not None:
            row["confidence"] = round(self.confidence, 4)
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Word:
        """Rebuild a word from `to_dict`'s form."""
        sure = row.get("confidence")
        return cls(
            text=str(row["text"]),
            start=float(row["start"]),
            end=float(row["end"]),
            confidence=None if sure is None else float(sure),
        )


def _top(scores: Mapping[str, float]) -> str | None:
    return max(scores, key=lambda label: scores[label]) if scores else None


@dataclass(frozen=True, slots=True)
class Phrase:
    """A stretch of speech that one person says without a long pause, and what is felt in it.

    Attributes:
        start: seconds.
        end: seconds, above `start`.
        text: what is said.
        words: the words with their times; empty of recognisers that know none.
        speaker: who says it, where that is known.
        language: ISO 639-1 code of what is said, where that is known.
        translation: what is said, in English, where that was asked for.
        voice: label → probability by the voice alone; empty where nothing was judged.
        wording: label → probability by the words alone; empty where nothing was judged.
        scores: label → probability by words and voice together.
        incongruence: probability that voice and words point opposite ways, in [0, 1]; None where
            only one of the two was judged.

    Examples:
        >>> fine = Phrase(0.0, 1.2, "I'm fine.", voice={"sad": 0.8, "happy": 0.2},
        ...               wording={"sad": 0.1, "happy": 0.9}, scores={"sad": 0.6, "happy": 0.4},
        ...               incongruence=0.74)
        >>> fine.voice_emotion, fine.wording_emotion, fine.emotion, fine.incongruent
        ('sad', 'happy', 'sad', True)
    """

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    speaker: str | None = None
    language: str | None = None
    translation: str | None = None
    voice: Mapping[str, float] = field(default_factory=dict)
    wording: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    incongruence: float | None = None

    def __post_init__(self) -> None:
        for name in ("voice", "wording", "scores"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    @property
    def voice_emotion(self) -> str | None:
        """The emotion of the voice alone; None where it wasn't judged."""
        return _top(self.voice)

    @property
    def wording_emotion(self) -> str | None:
        """The emotion of the words alone; None where they weren't judged."""
        return _top(self.wording)

    @property
    def emotion(self) -> str | None:
        """The emotion of words and voice together; None where neither was judged."""
        return _top(self.scores)

    @property
    def confidence(self) -> float:
        """Probability that `emotion` is right, in [0, 1]."""
        return max(self.scores.values(), default=0.0)

    @property
    def incongruent(self) -> bool:
        """Whether voice and words disagree enough to say so."""
        return self.incongruence is not None and self.incongruence >= INCONGRUENT_FROM

    @property
    def differing(self) -> bool:
        """Whether voice and words tell different feelings; neutral words tell none."""
        voice, wording = self.voice_emotion, self.wording_emotion
        if voice is None or wording is None:
            return False
        return self.incongruent or wording not in (voice, "neutral")

    def to_dict(self) -> dict[str, Any]:
        """Give the phrase as plain JSON types."""
        row: dict[str, Any] = {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "text": self.text,
            "speaker": self.speaker,
            "language": self.language,
            "emotion": self.emotion,
        }
        for name in ("scores", "voice", "wording"):
            row[name] = {label: round(p, 4) for label, p in getattr(self, name).items()}
        row["voice_emotion"], row["wording_emotion"] = self.voice_emotion, self.wording_emotion
        row["incongruence"] = None if self.incongruence is None else round(self.incongruence, 4)
        if self.translation is not None:
            row["translation"] = self.translation
        row["words"] = [word.to_dict() for word in self.words]
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Phrase:
        """Rebuild a phrase from `to_dict`'s form."""
        scores = {
            name: {str(label): float(p) for label, p in (row.get(name) or {}).items()}
            for name in ("voice", "wording", "scores")
        }
        apart = row.get("incongruence")
        return cls(
            start=float(row["start"]),
            end=float(row["end"]),
            text=str(row["text"]),
            words=tuple(map(Word.from_dict, row.get("words", ()))),
            speaker=row.get("speaker"),
            language=row.get("language"),
            translation=row.get("translation"),
            incongruence=None if apart is None else float(apart),
            **scores,
        )


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is said in a source, phrase by phrase.

    Attributes:
        phrases: in order of their start.
        language: ISO 639-1 code of most of it, where that is known.
        transcriber: what wrote it down, as a person shall read it.
        model: what judged the words, by name and version; empty where nothing did.
        weight: of the words in what is said of both together; 0 leaves the voice alone.
        translator: what translated it; None where nothing was translated.

    Examples:
        >>> transcript = Transcript((Phrase(0.0, 1.0, "Hello."), Phrase(2.0, 3.0, "Anyone?")))
        >>> transcript.text
        'Hello. Anyone?'
        >>> Transcript.from_dict(transcript.to_dict()) == transcript
        True
    """

    phrases: tuple[Phrase, ...]
    language: str | None = None
    transcriber: str = ""
    model: str = ""
    weight: float = 0.0
    translator: str | None = None

    def __iter__(self) -> Iterator[Phrase]:
        return iter(self.phrases)

    def __len__(self) -> int:
        return len(self.phrases)

    @property
    def text(self) -> str:
        """All that is said, in one line."""
        return " ".join(phrase.text for phrase in self.phrases if phrase.text)

    def slice(self, start: float, end: float) -> Transcript:
        """Keep the phrases that reach into a stretch, whole; times are seconds."""
        kept = tuple(p for p in self.phrases if p.end > start and p.start < end)
        return replace(self, phrases=kept)

    def to_dict(self) -> dict[str, Any]:
        """Give the transcript as plain JSON types."""
        row: dict[str, Any] = {
            "language": self.language,
            "transcriber": self.transcriber,
            "model": self.model,
            "weight": self.weight,
            "phrases": [phrase.to_dict() for phrase in self.phrases],
        }
        if self.translator is not None:
            row["translator"] = self.translator
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Transcript:
        """Rebuild a transcript from `to_dict`'s form."""
        return cls(
            phrases=tuple(map(Phrase.from_dict, row["phrases"])),
            language=row.get("language"),
            transcriber=str(row.get("transcriber", "")),
            model=str(row.get("model", "")),
            weight=float(row.get("weight", 0.0)),
            translator=row.get("translator"),
        )
