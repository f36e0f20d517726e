"""Batches for training: groups of clips of one speaker, cut, altered and taken relative to level.

A group shows the network one voice in several feelings, so that it can learn to hear the
departure from that voice's mean. Every corpus has a share of the batches that its size does not
decide, and some groups are of few feelings, as real conversations are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.features import LevelConfig, LevelTracker, MelConfig
from affetto.features.mel import mel_centres
from affetto.lab.augment.spectral import SpectralAugment, steady_noise
from affetto.lab.augment.spectrum import spec_augment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from affetto.lab.store import FeatureStore

    Rows = NDArray[np.float32]
    Indices = NDArray[np.int64]
    Places = NDArray[np.floating[Any]]

__all__ = ["Batch", "BatchConfig", "Batches", "TrainingSet"]

_ROW = 4  # feature frames from one row of the network to the next
_TARGET = 8  # feature frames from one of the teacher's targets to the next


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Clips to learn from, by their number in a feature store.

    Attributes:
        store: the features.
        label: index of each clip's label; -1 where it has none (noises).
        allowed: labels that the clip's corpus has, (clips, labels).
        evidence: how much each label counts against a clip's own, (clips, labels): 1 for those
            that the corpus has; less for others, which its listeners could not have chosen.
        corpus: index into `corpora`; -1 for noises.
        corpora: their names.
        speaker: index of each clip's speaker, over all corpora; -1 for noises.
        unacted: clips whose feeling nobody acted or labelled: ordinary speech. Neutral and calm
            are equally right for them.
    """

    store: FeatureStore
    label: Indices
    allowed: NDArray[np.bool_]
    evidence: NDArray[np.float32]
    corpus: Indices
    corpora: tuple[str, ...]
    speaker: Indices
    unacted: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BatchConfig:
    """What a batch is made of.

    Attributes:
        groups: speakers in a batch.
        clips: clips of each speaker.
        noises: clips of noise, for the speech head.
        frames: feature frames that a cut holds.
        stretch: range of the speed at which a cut is read.
        uneven: probability that a group has three feelings at most.
        shares: corpus → its share of the groups, relative to the others.
        other_share: of a corpus that `shares` does not name.
        augment: what befalls each clip; None for nothing.
        own_noise: probability that an added sound is a recorded noise; the rest are steady noises
            and other voices.
    """

    groups: int = 8
    clips: int = 8
    noises: int = 4
    frames: int = 250
    stretch: tuple[float, float] = (0.88, 1.14)
    uneven: float = 0.3
    shares: Mapping[str, float] = field(default_factory=dict)
    other_share: float = 1.0
    augment: SpectralAugment | None = field(default_factory=SpectralAugment)
    own_noise: float = 0.5

    def share(self, corpus: str) -> float:
        """Give a corpus's share of the groups, relative to the others."""
        return self.shares.get(corpus, self.other_share)


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch.

    Attributes:
        features: (batch, frames, bands), relative log-mel.
        speech: reference probability of speech, (batch, rows).
        target: row of the store's targets for each second row, (batch, rows // 2); -1 for none.
        clip: number of each clip in the store, (batch,).
        groups: the first `groups` × `group_size` clips come speaker by speaker.
        group_size: clips of one speaker.
    """

    features: Rows
    speech: Rows
    target: Indices
    clip: Indices
    groups: int
    group_size: int


class Batches:
    """Draw batches; the same for a seed and a step, so that a training resumes exactly.

    Args:
        data: what to draw from.
        clips: the labelled clips that may be drawn.
        noises: clips without speech.
        config: what a batch is made of.
        seed: of everything drawn.
        mel: the store's log-mel, for the bands' frequencies.
        level: how the level is followed.
    """

    def __init__(
        self,
        data: TrainingSet,
        clips: Indices,
        noises: Indices,
        config: BatchConfig | None = None,
        *,
        seed: int = 0,
        mel: MelConfig | None = None,
        level: LevelConfig | None = None,
    ) -> None:
        self.data = data
        self.config = config or BatchConfig()
        self.noises = noises
        self.level = level or LevelConfig()
        self.seed = seed
        self._rng = np.random.default_rng(seed)
        self._centres = mel_centres(mel or MelConfig())
        self._by_speaker: dict[int, dict[int, list[int]]] = {}
        for clip in clips:
            of_speaker = self._by_speaker.setdefault(int(data.speaker[clip]), {})
            of_speaker.setdefault(int(data.label[clip]), []).append(int(clip))
        self._speakers: dict[int, list[int]] = {}
        for speaker, labels in sorted(self._by_speaker.items()):
            corpus = int(data.corpus[next(iter(labels.values()))[0]])
            self._speakers.setdefault(corpus, []).append(speaker)
        self._corpora = sorted(self._speakers)
        share = np.array([self.config.share(data.corpora[c]) for c in self._corpora])
        self._share = share / share.sum()

    def draw(self, step: int) -> Batch:
        """Draw the batch of a step."""
        self._rng = np.random.default_rng((self.seed, step))
        config, rng = self.config, self._rng
        one: list[int] = []
        many: list[int] = []
        for _ in range(config.groups):
            corpus = self._corpora[rng.choice(len(self._corpora), p=self._share)]
            speakers = self._speakers[corpus]
            if self._single(corpus):
                chosen = rng.choice(speakers, config.clips)
                many += [self._any(int(speaker)) for speaker in chosen]
            else:
                one += self._group(int(rng.choice(speakers)))
        count = len(one) // config.clips
        clips = one + many
        if len(self.noises):
            clips += [int(noise) for noise in rng.choice(self.noises, config.noises)]
        cuts = [self._cut(clip) for clip in clips]
        rows = [cut[0] for cut in cuts]
        if config.augment is not None:
            rows = [
                config.augment(r, rng, sound=self._sound(rows), centres=self._centres) for r in rows
            ]
        return Batch(
            np.stack([self._relative(r) for r in rows]),
            np.stack([cut[1] for cut in cuts]),
            np.stack([cut[2] for cut in cuts]),
            np.array(clips),
            count,
            config.clips,
        )

    def _single(self, corpus: int) -> bool:
        """Tell whether a corpus has about one clip a speaker, too few for groups."""
        clips = [sum(map(len, self._by_speaker[s].values())) for s in self._speakers[corpus]]
        return float(np.median(clips)) < 4

    def _any(self, speaker: int) -> int:
        labels = list(self._by_speaker[speaker].values())
        clips = labels[self._rng.integers(len(labels))]
        return clips[self._rng.integers(len(clips))]

    def _group(self, speaker: int) -> list[int]:
        labels = list(self._by_speaker[speaker].values())
        if self._rng.random() < self.config.uneven:
            kept = self._rng.choice(len(labels), min(len(labels), 3), replace=False)
            labels = [labels[i] for i in kept]
        picks = (labels[self._rng.integers(len(labels))] for _ in range(self.config.clips))
        return [clips[self._rng.integers(len(clips))] for clips in picks]

    def _cut(self, clip: int) -> tuple[Rows, Rows, Indices]:
        """Cut a clip at a random place, at a random speed; quiet frames fill up a short one."""
        rng, frames, store = self._rng, self.config.frames, self.data.store
        speed = rng.uniform(*self.config.stretch)
        have, need = store.frames(clip), int(frames * speed) + 1
        if have > need:
            start = rng.integers(-min(20, need // 4), max(1, have - need + 20))
        else:
            start = rng.integers(have - need, 1)
        at = start + np.arange(frames) * speed
        low = np.floor(at).astype(int)
        part = (at - low)[:, None].astype(np.float32)
        source = store.clip(clip)
        rows = source[np.clip(low, 0, have - 1)] * (1.0 - part)
        rows += source[np.clip(low + 1, 0, have - 1)] * part
        outside = (low < 0) | (low >= have - 1)
        if outside.any():
            loudness = source.sum(axis=1, dtype=np.float32)
            quiet = source[np.argsort(loudness)[have // 20]].astype(np.float32)
            rows[outside] = quiet + rng.normal(0.0, 0.5, (int(outside.sum()), rows.shape[1]))
        centre = at[::_ROW]
        inside = (centre >= 0) & (centre < have)
        speech = self._speech(clip, centre, inside)
        target = self._targets(clip, centre[::2], inside[::2])
        return rows.astype(np.float32), speech, target

    def _speech(self, clip: int, centre: Places, inside: NDArray[np.bool_]) -> Rows:
        store = self.data.store
        if self.data.label[clip] < 0:
            return np.zeros(len(centre), np.float32)
        said = store.speech[store.speech_starts[clip] : store.speech_starts[clip + 1]]
        at = np.clip((centre / _ROW).astype(int), 0, len(said) - 1)
        return np.where(inside, said[at], 0.0).astype(np.float32)

    def _targets(self, clip: int, centre: Places, inside: NDArray[np.bool_]) -> Indices:
        first, end = self.data.store.target_starts[clip : clip + 2]
        at = first + (np.maximum(centre, 0) / _TARGET).astype(np.int64)
        return np.where(inside & (at < end), at, -1)

    def _sound(self, voices: list[Rows]) -> Rows:
        """Draw a sound to add: a recorded noise, a steady one, or another voice of the batch."""
        rng, frames = self._rng, self.config.frames
        kind = rng.random()
        if kind < self.config.own_noise and len(self.noises):
            noise = self.data.store.clip(int(rng.choice(self.noises)))
            start = rng.integers(0, max(1, len(noise) - frames))
            return noise[start : start + frames].astype(np.float32)
        if kind < 0.85:
            return steady_noise(frames, len(self._centres), rng)
        return voices[rng.integers(len(voices))]

    def _relative(self, rows: Rows) -> Rows:
        """Take rows relative to the level, half of the time as if something had gone before."""
        tracker = LevelTracker(self.level)
        if self._rng.random() < 0.5:
            power = float(np.exp(rows).sum(axis=1).mean())
            tracker.assume(
                power=power * np.exp(self._rng.uniform(-1.5, 1.5)),
                frames=self._rng.uniform(30, 300),
            )
        relative = tracker.feed(rows)
        if self.config.augment is None:
            return relative
        return spec_augment(relative, self._rng, time_width=20, fill=-7.0)
