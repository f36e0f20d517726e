"""The linear part of the head, fitted on whole clips once the encoder is done.

While the encoder learns, it hears cuts, and a speaker's mean is that of a handful of them. Whole
clips and whole speakers are steadier; a linear reading of those, added to what was learnt, is worth
a few points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor

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
        iterations: of L-BFGS.
    """

    plain: float = 3e-2
    relative: float = 1e-2
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
        weight: of each clip, (n,), of mean 1.
    """

    pooled: NDArray[np.float32]
    label: NDArray[np.int64]
    evidence: NDArray[np.float32]
    unacted: NDArray[np.bool_]
    speaker: NDArray[np.int64]
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
            weight,
        )


def refit(student: Student, windows: Windows, config: RefitConfig | None = None) -> None:
    """Fit the linear part of both readings.

    Args:
        student: trained and settled, on the CPU.
        windows: of the training clips.
        config: how strongly to hold the weights back.
    """
    config = config or RefitConfig()
    head = student.head
    x = (torch.from_numpy(windows.pooled) - head.mean) / head.scale
    everyone = np.ones(len(x), bool)
    _fit(head.plain, x, windows, everyone, config.plain, config.iterations)
    departure = x.clone()
    grouped = np.zeros(len(x), bool)
    for speaker in np.unique(windows.speaker):
        of = windows.speaker == speaker
        if of.sum() >= 4:
            mask = torch.from_numpy(of)
            departure[mask] -= x[mask].mean(0)
            grouped |= of
    _fit(head.relative, departure, windows, grouped, config.relative, config.iterations)


def _fit(
    reading: Reading,
    x: Tensor,
    windows: Windows,
    chosen: NDArray[np.bool_],
    penalty: float,
    iterations: int,
) -> None:
    """Fit one linear part by logistic regression among the labels that each corpus has.

    Where nothing is chosen, as when no speaker has clips enough, it stays as it is.
    """
    if not chosen.any():
        return
    x = x[torch.from_numpy(chosen)]
    label, evidence, unacted, weight = (
        torch.from_numpy(values[chosen])
        for values in (windows.label, windows.evidence, windows.unacted, windows.weight)
    )
    linear = reading.linear.requires_grad_(True)
    optimizer = torch.optim.LBFGS(
        linear.parameters(), max_iter=iterations, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimizer.zero_grad()
        losses = emotion_losses(linear(x), label, evidence, unacted)
        loss = (losses * weight).mean().float() + penalty * linear.weight.square().sum()
        loss.backward()
        return float(loss.detach())

    with torch.enable_grad():
        optimizer.step(closure)
    linear.requires_grad_(False)
