"""The linear part of the head makes a toy problem better."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from affetto.lab.refit import RefitConfig, Windows, refit
from affetto.lab.student import Student
from tiny_training import ENCODER


def toy(*, speakers=6, each=9):
    random = np.random.default_rng(0)
    label = np.arange(speakers * each) % 3
    speaker = np.repeat(np.arange(speakers), each)
    pooled = random.normal(0.0, 0.3, (len(label), 32))
    pooled[np.arange(len(label)), label] += 1.0
    pooled += random.normal(0.0, 1.0, (speakers, 32))[speaker]
    return Windows(
        pooled.astype(np.float32),
        label,
        np.ones((len(label), 3), np.float32),
        np.zeros(len(label), bool),
        speaker,
        np.ones(len(label)),
    )


def loss(logits, windows):
    return float(torch.nn.functional.cross_entropy(logits, torch.from_numpy(windows.label)))


def student():
    torch.manual_seed(0)
    return Student(3, 6, ENCODER).eval()


def test_both_readings_get_better():
    windows, learner = toy(), student()
    x = torch.from_numpy(windows.pooled)
    means = np.stack([windows.pooled[windows.speaker == s].mean(0) for s in windows.speaker])
    base = torch.from_numpy(means)

    def losses():
        with torch.inference_mode():
            population = learner.head.mean.expand_as(x)
            return loss(learner.head(x, population), windows), loss(learner.head(x, base), windows)

    before = losses()
    refit(learner, windows)
    after = losses()
    assert after[0] < before[0] - 0.1
    assert after[1] < before[1] - 0.3
    assert after[1] < after[0]  # the voices' own places are taken off


def test_the_encoder_and_the_deep_part_stay_as_they_are():
    learner = student()
    before = {n: t.clone() for n, t in learner.state_dict().items() if ".linear." not in n}
    refit(learner, toy())
    assert all(torch.equal(learner.state_dict()[name], tensor) for name, tensor in before.items())
    assert not any(p.requires_grad for p in learner.head.plain.linear.parameters())


def test_a_stronger_penalty_holds_the_weights_back():
    free, held = student(), student()
    refit(free, toy(), RefitConfig(plain=1e-3))
    refit(held, toy(), RefitConfig(plain=1.0))
    assert held.head.plain.linear.weight.norm() < free.head.plain.linear.weight.norm()


def test_speakers_of_a_few_clips_leave_the_relative_reading_alone():
    learner = student()
    refit(learner, toy(speakers=9, each=3))
    assert not learner.head.relative.linear.weight.any()
    assert learner.head.plain.linear.weight.any()
    assert torch.isfinite(learner.head.plain.linear.weight).all()
