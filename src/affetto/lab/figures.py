"""The figures of an evaluation, from predictions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affetto.emotions import in_order
from affetto.errors import OptionError
from affetto.lab import metrics
from affetto.lab.metrics.decisions import count_pairs
from affetto.lab.predictions import Prediction

__all__ = ["GroupFigures", "Report", "summarise"]

GROUPS = ("gender", "speaker", "language")


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The figures of a part of the clips.

    Attributes:
        n: clips.
        uar: unweighted average recall, among the shared labels.
        wa: accuracy, among the shared labels.
    """

    n: int
    uar: float
    wa: float


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of an evaluation. Unless said otherwise, answers choose among `labels`.

    Attributes:
        uar: unweighted average recall.
        uar_open: the same, where the answers choose among all that the model can say.
        wa: accuracy.
        macro_precision: mean precision of the labels.
        macro_f1: mean F1 of the labels.
        weighted_f1: mean F1, weighted by clips.
        ece: expected calibration error, 15 bins.
        ece_open: the same, over all that the model can say.
        nll: negative log-likelihood, nats.
        brier: Brier score.
        per_class: label → precision, recall, F1 and support (clips).
        confusion: counts, truth in rows, answers in columns, in the order of `labels`.
        labels: what clips and model share.
        open_labels: what the model can say.
        n: clips measured.
        skipped: clips whose label the model can't say.
        skipped_labels: those labels → clips; "" for labels outside the vocabulary.
        ci95: metric → its 95 % interval, by bootstrap over speakers (clips, where fewer than two
            speakers are known).
        by: gender, speaker, language → value → figures; the unknown is left out.
        reliability: clips, confidence and accuracy in each of 15 bins.
        failed: clips that could not be heard → why; they are no part of the figures.
    """

    uar: float
    uar_open: float
    wa: float
    macro_precision: float
    macro_f1: float
    weighted_f1: float
    ece: float
    ece_open: float
    nll: float
    brier: float
    per_class: Mapping[str, Mapping[str, float]]
    confusion: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    open_labels: tuple[str, ...]
    n: int
    skipped: int
    skipped_labels: Mapping[str, int]
    ci95: Mapping[str, tuple[float, float]]
    by: Mapping[str, Mapping[str, GroupFigures]]
    reliability: metrics.Bins = field(compare=False)
    failed: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON types."""
        averages = ("uar", "uar_open", "wa", "macro_precision", "macro_f1", "weighted_f1")
        scores = ("ece", "ece_open", "nll", "brier")
        return {
            **{name: getattr(self, name) for name in (*averages, *scores)},
            "per_class": {label: dict(row) for label, row in self.per_class.items()},
            "confusion": [list(row) for row in self.confusion],
            "labels": list(self.labels),
            "open_labels": list(self.open_labels),
            "n": self.n,
            "skipped": self.skipped,
            "skipped_labels": dict(self.skipped_labels),
            "failed": len(self.failed),
            "ci95": {name: list(edges) for name, edges in self.ci95.items()},
            "by": {
                name: {
                    value: {"n": part.n, "uar": part.uar, "wa": part.wa}
                    for value, part in parts.items()
                }
                for name, parts in self.by.items()
            },
            "reliability": {
                "clips": self.reliability.clips.tolist(),
                "confidence": self.reliability.confidence.tolist(),
                "accuracy": self.reliability.accuracy.tolist(),
            },
        }


def summarise(
    predictions: Sequence[Prediction],
    *,
    labels: Iterable[str] | None = None,
    merge: Mapping[str, str] | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Report:
    """Measure predictions, such as those of all folds of a protocol, pooled.

    The shared labels are those that occur as truth and that the model can say; over them the
    scores are brought to a sum of 1 again.

    Args:
        predictions: what was said of the clips.
        labels: the labels that count; clips of any other are skipped, and no answer chooses it.
        merge: label → the label that it is counted as, both as truth and (summed) in the scores.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        The figures.

    Raises:
        OptionError: no clip has a label that the model can say.

    Examples:
        >>> said = [("sad", 0.9), ("sad", 0.4), ("happy", 0.3)]
        >>> report = summarise([
        ...     Prediction(f"{n}.wav", None, None, None, truth, {"sad": p, "happy": 1 - p})
        ...     for n, (truth, p) in enumerate(said)])
        >>> report.labels, report.uar, report.confusion
        (('happy', 'sad'), 0.75, ((1, 0), (1, 1)))
    """
    if merge:
        predictions = [_merged(prediction, merge) for prediction in predictions]
    wanted = None if labels is None else set(labels)
    said = {label for prediction in predictions for label in prediction.scores}
    open_labels = in_order(sorted(said if wanted is None else said & wanted))
    kept = [p for p in predictions if p.truth is not None and p.truth in open_labels]
    skipped = [p for p in predictions if p.truth is None or p.truth not in open_labels]
    skipped_labels = {
        label: sum((p.truth or "") == label for p in skipped)
        for label in sorted({p.truth or "" for p in skipped})
    }
    if not kept:
        raise OptionError(
            f"found clips of {', '.join(filter(None, skipped_labels)) or 'no known emotion'}, "
            f"expected some of what the model can say ({', '.join(open_labels) or 'nothing'}); "
            "give other clips or another model"
        )
    shared = in_order(sorted({p.truth for p in kept if p.truth is not None}))
    table = np.array([[p.scores.get(label, 0.0) for label in open_labels] for p in kept])
    open_table = _normalised(table)
    places = [open_labels.index(label) for label in shared]
    closed_table = _normalised(table[:, places])
    truth = np.array([shared.index(p.truth) for p in kept if p.truth is not None])
    open_truth = np.array(places)[truth]
    answers, open_answers = closed_table.argmax(axis=1), open_table.argmax(axis=1)
    confusion = count_pairs(truth, answers, len(shared))
    interval = partial(
        metrics.bootstrap_ci, speakers=[p.speaker for p in kept], resamples=resamples, seed=seed
    )
    intervals = {
        name: interval(truth, answers, labels=len(shared), metric=name)
        for name in ("uar", "wa", "macro_f1", "weighted_f1")
    }
    intervals["uar_open"] = interval(open_truth, open_answers, labels=len(open_labels))
    each = zip(
        shared,
        metrics.precision(confusion).tolist(),
        metrics.recall(confusion).tolist(),
        metrics.f1(confusion).tolist(),
        confusion.sum(axis=1).tolist(),
        strict=True,
    )
    return Report(
        uar=float(metrics.uar(confusion)),
        uar_open=float(metrics.uar(count_pairs(open_truth, open_answers, len(open_labels)))),
        wa=float(metrics.wa(confusion)),
        macro_precision=float(metrics.macro_precision(confusion)),
        macro_f1=float(metrics.macro_f1(confusion)),
        weighted_f1=float(metrics.weighted_f1(confusion)),
        ece=metrics.ece(truth, closed_table),
        ece_open=metrics.ece(open_truth, open_table),
        nll=metrics.nll(truth, closed_table),
        brier=metrics.brier(truth, closed_table),
        per_class={
            label: {"precision": p, "recall": r, "f1": f, "support": n}
            for label, p, r, f, n in each
        },
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        labels=shared,
        open_labels=open_labels,
        n=len(kept),
        skipped=len(skipped),
        skipped_labels=skipped_labels,
        ci95=intervals,
        by={name: _group(kept, name, truth, answers, len(shared)) for name in GROUPS},
        reliability=metrics.reliability_bins(truth, closed_table),
    )


def _merged(prediction: Prediction, merge: Mapping[str, str]) -> Prediction:
    scores: dict[str, float] = {}
    for label, score in prediction.scores.items():
        scores[merge.get(label, label)] = scores.get(merge.get(label, label), 0.0) + score
    truth = prediction.truth
    return Prediction(
        prediction.file,
        prediction.speaker,
        prediction.gender,
        prediction.language,
        None if truth is None else merge.get(truth, truth),
        scores,
    )


def _normalised(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring rows to a sum of 1; a row of zeros says nothing and is spread evenly."""
    total = table.sum(axis=1, keepdims=True)
    even = np.full_like(table, 1.0 / table.shape[1])
    return np.asarray(np.divide(table, total, out=even, where=total > 0.0))


def _group(
    kept: Sequence[Prediction],
    name: str,
    truth: NDArray[np.int64],
    answers: NDArray[np.int64],
    labels: int,
) -> dict[str, GroupFigures]:
    """Measure each group of clips that have a field in common."""
    values = [getattr(prediction, name) for prediction in kept]
    figures = {}
    for value in sorted({value for value in values if value is not None}):
        among = np.array([one == value for one in values])
        counts = count_pairs(truth[among], answers[among], labels)
        figures[str(value)] = GroupFigures(
            int(among.sum()), float(metrics.uar(counts)), float(metrics.wa(counts))
        )
    return figures
