"""A comparison, protocol by protocol: best first, each model held against the best of its kind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from affetto.lab.config_changes import changes
from affetto.lab.cross_corpus import pair_of
from affetto.lab.families import FAMILIES
from affetto.lab.families.config import ModelConfig
from affetto.lab.figures import Report, summarise
from affetto.lab.metrics import Difference, mcnemar, paired_difference
from affetto.lab.predictions import Prediction
from affetto.lab.results import CLEAN, Fold, Result

__all__ = ["Row", "folds_of", "row_of", "rows_of"]


@dataclass(frozen=True)
class Row:
    """One model on one protocol.

    Attributes:
        result: the pooled folds.
        report: of the first seed; of the folds that are there, where none is complete.
        seeds: that are complete.
        uar: means over the seeds.
        uar_spread: standard deviation over the seeds; None with fewer than two.
        wa: accuracy, as `uar`.
        wa_spread: as `uar_spread`.
        behind: how much better than this the best is that was trained and told alike; None for the
            best itself.
        chance: that two equal models would differ as much (McNemar), beside the best.
    """

    result: Result
    report: Report
    seeds: int
    uar: float
    uar_spread: float | None
    wa: float
    wa_spread: float | None
    behind: Difference | None = None
    chance: float | None = None

    @property
    def name(self) -> str:
        """The model, what trained it and what it was told, in words.

        A family's values stand beside its name where they are not its own.
        """
        result = self.result
        words = [result.model, *(self.set_otherwise if result.model in FAMILIES else ())]
        if result.variant == "pool":
            words.append("other corpora train too")
        if result.baseline:
            words.append("speakers' baselines")
        return ", ".join(words)

    @property
    def set_otherwise(self) -> list[str]:
        """The values that differ from the family's own, as a person writes them."""
        return _set_otherwise(self.result)

    @property
    def done(self) -> str:
        """How much of the protocol was run, in words; empty where all of it was."""
        if self.seeds:
            return ""
        return f"{max(self.result.unfinished.values())} of {self.result.folds} folds"

    def mean(self, name: str) -> float:
        """Give the mean of a figure over the seeds; of the folds that are there, where none is."""
        return self.result.mean(name) if self.seeds else float(getattr(self.report, name))

    def note(self, name: str) -> float | None:
        """Give the median of a figure that the folds note; None where none does."""
        found = [
            float(fold.notes[name])
            for fold in self.result.parts
            if fold.notes.get(name) is not None
        ]
        return float(np.median(found)) if found else None


def _set_otherwise(result: Result) -> list[str]:
    """Name the values that differ from the family's own."""
    configs = (fold.notes.get("config") for fold in result.parts)
    config: Mapping[str, Any] = next(filter(None, configs), {})
    family = str(config.get("model"))
    if family not in FAMILIES:
        return []
    return changes(ModelConfig.of(family).to_dict(), config)


def rows_of(results: Iterable[Result]) -> dict[str, list[Row]]:
    """Lay results out by protocol, best first, each held against the best.

    Args:
        results: of `affetto.lab.results.gather`; those of altered clips and of open answers are
            left out.

    Returns:
        Protocol → rows; complete ones first.
    """
    by_protocol: dict[str, list[Row]] = {}
    for result in results:
        kept = result.condition == CLEAN and result.answers == "shared" and result.parts
        if kept and not pair_of(result.protocol):
            by_protocol.setdefault(result.protocol, []).append(row_of(result))
    return {name: _beside_best(rows) for name, rows in sorted(by_protocol.items())}


def row_of(result: Result) -> Row:
    """Sum a result up as a row, held against nothing yet."""
    reports = list(result.reports.values())
    if not reports:
        seed = max(result.unfinished, key=result.unfinished.__getitem__)
        said = [p for fold in folds_of(result, seed) for p in fold.predictions]
        reports = [summarise(said, merge=result.parts[0].merge)]
    figures: dict[str, Any] = {}
    for name in ("uar", "wa"):
        values = [float(getattr(report, name)) for report in reports]
        figures[name] = float(np.mean(values))
        figures[f"{name}_spread"] = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Row(result, reports[0], len(result.reports), **figures)


def folds_of(result: Result, seed: int) -> list[Fold]:
    """List the folds of a seed, in their order."""
    folds = [fold for fold in result.parts if fold.seed == seed]
    return sorted(folds, key=lambda fold: fold.fold)


def _beside_best(rows: Sequence[Row]) -> list[Row]:
    random = not rows[0].result.speaker_independent
    ordered = sorted(rows, key=lambda r: (not r.seeds, -(r.wa if random else r.uar)))
    best: dict[tuple[str, bool], Row] = {}
    for row in ordered:
        best.setdefault((row.result.variant, row.result.baseline), row)
    beside = (best[row.result.variant, row.result.baseline] for row in ordered)
    return [
        row if row is peer else _held_against(row, peer)
        for row, peer in zip(ordered, beside, strict=True)
    ]


def _held_against(row: Row, best: Row) -> Row:
    """Compare a row with the best on the clips of the first seed that both have whole."""
    shared = [seed for seed in best.result.reports if seed in row.result.reports]
    if not shared:
        return row
    ours, theirs = (
        [p for fold in folds_of(one.result, shared[0]) for p in fold.predictions]
        for one in (best, row)
    )
    labels = best.report.labels
    if [p.truth for p in ours] != [p.truth for p in theirs] or row.report.labels != labels:
        return row
    truth, first, second = _decisions(ours, theirs, labels)
    speakers = [p.speaker for p in ours if p.truth in labels]
    metric = "uar" if best.result.speaker_independent else "wa"
    behind = paired_difference(
        truth, first, second, labels=len(labels), speakers=speakers, metric=metric
    )
    return replace(row, behind=behind, chance=mcnemar(truth, first, second))


def _decisions(
    ours: Sequence[Prediction], theirs: Sequence[Prediction], labels: Sequence[str]
) -> tuple[list[int], list[int], list[int]]:
    """Give truth and both models' answers among the labels, as numbers."""
    truth, first, second = [], [], []
    for one, two in zip(ours, theirs, strict=True):
        if one.truth not in labels:
            continue
        truth.append(labels.index(one.truth))
        first.append(max(range(len(labels)), key=lambda i: one.scores.get(labels[i], 0.0)))
        second.append(max(range(len(labels)), key=lambda i: two.scores.get(labels[i], 0.0)))
    return truth, first, second
