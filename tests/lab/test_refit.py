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
        speaker // 2,
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
    refit(learner, windows, taught=False)
    after = losses()
    assert after[0] < before[0] - 0.1
    assert after[1] < before[1] - 0.3
    assert after[1] < after[0]  # the voices' own places are taken off


def test_the_encoder_and_the_deep_part_stay_as_they_are():
    learner = student()
    before = {n: t.clone() for n, t in learner.state_dict().items() if ".linear." not in n}
    refit(learner, toy(), taught=True)
    assert all(torch.equal(learner.state_dict()[name], tensor) for name, tensor in before.items())
    assert not any(p.requires_grad for p in learner.head.plain.linear.parameters())


def test_a_stronger_penalty_holds_the_weights_back():
    free, held = student(), student()
    refit(free, toy(), RefitConfig(plain=1e-3), taught=False)
    refit(held, toy(), RefitConfig(plain=1.0), taught=False)
    assert held.head.plain.linear.weight.norm() < free.head.plain.linear.weight.norm()


def test_speakers_of_a_few_clips_leave_the_relative_reading_alone():
    learner = student()
    refit(learner, toy(speakers=9, each=3), taught=True)
    assert not learner.head.relative.linear.weight.any()
    assert learner.head.plain.linear.weight.any()
    assert torch.isfinite(learner.head.plain.linear.weight).all()


def test_a_taught_reading_keeps_to_what_the_teacher_would_hear():
    """Of two values that tell the labels apart alike, the one that the teacher hears counts."""
    windows = toy()
    windows.pooled[:, 3:6] = windows.pooled[:, :3]
    weights = {}
    for taught in (False, True):
        learner = student()
        with torch.no_grad():
            learner.distil.weight.zero_()
            learner.distil.weight[:100, :3] = torch.randn(100, 3)
        refit(learner, windows, RefitConfig(own=0.1), taught=taught)
        weights[taught] = learner.head.relative.linear.weight.abs()
    plain, heard = ((w[:, :3].mean() / w[:, 3:6].mean()).item() for w in weights.values())
    assert plain == pytest.approx(1.0, abs=0.01)
    assert heard > 3.0


def test_every_label_of_every_corpus_weighs_alike_beside_a_baseline():
    """Clips heard twice, as those of a larger corpus, change nothing."""
    windows = toy()
    again = np.r_[np.arange(54), np.flatnonzero((windows.corpus == 0) & (windows.label == 1))]
    more = Windows(*(getattr(windows, name)[again] for name in Windows.__slots__))
    fitted = []
    for given in (windows, more):
        learner = student()
        given.pooled[:] -= given.pooled.mean(0)
        refit(learner, given, taught=False)
        fitted.append(learner.head.relative.linear.weight)
    nearness = torch.cosine_similarity(fitted[0].flatten(), fitted[1].flatten(), dim=0)
    assert nearness > 0.98
