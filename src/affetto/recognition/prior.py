"""How common each emotion is taken to be before a voice is heard."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from affetto.emotions import Emotion, parse_labels
from affetto.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["EVERYDAY", "Prior", "parse_prior", "weigh"]

Prior: TypeAlias = str | Mapping[str, float]
"""`everyday`: most of what people say is neutral or calm; `even`: every emotion is as common as the
next; ``"angry=2"`` or ``{"angry": 2}``: how many times as common as those that are not named."""

EVERYDAY: Mapping[str, float] = {Emotion.NEUTRAL.value: 3.0, Emotion.CALM.value: 3.0}
"""Of speech that nobody acted; a model learns from acted speech, where all are as common."""


def parse_prior(prior: Prior) -> dict[str, float]:
    """Read a prior.

    Args:
        prior: see `Prior`.

    Returns:
        Emotion → how many times as common it is as those that are not named.

    Raises:
        OptionError: it names no emotion, or a number that is not above 0.

    Examples:
        >>> parse_prior("everyday"), parse_prior("even")
        ({'neutral': 3.0, 'calm': 3.0}, {})
        >>> parse_prior("angry=3, sad=0.5")
        {'angry': 3.0, 'sad': 0.5}
        >>> parse_prior("angry=often")
        Traceback (most recent call last):
        ...
        affetto.errors.OptionError: found 'often' as the prior of angry, expected a number above 0
    """
    if prior == "everyday":
        return dict(EVERYDAY)
    if prior == "even":
        return {}
    if isinstance(prior, str):
        pairs = [part.partition("=")[::2] for part in prior.split(",")]
        if not all(value.strip() for _, value in pairs):
            raise OptionError(
                f"found the prior {prior!r}, expected everyday, even, or a list such as "
                "neutral=4,calm=2"
            )
    else:
        pairs = [(name, str(value)) for name, value in prior.items()]
    odds = {}
    for name, value in pairs:
        emotion = parse_labels([name])[0].value
        try:
            odds[emotion] = float(value)
        except ValueError:
            odds[emotion] = math.nan
        if not 0.0 < odds[emotion] < math.inf:
            raise OptionError(
                f"found {value.strip()!r} as the prior of {emotion}, expected a number above 0"
            )
    return odds


def weigh(
    probabilities: NDArray[Any], odds: Mapping[str, float], labels: Sequence[str]
) -> NDArray[np.float64]:
    """Give what probabilities under an even prior become under another one (Bayes' rule).

    Args:
        probabilities: shape (..., labels); rows sum to 1.
        odds: what `parse_prior` gave.
        labels: the columns.

    Returns:
        Shape (..., labels); rows sum to 1.

    Examples:
        >>> weigh(np.array([0.5, 0.5]), {"calm": 4.0}, ["calm", "sad"])
        array([0.8, 0.2])
    """
    weighed = np.asarray(probabilities, np.float64) * [odds.get(label, 1.0) for label in labels]
    total: NDArray[np.float64] = weighed.sum(axis=-1, keepdims=True)
    return weighed / total
