"""Clips that are judged as a whole, and the answer to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Clip", "Decision"]


class Clip(NamedTuple):
    """A clip, heard and ready to be judged as a whole.

    Attributes:
        pooled: its windows, (n, 2D); one where the clip is short.
        seconds: of speech in each, (n,); silence counts a fiftieth.
        duration: seconds.
    """

    pooled: NDArray[np.float32]
    seconds: NDArray[np.float64]
    duration: float


class Decision(NamedTuple):
    """One answer for a whole clip.

    Attributes:
        scores: label → calibrated probability; sums to 1.
        speech: seconds of speech that were heard.
        duration: seconds.
    """

    scores: dict[str, float]
    speech: float
    duration: float

    @property
    def emotion(self) -> str:
        """The top label."""
        return max(self.scores, key=self.scores.__getitem__)

    @property
    def confidence(self) -> float:
        """The probability of the top label."""
        return self.scores[self.emotion]
