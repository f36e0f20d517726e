"""Random splits, as many papers report them: the same speakers on both sides.

What comes of them says how well a model knows the people that it was trained on, and is never put
beside speaker-independent figures. A protocol may ask for gender and emotion at once; such labels
have no place in a package's card, so the answers come from the network itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from affetto.errors import OptionError
from affetto.lab import protocols
from affetto.lab.embedding import embed, head_logits
from affetto.lab.predictions import Prediction
from affetto.lab.recipe import Recipe
from affetto.lab.results import Fold, write_fold
from affetto.lab.stages import finetune
from affetto.models.calibration import fit_temperature, softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from affetto.lab.recipe import Material

__all__ = ["measure_random"]


def measure_random(
    material: Material,
    name: str,
    *,
    start: Path | None,
    runs: Path,
    results: Path,
    recipe: Recipe | None = None,
    digests: Mapping[str, str] | None = None,
    report: Callable[[str], None] | None = None,
) -> None:
    """Train and test a random-split protocol, once for each of its seeds.

    A seed whose result is there is not run again; one that was killed goes on.

    Args:
        material: clips and features.
        name: of the protocol.
        start: weights of an encoder that met none of the protocol's clips; None starts afresh.
        runs: where trainings keep their state.
        results: where each seed leaves its small JSON file.
        recipe: settings.
        digests: see `protocols.folds`.
        report: told one line a check.

    Raises:
        OptionError: the protocol's split is not random.
    """
    recipe = _for_known_voices(recipe or Recipe())
    protocol = protocols.find(name)
    if protocol.speaker_independent:
        raise OptionError(f"found protocol {name}, expected one whose split is random")
    own = material.relabelled(protocol)
    for split in protocols.folds(name, material.table, fingerprints=digests):
        seed = split.seed or 0
        result = Fold(
            protocol=name,
            variant="intra" if start is None else "pool",
            baseline=False,
            seed=seed,
            fold=0,
            folds=1,
            speaker_independent=False,
            predictions=(),
        )
        if (results / result.name).is_file():
            continue
        student = finetune(
            own,
            split.train,
            split.validation,
            runs / f"{name}--{result.variant}--seed{seed}",
            start=start,
            recipe=recipe,
            seed=seed,
            report=report,
        )
        check, test = np.array(split.validation), np.array(split.test)
        temperature = fit_temperature(
            head_logits(student, embed(student, own, check, recipe)), own.data.label[check]
        )
        said = softmax(
            head_logits(student, embed(student, own, test, recipe)), temperature=temperature
        )
        predictions = [
            Prediction.of(
                clip, protocol.label(clip), dict(zip(own.labels, row.tolist(), strict=True))
            )
            for clip, row in zip((own.table[i] for i in split.test), said, strict=True)
        ]
        write_fold(results, replace(result, predictions=predictions))


def _for_known_voices(recipe: Recipe) -> Recipe:
    """Alter clips less: what makes these voices these is no harm where they are met again."""
    batch = replace(recipe.batch, uneven=0.0)
    if batch.augment is not None:
        batch = replace(batch, augment=replace(batch.augment, untouched=0.6))
    return replace(recipe, batch=batch)
