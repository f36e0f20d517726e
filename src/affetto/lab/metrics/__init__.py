"""The metrics of the field: one metric, one function."""

from affetto.lab.metrics.bootstrap import bootstrap_ci
from affetto.lab.metrics.decisions import (
    METRICS,
    confusion_matrix,
    f1,
    macro_f1,
    macro_precision,
    precision,
    recall,
    uar,
    wa,
    weighted_f1,
)
from affetto.lab.metrics.paired import Difference, mcnemar, paired_difference
from affetto.lab.metrics.probabilities import Bins, brier, ece, nll, reliability_bins

__all__ = [
    "METRICS",
    "Bins",
    "Difference",
    "bootstrap_ci",
    "brier",
    "confusion_matrix",
    "ece",
    "f1",
    "macro_f1",
    "macro_precision",
    "mcnemar",
    "nll",
    "paired_difference",
    "precision",
    "recall",
    "reliability_bins",
    "uar",
    "wa",
    "weighted_f1",
]
