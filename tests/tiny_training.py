"""A training small enough for tests: a network of a few channels, batches of a few clips."""

from __future__ import annotations

import numpy as np

from affetto.lab.batches import BatchConfig, Batches, TrainingSet
from affetto.lab.network import EncoderConfig
from affetto.lab.recipe import Recipe
from affetto.lab.store import FeatureStore
from affetto.lab.training import LoopConfig

ENCODER = EncoderConfig(channels=(4, 4, 8, 8), width=16, voice=4)
BATCH = BatchConfig(groups=2, clips=4, noises=2, frames=100)


def loop(**changes: object) -> LoopConfig:
    """Give the settings of a short training."""
    return LoopConfig(**({"steps": 4, "check": 2, "half": False} | changes))  # type: ignore[arg-type]


def recipe(**changes: object) -> Recipe:
    """Give a recipe that takes a second."""
    values = {
        "encoder": ENCODER,
        "batch": BATCH,
        "pretrain": loop(),
        "finetune": loop(steps=3),
        "intra": loop(steps=3),
    }
    return Recipe(**(values | changes))  # type: ignore[arg-type]


def made_up_set(
    *, speakers: int = 4, each: int = 6, labels: int = 3, noises: int = 3, targets: bool = False
) -> TrainingSet:
    """Give a training set of random features: feelings and voices shift different bands.

    The labels are neutral, calm and happy; the noises come last.
    """
    random = np.random.default_rng(0)
    label = np.array([i % labels for _ in range(speakers) for i in range(each)] + [-1] * noises)
    speaker = np.array([s for s in range(speakers) for _ in range(each)] + [-1] * noises)
    counts = random.integers(80, 160, len(label))
    clips = []
    for number, count in enumerate(counts):
        rows = random.normal(-4.0, 1.0, (count, 64))
        if label[number] >= 0:
            rows[:, 8 * label[number] : 8 * label[number] + 8] += 3.0
            rows[:, 40 + 4 * speaker[number] : 44 + 4 * speaker[number]] += 2.0
        clips.append(rows.astype(np.float16))
    rows_of = (counts - 1) // 4 + 1
    wanted = counts // 8 if targets else np.zeros_like(counts)
    store = FeatureStore(
        np.concatenate(clips),
        np.concatenate([[0], np.cumsum(counts)]),
        np.ones(int(rows_of.sum()), np.float16),
        np.concatenate([[0], np.cumsum(rows_of)]),
        random.normal(size=(int(wanted.sum()), 512)).astype(np.float16),
        np.concatenate([[0], np.cumsum(wanted)]),
    )
    none = np.zeros(len(label), bool)
    return TrainingSet(
        store,
        label,
        np.repeat(label[:, None] >= 0, labels, axis=1),
        np.ones((len(label), labels), np.float32),
        np.where(label >= 0, 0, -1),
        ("mine",),
        speaker,
        none,
    )


def batches(data: TrainingSet, *, seed: int = 0, config: BatchConfig = BATCH) -> Batches:
    """Draw from everything."""
    labelled = np.flatnonzero(data.label >= 0)
    return Batches(data, labelled, np.flatnonzero(data.label < 0), config, seed=seed)
