"""The recipe's stages: an encoder taught from nothing, fine-tuning, and the package.

Each stage keeps its state in a folder of its own: one that is finished is taken as it is, one that
was killed goes on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from affetto.errors import ModelError
from affetto.features import LevelTracker
from affetto.lab.baselines import fit_baseline
from affetto.lab.batches import Batches
from affetto.lab.corpora import CORPORA
from affetto.lab.export import encoder_onnx, head_onnx
from affetto.lab.metrics import uar
from affetto.lab.recipe import LABELS, Recipe
from affetto.lab.refit import Windows, refit
from affetto.lab.run_folder import record_settings
from affetto.lab.student import Student
from affetto.lab.training import best_device, load_weights, save_weights, train
from affetto.lab.voices import fit_voice
from affetto.models import Card, TrainingCorpus, write_package
from affetto.models.calibration import fit_temperature, softmax
from affetto.models.package import file_sha256
from affetto.models.rows import SILENCE
from affetto.recognition.baseline import BaselineStatistics, SpeakerBaseline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.lab.batches import TrainingSet
    from affetto.lab.recipe import Material
    from affetto.models import ModelPackage

__all__ = ["embed", "finetune", "head_logits", "package", "pretrain"]


def _usable(material: Material, clips: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Leave out clips whose label their corpus hardly has."""
    chosen = np.asarray(clips, np.int64)
    data = material.data
    return chosen[data.allowed[chosen, data.label[chosen]]]


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
    }


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
        OptionError: `folder` holds an unfinished training with other settings.
    """
    recipe = recipe or Recipe()
    finished = folder / "encoder.safetensors"
    if finished.is_file():
        return finished
    torch.manual_seed(seed)
    student = _student(material, recipe)
    learn = _usable(material, clips)
    batches = _batches(material, learn, recipe, seed=seed)
    loop = replace(recipe.pretrain, seed=seed)
    about = _about(material, learn, recipe) | {"losses": asdict(recipe.pretrain_losses)}
    record_settings(folder, {"stage": "pretrain", "loop": asdict(loop)} | about)
    train(student, batches, loop, losses=recipe.pretrain_losses, folder=folder, report=report)
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
    learn = _usable(material, training)
    check = _usable(material, validation)

    loop = replace(recipe.finetune, seed=seed)
    about = _about(material, learn, recipe) | {"losses": asdict(recipe.finetune_losses)}
    about["held_out"] = _counts(material, check)
    about["start"] = None if start is None else file_sha256(start)
    record_settings(folder, {"stage": "finetune", "loop": asdict(loop)} | about)

    def score(student: Student) -> float:
        return _score(student, material, check, recipe)

    train(
        student,
        _batches(material, learn, recipe, seed=seed),
        loop,
        losses=recipe.finetune_losses,
        folder=folder,
        validate=score if len(check) else None,
        report=report,
    )
    return student


@torch.inference_mode()
def embed(
    student: Student, material: Material, clips: NDArray[np.int64], recipe: Recipe
) -> NDArray[np.float32]:
    """Pool whole clips, (clips, pooled)."""
    device = best_device()
    student = student.to(device).eval()
    store, half = material.data.store, recipe.finetune.half
    pooled = np.zeros((len(clips), 2 * recipe.encoder.width), np.float32)
    order = np.argsort([store.frames(int(clip)) for clip in clips])
    for begin in range(0, len(order), 32):
        places = order[begin : begin + 32]
        rows = [
            LevelTracker(recipe.front_end.level).feed(store.clip(int(clips[i])).astype(np.float32))
            for i in places
        ]
        longest = max(map(len, rows))
        batch = np.full((len(rows), longest, recipe.encoder.bands), SILENCE, np.float32)
        for line, features in zip(batch, rows, strict=True):
            line[: len(features)] = features
        counts = torch.tensor([(len(features) - 1) // 4 + 1 for features in rows])
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            heard = student.pooled(torch.from_numpy(batch).to(device), counts.to(device))
        pooled[places] = heard.float().cpu().numpy()
    return pooled


@torch.inference_mode()
def head_logits(
    student: Student, pooled: NDArray[np.float32], baseline: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Ask the head about pooled clips, (clips, pooled): logits, (clips, labels).

    Args:
        student: settled.
        pooled: of `embed`.
        baseline: of each clip's speaker, (clips, pooled); the population's where not given.
    """
    head = student.head.cpu().eval()
    base = head.mean.numpy()[None] if baseline is None else baseline
    whole = np.broadcast_to(base, pooled.shape).copy()
    logits: NDArray[np.float32] = head(torch.from_numpy(pooled), torch.from_numpy(whole)).numpy()
    return logits


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


def package(
    student: Student,
    material: Material,
    training: Sequence[int],
    validation: Sequence[int],
    folder: Path,
    *,
    name: str = "default",
    version: str = "1",
    licence: str = "research and non-commercial use only",
    description: str = "",
    recipe: Recipe | None = None,
) -> ModelPackage:
    """Measure what the package needs and write it.

    The head's linear part, what tells voices apart and the baseline's statistics come from the
    training speakers, the temperatures from the held-out ones.

    Args:
        student: trained.
        material: clips and features.
        training: clips that it learned from.
        validation: clips of held-out training speakers.
        folder: of the package.
        name: of the model.
        version: of the model.
        licence: of the weights.
        description: one line.
        recipe: settings.
    """
    recipe = recipe or Recipe()
    data, table = material.data, material.table
    learn, check = _usable(material, training), _usable(material, validation)
    heard = embed(student, material, learn, recipe)
    student.cpu()
    refit(
        student,
        Windows(
            heard,
            data.label[learn],
            data.evidence[learn],
            data.unacted[learn],
            data.speaker[learn],
            _weights(data, learn, recipe),
        ),
        recipe.refit,
    )
    _refit_voice(student, heard, data.speaker[learn], data.corpus[learn])
    acted = ~data.unacted[learn]
    statistics = fit_baseline(
        heard[acted], data.label[learn][acted], data.speaker[learn][acted], len(LABELS)
    )
    # The head's own mean is the population's: there, the plain reading answers.
    statistics = replace(statistics, population=student.head.mean.numpy().copy())
    pooled = embed(student, material, check, recipe)
    plain = head_logits(student, pooled)
    vectors = _baselines(statistics, pooled, plain, data, check)
    relative = head_logits(student, pooled, vectors)
    sure = ~data.unacted[check]
    # A handful of speakers leaves none to hold out, and of those trained on nothing can be told.
    temperatures = [
        fit_temperature(np.where(data.allowed[check], logits, -1e4)[sure], data.label[check][sure])
        if sure.any()
        else 1.0
        for logits in (plain, relative)
    ]
    config = student.encoder.config
    used = sorted({table[int(i)].corpus for i in learn})
    card = Card(
        name=name,
        version=version,
        labels=LABELS,
        receptive=config.receptive,
        stride=config.stride,
        front_end=recipe.front_end,
        temperature=temperatures[0],
        temperature_baseline=temperatures[1],
        languages=tuple(sorted({spoken for i in learn if (spoken := table[int(i)].language)})),
        training=tuple(
            TrainingCorpus(corpus, CORPORA[corpus].licence if corpus in CORPORA else "your own")
            for corpus in used
        ),
        licence=licence,
        description=description,
    )
    return write_package(
        folder,
        card,
        model=encoder_onnx(student),
        head=head_onnx(student),
        baseline=statistics.to_arrays(),
    )


def _refit_voice(
    student: Student,
    heard: NDArray[np.float32],
    speaker: NDArray[np.int64],
    corpus: NDArray[np.int64],
) -> None:
    """Let the `voice` rows be what tells the training speakers apart best."""
    voice = student.encoder.voice
    frames = heard[:, : student.encoder.config.width]
    found = fit_voice(frames, speaker, corpus, size=student.encoder.config.voice)
    if found is not None:
        with torch.no_grad():
            voice.weight.copy_(torch.from_numpy(found.weight)[:, :, None])
            voice.bias.copy_(torch.from_numpy(found.bias))


def _weights(data: TrainingSet, clips: NDArray[np.int64], recipe: Recipe) -> NDArray[np.float64]:
    """Give every corpus its share, whatever its size; of mean 1."""
    corpus = data.corpus[clips]
    weights = np.zeros(len(clips))
    for i in np.unique(corpus):
        of = corpus == i
        weights[of] = recipe.batch.shares.get(data.corpora[i], 1.0) / of.sum()
    return np.asarray(weights / weights.mean())


def _baselines(
    statistics: BaselineStatistics,
    pooled: NDArray[np.float32],
    logits: NDArray[np.float32],
    data: TrainingSet,
    clips: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Give each clip its speaker's baseline, learned from all of the speaker's clips given."""
    vectors = np.zeros_like(pooled)
    probabilities = softmax(np.where(data.allowed[clips], logits, -1e4))
    for speaker in np.unique(data.speaker[clips]):
        of = data.speaker[clips] == speaker
        voice = SpeakerBaseline(statistics)
        seconds = np.full(int(of.sum()), statistics.seconds)
        voice.update(pooled[of], probabilities[of], seconds)
        vectors[of] = voice.vector()
    return vectors
