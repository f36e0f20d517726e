"""The bundled model's network: a small convolutional encoder over time, and a head over windows.

The encoder is valid in time: no row depends on the batch or on where a recording was cut, so
windows that overlap share its rows, and a stream gives the rows of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Encoder", "EncoderConfig", "Head", "Reading", "pool"]

_HIDDEN, _DROPOUT = 128, 0.3  # of a reading


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """The encoder's shape.

    Attributes:
        bands: mel bands of the features.
        channels: channels of the four two-dimensional convolutions.
        width: values in a row of `frames`.
        voice: values in a row of `voice`.
        dilations: of the residual convolutions over time.
    """

    bands: int = 64
    channels: tuple[int, int, int, int] = (32, 64, 96, 96)
    width: int = 256
    voice: int = 32
    dilations: tuple[int, ...] = (1, 2)

    @property
    def stride(self) -> int:
        """Feature frames from one row to the next."""
        return 4

    @property
    def receptive(self) -> int:
        """Feature frames that one row hears."""
        rows = 1 + sum(2 * dilation for dilation in self.dilations)
        rows += 2 + 2  # two 3×3 convolutions at the rows' own rate
        return ((rows - 1) * 2 + 3 - 1) * 2 + 5


class Encoder(nn.Module):
    """Features to rows: `frames`, `speech` (logits) and `voice`."""

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or EncoderConfig()
        first, second, third, fourth = config.channels

        def block(inside: int, outside: int, kernel: int, stride: tuple[int, int]) -> nn.Module:
            return nn.Sequential(
                nn.Conv2d(
                    inside, outside, kernel, stride=stride, padding=(0, kernel // 2), bias=False
                ),
                nn.BatchNorm2d(outside),
                nn.ReLU(),
            )

        self.blocks = nn.Sequential(
            block(1, first, 5, (2, 2)),
            block(first, second, 3, (2, 2)),
            block(second, third, 3, (1, 2)),
            block(third, fourth, 3, (1, 1)),
        )
        self.project = nn.Sequential(
            nn.Conv1d(fourth * (config.bands // 8), config.width, 1, bias=False),
            nn.BatchNorm1d(config.width),
            nn.ReLU(),
        )
        self.temporal = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(config.width, config.width, 3, dilation=dilation, bias=False),
                nn.BatchNorm1d(config.width),
                nn.ReLU(),
            )
            for dilation in config.dilations
        )
        self.speech = nn.Conv1d(config.width, 1, 1)
        self.voice = nn.Conv1d(config.width, config.voice, 1)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the rows.

        Args:
            features: (batch, time, bands), relative log-mel in nepers.

        Returns:
            frames (batch, rows, width), speech logits (batch, rows), voice (batch, rows, voice),
            with rows = (time - receptive) // stride + 1.
        """
        x = self.blocks((features.unsqueeze(1) + 5.0) / 4.0)
        x = self.project(x.transpose(2, 3).flatten(1, 2))
        for layer in self.temporal:
            y = layer(x)
            cut = (x.shape[2] - y.shape[2]) // 2
            x = x[:, :, cut : cut + y.shape[2]] + y
        return (
            x.transpose(1, 2),
            self.speech(x).squeeze(1),
            self.voice(x).transpose(1, 2),
        )


def pool(frames: Tensor, weights: Tensor) -> Tensor:
    """Pool the rows of a window: weighted mean and standard deviation.

    Args:
        frames: (batch, rows, width).
        weights: (batch, rows), not negative.

    Returns:
        (batch, 2 × width).
    """
    frames = frames.float()
    share = (weights / weights.sum(1, keepdim=True).clamp_min(1e-6)).unsqueeze(2)
    mean = (share * frames).sum(1)
    variance = (share * frames.square()).sum(1) - mean.square()
    return torch.cat([mean, (variance.clamp_min(0.0) + 1e-5).sqrt()], 1)


class Reading(nn.Module):
    """Standardised windows to logits: two layers that learn with the encoder, and a linear part.

    The linear part is fitted last, on whole clips (see `affetto.lab.refit`); until then it is 0.
    """

    def __init__(self, pooled: int, labels: int) -> None:
        super().__init__()
        self.deep = nn.Sequential(
            nn.Dropout(_DROPOUT),
            nn.Linear(pooled, _HIDDEN),
            nn.ReLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(_HIDDEN, labels),
        )
        self.linear = nn.Linear(pooled, labels).requires_grad_(False)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, windows: Tensor) -> Tensor:
        """Compute logits, (n, labels), of windows (n, pooled)."""
        logits: Tensor = self.deep(windows) + self.linear(windows)
        return logits


class Head(nn.Module):
    """A pooled window and its speaker's baseline to logits.

    Two readings share nothing but their input: `plain` hears the window as it is, `relative` its
    departure from the speaker's baseline. Where the baseline is the population's, `plain` answers;
    elsewhere `relative` does. How to blend the two, the baseline says that was learned (see
    `affetto.recognition.baseline`).
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, pooled: int, labels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(pooled))
        self.register_buffer("scale", torch.ones(pooled))
        self.plain = Reading(pooled, labels)
        self.relative = Reading(pooled, labels)

    def forward(self, pooled: Tensor, baseline: Tensor) -> Tensor:
        """Compute logits, (n, labels), of windows (n, pooled) beside baselines (n, pooled)."""
        x = (pooled - self.mean) / self.scale
        shift = (baseline - self.mean) / self.scale
        known = (shift.abs().amax(1, keepdim=True) > 1e-4).float()
        return (1.0 - known) * self.plain(x) + known * self.relative(x - shift)
