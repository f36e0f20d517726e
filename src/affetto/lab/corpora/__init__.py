"""Corpora of emotional speech, each as one table of clips."""

from affetto.lab.corpora.catalogue import CORPORA, detect, find, load
from affetto.lab.corpora.corpus import Corpus
from affetto.lab.corpora.cut import parts, samples, split_long, trim
from affetto.lab.corpora.describe import describe, draw, measure
from affetto.lab.corpora.fingerprints import fingerprint, fingerprints
from affetto.lab.corpora.prepare import Prepared, prepare
from affetto.lab.corpora.table import Clip, Table

__all__ = [
    "CORPORA",
    "Clip",
    "Corpus",
    "Prepared",
    "Table",
    "describe",
    "detect",
    "draw",
    "find",
    "fingerprint",
    "fingerprints",
    "load",
    "measure",
    "parts",
    "prepare",
    "samples",
    "split_long",
    "trim",
]
