"""What a recogniser may be asked for: labels and a prior that its model knows, each said once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from affetto.emotions import parse_labels
from affetto.errors import OptionError
from affetto.recognition.prior import Prior, parse_prior

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from affetto.models import ModelPackage

__all__ = ["columns_of", "prior_for", "refuse_beside_recognizer"]


def refuse_beside_recognizer(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Refuse options that stand beside a `Recognizer`, which has its own.

    Args:
        options: as they were given.
        defaults: what they are where they weren't given.

    Raises:
        OptionError: one of them was given.
    """
    if strange := [name for name, given in options.items() if given != defaults[name]]:
        raise OptionError(
            f"found {strange[0]} beside a Recognizer, which has its own: give it to that"
        )


def columns_of(package: ModelPackage, labels: str | Iterable[str] | None) -> tuple[int, ...]:
    """Find the columns of the labels asked for."""
    if labels is None:
        return tuple(range(len(package.labels)))
    asked = parse_labels(labels)
    if not package.says_emotions:
        raise OptionError(
            f"found labels for the model {package.card.title}, which gives valence, arousal and "
            "dominance: leave them out"
        )
    if missing := [label.value for label in asked if label.value not in package.labels]:
        raise OptionError(
            f"found label {missing[0]!r}, which the model {package.card.title} can't say: "
            f"choose from {', '.join(package.labels)}"
        )
    if len(asked) < 2:
        raise OptionError(f"found the label {asked[0]} alone, expected two or more to choose among")
    return tuple(package.labels.index(label.value) for label in asked)


def prior_for(package: ModelPackage, prior: Prior) -> dict[str, float]:
    """Read a prior; one that a person wrote must name what the model can say."""
    odds = parse_prior(prior)
    if not package.says_emotions:
        return {}
    strange = [label for label in odds if label not in package.labels]
    if strange and prior != "everyday":
        raise OptionError(
            f"found a prior of {strange[0]}, which the model {package.card.title} can't say: "
            f"choose from {', '.join(package.labels)}"
        )
    return {label: value for label, value in odds.items() if label in package.labels}
