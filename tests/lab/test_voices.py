"""What tells speakers apart is found behind what varies more."""

import numpy as np

from affetto.lab.voices import fit_voice


def clips(*, speakers: int = 12, each: int = 20, width: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Make clips whose first values follow the feeling and whose last two follow the speaker."""
    random = np.random.default_rng(0)
    who = np.repeat(np.arange(speakers), each)
    rows = random.normal(size=(len(who), width))
    rows[:, :2] *= 8.0
    rows[:, -2:] += 3.0 * random.normal(size=(speakers, 2))[who]
    return rows.astype(np.float32), who


def parted(voices: np.ndarray, who: np.ndarray) -> float:
    """Give the variance between speakers as a share of all."""
    means = np.stack([voices[who == one].mean(axis=0) for one in np.unique(who)])
    return float(means.var(axis=0).sum() / voices.var(axis=0).sum())


def test_speakers_come_apart_whatever_they_feel() -> None:
    rows, who = clips()
    found = fit_voice(rows, who, np.zeros(len(who), int), size=2)
    assert found is not None
    voices = rows @ found.weight.T + found.bias
    assert parted(rows, who) < 0.3 < 0.7 < parted(voices, who)
    np.testing.assert_allclose(voices.mean(axis=0), 0.0, atol=1e-3)


def test_the_microphone_of_a_corpus_is_no_voice() -> None:
    rows, who = clips()
    corpus = (who >= 6).astype(int)
    moved = rows.copy()
    moved[corpus == 1, 3] += 50.0
    still, found = (fit_voice(x, who, corpus, size=2) for x in (rows, moved))
    assert still is not None
    assert found is not None
    np.testing.assert_allclose(found.weight, still.weight, atol=1e-3)


def test_a_few_speakers_leave_the_rest_at_nothing() -> None:
    rows, who = clips(speakers=3)
    found = fit_voice(rows, who, np.zeros(len(who), int), size=5)
    assert found is not None
    assert found.weight.shape == (5, 8)
    assert (found.weight[2:] == 0).all()


def test_one_speaker_teaches_nothing() -> None:
    rows, who = clips(speakers=1)
    assert fit_voice(rows, who, np.zeros(len(who), int), size=2) is None
    assert fit_voice(rows, np.arange(len(rows)), np.zeros(len(rows), int), size=2) is None
