"""Who speaks: a simple, honest baseline that clusters embeddings of short windows.

It knows nothing of overlapping voices, hears a change of speaker only to within about a second,
and where the number of speakers isn't given, a voice that changes much (a shout, a whisper) may
become two. For two known voices on two channels, separate the channels instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["separate_speakers"]

_MOST_CLUSTERED = 1500
"""Average linkage needs memory with the square of this; of more windows an even part is taken."""


def separate_speakers(
    voices: NDArray[Any],
    speech: NDArray[Any],
    *,
    count: int | None = None,
    distance: float = 0.5,
    shortest: int = 2,
    least_share: float = 0.02,
) -> NDArray[np.int64]:
    """Tell which speaker is heard in each window.

    The embeddings are scaled to length 1 and clustered by average linkage of their cosine
    distance (Sokal and Michener 1958); turns that are too short are given to their neighbours.

    Args:
        voices: embedding of each window, in order of time, shape (n, V).
        speech: whether somebody speaks in each window, shape (n,).
        count: how many speakers there are; found by `distance` where not given.
        distance: cosine distance above which two voices are two speakers.
        shortest: windows; shorter turns within one stretch of speech go to their neighbours.
        least_share: without `count`, voices with a smaller share of the speech are joined to the
            voice nearest to them.

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
    units = _unit(np.asarray(voices, np.float64)[heard])
    centres = _centres(units, count=count, distance=distance, least_share=least_share)
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


def _centres(
    units: NDArray[np.float64], *, count: int | None, distance: float, least_share: float
) -> NDArray[np.float64]:
    """Cluster the embeddings; give the middle of each cluster, of length 1."""
    if len(units) < 2 or count == 1:
        return _unit(units.mean(axis=0, keepdims=True))
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    step = -(-len(units) // _MOST_CLUSTERED)
    some = units[::step]
    # For rows of length 1 the squared distance is twice the cosine distance.
    tree = linkage(pdist(some, "sqeuclidean") / 2.0, "average")
    if count is not None:
        clusters = fcluster(tree, count, "maxclust")
    else:
        clusters = fcluster(tree, distance, "distance")
    names, sizes = np.unique(clusters, return_counts=True)
    if count is None:
        kept = names[sizes >= max(least_share * len(some), 2)]
        names = kept if len(kept) else names[[sizes.argmax()]]
    return _unit(np.stack([some[clusters == name].mean(axis=0) for name in names]))


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
