"""A teacher for distillation: BYOL-S, a small network trained on speech without labels.

Its embedding of a clip is a target that our own encoder regresses; no tensor of it goes further.
The network is that of Elbanna et al. 2022 (BYOL-S, arXiv:2206.12038); its file is read as plain
tensors, never unpickled as objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from affetto.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["FRAMES_PER_TARGET", "WIDTH", "Teacher"]

FRAMES_PER_TARGET = 8
"""Feature frames that one target stands for."""

WIDTH = 512
"""Values of a target."""

_MEAN, _DEVIATION = -4.72, 4.95
"""Of the log-mel of our training corpora, to which the teacher's input is standardised."""


class Teacher(nn.Module):
    """Log-mel to targets.

    Args:
        path: the teacher's weights (`.pth`, plain tensors).

    Raises:
        ModelError: the file is missing or holds another network.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for _ in range(3):
            layers += [nn.Conv2d(channels, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
            channels = 64
        self.features = nn.Sequential(*layers)
        self.fc = nn.Sequential(
            nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Dropout(0.3), nn.Linear(WIDTH, WIDTH), nn.ReLU()
        )
        try:
            self.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except FileNotFoundError:
            raise ModelError(f"{path}: no such file, expected the teacher's weights") from None
        except Exception as error:
            reason = str(error).splitlines()[0]
            raise ModelError(f"{path}: expected the weights of BYOL-S: {reason}") from None
        self.eval()

    def forward(self, features: Tensor) -> Tensor:
        """Compute targets, (batch, time // 8, 512), of log-mel (batch, time, 64)."""
        standard = (features - _MEAN) / _DEVIATION
        maps = self.features(standard.transpose(1, 2).unsqueeze(1))
        rows: Tensor = self.fc(maps.permute(0, 3, 2, 1).flatten(2))
        return rows

    @torch.inference_mode()
    def targets(self, log_mel: NDArray[np.float32]) -> NDArray[np.float16]:
        """Compute the targets of one clip: (frames, 64) to (frames // 8, 512)."""
        if len(log_mel) < FRAMES_PER_TARGET:
            return np.zeros((0, WIDTH), np.float16)
        rows = self(torch.from_numpy(log_mel).unsqueeze(0))
        return np.asarray(rows[0].numpy(), np.float16)
