"""What a model is trained from, and which licences that allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from affetto.errors import CorpusError
from affetto.lab.corpora import CORPORA, Table, load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["LICENCES", "Licence", "Sources", "collect"]

Licence = Literal["research", "commercial"]

LICENCES = {
    "research": "LicenseRef-Affetto-Weights-NonCommercial: research and non-commercial use only, "
    "as the training corpora ask",
    "commercial": "as the training corpora allow",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """What a model is trained from.

    Attributes:
        tables: corpora's folders, or tables of clips, as files or as they are.
        noises: a folder of sounds without speech.
        teacher: weights of a teacher to distil from.
        licence: "commercial" leaves out corpora whose licence forbids commercial use.
    """

    tables: Sequence[Path | Table]
    noises: Path | None = None
    teacher: Path | None = None
    licence: Licence = "research"


def collect(sources: Sources) -> Table:
    """Load the tables that the licence admits.

    Raises:
        CorpusError: nothing is left to train on.
    """
    tables = (source if isinstance(source, Table) else load(source) for source in sources.tables)
    clips = [clip for table in tables for clip in table]
    if sources.licence == "commercial":
        kept = [c for c in clips if c.corpus in CORPORA and not CORPORA[c.corpus].noncommercial]
    else:
        kept = clips
    if not kept:
        raise CorpusError(
            f"found {len(clips)} clips, none that may be used for a {sources.licence} model, "
            "expected some; see `affetto corpora list` for licences"
        )
    return Table(kept)
