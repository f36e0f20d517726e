"""A model package: a folder with a card, the model's files and golden vectors.

There are two kinds, which a card tells apart. A `FramePackage` computes rows once over time and
judges windows of them beside a speaker's baseline; a `WindowPackage` judges the features of each
window for itself.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from affetto.errors import ModelError
from affetto.jobs import atomic_write, folder_in_the_making
from affetto.models.card import Card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from affetto.models.frame_package import FramePackage

__all__ = [
    "AnyCard",
    "Checkable",
    "ModelPackage",
    "changed_files",
    "check_files",
    "file_sha256",
    "made_up_sound",
    "package_in_the_making",
    "read_arrays",
    "rewrite_card",
    "save_arrays",
]


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


class ModelPackage(ABC):
    """A model, ready to run. Its networks are opened when they are first needed.

    Make one with `ModelPackage.load`.
    """

    def __init__(self, folder: Path, card: Card, *, threads: int = 1) -> None:
        self.folder = folder
        self.card = card
        self.threads = threads

    @staticmethod
    def load(folder: str | Path, *, threads: int = 1, check: bool = True) -> ModelPackage:
        """Open a package of either kind.

        Args:
            folder: where it is.
            threads: CPU threads that a network may use.
            check: compare the files with the checksums of the card.

        Raises:
            ModelError: no such folder, a file is missing or differs from its checksum, or the
                card is wrong.
        """
        from affetto.models.frame_package import FramePackage
        from affetto.models.window_package import WindowPackage

        folder = Path(folder)
        if not folder.is_dir():
            raise ModelError(f"{folder}: found no such folder, expected a model package")
        card = Card.read(folder / "card.yaml")
        check_files(folder, card, sums=check)
        kind = FramePackage if card.features is None else WindowPackage
        return kind(folder, card, threads=threads)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.card.title!r}, {str(self.folder)!r})"

    @property
    def labels(self) -> tuple[str, ...]:
        """What the model can say, in the order of its logits."""
        return tuple(label.value for label in self.card.labels)

    @property
    def says_emotions(self) -> bool:
        """Whether its labels are what it says, rather than moods that cut dimensions over time."""
        return bool(self.card.labels)

    @property
    @abstractmethod
    def ear(self) -> FramePackage:
        """What tells speech from silence and voices apart: this package, or the bundled one."""

    @property
    @abstractmethod
    def learns_voices(self) -> bool:
        """Whether it can judge beside a speaker's baseline."""

    @property
    @abstractmethod
    def pooled_width(self) -> int:
        """Values in what is kept of a window, which `head` judges."""

    @abstractmethod
    def head(
        self, pooled: NDArray[np.float32], baseline: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Judge what was kept of windows.

        Args:
            pooled: shape (n, pooled_width).
            baseline: the speaker's, where the package learns voices.

        Returns:
            Logits, shape (n, labels).

        Raises:
            ModelError: the model can't be opened or refuses these windows.
        """

    @abstractmethod
    def golden(self) -> dict[str, NDArray[np.float32]]:
        """Compute the golden vectors: a made-up sound, and all that the model makes of it.

        Raises:
            ModelError: the networks don't run, or don't fit the card.
        """

    @abstractmethod
    def again(self, golden: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Compute anew what golden vectors hold, each step from the golden input of that step.

        Args:
            golden: of `golden`, perhaps from a file.

        Raises:
            KeyError: a vector is missing.
            ModelError: the networks don't run.
        """


class AnyCard(Protocol):
    """What the cards of all kinds of packages have in common."""

    @property
    def files(self) -> tuple[str, ...]:
        """What the package holds beside the card."""

    @property
    def sha256(self) -> Mapping[str, str]:
        """Checksums: file → checksum."""

    def dump(self) -> str:
        """Give the text of `card.yaml`."""


class Checkable(Protocol):
    """A package that can be asked whether it is what it was."""

    @property
    def folder(self) -> Path:
        """Where it is."""

    @property
    def card(self) -> AnyCard:
        """What it says of itself."""

    def golden(self) -> dict[str, NDArray[Any]]:
        """Compute the golden vectors."""

    def again(self, golden: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """Compute anew what golden vectors hold."""


def check_files(folder: Path, card: AnyCard, *, sums: bool = True) -> None:
    """Make sure that a package's files are there, and are what they were.

    Args:
        folder: of the package.
        card: its card.
        sums: compare the files with the checksums of the card.

    Raises:
        ModelError: one is missing or differs.
    """
    for name in card.files:
        if not (folder / name).is_file():
            raise ModelError(f"{folder}: {name} is missing: get the model again")
    if sums and (damaged := changed_files(folder, card)):
        raise ModelError(
            f"{folder}: {damaged[0]} differs from the checksum of its card: "
            "the file is damaged or was changed; get the model again"
        )


def changed_files(folder: Path, card: AnyCard) -> list[str]:
    """Name the files that differ from the checksums of the card, or have none."""
    return [name for name in card.files if card.sha256.get(name) != file_sha256(folder / name)]


def _unchecked(folder: Path) -> Checkable:
    return ModelPackage.load(folder, check=False)


@contextmanager
def package_in_the_making(
    folder: Path, card: AnyCard, *, load: Callable[[Path], Checkable] = _unchecked
) -> Iterator[Path]:
    """Write a package, whole or not at all; one that stood there is replaced.

    Golden vectors, checksums and the card are added at the end.

    Args:
        folder: where it shall be; folders above that are missing are made.
        card: its checksums are filled in.
        load: opens a package whose checksums are not known yet.

    Yields:
        The folder that its files are to be written to.

    Raises:
        OutputError: it can't be written there.
        ModelError: the networks don't run, or don't fit the card.
    """
    with folder_in_the_making(folder, known_by="card.yaml", what="a model package") as unfinished:
        yield unfinished
        (unfinished / "golden.npz").touch()
        (unfinished / "card.yaml").write_text(card.dump(), encoding="utf-8", newline="\n")
        golden = load(unfinished).golden()
        with (unfinished / "golden.npz").open("wb") as file:
            save_arrays(file, golden)
        sums = {name: file_sha256(unfinished / name) for name in card.files}
        (unfinished / "card.yaml").write_text(
            replace(cast("Any", card), sha256=sums).dump(), encoding="utf-8", newline="\n"
        )


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


def save_arrays(file: IO[bytes], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to an open `.npz` file, compressed."""
    # numpy's stub takes the names of the arrays for options
    np.savez_compressed(file, **cast("Any", arrays))


def made_up_sound() -> NDArray[np.float32]:
    """Make two seconds of gliding harmonics over noise, on the 16-bit grid."""
    random = np.random.default_rng(7)
    time = np.arange(32_000) / 16_000
    phase = 2 * np.pi * np.cumsum(140 + 60 * np.sin(2 * np.pi * 0.7 * time)) / 16_000
    tone = sum(np.sin(k * phase) / k for k in range(1, 12)) * (np.sin(2 * np.pi * 2 * time) > -0.3)
    sound = 0.1 * tone + 0.003 * random.standard_normal(len(time))
    return np.asarray(np.round(sound * 32768) / 32768, np.float32)
