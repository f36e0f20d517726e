"""A corpus in any format becomes a folder of 16 kHz FLAC and one table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError, OptionError, OutputError
from affetto.jobs import make_folder, remove_leftovers, run
from affetto.lab.corpora.catalogue import load
from affetto.lab.corpora.cut import parts, samples, trim
from affetto.lab.corpora.table import Clip, Table

__all__ = ["Prepared", "prepare"]

_JOURNAL = ".prepare.jsonl"
_STEP = 1 / 32768
"""What rounding to 16 bits moves a sample by, at most."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `prepare` made.

    Attributes:
        table: the new clips.
        failed: clip → what went wrong, one line each.
        restored: how many clips an earlier run had finished.
    """

    table: Table
    failed: tuple[tuple[Clip, str], ...]
    restored: int


@dataclass(frozen=True, slots=True)
class _Item:
    clip: Clip
    name: str
    """Of the new file, relative to the new folder, without suffix."""


def prepare(
    source: str | Path,
    out: str | Path,
    *,
    corpus: str | None = None,
    workers: int | None = None,
    trim_silence: bool = False,
    split_over: float | None = None,
    overlap: float = 1.0,
    describe: str = "preparing",
    **options: Any,
) -> Prepared:
    """Convert a corpus to 16 kHz mono FLAC, each file read again and compared after writing.

    A run that was stopped goes on where it was; what is finished is whole. `labels.csv` is
    written last, with the clips that went well.

    Args:
        source: a corpus's folder or a manifest.
        out: the new folder; it is made where it is missing.
        corpus: the corpus whose layout `source` has; by default it is found out.
        workers: processes; None takes one a core.
        trim_silence: cut off the silence before and after the speech.
        split_over: cut clips longer than this into equal parts, seconds.
        overlap: seconds that neighbouring parts share.
        describe: words for the progress on stderr; empty shows none.
        **options: of the corpus's loader.

    Returns:
        The new table, and what failed.

    Raises:
        CorpusError: the folder's layout is unknown.
        ManifestError: the manifest can't be read.
        OptionError: `out` lies in the corpus's folder, or options contradict each other.
        OutputError: the folder can't be written.
    """
    source, out = Path(source), Path(out)
    root = source if source.is_dir() else source.parent
    inside = source.is_dir() and out.resolve().is_relative_to(root.resolve())
    if inside or out.resolve() == root.resolve():
        raise OptionError(
            f"found the new folder {out} in the old one, expected another place; choose one"
        )
    if split_over is not None:
        parts(0.0, over=split_over, overlap=overlap)
    table = load(source, corpus=corpus, **options)
    items = [_Item(clip, name) for clip, name in zip(table, _names(table, root), strict=True)]
    make_folder(out)
    remove_leftovers(out)
    outcomes = run(
        partial(
            _convert, out=out, trim_silence=trim_silence, split_over=split_over, overlap=overlap
        ),
        items,
        workers=workers,
        describe=describe,
        journal=out / _JOURNAL,
        key=lambda item: f"{item.name}|{item.clip.stamp()}|{trim_silence}|{split_over}|{overlap}",
        valid=lambda _, made: all((out / name).is_file() for name, _ in made),
    )
    clips = [
        replace(outcome.item.clip, file=out / name, duration=seconds, start=None, end=None)
        for outcome in outcomes
        for name, seconds in outcome.value or ()
    ]
    failed = tuple((o.item.clip, o.error) for o in outcomes if o.error is not None)
    prepared = Table(clips)
    if clips:
        prepared.write_csv(out / "labels.csv")
    return Prepared(prepared, failed, sum(outcome.restored for outcome in outcomes))


def _convert(
    item: _Item, *, out: Path, trim_silence: bool, split_over: float | None, overlap: float
) -> list[tuple[str, float]]:
    """Convert one clip; give the new files' names and lengths in seconds."""
    from affetto import audio

    sound = samples(item.clip)
    if not len(sound):
        raise AudioError(f"{item.clip.file}: found no sound in the clip; correct start and end")
    if trim_silence:
        sound = trim(sound)
    seconds = len(sound) / SAMPLE_RATE
    pieces = [(0.0, seconds)]
    if split_over is not None:
        pieces = parts(seconds, over=split_over, overlap=overlap)
    made = []
    for number, (start, end) in enumerate(pieces, 1):
        name = f"{item.name}.flac" if len(pieces) == 1 else f"{item.name}_part{number}.flac"
        path = out / name
        make_folder(path.parent)
        piece = sound[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        audio.save(path, piece)
        written = audio.load(path).samples
        if written.shape != piece.shape or np.any(
            np.abs(written - np.clip(piece, -1.0, 1.0)) > 1.01 * _STEP
        ):
            path.unlink(missing_ok=True)
            raise OutputError(
                f"{path}: found other samples than were written; check the disk and try again"
            )
        made.append((name, round(len(piece) / SAMPLE_RATE, 4)))
    return made


def _names(table: Sequence[Clip], root: Path) -> list[str]:
    """Name the new files after the old ones, each name once (on any file system)."""
    taken: set[str] = set()
    found = []
    for clip in table:
        try:
            base = clip.file.relative_to(root).with_suffix("").as_posix()
        except ValueError:
            base = f"{clip.corpus}/{clip.name}"
        if ".." in Path(base).parts:
            base = f"{clip.corpus}/{clip.name}"
        if clip.start is not None or clip.end is not None:
            base += f"_from{clip.start or 0:.2f}"
        name, number = base, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name.casefold())
        found.append(name)
    return found
