"""Sounds that the features are tested on."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from affetto import audio

CLIPS = (
    "ravdess/03-01-01-01-01-01-01.opus",
    "ravdess/03-01-05-02-02-02-12.opus",
    "ravdess/03-01-03-02-01-01-20.opus",
)


@pytest.fixture(scope="session")
def voice() -> NDArray[np.float32]:
    """Give 2 s like a voice: harmonics of a gliding pitch, noise, a pause of digital silence."""
    rng = np.random.default_rng(7)
    time = np.arange(32000) / 16000
    phase = 2 * np.pi * np.cumsum(140 + 40 * np.sin(2 * np.pi * 0.7 * time)) / 16000
    sound = sum(np.sin(k * phase) / k for k in range(1, 20)) * 0.2
    sound = sound + rng.standard_normal(len(time)) * 0.005
    sound[14000:18000] = 0.0
    return sound.astype(np.float32)


@pytest.fixture(scope="session")
def clips(shared: Path) -> list[NDArray[np.float32]]:
    """Give three clips of RAVDESS."""
    return [audio.load(shared / "corpora" / clip).samples for clip in CLIPS]
