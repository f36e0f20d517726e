"""What training speakers teach about how speakers differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from affetto.recognition.baseline import BaselineStatistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fit_baseline"]

_ROUNDS = 5
_SECONDS = 2.5
"""Mean length of the clips' speech."""
_ENOUGH = 8.0
"""Seconds of speech from which on a baseline is used."""


def fit_baseline(
    pooled: NDArray[np.float32],
    label: NDArray[np.int64],
    speaker: NDArray[np.int64],
    labels: int,
) -> BaselineStatistics:
    """Part pooled windows into population, feeling, speaker and rest.

    A window is the population's mean, plus its label's departure, plus its speaker's, plus a
    rest. Departures of labels and speakers are fitted in turns, each speaker counting the same
    however many clips there are.

    Args:
        pooled: windows of labelled training clips, (n, pooled).
        label: index of each window's label, (n,).
        speaker: index of each window's speaker, (n,).
        labels: how many labels there are.

    Examples:
        >>> windows = np.array([[0.0], [1.0], [10.0], [11.0]], np.float32)
        >>> fitted = fit_baseline(windows, np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]), 2)
        >>> fitted.population.tolist(), fitted.classes.ravel().tolist(), fitted.between.tolist()
        ([5.5], [-0.5, 0.5], [25.0])
    """
    speakers = np.unique(speaker)
    means = np.stack([pooled[speaker == s].mean(axis=0) for s in speakers])
    population = means.mean(axis=0)
    place = np.searchsorted(speakers, speaker)
    shift = means - population
    classes = np.zeros((labels, pooled.shape[1]))
    for _ in range(_ROUNDS):
        rest = pooled - population - shift[place]
        for c in np.unique(label):
            of_class = label == c
            voices = np.unique(place[of_class])
            classes[c] = np.mean(
                [rest[of_class & (place == voice)].mean(axis=0) for voice in voices], axis=0
            )
        rest = pooled - population - classes[label]
        shift = np.stack([rest[place == i].mean(axis=0) for i in range(len(speakers))])
    rest = rest - shift[place]
    return BaselineStatistics(
        population=population.astype(np.float32),
        classes=classes.astype(np.float32),
        within=rest.var(axis=0).astype(np.float32),
        between=shift.var(axis=0).astype(np.float32),
        seconds=_SECONDS,
        enough=_ENOUGH,
    )
