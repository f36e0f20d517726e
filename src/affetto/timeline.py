"""The one result type: emotion over time.

Times are seconds from the start of the source. A `Timeline` is immutable; every face of Affetto
(terminal, report, files) draws it, and `to_dict`/`from_dict` are its lasting form.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from affetto.emotions import colour_of
from affetto.errors import AffettoError, MissingExtraError
from affetto.explanation import Explanation
from affetto.transcript import Transcript

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

__all__ = ["UNCERTAIN_BELOW", "Segment", "Timeline", "Track", "clock", "signed"]

UNCERTAIN_BELOW = 0.4
"""Below this confidence a face says "uncertain" beside the label."""


def clock(seconds: float, *, digits: int = 0) -> str:
    """Write a time as people read it off a player, with hours where there are any.

    Args:
        seconds: not below 0.
        digits: decimals of the seconds.

    Examples:
        >>> clock(75.25), clock(75.25, digits=1), clock(3725)
        ('1:15', '1:15.2', '1:02:05')
    """
    # Cut, not rounded: a player shows 1:15 until 1:16 is reached.
    units = int(seconds * 10**digits + 1e-6)
    whole, part = divmod(units, 10**digits)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"{text}.{part:0{digits}}" if digits else text


def signed(value: float) -> str:
    """Write a valence or an arousal with its sign.

    Examples:
        >>> signed(0.351), signed(-0.2), signed(-0.004)
        ('+0.35', '-0.20', '+0.00')
    """
    # "-0.00" would read as a direction.
    return f"{value if abs(value) >= 0.005 else 0.0:+.2f}"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech with one feeling.

    Attributes:
        start: seconds.
        end: seconds, above `start`.
        emotion: the top label; None from a model that only regresses valence and arousal.
        scores: label → calibrated probability; sums to 1, or is empty without an emotion.
        confidence: probability that `emotion` is right, in [0, 1].
        valence: in [-1, 1].
        arousal: in [-1, 1].
        dominance: in [-1, 1], from models that say it.
        speaker: who speaks, where that was asked for.
        gender: of a gender × emotion model.
        text: what is said, where that was asked for.

    Examples:
        >>> Segment(0.0, 1.5, "happy", {"happy": 0.7, "sad": 0.3}, 0.7, 0.5, 0.4).duration
        1.5
    """

    start: float
    end: float
    emotion: str | None
    scores: Mapping[str, float]
    confidence: float
    valence: float
    arousal: float
    dominance: float | None = None
    speaker: str | None = None
    gender: str | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", MappingProxyType(dict(self.scores)))

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    @property
    def uncertain(self) -> bool:
        """Whether the confidence is too low to say the label without a caution."""
        return self.emotion is not None and self.confidence < UNCERTAIN_BELOW

    def to_dict(self) -> dict[str, Any]:
        """Give the segment as plain JSON types; dominance and gender where a model says them."""
        row: dict[str, Any] = {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "emotion": self.emotion,
            "confidence": round(self.confidence, 4),
            "scores": {label: round(p, 4) for label, p in self.scores.items()},
            "valence": round(self.valence, 4),
            "arousal": round(self.arousal, 4),
            "speaker": self.speaker,
            "text": self.text,
        }
        for name in ("dominance", "gender"):
            if (value := getattr(self, name)) is not None:
                row[name] = value
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Segment:
        """Rebuild a segment from `to_dict`'s form."""
        return cls(
            start=float(row["start"]),
            end=float(row["end"]),
            emotion=row["emotion"],
            scores={str(k): float(v) for k, v in row["scores"].items()},
            confidence=float(row["confidence"]),
            valence=float(row["valence"]),
            arousal=float(row["arousal"]),
            dominance=row.get("dominance"),
            speaker=row.get("speaker"),
            gender=row.get("gender"),
            text=row.get("text"),
        )


@dataclass(frozen=True, slots=True)
class Track:
    """Probabilities over time, one row a hop, before they are merged into segments.

    Attributes:
        times: seconds, the middle of each window.
        labels: the columns of `scores`.
        scores: one row of calibrated probabilities a time; each sums to 1.
        speech: probability of speech at each time, in [0, 1].
        speakers: who speaks at each time; empty where not asked for.
    """

    times: tuple[float, ...]
    labels: tuple[str, ...]
    scores: tuple[tuple[float, ...], ...]
    speech: tuple[float, ...]
    speakers: tuple[str | None, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the track as plain JSON types."""
        row: dict[str, Any] = {
            "times": [round(t, 3) for t in self.times],
            "labels": list(self.labels),
            "scores": [[round(p, 4) for p in line] for line in self.scores],
            "speech": [round(p, 3) for p in self.speech],
        }
        if self.speakers:
            row["speakers"] = list(self.speakers)
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Track:
        """Rebuild a track from `to_dict`'s form."""
        return cls(
            times=tuple(row["times"]),
            labels=tuple(row["labels"]),
            scores=tuple(tuple(line) for line in row["scores"]),
            speech=tuple(row["speech"]),
            speakers=tuple(row.get("speakers", ())),
        )


@dataclass(frozen=True, slots=True)
class Timeline:
    """Emotion over time in one source.

    Attributes:
        source: path, URL or a name for sound in memory.
        duration: seconds.
        segments: in order of their start; without overlap within one speaker.
        model: the name and version of the model.
        track: the windows behind the segments, for pictures.
        warnings: what the user should know (a truncated file, say), one line each.
        prior: emotion → how many times as common it was taken to be as those not named here.
        explanations: what drove the labels of some segments, where that was asked for.
        words: what is said, where that was asked for; the segments' scores are then those of words
            and voice together, by the weight that stands there.

    Examples:
        >>> joy = Segment(0.0, 2.0, "happy", {"happy": 1.0}, 0.9, 0.8, 0.5)
        >>> gloom = Segment(2.5, 3.5, "sad", {"sad": 1.0}, 0.8, -0.7, -0.5)
        >>> timeline = Timeline("x.wav", 4.0, (joy, gloom), "default")
        >>> [segment.emotion for segment in timeline.slice(2.0, 3.0)]
        ['sad']
        >>> timeline.summary()["share"]
        {'happy': 0.6667, 'sad': 0.3333}
    """

    source: str
    duration: float
    segments: tuple[Segment, ...]
    model: str
    track: Track | None = None
    speakers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    prior: Mapping[str, float] = field(default_factory=dict)
    explanations: tuple[Explanation, ...] = ()
    words: Transcript | None = None

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    def __len__(self) -> int:
        return len(self.segments)

    @property
    def speech_duration(self) -> float:
        """Seconds that the segments cover."""
        return sum(segment.duration for segment in self.segments)

    def slice(self, start: float, end: float) -> Timeline:
        """Cut out a stretch; segments that reach over an edge are clipped, times stay as they are.

        Args:
            start: seconds.
            end: seconds.
        """
        kept = tuple(
            replace(s, start=max(s.start, start), end=min(s.end, end))
            for s in self.segments
            if s.end > start and s.start < end
        )
        track = self.track
        if track is not None:
            inside = [i for i, t in enumerate(track.times) if start <= t < end]
            track = Track(
                tuple(track.times[i] for i in inside),
                track.labels,
                tuple(track.scores[i] for i in inside),
                tuple(track.speech[i] for i in inside),
                tuple(track.speakers[i] for i in inside) if track.speakers else (),
            )
        explained = tuple(e for e in self.explanations if e.end > start and e.start < end)
        words = self.words and self.words.slice(start, end)
        return replace(self, segments=kept, track=track, explanations=explained, words=words)

    def merge(self, other: Timeline) -> Timeline:
        """Lay another timeline of the same source over this one, in order of start.

        Raises:
            AffettoError: the two are of different sources.
        """
        if other.source != self.source:
            raise AffettoError(
                f"found timelines of {self.source} and {other.source}, expected one source"
            )
        segments = sorted((*self.segments, *other.segments), key=lambda s: (s.start, s.end))
        speakers = dict.fromkeys((*self.speakers, *other.speakers))
        return replace(
            self,
            duration=max(self.duration, other.duration),
            segments=tuple(segments),
            speakers=tuple(speakers),
            warnings=tuple(dict.fromkeys((*self.warnings, *other.warnings))),
            explanations=(*self.explanations, *other.explanations),
            words=_both(self.words, other.words),
        )

    def summary(self) -> dict[str, Any]:
        """Sum up: share of speech per emotion, strongest moments, changes.

        Returns:
            `share` (label → share of the speech's time), `dominant` (the label with the largest
            share, or None), `strongest` (label → its most confident segment's start, end and
            confidence), `changes` (how often the label changes from one segment to the next),
            `speech` (seconds), `valence` and `arousal` (means over the speech, or None).
        """
        total = self.speech_duration
        time: dict[str, float] = {}
        strongest: dict[str, Segment] = {}
        for s in self.segments:
            if s.emotion is None:
                continue
            time[s.emotion] = time.get(s.emotion, 0.0) + s.duration
            if s.emotion not in strongest or s.confidence > strongest[s.emotion].confidence:
                strongest[s.emotion] = s
        ranked = sorted(time.items(), key=lambda item: -item[1])
        said = [s.emotion for s in self.segments if s.emotion is not None]
        return {
            "share": {label: round(seconds / total, 4) for label, seconds in ranked},
            "dominant": ranked[0][0] if ranked else None,
            "strongest": {
                label: {
                    "start": round(s.start, 3),
                    "end": round(s.end, 3),
                    "confidence": round(s.confidence, 4),
                }
                for label, s in strongest.items()
            },
            "changes": sum(a != b for a, b in pairwise(said)),
            "speech": round(total, 3),
            "valence": self._mean("valence"),
            "arousal": self._mean("arousal"),
        }

    def _mean(self, name: str) -> float | None:
        total = self.speech_duration
        if not total:
            return None
        mean: float = sum(getattr(s, name) * s.duration for s in self.segments) / total
        return round(mean, 4)

    def to_dict(self, *, track: bool = False) -> dict[str, Any]:
        """Give the timeline as plain JSON types.

        Args:
            track: include the windows behind the segments.
        """
        row: dict[str, Any] = {
            "source": self.source,
            "duration": round(self.duration, 3),
            "model": self.model,
            "prior": dict(self.prior),
            "segments": [segment.to_dict() for segment in self.segments],
            "summary": self.summary(),
        }
        if self.speakers:
            row["speakers"] = list(self.speakers)
        if self.warnings:
            row["warnings"] = list(self.warnings)
        if self.explanations:
            row["explanations"] = [explanation.to_dict() for explanation in self.explanations]
        if self.words is not None:
            row["words"] = self.words.to_dict()
        if track and self.track is not None:
            row["track"] = self.track.to_dict()
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Timeline:
        """Rebuild a timeline from `to_dict`'s form."""
        return cls(
            source=str(row["source"]),
            duration=float(row["duration"]),
            segments=tuple(Segment.from_dict(s) for s in row["segments"]),
            model=str(row["model"]),
            track=Track.from_dict(row["track"]) if row.get("track") else None,
            speakers=tuple(row.get("speakers", ())),
            warnings=tuple(row.get("warnings", ())),
            prior={str(label): float(odds) for label, odds in row.get("prior", {}).items()},
            explanations=tuple(map(Explanation.from_dict, row.get("explanations", ()))),
            words=Transcript.from_dict(row["words"]) if row.get("words") else None,
        )

    def to_table(self) -> list[dict[str, Any]]:
        """Give one flat row a segment, the scores as columns `score_LABEL`."""
        rows = []
        for segment in self.segments:
            row = {"source": self.source, **segment.to_dict()}
            scores = row.pop("scores")
            rows.append(row | {f"score_{label}": p for label, p in scores.items()})
        return rows

    def to_frame(self) -> pd.DataFrame:
        """Give `to_table` as a pandas DataFrame.

        Raises:
            MissingExtraError: pandas isn't installed.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError:
            raise MissingExtraError("pandas", extra="train", purpose="a DataFrame") from None
        return pd.DataFrame(self.to_table())

    def _repr_html_(self) -> str:
        return f"<b>{html.escape(self.source)}</b> {_ribbon(self.segments, self.duration)}"


def _both(one: Transcript | None, other: Transcript | None) -> Transcript | None:
    """Lay two transcripts over each other; what made them is told of the first."""
    if one is None or other is None:
        return one or other
    phrases = sorted((*one.phrases, *other.phrases), key=lambda p: (p.start, p.end))
    return replace(one, phrases=tuple(phrases))


def _ribbon(segments: Iterable[Segment], duration: float) -> str:
    """Draw the segments as a coloured strip for a notebook."""
    bars = "".join(
        f'<div title="{s.emotion} {s.confidence:.0%}" style="position:absolute;height:100%;'
        f"left:{100 * s.start / duration:.2f}%;width:{100 * s.duration / duration:.2f}%;"
        f'background:{colour_of(s.emotion)}"></div>'
        for s in segments
    )
    return f'<div style="position:relative;height:1.5em;background:#eee">{bars}</div>'
