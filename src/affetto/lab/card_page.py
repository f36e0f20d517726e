"""The card of fairness and robustness as files: a page in Markdown, JSON, and a picture."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from affetto.errors import MissingExtraError
from affetto.jobs import atomic_write, make_folder
from affetto.lab.cards import ENOUGH, EXPECTED, Figure, RobustnessCard
from affetto.lab.text_tables import markdown

__all__ = ["findings", "page", "write_card"]

_MOST = 12
"""Groups of a kind that the page lists; of more, the worst are."""

_FIGURES = ("clips", "UAR (95 %)", "accuracy (95 %)")


def findings(card: RobustnessCard) -> Iterator[str]:
    """Say what stands out: the widest gap, the worst disturbance, what moves and should not.

    Args:
        card: of `affetto.lab.cards.make_card`.

    Yields:
        Sentences.
    """
    if card.trained_on:
        yield (
            f"The model was trained on {', '.join(card.trained_on)}: if on these very clips or "
            "speakers, the figures promise too much."
        )
    for gap in card.gaps[:1]:
        groups = card.groups[gap.kind]
        yield (
            f"Widest gap, by {gap.kind}: UAR {groups[gap.worst].uar:.3f} ({gap.worst}) beside "
            f"{groups[gap.best].uar:.3f} ({gap.best})"
            + ("." if gap.clear else "; it may be chance.")
        )
    if card.conditions:
        worst = min(card.conditions, key=lambda name: card.conditions[name].uar)
        after = card.conditions[worst].uar
        yield f"Worst condition, {worst}: UAR {after:.3f} instead of {card.whole.uar:.3f}."
    for name in card.moved:
        change = card.invariance[name]
        yield (
            f"NOT AS EXPECTED: {name} leaves {change.share:.1%} of the decisions as they are, "
            f"{EXPECTED:.0%} or more are expected."
        )
    if card.invariance and not card.moved:
        least = min(change.share for change in card.invariance.values())
        yield (
            f"What should not matter does not: at least {least:.1%} of the decisions stay as they "
            f"are ({EXPECTED:.0%} expected)."
        )


def page(card: RobustnessCard) -> str:
    """Write the card as a page of Markdown.

    Args:
        card: of `affetto.lab.cards.make_card`.
    """
    lines = [f"# Fairness and robustness: {card.model}", ""]
    lines += [f"Measured on {card.clips}, among {', '.join(card.labels)}.", ""]
    if card.failed:
        lines += [f"{card.failed} clips could not be heard.", ""]
    lines += [f"- {sentence}" for sentence in findings(card)]
    lines += ["", *markdown(("", *_FIGURES), [["all clips", *_cells(card.whole)]])]
    lines += ["", "## By group", ""]
    rows, left = [], []
    for kind, groups in card.groups.items():
        if len(groups) > _MOST:
            left.append(f"Of {len(groups)} groups by {kind}, the {_MOST} worst are shown.")
        rows += [[kind, name, *_cells(groups[name])] for name in _listed(groups)]
    if rows:
        lines += markdown(("by", "group", *_FIGURES), rows)
        gaps = [
            [gap.kind, gap.best, gap.worst, f"{gap.uar:.3f}", "yes" if gap.clear else "no"]
            for gap in card.gaps
        ]
        lines += ["", *left, *([""] if left else [])]
        lines += markdown(("by", "best", "worst", "gap in UAR", "intervals apart"), gaps)
    else:
        lines.append("The clips are all of one group, as far as is known.")
    lines += ["", "## Under what befalls recordings", ""]
    rows = [
        [name, *_cells(figure), f"{figure.uar - card.whole.uar:+.3f}"]
        for name, figure in card.conditions.items()
    ]
    lines += markdown(("condition", *_FIGURES, "UAR against all clips"), rows)
    lines += [f"\nNot measured: {name} ({why})." for name, why in card.unmeasured.items()]
    lines += ["", "## What should not matter", ""]
    lines += markdown(
        ("change", "clips", "decisions that stay", f"{EXPECTED:.0%} or more"),
        [
            [name, f"{c.n}", f"{c.share:.1%}", "yes" if c.holds else "**NO**"]
            for name, c in card.invariance.items()
        ],
    )
    lines += [
        "",
        "A group's UAR is the mean recall of the labels that its clips have. Intervals are of "
        "95 %, by bootstrap over speakers (over clips, where a group has one speaker). Groups "
        "differ in more than what they are named after: a gap is a reason to look, no proof.",
    ]
    return "\n".join(lines) + "\n"


def _listed(groups: Mapping[str, Figure]) -> list[str]:
    """Give the groups in their order; of many, the worst, the worst first."""
    if len(groups) <= _MOST:
        return list(groups)
    return sorted(groups, key=lambda name: groups[name].uar)[:_MOST]


def _cells(figure: Figure) -> list[str]:
    def cell(value: float, edges: tuple[float, float]) -> str:
        told = f"{edges[0]:.3f}–{edges[1]:.3f}" if figure.n >= ENOUGH else "few clips"
        return f"{value:.3f} ({told})"

    return [f"{figure.n}", cell(figure.uar, figure.uar95), cell(figure.wa, figure.wa95)]


def write_card(folder: Path, card: RobustnessCard) -> tuple[Path, ...]:
    """Write `card.md`, `card.json` and, where matplotlib is installed, `card.png`.

    Args:
        folder: made where it is missing.
        card: of `affetto.lab.cards.make_card`.

    Returns:
        The files.

    Raises:
        OutputError: they can't be written there.
    """
    make_folder(folder)
    texts = {
        "card.md": page(card),
        "card.json": json.dumps(card.to_dict(), ensure_ascii=False, indent=2) + "\n",
    }
    for name, text in texts.items():
        with atomic_write(folder / name) as file:
            file.write(text)
    paths = tuple(folder / name for name in texts)
    try:
        _draw(folder / "card.png", card)
    except MissingExtraError:
        return paths
    return (*paths, folder / "card.png")


def _draw(path: Path, card: RobustnessCard) -> None:
    from affetto.report import plots

    kinds = {f"by {kind}": groups for kind, groups in card.groups.items()}
    kinds["under"] = card.conditions
    parts = {
        kind: {
            name: (groups[name].uar, *groups[name].uar95)
            for name in _listed({name: f for name, f in groups.items() if f.n >= ENOUGH})
        }
        for kind, groups in kinds.items()
    }
    parts = {kind: rows for kind, rows in parts.items() if rows}
    plots.intervals(parts, whole=card.whole.uar, path=path)
