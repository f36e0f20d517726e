"""Loudness-proof log-mel: every frame relative to the voice's running level.

A corpus can be told by its loudness, and a microphone's gain says nothing of a feeling. So the
model never hears absolute loudness: each frame is given relative to the level of the last seconds.
The tracker is causal and keeps one number, so that a file and a stream meet the same features.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LevelConfig", "LevelTracker"]


@dataclass(frozen=True, slots=True)
class LevelConfig:
    """How the running level is followed.

    Attributes:
        seconds: time constant of the mean power.
        frame_rate: frames per second.
        floor: power (sum over mel bands) taken for silence; anything below does not count.
        depth: frames are clipped at this many nepers (natural log of power) below the level.
    """

    seconds: float = 3.0
    frame_rate: float = 100.0
    floor: float = 1e-5
    depth: float = 11.0


class LevelTracker:
    """Subtract the running level from log-mel rows, chunk by chunk.

    The level is the logarithm of an exponentially weighted mean of the frames' power, the mean of
    all frames so far at the beginning.

    Examples:
        >>> loud = LevelTracker().feed(np.full((5, 64), 2.0, np.float32))
        >>> quiet = LevelTracker().feed(np.full((5, 64), -1.0, np.float32))
        >>> bool(np.allclose(loud, quiet, atol=1e-4))
        True
    """

    def __init__(self, config: LevelConfig | None = None) -> None:
        self.config = config or LevelConfig()
        self._decay = float(np.exp(-1.0 / (self.config.seconds * self.config.frame_rate)))
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._state = np.zeros((1, 2))

    def assume(self, *, power: float, frames: float) -> None:
        """Start as if sound had gone before, as it has in the middle of a recording.

        Args:
            power: mean power of its frames, summed over the bands.
            frames: how many frames it weighs.
        """
        self._state = self._decay * np.array([[power * frames, frames]])

    def feed(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next log-mel rows, (frames, bands); give them relative to the level."""
        if not len(rows):
            return rows
        power = np.exp(rows).sum(axis=1, dtype=np.float64) + self.config.floor
        level = np.log(self._means(power) / rows.shape[1])
        relative: NDArray[np.float32] = rows - level[:, None].astype(np.float32)
        np.maximum(relative, np.float32(-self.config.depth), out=relative)
        return relative

    def _means(self, power: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the running mean power at each frame."""
        # A plain loop: at 100 frames a second it costs nothing beside the network, and importing
        # scipy.signal for it would cost half a second at every start.
        (total, count), means = self._state[0].tolist(), []
        for value in power.tolist():
            total, count = value + total, 1.0 + count
            means.append(total / count)
            total, count = total * self._decay, count * self._decay
        self._state = np.array([[total, count]])
        return np.array(means)
