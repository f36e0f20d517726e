"""The table of a comparison: models of one protocol side by side, best first.

Speaker-independent protocols and random splits stand in tables apart, and in CSV in columns apart.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from affetto.lab.cross_corpus import cross_tables, pair_of
from affetto.lab.families import FAMILIES
from affetto.lab.families.config import ModelConfig, changes
from affetto.lab.figures import Report, summarise
from affetto.lab.metrics import Difference, mcnemar, paired_difference
from affetto.lab.predictions import Prediction
from affetto.lab.results import CLEAN, Fold, Result
from affetto.lab.text_tables import latex, markdown

__all__ = ["Row", "rows_of", "to_csv", "to_latex", "to_markdown"]


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
        words = [result.model, *_set_otherwise(result)]
        if result.variant == "pool":
            words.append("other corpora train too")
        if result.baseline:
            words.append("speakers' baselines")
        return ", ".join(words)

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
    """Name the values of a family that differ from its own."""
    if result.model not in FAMILIES:
        return []
    config = result.parts[0].notes.get("config", {})
    return changes(ModelConfig.of(result.model).to_dict(), config)


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
            by_protocol.setdefault(result.protocol, []).append(_row(result))
    return {name: _beside_best(rows) for name, rows in sorted(by_protocol.items())}


def _row(result: Result) -> Row:
    reports = list(result.reports.values())
    if not reports:
        seed = max(result.unfinished, key=result.unfinished.__getitem__)
        said = [p for fold in _folds(result, seed) for p in fold.predictions]
        reports = [summarise(said, merge=result.parts[0].merge)]
    figures: dict[str, Any] = {}
    for name in ("uar", "wa"):
        values = [float(getattr(report, name)) for report in reports]
        figures[name] = float(np.mean(values))
        figures[f"{name}_spread"] = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Row(result, reports[0], len(result.reports), **figures)


def _folds(result: Result, seed: int) -> list[Fold]:
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
        [p for fold in _folds(one.result, shared[0]) for p in fold.predictions]
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


_MEASURED = ("parameters", "size", "× real time", "training")
_INDEPENDENT = ("model", "seeds", "UAR", "95 %", "behind the best", "p", "WA", "macro F1", "ECE")
_RANDOM = ("model", "seeds", "accuracy", "95 %", "behind the best", "p", "UAR", "macro F1", "ECE")


def _cells(row: Row) -> list[str]:
    """Write a row as texts, in the order of the heads."""
    random = not row.result.speaker_independent
    main = (row.wa, row.wa_spread) if random else (row.uar, row.uar_spread)
    other = (row.uar, row.uar_spread) if random else (row.wa, row.wa_spread)
    low, high = row.report.ci95["wa" if random else "uar"]
    behind = "" if row.behind is None else _difference(row.behind)
    chance = "" if row.chance is None else ("< 0.001" if row.chance < 1e-3 else f"{row.chance:.3f}")
    return [
        row.name,
        row.done or str(row.seeds),
        _spread(*main),
        f"{low:.3f}–{high:.3f}",
        behind,
        chance,
        _spread(*other),
        f"{row.mean('macro_f1'):.3f}",
        f"{row.mean('ece'):.3f}",
        *_measured(row),
    ]


def _measured(row: Row) -> list[str]:
    parameters, size = row.note("parameters"), row.note("bytes")
    speed, seconds = row.note("times_real_time"), row.note("training_seconds")
    return [
        "" if parameters is None else _count(parameters),
        "" if size is None else f"{size / 1e6:.1f} MB",
        "" if speed is None else f"{speed:.0f}",
        "" if seconds is None else f"{seconds:.0f} s",
    ]


def _count(value: float) -> str:
    """Write a count as people say it.

    Examples:
        >>> _count(524613), _count(11_170_000)
        ('525 k', '11.2 M')
    """
    return f"{value / 1e6:.1f} M" if value >= 1e6 else f"{value / 1e3:.0f} k"


def _spread(value: float, spread: float | None) -> str:
    return f"{value:.3f}" + ("" if spread is None else f" ± {spread:.3f}")


def _difference(found: Difference) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


@cache
def _published() -> Mapping[str, list[dict[str, Any]]]:
    text = files("affetto.lab").joinpath("published.json").read_text(encoding="utf-8")
    table: Mapping[str, list[dict[str, Any]]] = json.loads(text)
    return table


def _published_rows(protocol: str) -> list[list[str]]:
    rows = []
    for entry in _published().get(protocol, ()):
        figure = entry.get("wa", entry.get("uar"))
        text = figure if isinstance(figure, str) else f"{figure:.3f}"
        rows.append([f"*{entry['what']}*", f"*{entry['source']}*", f"*{text}*"])
    return rows


def to_markdown(results: Iterable[Result], *, level: int = 2) -> str:
    """Write the comparison as Markdown, published figures beside it.

    Args:
        results: of `affetto.lab.results.gather`.
        level: of the headings.

    Examples:
        >>> to_markdown([])
        ''
    """
    results = list(results)
    tables = rows_of(results)
    sides = {
        "Unheard speakers": {n: r for n, r in tables.items() if r[0].result.speaker_independent},
        "Random splits": {n: r for n, r in tables.items() if not r[0].result.speaker_independent},
    }
    lines: list[str] = []
    for title, shown in sides.items():
        if not shown:
            continue
        lines += [f"{'#' * level} {title}", "", *_ABOUT[title], ""]
        for name, rows in shown.items():
            head = (*(_INDEPENDENT if title == "Unheard speakers" else _RANDOM), *_MEASURED)
            labels = f"{len(rows[0].report.labels)} classes, {rows[0].report.n} test clips"
            lines += [f"{'#' * (level + 1)} `{name}` ({labels})", ""]
            if note := _corpora(rows[0]):
                lines += [note, ""]
            cells = [_cells(row) for row in rows] + _published_rows(name)
            lines += [*markdown(head, cells), ""]
    crossed = cross_tables(results)
    if crossed:
        lines += [f"{'#' * level} Other corpora", "", *_ABOUT["Other corpora"], ""]
    for model, (corpora, grid) in crossed.items():
        lines += [f"{'#' * (level + 1)} `{model}`: {_CROSSED}", ""]
        bold = [[f"**{learnt}**", *figures] for learnt, *figures in grid]
        lines += [*markdown(corpora, bold), ""]
    return "\n".join(lines).rstrip() + "\n" if lines else ""


def _corpora(row: Row) -> str:
    """Say what each corpus of a pool gave: a part of one may be all that was there."""
    seed = next(iter(row.result.reports), row.result.parts[0].seed)
    said = [p for fold in _folds(row.result, seed) for p in fold.predictions if p.truth]
    of: dict[str, list[str]] = {}
    for prediction in said:
        corpus, known, _ = (prediction.speaker or "").partition(":")
        if known:
            of.setdefault(corpus, []).append(str(prediction.truth))
    if len(of) < 2:
        return ""
    parts = []
    for corpus, truths in sorted(of.items()):
        labels = [label for label in row.report.labels if label in truths]
        few = f" ({', '.join(labels)} alone)" if len(labels) < len(row.report.labels) else ""
        parts.append(f"{corpus} {len(truths)}{few}")
    return f"Test clips: {', '.join(parts)}."


_CROSSED = "trained on (rows), tested on (columns), UAR"

_ABOUT = {
    "Unheard speakers": (
        "No test speaker trains. Means over the seeds ± their standard deviation; intervals of",
        "95 % by bootstrap over speakers, of the first seed: with fewer than ten speakers (SAVEE",
        "has four) they are too narrow. Behind the best: the difference in UAR to the best model",
        "that was trained and told alike, with its paired interval; p: McNemar's test of their",
        "accuracies, which takes clips for independent. × real time: of one core; training: of a",
        "fold, features left out, perhaps beside other work. Figures in italics are others' and",
        "were not measured by this command.",
    ),
    "Random splits": (
        "Clips are drawn by chance: the speakers and sentences that test are heard in training.",
        "Such figures say little about a new voice, and are not to be compared with those above.",
        "Behind the best: the difference in accuracy to the best that was trained alike.",
    ),
    "Other corpora": (
        "Each model learnt one corpus and was tested on another, among the emotions that both",
        "have: two for some pairs, seven for others, which a figure's chance level hangs on.",
    ),
}


def to_latex(results: Iterable[Result]) -> str:
    """Write the comparison as LaTeX tables (booktabs), one a protocol."""
    results, parts = list(results), []
    for name, rows in rows_of(results).items():
        random = not rows[0].result.speaker_independent
        head = (*(_RANDOM if random else _INDEPENDENT), *_MEASURED)
        split = "random clips" if random else "unheard speakers"
        parts.append(latex(head, [_cells(row) for row in rows], caption=f"{name}: {split}"))
    for model, (corpora, grid) in cross_tables(results).items():
        parts.append(latex(corpora, grid, caption=f"{model}: {_CROSSED}"))
    return "\n".join(parts)


def to_csv(results: Iterable[Result]) -> str:
    """Write the comparison as CSV; figures of random splits have columns of their own."""
    names = ("uar", "uar_sd", "uar_low", "uar_high", "wa", "macro_f1", "ece")
    about = ("protocol", "model", "training", "baseline", "classes", "clips", "seeds", "folds")
    measured = ("parameters", "bytes", "times_real_time", "training_seconds")
    columns = (*about, *names, *(f"random_{n}" for n in names), "p_beside_best", *measured)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    results = list(results)
    pairs = {r.protocol: [_row(r)] for r in results if pair_of(r.protocol)}
    for protocol, rows in (rows_of(results) | pairs).items():
        for row in rows:
            result, report = row.result, row.report
            low, high = report.ci95["uar"]
            means = (row.mean("macro_f1"), row.mean("ece"))
            figures = (row.uar, row.uar_spread, low, high, row.wa, *means)
            prefix = "" if result.speaker_independent else "random_"
            cells: dict[str, Any] = {
                "protocol": protocol,
                "model": result.model,
                "training": result.variant,
                "baseline": result.baseline,
                "classes": len(report.labels),
                "clips": report.n,
                "seeds": row.seeds,
                "folds": row.done or result.folds,
                "p_beside_best": row.chance,
            }
            cells |= {f"{prefix}{n}": v for n, v in zip(names, figures, strict=True)}
            cells |= {name: row.note(name) for name in measured}
            writer.writerow({n: _plain(v) for n, v in cells.items()})
    return text.getvalue()


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value
