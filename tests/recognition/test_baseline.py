"""The speaker's baseline: what is learnt of a voice, and what must not be taken for it."""

import numpy as np
import pytest

from affetto.errors import ModelError
from affetto.recognition.baseline import BaselineStatistics, SpeakerBaseline

LABELS, SIZE = 4, 6
RANDOM = np.random.default_rng(3)
CLASSES = RANDOM.normal(0.0, 2.0, (LABELS, SIZE)).astype(np.float32)
CLASSES -= CLASSES.mean(axis=0)
VOICE = RANDOM.normal(0.0, 1.0, SIZE).astype(np.float32)


def statistics() -> BaselineStatistics:
    flat = np.zeros(SIZE, np.float32)
    return BaselineStatistics(flat, CLASSES, flat + 0.1, flat + 1.0)


def heard(labels: list[int], *, model: str = "m 1") -> SpeakerBaseline:
    baseline = SpeakerBaseline(statistics(), model=model)
    windows = VOICE + CLASSES[labels]
    baseline.update(windows, np.eye(LABELS)[labels], np.full(len(labels), 2.5))
    return baseline


def test_nothing_heard_is_the_population():
    baseline = SpeakerBaseline(statistics())
    assert not baseline.ready
    assert np.array_equal(baseline.vector(), np.zeros(SIZE))


def test_little_heard_stays_close_to_the_population():
    few, many = heard([0, 1, 2, 3]).vector(), heard([0, 1, 2, 3] * 20).vector()
    assert np.linalg.norm(few) < np.linalg.norm(many)
    assert np.allclose(many, VOICE, atol=0.02)


def test_an_angry_callers_anger_is_not_taken_for_the_voice():
    angry = heard([2] * 40).vector()
    assert np.allclose(angry, VOICE, atol=0.05)


def test_of_varied_feelings_the_plain_mean_is_taken_even_where_the_model_errs():
    baseline = SpeakerBaseline(statistics())
    labels = [0, 1, 2, 3] * 20
    wrong = np.roll(np.eye(LABELS)[labels], 1, axis=1)
    baseline.update(VOICE + CLASSES[labels], wrong, np.full(80, 2.5))
    assert np.allclose(baseline.vector(), VOICE, atol=0.02)


def test_a_saved_baseline_goes_on_where_it_was(tmp_path):
    first = heard([0, 1])
    first.save(tmp_path / "me.npz")
    again = SpeakerBaseline.load(tmp_path / "me.npz", statistics(), model="m 1")
    assert again.heard == first.heard
    assert np.array_equal(again.vector(), first.vector())
    with pytest.raises(ModelError, match="expected 'm 2'"):
        SpeakerBaseline.load(tmp_path / "me.npz", statistics(), model="m 2")


@pytest.mark.parametrize("content", [b"", b"no arrays", b"PK\x03\x04"])
def test_a_file_that_is_no_baseline_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "me.npz").write_bytes(content)
    with pytest.raises(ModelError, match=r"me\.npz"):
        SpeakerBaseline.load(tmp_path / "me.npz", statistics())
    np.savez(tmp_path / "other.npz", something=np.zeros(3))
    with pytest.raises(ModelError, match="expected a speaker's baseline"):
        SpeakerBaseline.load(tmp_path / "other.npz", statistics())


def test_a_value_that_never_differed_leaves_the_baseline_finite():
    flat = np.zeros(SIZE, np.float32)
    dead = BaselineStatistics(flat, CLASSES * 0, flat, flat)
    baseline = SpeakerBaseline(dead)
    baseline.update(np.ones((4, SIZE), np.float32), np.eye(LABELS), np.full(4, 2.5))
    assert np.isfinite(baseline.vector()).all()


def test_the_answer_beside_the_baseline_counts_more_after_varied_feelings():
    plain, relative = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    varied = heard([0, 1, 2, 3] * 5).blend(plain, relative)
    alike = heard([1] * 20).blend(plain, relative)
    assert varied[0, 1] == pytest.approx(1.0)
    assert alike[0, 1] == pytest.approx(0.65)
