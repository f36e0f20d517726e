"""The page of results: speaker-independent, random splits and robustness, each in tables apart."""

from collections.abc import Iterator, Sequence

import numpy as np

from affetto.lab.comparison_tables import to_markdown
from affetto.lab.figures import Report
from affetto.lab.results import CLEAN, OWN, Result
from affetto.lab.text_tables import markdown

__all__ = ["tables"]


def tables(results: Sequence[Result]) -> str:
    """Write results as Markdown: speaker-independent, random splits and robustness apart.

    Args:
        results: of `gather`.

    Returns:
        The page's text.

    Examples:
        >>> print(tables([]).splitlines()[0])
        # Results
    """
    families = [result for result in results if result.model != OWN]
    own = [result for result in results if result.model == OWN]
    finished = [result for result in own if result.reports]
    clean = [result for result in finished if result.condition == CLEAN]
    independent = [result for result in clean if result.speaker_independent]
    random = [result for result in clean if not result.speaker_independent]
    lines = ["# Results", "", *_PREFACE, ""]
    if independent:
        lines += ["## Unheard speakers", "", *_main_table(independent), ""]
        lines += ["### Recall of each emotion", "", *_recall_tables(independent), ""]
        in_turn = {result.protocol: result.corpora for result in independent if result.corpora}
        for name, corpora in in_turn.items():
            rows = [_row_apart(result) for result in independent if result.protocol == name]
            head = ("training", "baseline", *corpora, "mean")
            lines += [f"### UAR of `{name}`, each corpus apart", "", *markdown(head, rows), ""]
        closed = [result for result in independent if result.answers == "shared"]
        lines += ["### UAR by gender and language", "", *_group_table(closed), ""]
        lines += ["### Confusions", "", *_CONFUSIONS, ""]
        for result in closed:
            lines += [*_confusion_table(result), ""]
    if random:
        lines += ["## Random splits", "", *_RANDOM, "", *_random_table(random), ""]
    if robust := list(_robust_rows(finished)):
        head = ("protocol", "training", "baseline", "condition", "UAR", "lost")
        lines += ["## Robustness", "", *_ROBUST, "", *markdown(head, robust), ""]
    if rows := [row for result in own for row in _unfinished_rows(result)]:
        head = ("protocol", "training", "baseline", "condition", "seed", "folds done")
        lines += ["## Unfinished", "", *markdown(head, rows), ""]
    if families:
        lines += [
            "## Every family, side by side",
            "",
            *_FAMILIES,
            "",
            to_markdown(results, level=3),
        ]
    return "\n".join(lines).rstrip() + "\n"


_FAMILIES = (
    "`affetto compare` trained these: each on the protocol's own training speakers alone where",
    "nothing else is said, with the values that the family comes with; others are named beside",
    "it. The networks leave a part of the training speakers out of training, to choose by; the",
    "classical families learn from all once they have chosen. `affetto` is the bundled recipe.",
)
_PREFACE = (
    "Every figure is computed from the pooled predictions of all folds of a protocol, then",
    "averaged over the seeds; never the best seed. `pool`: other corpora helped to train;",
    "`intra`: that corpus's training speakers alone. Baseline: the clips of each test speaker,",
    "WITHOUT their labels, taught how that speaker's voice sounds. The interval is one of 95 % by",
    "bootstrap over speakers, of the first seed; ± is the standard deviation over seeds.",
)
_CONFUSIONS = (
    "Of the clips of the emotion that begins a row, the percentage that was called what stands",
    "above; of the first seed.",
)
_RANDOM = (
    "Clips are drawn by chance, so that speakers and sentences are heard in training as well. Such",
    "figures say little about a new voice, and are not to be compared with those above.",
)
_ROBUST = (
    "What is lost is the UAR on clean clips less the UAR on the same clips so treated. Noise of no",
    "named source is pink.",
)


def _main_table(results: Sequence[Result]) -> list[str]:
    head = (
        "protocol", "training", "baseline", "labels", "answers", "clips", "seeds",
        "UAR", "95 %", "WA", "macro F1", "ECE",
    )  # fmt: skip
    return markdown(head, [_main_row(result) for result in results])


def _first(result: Result) -> Report:
    return next(iter(result.reports.values()))


def _main_row(result: Result) -> list[str]:
    report = _first(result)
    low, high = report.ci95[result.measure]
    closed = result.answers == "shared"
    return [
        *_about(result),
        str(len(report.labels)),
        result.answers if closed else f"open, {len(report.open_labels)}",
        str(report.n),
        _seeds(result),
        f"**{_spread(result, 'uar')}**",
        f"{low:.3f}–{high:.3f}",
        _spread(result, "wa") if closed else "",
        _spread(result, "macro_f1") if closed else "",
        _spread(result, "ece"),
    ]


def _recall_tables(results: Sequence[Result]) -> list[str]:
    labels = list(dict.fromkeys(label for r in results for label in _first(r).labels))
    rows = []
    for result in results:
        if result.answers == "open":
            continue
        row = list(_about(result))
        for label in labels:
            found = [
                report.per_class[label]["recall"]
                for report in result.reports.values()
                if label in report.per_class
            ]
            row.append(f"{np.mean(found):.2f}" if found else "")
        rows.append(row)
    return markdown(("protocol", "training", "baseline", *labels), rows)


def _row_apart(result: Result) -> list[str]:
    """Give the UAR of each fold, mean over the seeds, and the mean over the folds."""
    folds = result.each_apart()
    figures = [f"{value:.3f}" for value in folds]
    return [*_about(result)[1:], *figures, f"**{np.mean(folds):.3f}**"]


def _group_table(results: Sequence[Result]) -> list[str]:
    columns = [("gender", "f"), ("gender", "m"), ("language", "de"), ("language", "en")]
    columns.append(("language", "pl"))
    rows = []
    for result in results:
        row = list(_about(result))
        for group, value in columns:
            found = [
                r.by[group][value].uar for r in result.reports.values() if value in r.by[group]
            ]
            row.append(f"{np.mean(found):.3f}" if found else "")
        rows.append(row)
    head = ("women", "men", "German", "English", "Polish")
    return markdown(("protocol", "training", "baseline", *head), rows)


def _confusion_table(result: Result) -> list[str]:
    """Give, of the clips of each emotion, the percentages of the answers; of the first seed."""
    report = _first(result)
    rows = []
    for label, counts in zip(report.labels, report.confusion, strict=True):
        shares = [100 * count / max(sum(counts), 1) for count in counts]
        rows.append([f"**{label}**", *(f"{share:.0f}" for share in shares), str(sum(counts))])
    name, training, baseline = _about(result)
    title = f"{name} ({training}, {'with' if baseline == 'yes' else 'without'} the baseline)"
    return [title, "", *markdown(("", *report.labels, "clips"), rows)]


def _random_table(results: Sequence[Result]) -> list[str]:
    head = (
        "protocol", "training", "baseline", "labels", "clips", "seeds", "accuracy", "UAR",
        "macro F1", "ECE",
    )  # fmt: skip
    rows = []
    for result in results:
        report = _first(result)
        figures = [_spread(result, name) for name in ("wa", "uar", "macro_f1", "ece")]
        counts = (str(len(report.labels)), str(report.n), _seeds(result))
        rows.append([*_about(result), *counts, *figures])
    return markdown(head, rows)


def _robust_rows(results: Sequence[Result]) -> Iterator[list[str]]:
    clean = {(r.protocol, r.variant, r.baseline): r for r in results if r.condition == CLEAN}
    for result in results:
        whole = clean.get((result.protocol, result.variant, result.baseline))
        if result.condition == CLEAN or whole is None:
            continue
        # The same seeds on both sides: what differs is the condition alone.
        shared = [seed for seed in result.reports if seed in whole.reports]
        lost = [
            float(getattr(whole.reports[seed], whole.measure))
            - float(getattr(result.reports[seed], result.measure))
            for seed in shared
        ]
        loss = f"{np.mean(lost):+.3f}" if lost else ""
        yield [*_about(result), f"`{result.condition}`", _spread(result, "uar"), loss]


def _unfinished_rows(result: Result) -> Iterator[list[str]]:
    for seed, done in result.unfinished.items():
        about = [*_about(result), f"`{result.condition}`"]
        yield [*about, str(seed), f"{done} of {result.folds}"]


def _about(result: Result) -> tuple[str, str, str]:
    return f"`{result.protocol}`", result.variant, "yes" if result.baseline else "no"


def _seeds(result: Result) -> str:
    return str(len(result.reports))


def _spread(result: Result, name: str) -> str:
    """Write a mean, with its spread over the seeds where there are several."""
    values = result.values(name)
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"
