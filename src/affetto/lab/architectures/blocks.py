"""What the networks are built of."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Standardised", "as_picture", "conv2d", "moments", "wide"]


_RELU = partial(nn.ReLU, inplace=True)


class Standardised(nn.Module):
    """A network behind features of mean 0 and deviation 1, as the training clips have them.

    Args:
        core: the network.
        mean: of each column, (columns,).
        scale: of each column, (columns,).
    """

    def __init__(self, core: nn.Module, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.core = core
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", mean.clone())
        self.register_buffer("scale", scale.clone())

    def forward(self, features: Tensor) -> Tensor:
        """Give the core's logits, (batch, classes)."""
        logits: Tensor = self.core((features - self.mean) / self.scale)
        return logits


def conv2d(
    inputs: int,
    outputs: int,
    size: int = 3,
    stride: int | tuple[int, int] = 1,
    *,
    activation: Callable[[], nn.Module] | None = _RELU,
) -> nn.Sequential:
    """Give a convolution over the picture with batch norm and, unless None, an activation."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([] if activation is None else [activation()]))


def as_picture(frames: Tensor) -> Tensor:
    """Turn frames, (batch, frames, columns), to a picture, (batch, 1, columns, frames)."""
    return frames.transpose(1, 2)[:, None]


def moments(rows: Tensor) -> Tensor:
    """Pool over the last axis, time: mean and deviation, (batch, 2 × channels)."""
    mean = rows.mean(dim=-1)
    variance = (rows - mean[..., None]).square().mean(dim=-1)
    return torch.cat([mean, (variance + 1e-5).sqrt()], dim=-1)


def wide(channels: int, width: float) -> int:
    """Scale a count of channels; a multiple of 8, and 8 at least.

    Examples:
        >>> wide(64, 0.25), wide(64, 1.0), wide(8, 0.1)
        (16, 64, 8)
    """
    return max(8, round(channels * width / 8) * 8)
