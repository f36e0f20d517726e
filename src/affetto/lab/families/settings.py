"""What can be set of every training: the networks' own values, and what befalls the clips."""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from affetto.errors import OptionError
from affetto.lab.augment import parse

__all__ = ["WIDEST", "AugmentConfig", "NetworkSettings", "check_bounds"]


WIDEST = 16_384
"""The most units that a layer of a head may have."""

_NONE: Mapping[str, float] = MappingProxyType({})


def check_bounds(
    settings: Any,
    *,
    above: Mapping[str, float] = _NONE,
    least: Mapping[str, float] = _NONE,
    below: Mapping[str, float] = _NONE,
    most: Mapping[str, float] = _NONE,
) -> None:
    """Make sure that numbers, or all of a list's, are within bounds.

    Args:
        settings: what holds them.
        above: name → what it must be above.
        least: name → the least it may be.
        below: name → what it must be below.
        most: name → the most it may be.

    Raises:
        OptionError: one is beyond a bound; it is named.
    """
    kinds = (
        ("above", above, gt),
        ("at least", least, ge),
        ("below", below, lt),
        ("at most", most, le),
    )
    for words, bounds, fits in kinds:
        for name, bound in bounds.items():
            value = getattr(settings, name)
            for one in value if isinstance(value, tuple) else (value,):
                if not fits(one, bound):
                    raise OptionError(f"found {name} {one}, expected it {words} {bound}")


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """Altered variants of the training clips.

    Attributes:
        steps: what befalls them, for `affetto.lab.augment.parse`.
        copies: how many of each clip.
        votes: learn from the listeners' votes, where clips have them, rather than from one label.
    """

    steps: str = ""
    copies: int = 0
    votes: bool = False

    def __post_init__(self) -> None:
        if self.steps:
            parse(self.steps)
        if self.copies < 0 or (self.copies > 0) != bool(self.steps):
            raise OptionError(
                f"found {self.copies} copies altered by {self.steps or 'no steps'}, expected "
                "steps and one copy or more, or neither"
            )


_EPOCHS = 25.0


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """How a network learns.

    Attributes:
        epochs: how often it meets as many clips as there are; None for 25 times, or for `steps`
            batches where the clips are so few that these are more.
        steps: batches without which a network has learnt little, however few the clips.
        batch: clips at a time.
        rate: highest learning rate (AdamW; warmed up, then a half cosine down to nothing).
        decay: weight decay.
        dropout: see the network.
        width: multiplies its channels.
        size: of the YOLOv8 network: n, s or m.
        balance: "sampling" draws classes alike, "weights" weighs the loss, "none" does neither.
        stretch: slowest and fastest speed at which frames are taken.
        time_mask: share of the time that a mask may take (SpecAugment).
        band_mask: share of the columns that a mask may take.
        mixup: strength of mixing pairs of clips; 0 for none.
        smoothing: of the labels.
        checks: of the held-out speakers, in all.
        patience: checks without a better score after which to stop; 0 never does.
        average: decay of the running mean of the weights, which is what is kept.
        half: compute in bfloat16 where that is faster.
        weights: a file of weights to start from (.safetensors).
        freeze: leave what was loaded as it is.
    """

    epochs: float | None = None
    steps: int = 800
    batch: int = 32
    rate: float = 1.5e-3
    decay: float = 2e-2
    dropout: float = 0.3
    width: float = 1.0
    size: Literal["n", "s", "m"] = "n"
    balance: Literal["sampling", "weights", "none"] = "sampling"
    stretch: tuple[float, float] = (0.85, 1.18)
    time_mask: float = 0.1
    band_mask: float = 0.1
    mixup: float = 0.0
    smoothing: float = 0.1
    checks: int = 20
    patience: int = 0
    average: float = 0.98
    half: bool = True
    weights: Path | None = None
    freeze: bool = False

    def __post_init__(self) -> None:
        shares = ("dropout", "time_mask", "band_mask", "smoothing", "average")
        check_bounds(
            self,
            above={"rate": 0, "width": 0} | ({} if self.epochs is None else {"epochs": 0}),
            least={"decay": 0, "steps": 1, **dict.fromkeys(shares, 0)},
            below=dict.fromkeys(shares, 1),
        )
        if self.batch < 2 or self.checks < 1 or self.patience < 0:
            raise OptionError(
                f"found batch {self.batch}, checks {self.checks}, patience {self.patience}, "
                "expected at least 2, 1 and 0"
            )
        if self.mixup < 0.0 or not 0.0 < self.stretch[0] <= self.stretch[1]:
            raise OptionError(
                f"found mixup {self.mixup} and stretch {self.stretch}, expected mixup 0 or more "
                "and two rising speeds above 0"
            )
        if self.freeze and self.weights is None:
            raise OptionError("found freeze without weights, expected a file of weights as well")

    @property
    def most_checks(self) -> int:
        """How often the held-out speakers judge at most: once an epoch."""
        return min(self.checks, max(1, int(self.epochs or _EPOCHS)))

    def length(self, clips: int) -> int:
        """Give the batches that it learns in all.

        Args:
            clips: to learn from.

        Examples:
            >>> auto, told = NetworkSettings(), NetworkSettings(epochs=10)
            >>> auto.length(320), auto.length(3200), told.length(320)
            (800, 2500, 100)
        """
        per_epoch = -(-clips // self.batch)
        if self.epochs is None:
            return max(self.steps, round(_EPOCHS * per_epoch))
        return max(1, round(self.epochs * per_epoch))
