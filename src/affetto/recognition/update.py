"""What is told while somebody speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from affetto.timeline import Segment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from affetto.recognition.live import LiveRecognizer

__all__ = ["Update"]


@dataclass(frozen=True, slots=True)
class Update:
    """What is heard in the latest sound.

    Attributes:
        time: seconds of sound up to which it hears.
        emotion: the top label; None where nobody speaks.
        scores: label → calibrated probability, over the last window's length of sound; empty where
            nobody speaks.
        confidence: the top label's probability; 0 where nobody speaks.
        valence: in [-1, 1], from the scores; 0 where nobody speaks.
        arousal: the same.
        speech: probability of speech in the newest sound.
        speaking: whether somebody speaks, for long enough to tell; a short pause changes nothing.
        known_seconds: of the voice, that its baseline was learned from.
        latency: seconds after `time` of the last sample that it needs, and seconds from the arrival
            of that one to this update.
        segments: those of the timeline that are complete since the update before.
    """

    time: float
    emotion: str | None
    scores: Mapping[str, float]
    confidence: float
    valence: float
    arousal: float
    speech: float
    speaking: bool
    known_seconds: float
    latency: float
    segments: tuple[Segment, ...] = ()

    @classmethod
    def at_end(cls, live: LiveRecognizer) -> Update:
        """Give the update after the last: nobody speaks, and the rest of the segments is there."""
        known = live.baseline.heard if live.baseline is not None else 0.0
        return cls(live.heard, None, {}, 0.0, 0.0, 0.0, 0.0, False, known, 0.0, live.rest)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Update:
        """Rebuild an update from `to_dict`'s form."""
        names = {"time", "emotion", "scores", "confidence", "valence", "arousal", "speech"}
        names |= {"speaking", "known_seconds", "latency"}
        segments = tuple(Segment.from_dict(segment) for segment in row["segments"])
        return cls(**{name: row[name] for name in names}, segments=segments)

    def to_dict(self) -> dict[str, Any]:
        """Give the update as plain JSON types."""
        return {
            "time": round(self.time, 3),
            "emotion": self.emotion,
            "confidence": round(self.confidence, 4),
            "scores": {label: round(p, 4) for label, p in self.scores.items()},
            "valence": round(self.valence, 4),
            "arousal": round(self.arousal, 4),
            "speech": round(self.speech, 3),
            "speaking": self.speaking,
            "known_seconds": round(self.known_seconds, 2),
            "latency": round(self.latency, 4),
            "segments": [segment.to_dict() for segment in self.segments],
        }
