"""Who speaks: a simple, honest baseline that clusters embeddings of short windows.

It tells a man from a woman well, and two voices that are alike badly. The command ``python
benchmarks/speech.py`` measures the diarisation error of made-up conversations, and how often the
number of speakers is right. Overlapping voices are not known, a change of speaker is heard only to
within about a second, and where the number of speakers isn't given, a voice that changes much (a
shout, a whisper) may become two, and two that are alike one. For two known voices on two channels,
separate the channels instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

__all__ = ["separate_speakers"]

_MOST_CLUSTERED = 1500
"""Average linkage needs memory with the square of this; of more windows an even part is taken."""

_MOST_SPEAKERS = 8
"""More are not looked for unless their number is given."""

_LEAST_SHARE = 0.05
"""Nobody has a smaller share of the speech, unless the number of speakers is given."""


def separate_speakers(
    voices: NDArray[Any],
    speech: NDArray[Any],
    *,
    count: int | None = None,
    distance: float = 0.45,
    shortest: int = 2,
) -> NDArray[np.int64]:
    """Tell which speaker is heard in each window.

    The recording's mean is taken off (it holds the room and the microphone), the embeddings are
    scaled to length 1 and clustered by average linkage of their cosine distance (Sokal and Michener
    1958); turns that are too short are given to their neighbours.

    Args:
        voices: embedding of each window, in order of time, shape (n, V).
        speech: whether somebody speaks in each window, shape (n,).
        count: how many speakers there are; found by `distance` where not given.
        distance: cosine distance of their means, as they were heard, above which two voices are two
            speakers.
        shortest: windows; shorter turns within one stretch of speech go to their neighbours.

    Returns:
        Speaker of each window, 0, 1, … in order of appearance; -1 without speech. Shape (n,).

    Examples:
        >>> voices = np.repeat([[1.0, 0.0], [0.0, 1.0]], 5, axis=0)
        >>> separate_speakers(voices, np.ones(10, bool))
        array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    """
    heard = np.flatnonzero(speech)
    speakers = np.full(len(voices), -1, np.int64)
    if not len(heard):
        return speakers
    rows = np.asarray(voices, np.float64)[heard]
    units = _unit(rows - rows.mean(axis=0))
    if count is None:
        centres = _find_centres(rows, units, distance=distance)
    else:
        centres = next(_clusterings(units, [count]))
    speakers[heard] = _join_short_turns(heard, (units @ centres.T).argmax(axis=1), shortest)
    named, first = np.unique(speakers[heard], return_index=True)
    order = np.empty(int(named.max()) + 1, np.int64)
    order[named[np.argsort(first)]] = np.arange(len(named))
    speakers[heard] = order[speakers[heard]]
    return speakers


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float64] = rows / np.maximum(length, 1e-9)
    return unit


def _find_centres(
    rows: NDArray[np.float64], units: NDArray[np.float64], *, distance: float
) -> NDArray[np.float64]:
    """Find as many clusters as there are whose means all lie far enough apart."""
    for centres in _clusterings(units, range(min(_MOST_SPEAKERS, len(units)), 1, -1)):
        nearest = (units @ centres.T).argmax(axis=1)
        sizes = np.bincount(nearest, minlength=len(centres))
        if sizes.min() < max(_LEAST_SHARE * len(units), 2):
            continue
        means = _unit(np.stack([rows[nearest == k].mean(axis=0) for k in range(len(centres))]))
        apart = 1.0 - means @ means.T
        if apart[np.triu_indices(len(means), 1)].min(initial=2.0) > distance:
            return centres
    return next(_clusterings(units, [1]))


def _clusterings(
    units: NDArray[np.float64], counts: Iterable[int]
) -> Iterator[NDArray[np.float64]]:
    """Cluster embeddings of length 1, once a count; give the clusters' middles, of length 1."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    some = units[:: -(-len(units) // _MOST_CLUSTERED)]
    tree = linkage(pdist(some, "sqeuclidean"), "average") if len(some) > 1 else None
    for count in counts:
        clusters = np.ones(len(some)) if tree is None else fcluster(tree, count, "maxclust")
        yield _unit(np.stack([some[clusters == name].mean(axis=0) for name in np.unique(clusters)]))


def _join_short_turns(
    places: NDArray[np.int64], speakers: NDArray[np.int64], shortest: int
) -> NDArray[np.int64]:
    """Give turns of fewer than `shortest` windows to the turn before, else to the one after."""
    joined = speakers.copy()
    changes = np.flatnonzero((np.diff(speakers) != 0) | (np.diff(places) > 1)) + 1
    bounds = np.concatenate([[0], changes, [len(speakers)]])
    turns = list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))
    for begin, end in turns:
        if end - begin >= shortest:
            continue
        if begin > 0 and places[begin] - places[begin - 1] == 1:
            joined[begin:end] = joined[begin - 1]
        elif end < len(speakers) and places[end] - places[end - 1] == 1:
            joined[begin:end] = joined[end]
    return joined
