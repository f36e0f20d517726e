"""Whose voice it is, woman's or man's, of models that tell it."""

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

__all__ = ["female_of", "with_genders"]


def female_of(package: ModelPackage, pooled: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Give the probability that a woman speaks, (n,), from what was kept of windows.

    Args:
        package: the model.
        pooled: of the windows, (n, `ModelPackage.pooled_width`).

    Returns:
        None for a model that doesn't tell.
    """
    if isinstance(package, WindowPackage) and package.card.genders:
        return package.female(pooled)
    return None


def with_genders(segments: Iterable[Segment], female: NDArray[Any], *, hop: float) -> list[Segment]:
    """Say of each segment whether a woman or a man speaks in it: by the mean of its windows.

    Args:
        segments: in order of time.
        female: the probability that a woman speaks in each window, (n,).
        hop: seconds from window to window.

    Examples:
        >>> from affetto.timeline import Segment
        >>> parts = [Segment(0.0, 1.0, None, {}, 0.0, 0.0, 0.0)]
        >>> with_genders(parts, np.array([0.9, 0.8, 0.1]), hop=0.5)[0].gender
        'f'
    """
    told = []
    for segment in segments:
        first = min(int(segment.start / hop), len(female) - 1)
        last = max(first + 1, int(np.ceil(segment.end / hop - 1e-9)))
        share = float(np.mean(female[first:last]))
        told.append(replace(segment, gender="f" if share >= 0.5 else "m"))
    return told
