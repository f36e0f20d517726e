"""Mel spectrograms as PNG files in folders, as other tools that classify pictures take them.

    train/angry/03-01-05-01-01-01-01.png
    val/…
    test/…

They are what Affetto's own picture front end gives, colour by colour: a network that learnt from
them elsewhere hears the same here.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from functools import partial
from typing import TYPE_CHECKING, Literal

from affetto.errors import CorpusError, OptionError
from affetto.features.recipe import FeatureRecipe
from affetto.features.spectrogram import colour_map
from affetto.jobs import atomic_write, make_folder, run
from affetto.lab.corpora import samples
from affetto.report.picture import png

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from affetto.lab.corpora import Clip, Table

__all__ = ["SIDES", "By", "share_out", "write_pictures"]

SIDES = ("train", "val", "test")

By = Literal["speaker", "clip"]


def share_out(
    table: Sequence[Clip],
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1),
    *,
    by: By = "speaker",
    seed: int = 0,
) -> list[str]:
    """Share clips out among training, validation and test.

    Args:
        table: the clips; each has an emotion.
        shares: of the clips, in the order of `SIDES`; a share of 0 stays empty.
        by: "speaker" keeps all clips of a speaker on one side; "clip" shares each emotion's clips
            out by chance, so that the same voices stand on all sides.
        seed: of the chance.

    Returns:
        The side of each clip.

    Raises:
        OptionError: shares that are negative, or all 0.
        CorpusError: a clip's speaker is not known, or there are fewer speakers than sides.

    Examples:
        >>> from pathlib import Path
        >>> from affetto.emotions import Emotion
        >>> from affetto.lab.corpora import Clip
        >>> clips = [Clip(Path(f"{i}.wav"), "mine", Emotion.SAD, "sad") for i in range(10)]
        >>> sorted(share_out(clips, by="clip"))[-2:]
        ['train', 'val']
    """
    if min(shares) < 0.0 or sum(shares) <= 0.0:
        raise OptionError(
            f"found shares {', '.join(f'{share:g}' for share in shares)}, expected three of 0 or "
            "more, such as 0.8,0.1,0.1"
        )
    groups: dict[str, list[list[int]]] = defaultdict(list)
    if by == "clip":
        for i, clip in enumerate(table):
            groups[str(clip.emotion)].append([i])
    else:
        speakers: dict[str, list[int]] = defaultdict(list)
        for i, clip in enumerate(table):
            if clip.speaker is None:
                raise CorpusError(
                    f"found no speaker of {clip.file}, expected one for every clip: fill in the "
                    "column speaker, or share out --by clip"
                )
            speakers[clip.speaker].append(i)
        groups["speakers"] = [speakers[name] for name in sorted(speakers)]
        wanted = sum(share > 0.0 for share in shares)
        if len(speakers) < wanted:
            raise CorpusError(
                f"found {len(speakers)} speakers for {wanted} sides, expected one a side or more: "
                "set --shares to 0 for a side, or share out --by clip"
            )
    sides = [""] * len(table)
    for name, parts in sorted(groups.items()):
        random.Random(f"{seed} {name}").shuffle(parts)
        for part, side in zip(parts, _sides(parts, shares), strict=True):
            for i in part:
                sides[i] = side
    return sides


def _sides(parts: Sequence[Sequence[int]], shares: Sequence[float]) -> list[str]:
    """Give each part, in turn, to the side that lacks most; every side gets one first."""
    total = sum(map(len, parts))
    lack = {side: share / sum(shares) * total for side, share in zip(SIDES, shares, strict=True)}
    empty = [side for side in SIDES if lack[side] > 0.0]
    given = []
    for part in parts:
        side = max(empty or lack, key=lambda side: lack[side])
        if side in empty:
            empty.remove(side)
        lack[side] -= len(part)
        given.append(side)
    return given


def write_pictures(
    table: Table,
    folder: Path,
    *,
    size: int = 224,
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1),
    by: By = "speaker",
    seed: int = 0,
    workers: int | None = None,
) -> dict[str, int]:
    """Write a picture of every clip that has an emotion.

    Args:
        table: the clips.
        folder: empty, or made where it is missing.
        size: pixels, each way.
        shares: see `share_out`.
        by: see `share_out`.
        seed: see `share_out`.
        workers: processes; all cores by default.

    Returns:
        Side → how many pictures it has.

    Raises:
        OptionError: pictures are there already, or a value is out of its range.
        CorpusError: see `share_out`; there are no clips, or one can't be decoded.
        OutputError: a picture can't be written.
    """
    recipe = FeatureRecipe("picture", size=size)
    clips = [clip for clip in table if clip.emotion is not None]
    if not clips:
        raise CorpusError("found no clip with an emotion, expected one or more")
    sides = share_out(clips, shares, by=by, seed=seed)
    if old := [side for side in SIDES if (folder / side).exists()]:
        raise OptionError(
            f"found {folder / old[0]}, expected a folder without pictures, as a clip could then "
            "stand on two sides: remove it, or choose another"
        )
    names = _names(clips)
    items = [
        (clip, folder / side / str(clip.emotion) / f"{name}.png")
        for clip, side, name in zip(clips, sides, names, strict=True)
    ]
    for parent in {path.parent for _, path in items}:
        make_folder(parent)
    for outcome in run(partial(_write, recipe=recipe), items, workers=workers, describe="pictures"):
        if outcome.error is not None:
            raise CorpusError(f"pictures could not be written: {outcome.error}")
    return {side: sides.count(side) for side in SIDES}


def _names(clips: Iterable[Clip]) -> list[str]:
    """Name each picture after its clip, and number those that would be called alike."""
    seen: Counter[str] = Counter()
    names = []
    for clip in clips:
        seen[clip.name.lower()] += 1
        count = seen[clip.name.lower()]
        names.append(clip.name if count == 1 else f"{clip.name}-{count}")
    return names


def _write(item: tuple[Clip, Path], *, recipe: FeatureRecipe) -> None:
    clip, path = item
    with atomic_write(path, "wb") as file:
        file.write(png(recipe.raw(samples(clip)), colour_map()))
