"""From torch to ONNX. torch is imported only here, when there is something to write."""

from __future__ import annotations

import io
import warnings
from typing import Any

__all__ = ["export"]

_OPSET = 17


def export(
    module: Any,
    example: tuple[Any, ...],
    inputs: list[str],
    outputs: list[str],
    free: dict[str, dict[int, str]],
) -> bytes:
    """Write a network as ONNX.

    Args:
        module: a `torch.nn.Module`; it goes to the CPU.
        example: its inputs, tensors of any content.
        inputs: what they are called.
        outputs: what they are called.
        free: axes that may have any length: name → axis → what it is called.
    """
    import torch

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
