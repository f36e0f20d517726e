import numpy as np

from affetto.speech import separate_speakers


def voices(turns: list[tuple[int, int]], *, noise: float = 0.3, seed: int = 0) -> np.ndarray:
    """Make embeddings of turns: (speaker, windows) each."""
    random = np.random.default_rng(seed)
    middles = random.standard_normal((10, 16)) * 2
    who = np.repeat([s for s, _ in turns], [n for _, n in turns])
    return middles[who] + noise * random.standard_normal((len(who), 16))


def test_two_voices_are_told_apart_and_named_in_order_of_appearance() -> None:
    turns = [(3, 20), (1, 15), (3, 10)]
    found = separate_speakers(voices(turns), np.ones(45, bool))
    assert found.tolist() == [0] * 20 + [1] * 15 + [0] * 10


def test_one_voice_stays_one() -> None:
    assert set(separate_speakers(voices([(0, 50)]), np.ones(50, bool))) == {0}


def test_a_given_count_is_kept_to() -> None:
    found = separate_speakers(voices([(0, 20), (1, 20), (2, 20)]), np.ones(60, bool), count=2)
    assert set(found) == {0, 1}
    assert set(separate_speakers(voices([(0, 9), (1, 9)]), np.ones(18, bool), count=1)) == {0}


def test_silence_has_no_speaker() -> None:
    speech = np.r_[np.zeros(5, bool), np.ones(20, bool), np.zeros(5, bool)]
    found = separate_speakers(voices([(0, 30)]), speech)
    assert (found[~speech] == -1).all()
    assert (found[speech] == 0).all()
    assert (separate_speakers(voices([(0, 4)]), np.zeros(4, bool)) == -1).all()


def test_a_short_flip_goes_to_its_neighbours() -> None:
    turns = [(0, 20), (1, 1), (0, 20), (1, 20)]
    found = separate_speakers(voices(turns), np.ones(61, bool))
    assert found.tolist() == [0] * 41 + [1] * 20


def test_more_windows_than_can_be_clustered_at_once() -> None:
    turns = [(k % 2, 40) for k in range(100)]
    found = separate_speakers(voices(turns), np.ones(4000, bool))
    assert found.tolist() == [k % 2 for k in range(100) for _ in range(40)]
