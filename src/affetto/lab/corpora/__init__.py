"""Corpora of emotional speech, each as one table of clips."""

from affetto.lab.corpora.catalogue import CORPORA, detect, find, load
from affetto.lab.corpora.corpus import Corpus
from affetto.lab.corpora.cut import parts, samples, split_long, trim
from affetto.lab.corpora.fingerprints import fingerprint, fingerprints
from affetto.lab.corpora.table import Clip, Table

__all__ = [
    "CORPORA",
    "Clip",
    "Corpus",
    "Table",
    "detect",
    "find",
    "fingerprint",
    "fingerprints",
    "load",
    "parts",
    "samples",
    "split_long",
    "trim",
]
