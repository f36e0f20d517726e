"""From tables of clips to a model package or a measurement: what the commands run."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from affetto.audio import save, sound_files
from affetto.dsp import SAMPLE_RATE
from affetto.emotions import Emotion
from affetto.errors import OptionError
from affetto.jobs import make_folder
from affetto.lab import protocols
from affetto.lab.augment import generator, music
from affetto.lab.corpora import Table, fingerprints
from affetto.lab.crossval import BASES, SIDE_BY_SIDE, encoder_without, measure, plan
from affetto.lab.held_out import held_out
from affetto.lab.packing import package
from affetto.lab.random_splits import measure_random
from affetto.lab.recipe import LABELS, SHARES, Recipe, gather
from affetto.lab.sources import LICENCES, Licence, Sources, collect
from affetto.lab.stages import finetune, pretrain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from affetto.lab.recipe import Material
    from affetto.models import ModelPackage

__all__ = [
    "LICENCES",
    "Licence",
    "Sources",
    "build",
    "collect",
    "cross_validate",
    "non_speech",
    "with_lengths",
]

_ESC_FOLD = re.compile(r"(?:^|__)([1-5])-\d+-[A-Z]")
_HELD_BACK = {"4", "5"}
_SONGS = 60
_SONG_SECONDS = 5


def non_speech(folder: Path | None, runs: Path) -> list[Path]:
    """List sounds that are no speech: recordings, and music that is made here.

    Of ESC recordings, told by their names, the folds 4 and 5 are held back for tests.

    Args:
        folder: of recordings, or None.
        runs: where the music is kept.

    Raises:
        OptionError: the folder isn't there, or holds no sound.
    """
    files: list[Path] = []
    if folder is not None:
        if not folder.is_dir():
            raise OptionError(f"found no folder {folder}, expected one with sounds without speech")
        files = sound_files(folder)
        if not files:
            raise OptionError(f"found no sound in {folder}, expected recordings without speech")
        named = {file: _ESC_FOLD.search(file.stem) for file in files}
        files = [f for f, match in named.items() if not match or match[1] not in _HELD_BACK]
    songs = runs / "music"
    make_folder(songs)
    for i in range(_SONGS):
        path = songs / f"{i:03d}.flac"
        if not path.is_file():
            rng = generator(0, path.name)
            song = music(_SONG_SECONDS * SAMPLE_RATE, rng)
            song *= rng.uniform(0.02, 0.5) / np.abs(song).max()
            save(path, song)
        files.append(path)
    return files


def build(
    sources: Sources,
    output: Path,
    *,
    runs: Path,
    name: str = "default",
    version: str = "1",
    recipe: Recipe | None = None,
    start: Path | None = None,
    seed: int = 0,
    workers: int | None = None,
    report: Callable[[str], None] | None = None,
) -> ModelPackage:
    """Train a model as the bundled one was trained, and write its package.

    Args:
        sources: what to learn from.
        output: folder of the package.
        runs: where features and trainings keep their state; a run that was killed goes on there.
        name: of the model.
        version: of the model.
        recipe: settings.
        start: weights of an encoder to start from. Without, one is taught from nothing: on the
            training clips, or on the corpora that the folds' encoder is taught on where the bundled
            model's corpora are given, and no others.
        seed: of everything drawn.
        workers: processes that compute features.
        report: told one line a check.

    Raises:
        CorpusError: nothing to train on, or a clip that can't be decoded.
        OutputError: the package can't be written.
    """
    recipe = recipe or Recipe()
    material = _material(collect(sources), sources, runs, recipe, workers)
    everything = range(len(material.table))
    validation = held_out(material.table, everything, share=1 / 12, seed=seed)
    training = sorted(set(everything) - set(validation))
    if start is None and {clip.corpus for clip in material.table} == set(SHARES):
        # The way of the protocols' folds, so that their figures speak for this model.
        start = encoder_without(set(BASES[0]), material, runs, recipe=recipe, report=report)
    elif start is None:
        folder = runs / f"{name}-encoder--seed{seed}"
        start = pretrain(material, training, folder, recipe=recipe, seed=seed, report=report)
    folder = runs / f"{name}--seed{seed}"
    student = finetune(
        material, training, validation, folder, start=start, recipe=recipe, seed=seed, report=report
    )
    return package(
        student,
        material,
        training,
        validation,
        output,
        name=name,
        version=version,
        licence=LICENCES[sources.licence],
        description=_describe(material),
        recipe=recipe,
    )


def cross_validate(
    sources: Sources,
    names: Sequence[str],
    results: Path,
    *,
    runs: Path,
    pool: bool = True,
    recipe: Recipe | None = None,
    seed: int = 0,
    workers: int | None = None,
    report: Callable[[str], None] | None = None,
) -> None:
    """Measure protocols by training their folds; each fold leaves a small file.

    Args:
        sources: what to learn from, and to test on.
        names: of protocols.
        results: where the folds' files go; those that are there are not made again.
        runs: where features and trainings keep their state.
        pool: let the other corpora train too.
        recipe: settings.
        seed: of everything drawn.
        workers: processes that compute features.
        report: told one line a check.

    Raises:
        OptionError: no such protocol, or without `pool` one in which other corpora always train.
        CorpusError: the tables lack a protocol's clips.
    """
    recipe = recipe or Recipe()
    pooled = [name for name in names if protocols.find(name).always_pooled]
    if pooled and not pool:
        raise OptionError(
            f"found protocol {pooled[0]}, in which other corpora always train, expected one that "
            "can do without them: leave out --intra"
        )
    random = [name for name in names if not protocols.find(name).speaker_independent]
    apart = [name for name in names if name not in random]
    groups = [[name for name in group if name in apart] for group in SIDE_BY_SIDE]
    groups += [[name] for name in apart if not any(name in group for group in SIDE_BY_SIDE)]
    table = counted(collect(sources), apart)
    material = _material(table, sources, runs, recipe, workers)
    digests = fingerprints(material.table, journal=runs / "fingerprints.jsonl", workers=workers)
    for group in filter(None, groups):
        trainings = plan(material.table, group, pool=pool, digests=digests, seed=seed)
        measure(
            material, trainings, runs=runs, results=results, seed=seed, recipe=recipe, report=report
        )
    for name in random:
        start = None
        if pool:
            tested = set(protocols.find(name).corpora)
            start = encoder_without(tested, material, runs, recipe=recipe, report=report)
        measure_random(
            material,
            name,
            start=start,
            runs=runs,
            results=results,
            recipe=recipe,
            digests=digests,
            report=report,
        )


def counted(table: Table, names: Iterable[str]) -> Table:
    """Count emotions that no model says as protocols count them, in those protocols' corpora.

    Examples:
        >>> from pathlib import Path
        >>> from affetto.lab.corpora import Clip
        >>> clip = Clip(Path("a.wav"), "iemocap", Emotion.EXCITED, "exc")
        >>> counted(Table([clip]), ["iemocap-5session"])[0].emotion
        <Emotion.HAPPY: 'happy'>
    """
    merges = {
        (corpus, told): Emotion(told_as)
        for protocol in map(protocols.find, names)
        for corpus in protocol.corpora
        for told, told_as in protocol.merge.items()
        if told not in LABELS
    }
    return Table(
        [
            replace(clip, emotion=merges.get((clip.corpus, str(clip.emotion)), clip.emotion))
            for clip in table
        ]
    )


def _material(
    table: Table, sources: Sources, runs: Path, recipe: Recipe, workers: int | None
) -> Material:
    return gather(
        table,
        non_speech(sources.noises, runs),
        runs / "features",
        teacher=sources.teacher,
        recipe=recipe,
        workers=workers,
    )


def with_lengths(
    recipe: Recipe, *, pretrain: int | None, finetune: int | None, patience: int = 0
) -> Recipe:
    """Give the recipe other lengths of training.

    Args:
        recipe: the recipe.
        pretrain: steps that teach the encoder; the recipe's if None.
        finetune: steps of fine-tuning; the recipe's if None.
        patience: checks of the fine-tuning without a better score that end it; 0 never does.

    Examples:
        >>> with_lengths(Recipe(), pretrain=None, finetune=7).finetune.steps
        7
    """
    recipe = replace(recipe, finetune=replace(recipe.finetune, patience=patience))
    if pretrain is not None:
        recipe = replace(recipe, pretrain=replace(recipe.pretrain, steps=pretrain))
    if finetune is not None:
        recipe = replace(recipe, finetune=replace(recipe.finetune, steps=finetune))
    return recipe


def _describe(material: Material) -> str:
    table = material.table
    languages = ", ".join(sorted({clip.language for clip in table if clip.language}))
    return (
        f"Emotion of speech, trained on {len(table)} clips of {len(table.speakers)} speakers "
        f"({languages})"
    )
