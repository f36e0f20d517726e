"""The network while it learns: the encoder, its two readings, and what helps it along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as fn
from torch import Tensor, nn

from affetto.lab.network import Encoder, EncoderConfig, Head, pool
from affetto.lab.teacher import WIDTH
from affetto.models.rows import LEAST_WEIGHT, SILENCE

if TYPE_CHECKING:
    from affetto.lab.batches import Batch, TrainingSet

__all__ = ["LossConfig", "Student", "emotion_losses", "pad"]


@dataclass(frozen=True, slots=True)
class LossConfig:
    """What the losses weigh.

    Attributes:
        smoothing: of the labels, over those that the corpus has.
        distil: weight of the teacher's targets.
        speaker: weight of telling the speakers apart, for the `voice` rows.
        prior: clips that the population's mean weighs in a group's baseline.
    """

    smoothing: float = 0.05
    distil: float = 1.0
    speaker: float = 0.15
    prior: float = 1.5


def pad(features: Tensor, config: EncoderConfig) -> Tensor:
    """Put quiet frames before and after, so that there is a row for every fourth frame.

    Args:
        features: (batch, frames, bands).
        config: of the encoder.
    """
    half = config.receptive // 2
    return fn.pad(features, (0, 0, half, half), value=SILENCE)


class Student(nn.Module):
    """An encoder and a head that learn together.

    Args:
        labels: how many.
        speakers: how many, in training.
        config: of the encoder.
    """

    def __init__(self, labels: int, speakers: int, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        config = self.encoder.config
        self.normal = nn.BatchNorm1d(2 * config.width, affine=False)
        self.head = Head(2 * config.width, labels)
        self.distil = nn.Linear(config.width, WIDTH)
        self.speaker = nn.Linear(2 * config.voice, speakers)

    def pooled(self, features: Tensor, rows: Tensor | None = None) -> Tensor:
        """Hear whole clips: (batch, frames, bands) to (batch, 2 × width).

        Args:
            features: relative log-mel, clips filled up to one length.
            rows: how many rows of each clip count, (batch,); all by default.
        """
        frames, speech, _ = self.encoder(pad(features, self.encoder.config))
        weights = speech.float().sigmoid().clamp_min(LEAST_WEIGHT)
        if rows is not None:
            places = torch.arange(weights.shape[1], device=weights.device)
            weights = weights * (places[None] < rows[:, None])
        return pool(frames, weights)

    def settle(self) -> None:
        """Hand the statistics of the training's windows to the head, which then stands alone."""
        mean, variance = self.normal.running_mean, self.normal.running_var
        assert mean is not None
        assert variance is not None
        self.head.mean.copy_(mean)
        self.head.scale.copy_((variance + self.normal.eps).sqrt())

    def losses(
        self, batch: Batch, data: TrainingSet, targets: Tensor | None, config: LossConfig
    ) -> dict[str, Tensor]:
        """Compute every loss of a batch.

        Args:
            batch: what was drawn.
            data: what it was drawn from.
            targets: the teacher's, standardised, for each second row, (batch, rows // 2, 512).
            config: what the losses weigh.
        """
        device = self.normal.running_mean.device

        def put(array: object) -> Tensor:
            return torch.as_tensor(array).to(device)

        frames, speech, voice = self.encoder(pad(put(batch.features), self.encoder.config))
        count = min(speech.shape[1], batch.speech.shape[1])
        frames, speech = frames[:, :count].float(), speech[:, :count].float()
        losses = {
            "speech": fn.binary_cross_entropy_with_logits(speech, put(batch.speech[:, :count]))
        }
        weights = speech.sigmoid().detach().clamp_min(LEAST_WEIGHT)
        windows = self.normal(pool(frames, weights))

        label = put(data.label[batch.clip])
        labelled = label >= 0
        evidence = put(data.evidence[batch.clip])
        unacted = put(data.unacted[batch.clip])

        def emotion(logits: Tensor, keep: Tensor) -> Tensor:
            return emotion_losses(
                logits, label[keep], evidence[keep], unacted[keep], smoothing=config.smoothing
            ).mean()

        losses["plain"] = emotion(self.head.plain(windows[labelled]), labelled)
        if batch.groups:
            size, grouped = batch.group_size, batch.groups * batch.group_size
            groups = windows[:grouped].view(batch.groups, size, -1)
            others = groups.sum(1, keepdim=True) - groups
            departure = groups - others / (size - 1 + config.prior)
            first = torch.zeros_like(labelled)
            first[:grouped] = True
            losses["relative"] = emotion(self.head.relative(departure.flatten(0, 1)), first)
        if targets is not None and config.distil:
            pairs = count // 2
            heard = frames[:, : 2 * pairs].unflatten(1, (pairs, 2)).mean(2)
            known = put(batch.target[:, :pairs] >= 0)
            wrong = fn.smooth_l1_loss(self.distil(heard), targets[:, :pairs], reduction="none")
            losses["distil"] = (
                config.distil * (wrong.mean(2) * known).sum() / known.sum().clamp_min(1)
            )
        voices = self.speaker(pool(voice[:, :count], weights)[labelled])
        speakers = put(data.speaker[batch.clip])[labelled]
        losses["speaker"] = config.speaker * fn.cross_entropy(voices, speakers)
        return losses


def emotion_losses(
    logits: Tensor, label: Tensor, evidence: Tensor, unacted: Tensor, *, smoothing: float = 0.0
) -> Tensor:
    """Compute each clip's cross-entropy.

    Args:
        logits: (n, labels).
        label: (n,).
        evidence: how much each label counts against the clip's own, in [0, 1], (n, labels).
        unacted: clips that nobody acted, (n,): right as neutral or as calm, the first two labels.
        smoothing: of the labels, over those that count in full.

    Returns:
        Nepers, (n,).

    Examples:
        >>> among_two = torch.tensor([[1.0, 1.0, 0.0]])
        >>> emotion_losses(torch.zeros(1, 3), torch.tensor([0]), among_two, torch.tensor([False]))
        tensor([0.6931])
    """
    full = evidence >= 1
    scores = (logits.float() + evidence.float().clamp_min(1e-30).log()).log_softmax(1)
    smooth = (scores * full).sum(1) / full.sum(1)
    sharp = scores.gather(1, label[:, None])[:, 0]
    acted = -(1.0 - smoothing) * sharp - smoothing * smooth
    return torch.where(unacted, -torch.logsumexp(scores[:, :2], 1), acted)
