"""Stretches of speech from the probability of speech, with hysteresis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.models.card import SpeechThresholds

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ActivityStream", "speech_regions"]


class ActivityStream:
    """Find stretches of speech while probabilities come in chunks.

    Speech begins where the probability reaches `on` and ends where it falls below `off`; between
    the two it stays what it was. Then short gaps are bridged, short stretches dropped and the
    ends padded. A stretch is given as soon as the silence after it is long enough.

    Args:
        row_seconds: seconds from one probability to the next; number i lies at i × row_seconds.
        thresholds: see `SpeechThresholds`.

    Examples:
        >>> stream = ActivityStream(row_seconds=0.1, thresholds=SpeechThresholds(pad=0.0))
        >>> stream.feed(np.array([0.1, 0.9, 0.9, 0.4, 0.4, 0.9, 0.1, 0.1]))
        []
        >>> [(round(start, 2), round(end, 2)) for start, end in stream.feed(np.zeros(5))]
        [(0.05, 0.55)]
    """

    def __init__(self, *, row_seconds: float, thresholds: SpeechThresholds | None = None) -> None:
        self.row_seconds = row_seconds
        self.thresholds = thresholds or SpeechThresholds()
        self._reset()

    def _reset(self) -> None:
        self._row = 0
        self._speaking = False
        self._first: int | None = None  # row where the open stretch begins
        self._last: int | None = None  # row after its end, once silence has begun

    @property
    def speaking(self) -> bool:
        """Whether a stretch of speech is open that is long enough; a short silence leaves it so."""
        if self._first is None:
            return False
        end = self._row if self._last is None else self._last
        return (end - self._first) * self.row_seconds >= self.thresholds.min_speech

    @property
    def settled(self) -> float:
        """Seconds up to which every stretch is given: none that comes begins before."""
        row = self._row if self._first is None else self._first
        return max((row - 0.5) * self.row_seconds - self._pad, 0.0)

    @property
    def _pad(self) -> float:
        """Seconds by which a stretch is widened; two of them share the silence between them."""
        return min(self.thresholds.pad, self.thresholds.min_silence / 2)

    def feed(self, probabilities: NDArray[Any]) -> list[tuple[float, float]]:
        """Take the next probabilities, shape (rows,); give the stretches that are now complete.

        Returns:
            Start and end of each, in seconds.
        """
        regions: list[tuple[float, float]] = []
        for row, speaking in self._changes(probabilities):
            if not speaking:
                self._last = row
                continue
            regions += self._settle(row)
            self._last = None
            if self._first is None:
                self._first = row
        self._row += len(probabilities)
        return regions + self._settle(self._row)

    def finish(self, duration: float) -> list[tuple[float, float]]:
        """Give the last stretch of a sound of `duration` seconds; the stream then starts afresh."""
        if self._first is not None and self._last is None:
            self._last = self._row
        regions = self._close()
        self._reset()
        return [(start, min(end, duration)) for start, end in regions if start < duration]

    def _changes(self, probabilities: NDArray[Any]) -> list[tuple[int, bool]]:
        """Find the rows where speech begins or ends."""
        values = np.asarray(probabilities)
        said = np.where(
            values >= self.thresholds.on, 1, np.where(values < self.thresholds.off, 0, -1)
        )
        said = np.concatenate([[int(self._speaking)], said])
        # Undecided rows take over the last decided one.
        latest = np.maximum.accumulate(np.where(said >= 0, np.arange(len(said)), 0))
        state = said[latest]
        self._speaking = bool(state[-1])
        rows = np.flatnonzero(np.diff(state))
        return [(self._row + int(row), bool(state[row + 1])) for row in rows]

    def _settle(self, row: int) -> list[tuple[float, float]]:
        """Close the open stretch if the silence up to `row` is too long to be bridged."""
        if self._last is None:
            return []
        silence = (row - self._last) * self.row_seconds
        return self._close() if silence >= self.thresholds.min_silence else []

    def _close(self) -> list[tuple[float, float]]:
        """Give the open stretch, or drop it if it is too short."""
        first, last = self._first, self._last
        self._first = self._last = None
        if first is None or last is None:
            return []
        if (last - first) * self.row_seconds < self.thresholds.min_speech:
            return []
        start = (first - 0.5) * self.row_seconds - self._pad
        end = (last - 0.5) * self.row_seconds + self._pad
        return [(round(max(start, 0.0), 6), round(end, 6))]


def speech_regions(
    probabilities: NDArray[Any],
    *,
    row_seconds: float,
    duration: float | None = None,
    thresholds: SpeechThresholds | None = None,
) -> list[tuple[float, float]]:
    """Find the stretches of speech of a whole sound.

    Args:
        probabilities: of speech, shape (rows,); number i lies at i × row_seconds.
        row_seconds: seconds from one to the next.
        duration: seconds of the sound; as long as the rows where not given.
        thresholds: see `SpeechThresholds`.

    Returns:
        Start and end of each, in seconds, in order, without overlap.

    Examples:
        >>> speech_regions(np.r_[np.zeros(10), np.ones(10), np.zeros(10)], row_seconds=0.1,
        ...                thresholds=SpeechThresholds(pad=0.0))
        [(0.95, 1.95)]
    """
    stream = ActivityStream(row_seconds=row_seconds, thresholds=thresholds)
    length = len(probabilities) * row_seconds if duration is None else duration
    return stream.feed(probabilities) + stream.finish(length)
