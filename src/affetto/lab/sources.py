"""What a model is trained from, and which licences that allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from affetto.errors import CorpusError
from affetto.lab.corpora import CORPORA, Table, load
from affetto.models import TrainingCorpus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["LICENCES", "OWN_CLIPS", "Licence", "Sources", "collect", "licence_of", "training_of"]

Licence = Literal["research", "commercial"]

OWN_CLIPS = "your own"
"""What stands for the licence of clips that are of no known corpus."""

LICENCES = {
    "research": "LicenseRef-Affetto-Weights-NonCommercial: research and non-commercial use only, "
    "as the training corpora ask",
    "commercial": "as the training corpora allow",
}


def licence_of(
    licence: Licence, training: Sequence[TrainingCorpus], *, encoder: str | None = None
) -> str:
    """Say under which terms trained weights stand.

    Args:
        licence: which corpora were allowed.
        training: those that were used.
        encoder: a speech encoder whose weights are among them.

    Examples:
        >>> licence_of("research", [TrainingCorpus("mine", OWN_CLIPS)])
        'yours to choose: it learnt from your own clips alone'
        >>> licence_of("commercial", [], encoder="facebook/hubert-base")
        'as the training corpora allow; the encoder facebook/hubert-base keeps its own licence'
    """
    text = LICENCES[licence]
    if training and all(corpus.licence == OWN_CLIPS for corpus in training):
        text = "yours to choose: it learnt from your own clips alone"
    return text + (f"; the encoder {encoder} keeps its own licence" if encoder else "")


def training_of(corpora: Iterable[str]) -> tuple[TrainingCorpus, ...]:
    """Name corpora with their licences, as a card does."""
    return tuple(
        TrainingCorpus(corpus, CORPORA[corpus].licence if corpus in CORPORA else OWN_CLIPS)
        for corpus in corpora
    )


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
