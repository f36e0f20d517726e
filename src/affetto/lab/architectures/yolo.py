"""The classification network of YOLOv8, from its published description.

Convolutions with batch norm and SiLU halve the picture five times; after each but the first stand
C2f blocks: the channels are parted, bottlenecks work on one part in a row, and everything made on
the way is put together (Jocher et al. 2023, the architecture's description; CSP: Wang et al. 2019,
arXiv:1911.11929). Depth and width scale with the size's letter.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from affetto.lab.architectures.blocks import conv2d, wide

__all__ = ["SIZES", "YoloCls"]

SIZES = {"n": (1 / 3, 0.25), "s": (1 / 3, 0.50), "m": (2 / 3, 0.75)}
"""Size → share of the blocks, share of the channels."""

_STAGES = ((128, 3), (256, 6), (512, 6), (1024, 3))
"""Channels and bottlenecks of each stage at full size."""

_LAST = 1280


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return conv2d(inputs, outputs, size, stride, activation=nn.SiLU)


class Bottleneck(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(_conv(channels, channels), _conv(channels, channels))

    def forward(self, picture: Tensor) -> Tensor:
        """Give the block's picture."""
        changed: Tensor = picture + self.layers(picture)
        return changed


class C2f(nn.Module):
    """Bottlenecks in a row on one half of the channels; all that they make is kept.

    Args:
        channels: in and out.
        count: of bottlenecks.
    """

    def __init__(self, channels: int, count: int) -> None:
        super().__init__()
        half = channels // 2
        self.before = _conv(channels, channels, 1)
        # In the order of published weights, which are matched by it.
        self.after = _conv((2 + count) * half, channels, 1)
        self.row = nn.ModuleList(Bottleneck(half) for _ in range(count))

    def forward(self, picture: Tensor) -> Tensor:
        """Give the block's picture."""
        parts = list(self.before(picture).chunk(2, dim=1))
        for bottleneck in self.row:
            parts.append(bottleneck(parts[-1]))
        together: Tensor = self.after(torch.cat(parts, dim=1))
        return together


class YoloCls(nn.Module):
    """The backbone and its classification head.

    Args:
        classes: how many.
        size: a letter of `SIZES`.
        dropout: before the last layer.
    """

    def __init__(self, classes: int, *, size: str = "n", dropout: float = 0.2) -> None:
        super().__init__()
        depth, width = SIZES[size]
        before = wide(64, width)
        layers: list[nn.Module] = [_conv(3, before, stride=2)]
        for channels, count in _STAGES:
            after = wide(channels, width)
            layers += [_conv(before, after, stride=2), C2f(after, max(1, round(count * depth)))]
            before = after
        self.layers = nn.Sequential(*layers, _conv(before, _LAST, 1))
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(_LAST, classes))

    def forward(self, picture: Tensor) -> Tensor:
        """Give logits, (batch, classes), of pictures, (batch, 3, height, width) in [0, 1]."""
        logits: Tensor = self.last(self.layers(picture).mean(dim=(2, 3)))
        return logits
