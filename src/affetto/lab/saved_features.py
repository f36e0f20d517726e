"""Features that were saved to be trained on: of the clips as they are, and of altered variants.

    values.npy, starts.npy, clips.csv, recipe.json    of the clips (see `arrays`)
    altered.json                                      how they were altered, and how often
    altered-1/, altered-2/ …                          the same files, of each variant

Whoever trains on them gets what computing them anew would give, without the sounds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affetto.errors import FormatError, OptionError
from affetto.jobs import atomic_write, make_folder
from affetto.lab.arrays import FeatureArrays
from affetto.lab.learning import variants

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from affetto.lab.corpora import Clip, Table
    from affetto.lab.families.config import ModelConfig

__all__ = ["SavedFeatures"]

_ALTERED = "altered.json"


@dataclass(frozen=True)
class SavedFeatures:
    """Features of clips and of their altered variants.

    Attributes:
        arrays: of the clips as they are, and then of each variant of all of them.
        steps: what befell the variants, for `affetto.lab.augment.parse`.
    """

    arrays: tuple[FeatureArrays, ...]
    steps: str = ""

    @property
    def table(self) -> Table:
        """The clips."""
        return self.arrays[0].table

    @property
    def copies(self) -> int:
        """How many altered variants there are of each clip."""
        return len(self.arrays) - 1

    @classmethod
    def compute(
        cls,
        table: Sequence[Clip],
        model: ModelConfig,
        folder: Path,
        *,
        workers: int | None = None,
    ) -> SavedFeatures:
        """Compute what a model learns from.

        Args:
            table: the clips.
            model: says which features, and how clips are altered.
            folder: where they are kept meanwhile; what was killed goes on there.
            workers: processes; all cores by default.

        Raises:
            CorpusError: there are no clips, or one can't be decoded.
        """
        made = variants(table, model, folder, workers=workers)
        return cls(tuple(made), model.augment.steps)

    def of(self, table: Sequence[Clip], model: ModelConfig) -> list[FeatureArrays]:
        """Give the features of some of the clips, as a model wants them.

        Args:
            table: the clips, in the order wanted.
            model: says which features and how many variants.

        Raises:
            OptionError: these are other features, or variants of another kind or too few.
        """
        mine, its = self.arrays[0].recipe.to_dict(), model.features.whole().to_dict()
        if differing := [name for name in its if mine[name] != its[name]]:
            name = differing[0]
            raise OptionError(
                f"found features of {name} {_said(mine[name])}, expected {_said(its[name])}: set "
                f"features.{name} as they were made, or compute them for this model"
            )
        copies = model.augment.copies
        if copies and (copies > self.copies or self.steps != model.augment.steps):
            raise OptionError(
                f"found {self.copies} variants of each clip altered by {self.steps or 'no steps'}, "
                f"expected {copies} by {model.augment.steps}: set augment.steps and augment.copies "
                "as they were made, or compute them for this model"
            )
        at = {clip.key: i for i, clip in enumerate(self.table)}
        places = [at[clip.key] for clip in table]
        return [arrays.select(places) for arrays in self.arrays[: 1 + copies]]

    def merge(self, *others: SavedFeatures) -> SavedFeatures:
        """Join features of one recipe and of the same steps; a clip in several is kept once.

        Raises:
            OptionError: they are of different recipes, or altered differently.
            ManifestError: one clip has two different labels.
        """
        for other in others:
            if (other.steps, other.copies) != (self.steps, self.copies):
                raise OptionError(
                    f"found {other.copies} variants altered by {other.steps or 'no steps'} beside "
                    f"{self.copies} by {self.steps or 'no steps'}, expected them alike; compute "
                    "them alike"
                )
        first, *rest = (each.arrays for each in (self, *others))
        joined = zip(first, *rest, strict=True)
        return SavedFeatures(tuple(one.merge(*more) for one, *more in joined), self.steps)

    def save(self, folder: Path) -> None:
        """Write the features to a folder, made where it is missing.

        Raises:
            OutputError: they can't be written there.
        """
        make_folder(folder)
        clean, *altered = self.arrays
        clean.save(folder)
        for number, arrays in enumerate(altered, start=1):
            arrays.save(folder / f"altered-{number}")
        with atomic_write(folder / _ALTERED) as file:
            json.dump({"steps": self.steps, "copies": self.copies}, file)
            file.write("\n")

    @classmethod
    def open(cls, folder: Path) -> SavedFeatures:
        """Take up what `save` wrote.

        Raises:
            FormatError: the folder holds no such features, or damaged ones.
            ManifestError: its table can't be read.
        """
        clean = FeatureArrays.open(folder)
        steps, copies = "", 0
        try:
            text = (folder / _ALTERED).read_text(encoding="utf-8")
            row = json.loads(text)
            steps, copies = str(row["steps"]), int(row["copies"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise FormatError(
                f"{folder / _ALTERED}: found no description of variants ({error}), expected one "
                "that `affetto features` wrote; compute them again"
            ) from None
        altered = [FeatureArrays.open(folder / f"altered-{i + 1}") for i in range(copies)]
        for arrays in altered:
            same = [clip.name for clip in arrays.table] == [clip.name for clip in clean.table]
            if not same or arrays.recipe != clean.recipe:
                raise FormatError(
                    f"{folder}: found variants of other clips or features than the clips' own, "
                    "expected the same; compute them again"
                )
        return cls((clean, *altered), steps)


def _said(value: object) -> str:
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
