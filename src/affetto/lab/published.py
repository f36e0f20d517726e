"""Figures of others beside ours: what they are, and which of ours fall short of them."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from affetto.lab.comparison_rows import Row

__all__ = ["beside_published", "published_rows"]

_NEAR = 0.03
"""How far below a published figure a family may stay and still be said to reach it."""


@cache
def _published() -> Mapping[str, list[dict[str, Any]]]:
    text = files("affetto.lab").joinpath("published.json").read_text(encoding="utf-8")
    table: Mapping[str, list[dict[str, Any]]] = json.loads(text)
    return table


def published_rows(protocol: str) -> list[list[str]]:
    """Give the first cells of the rows of others' figures for a protocol: what, whose, how much.

    Examples:
        >>> published_rows("ravdess-random-14")[0]
        ['*custom CNN, 14 classes*', '*student projects*', '*0.865*']
    """
    return [
        [f"*{entry['what']}*", f"*{entry['source']}*", f"*{_told(entry)}*"]
        for entry in _published().get(protocol, ())
    ]


def _told(entry: Mapping[str, Any]) -> str:
    figure = entry.get("wa", entry.get("uar"))
    return figure if isinstance(figure, str) else f"{figure:.3f}"


def beside_published(protocol: str, rows: Sequence[Row]) -> list[str]:
    """Say which families reach the figures that others published for their kind, and which don't.

    Args:
        protocol: on which the rows were measured.
        rows: of the comparison.

    Returns:
        Sentences; none where nothing was published for the kinds that are here.
    """
    reached: list[str] = []
    short: list[str] = []
    reasons: list[str] = []
    for entry in _published().get(protocol, ()):
        told = _told(entry)
        least = float(told.partition("–")[0])
        ours = {
            row.result.model: row.wa if "wa" in entry else row.uar
            for row in sorted(rows, key=lambda row: row.uar)
            if row.result.model in entry.get("models", ()) and row.result.variant == "intra"
        }
        for model, figure in sorted(ours.items(), key=lambda item: -item[1]):
            said = f"`{model}` {figure:.3f} ({told})"
            (reached if figure >= least - _NEAR else short).append(said)
            if figure < least - _NEAR and entry.get("why") and entry["why"] not in reasons:
                reasons.append(entry["why"])
    lines = []
    if reached:
        lines.append(
            f"Within {_NEAR * 100:.0f} points of what others report for their kind, or above it: "
            f"{', '.join(reached)}."
        )
    if short:
        lines.append(" ".join([f"Short of it: {', '.join(short)}.", *reasons]))
    return lines
