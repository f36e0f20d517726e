"""Features of many clips: computed once, anew where something changed, saved, merged, taken up."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from affetto.emotions import Emotion
from affetto.errors import AffettoError, CorpusError, FormatError, ManifestError, OptionError
from affetto.features.recipe import FeatureRecipe
from affetto.lab import arrays as arrays_module
from affetto.lab.arrays import FeatureArrays
from affetto.lab.corpora import Table, samples
from tiny_corpus import write_corpus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECIPES = {
    "row": FeatureRecipe("row", parts=("mfcc", "chroma"), mfcc=13),
    "frames": FeatureRecipe("frames", parts=("mfcc",), mfcc=13, length=20),
    "picture": FeatureRecipe("picture", size=32),
}
FRAMES = RECIPES["frames"]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return write_corpus(tmp_path, voices={"mine": ("a", "b")}, takes=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "arrays"


def compute(
    table: Table, folder: Path, recipe: FeatureRecipe = FRAMES, **options: Any
) -> FeatureArrays:
    return FeatureArrays.compute(table, recipe, folder, workers=1, **options)


def written(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.iterdir())}


def same(one: FeatureArrays, other: FeatureArrays) -> bool:
    return (
        one.recipe == other.recipe
        and [clip.key for clip in one.table] == [clip.key for clip in other.table]
        and np.array_equal(one.values, other.values)
        and np.array_equal(one.starts, other.starts)
    )


@pytest.mark.parametrize("name", RECIPES)
def test_features_are_those_of_the_recipe(table: Table, folder: Path, name: str) -> None:
    recipe = RECIPES[name]
    arrays = compute(table, folder, recipe)
    assert len(arrays) == len(table)
    stacked = arrays.stacked([4, 0], length=recipe.length)
    assert stacked.dtype == np.float32
    for row, place in zip(stacked, (4, 0), strict=True):
        np.testing.assert_array_equal(row, recipe(samples(table[place])))
    assert arrays.stacked([], length=recipe.length).shape == (0, *stacked.shape[1:])


def test_what_was_computed_is_taken(
    table: Table, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compute(table, folder)
    before = written(folder)
    monkeypatch.setattr(arrays_module, "samples", None)  # would fail if it were called
    assert same(compute(table, folder), first)
    # The length is for later: features of another one lie here already.
    assert same(compute(table, folder, replace(FRAMES, length=None)), first)
    assert written(folder) == before


def test_a_run_that_was_killed_goes_on(
    table: Table, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays_module, "_SHARD", 2)
    whole = compute(table, folder)
    kept, *lost = sorted(folder.iterdir())
    for path in lost:
        path.unlink()
    before = kept.stat().st_mtime_ns
    assert same(compute(table, folder), whole)
    assert len(written(folder)) == 3
    assert kept.stat().st_mtime_ns == before


def test_a_changed_clip_is_computed_anew(
    table: Table, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays_module, "_SHARD", 2)
    first = compute(table, folder)
    before = written(folder)
    shutil.copyfile(table[5].file, table[0].file)
    changed = compute(table, folder)
    assert not np.array_equal(changed.raw(0), first.raw(0))
    assert np.array_equal(changed.raw(0), first.raw(5))
    assert np.array_equal(changed.raw(1), first.raw(1))
    # The other clips' shards were taken as they were.
    assert len(written(folder)) == len(before) + 1
    assert before.items() <= written(folder).items()


def test_another_cut_recipe_step_or_chance_is_computed_for_itself(
    table: Table, folder: Path
) -> None:
    plain = compute(table, folder)
    cut = compute(Table([replace(table[0], end=0.5), *table[1:]]), folder)
    assert len(cut.raw(0)) < len(plain.raw(0))
    compute(table, folder, replace(FRAMES, mfcc=12))
    noisy = [compute(table, folder, steps="noise:10dB", variant=i, seed=s) for i, s in [(0, 0)] * 2]
    other = compute(table, folder, steps="noise:10dB", variant=1)
    third = compute(table, folder, steps="noise:10dB", seed=1)
    assert same(*noisy)
    for one, two in [(plain, noisy[0]), (noisy[0], other), (noisy[0], third)]:
        assert not np.array_equal(one.values, two.values)
    assert len(written(folder)) == 6


@pytest.mark.parametrize("damage", [b"", b"no zip at all", None])
def test_a_damaged_shard_is_made_anew(table: Table, folder: Path, damage: bytes | None) -> None:
    whole = compute(table, folder)
    (shard,) = folder.iterdir()
    shard.write_bytes(shard.read_bytes()[:-500] if damage is None else damage)
    assert same(compute(table, folder), whole)
    assert list(folder.iterdir()) == [shard]


def test_clips_that_cannot_be_heard_are_named(table: Table, folder: Path) -> None:
    table[1].file.write_text("no sound")
    with pytest.raises(CorpusError, match=table[1].file.name):
        compute(table, folder)
    assert list(folder.iterdir()) == []
    table[1].file.unlink()
    with pytest.raises(CorpusError, match=table[1].file.name):
        compute(table, folder)
    with pytest.raises(CorpusError, match="found no clips"):
        compute(Table([]), folder)
    with pytest.raises(OptionError, match="sparkle"):
        compute(table, folder, steps="sparkle:3")


def test_clips_of_different_lengths_need_one(table: Table, tmp_path: Path, folder: Path) -> None:
    longer = write_corpus(tmp_path, voices={"savee": ("DC",)}, takes=2)
    arrays = compute(Table([*table, *longer]), folder)
    assert len({len(arrays.raw(clip)) for clip in range(len(arrays))}) > 1
    everything = range(len(arrays))
    assert arrays.stacked(everything, length=20).shape == (len(arrays), 20, 13)
    with pytest.raises(OptionError, match="frames, expected one length"):
        arrays.stacked(everything)


@pytest.mark.parametrize("name", RECIPES)
def test_saved_arrays_are_taken_up_again(table: Table, folder: Path, name: str) -> None:
    arrays = compute(table, folder / "shards", RECIPES[name])
    arrays.save(folder / "saved")
    again = FeatureArrays.open(folder / "saved")
    assert same(again, arrays)
    assert list(again.table) == list(table)
    np.testing.assert_array_equal(again.stacked([2], length=20), arrays.stacked([2], length=20))
    again.save(folder / "saved")  # over itself
    assert same(FeatureArrays.open(folder / "saved"), arrays)


@pytest.mark.parametrize("name", RECIPES)
def test_parts_are_merged_to_the_whole(table: Table, folder: Path, name: str) -> None:
    whole = compute(table, folder, RECIPES[name])
    first, middle, last = (
        compute(Table(table[part]), folder, RECIPES[name])
        for part in (slice(0, 3), slice(2, 4), slice(4, 6))
    )
    first.save(folder / "first")
    merged = FeatureArrays.open(folder / "first").merge(middle, last)
    assert same(merged, whole)
    merged.save(folder / "merged")
    assert same(FeatureArrays.open(folder / "merged"), whole)


def test_what_does_not_go_together_is_not_merged(table: Table, folder: Path) -> None:
    whole = compute(table, folder)
    with pytest.raises(OptionError, match="found features of mfcc 12 beside mfcc 13"):
        whole.merge(compute(table, folder, replace(FRAMES, mfcc=12)))
    other = Table([replace(table[0], emotion=Emotion.HAPPY, native="happy"), *table[1:]])
    with pytest.raises(ManifestError, match=table[0].file.name):
        whole.merge(compute(other, folder))


def rewrite(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], object]:
    def damage(folder: Path) -> None:
        np.save(folder / name, change(np.load(folder / name)))

    return damage


DAMAGE: dict[str, Callable[[Path], object]] = {
    "no folder": shutil.rmtree,
    "no values": lambda folder: (folder / "values.npy").unlink(),
    "no starts": lambda folder: (folder / "starts.npy").unlink(),
    "no recipe": lambda folder: (folder / "recipe.json").unlink(),
    "no table": lambda folder: (folder / "clips.csv").unlink(),
    "empty values": lambda folder: (folder / "values.npy").write_bytes(b""),
    "empty starts": lambda folder: (folder / "starts.npy").write_bytes(b""),
    "half of the values": lambda folder: (folder / "values.npy").write_bytes(
        (folder / "values.npy").read_bytes()[:-100]
    ),
    "a broken zip": lambda folder: (folder / "values.npy").write_bytes(b"PK\x03\x04 no zip"),
    "a zip of arrays": lambda folder: np.savez((folder / "starts.npy").open("wb"), a=np.ones(2)),
    "pickled values": lambda folder: np.save(
        folder / "values.npy", np.array([{}], object), allow_pickle=True
    ),
    "one number": lambda folder: np.save(folder / "values.npy", np.array(3.0)),
    "one column": rewrite("values.npy", lambda values: values[:, 0]),
    "too few columns": rewrite("values.npy", lambda values: values[:, :5]),
    "words": rewrite("values.npy", lambda values: values.astype(str)),
    "words for starts": rewrite("starts.npy", lambda starts: starts.astype(str)),
    "starts that fall": rewrite("starts.npy", lambda starts: starts[::-1]),
    "starts beyond the end": rewrite("starts.npy", lambda starts: starts * 2),
    "a start too many": rewrite("starts.npy", lambda starts: np.insert(starts, 1, 1)),
    "no starts at all": rewrite("starts.npy", lambda starts: starts[:0]),
    "another recipe": lambda folder: (folder / "recipe.json").write_text(
        json.dumps(RECIPES["picture"].to_dict())
    ),
    "a list for a recipe": lambda folder: (folder / "recipe.json").write_text("[]"),
    "a number for a recipe": lambda folder: (folder / "recipe.json").write_text("3"),
    "no JSON": lambda folder: (folder / "recipe.json").write_bytes(b"\xff{"),
    "deep JSON": lambda folder: (folder / "recipe.json").write_text("[" * 100_000),
    "a shorter table": lambda folder: (folder / "clips.csv").write_text(
        "".join((folder / "clips.csv").read_text().splitlines(keepends=True)[:-1])
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_or_foreign_folder_is_refused_in_one_line(
    table: Table, tmp_path: Path, folder: Path, damage: str
) -> None:
    compute(table, tmp_path / "shards").save(folder)
    DAMAGE[damage](folder)
    kind: type[AffettoError] = ManifestError if damage == "no table" else FormatError
    with pytest.raises(kind, match=r"arrays.*expected") as caught:
        FeatureArrays.open(folder)
    assert "\n" not in str(caught.value)
