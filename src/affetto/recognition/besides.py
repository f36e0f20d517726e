"""What some models say besides emotions, or instead of them: whose voice it is; dimensions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.models import WindowPackage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from affetto.models import ModelPackage
    from affetto.timeline import Segment

__all__ = ["says_besides", "with_besides"]


def says_besides(package: ModelPackage, pooled: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Give what a model says of windows besides the scores of emotions.

    Args:
        package: the model.
        pooled: what was kept of the windows, (n, `ModelPackage.pooled_width`).

    Returns:
        The probability that a woman speaks, (n, 1), of a model that tells genders; valence, arousal
        and dominance, (n, 3), of a model of dimensions; None of any other.
    """
    if not isinstance(package, WindowPackage):
        return None
    if package.dimensional:
        return pooled.astype(np.float64)
    return package.female(pooled)[:, None] if package.card.genders else None


def with_besides(segments: Iterable[Segment], said: NDArray[Any], *, hop: float) -> list[Segment]:
    """Put into each segment the mean of what is said besides of its windows.

    Args:
        segments: in order of time.
        said: of `says_besides`, of all windows from the first, (n, 1) or (n, 3).
        hop: seconds from window to window.

    Examples:
        >>> from affetto.timeline import Segment
        >>> parts = [Segment(0.0, 1.0, "sad", {"sad": 1.0}, 1.0, -0.7, -0.5)]
        >>> with_besides(parts, np.array([[0.9], [0.8], [0.1]]), hop=0.5)[0].gender
        'f'
        >>> of_dimensions = with_besides(parts, np.full((2, 3), 0.25), hop=0.5)[0]
        >>> of_dimensions.emotion, of_dimensions.valence, of_dimensions.dominance
        (None, 0.25, 0.25)
    """
    told = []
    for segment in segments:
        first = min(int(segment.start / hop), len(said) - 1)
        last = max(first + 1, int(np.ceil(segment.end / hop - 1e-9)))
        mean = said[first:last].mean(axis=0).tolist()
        if len(mean) == 1:
            told.append(replace(segment, gender="f" if mean[0] >= 0.5 else "m"))
            continue
        valence, arousal, dominance = mean
        told.append(
            replace(
                segment,
                emotion=None,
                scores={},
                confidence=0.0,
                valence=valence,
                arousal=arousal,
                dominance=dominance,
            )
        )
    return told
