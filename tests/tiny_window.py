"""A tiny package that judges windows by the mean level of mel bands, with known weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
