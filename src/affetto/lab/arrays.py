"""Features of many clips by one recipe: computed once, kept, saved, merged and taken up again.

`compute` works in shards that are named by all that they are made of: a run that was killed goes on
where it was, and a changed clip is computed anew. `save` writes a folder that people can read, too:

    values.npy    the features of all clips, one after the other
    starts.npy    where each clip starts in them, and the end of the last
    clips.csv     the clips, a manifest like any other
    recipe.json   what the features are
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from affetto.errors import CorpusError, FormatError, OptionError
from affetto.features.recipe import FeatureRecipe, fit_length, paint
from affetto.jobs import atomic_write, make_folder, run
from affetto.lab.augment import generator, parse
from affetto.lab.corpora import Clip, Table, load, samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.models.network import Inputs

__all__ = ["FeatureArrays"]

_SHARD = 128
_VERSION = 1
"""Of the code that computes features: raised when it gives others, so that none are mixed."""
_OF_ANY_LENGTH = ("frames", "sound")
"""Kinds of features of which there are as many as the clip is long."""


@dataclass(frozen=True)
class FeatureArrays:
    """Features of clips, as `FeatureRecipe.raw` gives them.

    Attributes:
        recipe: what they are; its `length` is not applied yet.
        table: the clips, in order.
        values: frames of all clips, (frames, columns); or one row a clip, (clips, columns); or
            pictures' grey levels, (clips, size, size); or samples of all clips, (samples,).
        starts: first place of each clip in `values` and, last, the end, (clips + 1,).
    """

    recipe: FeatureRecipe
    table: Table
    values: NDArray[Any]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.table)

    def raw(self, clip: int) -> NDArray[Any]:
        """Give all that is kept of a clip.

        Returns:
            Shape (frames, columns), (columns,), (size, size) or (samples,).
        """
        part = self.values[self.starts[clip] : self.starts[clip + 1]]
        return part if self.recipe.kind in _OF_ANY_LENGTH else part[0]

    def inputs(self, clips: Iterable[int], *, length: int | None = None) -> Inputs:
        """Give clips as a model's file takes them: stacked, or each sound for itself.

        Args:
            clips: which.
            length: see `stacked`.
        """
        if self.recipe.kind == "sound":
            return [np.asarray(self.raw(clip), np.float32) for clip in clips]
        return self.stacked(clips, length=length)

    def stacked(self, clips: Iterable[int], *, length: int | None = None) -> NDArray[np.float32]:
        """Give clips as a model takes them, (n, …).

        Args:
            clips: which.
            length: frames, where the recipe leaves that open.

        Raises:
            OptionError: the clips have different numbers of frames, and no length was given.
        """
        kind, length = self.recipe.kind, length or self.recipe.length
        rows = [self.raw(clip) for clip in clips]
        if kind == "frames":
            rows = [fit_length(part, length) for part in rows]
        if len({len(part) for part in rows}) > 1:
            lengths = sorted(len(part) for part in rows)
            raise OptionError(
                f"found clips of {lengths[0]} to {lengths[-1]} frames, expected one length: give it"
            )
        stack = np.stack(rows) if rows else np.empty((0, *map(int, self._shape(length))))
        return paint(stack.astype(np.uint8)) if kind == "picture" else stack.astype(np.float32)

    def _shape(self, length: int | None) -> tuple[int, ...]:
        if self.recipe.kind == "frames":
            return length or 0, self.values.shape[1]
        return self.values.shape[1:]

    @classmethod
    def compute(
        cls,
        table: Sequence[Clip],
        recipe: FeatureRecipe,
        folder: Path,
        *,
        steps: str = "",
        variant: int = 0,
        seed: int = 0,
        workers: int | None = None,
    ) -> FeatureArrays:
        """Compute, or take from `folder`, the features of clips.

        Args:
            table: the clips.
            recipe: what to compute; its length is left for later.
            folder: where shards are kept; created where it is missing.
            steps: what befalls every clip first, for `affetto.lab.augment.parse`.
            variant: number of the variant: each meets other chance.
            seed: of the steps' chance.
            workers: processes; all cores by default.

        Raises:
            CorpusError: there are no clips, or one can't be decoded; names the first.
            OptionError: an unknown step.
        """
        if not table:
            raise CorpusError("found no clips to compute features of, expected one or more")
        make_folder(folder)
        parse(steps) if steps else None
        recipe = recipe.whole()
        shards = _shards(table)
        about = f"{_VERSION}|{json.dumps(recipe.to_dict())}|{steps}|{variant}|{seed}"
        paths = [folder / _name(shard, about) for shard in shards]
        found = {path: part for path in paths if (part := _read(path)) is not None}
        missing = [(s, path) for s, path in zip(shards, paths, strict=True) if path not in found]
        make = partial(_make_shard, recipe=recipe, steps=steps, variant=variant, seed=seed)
        for outcome in run(make, missing, workers=workers, describe="features" if missing else ""):
            if outcome.error is not None:
                raise CorpusError(f"features could not be computed: {outcome.error}")
            path = outcome.item[1]
            if (made := _read(path)) is None:
                raise CorpusError(f"{path}: can't be read although just written; try again")
            found[path] = made
        counts = np.concatenate([found[path]["counts"] for path in paths])
        return cls(
            recipe,
            Table(table),
            np.concatenate([found[path]["values"] for path in paths]),
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        )

    def select(self, places: Sequence[int]) -> FeatureArrays:
        """Keep the clips at these places, in this order."""
        parts = [self.values[self.starts[i] : self.starts[i + 1]] for i in places]
        starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
        values = np.concatenate(parts) if parts else self.values[:0]
        return FeatureArrays(
            self.recipe, self.table.select(places), values, starts.astype(np.int64)
        )

    def merge(self, *others: FeatureArrays) -> FeatureArrays:
        """Join arrays of one recipe; a clip that stands in several is kept once.

        Raises:
            OptionError: they are of different recipes.
            ManifestError: one clip has two different labels.
        """
        for other in others:
            if other.recipe != self.recipe:
                mine, its = self.recipe.to_dict(), other.recipe.to_dict()
                name = next(name for name in mine if mine[name] != its[name])
                raise OptionError(
                    f"found features of {name} {its[name]} beside {name} {mine[name]}, expected "
                    "one recipe; compute them alike"
                )
        table = self.table.merge(*(other.table for other in others))
        homes = {
            clip.key: (arrays, i)
            for arrays in (*reversed(others), self)
            for i, clip in enumerate(arrays.table)
        }
        parts = []
        for clip in table:
            arrays, i = homes[clip.key]
            parts.append(arrays.values[arrays.starts[i] : arrays.starts[i + 1]])
        starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
        return FeatureArrays(self.recipe, table, np.concatenate(parts), starts.astype(np.int64))

    def save(self, folder: Path) -> None:
        """Write the arrays to a folder, made where it is missing.

        Raises:
            OutputError: it can't be written there.
        """
        make_folder(folder)
        for name in ("values", "starts"):
            with atomic_write(folder / f"{name}.npy", "wb") as file:
                np.save(file, getattr(self, name), allow_pickle=False)
        self.table.write_csv(folder / "clips.csv")
        with atomic_write(folder / "recipe.json") as file:
            json.dump(self.recipe.to_dict(), file, indent=1)
            file.write("\n")

    @classmethod
    def open(cls, folder: Path) -> FeatureArrays:
        """Take up what `save` wrote.

        Raises:
            FormatError: the folder holds no such arrays, or damaged ones.
            ManifestError: its table can't be read.
        """
        try:
            row = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
            recipe = FeatureRecipe.from_dict(row)
            values = np.load(folder / "values.npy", mmap_mode="r", allow_pickle=False)
            starts = np.load(folder / "starts.npy", allow_pickle=False)
            _check(recipe, values, starts)
        except Exception as error:  # a damaged file raises what it likes
            raise FormatError(
                f"{folder}: found no features that can be read ({error}), expected a folder that "
                "`affetto features` wrote"
            ) from None
        table = load(folder / "clips.csv", check_files=False)  # their features are here
        if len(starts) != len(table) + 1:
            raise FormatError(
                f"{folder}: found features of {len(starts) - 1} clips beside a table of "
                f"{len(table)}, expected as many; compute them again"
            )
        return cls(recipe, table, values, starts)


def _check(recipe: FeatureRecipe, values: NDArray[Any], starts: NDArray[Any]) -> None:
    """Make sure that arrays are what a recipe makes.

    Raises:
        ValueError: they are not.
    """
    # How wide a row is, only openSMILE knows of its own sets; it needn't be installed here.
    wanted = (None,) if recipe.kind == "row" else recipe.shape[1:]
    of_kind = values.dtype.kind == "u" if recipe.kind == "picture" else values.dtype.kind == "f"
    fits = values.ndim == len(wanted) + 1 and all(
        size in (None, found) for size, found in zip(wanted, values.shape[1:], strict=True)
    )
    if not (of_kind and fits):
        raise ValueError(f"values of {values.dtype} in the shape {values.shape}")
    if starts.ndim != 1 or starts.dtype.kind != "i" or (np.diff(starts) <= 0).any():
        raise ValueError("no places of clips")
    if starts[:1].tolist() != [0] or starts[-1] != len(values):
        raise ValueError(f"places of {starts[-1:].tolist()} rows beside {len(values)}")


def _shards(table: Sequence[Clip]) -> list[tuple[Clip, ...]]:
    """Part clips; none crosses from corpus to corpus, so that any selection of them shares it."""
    shards = []
    for _, group in groupby(table, key=lambda clip: clip.corpus):
        clips = tuple(group)
        shards += [clips[i : i + _SHARD] for i in range(0, len(clips), _SHARD)]
    return shards


def _name(clips: Sequence[Clip], about: str) -> str:
    """Name a shard by the state of all that it is made of."""
    mark = hashlib.sha256(about.encode())
    for clip in clips:
        mark.update(f"{clip.stamp()}\n".encode())
    return f"{mark.hexdigest()[:24]}.npz"


def _read(path: Path) -> dict[str, NDArray[Any]] | None:
    """Read a shard; None where there is none, or a damaged one."""
    try:
        with np.load(path, allow_pickle=False) as file:
            part = dict(file.items())
    except Exception:  # a damaged zip raises what it likes
        return None
    return part if {"values", "counts"} <= part.keys() else None


def _make_shard(
    item: tuple[tuple[Clip, ...], Path],
    *,
    recipe: FeatureRecipe,
    steps: str,
    variant: int,
    seed: int,
) -> None:
    """Compute the features of some clips and write them to one file."""
    clips, path = item
    step = parse(steps) if steps else None
    rows = []
    for clip in clips:
        heard = samples(clip)
        if step is not None:
            heard = step(heard, generator(seed, clip.name, variant))
        made = recipe.raw(np.asarray(heard, np.float32))
        rows.append(made if recipe.kind in _OF_ANY_LENGTH else made[None])
    arrays = {
        "values": np.concatenate(rows),
        "counts": np.array([len(part) for part in rows], np.int64),
    }
    with atomic_write(path, "wb") as file:
        # numpy's stub takes the names of the arrays for options
        np.savez(file, **cast("Any", arrays))
