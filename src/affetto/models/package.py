"""A model package: a folder with a card, two networks, a baseline and golden vectors."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from affetto.errors import ModelError, OutputError
from affetto.features.front_end import FrontEnd
from affetto.jobs import atomic_write
from affetto.models.card import Card

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnxruntime
    from numpy.typing import NDArray

__all__ = ["FILES", "ModelPackage", "file_sha256", "read_arrays", "rewrite_card", "write_package"]

FILES = ("model.onnx", "head.onnx", "baseline.npz", "golden.npz")
"""What a package holds beside its card."""

_HEAD_BLOCK = 256
"""Windows judged at a time: more are no faster and need more memory."""


def file_sha256(path: Path) -> str:
    """Compute the checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read an `.npz` file whole, refusing pickled objects.

    Raises:
        ModelError: it can't be read.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise ModelError(f"{path}: found {found}, expected a file of Affetto's; correct the path")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception:  # a damaged zip raises what it likes, none of it for a person to read
        raise ModelError(
            f"{path}: found a damaged or foreign file, expected arrays that Affetto wrote; "
            "fetch or make it again"
        ) from None


class ModelPackage:
    """A model, ready to run. Its networks are opened when they are first needed.

    Make one with `ModelPackage.load`.
    """

    def __init__(self, folder: Path, card: Card, *, threads: int = 1) -> None:
        self.folder = folder
        self.card = card
        self.threads = threads

    @classmethod
    def load(cls, folder: str | Path, *, threads: int = 1, check: bool = True) -> ModelPackage:
        """Open a package.

        Args:
            folder: where it is.
            threads: CPU threads that a network may use.
            check: compare the files with the checksums of the card.

        Raises:
            ModelError: no such folder, a file is missing or differs from its checksum, or the
                card is wrong.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise ModelError(f"{folder}: found no such folder, expected a model package")
        card = Card.read(folder / "card.yaml")
        for name in FILES:
            if not (folder / name).is_file():
                raise ModelError(f"{folder}: {name} is missing: get the model again")
        if check and (damaged := changed_files(folder, card)):
            raise ModelError(
                f"{folder}: {damaged[0]} differs from the checksum of its card: "
                "the file is damaged or was changed; get the model again"
            )
        return cls(folder, card, threads=threads)

    def __repr__(self) -> str:
        return f"ModelPackage({self.card.title!r}, {str(self.folder)!r})"

    @property
    def labels(self) -> tuple[str, ...]:
        """What the model can say, in the order of its logits."""
        return tuple(label.value for label in self.card.labels)

    @cached_property
    def baseline(self) -> Mapping[str, NDArray[np.float32]]:
        """The arrays of `baseline.npz`.

        `population` (2D,), `classes` (labels, 2D), `within` (2D,), `between` (2D,) and `settings`
        (6,), see `affetto.recognition.BaselineStatistics`.

        Raises:
            ModelError: an array is missing or of another shape.
        """
        path = self.folder / "baseline.npz"
        arrays = read_arrays(path)
        labels = len(self.card.labels)
        size = arrays["population"].shape[-1] if "population" in arrays else 0
        shapes = {
            "population": (size,),
            "classes": (labels, size),
            "within": (size,),
            "between": (size,),
            "settings": (6,),
        }
        for name, shape in shapes.items():
            if name not in arrays or arrays[name].shape != shape or not size:
                found = arrays[name].shape if name in arrays else "nothing"
                raise ModelError(f"{path}: {name}: found {found}, expected shape {shape}")
        return arrays

    @property
    def population(self) -> NDArray[np.float32]:
        """The baseline of a speaker of whom nothing is known, shape (2D,)."""
        return self.baseline["population"]

    @property
    def width(self) -> int:
        """Values D in a row of frames."""
        return len(self.population) // 2

    @cached_property
    def voice_width(self) -> int:
        """Values V in a row of voice."""
        card = self.card
        features = np.zeros((1, card.receptive, card.front_end.mel.bands), np.float32)
        return int(self.frames(features)[2].shape[2])

    @cached_property
    def _network(self) -> onnxruntime.InferenceSession:
        return _open(self.folder / "model.onnx", self.threads)

    @cached_property
    def _head(self) -> onnxruntime.InferenceSession:
        return _open(self.folder / "head.onnx", self.threads)

    def frames(
        self, features: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Run the network.

        Args:
            features: shape (batch, T, bands), T at least the card's `receptive`.

        Returns:
            `frames` (batch, N, D), `speech` logits (batch, N) and `voice` (batch, N, V), with
            N = (T - receptive) // stride + 1.

        Raises:
            ModelError: the network can't be opened or refuses these features.
        """
        names = ["frames", "speech", "voice"]
        frames, speech, voice = _run(self._network, names, {"features": features}, self.folder)
        return frames, speech, voice

    def head(
        self, pooled: NDArray[np.float32], baseline: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Run the head over pooled windows.

        Args:
            pooled: shape (n, 2D).
            baseline: the speaker's, shape (2D,) or (n, 2D); the population's where not given.

        Returns:
            Logits, shape (n, labels).

        Raises:
            ModelError: the head can't be opened or refuses these windows.
        """
        if not len(pooled):
            return np.empty((0, len(self.card.labels)), np.float32)
        base = np.broadcast_to(self.population if baseline is None else baseline, pooled.shape)
        logits = []
        for start in range(0, len(pooled), _HEAD_BLOCK):
            block = slice(start, start + _HEAD_BLOCK)
            inputs = {
                "pooled": np.ascontiguousarray(pooled[block], np.float32),
                "baseline": np.ascontiguousarray(base[block], np.float32),
            }
            logits += _run(self._head, ["logits"], inputs, self.folder)
        return np.concatenate(logits)


def changed_files(folder: Path, card: Card) -> list[str]:
    """Name the files that differ from the checksums of the card, or have none."""
    return [name for name in FILES if card.sha256.get(name) != file_sha256(folder / name)]


def _open(path: Path, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Waiting threads shall not burn a core that others need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = ["CPUExecutionProvider"]
    try:
        # Falling back, from one processor to the same, would print on stdout.
        return onnxruntime.InferenceSession(str(path), options, providers, enable_fallback=0)
    except Exception as error:  # onnxruntime raises its own, unrelated classes
        raise ModelError(
            f"{path}: is no network that can be run ({error}); get the model again"
        ) from None


def _run(
    session: onnxruntime.InferenceSession,
    names: list[str],
    inputs: dict[str, NDArray[np.float32]],
    folder: Path,
) -> list[NDArray[np.float32]]:
    try:
        outputs: list[NDArray[np.float32]] = session.run(names, inputs)
    except Exception as error:  # as above
        raise ModelError(f"{folder}: the network did not run: {error}") from None
    return outputs


def write_package(
    folder: str | Path,
    card: Card,
    *,
    model: bytes,
    head: bytes,
    baseline: Mapping[str, NDArray[Any]],
) -> ModelPackage:
    """Write a package, whole or not at all; one that stood there is replaced.

    Args:
        folder: where it shall be; folders above that are missing are made.
        card: its checksums are filled in.
        model: the network, as the bytes of an ONNX file.
        head: the head, as the bytes of an ONNX file.
        baseline: the arrays that `ModelPackage.baseline` names.

    Returns:
        The package, opened from where it now is.

    Raises:
        OutputError: it can't be written there.
        ModelError: the networks don't run, or don't fit the card.
    """
    folder = Path(folder)
    unfinished = folder.with_name(f".affetto-{secrets.token_hex(6)}")
    replaced = folder.with_name(f".affetto-{secrets.token_hex(6)}")
    try:
        unfinished.mkdir(parents=True)
        (unfinished / "model.onnx").write_bytes(model)
        (unfinished / "head.onnx").write_bytes(head)
        with (unfinished / "baseline.npz").open("wb") as file:
            _savez(file, {name: np.asarray(a, np.float32) for name, a in baseline.items()})
        golden = make_golden(ModelPackage(unfinished, card))
        with (unfinished / "golden.npz").open("wb") as file:
            _savez(file, golden)
        sums = {name: file_sha256(unfinished / name) for name in FILES}
        (unfinished / "card.yaml").write_text(
            replace(card, sha256=sums).dump(), encoding="utf-8", newline="\n"
        )
        if folder.exists():
            folder.replace(replaced)
        unfinished.replace(folder)
    except OSError as error:
        if replaced.exists() and not folder.exists():
            replaced.replace(folder)
        raise OutputError(f"can't write the model package {folder}: {error.strerror}") from error
    finally:
        for leftover in (unfinished, replaced):
            with suppress(OSError):
                shutil.rmtree(leftover)
    return ModelPackage.load(folder)


def rewrite_card(folder: str | Path, **changes: Any) -> None:
    """Change fields of a package's card; the rest of the package stays as it is.

    Args:
        folder: of the package.
        changes: of fields of `Card`.

    Raises:
        ModelError: the card can't be read.
        OutputError: it can't be written.
    """
    path = Path(folder) / "card.yaml"
    card = replace(Card.read(path), **changes)
    with atomic_write(path) as file:
        file.write(card.dump())


def make_golden(package: ModelPackage) -> dict[str, NDArray[np.float32]]:
    """Compute the golden vectors: a made-up sound, and all that the model makes of it.

    Args:
        package: the model; its golden vectors need not exist.

    Returns:
        `samples`, `features`, `frames`, `speech`, `voice`, `pooled`, `baseline` and `logits`, the
        last of the population's baseline and of another one, in this order.

    Raises:
        ModelError: the networks don't run, or don't fit the card.
    """
    from affetto.models.rows import RowStream

    card = package.card
    sound = _made_up_sound()
    features = FrontEnd(card.front_end)(sound)
    rows = RowStream(package)(features)
    expected = -(-len(features) // card.stride)
    if rows.frames.shape != (expected, package.width):
        raise ModelError(
            f"the network gave frames of shape {rows.frames.shape}, expected "
            f"{(expected, package.width)}: the card's stride or receptive, or the baseline, "
            "is wrong"
        )
    mean = rows.frames.mean(axis=0)
    pooled = np.concatenate([mean, rows.frames.std(axis=0)])[None].repeat(2, axis=0)
    baseline = np.stack([package.population, package.population + 0.1])
    logits = package.head(pooled, baseline)
    if logits.shape != (2, len(card.labels)):
        raise ModelError(
            f"the head gave logits of shape {logits.shape}, expected {(2, len(card.labels))}: "
            "the card's labels are not the head's"
        )
    return {
        "samples": sound,
        "features": features,
        "frames": rows.frames,
        "speech": rows.speech,
        "voice": rows.voice,
        "pooled": pooled,
        "baseline": baseline.astype(np.float32),
        "logits": logits,
    }


def _savez(file: IO[bytes], arrays: Mapping[str, NDArray[np.float32]]) -> None:
    # numpy's stub takes the names of the arrays for options
    np.savez_compressed(file, **cast("Any", arrays))


def _made_up_sound() -> NDArray[np.float32]:
    """Make two seconds of gliding harmonics over noise, on the 16-bit grid."""
    random = np.random.default_rng(7)
    time = np.arange(32_000) / 16_000
    phase = 2 * np.pi * np.cumsum(140 + 60 * np.sin(2 * np.pi * 0.7 * time)) / 16_000
    tone = sum(np.sin(k * phase) / k for k in range(1, 12)) * (np.sin(2 * np.pi * 2 * time) > -0.3)
    sound = 0.1 * tone + 0.003 * random.standard_normal(len(time))
    return np.asarray(np.round(sound * 32768) / 32768, np.float32)
