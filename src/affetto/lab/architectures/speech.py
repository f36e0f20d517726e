"""What judges the states of a speech encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from affetto.lab.encoders import pool

if TYPE_CHECKING:
    from affetto.lab.encoders import SpeechEncoder

__all__ = ["Embedder", "SpeechClassifier", "WeightedLayers"]


class WeightedLayers(nn.Module):
    """A perceptron on a learnt weighted sum of layers' embeddings (Yang et al. 2021, SUPERB).

    Args:
        layers: how many there are.
        columns: of an embedding.
        classes: logits.
        width: multiplies the 256 hidden units.
        dropout: share of what is left out in training.
    """

    def __init__(
        self, layers: int, columns: int, classes: int, *, width: float = 1.0, dropout: float = 0.3
    ) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(layers))
        hidden = round(256 * width)
        self.judge = _judge(columns, hidden, classes, dropout)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Judge embeddings, (batch, layers, columns); logits, (batch, classes)."""
        weights = self.weights.softmax(dim=0)[:, None]
        logits: Tensor = self.judge((weights * embeddings).sum(dim=1))
        return logits


class Embedder(nn.Module):
    """The pooled states of some layers, as `affetto.lab.embeddings` gives them.

    Args:
        encoder: hears.
        layers: which.
        deviation: whether the deviation over time stands beside the mean.
        averaged: whether the layers are averaged, or stand one below the other.
    """

    def __init__(
        self, encoder: SpeechEncoder, layers: range, *, deviation: bool, averaged: bool
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.layers = layers
        self.deviation = deviation
        self.averaged = averaged

    def forward(self, samples: Tensor) -> Tensor:
        """Embed sounds of one length, (batch, samples)."""
        states, heard = self.encoder(samples)
        rows = torch.stack([pool(states[layer], heard) for layer in self.layers], dim=1)
        if not self.deviation:
            rows = rows[..., : self.encoder.width]
        return rows.mean(dim=1) if self.averaged else rows


class SpeechClassifier(nn.Module):
    """An encoder, its states pooled over the whole sound, and a head of two layers.

    Args:
        encoder: hears.
        classes: logits.
        pooling: "mean"; "statistics", mean and deviation; "attention", both of frames weighed by
            what they hold (Okabe et al. 2018, arXiv:1803.10963).
        weighted: take a learnt weighted sum of all layers rather than the last one.
        hidden: units of the head.
        dropout: share of what is left out in training.
    """

    def __init__(
        self,
        encoder: SpeechEncoder,
        classes: int,
        *,
        pooling: str = "mean",
        weighted: bool = False,
        hidden: int = 256,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        self.weights = nn.Parameter(torch.zeros(encoder.depth)) if weighted else None
        self.attend = nn.Linear(encoder.width, 1) if pooling == "attention" else None
        columns = encoder.width * (1 if pooling == "mean" else 2)
        self.judge = nn.Sequential(
            nn.LayerNorm(columns), *_judge(columns, hidden, classes, dropout)
        )

    def forward(self, samples: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Judge sounds; see `SpeechEncoder`. Logits, (batch, classes)."""
        states, share = self.encoder(samples, lengths)
        rows = states[-1]
        if self.weights is not None:
            weights = self.weights.softmax(dim=0)
            rows = torch.stack(states, dim=-1) @ weights
        if self.attend is not None:
            scores = self.attend(rows)[..., 0].float()
            share = scores.masked_fill(share == 0.0, -1e9).softmax(dim=1)
        pooled = pool(rows.float(), share.float())
        if self.pooling == "mean":
            pooled = pooled[:, : self.encoder.width]
        logits: Tensor = self.judge(pooled)
        return logits


def _judge(columns: int, hidden: int, classes: int, dropout: float) -> nn.Sequential:
    """Give two layers, from columns to logits."""
    return nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(columns, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, classes),
    )
