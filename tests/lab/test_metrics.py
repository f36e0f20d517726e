"""The metrics against scikit-learn, and the properties that their definitions promise."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from affetto.errors import OptionError
from affetto.lab import metrics

sklearn_metrics = pytest.importorskip("sklearn.metrics")

LABELS = ("neutral", "happy", "sad", "angry")
PAIRS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1)
quick = settings(max_examples=60, deadline=None)


@quick
@given(PAIRS)
def test_confusion_based_metrics_agree_with_scikit_learn(pairs):
    truth, predicted = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    counts = metrics.confusion_matrix(truth, predicted, labels=LABELS)
    expected = sklearn_metrics.confusion_matrix(truth, predicted, labels=LABELS)
    assert (counts == expected).all()

    def reference(name, **options):
        score = getattr(sklearn_metrics, f"{name}_score")
        return score(truth, predicted, zero_division=0, **options)

    for name in ("precision", "recall", "f1"):
        each = reference(name, labels=LABELS, average=None)
        assert getattr(metrics, name)(counts) == pytest.approx(each)
    present = sorted(set(truth))
    assert metrics.uar(counts) == pytest.approx(
        reference("recall", labels=present, average="macro")
    )
    assert metrics.macro_precision(counts) == pytest.approx(reference("precision", average="macro"))
    assert metrics.macro_f1(counts) == pytest.approx(reference("f1", average="macro"))
    assert metrics.weighted_f1(counts) == pytest.approx(reference("f1", average="weighted"))
    assert metrics.wa(counts) == pytest.approx(sklearn_metrics.accuracy_score(truth, predicted))


@quick
@given(PAIRS)
def test_labels_and_their_matrix_are_measured_alike(pairs):
    truth, predicted = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    counts = metrics.confusion_matrix(truth, predicted, labels=LABELS)
    for metric in metrics.METRICS.values():
        assert metric(truth, predicted) == pytest.approx(metric(counts))


def test_uar_is_balanced_accuracy():
    truth, predicted = [0, 0, 0, 1], [0, 0, 1, 1]
    counts = metrics.confusion_matrix(truth, predicted, labels=(0, 1))
    expected = sklearn_metrics.balanced_accuracy_score(truth, predicted)
    assert metrics.uar(counts) == pytest.approx(expected)


def test_a_label_without_clips_does_not_count_for_uar():
    two = metrics.confusion_matrix(["sad", "happy"], ["sad", "sad"], labels=("sad", "happy"))
    four = metrics.confusion_matrix(["sad", "happy"], ["sad", "sad"], labels=LABELS)
    assert metrics.uar(two) == metrics.uar(four) == 0.5


def test_many_matrices_are_measured_at_once():
    counts = np.random.default_rng(0).integers(0, 9, (5, 3, 3))
    for metric in metrics.METRICS.values():
        assert metric(counts) == pytest.approx([float(metric(one)) for one in counts])


def test_no_clips_give_zero():
    for metric in metrics.METRICS.values():
        assert float(metric(np.zeros((3, 3)))) == 0.0
    none = np.zeros((0, 3))
    assert metrics.ece([], none) == metrics.nll([], none) == metrics.brier([], none) == 0.0


def probabilities(draw_seed, clips, labels):
    rng = np.random.default_rng(draw_seed)
    return rng.integers(0, labels, clips), rng.dirichlet(np.full(labels, 0.5), clips)


@quick
@given(st.integers(0, 9999), st.integers(1, 50), st.integers(2, 6))
def test_scores_of_probabilities_agree_with_scikit_learn(seed, clips, labels):
    truth, scores = probabilities(seed, clips, labels)
    expected = sklearn_metrics.log_loss(truth, np.clip(scores, 1e-12, 1), labels=range(labels))
    assert metrics.nll(truth, scores) == pytest.approx(expected, rel=1e-6)
    if labels == 2:
        once = sklearn_metrics.brier_score_loss(truth, scores[:, 1], pos_label=1)
        assert metrics.brier(truth, scores) == pytest.approx(2 * once)


@quick
@given(st.integers(0, 9999), st.integers(1, 80), st.integers(1, 20))
def test_ece_is_its_formula(seed, clips, bins):
    truth, scores = probabilities(seed, clips, 4)
    top, right = scores.max(axis=1), scores.argmax(axis=1) == truth
    total = 0.0
    for place in range(bins):
        within = (top > place / bins) & (top <= (place + 1) / bins)
        if within.any():
            total += within.mean() * abs(right[within].mean() - top[within].mean())
    assert metrics.ece(truth, scores, bins=bins) == pytest.approx(total)


def test_an_answer_always_right_and_sure_is_calibrated():
    assert metrics.ece([0, 1, 2], np.eye(3)) == 0.0
    assert metrics.ece([1, 2, 0], np.eye(3)) == 1.0


def test_the_reliability_bins_hold_every_answer():
    truth, scores = probabilities(3, 200, 5)
    found = metrics.reliability_bins(truth, scores)
    assert len(found.clips) == 15
    assert found.clips.sum() == 200
    edges = np.arange(16) / 15
    full = found.clips > 0
    assert (found.confidence[full] <= edges[1:][full]).all()
    assert (found.confidence[full] >= edges[:-1][full]).all()


def bootstrap_case(seed=0, clips=300):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, clips)
    predicted = np.where(rng.random(clips) < 0.7, truth, rng.integers(0, 3, clips))
    return truth, predicted, [f"s{number}" for number in rng.integers(0, 10, clips)]


@pytest.mark.parametrize("metric", list(metrics.METRICS))
@pytest.mark.parametrize("with_speakers", [True, False])
def test_the_interval_holds_the_value_and_repeats_itself(metric, with_speakers):
    truth, predicted, speakers = bootstrap_case()
    options = {"labels": 3, "metric": metric, "speakers": speakers if with_speakers else None}
    low, high = metrics.bootstrap_ci(truth, predicted, **options)
    value = float(
        metrics.METRICS[metric](metrics.confusion_matrix(truth, predicted, labels=range(3)))
    )
    assert low < value < high
    assert (low, high) == metrics.bootstrap_ci(truth, predicted, **options)
    assert (low, high) != metrics.bootstrap_ci(truth, predicted, seed=1, **options)


def test_the_interval_over_clips_is_that_of_a_proportion():
    truth, predicted, _ = bootstrap_case(clips=1000)
    share = float(np.mean(truth == predicted))
    spread = 1.96 * np.sqrt(share * (1 - share) / 1000)
    low, high = metrics.bootstrap_ci(truth, predicted, labels=3, metric="wa", resamples=4000)
    assert low == pytest.approx(share - spread, abs=0.006)
    assert high == pytest.approx(share + spread, abs=0.006)


def test_speakers_that_differ_widen_the_interval():
    truth = np.zeros(200, int)
    predicted = np.repeat([0, 1, 0, 1], 50)
    speakers = [f"s{number // 50}" for number in range(200)]
    by_clip = metrics.bootstrap_ci(truth, predicted, labels=2)
    by_speaker = metrics.bootstrap_ci(truth, predicted, labels=2, speakers=speakers)
    assert by_speaker[1] - by_speaker[0] > 2 * (by_clip[1] - by_clip[0])


def test_one_speaker_or_none_known_is_drawn_by_clips():
    truth, predicted, _ = bootstrap_case()
    by_clip = metrics.bootstrap_ci(truth, predicted, labels=3)
    one = metrics.bootstrap_ci(truth, predicted, labels=3, speakers=["a"] * len(truth))
    unknown = metrics.bootstrap_ci(truth, predicted, labels=3, speakers=[None] * len(truth))
    assert by_clip == one == unknown


@quick
@given(PAIRS, st.integers(0, 99))
def test_an_interval_is_ordered_and_within_bounds(pairs, seed):
    assume(len(pairs) > 1)
    places = [[LABELS.index(label) for label in pair] for pair in pairs]
    truth, predicted = zip(*places, strict=True)
    low, high = metrics.bootstrap_ci(truth, predicted, labels=4, seed=seed, resamples=50)
    assert 0.0 <= low <= high <= 1.0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: metrics.confusion_matrix(["sad"], [], labels=LABELS), "1 true and 0 predicted"),
        (lambda: metrics.confusion_matrix(["glad"], ["sad"], labels=LABELS), "labels glad"),
        (lambda: metrics.uar([1, 2]), "expected a square"),
        (lambda: metrics.uar([1, 2], [1]), "expected (clips,) for both"),
        (lambda: metrics.ece([0], [[2.0, 0.0]]), "no probabilities"),
        (lambda: metrics.ece([2], [[0.5, 0.5]]), "outside 0 to 1"),
        (lambda: metrics.ece([0], [[1.0]], bins=0), "0 bins"),
        (lambda: metrics.nll([0, 1], [[1.0, 0.0]]), "expected (clips,)"),
        (lambda: metrics.bootstrap_ci([], [], labels=2), "0 true"),
        (lambda: metrics.bootstrap_ci([0], [0], labels=2, metric="f2"), "'f2'"),
        (lambda: metrics.bootstrap_ci([0], [0], labels=2, level=2), "level 2"),
        (lambda: metrics.bootstrap_ci([0], [0], labels=2, speakers=[]), "0 speakers"),
    ],
)
def test_what_can_be_mended_is_said_in_one_line(call, says):
    with pytest.raises(OptionError) as caught:
        call()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@quick
@given(PAIRS, st.integers(0, 5))
def test_a_model_beside_itself_differs_in_nothing(pairs, seed):
    truth = [LABELS.index(one) for one, _ in pairs]
    said = [LABELS.index(two) for _, two in pairs]
    assert metrics.mcnemar(truth, said, said) == 1.0
    found = metrics.paired_difference(truth, said, said, labels=4, resamples=20, seed=seed)
    assert found == (0.0, 0.0, 0.0)
    assert metrics.mcnemar(truth, truth, said) == metrics.mcnemar(truth, said, truth)


def test_mcnemar_is_the_binomial_test_of_the_clips_on_which_two_differ():
    stats = pytest.importorskip("scipy.stats")
    truth = [0] * 100
    first = [0] * 70 + [1] * 30
    second = [0] * 55 + [1] * 20 + [0] * 10 + [1] * 15
    ours, theirs = 15, 10
    expected = stats.binomtest(ours, ours + theirs).pvalue
    assert metrics.mcnemar(truth, first, second) == pytest.approx(expected)


def test_a_paired_interval_is_narrower_than_two_apart():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 600)
    speakers = [str(i // 30) for i in range(600)]
    hard = rng.random(600) < 0.4  # for both alike
    first = np.where(hard, (truth + 1) % 4, truth)
    second = np.where(rng.random(600) < 0.1, (truth + 2) % 4, first)
    both = metrics.paired_difference(truth, first, second, labels=4, speakers=speakers)
    assert both.low < both.value < both.high
    assert both.low > 0
    alone = metrics.bootstrap_ci(truth, first, labels=4, speakers=speakers)
    assert both.high - both.low < alone[1] - alone[0]


def test_a_difference_needs_as_many_answers_of_both():
    with pytest.raises(OptionError, match="expected equally many"):
        metrics.mcnemar([0, 1], [0, 1], [0])
