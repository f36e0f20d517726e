"""Where somebody may be speaking, told by loudness alone: a stream is cut into utterances.

Recognisers want to be left alone while nobody speaks: most of them hear words in silence, and all
of them cost something. Loudness, beside that of the background, tells silence at next to no cost;
it takes any loud sound for speech, which the recogniser then has to tell.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from affetto.dsp import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Piece", "UtteranceCutter", "faint", "pcm16", "utterances"]

_FRAME = SAMPLE_RATE // 50
_SECOND = 50
"""Frames in a second."""

_ABOVE = 10.0
"""Decibels above the background from which on a frame may be speech."""
_QUIETEST = -60.0
"""Decibels below full scale under which nothing is: a soft voice, recorded low, lies above."""
_MEMORY = 5 * _SECOND
"""Frames in which the quietest moment is the background; speech has one now and then."""
_LEAD = round(0.3 * _SECOND)
"""Frames that are kept before what is loud: words begin softly."""
_SHORT = round(0.3 * _SECOND)
"""Frames of quiet that end an utterance which is long already."""
_OF, _LOUD = 5, 3
"""So many frames of so many must be loud, or it is a click."""


class Piece(NamedTuple):
    """More of an utterance.

    Attributes:
        start: number of the first sample in the stream.
        samples: 16 kHz, shape (samples,).
        begins: whether the utterance begins here.
        ends: whether it ends here.
        heard: number of the sample in the stream after which it was quiet.
    """

    start: int
    samples: NDArray[np.float32]
    begins: bool
    ends: bool
    heard: int


class UtteranceCutter:
    """Cut a stream into utterances while it comes; what lies between them is dropped.

    How the stream is cut into chunks makes no difference to the utterances.

    Args:
        pause: seconds of quiet that end an utterance.
        long: seconds after which a short quiet ends one, too; None always waits for the pause.
        longest: seconds after which one ends anyway, be it within a word; None lets it go on.

    Examples:
        >>> cutter = UtteranceCutter()
        >>> noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
        >>> silence = np.zeros(16_000, np.float32)
        >>> [piece.begins for chunk in (silence, noise) for piece in cutter.feed(chunk)]
        [True]
        >>> [piece.ends for piece in cutter.feed(silence)]
        [True]
    """

    def __init__(
        self, *, pause: float = 0.7, long: float | None = None, longest: float | None = None
    ) -> None:
        self._pause = round(pause * _SECOND)
        self._long = np.inf if long is None else long * _SECOND
        self._longest = np.inf if longest is None else longest * _SECOND
        self._rest = np.empty(0, np.float32)  # less than a frame
        self._frames: list[NDArray[np.float32]] = []  # of the open utterance, not yet given
        self._lead: deque[NDArray[np.float32]] = deque(maxlen=_LEAD)
        self._loud: deque[bool] = deque([False] * _OF, maxlen=_OF)
        # What was before the stream is taken for quiet: sound may begin in the midst of a word.
        self._floors: deque[float] = deque([_QUIETEST] * (_MEMORY // _SECOND))
        self._floor = np.inf  # of the second that is under way
        self._number = 0  # of the frame that comes next
        self._given = 0  # of the first frame that was not given yet
        self._length: int | None = None  # frames of the open utterance
        self._begun = False  # whether nothing of it was given yet
        self._heard = 0  # frame after which it was quiet

    def feed(self, samples: NDArray[Any]) -> list[Piece]:
        """Take the next samples, shape (samples,); give what they add to utterances."""
        self._rest = np.concatenate([self._rest, samples.astype(np.float32, copy=False)])
        count = len(self._rest) // _FRAME
        frames = self._rest[: count * _FRAME].reshape(count, _FRAME)
        self._rest = self._rest[count * _FRAME :]
        pieces = [
            piece
            for frame, level in zip(frames, _levels(frames), strict=True)
            if (piece := self._take(frame, level)) is not None
        ]
        if self._length is not None and self._frames:
            pieces.append(self._piece(ends=False))
        return pieces

    def finish(self) -> list[Piece]:
        """End the utterance that is open, if one is; the stream is then over."""
        if self._length is None:
            return []
        self._frames.append(self._rest)
        return [self._piece(ends=True)]

    def _take(self, frame: NDArray[np.float32], level: float) -> Piece | None:
        """Take a frame; give the utterance that it ends."""
        self._loud.append(self._above(level))
        loud = sum(self._loud) >= _LOUD
        self._number += 1
        if self._length is None:
            self._lead.append(frame)
            if loud:
                self._frames = list(self._lead)
                self._lead.clear()
                self._length = len(self._frames)
                self._given = self._number - self._length
                self._heard = self._number
                self._begun = True
            return None
        self._frames.append(frame)
        self._length += 1
        if loud:
            self._heard = self._number
        needed = _SHORT if self._length >= self._long else self._pause
        over = self._number - self._heard >= needed or self._length >= self._longest
        return self._piece(ends=True) if over else None

    def _above(self, level: float) -> bool:
        self._floor = min(self._floor, level)
        floor = min(self._floor, *self._floors)
        if self._number % _SECOND == _SECOND - 1:
            self._floors.append(self._floor)
            self._floors.popleft()
            self._floor = np.inf
        return level > max(floor + _ABOVE, _QUIETEST)

    def _piece(self, *, ends: bool) -> Piece:
        samples = np.concatenate(self._frames)
        piece = Piece(
            start=self._given * _FRAME,
            samples=samples,
            begins=self._begun,
            ends=ends,
            heard=self._heard * _FRAME,
        )
        self._given, self._frames, self._begun = self._number, [], False
        if ends:
            self._length = None
        return piece


def utterances(
    samples: NDArray[Any], *, long: float | None = None, longest: float | None = None
) -> list[Piece]:
    """Cut a sound that is there as a whole; each utterance is one piece.

    Args:
        samples: 16 kHz, shape (samples,).
        long: see `UtteranceCutter`.
        longest: see `UtteranceCutter`.
    """
    cutter = UtteranceCutter(long=long, longest=longest)
    whole: list[Piece] = []
    for piece in (*cutter.feed(samples), *cutter.finish()):
        if piece.begins:
            whole.append(piece)
        else:
            first = whole[-1]
            joint = np.concatenate([first.samples, piece.samples])
            whole[-1] = piece._replace(start=first.start, samples=joint, begins=True)
    return whole


def faint(samples: NDArray[Any]) -> bool:
    """Tell whether a sound is too faint anywhere to be speech.

    Args:
        samples: shape (samples,).

    Examples:
        >>> faint(np.zeros(16_000, np.float32)), faint(np.sin(np.arange(16_000)))
        (True, False)
    """
    count = max(1, len(samples) // _FRAME)
    frames = samples[: count * _FRAME].reshape(count, -1) if len(samples) else np.zeros((1, 1))
    return bool(_levels(frames).max() <= _QUIETEST)


def pcm16(samples: NDArray[Any]) -> bytes:
    r"""Give samples as 16-bit whole numbers, lowest byte first; what exceeds [-1, 1] is clipped.

    Examples:
        >>> pcm16(np.array([0.0, 1.0, -2.0]))
        b'\x00\x00\xff\x7f\x00\x80'
    """
    return np.clip(np.rint(samples * 32_768.0), -32_768, 32_767).astype("<i2").tobytes()


def _levels(frames: NDArray[Any]) -> NDArray[np.float64]:
    """Give the loudness of frames in decibels of full scale; what never changes isn't sound."""
    varying = frames.astype(np.float64)
    varying -= varying.mean(axis=1, keepdims=True)
    return np.asarray(10 * np.log10(np.mean(varying**2, axis=1) + 1e-12))
