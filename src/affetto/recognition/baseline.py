"""How one voice sounds when nothing stands out, learned while it is heard.

Voices differ more from each other than feelings do. So Affetto learns where a speaker's windows
lie and hears the departure from there. The mean alone would take an angry caller's anger for that
caller's neutral. So the emotion that the model itself expects is taken out of the mean, the more
the less varied it is: where many feelings were heard they cancel out in the mean, and taking them
out would only add the model's own errors. And the mean is shrunk towards the population's while
little has been heard: the best linear prediction of a random speaker effect (Robinson 1991,
doi:10.1214/ss/1177011926). Where the baseline was learned from alike windows, and so may
mislead, what the model says without one keeps a say in the answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from affetto.errors import ModelError
from affetto.jobs import atomic_path
from affetto.models.package import read_arrays

__all__ = ["BaselineStatistics", "SpeakerBaseline"]

Array = NDArray[np.float32]

_SETTINGS = ("seconds", "varied", "alike", "enough", "trust_alike", "trust_varied")


@dataclass(frozen=True, slots=True)
class BaselineStatistics:
    """What the training speakers taught about how speakers differ.

    Attributes:
        population: mean pooled window over speakers, (pooled,).
        classes: mean departure of each label from the population, (labels, pooled).
        within: variance of one speaker's windows about the speaker's mean, the emotion taken out,
            (pooled,).
        between: variance of the speakers' means, (pooled,).
        seconds: length of the windows that `within` was measured on.
        varied: entropy of the mean probabilities, as a share of the highest, from which on the
            expected emotion is left in.
        alike: the same, up to which it is taken out wholly.
        enough: seconds of speech from which on a baseline is used.
        trust_alike: weight of the answer beside the baseline, against the answer without, where
            the expected emotion is taken out wholly.
        trust_varied: the same where it is left in.
    """

    population: Array
    classes: Array
    within: Array
    between: Array
    seconds: float = 2.5
    varied: float = 0.9
    alike: float = 0.7
    enough: float = 8.0
    trust_alike: float = 0.65
    trust_varied: float = 1.0

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give the statistics as arrays, for `baseline.npz`."""
        return {
            "population": self.population,
            "classes": self.classes,
            "within": self.within,
            "between": self.between,
            "settings": np.array([getattr(self, name) for name in _SETTINGS]),
        }

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read `baseline.npz` of a model package.

        Raises:
            ModelError: the file is missing, damaged or lacks an array.
        """
        arrays = read_arrays(Path(path))
        try:
            settings = zip(_SETTINGS, arrays["settings"].tolist(), strict=True)
            return cls(
                population=arrays["population"].astype(np.float32),
                classes=arrays["classes"].astype(np.float32),
                within=arrays["within"].astype(np.float32),
                between=arrays["between"].astype(np.float32),
                **dict(settings),
            )
        except (KeyError, ValueError) as error:
            raise ModelError(
                f"{path}: {error} is missing or misshapen in the baseline's statistics; "
                "fetch the model again"
            ) from None


class SpeakerBaseline:
    """One speaker's baseline, from windows as they are heard.

    Args:
        statistics: of the model whose windows it will hear.
        model: that model's name and version; a saved baseline is refused by another model.

    Examples:
        >>> flat = np.zeros(2, np.float32)
        >>> statistics = BaselineStatistics(flat, np.zeros((1, 2), np.float32), flat + 1, flat + 1)
        >>> voice = SpeakerBaseline(statistics)
        >>> voice.update(np.full((4, 2), 3.0, np.float32), np.ones((4, 1)), np.full(4, 2.5))
        >>> voice.heard, np.allclose(voice.vector(), 2.4)
        (10.0, True)
    """

    def __init__(self, statistics: BaselineStatistics, *, model: str = "") -> None:
        self.statistics = statistics
        self.model = model
        self._sum: NDArray[np.float64] = np.zeros(len(statistics.population))
        self._said: NDArray[np.float64] = np.zeros(len(statistics.classes))
        self.heard = 0.0

    @property
    def ready(self) -> bool:
        """Whether enough of the voice was heard for the baseline to be used."""
        return self.heard >= self.statistics.enough

    def update(
        self,
        pooled: Array,
        probabilities: NDArray[np.floating[Any]],
        seconds: NDArray[np.floating[Any]],
    ) -> None:
        """Hear windows that do not overlap.

        Args:
            pooled: (n, pooled).
            probabilities: what the model thinks of each, (n, labels), rows summing to 1.
            seconds: how much speech each holds, (n,), not negative.
        """
        weights = np.asarray(seconds, np.float64)
        self._sum += weights @ (np.asarray(pooled, np.float64) - self.statistics.population)
        self._said += weights @ np.asarray(probabilities, np.float64)
        self.heard += float(np.sum(weights))

    def vector(self) -> Array:
        """Give where this speaker's windows lie, (pooled,); the population's mean before any."""
        stats = self.statistics
        if self.heard <= 0.0:
            return stats.population.copy()
        expected = self._said / self.heard @ stats.classes
        departure = self._sum / self.heard - self._likeness * expected
        count = self.heard / stats.seconds
        # A value that never differed, as that of a unit which is always off, tells no voices apart.
        spread = np.maximum(stats.between + stats.within / count, np.finfo(np.float32).tiny)
        shrink = stats.between / spread
        return np.asarray(stats.population + shrink * departure, np.float32)

    @property
    def _likeness(self) -> float:
        """How alike the emotions heard were: 0 for varied ones, 1 for hardly more than one."""
        stats, said = self.statistics, self._said / max(self.heard, 1e-9)
        entropy = -float(said @ np.log(np.maximum(said, 1e-12))) / np.log(max(len(said), 2))
        return float(np.clip((stats.varied - entropy) / (stats.varied - stats.alike), 0.0, 1.0))

    def blend(self, plain: NDArray[Any], relative: NDArray[Any]) -> NDArray[np.float64]:
        """Weigh what a model says beside this baseline against what it says without.

        Args:
            plain: logits beside the population's baseline, (n, labels).
            relative: logits beside this one, (n, labels).

        Returns:
            Logits, (n, labels).
        """
        stats, likeness = self.statistics, self._likeness
        trust = likeness * stats.trust_alike + (1.0 - likeness) * stats.trust_varied
        return np.asarray(trust * relative + (1.0 - trust) * plain, np.float64)

    def save(self, path: str | Path) -> None:
        """Keep the baseline of a person in a file (`.npz`, never pickled).

        Raises:
            OutputError: it can't be written there.
        """
        path = Path(path)
        with atomic_path(path) as unfinished, unfinished.open("wb") as file:
            np.savez(
                file,
                kind=np.array(json.dumps({"kind": "affetto-baseline", "model": self.model})),
                sum=self._sum,
                said=self._said,
                heard=np.array(self.heard),
            )

    @classmethod
    def load(cls, path: str | Path, statistics: BaselineStatistics, *, model: str = "") -> Self:
        """Take up the baseline of a person again.

        Raises:
            ModelError: the file is no baseline, or one of another model.
        """
        arrays = read_arrays(Path(path))
        try:
            kind = json.loads(str(arrays["kind"]))
            loaded = cls(statistics, model=model)
            shapes = (arrays["sum"].shape, arrays["said"].shape)
            if kind["kind"] != "affetto-baseline" or shapes != (
                loaded._sum.shape,
                loaded._said.shape,
            ):
                raise ValueError
            loaded._sum = arrays["sum"].astype(np.float64)
            loaded._said = arrays["said"].astype(np.float64)
            loaded.heard = float(arrays["heard"])
        except (KeyError, TypeError, ValueError):
            raise ModelError(
                f"{path}: expected a speaker's baseline saved by Affetto with this model; "
                "learn it afresh with --save-baseline"
            ) from None
        if kind["model"] != model:
            raise ModelError(
                f"{path}: found a baseline learned with {kind['model']!r}, expected {model!r}; "
                "learn it afresh with --save-baseline"
            )
        return loaded
