"""One channel of sound, heard once: front end, network and windows, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError
from affetto.features.front_end import FrontEnd
from affetto.models import ModelPackage, Rows, RowStream, WindowPackage
from affetto.recognition.sound_windows import SoundWindows
from affetto.recognition.store import RowStore
from affetto.speech import ActivityStream, WindowGrid, WindowPooler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Ear", "Heard", "Hearing", "Piece"]

VOICE_WINDOW = 1.5
"""Seconds of voice that a speaker is told by."""

_LONGEST_FEED = 10 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Heard:
    """What is kept of a sound: little enough for ten hours of it.

    Attributes:
        duration: seconds.
        grid: where the windows lie.
        speech: probability of speech in the time that each window answers for, (n,).
        regions: start and end of the stretches of speech, in seconds.
        windows: what is kept of each, (n, `ModelPackage.pooled_width`).
        weights: seconds of speech in each window, (n,); silence counts a little, see
            `affetto.models.rows.LEAST_WEIGHT`.
        clear: seconds in each window of rows that are surely speech, (n,).
        voices: mean voice about each window's centre, (n, V); empty where not asked for.
    """

    duration: float
    grid: WindowGrid
    speech: NDArray[np.float32]
    regions: list[tuple[float, float]]
    windows: RowStore
    weights: NDArray[np.float32]
    clear: NDArray[np.float32]
    voices: NDArray[np.float32]


class Piece(NamedTuple):
    """What a stretch of sound completed.

    Attributes:
        rows: of the network.
        regions: start and end of the stretches of speech, in seconds.
        windows: what is kept of each, (n, `ModelPackage.pooled_width`).
        weights: seconds of speech in each window, (n,).
        speech: probability of speech in the time that each window answers for, (n,).
        clear: seconds in each window of rows that are surely speech, (n,).
        voices: mean voice about each window's centre, (n, V).
    """

    rows: Rows
    regions: list[tuple[float, float]]
    windows: NDArray[np.float32]
    weights: NDArray[np.float32]
    speech: NDArray[np.float32]
    clear: NDArray[np.float32]
    voices: NDArray[np.float32]


class Ear:
    """Listen to one channel; nothing of it is computed twice, and nothing kept.

    Args:
        package: the model.
        grid: where the windows lie.
        voices: hear what tells speakers apart, too.
        block: rows of the network computed at a time; fewer answer sooner and cost more.
    """

    def __init__(
        self, package: ModelPackage, grid: WindowGrid, *, voices: bool = False, block: int = 256
    ) -> None:
        self.grid = grid
        self.samples = 0
        ear = package.ear
        self.activity = ActivityStream(row_seconds=grid.row_seconds, thresholds=ear.card.speech)
        self._front_end = FrontEnd(ear.card.front_end)
        self._rows = RowStream(ear, block=block)
        self._sounds = SoundWindows(package, grid) if isinstance(package, WindowPackage) else None
        self._pooler = WindowPooler(grid, width=0 if self._sounds else ear.width)
        self._speech = _SpeechOfWindows(grid)
        self._clear = WindowPooler(grid, width=0)
        self._surely = ear.card.speech.on
        self._voice_width = ear.voice_width if voices else 0
        voice_grid = WindowGrid(max(VOICE_WINDOW, grid.hop), grid.hop, grid.row_seconds)
        self._voice_pooler = WindowPooler(voice_grid, width=self._voice_width)

    @property
    def lacking(self) -> int:
        """How many samples are still missing for the next piece."""
        return self._front_end.lacking(self._rows.lacking)

    def feed(self, samples: NDArray[Any]) -> Iterator[Piece]:
        """Take the next samples, shape (samples,); give what they complete.

        Raises:
            AudioError: they are not finite floats in one channel.
        """
        samples = one_channel(samples)
        self.samples += len(samples)
        for start in range(0, len(samples), _LONGEST_FEED):
            part = samples[start:][:_LONGEST_FEED]
            if self._sounds is not None:
                self._sounds.feed(part)
            rows = self._rows.feed(self._front_end.feed(part))
            if len(rows.frames):
                yield self._take(rows)

    def compute(self, block: int) -> Iterator[Piece]:
        """Compute so many rows of the network at a time from now on; give what that completes."""
        self._rows.block = block
        rows = self._rows.feed(np.empty((0, self._front_end.config.mel.bands), np.float32))
        if len(rows.frames):
            yield self._take(rows)

    def finish(self) -> Iterator[Piece]:
        """Give what the end of the sound completes; the ear has then heard all."""
        if self.samples:
            for rows in (self._rows.feed(self._front_end.finish()), self._rows.finish()):
                if len(rows.frames):
                    yield self._take(rows)
        duration = self.samples / SAMPLE_RATE
        count = self.grid.count(duration)
        voices = self._voice_pooler.finish(count)[0] if self._voice_width else None
        nothing = self._rows.feed(np.empty((0, self._front_end.config.mel.bands), np.float32))
        regions = self.activity.finish(duration)
        clear = self._clear.finish(count)[1]
        yield self._piece(nothing, regions, self._pooler.finish(count), clear, voices)

    def _take(self, rows: Rows) -> Piece:
        weights = rows.weights
        self._speech.feed(rows.probability)
        voices = self._voice_pooler.feed(rows.voice, weights)[0] if self._voice_width else None
        regions = self.activity.feed(rows.probability)
        clear = self._clear.feed(rows.frames[:, :0], rows.probability >= self._surely)[1]
        frames = rows.frames[:, :0] if self._sounds is not None else rows.frames
        windows = self._pooler.feed(frames, weights)
        return self._piece(rows, regions, windows, clear, voices)

    def _piece(
        self,
        rows: Rows,
        regions: list[tuple[float, float]],
        windows: tuple[NDArray[np.float32], NDArray[np.float32]],
        clear: NDArray[np.float32],
        voices: NDArray[np.float32] | None,
    ) -> Piece:
        pooled, weights = windows
        if self._sounds is not None:
            pooled = self._sounds.take(len(weights))
        if voices is None:
            voices = np.empty((len(pooled), 0), np.float32)
        length = np.float32(self.grid.row_seconds)
        return Piece(
            rows=rows,
            regions=regions,
            windows=pooled,
            weights=weights * length,
            speech=self._speech.take(len(pooled)),
            clear=clear * length,
            voices=voices[:, : self._voice_width],
        )


class _SpeechOfWindows:
    """The mean probability of speech in the time that each window answers for."""

    def __init__(self, grid: WindowGrid) -> None:
        self._grid = grid
        self._rows = np.zeros(1, np.float32)  # one before the first, for where none is left
        self._first = -1  # number of the first row that is held
        self._next = 0  # window to be answered next

    def feed(self, probabilities: NDArray[np.float32]) -> None:
        """Take the next rows, (rows,)."""
        self._rows = np.concatenate([self._rows, probabilities])

    def take(self, count: int) -> NDArray[np.float32]:
        """Give the next windows, (count,); what is missing of the last is left out."""
        if not count:
            return np.empty(0, np.float32)
        grid, numbers = self._grid, self._next + np.arange(count + 1)
        edges = np.ceil(np.round(numbers * grid.hop / grid.row_seconds, 6)).astype(np.int64)
        # A last window that no row lies in takes over the row before it.
        starts = np.minimum(edges[:-1] - self._first, len(self._rows) - 1)
        stops = np.clip(edges[1:] - self._first, starts + 1, len(self._rows))
        sums = np.concatenate([[0.0], np.cumsum(self._rows, dtype=np.float64)])
        means = (sums[stops] - sums[starts]) / (stops - starts)
        self._next += count
        self._rows = self._rows[stops[-1] - 1 :]
        self._first += int(stops[-1]) - 1
        return np.asarray(means, np.float32)


class Hearing:
    """Listen to one channel, and keep what a recording is judged by.

    Args:
        package: the model.
        grid: where the windows lie.
        voices: keep what tells speakers apart, too.
    """

    def __init__(self, package: ModelPackage, grid: WindowGrid, *, voices: bool = False) -> None:
        self.grid = grid
        self._ear = Ear(package, grid, voices=voices)
        self._windows = RowStore(package.pooled_width)
        self._speech = [np.empty(0, np.float32)]
        self._weights = [np.empty(0, np.float32)]
        self._clear = [np.empty(0, np.float32)]
        self._voices = [np.empty((0, package.ear.voice_width if voices else 0), np.float32)]
        self._regions: list[tuple[float, float]] = []

    @property
    def samples(self) -> int:
        """How many were heard."""
        return self._ear.samples

    def feed(self, samples: NDArray[Any]) -> None:
        """Take the next samples, shape (samples,).

        Raises:
            AudioError: they are not finite floats in one channel.
        """
        self._keep(self._ear.feed(samples))

    def finish(self) -> Heard:
        """Give all that was heard; the hearing is then over."""
        self._keep(self._ear.finish())
        return Heard(
            duration=self.samples / SAMPLE_RATE,
            grid=self.grid,
            speech=np.concatenate(self._speech),
            regions=self._regions,
            windows=self._windows,
            weights=np.concatenate(self._weights),
            clear=np.concatenate(self._clear),
            voices=np.concatenate(self._voices),
        )

    def _keep(self, pieces: Iterator[Piece]) -> None:
        for piece in pieces:
            self._speech.append(piece.speech)
            self._regions += piece.regions
            self._windows.append(piece.windows)
            self._weights.append(piece.weights)
            self._clear.append(piece.clear)
            self._voices.append(piece.voices)


def one_channel(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Make sure that samples are what the road takes, in one channel; see `checked`."""
    samples = checked(samples)
    if samples.ndim != 1:
        raise AudioError(f"found samples of shape {samples.shape}, expected one channel")
    return samples


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
