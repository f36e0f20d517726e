"""The package of a network over time, and of a head that judges windows of its rows."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import ModelError
from affetto.features.front_end import FrontEnd
from affetto.models.network import open_session, run_session
from affetto.models.package import (
    ModelPackage,
    made_up_sound,
    package_in_the_making,
    read_arrays,
    save_arrays,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnxruntime
    from numpy.typing import NDArray

    from affetto.models.card import Card

__all__ = ["FramePackage", "write_package"]

_HEAD_BLOCK = 256
"""Windows judged at a time: more are no faster and need more memory."""


class FramePackage(ModelPackage):
    """A network that computes rows over time, each moment once, and a head over windows of them."""

    @property
    def ear(self) -> FramePackage:
        """The package itself."""
        return self

    @property
    def learns_voices(self) -> bool:
        """It does."""
        return True

    @property
    def pooled_width(self) -> int:
        """Mean and deviation of each value of a row."""
        return 2 * self.width

    @cached_property
    def baseline(self) -> Mapping[str, NDArray[np.float32]]:
        """The arrays of `baseline.npz`.

        `population` (2D,), `classes` (labels, 2D), `within` (2D,), `between` (2D,) and `settings`
        (6,), see `affetto.recognition.BaselineStatistics`.

        Raises:
            ModelError: an array is missing or of another shape.
        """
        path = self.folder / "baseline.npz"
        arrays = read_arrays(path)
        labels = len(self.card.labels)
        size = arrays["population"].shape[-1] if "population" in arrays else 0
        shapes = {
            "population": (size,),
            "classes": (labels, size),
            "within": (size,),
            "between": (size,),
            "settings": (6,),
        }
        for name, shape in shapes.items():
            if name not in arrays or arrays[name].shape != shape or not size:
                found = arrays[name].shape if name in arrays else "nothing"
                raise ModelError(f"{path}: {name}: found {found}, expected shape {shape}")
        return arrays

    @property
    def population(self) -> NDArray[np.float32]:
        """The baseline of a speaker of whom nothing is known, shape (2D,)."""
        return self.baseline["population"]

    @property
    def width(self) -> int:
        """Values D in a row of frames."""
        return len(self.population) // 2

    @cached_property
    def voice_width(self) -> int:
        """Values V in a row of voice."""
        card = self.card
        features = np.zeros((1, card.receptive, card.front_end.mel.bands), np.float32)
        return int(self.frames(features)[2].shape[2])

    @cached_property
    def _network(self) -> onnxruntime.InferenceSession:
        return open_session(self.folder / "model.onnx", self.threads)

    @cached_property
    def _head(self) -> onnxruntime.InferenceSession:
        return open_session(self.folder / "head.onnx", self.threads)

    def frames(
        self, features: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Run the network.

        Args:
            features: shape (batch, T, bands), T at least the card's `receptive`.

        Returns:
            `frames` (batch, N, D), `speech` logits (batch, N) and `voice` (batch, N, V), with
            N = (T - receptive) // stride + 1.

        Raises:
            ModelError: the network can't be opened or refuses these features.
        """
        names = ["frames", "speech", "voice"]
        frames, speech, voice = run_session(
            self._network, names, {"features": features}, self.folder
        )
        return frames, speech, voice

    def head(
        self, pooled: NDArray[np.float32], baseline: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Run the head over pooled windows.

        Args:
            pooled: shape (n, 2D).
            baseline: the speaker's, shape (2D,) or (n, 2D); the population's where not given.

        Returns:
            Logits, shape (n, labels).

        Raises:
            ModelError: the head can't be opened or refuses these windows.
        """
        if not len(pooled):
            return np.empty((0, len(self.card.labels)), np.float32)
        base = np.broadcast_to(self.population if baseline is None else baseline, pooled.shape)
        logits = []
        for start in range(0, len(pooled), _HEAD_BLOCK):
            block = slice(start, start + _HEAD_BLOCK)
            inputs = {
                "pooled": np.ascontiguousarray(pooled[block], np.float32),
                "baseline": np.ascontiguousarray(base[block], np.float32),
            }
            logits += run_session(self._head, ["logits"], inputs, self.folder)
        return np.concatenate(logits)

    def golden(self) -> dict[str, NDArray[np.float32]]:
        """Compute every step of the road from `samples` to `logits`.

        The logits are of the population's baseline and of another one, in this order.

        Raises:
            ModelError: the networks don't run, or don't fit the card.
        """
        from affetto.models.rows import RowStream

        card = self.card
        sound = made_up_sound()
        features = FrontEnd(card.front_end)(sound)
        rows = RowStream(self)(features)
        expected = -(-len(features) // card.stride)
        if rows.frames.shape != (expected, self.width):
            raise ModelError(
                f"the network gave frames of shape {rows.frames.shape}, expected "
                f"{(expected, self.width)}: the card's stride or receptive, or the baseline, "
                "is wrong"
            )
        mean = rows.frames.mean(axis=0)
        pooled = np.concatenate([mean, rows.frames.std(axis=0)])[None].repeat(2, axis=0)
        baseline = np.stack([self.population, self.population + 0.1])
        logits = self.head(pooled, baseline)
        if logits.shape != (2, len(card.labels)):
            raise ModelError(
                f"the head gave logits of shape {logits.shape}, expected {(2, len(card.labels))}: "
                "the card's labels are not the head's"
            )
        return {
            "samples": sound,
            "features": features,
            "frames": rows.frames,
            "speech": rows.speech,
            "voice": rows.voice,
            "pooled": pooled,
            "baseline": baseline.astype(np.float32),
            "logits": logits,
        }

    def again(self, golden: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Compute features, rows and logits anew; see `ModelPackage.again`."""
        from affetto.models.rows import RowStream

        rows = RowStream(self)(golden["features"])
        return {
            "features": FrontEnd(self.card.front_end)(golden["samples"]),
            "frames": rows.frames,
            "speech": rows.speech,
            "voice": rows.voice,
            "logits": self.head(golden["pooled"], golden["baseline"]),
        }


def write_package(
    folder: str | Path,
    card: Card,
    *,
    model: bytes,
    head: bytes,
    baseline: Mapping[str, NDArray[Any]],
) -> FramePackage:
    """Write a package, whole or not at all; one that stood there is replaced.

    Args:
        folder: where it shall be; folders above that are missing are made.
        card: its checksums are filled in.
        model: the network, as the bytes of an ONNX file.
        head: the head, as the bytes of an ONNX file.
        baseline: the arrays that `FramePackage.baseline` names.

    Returns:
        The package, opened from where it now is.

    Raises:
        OutputError: it can't be written there.
        ModelError: the networks don't run, or don't fit the card.
    """
    folder = Path(folder)
    with package_in_the_making(folder, card) as unfinished:
        (unfinished / "model.onnx").write_bytes(model)
        (unfinished / "head.onnx").write_bytes(head)
        with (unfinished / "baseline.npz").open("wb") as file:
            save_arrays(file, {name: np.asarray(a, np.float32) for name, a in baseline.items()})
    return ModelPackage.load(folder).ear
