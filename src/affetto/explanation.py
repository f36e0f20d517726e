"""Why an emotion was heard: how much each stretch of time and band of pitch spoke for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Explanation", "Patch", "hertz"]

_DIGITS = {"start": 3, "end": 3, "low": 1, "high": 1, "effect": 4, "left": 4}


class Patch(NamedTuple):
    """A stretch of time and a band of frequencies.

    Attributes:
        start: seconds.
        end: seconds.
        low: Hz.
        high: Hz.
        effect: by how much hiding it lowers the logarithm of the emotion's probability, nats.
        left: what is left of that probability where it is hidden.
    """

    start: float
    end: float
    low: float
    high: float
    effect: float
    left: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """How much each part of the sound spoke for an emotion, found by hiding it.

    Attributes:
        start: seconds; where the stretch begins whose emotion is explained.
        end: seconds.
        emotion: what is explained.
        scores: label → probability over the stretch, nothing hidden; sums to 1.
        times: edges of the parts in time, seconds, rising, (n + 1,). They reach as far beyond the
            stretch as the model's windows do.
        bands: edges of the parts in frequency, Hz, rising, (m + 1,).
        effect: by how much the logarithm of the emotion's probability falls where a part is hidden
            along with its neighbours (nats), n rows of m; below 0 it speaks against the emotion.
            At an edge fewer are hidden: it is what as many as elsewhere would have done.
        runs: how often the model was asked.
        strongest: the patches that spoke most for the emotion, the strongest first, as they were
            hidden: of two parts by two, fewer at an edge.

    Examples:
        >>> why = Explanation(0.0, 1.0, "sad", {"sad": 0.8, "calm": 0.2}, (0.0, 0.5, 1.0),
        ...                   (0.0, 1000.0, 8000.0), ((0.0, 0.1), (0.7, -0.2)), 5,
        ...                   (Patch(0.5, 1.0, 0.0, 1000.0, effect=0.69, left=0.4),))
        >>> why.confidence, why.strongest[0].left
        (0.8, 0.4)
    """

    start: float
    end: float
    emotion: str
    scores: Mapping[str, float]
    times: tuple[float, ...]
    bands: tuple[float, ...]
    effect: tuple[tuple[float, ...], ...]
    runs: int
    strongest: tuple[Patch, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", MappingProxyType(dict(self.scores)))

    @property
    def confidence(self) -> float:
        """The emotion's probability, nothing hidden."""
        return self.scores.get(self.emotion, 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Give the explanation as plain JSON types, its strongest parts spelt out."""
        return {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "emotion": self.emotion,
            "scores": {label: round(p, 4) for label, p in self.scores.items()},
            "times": [round(t, 3) for t in self.times],
            "bands": [round(hz, 1) for hz in self.bands],
            "effect": [[round(value, 4) for value in row] for row in self.effect],
            "runs": self.runs,
            "strongest": [
                {name: round(value, _DIGITS[name]) for name, value in patch._asdict().items()}
                for patch in self.strongest
            ],
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Explanation:
        """Rebuild an explanation from `to_dict`'s form.

        Raises:
            ValueError: the effects don't fit the edges, or a number is none.
        """
        times, bands = tuple(map(float, row["times"])), tuple(map(float, row["bands"]))
        effect = tuple(tuple(map(float, line)) for line in row["effect"])
        fits = len(effect) + 1 == len(times) and all(len(r) + 1 == len(bands) for r in effect)
        strongest = tuple(
            Patch(**{name: float(patch[name]) for name in Patch._fields})
            for patch in row["strongest"]
        )
        lines = (times, bands, *effect, *strongest)
        numbers = (value for line in lines for value in line)
        if not fits or not all(map(math.isfinite, numbers)):
            raise ValueError(f"an explanation of {len(times)} times and {len(bands)} bands")
        return cls(
            start=float(row["start"]),
            end=float(row["end"]),
            emotion=str(row["emotion"]),
            scores={str(label): float(p) for label, p in row["scores"].items()},
            times=times,
            bands=bands,
            effect=effect,
            runs=int(row["runs"]),
            strongest=strongest,
        )


def hertz(low: float, high: float) -> str:
    """Write a band of frequencies, in steps that are heard.

    Examples:
        >>> hertz(0, 259), hertz(614, 1098), hertz(1761, 2670)
        ('up to 260 Hz', '610–1100 Hz', '1.8–2.7 kHz')
    """
    if high >= 1500:
        return f"{low / 1000:.1f}–{high / 1000:.1f} kHz"
    if low < 20:
        return f"up to {round(high, -1):.0f} Hz"
    return f"{round(low, -1):.0f}–{round(high, -1):.0f} Hz"
