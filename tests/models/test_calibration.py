import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from affetto.errors import OptionError
from affetto.models.calibration import (
    fit_temperature,
    negative_log_likelihood,
    restrict,
    softmax,
)


@given(arrays(np.float64, (3, 4), elements=st.floats(-1e4, 1e4)), st.floats(0.1, 10.0))
def test_softmax_gives_probabilities_whatever_the_logits(logits: np.ndarray, t: float) -> None:
    probabilities = softmax(logits, temperature=t)
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_the_temperature_that_made_labels_is_found_again() -> None:
    random = np.random.default_rng(0)
    logits = 3.0 * random.standard_normal((20_000, 5))
    truth = softmax(logits, temperature=2.0)
    targets = (truth.cumsum(axis=1) > random.random((len(truth), 1))).argmax(axis=1)
    found = fit_temperature(logits, targets)
    assert found == pytest.approx(2.0, rel=0.05)
    assert negative_log_likelihood(logits, targets, temperature=found) < negative_log_likelihood(
        logits, targets
    )


def test_weights_count_as_repeats() -> None:
    logits = np.array([[2.0, 0.0], [1.0, 0.0], [0.0, 0.5]])
    targets = np.array([0, 1, 1])
    weighted = fit_temperature(logits, targets, weights=np.array([3.0, 1.0, 1.0]))
    repeated = fit_temperature(logits[[0, 0, 0, 1, 2]], targets[[0, 0, 0, 1, 2]])
    assert weighted == pytest.approx(repeated, rel=1e-4)


def test_no_examples_are_refused() -> None:
    with pytest.raises(OptionError, match="no examples"):
        fit_temperature(np.empty((0, 3)), np.empty(0, int))


def test_restricting_is_asking_the_softmax_for_fewer() -> None:
    logits = np.array([[1.0, -2.0, 0.5, 3.0]])
    np.testing.assert_allclose(restrict(softmax(logits), [3, 0]), softmax(logits[:, [3, 0]]))


def test_a_row_that_holds_nothing_of_the_labels_becomes_uniform() -> None:
    np.testing.assert_array_equal(restrict(np.array([[1.0, 0.0, 0.0]]), [1, 2]), [[0.5, 0.5]])
