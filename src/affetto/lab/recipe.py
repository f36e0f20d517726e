"""The bundled model's recipe: an encoder taught by distillation and labels, then fine-tuned.

    clips ─► features ─► pretrain (an encoder, on what every fold allows) ─► finetune (on a fold's
    training speakers) ─► baseline statistics, temperatures (held-out training speakers) ─► package

`affetto train` calls it for the bundled model, `affetto lab.crossval` for each fold of a protocol.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from affetto.emotions import Emotion
from affetto.errors import CorpusError
from affetto.features import FrontEndConfig, LevelTracker
from affetto.lab.baselines import fit_baseline
from affetto.lab.batches import BatchConfig, Batches, TrainingSet
from affetto.lab.corpora import CORPORA, Table
from affetto.lab.export import encoder_onnx, head_onnx
from affetto.lab.metrics import confusion_matrix, uar
from affetto.lab.network import EncoderConfig
from affetto.lab.refit import RefitConfig, Windows, refit
from affetto.lab.store import FeatureStore
from affetto.lab.student import LossConfig, Student
from affetto.lab.training import LoopConfig, best_device, load_weights, save_weights, train
from affetto.models import Card, TrainingCorpus, write_package
from affetto.models.calibration import fit_temperature, softmax
from affetto.models.rows import SILENCE
from affetto.recognition.baseline import BaselineStatistics, SpeakerBaseline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.models import ModelPackage

__all__ = ["LABELS", "Material", "Recipe", "embed", "finetune", "gather", "package", "pretrain"]

LABELS = (
    Emotion.NEUTRAL,
    Emotion.CALM,
    Emotion.HAPPY,
    Emotion.SAD,
    Emotion.ANGRY,
    Emotion.FEAR,
    Emotion.DISGUST,
    Emotion.SURPRISE,
    Emotion.BORED,
)
"""What the model can say. Neutral and calm come first: ordinary speech may be either."""

UNACTED = ("librispeech",)
"""Corpora of ordinary speech, whose feeling nobody acted."""

SHARES = {
    "ravdess": 0.27,
    "tess": 0.13,
    "savee": 0.11,
    "emodb": 0.13,
    "cremad": 0.08,
    "nemo": 0.22,
    "librispeech": 0.06,
}
"""How often each corpus is drawn: by its speakers rather than by its clips."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every setting of the recipe."""

    encoder: EncoderConfig = field(default_factory=lambda: EncoderConfig(channels=(24, 48, 96, 96)))
    front_end: FrontEndConfig = field(default_factory=FrontEndConfig)
    batch: BatchConfig = field(default_factory=lambda: BatchConfig(shares=SHARES))
    pretrain: LoopConfig = field(default_factory=lambda: LoopConfig(steps=2000, rate=2.5e-3))
    pretrain_losses: LossConfig = field(default_factory=LossConfig)
    finetune: LoopConfig = field(default_factory=LoopConfig)
    finetune_losses: LossConfig = field(default_factory=lambda: LossConfig(distil=0.5))
    refit: RefitConfig = field(default_factory=RefitConfig)


@dataclass(frozen=True, slots=True)
class Material:
    """A table of clips with its features, and noises.

    Attributes:
        table: the labelled clips; clip i of `data` is row i.
        data: what batches are drawn from; noises come after the clips.
        noises: their numbers in `data`.
    """

    table: Table
    data: TrainingSet
    noises: NDArray[np.int64]


def gather(
    table: Table,
    noises: Sequence[Path],
    folder: Path,
    *,
    teacher: Path | None = None,
    recipe: Recipe | None = None,
    workers: int | None = None,
) -> Material:
    """Compute the features of clips and noises, or take them from `folder`.

    Args:
        table: clips with a label and a speaker.
        noises: files without speech.
        folder: where features are kept.
        teacher: weights of the teacher.
        recipe: for the front end.
        workers: processes.

    Raises:
        CorpusError: a clip has no speaker, or can't be decoded.
    """
    recipe = recipe or Recipe()
    table = Table([clip for clip in table if clip.emotion in LABELS])
    for clip in table:
        if clip.speaker is None:
            raise CorpusError(f"{clip.file}: found no speaker, expected one: fill in its column")
    files = [clip.file for clip in table] + list(noises)
    store = FeatureStore.build(
        files, folder, teacher=teacher, mel=recipe.front_end.mel, workers=workers
    )
    corpora = tuple(sorted({clip.corpus for clip in table}))
    speakers = sorted({str(clip.speaker) for clip in table})
    places = {speaker: i for i, speaker in enumerate(speakers)}
    none = [-1] * len(noises)
    label = np.array([LABELS.index(Emotion(clip.emotion)) for clip in table if clip.emotion] + none)
    corpus = np.array([corpora.index(clip.corpus) for clip in table] + none)
    allowed = np.zeros((len(files), len(LABELS)), bool)
    unacted = np.zeros(len(files), bool)
    for i, name in enumerate(corpora):
        if name in UNACTED:
            unacted |= corpus == i
            allowed[corpus == i] = True
        else:
            allowed[corpus == i] = _labels_of(label[corpus == i])
    speaker = np.array([places[str(clip.speaker)] for clip in table] + none)
    data = TrainingSet(store, label, allowed, corpus, corpora, speaker, unacted)
    return Material(table, data, np.arange(len(table), len(files)))


def _labels_of(label: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell the labels that a corpus really has; a handful of strays doesn't count."""
    counts = np.bincount(label, minlength=len(LABELS))
    return np.asarray(counts >= max(1, 0.01 * counts.sum()))


def _usable(material: Material, clips: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Leave out clips whose label their corpus hardly has."""
    chosen = np.asarray(clips, np.int64)
    data = material.data
    return chosen[data.allowed[chosen, data.label[chosen]]]


def _student(material: Material, recipe: Recipe) -> Student:
    speakers = int(material.data.speaker.max()) + 1
    return Student(len(LABELS), speakers, recipe.encoder)


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
    """
    recipe = recipe or Recipe()
    finished = folder / "encoder.safetensors"
    if finished.is_file():
        return finished
    torch.manual_seed(seed)
    student = _student(material, recipe)
    batches = _batches(material, _usable(material, clips), recipe, seed=seed)
    loop = replace(recipe.pretrain, seed=seed)
    train(student, batches, loop, losses=recipe.pretrain_losses, folder=folder, report=report)
    save_weights(finished, student.state_dict())
    return finished


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
    """
    recipe = recipe or Recipe()
    torch.manual_seed(seed)
    student = _student(material, recipe)
    if start is not None:
        student.load_state_dict(load_weights(start))
    learn = _usable(material, training)
    check = _usable(material, validation)

    def score(student: Student) -> float:
        return _score(student, material, check, recipe)

    train(
        student,
        _batches(material, learn, recipe, seed=seed),
        replace(recipe.finetune, seed=seed),
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
def _logits(
    student: Student, pooled: NDArray[np.float32], baseline: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
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
    for logits in (_logits(student, pooled), _logits(student, pooled, centred)):
        answers = np.where(data.allowed[validation], logits, -np.inf).argmax(axis=1)
        for corpus in np.unique(data.corpus[validation]):
            of = data.corpus[validation] == corpus
            if data.unacted[validation][of].all():
                continue
            counts = confusion_matrix(
                data.label[validation][of].tolist(),
                answers[of].tolist(),
                labels=range(len(LABELS)),
            )
            figures.append(float(uar(counts)))
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

    The head's linear part and the baseline's statistics come from the training speakers, the
    temperatures from the held-out ones.

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
            data.allowed[learn],
            data.unacted[learn],
            data.speaker[learn],
            _weights(data, learn, recipe),
        ),
        recipe.refit,
    )
    acted = ~data.unacted[learn]
    statistics = fit_baseline(
        heard[acted], data.label[learn][acted], data.speaker[learn][acted], len(LABELS)
    )
    # The head's own mean is the population's: there, the plain reading answers.
    statistics = replace(statistics, population=student.head.mean.numpy().copy())
    pooled = embed(student, material, check, recipe)
    plain = _logits(student, pooled)
    vectors = _baselines(statistics, pooled, plain, data, check)
    relative = _logits(student, pooled, vectors)
    sure = ~data.unacted[check]
    temperatures = [
        fit_temperature(np.where(data.allowed[check], logits, -1e4)[sure], data.label[check][sure])
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
        languages=tuple(sorted({str(table[int(i)].language) for i in learn})),
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
