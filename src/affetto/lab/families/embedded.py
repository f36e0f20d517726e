"""wav2vec2-svm: a classical head, or a small network, on a frozen speech encoder."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from affetto.errors import OptionError
from affetto.features.recipe import FeatureRecipe
from affetto.lab.architectures.speech import Embedder
from affetto.lab.arrays import FeatureArrays
from affetto.lab.embeddings import Embeddings
from affetto.lab.encoders import load_encoder
from affetto.lab.export import export
from affetto.lab.families import classical
from affetto.lab.families.lesson import Fitted
from affetto.lab.families.settings import NetworkSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from affetto.lab.encoders import SpeechEncoder
    from affetto.lab.families.encoder_settings import EmbeddingSettings
    from affetto.lab.families.lesson import Lesson

__all__ = ["fit_embedded"]


def fit_embedded(lesson: Lesson, settings: EmbeddingSettings) -> Fitted:
    """Train a head on embeddings.

    Args:
        lesson: what to learn from; features are sounds.
        settings: see `EmbeddingSettings`.

    Raises:
        ModelError: the encoder can't be had.
        OptionError: it has no such layer, is too large for a file, or the loss is no longer a
            number.
    """
    encoder = load_encoder(settings.encoder)
    layers = _layers(encoder, settings)
    lower = encoder.until(layers[-1])
    lower.check_size()
    made = Embeddings(encoder, None if lesson.shared is None else lesson.shared / "embeddings")
    deviation, averaged = settings.pooling == "statistics", settings.head != "weighted"

    def embed(sounds: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        rows = made(sounds, layers)
        rows = rows if deviation else rows[..., : encoder.width]
        return rows.mean(axis=1) if averaged else rows

    places = lesson.everything()
    rows = [
        _as_rows(arrays, places, embed([arrays.raw(int(place)) for place in places]))
        for arrays in lesson.arrays
    ]
    head = _fit_head(replace(lesson, arrays=rows), settings)
    embedder = Embedder(lower, layers, deviation=deviation, averaged=averaged)
    below = export(
        embedder,
        (torch.zeros(1, 16_000),),
        ["samples"],
        ["features"],
        {"samples": {0: "n", 1: "time"}, "features": {0: "n"}},
    )
    notes = {**head.notes, "settings": asdict(settings), "learnt": head.parameters}
    return Fitted(
        _joined(below, head.onnx),
        lambda sounds: head.logits(embed(sounds)),
        lower.size + head.parameters,
        notes,
        head.held_out,
    )


def _layers(encoder: SpeechEncoder, settings: EmbeddingSettings) -> range:
    """Give the states that are taken."""
    if settings.head == "weighted":
        return range(encoder.depth)
    if settings.layer is None:
        return range(max(0, encoder.depth - settings.last), encoder.depth)
    if settings.layer >= encoder.depth:
        raise OptionError(
            f"found layer {settings.layer}, expected 0 to {encoder.depth - 1}, as many as "
            f"{settings.encoder} has"
        )
    return range(settings.layer, settings.layer + 1)


def _as_rows(
    arrays: FeatureArrays, places: NDArray[np.int64], rows: NDArray[np.float32]
) -> FeatureArrays:
    """Put embeddings in the places of their clips; those of no use here stay empty."""
    values = np.zeros((len(arrays), *rows.shape[1:]), np.float32)
    values[places] = rows
    return FeatureArrays(
        FeatureRecipe("row"), arrays.table, values, np.arange(len(arrays) + 1, dtype=np.int64)
    )


def _fit_head(lesson: Lesson, settings: EmbeddingSettings) -> Fitted:
    if settings.head == "svm":
        return classical.svm(lesson, classical.SvmSettings(settings.kernel, settings.costs))
    if settings.head == "logistic":
        return classical.logistic(lesson, classical.LogisticSettings(settings.costs))
    if settings.head == "mlp":
        about = classical.MlpSettings(
            settings.hidden, settings.decays, settings.epochs, settings.rate
        )
        return classical.mlp(lesson, about)
    from affetto.lab.families.networks import fit_network

    learning = NetworkSettings(epochs=settings.epochs, rate=settings.rate, dropout=settings.dropout)
    return fit_network("weighted", lesson, learning, length=0)


def _joined(below: bytes, above: bytes) -> bytes:
    """Join two ONNX files to one: the embeddings of the first are the features of the second."""
    import onnx
    from onnx import compose

    first, second = onnx.load_from_string(below), onnx.load_from_string(above)
    second = compose.add_prefix(second, "head/", rename_inputs=False, rename_outputs=False)
    first.ir_version = second.ir_version = max(first.ir_version, second.ir_version)
    joined = compose.merge_models(first, second, [("features", "features")])
    content: bytes = joined.SerializeToString()
    return content
