"""One channel of sound, heard once: front end, network and windows, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError
from affetto.features.front_end import FrontEnd
from affetto.models import ModelPackage, Rows, RowStream
from affetto.recognition.store import RowStore
from affetto.speech import ActivityStream, WindowGrid, WindowPooler

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Heard", "Hearing"]

VOICE_WINDOW = 1.5
"""Seconds of voice that a speaker is told by."""

_LONGEST_FEED = 10 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Heard:
    """What is kept of a sound: little enough for ten hours of it.

    Attributes:
        duration: seconds.
        grid: where the windows lie.
        speech: probability of speech of each row of the network, shape (rows,).
        regions: start and end of the stretches of speech, in seconds.
        windows: pooled windows, (n, 2D).
        weights: seconds of speech in each window, (n,); silence counts a little, see
            `affetto.models.rows.LEAST_WEIGHT`.
        voices: mean voice about each window's centre, (n, V); empty where not asked for.
    """

    duration: float
    grid: WindowGrid
    speech: NDArray[np.float32]
    regions: list[tuple[float, float]]
    windows: RowStore
    weights: NDArray[np.float32]
    voices: NDArray[np.float32]


class Hearing:
    """Listen to one channel; nothing of it is computed twice.

    Args:
        package: the model.
        grid: where the windows lie.
        voices: keep what tells speakers apart, too.
    """

    def __init__(self, package: ModelPackage, grid: WindowGrid, *, voices: bool = False) -> None:
        self.grid = grid
        self.samples = 0
        self._front_end = FrontEnd(package.card.front_end)
        self._rows = RowStream(package)
        self._pooler = WindowPooler(grid, width=package.width)
        self._windows = RowStore(2 * package.width)
        self._weights: list[NDArray[np.float32]] = []
        self._speech: list[NDArray[np.float32]] = []
        self._activity = ActivityStream(
            row_seconds=grid.row_seconds, thresholds=package.card.speech
        )
        self._regions: list[tuple[float, float]] = []
        self._voice_width = package.voice_width if voices else 0
        self._voices: list[NDArray[np.float32]] = []
        voice_grid = WindowGrid(max(VOICE_WINDOW, grid.hop), grid.hop, grid.row_seconds)
        self._voice_pooler = WindowPooler(voice_grid, width=self._voice_width)

    def feed(self, samples: NDArray[Any]) -> None:
        """Take the next samples, shape (samples,).

        Raises:
            AudioError: they are not finite floats in one channel.
        """
        samples = checked(samples)
        if samples.ndim != 1:
            raise AudioError(f"found samples of shape {samples.shape}, expected one channel")
        self.samples += len(samples)
        for start in range(0, len(samples), _LONGEST_FEED):
            self._take(self._rows.feed(self._front_end.feed(samples[start:][:_LONGEST_FEED])))

    def finish(self) -> Heard:
        """Give all that was heard; the hearing is then over."""
        if self.samples:
            self._take(self._rows.feed(self._front_end.finish()))
            self._take(self._rows.finish())
        duration = self.samples / SAMPLE_RATE
        count = self.grid.count(duration)
        self._keep(self._pooler.finish(count))
        if self._voice_width:
            self._voices.append(self._voice_pooler.finish(count)[0][:, : self._voice_width])
        return Heard(
            duration=duration,
            grid=self.grid,
            speech=np.concatenate([np.empty(0, np.float32), *self._speech]),
            regions=self._regions + self._activity.finish(duration),
            windows=self._windows,
            weights=np.concatenate([np.empty(0, np.float32), *self._weights])
            * np.float32(self.grid.row_seconds),
            voices=np.concatenate([np.empty((0, self._voice_width), np.float32), *self._voices]),
        )

    def _take(self, rows: Rows) -> None:
        if not len(rows.frames):
            return
        weights = rows.weights
        self._speech.append(rows.probability)
        self._regions += self._activity.feed(rows.probability)
        self._keep(self._pooler.feed(rows.frames, weights))
        if self._voice_width:
            voices, _ = self._voice_pooler.feed(rows.voice, weights)
            self._voices.append(voices[:, : self._voice_width])

    def _keep(self, windows: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
        self._windows.append(windows[0])
        self._weights.append(windows[1])


def checked(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Make sure that samples are what the road takes.

    Args:
        samples: shape (samples,) or (channels, samples).

    Returns:
        The same, as float32.

    Raises:
        AudioError: they are whole numbers, not finite, or of another shape.

    Examples:
        >>> checked(np.zeros(3, np.int16))
        Traceback (most recent call last):
        ...
        affetto.errors.AudioError: found samples of int16, expected floats in [-1, 1]: divide ...
    """
    array = np.asarray(samples)
    if array.dtype.kind != "f":
        raise AudioError(
            f"found samples of {array.dtype}, expected floats in [-1, 1]: "
            "divide whole numbers by their full scale"
        )
    if array.ndim not in (1, 2):
        raise AudioError(
            f"found samples of shape {array.shape}, expected (samples,) or (channels, samples)"
        )
    array = array.astype(np.float32, copy=False)
    if not np.isfinite(array).all():
        raise AudioError("found samples that are not finite numbers: clean the sound first")
    return array
