"""Teaching the student: the bundled recipe's losses, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from affetto.lab.student import LossConfig, Student
from affetto.lab.training import LoopConfig, best_device, fit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import Tensor

    from affetto.lab.batches import Batch, Batches

__all__ = ["teach"]


def teach(
    student: Student,
    batches: Batches,
    config: LoopConfig,
    *,
    losses: LossConfig | None = None,
    folder: Path | None = None,
    validate: Callable[[Student], float] | None = None,
    report: Callable[[str], None] | None = None,
) -> list[dict[str, Any]]:
    """Train a student, or go on with a training that stopped; see `affetto.lab.training.fit`.

    Args:
        student: learns in place, and settles at the end.
        batches: what it learns from.
        config: how long and how fast.
        losses: what the losses weigh.
        folder: of the run.
        validate: gives a score on held-out TRAINING speakers; higher is better.
        report: told one line a check.

    Returns:
        The history, as `fit` gives it.
    """
    weights = losses or LossConfig()
    targets = _Targets(batches)
    device = best_device()

    def parts(batch: Batch) -> Mapping[str, Tensor]:
        return student.losses(batch, batches.data, targets(batch.target, device), weights)

    history = fit(
        student, batches.draw, parts, config, folder=folder, validate=validate, report=report
    )
    student.settle()
    return history


class _Targets:
    """The teacher's targets of a batch, standardised value by value."""

    def __init__(self, batches: Batches) -> None:
        self.store = batches.data.store
        sample = self.store.targets[:: max(1, len(self.store.targets) // 8000)].astype(np.float32)
        self.known = len(sample) > 0
        if self.known:
            self.mean, self.scale = sample.mean(0), sample.std(0) + 1e-3

    def __call__(self, rows: np.ndarray[Any, Any], device: torch.device) -> Tensor | None:
        if not self.known:
            return None
        taken = self.store.targets[np.maximum(rows, 0)].astype(np.float32)
        standard = np.clip((taken - self.mean) / self.scale, -3.0, 6.0)
        return torch.from_numpy(standard).to(device)
