"""The package of a model that judges the features of each window, or clip, for itself."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import ModelError
from affetto.models.network import Network, open_network
from affetto.models.package import ModelPackage, made_up_sound, package_in_the_making

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from affetto.features.recipe import FeatureRecipe
    from affetto.models.card import Card
    from affetto.models.frame_package import FramePackage
    from affetto.models.network import Inputs

__all__ = ["MOODS", "WindowPackage", "write_window_package"]

MOODS = {
    "neutral": (0.0, 0.0),
    "excited": (0.5, 0.5),
    "angry": (-0.5, 0.5),
    "sad": (-0.5, -0.5),
    "calm": (0.5, -0.5),
}
"""Valence and arousal in the middle of the circumplex, and of each of its quarters."""

_SHARPNESS = 8.0
"""How fast a mood's share falls with the distance from it."""

_LEAST = 1e-7
"""Of a probability whose logarithm is taken."""


class WindowPackage(ModelPackage):
    """Features of a window of sound in, logits out; what is kept of a window are its outputs."""

    @cached_property
    def ear(self) -> FramePackage:
        """The bundled package: this one hears neither where speech is nor whose it is."""
        from affetto.models.catalogue import load

        return load("default", threads=self.threads).ear

    @property
    def learns_voices(self) -> bool:
        """It does not."""
        return False

    @property
    def pooled_width(self) -> int:
        """The outputs."""
        if self.dimensional:
            return 3
        return len(self.card.labels) * (2 if self.card.genders else 1)

    @property
    def labels(self) -> tuple[str, ...]:
        """What the model can say; `MOODS` of a model of dimensions."""
        return tuple(MOODS) if self.dimensional else super().labels

    @property
    def dimensional(self) -> bool:
        """Whether it gives valence, arousal and dominance rather than emotions."""
        return self.card.outputs == "dimensions"

    @property
    def features(self) -> FeatureRecipe:
        """What the model hears."""
        assert self.card.features is not None
        return self.card.features

    @cached_property
    def _network(self) -> Network:
        return open_network(self.folder / "model.onnx", self.threads, called=self.folder)

    def hear(self, sounds: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Judge windows of sound, or whole clips.

        Args:
            sounds: each of shape (samples,), 16 kHz.

        Returns:
            The outputs as logits, shape (n, pooled_width).

        Raises:
            ModelError: the network can't be opened, or refuses the features.
        """
        rows = [self.features(sound) for sound in sounds]
        if not rows:
            return np.empty((0, self.pooled_width), np.float32)
        # Sounds have lengths of their own, and padding one would change what is heard in it.
        alike = self.features.kind != "sound" and len({row.shape for row in rows}) == 1
        return self.judge(np.stack(rows) if alike else rows)

    def judge(self, features: Inputs) -> NDArray[np.float32]:
        """Judge features; see `hear`, which computes them from sound.

        Args:
            features: of each window, as the card's recipe makes them.

        Returns:
            The outputs as logits, shape (n, pooled_width).

        Raises:
            ModelError: the network can't be opened, refuses the features, or gives what is no
                number.
        """
        outputs = self._network(features)
        if outputs.shape != (len(features), self.pooled_width):
            raise ModelError(
                f"{self.folder}: found outputs of shape {outputs.shape}, expected "
                f"{(len(features), self.pooled_width)}: the card's labels are not the network's"
            )
        if not np.isfinite(outputs).all():
            raise ModelError(
                f"{self.folder}: found outputs that are no numbers, expected "
                f"{self.card.outputs}: train the model again, or get another"
            )
        if self.card.outputs == "probabilities":
            return np.log(np.maximum(outputs, _LEAST))
        return outputs

    def head(
        self, pooled: NDArray[np.float32], baseline: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Give the logits of the emotions; see `ModelPackage.head`.

        Where the model tells genders, the probabilities of both are summed at the card's
        temperature, so that its calibration holds. A model of dimensions has no emotions: its
        columns are the moods of `MOODS`, by which its timeline is cut.
        """
        del baseline
        if self.dimensional:
            apart = pooled[:, None, :2] - np.asarray([*MOODS.values()], np.float32)
            return np.asarray(-_SHARPNESS * (apart**2).sum(axis=2), np.float32)
        if not self.card.genders:
            return pooled
        scaled = pooled.reshape(-1, 2, len(self.labels)) / np.float32(self.card.temperature)
        summed: NDArray[np.float32] = np.logaddexp(scaled[:, 0], scaled[:, 1])
        return np.asarray(summed * np.float32(self.card.temperature), np.float32)

    def female(self, pooled: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give the probability that a woman speaks, (n,), of a model that tells genders."""
        scaled = pooled.astype(np.float64).reshape(-1, 2, len(self.labels)) / self.card.temperature
        sums = np.logaddexp.reduce(scaled, axis=2)
        return np.asarray(1.0 / (1.0 + np.exp(np.clip(sums[:, 1] - sums[:, 0], -60, 60))))

    def golden(self) -> dict[str, NDArray[np.float32]]:
        """Compute `samples`, `features` and `logits`; see `ModelPackage.golden`."""
        sound = made_up_sound()
        features = self.features(sound)[None]
        return {"samples": sound, "features": features, "logits": self.judge(features)}

    def again(self, golden: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Compute features and logits anew; see `ModelPackage.again`."""
        return {
            "features": self.features(golden["samples"])[None],
            "logits": self.judge(golden["features"]),
        }


def write_window_package(folder: str | Path, card: Card, *, model: bytes) -> ModelPackage:
    """Write a package, whole or not at all; one that stood there is replaced.

    Args:
        folder: where it shall be; folders above that are missing are made.
        card: with `features`; its checksums are filled in.
        model: the network, as the bytes of an ONNX file with one input and one output.

    Returns:
        The package, opened from where it now is.

    Raises:
        OutputError: it can't be written there.
        ModelError: the network doesn't run, or doesn't fit the card.
    """
    folder = Path(folder)
    with package_in_the_making(folder, card) as unfinished:
        (unfinished / "model.onnx").write_bytes(model)
    return ModelPackage.load(folder)
