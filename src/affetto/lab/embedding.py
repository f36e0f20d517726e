"""Whole clips through the network: what it hears in them, and what the head says of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from affetto.features import LevelTracker
from affetto.lab.training import best_device
from affetto.models.rows import SILENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from affetto.lab.recipe import Material, Recipe
    from affetto.lab.student import Student

__all__ = ["embed", "head_logits", "usable"]


def usable(material: Material, clips: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Leave out clips whose label their corpus hardly has."""
    chosen = np.asarray(clips, np.int64)
    data = material.data
    return chosen[data.allowed[chosen, data.label[chosen]]]


@torch.inference_mode()
def embed(
    student: Student, material: Material, clips: NDArray[np.int64], recipe: Recipe
) -> NDArray[np.float32]:
    """Pool whole clips, (clips, pooled)."""
    device = best_device()
    student = student.to(device).eval()
    store, half = material.data.store, recipe.finetune.half
    pooled = np.zeros((len(clips), 2 * recipe.encoder.width), np.float32)
    order = np.argsort([store.frames(int(clip)) for clip in clips])
    for begin in range(0, len(order), 32):
        places = order[begin : begin + 32]
        rows = [
            LevelTracker(recipe.front_end.level).feed(store.clip(int(clips[i])).astype(np.float32))
            for i in places
        ]
        longest = max(map(len, rows))
        batch = np.full((len(rows), longest, recipe.encoder.bands), SILENCE, np.float32)
        for line, features in zip(batch, rows, strict=True):
            line[: len(features)] = features
        counts = torch.tensor([(len(features) - 1) // 4 + 1 for features in rows])
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            heard = student.pooled(torch.from_numpy(batch).to(device), counts.to(device))
        pooled[places] = heard.float().cpu().numpy()
    return pooled


@torch.inference_mode()
def head_logits(
    student: Student, pooled: NDArray[np.float32], baseline: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Ask the head about pooled clips, (clips, pooled): logits, (clips, labels).

    Args:
        student: settled.
        pooled: of `embed`.
        baseline: of each clip's speaker, (clips, pooled); the population's where not given.
    """
    head = student.head.cpu().eval()
    base = head.mean.numpy()[None] if baseline is None else baseline
    whole = np.broadcast_to(base, pooled.shape).copy()
    logits: NDArray[np.float32] = head(torch.from_numpy(pooled), torch.from_numpy(whole)).numpy()
    return logits
