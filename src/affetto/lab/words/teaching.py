"""A lesson by a teacher: what a large model hears in texts, for a small one to learn.

A label says which feelings people found; a teacher says how sure it is of each, and knows words
that the labelled texts are too few to teach (Hinton, Vinyals and Dean 2015, arXiv:1503.02531;
for text classifiers, Tang et al. 2019, arXiv:1903.12136).
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from affetto.errors import CorpusError, OptionError
from affetto.lab.words.linear import Lesson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from affetto.lab.words.texts import LabelledTexts
    from affetto.words.text_transformer import TextTransformer

__all__ = ["Taught", "TeachingSettings", "taught_by"]

_IN_USE = ("i am {}", "i feel so {}", "that is {}", "how {}!")
"""What a word of feeling is said in. Alone it means too little even to the teacher."""
_SYMBOLS = ("{}", "ok {}", "i am here {}", "{0}{0}")
_FELT = 0.5
"""Probability from which on a teacher hears a feeling in a word."""


@dataclass(frozen=True, slots=True)
class TeachingSettings:
    """How much a teacher is believed.

    Attributes:
        trust: in the teacher beside the labels, from 0 to 1.
        examples: how much its examples count, all together, beside the labelled texts; 0 or more.

    Raises:
        OptionError: one is out of range.
    """

    trust: float = 0.5
    examples: float = 0.1

    def __post_init__(self) -> None:
        if not 0.0 <= self.trust <= 1.0:
            raise OptionError(f"found a trust in the teacher of {self.trust}, expected 0 to 1")
        if not 0.0 <= self.examples < math.inf:
            raise OptionError(f"found a weight of examples of {self.examples}, expected 0 or more")


class Taught(NamedTuple):
    """What a teacher says.

    Attributes:
        targets: how far each labelled text holds each label, by people and teacher together,
            (n, labels).
        examples: words of feeling and emoji in use, by the teacher alone.
        words: those words and emoji.
    """

    targets: NDArray[np.float64]
    examples: Lesson
    words: frozenset[str]


def taught_by(
    teacher: TextTransformer,
    train: LabelledTexts,
    settings: TeachingSettings,
    *,
    report: Callable[[float], None] | None = None,
) -> Taught:
    """Have a teacher judge the labelled texts, the words that it knows, and emoji.

    Args:
        teacher: that can say the labels of the texts.
        train: the labelled texts.
        settings: how much it is believed.
        report: called with the share that is done.

    Raises:
        CorpusError: the teacher can't say a label.
    """
    labels = [label.value for label in train.labels]
    if strange := set(labels) - set(teacher.labels):
        raise CorpusError(
            f"{train.name}: found the label {min(strange)}, which the teacher {teacher.title} "
            f"can't say: expected {', '.join(teacher.labels)}"
        )
    columns = [teacher.labels.index(label) for label in labels]
    used = [(word, said) for word in teacher.vocabulary for said in _IN_USE]
    used += [(symbol, said) for symbol in _emoji() for said in _SYMBOLS]
    texts = [said.format(word) for word, said in used]
    judged = teacher.held([*train.texts, *texts], report=report)[:, columns]
    known, of_use = np.split(judged, [len(train)])
    felt = np.flatnonzero(_felt(of_use, labels))
    each = settings.examples * len(train) / max(len(felt), 1)
    return Taught(
        settings.trust * known + (1 - settings.trust) * train.targets,
        Lesson([texts[i] for i in felt], of_use[felt], np.full(len(felt), each)),
        frozenset(used[i][0] for i in felt),
    )


def _felt(judged: NDArray[np.float64], labels: Iterable[str]) -> NDArray[np.bool_]:
    """Say of which texts a teacher is sure that they hold a feeling."""
    feelings = [column for column, label in enumerate(labels) if label != "neutral"]
    return np.asarray(judged[:, feelings].max(axis=1) > _FELT)


def _emoji() -> list[str]:
    """List the symbols that stand for something: pictures, faces, hearts, signs.

    Examples:
        >>> "😊" in _emoji(), "→" in _emoji()
        (True, False)
    """
    places = [*range(0x2600, 0x27C0), *range(0x1F300, 0x1FB00)]
    return [chr(place) for place in places if unicodedata.category(chr(place)) == "So"]
