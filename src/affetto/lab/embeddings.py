"""Embeddings of sounds by a frozen encoder: made once, kept by what they are made of.

An embedding is named by the samples it was made of and stands in a folder named by the encoder;
so it serves every table, protocol and seed that meets the same sound, wherever its file lies. The
folder fills shard by shard: a run that was killed goes on where it was.
"""

from __future__ import annotations

import hashlib
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from affetto.jobs import ProgressBar, atomic_write, make_folder
from affetto.lab.encoders import pool
from affetto.lab.training import best_device

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.lab.encoders import SpeechEncoder

__all__ = ["Embeddings"]

_SHARD = 32
"""Sounds in a file."""
_AT_ONCE = 60 * 16_000
"""Samples that are heard at once."""


class Embeddings:
    """Mean and deviation over time of every layer's states.

    Args:
        encoder: what hears.
        folder: where the encoders' folders are; None keeps embeddings in memory.
    """

    def __init__(self, encoder: SpeechEncoder, folder: Path | None) -> None:
        self.encoder = encoder
        self._folder = None if folder is None else folder / encoder.digest()
        self._kept: dict[str, NDArray[np.float32]] = {}
        self._homes: dict[str, tuple[str, int]] = {}
        if self._folder is not None:
            make_folder(self._folder)
            for path in sorted(self._folder.glob("*.npz")):
                names = _read(path, "names")
                self._enter(path.stem, [] if names is None else names.tolist())

    def __call__(
        self, sounds: Sequence[NDArray[np.float32]], layers: range | None = None
    ) -> NDArray[np.float32]:
        """Embed sounds.

        Args:
            sounds: each (samples,), 16 kHz.
            layers: which of the states; all if None.

        Returns:
            Shape (sounds, layers, 2 × width).

        Raises:
            OutputError: the embeddings can't be written.
        """
        layers = layers or range(self.encoder.depth)
        names = [hashlib.sha256(one.tobytes()).hexdigest()[:32] for one in sounds]
        self._make({n: one for n, one in zip(names, sounds, strict=True) if n not in self._homes})
        made = np.empty((len(sounds), len(layers), 2 * self.encoder.width), np.float32)
        for shard in {self._homes[name][0] for name in names}:
            values = self._values(shard)
            if values is None:  # damaged: what it held is made again
                self._homes = {n: home for n, home in self._homes.items() if home[0] != shard}
                return self(sounds, layers)
            for place, name in enumerate(names):
                home, row = self._homes[name]
                if home == shard:
                    made[place] = values[row, layers.start : layers.stop]
        return made

    def _enter(self, shard: str, names: Sequence[str]) -> None:
        self._homes |= {name: (shard, row) for row, name in enumerate(names)}

    def _values(self, shard: str) -> NDArray[np.float32] | None:
        if self._folder is None:
            return self._kept[shard]
        return _read(self._folder / f"{shard}.npz", "values")

    def _make(self, missing: dict[str, NDArray[np.float32]]) -> None:
        """Embed sounds that nobody has embedded yet, shard by shard."""
        names = sorted(missing, key=lambda name: len(missing[name]))  # alike ones go together
        shards = [names[i : i + _SHARD] for i in range(0, len(names), _SHARD)]
        with ProgressBar("embeddings" if shards else "", total=len(shards)) as progress:
            for some in shards:
                values = self._heard([missing[name] for name in some])
                shard = hashlib.sha256("".join(some).encode()).hexdigest()[:24]
                if self._folder is None:
                    self._kept[shard] = values
                else:
                    arrays = {"names": np.array(some), "values": values}
                    with atomic_write(self._folder / f"{shard}.npz", "wb") as file:
                        # numpy's stub takes the names of the arrays for options
                        np.savez(file, **cast("Any", arrays))
                self._enter(shard, some)
                progress.advance()

    @torch.inference_mode()
    def _heard(self, sounds: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Hear sounds, those of one length together."""
        device = best_device()
        encoder = self.encoder.to(device).eval()
        parts = []
        # TF32 would put a GPU's embeddings further from the exported file's than it may be.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            for batch in _batches(sounds):
                states, heard = encoder(torch.from_numpy(batch).to(device))
                parts.append(torch.stack([pool(state, heard) for state in states], dim=1).cpu())
        made: NDArray[np.float32] = torch.cat(parts).numpy()
        return made


def _batches(sounds: list[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Put neighbours of one length together, as many as are heard at once."""
    for length, group in groupby(sounds, key=len):
        alike = list(group)
        count = max(1, _AT_ONCE // max(length, 1))
        for start in range(0, len(alike), count):
            yield np.stack(alike[start : start + count])


def _read(path: Path, name: str) -> NDArray[Any] | None:
    """Read an array of a shard; None where there is none, or a damaged one."""
    try:
        with np.load(path, allow_pickle=False) as file:
            made: NDArray[Any] = file[name]
    except Exception:  # a damaged zip raises what it likes
        return None
    return made
