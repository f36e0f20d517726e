"""From torch to ONNX: the two networks of a model package."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from affetto.models.export import export

if TYPE_CHECKING:
    from affetto.lab.student import Student

__all__ = ["encoder_onnx", "export", "head_onnx"]


def encoder_onnx(student: Student) -> bytes:
    """Write the encoder as ONNX: `features` to `frames`, `speech` and `voice`.

    Batch and time are free. Normalisation is folded into the convolutions by the runtime.
    """
    config = student.encoder.config
    example = torch.zeros(1, config.receptive + 2 * config.stride, config.bands)
    return export(
        student.encoder,
        (example,),
        ["features"],
        ["frames", "speech", "voice"],
        {
            "features": {0: "batch", 1: "time"},
            "frames": {0: "batch", 1: "rows"},
            "speech": {0: "batch", 1: "rows"},
            "voice": {0: "batch", 1: "rows"},
        },
    )


def head_onnx(student: Student) -> bytes:
    """Write the head as ONNX: `pooled` and `baseline` to `logits`."""
    size = len(student.head.mean)
    example = torch.zeros(2, size)
    free = {name: {0: "n"} for name in ("pooled", "baseline", "logits")}
    return export(student.head, (example, example), ["pooled", "baseline"], ["logits"], free)
