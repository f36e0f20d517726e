"""Every family of models that the laboratory trains, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from affetto.errors import OptionError
from affetto.features.recipe import FeatureRecipe
from affetto.lab.families.classical import (
    BoostingSettings,
    ForestSettings,
    MlpSettings,
    SvmSettings,
)
from affetto.lab.families.encoder_settings import EmbeddingSettings, FinetuneSettings
from affetto.lab.families.settings import AugmentConfig, NetworkSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from affetto.lab.families.lesson import Fitted, Lesson

__all__ = ["FAMILIES", "Family", "find"]

_ROW = FeatureRecipe("row", parts=("functionals", "mfcc"), statistics=("mean", "std"))
_FRAMES = FeatureRecipe("frames", length=112)
_MFCC = FeatureRecipe("frames", parts=("mfcc",), hop=256, length=194)
_ALTERED = AugmentConfig("speed:0.85..1.18,noise:8..35dB", copies=2)


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of model.

    Attributes:
        name: as `affetto train --model` takes it.
        help: one line.
        features: what it hears, unless asked otherwise.
        settings: what can be set, as it is unless asked otherwise.
        augment: what befalls the training clips, unless asked otherwise.
        packages: what it needs installed, as they are imported.
    """

    name: str
    help: str
    features: FeatureRecipe
    settings: Any
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    packages: tuple[str, ...] = ("torch", "safetensors", "onnx")

    @property
    def classical(self) -> bool:
        """Whether it learns in one go from one row of numbers a clip."""
        return self.features.kind == "row"

    def fit(self, lesson: Lesson, settings: Any, recipe: FeatureRecipe) -> Fitted:
        """Train a model of the family.

        Args:
            lesson: what to learn from.
            settings: of the kind of `settings`.
            recipe: what it hears; its length is the network's.
        """
        if self.classical:
            from affetto.lab.families import classical

            fits: dict[str, Callable[[Lesson, Any], Fitted]] = {
                "svm": classical.svm,
                "mlp": classical.mlp,
                "forest": classical.forest,
                "gradient-boosting": classical.boosting,
            }
            return fits[self.name](lesson, settings)
        if self.features.kind == "sound":
            from affetto.lab.families.embedded import fit_embedded
            from affetto.lab.families.finetuned import fit_finetuned

            hearing: dict[str, Callable[[Lesson, Any], Fitted]] = {
                "wav2vec2-svm": fit_embedded,
                "wav2vec2-finetune": fit_finetuned,
            }
            return hearing[self.name](lesson, settings)
        from affetto.lab.families.networks import fit_network

        return fit_network(self.name, lesson, settings, length=recipe.length or 0)


_CLASSICAL = ("sklearn", "onnx")

_EVERY = (
    Family("svm", "support vectors on functionals", _ROW, SvmSettings(), packages=_CLASSICAL),
    Family("mlp", "a perceptron on functionals", _ROW, MlpSettings(), packages=_CLASSICAL),
    Family("forest", "a random forest on functionals", _ROW, ForestSettings(), packages=_CLASSICAL),
    Family(
        "gradient-boosting",
        "boosted trees on functionals",
        _ROW,
        BoostingSettings(),
        packages=_CLASSICAL,
    ),
    Family("cnn1d", "convolutions over time on MFCC", _MFCC, NetworkSettings(), _ALTERED),
    Family("lstm", "two LSTM layers on MFCC, chroma and mel", _FRAMES, NetworkSettings(), _ALTERED),
    Family(
        "cnn", "seven convolutions on MFCC, chroma and mel", _FRAMES, NetworkSettings(), _ALTERED
    ),
    Family(
        "cnn-lstm",
        "convolutions and two LSTM layers on MFCC, chroma and mel",
        _FRAMES,
        NetworkSettings(),
        _ALTERED,
    ),
    Family("resnet18", "ResNet-18 on MFCC pictures", _MFCC, NetworkSettings(), _ALTERED),
    Family(
        "mfcc-cnn",
        "eighteen convolutions that narrow from 512 channels, on MFCC pictures",
        _MFCC,
        NetworkSettings(steps=1600),  # so many layers take longer
        _ALTERED,
    ),
    Family(
        "yolo-cls",
        "the YOLOv8 classifier on mel-spectrogram pictures",
        FeatureRecipe("picture"),
        NetworkSettings(),
        _ALTERED,
    ),
    Family(
        "wav2vec2-svm",
        "support vectors, or another head, on a frozen speech encoder",
        FeatureRecipe("sound"),
        EmbeddingSettings(),
        packages=("torch", "safetensors", *_CLASSICAL, "transformers"),
    ),
    Family(
        "wav2vec2-finetune",
        "a speech encoder that learns, with a head of two layers",
        FeatureRecipe("sound"),
        FinetuneSettings(),
        packages=("torch", "safetensors", "onnx", "transformers"),
    ),
)

FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _EVERY})
"""Every family by its name."""


def find(name: str) -> Family:
    """Find a family by its name.

    Raises:
        OptionError: there is none of that name.

    Examples:
        >>> find("svm").classical
        True
    """
    if name not in FAMILIES:
        raise OptionError(f"found model {name!r}, expected one of {', '.join(FAMILIES)}")
    return FAMILIES[name]
