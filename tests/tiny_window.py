"""Tiny packages that judge windows: with weights that are known, or drawn by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from affetto.emotions import Emotion
from affetto.features.recipe import FeatureRecipe
from affetto.models import Card, TrainingCorpus, WindowPackage, write_window_package

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

LABELS = (Emotion.NEUTRAL, Emotion.ANGRY)
BANDS = 16
RECIPE = FeatureRecipe("row", parts=("mel",), mel=BANDS, mfcc=4, level=False)


def write_window(
    folder: Path,
    *,
    angry: Mapping[int, float],
    offset: float = 0.0,
    recipe: FeatureRecipe = RECIPE,
) -> WindowPackage:
    """Write a package whose logit of anger is a weighted sum of columns.

    Args:
        folder: where it shall be.
        angry: column → weight.
        offset: added to the logit.
        recipe: of a row.
    """
    weights = np.zeros((len(recipe.names), len(LABELS)), np.float32)
    for column, weight in angry.items():
        weights[column, 1] = weight
    card = Card(
        name="window",
        version="0",
        labels=LABELS,
        features=recipe,
        training=(TrainingCorpus("nothing", "CC0-1.0"),),
        licence="CC0-1.0",
    )
    package = write_window_package(folder, card, model=_linear(weights, offset))
    assert isinstance(package, WindowPackage)
    return package


KINDS = {
    "row": FeatureRecipe("row", parts=("mfcc", "mel"), mfcc=8, mel=32),
    "frames": FeatureRecipe("frames", parts=("mfcc",), mfcc=13, length=60),
    "all frames": FeatureRecipe("frames", parts=("mel",), mel=24, mfcc=8),
    "picture": FeatureRecipe("picture", size=32),
}
"""A recipe of each kind; of "all frames" there are as many as the window is long."""


def judging(columns: int, outputs: int, *, axes: tuple[int, ...] = (), seed: int = 0) -> bytes:
    """Build a network: the mean over axes, standardised roughly, by weights drawn by chance."""
    random = np.random.default_rng(seed)
    constants = {
        "weights": (random.standard_normal((columns, outputs)) / columns).astype(np.float32),
        "offset": random.standard_normal(outputs).astype(np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["mean", "weights"], ["sums"]),
        helper.make_node("Add", ["sums", "offset"], ["logits"]),
    ]
    if axes:
        means = helper.make_node("ReduceMean", ["features"], ["mean"], axes=axes, keepdims=0)
    else:
        means = helper.make_node("Identity", ["features"], ["mean"])
    graph = helper.make_graph(
        [means, *nodes],
        "judging",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", outputs])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


def write_judge(
    folder: Path, kind: str = "row", *, seed: int = 0, model: bytes | None = None, **changes: Any
) -> WindowPackage:
    """Write a package of three emotions.

    Args:
        folder: where it shall be.
        kind: of the features, among `KINDS`.
        seed: of the random weights.
        model: another network than the one of random weights.
        **changes: fields of the card.
    """
    recipe = KINDS[kind]
    values: dict[str, Any] = {
        "name": "judge",
        "version": "0",
        "labels": (Emotion.NEUTRAL, Emotion.HAPPY, Emotion.ANGRY),
        "features": recipe,
        "window": recipe.seconds or 2.0,
        "languages": ("en",),
        "training": (TrainingCorpus("nothing", "CC0-1.0"),),
        "licence": "CC0-1.0",
    }
    card = Card(**(values | changes))
    outputs = len(card.labels) * (2 if card.genders else 1)
    columns = 3 if recipe.kind == "picture" else len(recipe.names)
    axes = {"row": (), "frames": (1,), "picture": (2, 3)}[recipe.kind]
    made = judging(columns, outputs, axes=axes, seed=seed) if model is None else model
    package = write_window_package(folder, card, model=made)
    assert isinstance(package, WindowPackage)
    return package


def _linear(weights: NDArray[np.float32], offset: float) -> bytes:
    def port(name: str, width: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])

    constants = {"weights": weights, "offset": np.array([0.0, offset], np.float32)}
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["features", "weights"], ["sums"]),
            helper.make_node("Add", ["sums", "offset"], ["logits"]),
        ],
        "linear",
        [port("features", len(weights))],
        [port("logits", len(LABELS))],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    return bytes(model.SerializeToString())
