"""Times read alike wherever they stand."""

import pytest

from affetto.timeline import clock


@pytest.mark.parametrize(
    ("seconds", "digits", "text"),
    [(0, 0, "0:00"), (59.99, 0, "0:59"), (59.96, 1, "0:59.9"), (0.3, 1, "0:00.3"),
     (3599.9, 0, "59:59"), (36_000, 0, "10:00:00"), (12.1, 1, "0:12.1")],
)  # fmt: skip
def test_the_clock_of_a_player(seconds, digits, text):
    assert clock(seconds, digits=digits) == text
