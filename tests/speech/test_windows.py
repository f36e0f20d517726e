import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.errors import OptionError
from affetto.speech import WindowGrid, WindowPooler, pool


def by_hand(grid: WindowGrid, frames: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    times = np.arange(len(frames)) * grid.row_seconds
    rows = []
    for centre in (np.arange(count) + 0.5) * grid.hop:
        low, high = centre - grid.window / 2, centre + grid.window / 2
        inside = (times >= low - 1e-7) & (times < high - 1e-7)
        share = weights[inside] / weights[inside].sum()
        mean = share @ frames[inside]
        variance = np.maximum(share @ frames[inside] ** 2 - mean**2, 0)
        rows.append(np.concatenate([mean, np.sqrt(variance + 1e-5)]))
    return np.array(rows)


@given(
    window=st.sampled_from([0.5, 1.0, 2.75, 3.0]),
    hop=st.sampled_from([0.1, 0.25, 0.3, 0.5]),
    rows=st.integers(1, 300),
    cuts=st.lists(st.integers(0, 300), max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_any_chunks_give_the_windows_worked_out_by_hand(
    window: float, hop: float, rows: int, cuts: list[int]
) -> None:
    random = np.random.default_rng(rows)
    frames, weights = random.normal(2, 3, (rows, 5)), random.uniform(0.01, 1, rows)
    grid = WindowGrid(window, hop, 0.04)
    count = grid.count(rows * 0.04 - 0.03)
    pooler = WindowPooler(grid, width=5)
    cuts = sorted(min(cut, rows) for cut in cuts)
    parts = [
        pooler.feed(f, w)
        for f, w in zip(np.split(frames, cuts), np.split(weights, cuts), strict=True)
    ]
    parts.append(pooler.finish(count))
    pooled = np.concatenate([part[0] for part in parts])[:count]
    np.testing.assert_allclose(pooled, by_hand(grid, frames, weights, count), rtol=1e-4, atol=1e-4)

    whole = WindowPooler(grid, width=5)
    again = np.concatenate([whole.feed(frames, weights)[0], whole.finish(count)[0]])[:count]
    np.testing.assert_array_equal(pooled, again)


def test_pool_leaves_out_what_weighs_nothing() -> None:
    frames = np.random.default_rng(0).normal(size=(20, 3))
    weights = np.r_[np.ones(10), np.zeros(10)]
    np.testing.assert_allclose(pool(frames, weights)[:3], frames[:10].mean(axis=0), rtol=1e-6)


def test_windows_without_any_weight_are_finite() -> None:
    pooler = WindowPooler(WindowGrid(1.0, 0.5, 0.04), width=2)
    pooler.feed(np.ones((50, 2)), np.zeros(50))
    assert np.isfinite(pooler.finish(4)[0]).all()


def test_the_pooler_forgets_what_it_does_not_need() -> None:
    pooler = WindowPooler(WindowGrid(3.0, 0.5, 0.04), width=2)
    for _ in range(200):
        pooler.feed(np.ones((250, 2)), np.ones(250))
    assert len(pooler._parts) < 50
    assert len(pooler._rows) < 50


@pytest.mark.parametrize(("window", "hop"), [(1.0, 2.0), (1.0, 0.0), (-1.0, -2.0), (0.01, 0.01)])
def test_windows_that_leave_sound_out_are_refused(window: float, hop: float) -> None:
    with pytest.raises(OptionError, match="hop"):
        WindowGrid(window, hop, 0.04)
