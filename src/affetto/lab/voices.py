"""What tells speakers apart, fitted on whole clips once the encoder is done.

The encoder learns to tell the training speakers apart, but its rows follow what is said and how it
feels at least as much. Linear discriminant analysis (Fisher 1936; Rao 1948) finds the directions
in which speakers differ most for how much each of them varies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["VoiceProjection", "fit_voice"]

_MOST_CLIPS = 10
"""A speaker's clips count as much as this many at most."""

_SHRINK = 0.1
"""Share of the covariance within speakers that is taken to be alike in all directions."""


class VoiceProjection(NamedTuple):
    """A linear map from a row of frames to a row of voice.

    Attributes:
        weight: shape (voice, width).
        bias: shape (voice,); the mean of the corpora comes to lie at 0.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


def fit_voice(
    frames: NDArray[np.float32],
    speaker: NDArray[np.int64],
    corpus: NDArray[np.int64],
    *,
    size: int,
) -> VoiceProjection | None:
    """Find what tells speakers apart, whatever they say and feel.

    Speakers are compared within their corpus, so that rooms and microphones don't count. A
    direction is scaled by the square root of the share of its variance that lies between speakers.

    Args:
        frames: mean frames of clips, shape (n, width).
        speaker: of each clip, (n,).
        corpus: of each clip, (n,).
        size: values in a row of voice; what the speakers are too few for stays 0.

    Returns:
        The projection; None where no corpus has two speakers with two clips each.

    Examples:
        >>> who = np.repeat(np.arange(4), 50)
        >>> rows = np.random.default_rng(0).normal(size=(200, 3)) * [9.0, 1.0, 1.0]
        >>> rows[:, 1] += 4.0 * who
        >>> found = fit_voice(rows, who, np.zeros(200, int), size=1)
        >>> int(np.abs(found.weight).argmax())
        1
    """
    from scipy.linalg import eigh

    width = frames.shape[1]
    within, between = np.zeros((width, width)), np.zeros((width, width))
    repeats, others = 0.0, 0
    for number in np.unique(corpus):
        means = []
        for one in np.unique(speaker[corpus == number]):
            clips = frames[(corpus == number) & (speaker == one)].astype(np.float64)
            if len(clips) < 2:
                continue
            means.append(clips.mean(axis=0))
            rest = clips - means[-1]
            share = min(len(clips), _MOST_CLIPS) / len(clips)
            within += share * rest.T @ rest
            repeats += share * (len(clips) - 1)
        if len(means) > 1:
            rest = np.array(means) - np.mean(means, axis=0)
            between += rest.T @ rest
            others += len(means) - 1
    if not others or not np.trace(within):
        return None
    within, between = within / repeats, between / others
    within = (1 - _SHRINK) * within + _SHRINK * np.trace(within) / width * np.eye(width)
    values, directions = eigh(between, within)
    kept = min(size, others, width)
    values, directions = values[::-1][:kept].clip(0.0), directions[:, ::-1][:, :kept]
    weight = np.zeros((size, width))
    weight[:kept] = (directions * np.sqrt(values / (1.0 + values))).T
    middle = np.mean(
        [frames[corpus == number].mean(axis=0) for number in np.unique(corpus)], axis=0
    )
    return VoiceProjection(weight.astype(np.float32), (-weight @ middle).astype(np.float32))
