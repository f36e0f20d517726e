"""A tiny model package with random weights, for tests of everything that needs a model.

It hears "speech" where a frame has clear harmonics: `voice_like` gives such sound. Its emotions
are random projections, the same for the same seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from affetto.emotions import Emotion
from affetto.models import Card, ModelPackage, TrainingCorpus, write_package

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LABELS = (Emotion.NEUTRAL, Emotion.HAPPY, Emotion.SAD, Emotion.ANGRY)
BANDS, WIDTH, VOICE, RECEPTIVE, STRIDE = 64, 8, 4, 21, 4


def voice_like(
    seconds: float, *, pitch: float = 140.0, loudness: float = 0.1, seed: int = 0
) -> NDArray[np.float32]:
    """Make a gliding harmonic sound that the tiny model takes for speech."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * 16_000)) / 16_000
    glide = pitch * (1 + 0.15 * np.sin(2 * np.pi * 0.9 * time))
    phase = 2 * np.pi * np.cumsum(glide) / 16_000
    tone = np.sum([np.sin(k * phase) / k for k in range(1, 16)], axis=0)
    return np.asarray(loudness * (tone + 0.01 * random.standard_normal(len(time))), np.float32)


def silence(seconds: float, *, noise: float = 1e-4, seed: int = 0) -> NDArray[np.float32]:
    """Make faint noise, which the tiny model does not take for speech."""
    random = np.random.default_rng(seed)
    return np.asarray(noise * random.standard_normal(round(seconds * 16_000)), np.float32)


def network(seed: int = 0) -> bytes:
    """Build model.onnx: a convolution for frames and voice, spectral contrast for speech."""
    random = np.random.default_rng(seed)
    kernel = random.standard_normal((WIDTH + VOICE, BANDS, RECEPTIVE)) / np.sqrt(BANDS * RECEPTIVE)
    constants = {
        "kernel": kernel.astype(np.float32),
        "mean": np.full((1, 1, RECEPTIVE), 1.5 / RECEPTIVE, np.float32),
        "offset": np.array([-6.0], np.float32),
        "last": np.array([2], np.int64),
        "sizes": np.array([WIDTH, VOICE], np.int64),
        "one": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Transpose", ["features"], ["bands_first"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["bands_first", "kernel"], ["rows"], strides=[STRIDE]),
        helper.make_node("Tanh", ["rows"], ["bent"]),
        helper.make_node("Transpose", ["bent"], ["rows_first"], perm=[0, 2, 1]),
        helper.make_node("Split", ["rows_first", "sizes"], ["frames", "voice"], axis=2),
        helper.make_node("ReduceMax", ["features", "last"], ["peak"], keepdims=1),
        helper.make_node("ReduceMean", ["features", "last"], ["middle"], keepdims=1),
        helper.make_node("Sub", ["peak", "middle"], ["contrast"]),
        helper.make_node("Transpose", ["contrast"], ["contrast_first"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["contrast_first", "mean", "offset"], ["logit"], strides=[STRIDE]),
        helper.make_node("Squeeze", ["logit", "one"], ["speech"]),
    ]
    return _onnx(
        nodes,
        constants,
        inputs={"features": ["batch", "T", BANDS]},
        outputs={
            "frames": ["batch", "N", WIDTH],
            "speech": ["batch", "N"],
            "voice": ["batch", "N", VOICE],
        },
    )


def head(seed: int = 0, labels: int = len(LABELS)) -> bytes:
    """Build head.onnx: linear in the pooled window and in its departure from the baseline."""
    random = np.random.default_rng(seed + 1)
    constants = {
        "plain": random.standard_normal((2 * WIDTH, labels)).astype(np.float32),
        "relative": random.standard_normal((2 * WIDTH, labels)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Sub", ["pooled", "baseline"], ["departure"]),
        helper.make_node("MatMul", ["pooled", "plain"], ["a"]),
        helper.make_node("MatMul", ["departure", "relative"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["logits"]),
    ]
    return _onnx(
        nodes,
        constants,
        inputs={"pooled": ["n", 2 * WIDTH], "baseline": ["n", 2 * WIDTH]},
        outputs={"logits": ["n", labels]},
    )


def _onnx(
    nodes: list[Any],
    constants: dict[str, NDArray[Any]],
    *,
    inputs: dict[str, list[Any]],
    outputs: dict[str, list[Any]],
) -> bytes:
    def described(ports: dict[str, list[Any]]) -> list[Any]:
        return [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in ports.items()
        ]

    graph = helper.make_graph(
        nodes,
        "tiny",
        described(inputs),
        described(outputs),
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def card(**changes: Any) -> Card:
    """Make the card of a tiny model."""
    values: dict[str, Any] = {
        "name": "tiny",
        "version": "0",
        "labels": LABELS,
        "receptive": RECEPTIVE,
        "stride": STRIDE,
        "languages": ("en",),
        "training": (TrainingCorpus("nothing", "CC0-1.0"),),
        "licence": "CC0-1.0",
    }
    return Card(**(values | changes))


def write_tiny(folder: Path, *, seed: int = 0, **changes: Any) -> ModelPackage:
    """Write a tiny package.

    Args:
        folder: where it shall be; the folder above exists.
        seed: of the random weights.
        **changes: fields of the card.
    """
    random = np.random.default_rng(seed + 2)
    tiny = card(**changes)
    return write_package(
        folder,
        tiny,
        model=network(seed),
        head=head(seed, len(tiny.labels)),
        baseline={
            "population": 0.1 * random.standard_normal(2 * WIDTH),
            "classes": 0.1 * random.standard_normal((len(tiny.labels), 2 * WIDTH)),
            "within": np.full(2 * WIDTH, 0.2),
            "between": np.full(2 * WIDTH, 0.1),
            "settings": np.array([2.5, 0.9, 0.7, 8.0, 0.65, 0.9]),
        },
    )
