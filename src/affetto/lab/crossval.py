"""Cross-validated training: protocols measured with the recipe, fold by fold.

Protocols that test on different corpora are measured side by side: the k-th training holds out the
k-th fold of each of them at once. So one training serves several protocols, and each of them
trains on a little less than it might, never on more.

A fold's answers come out of the real road: the trained fold is written as a model package, and
that package hears the test clips' files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from affetto.lab import protocols
from affetto.lab.evaluation import predict
from affetto.lab.held_out import held_out
from affetto.lab.packing import package
from affetto.lab.recipe import Recipe
from affetto.lab.results import CLEAN, Fold, write_fold
from affetto.lab.stages import finetune, pretrain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from affetto.lab.corpora import Table
    from affetto.lab.recipe import Material

__all__ = [
    "BASES",
    "EVERY",
    "SIDE_BY_SIDE",
    "Training",
    "encoder_without",
    "measure",
    "plan",
]

SIDE_BY_SIDE = (
    ("ravdess-6fold", "emodb-loso", "savee-loso", "read-speech"),
    ("leave-one-corpus-out-4",),
)
"""Protocols that are measured together."""

EVERY = (*(name for group in SIDE_BY_SIDE for name in group), "ravdess-random-14")
"""The protocols of the results page."""

CONDITIONS: Mapping[str, tuple[str, ...]] = {
    "ravdess-6fold": ("noise:10dB", "telephone", "codec:opus:16"),
}
"""What befalls the test clips besides, to see how robust the answers are."""

BASES = (
    ("ravdess", "emodb", "savee", "librispeech"),
    ("tess", "nemo", "librispeech"),
)
"""Corpora that an encoder has not met; a fold starts from one that met none of its test corpora."""


@dataclass(frozen=True, slots=True)
class Training:
    """One training and what it is tested on.

    Attributes:
        name: of its run folder.
        tests: protocol → number of the fold, count of folds, the test clips.
        training: clips to learn from.
        validation: clips of held-out training speakers.
        pool: whether other corpora train too.
    """

    name: str
    tests: Mapping[str, tuple[int, int, tuple[int, ...]]]
    training: tuple[int, ...]
    validation: tuple[int, ...]
    pool: bool


def plan(
    table: Table,
    names: Sequence[str],
    *,
    pool: bool = True,
    digests: Mapping[str, str] | None = None,
    seed: int = 0,
) -> list[Training]:
    """Lay out the trainings of protocols that are measured side by side.

    Args:
        table: all clips.
        names: of the protocols; they test on different corpora.
        pool: let the other corpora train too.
        digests: see `protocols.folds`.
        seed: of the choice of held-out training speakers.

    Returns:
        One training a fold of the protocol that has most; without `pool`, one a fold of each, as
        protocols whose corpora don't train for each other have no training in common.
    """
    if not pool and len(names) > 1:
        return [
            training
            for name in names
            for training in plan(table, [name], pool=False, digests=digests, seed=seed)
        ]
    folds = {
        name: protocols.folds(name, table, pool=pool, every_label=True, fingerprints=digests)
        for name in names
    }
    trainings = []
    for k in range(max(map(len, folds.values()))):
        present = {name: made[k] for name, made in folds.items() if k < len(made)}
        if pool:
            free = set(range(len(table)))
            for fold in present.values():
                free &= {*fold.train, *fold.validation}
            validation = held_out(table, sorted(free), seed=seed * 100 + k)
            training = tuple(sorted(free - set(validation)))
        else:
            (only,) = present.values()
            training, validation = only.train, only.validation
        trainings.append(
            Training(
                f"{'+'.join(names)}--{'pool' if pool else 'intra'}--{k}",
                {name: (k, len(folds[name]), fold.test) for name, fold in present.items()},
                training,
                validation,
                pool,
            )
        )
    return trainings


def encoder_without(
    tested: set[str],
    material: Material,
    runs: Path,
    *,
    recipe: Recipe | None = None,
    report: Callable[[str], None] | None = None,
) -> Path:
    """Give the weights of an encoder that met no clip of the corpora that are tested.

    Args:
        tested: names of corpora.
        material: clips and features.
        runs: where encoders are kept; one that is finished is taken as it is.
        recipe: settings.
        report: told one line a check.
    """
    unmet = next((group for group in BASES if tested <= set(group)), tuple(sorted(tested)))
    clips = [i for i, clip in enumerate(material.table) if clip.corpus not in unmet]
    folder = runs / f"encoder-without-{'-'.join(unmet)}"
    return pretrain(material, clips, folder, recipe=recipe, report=report)


def measure(
    material: Material,
    trainings: Sequence[Training],
    *,
    runs: Path,
    results: Path,
    seed: int = 0,
    recipe: Recipe | None = None,
    report: Callable[[str], None] | None = None,
) -> None:
    """Train each fold and leave what it said of its test clips.

    A training whose results are all there is not run again; one that was killed goes on.

    Args:
        material: clips and features.
        trainings: from `plan`.
        runs: where trainings keep their state.
        results: where each fold leaves its small JSON file.
        seed: of the training.
        recipe: settings.
        report: told one line a check.
    """
    recipe = recipe or Recipe()
    for training in trainings:
        wanted = _wanted(training, seed)
        if all((results / fold.name).is_file() for fold in wanted):
            continue
        if report is not None:
            report(training.name)
        folder = runs / f"{training.name}--seed{seed}"
        start, way = None, replace(recipe, finetune=recipe.intra)
        if training.pool:
            way = recipe
            tested = {
                material.table[i].corpus for *_, test in training.tests.values() for i in test
            }
            start = encoder_without(tested, material, runs, recipe=recipe, report=report)
        student = finetune(
            material,
            training.training,
            training.validation,
            folder,
            start=start,
            recipe=way,
            seed=seed,
            report=report,
        )
        made = package(
            student,
            material,
            training.training,
            training.validation,
            folder / "package",
            name=training.name,
            recipe=recipe,
        )
        for fold in wanted:
            clips = [material.table[i] for i in training.tests[fold.protocol][2]]
            steps = None if fold.condition == CLEAN else fold.condition
            heard = predict(made, clips, baseline=fold.baseline, steps=steps, workers=1)
            notes = {"not_heard": len(heard.failed)} if heard.failed else {}
            write_fold(results, replace(fold, predictions=heard.predictions, notes=notes))


def _wanted(training: Training, seed: int) -> list[Fold]:
    """List the results that a training leaves, still without predictions."""
    variant = "pool" if training.pool else "intra"
    unacted = {name: protocols.find(name).unacted for name in training.tests}
    return [
        Fold(
            protocol=name,
            variant=variant,
            baseline=baseline,
            seed=seed,
            fold=number,
            folds=count,
            speaker_independent=True,
            predictions=(),
            condition=condition,
            merge={"calm": "neutral"} if unacted[name] else {},
            answers="open" if unacted[name] else "shared",
        )
        for name, (number, count, _) in training.tests.items()
        for condition in (CLEAN, *CONDITIONS.get(name, ()))
        for baseline in ((False,) if unacted[name] or condition != CLEAN else (False, True))
    ]
