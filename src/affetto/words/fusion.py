"""Words and voice together: late fusion of calibrated probabilities, and where the two disagree.

What the words say counts as evidence beside the voice, in the manner of Bayes: each emotion's
probability is multiplied by how much likelier the words make it than it is among ordinary texts,
to the power of a weight. Words that hold no feeling are no evidence about the voice that says them
(the sentences of acted corpora are all of that kind, and so is much of what people say in anger),
so the evidence counts only as far as the words are surer than even of what they hold.
"""

from __future__ import annotations

import json
import math
import unicodedata
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from affetto.errors import FormatError, OptionError
from affetto.jobs import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["DEFAULT_WEIGHT", "Fusion", "evidence", "fullness", "incongruence"]

DEFAULT_WEIGHT = 0.5
"""Of the words. `benchmarks/words.py` shows that it costs nothing on corpora whose sentences are
neutral; no corpus of varied texts was at hand to choose it by, so it stays below 1, which would
trust the words as much as the voice."""

_STRONGEST = 3.0
"""Nepers that the words may say for or against one emotion."""

_FULL = 4
"""Words of a phrase from which on it counts in full."""

_LIKE: Mapping[str, str] = MappingProxyType(
    {
        "calm": "neutral",
        "bored": "neutral",
        "other": "neutral",
        "frustrated": "angry",
        "excited": "happy",
        "neutral": "calm",
    }
)
"""Which label of words stands for one of the voice that words can't say."""

_SIDES: Mapping[str, int] = MappingProxyType(
    {"happy": 1, "excited": 1, "calm": 1}
    | dict.fromkeys(("sad", "angry", "fear", "disgust", "frustrated", "bored"), -1)
)
"""Which emotions are pleasant and which are not; the rest is neither."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """How words and voice are put together.

    Attributes:
        weight: of the words' evidence; 0 leaves the voice alone, 1 trusts the words as if they
            were independent of the voice.
        trust: of the voice: the power of its probabilities; 1 takes them as they are.
        offset: added to the logarithm of each label's probability, of a learned fusion.
        learned: from what a learned fusion was learned; empty otherwise.

    Raises:
        OptionError: the weight or the trust is out of range.

    Examples:
        >>> flat = {"neutral": 0.7, "sad": 0.2, "happy": 0.1}
        >>> said = {"neutral": 0.02, "sad": 0.95, "happy": 0.03}
        >>> common = {"neutral": 0.4, "sad": 0.2, "happy": 0.4}
        >>> both = Fusion(weight=1.0).together(flat, said, prior=common)
        >>> max(both, key=both.get)
        'sad'
        >>> Fusion(weight=0.0).together(flat, said, prior=common) == flat
        True
    """

    weight: float = DEFAULT_WEIGHT
    trust: float = 1.0
    offset: Mapping[str, float] = field(default_factory=dict)
    learned: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.weight) and 0.0 <= self.weight <= 5.0):
            raise OptionError(f"found a weight of the words of {self.weight}, expected 0 to 5")
        if not (math.isfinite(self.trust) and 0.0 < self.trust <= 5.0):
            raise OptionError(f"found a trust in the voice of {self.trust}, expected above 0 to 5")
        object.__setattr__(self, "offset", MappingProxyType(dict(self.offset)))

    def together(
        self,
        voice: Mapping[str, float],
        wording: Mapping[str, float],
        *,
        prior: Mapping[str, float],
        share: float = 1.0,
    ) -> dict[str, float]:
        """Put together what voice and words say.

        Args:
            voice: label → calibrated probability by the voice; may be empty.
            wording: label → calibrated probability by the words; may be empty.
            prior: how common each label of the words is among ordinary texts.
            share: how far the words count here, from 0 to 1: they may fill but a part of the
                voice's stretch, or be few (see `fullness`).

        Returns:
            Label → probability, of the voice's labels; the words alone speak where the voice was
            not judged, and the voice alone where the words were not (as far as a learned fusion
            trusts it).
        """
        if not voice:
            return dict(wording)
        if not self.learned and not (wording and self.weight):
            return dict(voice)
        labels = list(voice)
        logs = np.log(np.maximum([voice[label] for label in labels], 1e-12)) * self.trust
        told = evidence(wording, labels, prior=prior) if wording else {}
        logs += self.weight * share * np.array([told.get(label, 0.0) for label in labels])
        logs += np.array([self.offset.get(label, 0.0) for label in labels])
        raised = np.exp(logs - logs.max())
        return dict(zip(labels, (raised / raised.sum()).tolist(), strict=True))

    def save(self, path: Path) -> None:
        """Write the fusion as JSON.

        Raises:
            OutputError: it can't be written there.
        """
        row = {
            "format": "fusion 1",
            "weight": self.weight,
            "trust": self.trust,
            "offset": dict(self.offset),
            "learned": self.learned,
        }
        with atomic_write(path) as file:
            json.dump(row, file, indent=1)
            file.write("\n")

    @classmethod
    def load(cls, path: Path) -> Fusion:
        """Read what `save` wrote.

        Raises:
            FormatError: it is no fusion.
        """
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            if row["format"] != "fusion 1":
                raise ValueError(f"format {row['format']!r}")
            offset = {str(label): float(value) for label, value in row["offset"].items()}
            if not all(math.isfinite(value) for value in offset.values()):
                raise ValueError("an offset that is no finite number")
            return cls(float(row["weight"]), float(row["trust"]), offset, str(row["learned"]))
        except OSError as error:
            raise FormatError(f"{path}: can't be read ({error.strerror}); mend the path") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise FormatError(
                f"{path}: found no fusion ({str(error)[:80]}), expected a file that "
                "`affetto words fuse` wrote"
            ) from None
        except OptionError as error:
            raise FormatError(f"{path}: {error}") from None


def evidence(
    wording: Mapping[str, float], labels: list[str], *, prior: Mapping[str, float]
) -> dict[str, float]:
    """Give how much the words speak for each label.

    Args:
        wording: label → calibrated probability by the words.
        labels: of the voice.
        prior: how common each label of the words is among ordinary texts.

    Returns:
        Label → nepers; 0 where the words are not surer than even that they are pleasant, or
        unpleasant, or surprised.

    Examples:
        >>> common = {"neutral": 0.5, "angry": 0.5}
        >>> told = evidence({"neutral": 0.1, "angry": 0.9}, ["calm", "angry"], prior=common)
        >>> round(told["calm"], 2), round(told["angry"], 2)
        (-1.29, 0.47)
        >>> evidence({"neutral": 0.6, "angry": 0.4}, ["calm", "angry"], prior=common)
        {'calm': 0.0, 'angry': 0.0}
    """
    sides = (_on(wording, 1), _on(wording, -1), wording.get("surprise", 0.0))
    felt = max(2.0 * max(sides) - 1.0, 0.0)
    told = {}
    for label in labels:
        said = label if label in wording else _LIKE.get(label, label)
        if said not in wording:
            # Words that can't say it say nothing about it.
            told[label] = 0.0
            continue
        ratio = math.log(max(wording[said], 1e-6) / max(prior.get(said, 0.0), 1e-3))
        told[label] = felt * min(max(ratio, -_STRONGEST), _STRONGEST) + 0.0
    return told


def fullness(text: str) -> float:
    """Give how far a text is long enough for its words to count.

    "No", "sorry" and "thanks" are said out of habit, in any mood; how they are said tells more.

    Args:
        text: as it was judged. Where a script puts no space between words, two signs are a word.

    Examples:
        >>> fullness("No."), fullness("I hate it when you do that"), fullness("我真的非常难过")
        (0.25, 1.0, 1.0)
    """
    signs = sum(c >= "\u0e00" and unicodedata.category(c) == "Lo" for c in text)
    return min((len(text.split()) + signs // 2) / _FULL, 1.0)


def incongruence(voice: Mapping[str, float], wording: Mapping[str, float]) -> float | None:
    """Give the probability that voice and words point opposite ways.

    One pleasant, the other not: the words say fine and the voice does not, or a threat is said with
    a smile. A neutral voice or neutral words are opposed to nothing.

    Args:
        voice: label → calibrated probability by the voice.
        wording: the same by the words.

    Returns:
        Probability, in [0, 1], were the two independent; None where one was not judged.

    Examples:
        >>> incongruence({"sad": 0.75, "happy": 0.25}, {"happy": 1.0})
        0.75
        >>> incongruence({"angry": 1.0}, {"neutral": 1.0})
        0.0
    """
    if not voice or not wording:
        return None
    up, down = ([_on(scores, side) for scores in (voice, wording)] for side in (1, -1))
    return min(up[0] * down[1] + down[0] * up[1], 1.0)


def _on(scores: Mapping[str, float], side: int) -> float:
    return sum(p for label, p in scores.items() if _SIDES.get(label) == side)
