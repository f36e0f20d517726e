"""The table of a comparison: models of one protocol side by side, best first.

Speaker-independent protocols and random splits stand in tables apart, and in CSV in columns apart.
"""

import csv
import io
from collections.abc import Iterable
from typing import Any

from affetto.lab.comparison_rows import Row, folds_of, row_of, rows_of
from affetto.lab.cross_corpus import cross_tables, pair_of
from affetto.lab.metrics import Difference
from affetto.lab.published import beside_published, published_rows
from affetto.lab.results import Result
from affetto.lab.text_tables import latex, markdown

__all__ = ["to_csv", "to_latex", "to_markdown"]


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
            cells = [_cells(row) for row in rows] + published_rows(name)
            lines += [*markdown(head, cells), ""]
            for sentence in beside_published(name, rows):
                lines += [sentence, ""]
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
    said = [p for fold in folds_of(row.result, seed) for p in fold.predictions if p.truth]
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
    about = (
        "protocol",
        "model",
        "training",
        "baseline",
        "set",
        "classes",
        "clips",
        "seeds",
        "folds",
    )
    measured = ("parameters", "bytes", "times_real_time", "training_seconds")
    columns = (*about, *names, *(f"random_{n}" for n in names), "p_beside_best", *measured)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    results = list(results)
    pairs = {r.protocol: [row_of(r)] for r in results if pair_of(r.protocol)}
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
                "set": " ".join(row.set_otherwise),
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
