"""The bundled model's recipe: its settings, and the material that it works on.

    clips ─► features ─► pretrain (an encoder, on what every fold allows) ─► finetune (on a fold's
    training speakers) ─► linear parts, baseline statistics, temperatures ─► package

The stages are in `affetto.lab.stages` and `affetto.lab.packing`; `affetto train` runs them for the
bundled model, `affetto.lab.crossval` for each fold of a protocol.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from affetto.emotions import Emotion
from affetto.errors import CorpusError
from affetto.features import FrontEndConfig
from affetto.lab.batches import BatchConfig, TrainingSet
from affetto.lab.corpora import Table
from affetto.lab.extras import require
from affetto.lab.network import EncoderConfig
from affetto.lab.refit import RefitConfig
from affetto.lab.store import FeatureStore
from affetto.lab.student import LossConfig
from affetto.lab.training import LoopConfig

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.lab.protocols import Protocol

__all__ = ["FEW_LABELS", "LABELS", "SHARES", "Material", "Recipe", "gather"]

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

QUIET = (Emotion.NEUTRAL, Emotion.CALM, Emotion.SAD, Emotion.BORED)
"""Labels that one corpus may call by another's name."""

ABSENT = 0.3
"""How much a label that a corpus lacks counts against its clips."""

FEW_LABELS = 4
"""A corpus of fewer teaches and judges nothing but the contrast between them."""

SHARES = {
    "ravdess": 0.32,
    "tess": 0.091,
    "savee": 0.12,
    "emodb": 0.14,
    "cremad": 0.056,
    "nemo": 0.154,
    "librispeech": 0.10,
}
"""How often each corpus is drawn: by its speakers rather than by its clips."""

OTHER_SHARE = 0.15
"""How often a corpus of one's own is drawn."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every setting of the recipe.

    Attributes:
        encoder: the network's shape.
        front_end: sound to features.
        batch: what a batch is made of.
        pretrain: how the encoder learns from nothing.
        pretrain_losses: what the losses weigh then.
        finetune: how it learns on from there.
        intra: how it learns where a single corpus trains: from nothing, and from few clips.
        finetune_losses: what the losses weigh in both.
        refit: how the linear parts are fitted.
    """

    encoder: EncoderConfig = field(
        default_factory=lambda: EncoderConfig(channels=(32, 64, 128, 128), width=384)
    )
    front_end: FrontEndConfig = field(default_factory=FrontEndConfig)
    batch: BatchConfig = field(
        default_factory=lambda: BatchConfig(shares=SHARES, other_share=OTHER_SHARE)
    )
    pretrain: LoopConfig = field(default_factory=lambda: LoopConfig(steps=3000, rate=2.5e-3))
    pretrain_losses: LossConfig = field(default_factory=LossConfig)
    finetune: LoopConfig = field(default_factory=lambda: LoopConfig(steps=1500, rate=1.5e-3))
    intra: LoopConfig = field(default_factory=lambda: LoopConfig(steps=600, rate=2.5e-3))
    finetune_losses: LossConfig = field(default_factory=lambda: LossConfig(distil=0.5))
    refit: RefitConfig = field(default_factory=RefitConfig)


@dataclass(frozen=True, slots=True)
class Material:
    """A table of clips with its features, and noises.

    Attributes:
        table: the labelled clips; clip i of `data` is row i.
        data: what batches are drawn from; noises come after the clips.
        noises: their numbers in `data`.
        labels: what the numbers of the labels stand for.
    """

    table: Table
    data: TrainingSet
    noises: NDArray[np.int64]
    labels: tuple[str, ...] = LABELS

    def relabelled(self, protocol: Protocol) -> Material:
        """Give the same clips with a protocol's own classes, gender and emotion at once, say.

        Clips that the protocol has no class for keep none and must not be drawn.
        """
        classes = [protocol.label(clip) for clip in self.table]
        label = np.full_like(self.data.label, -1)
        label[: len(classes)] = [-1 if c is None else protocol.labels.index(c) for c in classes]
        known = np.repeat(label[:, None] >= 0, len(protocol.labels), axis=1)
        data = replace(
            self.data,
            label=label,
            allowed=known,
            evidence=known.astype(np.float32),
            unacted=np.zeros_like(self.data.unacted),
        )
        return replace(self, data=data, labels=protocol.labels)


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
        CorpusError: no clip has a label of ours; one has no speaker, or can't be decoded.
        MissingExtraError: what training needs isn't installed.
    """
    require("onnx", "safetensors")
    recipe = recipe or Recipe()
    clips = len(table)
    table = Table([clip for clip in table if clip.emotion in LABELS])
    if not table:
        raise CorpusError(
            f"found {clips} clips, none of them {', '.join(LABELS)}; expected some: "
            "correct the column emotion"
        )
    for clip in table:
        if clip.speaker is None:
            raise CorpusError(f"{clip.file}: found no speaker, expected one: fill in its column")
    sounds = [*table, *noises]
    store = FeatureStore.build(
        sounds, folder, teacher=teacher, mel=recipe.front_end.mel, workers=workers
    )
    corpora = tuple(sorted({clip.corpus for clip in table}))
    speakers = sorted({str(clip.speaker) for clip in table})
    places = {speaker: i for i, speaker in enumerate(speakers)}
    none = [-1] * len(noises)
    label = np.array(
        [LABELS.index(Emotion(clip.emotion)) for clip in table if clip.emotion] + none, np.int64
    )
    corpus = np.array([corpora.index(clip.corpus) for clip in table] + none, np.int64)
    allowed = np.zeros((len(sounds), len(LABELS)), bool)
    unacted = np.zeros(len(sounds), bool)
    for i, name in enumerate(corpora):
        if name in UNACTED:
            unacted |= corpus == i
            allowed[corpus == i] = True
        else:
            allowed[corpus == i] = _labels_of(label[corpus == i])
    speaker = np.array([places[str(clip.speaker)] for clip in table] + none, np.int64)
    data = TrainingSet(
        store, label, allowed, _evidence(label, allowed), corpus, corpora, speaker, unacted
    )
    return Material(table, data, np.arange(len(table), len(sounds)))


def _evidence(label: NDArray[np.int64], allowed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Say how much each label counts against a clip's own; see `TrainingSet`.

    A corpus without calm has calm clips among its neutral ones, so an absent label says nothing
    against its kin. A corpus of a few labels only teaches the contrast between them.
    """
    evidence = np.where(allowed, np.float32(1.0), np.float32(ABSENT))
    quiet = np.array([emotion in QUIET for emotion in LABELS])
    kin = quiet[np.maximum(label, 0)][:, None] & quiet[None]
    evidence[~allowed & kin] = 0.0
    evidence[~allowed & (allowed.sum(axis=1) < FEW_LABELS)[:, None]] = 0.0
    return evidence


def _labels_of(label: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell the labels that a corpus really has; a handful of strays doesn't count."""
    counts = np.bincount(label, minlength=len(LABELS))
    return np.asarray(counts >= max(1, 0.01 * counts.sum()))
