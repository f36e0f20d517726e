"""The network once over time: features in chunks of any size, rows out, each computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from affetto.models.frame_package import FramePackage

__all__ = ["LEAST_WEIGHT", "SILENCE", "RowStream", "Rows"]

SILENCE = -10.0
"""Relative log-mel, in nepers, put before and after a sound; the same in training."""

LEAST_WEIGHT = 0.02
"""What a row weighs in a window at least, so that a window without speech weighs all alike."""


class Rows(NamedTuple):
    """What the network says of each moment.

    Attributes:
        frames: shape (rows, D).
        speech: logits of speech, shape (rows,).
        voice: what tells speakers apart, shape (rows, V).
    """

    frames: NDArray[np.float32]
    speech: NDArray[np.float32]
    voice: NDArray[np.float32]

    @property
    def probability(self) -> NDArray[np.float32]:
        """Probability of speech, shape (rows,)."""
        clipped = np.clip(self.speech, -60.0, 60.0)
        return np.asarray(1.0 / (1.0 + np.exp(-clipped)), np.float32)

    @property
    def weights(self) -> NDArray[np.float32]:
        """What the rows weigh in a window, shape (rows,)."""
        return np.maximum(self.probability, np.float32(LEAST_WEIGHT))


class RowStream:
    """Run a model's network over features that come in chunks.

    Row i is centred on feature frame i × stride. The convolutions are valid in time, so both ends
    are padded with silence. Rows are computed in blocks
    of one size that start at the same frames however the features were cut: the answers don't
    depend on the chunks.

    Args:
        package: the model.
        block: rows computed at a time; fewer mean less delay, more mean less overlap.
    """

    def __init__(self, package: FramePackage, *, block: int = 256) -> None:
        self.package = package
        self.block = block
        self._start()

    def _start(self) -> None:
        card = self.package.card
        self._heard = 0
        self._rows = 0
        self._held = np.full((card.receptive // 2, card.front_end.mel.bands), SILENCE, np.float32)

    @property
    def lacking(self) -> int:
        """How many feature frames are still missing for the next block of rows."""
        return self._need - len(self._held)

    @property
    def _need(self) -> int:
        card = self.package.card
        return (self.block - 1) * card.stride + card.receptive

    def feed(self, features: NDArray[np.float32]) -> Rows:
        """Take feature frames, shape (frames, bands); give the rows of the blocks they fill."""
        card = self.package.card
        self._heard += len(features)
        held = np.concatenate([self._held, features])
        parts = []
        at = 0
        while len(held) - at >= self._need:
            parts.append(self._run(held[at : at + self._need]))
            at += self.block * card.stride
        self._held = held[at:]
        self._rows += self.block * len(parts)
        return self._join(parts)

    def finish(self) -> Rows:
        """Give the last rows; the stream then starts afresh."""
        card = self.package.card
        left = -(-self._heard // card.stride) - self._rows
        parts = []
        if left > 0:
            need = (left - 1) * card.stride + card.receptive
            tail = np.full((need, self._held.shape[1]), SILENCE, np.float32)
            tail[: len(self._held)] = self._held[:need]
            parts.append(self._run(tail))
        self._start()
        return self._join(parts)

    def __call__(self, features: NDArray[np.float32]) -> Rows:
        """Give all rows of whole features, shape (frames, bands)."""
        first, last = self.feed(features), self.finish()
        return self._join([first, last])

    def _run(self, features: NDArray[np.float32]) -> Rows:
        frames, speech, voice = self.package.frames(features[None])
        return Rows(frames[0], speech[0], voice[0])

    def _join(self, parts: list[Rows]) -> Rows:
        if len(parts) == 1:
            return parts[0]
        if not parts:
            width, voice = self.package.width, self.package.voice_width
            return Rows(
                np.empty((0, width), np.float32),
                np.empty(0, np.float32),
                np.empty((0, voice), np.float32),
            )
        return Rows(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
