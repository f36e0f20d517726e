"""What a configuration of a model is worth: its score on held-out training speakers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from affetto.errors import CorpusError
from affetto.lab import protocols
from affetto.lab.corpora import Table
from affetto.lab.learning import learn
from affetto.lab.metrics import uar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.lab.families.build import Classes
    from affetto.lab.families.config import ModelConfig

__all__ = ["Objective", "Split"]

_SHARE = 1 / 4
"""Of the speakers, who judge: more than a training needs, as many configurations are judged."""


@dataclass(frozen=True)
class Split:
    """Places of clips to learn from, and of clips of other speakers that judge what was learnt."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]


@dataclass(frozen=True)
class Objective:
    """By what configurations are judged.

    Attributes:
        name: of the protocol; empty for a table.
        table: the clips.
        labels: the classes.
        truth: class of each clip; None for none.
        splits: one a fold.
        by_speaker: whether no speaker who judges is learnt from.
    """

    name: str
    table: Table
    labels: tuple[str, ...]
    truth: tuple[str | None, ...]
    splits: tuple[Split, ...]
    by_speaker: bool = True

    @classmethod
    def on_table(cls, table: Table, classes: Classes, *, seed: int = 0) -> Objective:
        """Hold out some of a table's speakers.

        Args:
            table: the clips.
            classes: what is told apart.
            seed: of the choice of the speakers.

        Raises:
            CorpusError: there are fewer than two speakers, or none of them can be spared.
        """
        table = Table([clip for clip in table if classes.of(clip)])
        truth = tuple(classes.of(clip) for clip in table)
        for attempt in range(20):
            chosen = _choose(table, seed=20 * seed + attempt)
            judges = np.array([clip.speaker in chosen for clip in table], bool)
            left = {label for label, judge in zip(truth, judges, strict=True) if not judge}
            if chosen and len(left) == len(classes.names):
                split = Split(np.flatnonzero(~judges), np.flatnonzero(judges))
                return cls("", table, classes.names, truth, (split,))
        raise CorpusError(
            f"found {len(table.speakers)} known speakers, none to hold out, expected two or more "
            "for each class: fill in the column speaker, or give more clips"
        )

    @classmethod
    def on_protocol(
        cls, name: str, table: Table, *, digests: Mapping[str, str] | None = None
    ) -> Objective:
        """Take the training sides of a protocol, fold by fold; the test clips stay unheard.

        Args:
            name: of the protocol.
            table: all clips.
            digests: see `protocols.folds`.

        Raises:
            OptionError: no such protocol.
            CorpusError: the table lacks its clips, or a fold holds nothing out.
        """
        protocol = protocols.find(name)
        folds = protocols.folds(name, table, fingerprints=digests)
        if empty := [fold.name for fold in folds if not fold.validation]:
            raise CorpusError(
                f"protocol {name}: found no training clips held out in fold {empty[0]}, expected "
                "some: choose another protocol"
            )
        used = {table[i].corpus for fold in folds for i in (*fold.train, *fold.validation)}
        own = [i for i, clip in enumerate(table) if clip.corpus in used]
        at = {place: i for i, place in enumerate(own)}
        splits = tuple(
            Split(*(np.array([at[i] for i in side]) for side in (fold.train, fold.validation)))
            for fold in folds
        )
        part = table.select(own)  # whole corpora, so that all folds share their features
        truth = tuple(protocol.label(clip) for clip in part)
        return cls(name, part, protocol.labels, truth, splits, protocol.speaker_independent)

    def score(
        self,
        config: ModelConfig,
        *,
        runs: Path,
        name: str,
        seed: int = 0,
        workers: int | None = None,
        check: Callable[[int, int, float], None] | None = None,
    ) -> float:
        """Train a model on every split, and let the held-out clips judge.

        Args:
            config: of the model.
            runs: where features and trainings keep their state.
            name: of the trainings' folders.
            seed: of the trainings.
            workers: processes that compute features.
            check: told the number of the split, from 0, that of the check, from 1, and the mean
                score so far; what it raises ends the training.

        Returns:
            The unweighted average recall, mean of the splits.

        Raises:
            CorpusError: a class without training clips, or a clip that can't be decoded.
            OptionError: a loss that is no longer a number.
        """
        scores: list[float] = []
        for number, split in enumerate(self.splits):

            def heard(at: int, score: float, number: int = number) -> None:
                if check is not None:
                    check(number, at, float(np.mean([*scores, score])))

            lesson, fitted = learn(
                config,
                self.table,
                self.labels,
                self.truth,
                train=split.train,
                validation=split.validation,
                runs=runs,
                name=f"{name}/{number}",
                by_speaker=self.by_speaker,
                seed=seed,
                workers=workers,
                check=heard,
            )
            assert fitted.held_out is not None
            clips, logits = fitted.held_out
            scores.append(float(uar(lesson.target[clips], logits.argmax(axis=1))))
        return float(np.mean(scores))


def _choose(table: Table, *, seed: int) -> set[str]:
    """Choose a share of each corpus's speakers; one of all, where every corpus has but two."""
    by_corpus: dict[str, set[str]] = {}
    for clip in table:
        if clip.speaker:
            by_corpus.setdefault(clip.corpus, set()).add(clip.speaker)
    chosen: set[str] = set()
    for corpus, names in sorted(by_corpus.items()):
        if len(names) > 2:
            order = sorted(names)
            random.Random(f"{seed} {corpus}").shuffle(order)
            chosen |= set(order[: max(1, round(_SHARE * len(order)))])
    if not chosen and len(table.speakers) > 1:
        chosen = {random.Random(str(seed)).choice(table.speakers)}
    return chosen
