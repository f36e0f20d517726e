"""From a trained student to a model package: what is measured last, and the files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from affetto.lab.baselines import fit_baseline
from affetto.lab.embedding import embed, head_logits, usable
from affetto.lab.export import encoder_onnx, head_onnx
from affetto.lab.model_card import write_model_card
from affetto.lab.recipe import FEW_LABELS, LABELS, Recipe
from affetto.lab.refit import Windows, refit
from affetto.lab.sources import training_of
from affetto.lab.voices import fit_voice
from affetto.models import Card, write_package
from affetto.models.calibration import fit_temperature, softmax
from affetto.recognition.baseline import BaselineStatistics, SpeakerBaseline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.lab.batches import TrainingSet
    from affetto.lab.recipe import Material
    from affetto.lab.student import Student
    from affetto.models import ModelPackage

__all__ = ["package"]


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
    """Measure what the package needs and write it, with its model card.

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
    learn, check = usable(material, training), usable(material, validation)
    heard = embed(student, material, learn, recipe)
    student.cpu()
    windows = Windows.of(heard, data, learn, _weights(data, learn, recipe))
    refit(student, windows, recipe.refit, taught=len(data.store.targets) > 0)
    _refit_voice(student, heard, data.speaker[learn], data.corpus[learn])
    acted = ~data.unacted[learn]
    statistics = fit_baseline(
        heard[acted], data.label[learn][acted], data.speaker[learn][acted], len(LABELS)
    )
    # The head's own mean is the population's: there, the plain reading answers.
    statistics = replace(statistics, population=student.head.mean.numpy().copy())
    pooled = embed(student, material, check, recipe)
    plain = head_logits(student, pooled)
    relative = _beside_baselines(student, statistics, pooled, plain, data, check)
    sure = ~data.unacted[check] & (data.allowed[check].sum(axis=1) >= FEW_LABELS)
    weights = _weights(data, check[sure], recipe) if sure.any() else None
    # A handful of speakers leaves none to hold out, and of those trained on nothing can be told.
    temperatures = [
        fit_temperature(
            np.where(data.allowed[check], logits, -1e4)[sure],
            data.label[check][sure],
            weights=weights,
        )
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
        training=training_of(used),
        licence=licence,
        description=description,
    )
    made = write_package(
        folder,
        card,
        model=encoder_onnx(student),
        head=head_onnx(student),
        baseline=statistics.to_arrays(),
    )
    write_model_card(folder)
    return made


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
        weights[of] = recipe.batch.share(data.corpora[i]) / of.sum()
    return np.asarray(weights / weights.mean())


def _beside_baselines(
    student: Student,
    statistics: BaselineStatistics,
    pooled: NDArray[np.float32],
    plain: NDArray[np.float32],
    data: TrainingSet,
    clips: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Judge each clip beside its speaker's baseline, learned from all of the clips given."""
    logits = np.zeros(plain.shape)
    probabilities = softmax(np.where(data.allowed[clips], plain, -1e4))
    for speaker in np.unique(data.speaker[clips]):
        of = data.speaker[clips] == speaker
        voice = SpeakerBaseline(statistics)
        seconds = np.full(int(of.sum()), statistics.seconds)
        voice.update(pooled[of], probabilities[of], seconds)
        vectors = np.broadcast_to(voice.vector(), pooled[of].shape)
        logits[of] = voice.blend(plain[of], head_logits(student, pooled[of], vectors))
    return logits
