"""Model packages: their cards, where they are found, how they run and how they are calibrated."""

from affetto.models.card import Card, SpeechThresholds, TrainingCorpus
from affetto.models.catalogue import available, load, resolve
from affetto.models.frame_package import FramePackage, write_package
from affetto.models.package import ModelPackage, rewrite_card
from affetto.models.rows import Rows, RowStream
from affetto.models.verify import verify
from affetto.models.window_package import WindowPackage, write_window_package

__all__ = [
    "Card",
    "FramePackage",
    "ModelPackage",
    "RowStream",
    "Rows",
    "SpeechThresholds",
    "TrainingCorpus",
    "WindowPackage",
    "available",
    "load",
    "resolve",
    "rewrite_card",
    "verify",
    "write_package",
    "write_window_package",
]
