"""The network while it learns: what a clip's corpus lacks is no evidence, and time is free."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from affetto.lab.network import Encoder, pool
from affetto.lab.student import LossConfig, Student, emotion_losses, pad
from tiny_training import ENCODER, batches, made_up_set

SOME = torch.tensor([[1.0, 1.0, 0.0, 1.0]])


def test_a_label_that_the_corpus_lacks_counts_neither_way():
    logits = torch.tensor([[1.0, 0.0, 5.0, -1.0]])
    other = torch.tensor([[1.0, 0.0, -9.0, -1.0]])
    label, acted = torch.tensor([0]), torch.tensor([False])
    losses = [emotion_losses(x, label, SOME, acted, smoothing=0.1) for x in (logits, other)]
    assert torch.equal(*losses)


def test_a_label_counts_against_a_clip_as_much_as_it_is_evidence():
    logits, label, acted = torch.zeros(1, 4), torch.tensor([0]), torch.tensor([False])
    losses = [
        emotion_losses(logits, label, torch.tensor([[1.0, 1.0, share, 1.0]]), acted).item()
        for share in (0.0, 0.3, 1.0)
    ]
    assert losses == pytest.approx(np.log([3.0, 3.3, 4.0]).tolist(), abs=1e-4)


def test_ordinary_speech_is_right_as_neutral_or_calm():
    either = torch.tensor([True])
    label = torch.tensor([0])
    for sure in ([9.0, 0.0, 0.0, 0.0], [0.0, 9.0, 0.0, 0.0]):
        assert emotion_losses(torch.tensor([sure]), label, SOME, either).item() < 0.01
    wrong = torch.tensor([[0.0, 0.0, 0.0, 9.0]])
    assert emotion_losses(wrong, label, SOME, either).item() > 5


def test_no_row_depends_on_where_a_recording_was_cut():
    torch.manual_seed(0)
    encoder = Encoder(ENCODER).eval()
    config = encoder.config
    features = torch.randn(1, config.receptive + 20 * config.stride, config.bands)
    with torch.inference_mode():
        whole = encoder(features)
        later = encoder(features[:, 5 * config.stride :])
    assert whole[0].shape[1] == 21
    for rows, part in zip(whole, later, strict=True):
        torch.testing.assert_close(rows[:, 5:], part, rtol=1e-4, atol=1e-5)


def test_padding_gives_a_row_for_every_fourth_frame():
    encoder = Encoder(ENCODER).eval()
    for frames in (1, 4, 99, 100, 101):
        rows = encoder(pad(torch.zeros(1, frames, 64), encoder.config))[0].shape[1]
        assert rows == (frames - 1) // 4 + 1


def test_pooling_hears_what_is_weighed_alone():
    frames = torch.tensor([[[1.0], [3.0], [100.0]]])
    pooled = pool(frames, torch.tensor([[1.0, 1.0, 0.0]]))
    assert pooled[0].tolist() == pytest.approx([2.0, 1.0], abs=1e-4)


def test_clips_of_a_batch_do_not_change_each_other():
    torch.manual_seed(0)
    student = Student(3, 4, ENCODER).eval()
    short, long = torch.randn(1, 60, 64), torch.randn(1, 120, 64)
    filled = torch.cat([torch.nn.functional.pad(short, (0, 0, 0, 60), value=-11.0), long])
    with torch.inference_mode():
        together = student.pooled(filled, torch.tensor([15, 30]))
        alone = student.pooled(long)
    torch.testing.assert_close(together[1], alone[0], rtol=1e-4, atol=1e-5)


def test_a_baseline_at_the_population_leaves_the_plain_reading():
    torch.manual_seed(0)
    head = Student(3, 4, ENCODER).head.eval()
    x = torch.randn(5, 32)
    mean = head.mean.expand(5, -1)
    with torch.inference_mode():
        assert torch.allclose(head(x, mean), head.plain(x))
        elsewhere = head(x, mean + 0.5)
        departure = head.relative(x - 0.5)
    assert torch.allclose(elsewhere, departure, atol=1e-6)


def test_losses_are_finite_without_targets_groups_or_noises():
    data = made_up_set(noises=0)
    student = Student(3, 4, ENCODER)
    losses = student.losses(batches(data).draw(0), data, None, LossConfig())
    assert {"speech", "plain", "relative", "speaker"} == set(losses)
    assert all(torch.isfinite(value) for value in losses.values())
