"""Named, fixed splits of corpora, rebuilt from speakers' ids.

A protocol says which clips test and which may train. Results of one protocol can be compared;
those of a speaker-independent one never with those of random clips.
"""

from affetto.lab.protocols.definitions import Fold, Protocol, find, names
from affetto.lab.protocols.leaks import check_leaks
from affetto.lab.protocols.splitting import folds

__all__ = ["Fold", "Protocol", "check_leaks", "find", "folds", "names"]
