"""Files that `affetto evaluate` writes beside its figures: what a model leans on, and its card."""

from pathlib import Path
from typing import Any

from affetto.cli.console import note

__all__ = ["check_importance", "write_card", "write_importance"]


def check_importance(model: str, path: Path) -> None:
    """See to it before long work that the model hears named features and the file can be written.

    Raises:
        OptionError: the model hears something else, or the file's suffix is of no kind known.
        OutputError: the file can't be written.
    """
    from affetto.lab import importance
    from affetto.models import load

    importance.check_importance(path)
    importance.named_row(load(model))


def write_importance(path: Path, model: str, manifest: Path, **options: Any) -> None:
    """Measure what the model leans on, and write it.

    Args:
        path: a table or a picture.
        model: as it was typed.
        manifest: of the clips.
        **options: for `affetto.lab.importance.importance`.
    """
    from affetto.lab import importance

    found = importance.importance(model, manifest, describe="importance", **options)
    importance.write_importance(path, found)


def write_card(folder: Path, model: str, manifest: Path, **options: Any) -> None:
    """Measure the model by group and condition, write the card, and say what stands out.

    Args:
        folder: of the card.
        model: as it was typed.
        manifest: of the clips.
        **options: for `affetto.lab.cards.make_card`.
    """
    from affetto.lab import card_page
    from affetto.lab.cards import make_card

    card = make_card(model, manifest, describe=True, **options)
    paths = card_page.write_card(folder, card)
    for sentence in (*card_page.findings(card), f"card: {paths[0]}"):
        note(sentence)
