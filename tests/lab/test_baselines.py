"""Voices and feelings are told apart, however unevenly they were recorded."""

import numpy as np

from affetto.lab.baselines import fit_baseline
from affetto.recognition.baseline import BaselineStatistics, SpeakerBaseline


def voices(*, uneven=False, noise=0.1):
    random = np.random.default_rng(0)
    feeling = np.array([[-1.0, 0.0], [1.0, 0.0]])
    voice = random.normal(0.0, 2.0, (40, 2))
    rows = []
    for speaker in range(len(voice)):
        for label in range(2):
            count = 9 if uneven and (speaker + label) % 2 else 3
            rows += [(label, speaker)] * count
    label, speaker = np.array(rows).T
    pooled = feeling[label] + voice[speaker] + random.normal(0.0, noise, (len(rows), 2))
    return pooled.astype(np.float32), label, speaker, voice


def test_feeling_voice_and_rest_are_found():
    pooled, label, speaker, voice = voices()
    fitted = fit_baseline(pooled, label, speaker, 2)
    assert np.allclose(fitted.population, voice.mean(0), atol=0.05)
    assert np.allclose(fitted.classes, [[-1.0, 0.0], [1.0, 0.0]], atol=0.05)
    assert np.allclose(fitted.between, voice.var(0), rtol=0.1)
    assert np.allclose(fitted.within, 0.01, atol=0.003)


def test_uneven_feelings_do_not_bend_the_voices():
    pooled, label, speaker, voice = voices(uneven=True)
    fitted = fit_baseline(pooled, label, speaker, 2)
    assert np.allclose(fitted.classes[1] - fitted.classes[0], [2.0, 0.0], atol=0.1)
    assert np.allclose(fitted.between, voice.var(0), rtol=0.1)


def test_a_label_that_nobody_acted_departs_by_nothing():
    pooled, label, speaker, _ = voices()
    fitted = fit_baseline(pooled, label, speaker, 3)
    assert not fitted.classes[2].any()


def test_it_is_what_recognition_reads(tmp_path):
    pooled, label, speaker, voice = voices()
    fitted = fit_baseline(pooled, label, speaker, 2)
    np.savez(tmp_path / "baseline.npz", **fitted.to_arrays())
    baseline = SpeakerBaseline(BaselineStatistics.load(tmp_path / "baseline.npz"))
    of = speaker == 0
    baseline.update(pooled[of], np.eye(2)[label[of]], np.full(int(of.sum()), 2.0))
    assert baseline.ready
    assert np.allclose(baseline.vector(), voice[0], atol=0.15)
