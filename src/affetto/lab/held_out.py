"""Training speakers that are held out, to choose by."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from affetto.lab.corpora import Table

__all__ = ["held_out"]


def held_out(
    table: Table, clips: Iterable[int], *, share: float = 1 / 8, seed: int = 0
) -> tuple[int, ...]:
    """Choose held-out training speakers: of each corpus that has at least six.

    Args:
        table: all clips.
        clips: the training's.
        share: of the speakers of each corpus, one at least.
        seed: of the choice.

    Returns:
        The clips of the chosen speakers, in order.
    """
    speakers: dict[str, set[str]] = {}
    clips = list(clips)
    for i in clips:
        speakers.setdefault(table[i].corpus, set()).add(str(table[i].speaker))
    chosen: set[str] = set()
    for corpus, names in sorted(speakers.items()):
        if len(names) >= 6:
            order = sorted(names)
            random.Random(f"{seed} {corpus}").shuffle(order)
            chosen |= set(order[: max(1, round(share * len(order)))])
    return tuple(i for i in clips if table[i].speaker in chosen)
