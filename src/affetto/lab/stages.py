"""The recipe's stages: an encoder taught from nothing, and its fine-tuning.

Each stage keeps its state in a folder of its own: one that is finished is taken as it is, one that
was killed goes on.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from affetto.errors import ModelError
from affetto.lab.batches import Batches
from affetto.lab.embedding import embed, head_logits, usable
from affetto.lab.metrics import uar
from affetto.lab.recipe import Recipe
from affetto.lab.run_folder import record_settings
from affetto.lab.student import Student
from affetto.lab.teaching import teach
from affetto.lab.training import best_device, load_weights, save_weights
from affetto.models.package import file_sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.lab.recipe import Material

__all__ = ["finetune", "pretrain"]


def _student(material: Material, recipe: Recipe) -> Student:
    speakers = int(material.data.speaker.max()) + 1
    return Student(len(material.labels), speakers, recipe.encoder)


def _batches(material: Material, clips: NDArray[np.int64], recipe: Recipe, *, seed: int) -> Batches:
    return Batches(
        material.data,
        clips,
        material.noises,
        recipe.batch,
        seed=seed,
        mel=recipe.front_end.mel,
        level=recipe.front_end.level,
    )


def _about(material: Material, clips: NDArray[np.int64], recipe: Recipe) -> dict[str, Any]:
    """Give what a run folder's `config.json` says of data and network."""
    return {
        "encoder": asdict(recipe.encoder),
        "front_end": recipe.front_end.to_dict(),
        "batch": asdict(recipe.batch),
        "clips": _counts(material, clips),
        "noises": len(material.noises),
        "targets": len(material.data.store.targets),
        "evidence": round(float(material.data.evidence[clips].mean()), 6),
        "data": _mark(material, clips),
    }


def _mark(material: Material, clips: NDArray[np.int64]) -> str:
    """Name what is learnt from: the same for the same clips with the same labels."""
    mark = hashlib.sha256()
    for place in clips:
        clip = material.table[int(place)]
        mark.update(f"{clip.corpus}/{clip.file.name}|{clip.emotion}\n".encode())
    return mark.hexdigest()[:24]


def _counts(material: Material, clips: NDArray[np.int64]) -> dict[str, int]:
    """Count clips by corpus."""
    return dict(sorted(Counter(material.table[int(i)].corpus for i in clips).items()))


def pretrain(
    material: Material,
    clips: Sequence[int],
    folder: Path,
    *,
    recipe: Recipe | None = None,
    seed: int = 0,
    report: Callable[[str], None] | None = None,
) -> Path:
    """Teach an encoder from nothing; give the file of its weights.

    Args:
        material: clips and features.
        clips: which to learn from; none of a speaker that a later fold tests.
        folder: of the run; a finished one is taken as it is.
        recipe: settings.
        seed: of everything drawn.
        report: told one line a check.

    Raises:
        OptionError: `folder` holds a training with other settings.
    """
    recipe = recipe or Recipe()
    learn = usable(material, clips)
    loop = replace(recipe.pretrain, seed=seed)
    about = _about(material, learn, recipe) | {"losses": asdict(recipe.pretrain_losses)}
    record_settings(folder, {"stage": "pretrain", "loop": asdict(loop)} | about)
    finished = folder / "encoder.safetensors"
    if finished.is_file():
        return finished
    torch.manual_seed(seed)
    student = _student(material, recipe)
    batches = _batches(material, learn, recipe, seed=seed)
    teach(student, batches, loop, losses=recipe.pretrain_losses, folder=folder, report=report)
    save_weights(finished, student.state_dict())
    return finished


def _start_from(student: Student, path: Path) -> None:
    """Load weights of `pretrain`; what tells other speakers or labels apart is left out."""
    stored, own = load_weights(path), student.state_dict()
    for name in own:
        task = name.startswith(("speaker.", "head.plain.", "head.relative."))
        if task and name in stored and stored[name].shape != own[name].shape:
            stored[name] = own[name]
    if {n: t.shape for n, t in stored.items()} != {n: t.shape for n, t in own.items()}:
        raise ModelError(
            f"{path}: found weights of another network, expected those of an encoder that "
            "`affetto train` taught (encoder.safetensors)"
        )
    student.load_state_dict(stored)


def finetune(
    material: Material,
    training: Sequence[int],
    validation: Sequence[int],
    folder: Path,
    *,
    start: Path | None = None,
    recipe: Recipe | None = None,
    seed: int = 0,
    report: Callable[[str], None] | None = None,
) -> Student:
    """Fine-tune the encoder and its readings on a fold's training speakers.

    Args:
        material: clips and features.
        training: clips to learn from.
        validation: clips of held-out training speakers, on which the best check is chosen.
        folder: of the run.
        start: weights of `pretrain`; None learns from nothing.
        recipe: settings.
        seed: of everything drawn.
        report: told one line a check.

    Returns:
        The student, with the weights that are kept.

    Raises:
        OptionError: `folder` holds a training with other settings.
        ModelError: `start` can't be read, or is of another network.
    """
    recipe = recipe or Recipe()
    torch.manual_seed(seed)
    student = _student(material, recipe)
    if start is not None:
        _start_from(student, start)
    learn = usable(material, training)
    check = usable(material, validation)

    loop = replace(recipe.finetune, seed=seed)
    about = _about(material, learn, recipe) | {"losses": asdict(recipe.finetune_losses)}
    about["held_out"] = _counts(material, check)
    about["start"] = None if start is None else file_sha256(start)
    record_settings(folder, {"stage": "finetune", "loop": asdict(loop)} | about)

    def score(student: Student) -> float:
        return _score(student, material, check, recipe)

    teach(
        student,
        _batches(material, learn, recipe, seed=seed),
        loop,
        losses=recipe.finetune_losses,
        folder=folder,
        validate=score if len(check) else None,
        report=report,
    )
    return student


def _score(
    student: Student,
    material: Material,
    validation: NDArray[np.int64],
    recipe: Recipe,
) -> float:
    """Mean over corpora of UAR, without and with the speakers' means taken off."""
    student.settle()
    data = material.data
    pooled = embed(student, material, validation, recipe)
    centred = pooled.copy()
    for speaker in np.unique(data.speaker[validation]):
        of_speaker = data.speaker[validation] == speaker
        centred[of_speaker] = pooled[of_speaker].mean(axis=0)
    figures = []
    for logits in (head_logits(student, pooled), head_logits(student, pooled, centred)):
        answers = np.where(data.allowed[validation], logits, -np.inf).argmax(axis=1)
        for corpus in np.unique(data.corpus[validation]):
            of = data.corpus[validation] == corpus
            if data.unacted[validation][of].all():
                continue
            figures.append(float(uar(data.label[validation][of], answers[of])))
    student.to(best_device())
    return float(np.mean(figures))
