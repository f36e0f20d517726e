"""What a model of named features leans on: permutation importance on clips it hasn't learnt from.

Breiman (2001, doi:10.1023/A:1010933404324): the values of a feature are dealt out anew among the
clips, and the importance is by how much the model then does worse. Features that say the same
stand in for one another, so each may seem to matter little; groups of them are dealt out together.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from affetto.emotions import in_order
from affetto.errors import AudioError, OptionError
from affetto.features.recipe import FeatureRecipe
from affetto.jobs import atomic_write, check_file, run
from affetto.jobs.progress import ProgressBar
from affetto.lab import metrics
from affetto.lab.augment import Step, generator, parse
from affetto.lab.corpora import Clip, Table, load, samples
from affetto.lab.metrics.decisions import count_pairs
from affetto.models import ModelPackage, WindowPackage
from affetto.models import load as load_model

__all__ = ["Importance", "Weight", "check_importance", "group_of", "importance", "write_importance"]

_FEW = 64
_COLUMNS = ("kind", "name", "group", "features", "importance", "sd")


@dataclass(frozen=True, slots=True)
class Weight:
    """How much the model leans on a feature, or a group of them.

    Attributes:
        name: of the feature or group.
        group: that the feature is of; its own name for a group.
        features: how many were dealt out together.
        fall: mean fall of the UAR.
        sd: standard deviation of the fall from one dealing to the next.
    """

    name: str
    group: str
    features: int
    fall: float
    sd: float


@dataclass(frozen=True, slots=True)
class Importance:
    """What a model leans on.

    Attributes:
        uar: with nothing dealt out anew, among the labels that clips and model share.
        clips: that were judged.
        repeats: dealings of each feature and group.
        groups: from the most important to the least.
        features: likewise.
    """

    uar: float
    clips: int
    repeats: int
    groups: tuple[Weight, ...]
    features: tuple[Weight, ...]


_OWN = "functionals_"


def group_of(name: str) -> str:
    """Give the group of a feature: its name up to a number or the statistic.

    Those of Affetto's own set are groups of their own.

    Examples:
        >>> group_of("mfcc12_mean"), group_of("loudness_sma3_amean"), group_of("F1frequency_sma3nz")
        ('mfcc', 'loudness', 'F1frequency')
        >>> group_of("functionals_mfcc3_mean")
        'functionals_mfcc'
    """
    own = _OWN if name.startswith(_OWN) else ""
    first = name.removeprefix(own).partition("_")[0]
    return own + (re.sub(r"(?<=\D)\d+$", "", first) or first) or name


def importance(
    model: str | Path | ModelPackage,
    clips: str | Path | Sequence[Clip],
    *,
    steps: Step | str | None = None,
    repeats: int = 5,
    seed: int = 0,
    workers: int | None = None,
    describe: str = "",
) -> Importance:
    """Measure what a model that hears a row of named features leans on.

    Args:
        model: a name, a folder, or an open package.
        clips: a manifest, a corpus's folder, or clips, none of which the model has learnt from.
        steps: what befalls every clip before it is heard; see `affetto.lab.augment.parse`.
        repeats: dealings of each feature and group.
        seed: of the dealings, and of the steps' chance.
        workers: processes that compute features; by default one a core, where there are many clips.
        describe: words for the progress on stderr; empty shows none.

    Returns:
        The importance of every feature and group.

    Raises:
        ModelError: no such model.
        ManifestError: the manifest can't be read.
        OptionError: the model hears no row of features, the clips and the model share fewer than
            two labels, or `repeats` is below 1.
        AudioError: no clip could be heard.

    Examples:
        >>> importance("svm/", "heldout.csv").groups[0].name  # doctest: +SKIP
        'mfcc'
    """
    if repeats < 1:
        raise OptionError(f"found {repeats} repeats, expected 1 or more")
    package = load_model(str(model)) if not isinstance(model, ModelPackage) else model
    recipe = named_row(package)
    assert isinstance(package, WindowPackage)
    table = load(clips) if isinstance(clips, str | Path) else Table(clips)
    said = [clip for clip in table if clip.emotion is not None and clip.emotion in package.labels]
    labels = in_order({str(clip.emotion) for clip in said})
    if len(labels) < 2:
        raise OptionError(
            f"found clips of {', '.join(labels) or 'no emotion'} that the model can say, expected "
            f"two or more of {', '.join(package.labels)}"
        )
    rows, heard = _rows(said, recipe, steps, seed=seed, workers=workers, describe=describe)
    columns = [package.labels.index(label) for label in labels]
    truth = np.array([labels.index(str(clip.emotion)) for clip in heard])

    def score(features: NDArray[np.float32]) -> float:
        logits = package.head(package.judge(features))[:, columns]
        return float(metrics.uar(count_pairs(truth, logits.argmax(axis=1), len(labels))))

    members: dict[str, list[int]] = {}
    for column, name in enumerate(recipe.names):
        members.setdefault(group_of(name), []).append(column)
    whole = score(rows)
    tasks = [(name, name, places) for name, places in members.items()]
    tasks += [(name, group_of(name), [column]) for column, name in enumerate(recipe.names)]
    weights = []
    with ProgressBar(describe, total=len(tasks)) as bar:
        for name, group, places in tasks:
            rng = generator(seed, name, len(places))
            falls = [whole - score(_dealt(rows, places, rng)) for _ in range(repeats)]
            mean, sd = float(np.mean(falls)), float(np.std(falls, ddof=min(1, repeats - 1)))
            weights.append(Weight(name, group, len(places), mean, sd))
            bar.advance()
    return Importance(
        uar=whole,
        clips=len(heard),
        repeats=repeats,
        groups=_ranked(weights[: len(members)]),
        features=_ranked(weights[len(members) :]),
    )


def named_row(package: ModelPackage) -> FeatureRecipe:
    """Give the recipe of a model that hears a row of named features.

    Raises:
        OptionError: it hears something else.
    """
    recipe = package.card.features
    if recipe is None or recipe.kind != "row":
        hears = "a network's rows" if recipe is None else f"{recipe.kind} of sound"
        raise OptionError(
            f"found the model {package.card.title}, which hears {hears}, expected one of named "
            "features such as svm: ask affetto analyze --explain instead"
        )
    return recipe


def _ranked(weights: Sequence[Weight]) -> tuple[Weight, ...]:
    return tuple(sorted(weights, key=lambda weight: -weight.fall))


def _dealt(
    rows: NDArray[np.float32], columns: Sequence[int], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Deal some columns out anew among the clips, each clip's values of them staying together."""
    dealt = rows.copy()
    dealt[:, columns] = rows[rng.permutation(len(rows))][:, columns]
    return dealt


def _rows(
    clips: Sequence[Clip],
    recipe: FeatureRecipe,
    steps: Step | str | None,
    *,
    seed: int,
    workers: int | None,
    describe: str,
) -> tuple[NDArray[np.float32], list[Clip]]:
    """Compute the features of the clips that can be heard, (n, columns)."""
    step = parse(steps) if isinstance(steps, str) else steps
    if workers is None and len(clips) <= _FEW:
        workers = 1
    make = partial(_row, recipe=recipe, step=step, seed=seed)
    outcomes = run(make, clips, workers=workers, describe=describe and "features")
    heard = [(o.item, o.value) for o in outcomes if o.value is not None]
    if not heard:
        raise AudioError(f"none of {len(clips)} clips could be heard: {outcomes[0].error}")
    return np.stack([row for _, row in heard]), [clip for clip, _ in heard]


def _row(clip: Clip, *, recipe: FeatureRecipe, step: Step | None, seed: int) -> NDArray[np.float32]:
    sound = samples(clip)
    if step is not None:
        sound = step(sound, generator(seed, clip.name))
    return recipe(np.asarray(sound, np.float32))


def check_importance(path: Path) -> None:
    """See to it before long work that `write_importance` can write there.

    Raises:
        MissingExtraError: a picture is wanted and matplotlib isn't installed.
        OptionError: the suffix is neither CSV's nor a picture's.
        OutputError: the file can't be written.
    """
    if path.suffix.lower() == ".csv":
        check_file(path)
        return
    from affetto.report.plots import check_picture

    check_picture(path)


def write_importance(path: Path, found: Importance) -> None:
    """Write a table (.csv) or a picture, whole or not at all.

    Args:
        path: its suffix says which.
        found: of `importance`.

    Raises:
        MissingExtraError: see `check_importance`.
        OptionError: see `check_importance`.
        OutputError: see `check_importance`.
    """
    if path.suffix.lower() != ".csv":
        _draw(path, found)
        return
    with atomic_write(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for kind, weights in (("group", found.groups), ("feature", found.features)):
            for w in weights:
                writer.writerow([kind, w.name, w.group, w.features, f"{w.fall:.5f}", f"{w.sd:.5f}"])


def _draw(path: Path, found: Importance) -> None:
    from affetto.report import plots

    plots.importance(
        [(w.name, w.fall, w.sd) for w in found.groups],
        [(w.name, w.fall, w.sd) for w in found.features],
        path=path,
    )
