"""Where better values may lie: a search space for each family, for `affetto tune`."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from affetto.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from affetto.lab.families.config import ModelConfig

__all__ = ["SPACES", "Between", "OneOf", "Space", "space_of", "with_values"]


@dataclass(frozen=True, slots=True)
class Between:
    """A number.

    Attributes:
        low: the least.
        high: the largest.
        log: draw its logarithm evenly: for what counts by its order of magnitude.
        whole: a whole number.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few values; a list is written as its parts with + between them."""

    values: tuple[str | float | bool, ...]


Range = Between | OneOf
Space = dict[str, Range]
"""A value's table and name, as in ``settings.rate`` → where it may lie."""

_ROWS: Space = {
    "features.parts": OneOf(
        ("functionals", "functionals+mfcc", "functionals+mfcc+mel", "mfcc+chroma+mel")
    ),
    "features.statistics": OneOf(("mean", "mean+std")),
}
_FRAMES: Space = {"features.parts": OneOf(("mfcc", "mel", "mfcc+mel", "mfcc+chroma+mel"))}
_LEARNING: Space = {
    "settings.rate": Between(3e-4, 6e-3, log=True),
    "settings.decay": Between(1e-3, 0.3, log=True),
    "settings.dropout": Between(0.0, 0.6),
    "settings.batch": OneOf((16, 32, 64)),
    "settings.balance": OneOf(("sampling", "weights", "none")),
    "settings.mixup": Between(0.0, 0.5),
    "settings.smoothing": Between(0.0, 0.2),
    "augment.steps": OneOf(
        (
            "noise:8..35dB",
            "speed:0.85..1.18",
            "speed:0.85..1.18,noise:8..35dB",
            "pitch:-2..2,noise:8..35dB",
        )
    ),
}
_MASKS: Space = {
    "settings.time_mask": Between(0.0, 0.4),
    "settings.band_mask": Between(0.0, 0.4),
}
_WIDTH: Space = {"settings.width": OneOf((0.5, 0.75, 1.0, 1.5))}

SPACES: Mapping[str, Space] = MappingProxyType(
    {
        "svm": {
            "settings.costs": Between(0.05, 100.0, log=True),
            "settings.gamma": Between(0.05, 10.0, log=True),
            **_ROWS,
        },
        "mlp": {
            "settings.hidden": OneOf(("64", "128", "256", "512", "256+128")),
            "settings.decays": Between(1e-3, 30.0, log=True),
            "settings.rate": Between(3e-4, 1e-2, log=True),
            **_ROWS,
        },
        "forest": {
            "settings.leaves": Between(1, 12, whole=True),
            "settings.extra": OneOf((True, False)),
            **_ROWS,
        },
        "gradient-boosting": {
            "settings.rounds": Between(50, 300, log=True, whole=True),
            "settings.rates": Between(0.02, 0.3, log=True),
            "settings.leaves": Between(4, 63, log=True, whole=True),
            "settings.decay": Between(0.1, 30.0, log=True),
            **_ROWS,
        },
        "cnn1d": {**_LEARNING, **_MASKS, **_WIDTH},
        "lstm": {**_LEARNING, **_MASKS, **_WIDTH, **_FRAMES},
        "cnn": {**_LEARNING, **_MASKS, **_WIDTH, **_FRAMES},
        "cnn-lstm": {**_LEARNING, **_MASKS, **_WIDTH, **_FRAMES},
        "resnet18": {**_LEARNING, **_MASKS},
        "mfcc-cnn": {**_LEARNING, **_MASKS},
        "yolo-cls": {
            **_LEARNING,
            "settings.size": OneOf(("n", "s")),
            "features.size": OneOf((96, 128, 160)),
        },
        "wav2vec2-svm": {
            "settings.last": OneOf((1, 2, 4, 8)),
            "settings.pooling": OneOf(("mean", "statistics")),
            "settings.head": OneOf(("svm", "logistic")),
            "settings.costs": Between(3e-3, 30.0, log=True),
        },
        "wav2vec2-finetune": {
            "settings.rate": Between(3e-4, 3e-3, log=True),
            "settings.encoder_rate": Between(5e-6, 1e-4, log=True),
            "settings.decay": Between(1e-3, 0.1, log=True),
            "settings.dropout": Between(0.0, 0.5),
            "settings.pooling": OneOf(("mean", "statistics", "attention")),
            "settings.states": OneOf(("last", "weighted")),
            "settings.accumulate": OneOf((1, 2, 4)),
            "settings.time_mask": Between(0.0, 0.3),
            "settings.smoothing": Between(0.0, 0.2),
        },
    }
)
"""Every family's space by its name. Epochs and checks are no part of it: they are the budget."""


def space_of(config: ModelConfig, *, fixed: Iterable[str] = ()) -> Space:
    """Give the values that are to be tried.

    Args:
        config: of the model; one whose clips are not altered leaves them so.
        fixed: values that stay as they are: ``rate``, ``features.parts``.

    Raises:
        OptionError: the family has no space, or every value of it is fixed.

    Examples:
        >>> from affetto.lab.families.config import ModelConfig
        >>> sorted(space_of(ModelConfig.of("forest"), fixed=["features.parts"]))
        ['features.statistics', 'settings.extra', 'settings.leaves']
    """
    if config.family.name not in SPACES:
        raise OptionError(
            f"found no search space of {config.family.name}, expected one of {', '.join(SPACES)}"
        )
    kept = {name if "." in name else f"settings.{name}" for name in fixed}
    if not config.augment.steps:
        kept.add("augment.steps")
    space = {name: at for name, at in SPACES[config.family.name].items() if name not in kept}
    if not space:
        raise OptionError(
            f"found every value of {config.family.name}'s search space set, expected one or more "
            "to try: leave a --set out"
        )
    return space


def with_values(config: ModelConfig, values: Mapping[str, Any]) -> ModelConfig:
    """Give a configuration with values of its space.

    Args:
        config: to be changed.
        values: as `Between` and `OneOf` have them, by table and name.

    Raises:
        OptionError: a value out of its range.

    Examples:
        >>> from affetto.lab.families.config import ModelConfig
        >>> svm = ModelConfig.of("svm")
        >>> svm = with_values(svm, {"settings.costs": 3.0, "features.parts": "mfcc+mel"})
        >>> svm.settings.costs, svm.features.parts
        ((3.0,), ('mfcc', 'mel'))
    """
    tables: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        table, _, key = name.partition(".")
        several = isinstance(getattr(getattr(config, table), key), tuple)
        tables.setdefault(table, {})[key] = _listed(value) if several else value
    return config.with_tables(tables)


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, str):
        return [value]
    return [int(part) if part.isdigit() else part for part in value.split("+")]
