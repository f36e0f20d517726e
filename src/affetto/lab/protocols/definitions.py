"""What a protocol is, and those that are known by name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from affetto.errors import OptionError
from affetto.lab.corpora.table import Clip

__all__ = ["Fold", "Protocol", "find", "names"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """A named split.

    Attributes:
        name: as in a result.
        corpora: whose clips test.
        labels: the classes, in order.
        source: where the split comes from.
        note: what a result should say besides.
        test: ``"speakers"``, ``"sessions"``, ``"corpora"``, ``"speakers in turn"`` or ``"random"``.
        groups: the test speakers or sessions of each fold, as ids without the corpus.
        folds: number of folds of ``"speakers in turn"``.
        merge: emotion → the label that it counts as.
        by_gender: whether a label is a gender and an emotion.
        unacted: whether it tests ordinary speech: neutral or calm is right among all labels.
        shares: of training, validation and test in a random split.
        seeds: of the random splits.
    """

    name: str
    corpora: tuple[str, ...]
    labels: tuple[str, ...]
    source: str
    test: str
    note: str = ""
    groups: tuple[tuple[str, ...], ...] = ()
    folds: int = 0
    merge: Mapping[str, str] = field(default_factory=dict)
    by_gender: bool = False
    unacted: bool = False
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1)
    seeds: tuple[int, ...] = ()

    @property
    def speaker_independent(self) -> bool:
        """Whether no test speaker trains."""
        return self.test != "random"

    @property
    def always_pooled(self) -> bool:
        """Whether other corpora train in any case."""
        return self.test in ("corpora", "speakers in turn")

    def label(self, clip: Clip) -> str | None:
        """Give a clip's class in this protocol; None where it has none.

        Examples:
            >>> from pathlib import Path
            >>> from affetto.emotions import Emotion
            >>> clip = Clip(Path("a.wav"), "ravdess", Emotion.CALM, "calm", gender="f")
            >>> find("ravdess-random-14").label(clip)
            'female neutral'
        """
        if clip.emotion is None or clip.extra.get("channel") == "song":
            return None
        label = self.merge.get(clip.emotion.value, clip.emotion.value)
        if self.by_gender:
            if clip.gender is None:
                return None
            label = f"{'female' if clip.gender == 'f' else 'male'} {label}"
        return label if label in self.labels else None


@dataclass(frozen=True, slots=True)
class Fold:
    """One split of a table; the three sides are places in it, sorted, and share none.

    Attributes:
        name: what tells the fold from the protocol's others.
        train: the clips to learn from.
        validation: the clips to choose the epoch and hyper-parameters on.
        test: the clips to measure on, once.
        seed: of a random split; None where the split is given by speakers.
    """

    name: str
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    seed: int | None = None


def names() -> tuple[str, ...]:
    """Name the protocols.

    Examples:
        >>> "ravdess-6fold" in names()
        True
    """
    return tuple(_protocols())


def find(name: str) -> Protocol:
    """Find a protocol by its name.

    Raises:
        OptionError: there is none of that name.

    Examples:
        >>> find("savee-loso").groups
        (('DC',), ('JE',), ('JK',), ('KL',))
    """
    if name not in _protocols():
        raise OptionError(
            f"found protocol {name!r}, expected one of {', '.join(_protocols())}; correct it"
        )
    return _protocols()[name]


@cache
def _protocols() -> dict[str, Protocol]:
    text = files("affetto.lab.protocols").joinpath("definitions.json").read_text(encoding="utf-8")
    return {name: _protocol(name, row) for name, row in json.loads(text).items()}


def _protocol(name: str, row: dict[str, Any]) -> Protocol:
    groups = [group.split() for group in row.get("test_speakers", row.get("test_sessions", ()))]
    kinds = {"test_speakers": "speakers", "test_sessions": "sessions", "seeds": "random"}
    return Protocol(
        name,
        corpora=tuple(row["corpora"]),
        labels=tuple(row["labels"]),
        source=row["source"],
        test=row.get("test") or next(kind for key, kind in kinds.items() if key in row),
        note=row.get("note", ""),
        groups=tuple(tuple(group) for group in groups),
        folds=row.get("folds", 0),
        merge=row.get("merge", {}),
        by_gender=row.get("by_gender", False),
        unacted=row.get("unacted", False),
        shares=tuple(row.get("shares", (0.8, 0.1, 0.1))),
        seeds=tuple(row.get("seeds", ())),
    )
