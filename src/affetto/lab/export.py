"""From torch to ONNX: the two networks of a model package."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from affetto.lab.student import Student

__all__ = ["encoder_onnx", "export", "head_onnx"]

_OPSET = 17


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


def export(
    module: nn.Module,
    example: tuple[Tensor, ...],
    inputs: list[str],
    outputs: list[str],
    free: dict[str, dict[int, str]],
) -> bytes:
    """Write a network as ONNX.

    Args:
        module: the network; it goes to the CPU.
        example: its inputs, of any content.
        inputs: what they are called.
        outputs: what they are called.
        free: axes that may have any length: name → axis → what it is called.
    """
    buffer = io.BytesIO()
    module = module.cpu().eval()
    with warnings.catch_warnings():
        # The exporter that traces is deprecated, yet the newer one needs another package and
        # writes the same graph for networks as plain as these.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            example,
            buffer,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=free,
            opset_version=_OPSET,
            dynamo=False,
        )
    return buffer.getvalue()
