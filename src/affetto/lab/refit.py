"""The linear part of the head, fitted on whole clips once the encoder is done.

While the encoder learns, it hears cuts, and a speaker's mean is that of a handful of them. Whole
clips and whole speakers are steadier; a linear reading of those, added to what was learnt, is worth
a few points.

Beside a baseline the reading shall also hold for recordings unlike any of the training's. So there
its weights are held back where the teacher would hear little: the teacher heard far more speech
than our clips, and knows better which differences between sounds are large. And every corpus, and
every label of a corpus, weighs alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor, nn

from affetto.lab.student import emotion_losses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from affetto.lab.batches import TrainingSet
    from affetto.lab.network import Reading
    from affetto.lab.student import Student

__all__ = ["RefitConfig", "Windows", "refit"]


@dataclass(frozen=True, slots=True)
class RefitConfig:
    """How the linear parts are fitted.

    Attributes:
        plain: weight of the squared weights, of the reading without a baseline.
        relative: the same, of the reading with one.
        own: how freely that reading may use the network's values directly, against what the
            teacher would make of them, 1 for alike; all it has where no teacher was heard.
        iterations: of L-BFGS.
    """

    plain: float = 3e-2
    relative: float = 3e-2
    own: float = 0.5
    iterations: int = 25


@dataclass(frozen=True, slots=True)
class Windows:
    """Whole clips as the head meets them.

    Attributes:
        pooled: (n, pooled).
        label: (n,).
        evidence: see `TrainingSet`, (n, labels).
        unacted: clips that are right as neutral or calm, (n,).
        speaker: (n,).
        corpus: (n,).
        weight: of each clip in the reading without a baseline, (n,), of mean 1.
    """

    pooled: NDArray[np.float32]
    label: NDArray[np.int64]
    evidence: NDArray[np.float32]
    unacted: NDArray[np.bool_]
    speaker: NDArray[np.int64]
    corpus: NDArray[np.int64]
    weight: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        pooled: NDArray[np.float32],
        data: TrainingSet,
        clips: NDArray[np.int64],
        weight: NDArray[np.float64],
    ) -> Self:
        """Take what is known of clips.

        Args:
            pooled: the clips, (n, pooled).
            data: which they are of.
            clips: their numbers, (n,).
            weight: of each.
        """
        return cls(
            pooled,
            data.label[clips],
            data.evidence[clips],
            data.unacted[clips],
            data.speaker[clips],
            data.corpus[clips],
            weight,
        )


def refit(
    student: Student, windows: Windows, config: RefitConfig | None = None, *, taught: bool
) -> None:
    """Fit the linear part of both readings.

    Args:
        student: trained and settled, on the CPU.
        windows: of the training clips.
        config: how strongly to hold the weights back.
        taught: whether a teacher's targets were among what the student learned.
    """
    config = config or RefitConfig()
    head = student.head
    x = (torch.from_numpy(windows.pooled) - head.mean) / head.scale
    everyone = np.ones(len(x), bool)
    _fit(head.plain, x, windows, everyone, windows.weight, config.plain, config.iterations)
    departure = x.clone()
    grouped = np.zeros(len(x), bool)
    for speaker in np.unique(windows.speaker):
        of = windows.speaker == speaker
        if of.sum() >= 4:
            mask = torch.from_numpy(of)
            departure[mask] -= x[mask].mean(0)
            grouped |= of
    # Where no speaker has clips enough, the reading stays as it is.
    if grouped.any():
        view = _taught_view(student, x, config.own) if taught else None
        weight = _even(windows.corpus, windows.label, grouped)
        _fit(
            head.relative,
            departure,
            windows,
            grouped,
            weight,
            config.relative,
            config.iterations,
            view,
        )


def _taught_view(student: Student, x: Tensor, own: float) -> Tensor:
    """Give what maps windows to what the teacher would hear in them, beside themselves.

    Returns:
        Shape (targets + pooled, pooled).
    """
    distil = student.distil.weight.detach()
    frames = distil.shape[1]
    # The mean over rows of what is expected of the teacher; the deviations over rows it never met.
    hears = torch.zeros(len(distil), x.shape[1])
    hears[:, :frames] = distil * student.head.scale[:frames]
    hears /= (x @ hears.T).std(0)[:, None] + 1e-3
    return torch.cat([hears, own * torch.eye(x.shape[1])])


def _even(
    corpus: NDArray[np.int64], label: NDArray[np.int64], chosen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Let every corpus weigh alike, and in a corpus every label; of mean 1 over the chosen."""
    weight = np.zeros(len(corpus))
    for i in np.unique(corpus[chosen]):
        labels = np.unique(label[chosen & (corpus == i)])
        for name in labels:
            of = chosen & (corpus == i) & (label == name)
            weight[of] = 1.0 / (of.sum() * len(labels))
    return np.asarray(weight / weight[chosen].mean())


def _fit(
    reading: Reading,
    x: Tensor,
    windows: Windows,
    chosen: NDArray[np.bool_],
    weight: NDArray[np.float64],
    penalty: float,
    iterations: int,
    view: Tensor | None = None,
) -> None:
    """Fit one linear part by logistic regression among the labels that each corpus has.

    Args:
        reading: whose linear part it is.
        x: what it hears, (n, pooled).
        windows: what is known of these.
        chosen: which to learn from, (n,).
        weight: of each, (n,).
        penalty: weight of the squared weights.
        iterations: of L-BFGS.
        view: the space in which the weights are squared, (values, pooled); `x`'s own by default.
    """
    x = x[torch.from_numpy(chosen)]
    label, evidence, unacted, weights = (
        torch.from_numpy(values[chosen])
        for values in (windows.label, windows.evidence, windows.unacted, weight)
    )
    seen = x if view is None else x @ view.T
    linear = nn.Linear(seen.shape[1], reading.linear.out_features)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    optimizer = torch.optim.LBFGS(
        linear.parameters(), max_iter=iterations, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimizer.zero_grad()
        losses = emotion_losses(linear(seen), label, evidence, unacted)
        loss = (losses * weights).mean().float() + penalty * linear.weight.square().sum()
        loss.backward()
        return float(loss.detach())

    with torch.enable_grad():
        optimizer.step(closure)
    with torch.no_grad():
        reading.linear.weight.copy_(linear.weight if view is None else linear.weight @ view)
        reading.linear.bias.copy_(linear.bias)
