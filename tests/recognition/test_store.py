import numpy as np
import pytest

from affetto.recognition.store import RowStore


@pytest.mark.parametrize("limit", [0, 100, 10**6])
def test_rows_come_back_in_order_from_memory_and_file(limit: int) -> None:
    rows = np.random.default_rng(0).random((100, 3), np.float32)
    store = RowStore(3, limit=limit)
    for part in np.split(rows, [1, 40, 40, 90]):
        store.append(part)
    assert len(store) == 100
    for size in (7, 100, 1000):
        np.testing.assert_array_equal(np.concatenate(list(store.blocks(size))), rows)
    some = np.array([0, 3, 50, 99])
    np.testing.assert_array_equal(store.take(some), rows[some])
    store.append(rows[:5])
    np.testing.assert_array_equal(store.take(np.arange(100, 105)), rows[:5])
    store.close()
    assert len(store) == 0
    assert list(store.blocks()) == []
