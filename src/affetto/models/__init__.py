"""Model packages: their cards, where they are found, how they run and how they are calibrated."""

from affetto.models.card import Card, SpeechThresholds, TrainingCorpus
from affetto.models.catalogue import available, load, resolve
from affetto.models.package import ModelPackage, rewrite_card, write_package
from affetto.models.rows import Rows, RowStream
from affetto.models.verify import verify

__all__ = [
    "Card",
    "ModelPackage",
    "RowStream",
    "Rows",
    "SpeechThresholds",
    "TrainingCorpus",
    "available",
    "load",
    "resolve",
    "rewrite_card",
    "verify",
    "write_package",
]
