"""The corpora that are known, and the one door to all of them."""

from inspect import signature
from pathlib import Path
from typing import Any

from affetto.errors import CorpusError, ManifestError, OptionError
from affetto.lab.corpora import (
    cremad,
    emodb,
    emovo,
    iemocap,
    librispeech,
    nemo,
    ravdess,
    savee,
    tess,
)
from affetto.lab.corpora.corpus import Corpus, sounds_of
from affetto.lab.corpora.manifest import read_manifest
from affetto.lab.corpora.table import Table

__all__ = ["CORPORA", "detect", "find", "load"]

CORPORA: dict[str, Corpus] = {
    corpus.name: corpus
    for corpus in (
        ravdess.CORPUS,
        tess.CORPUS,
        savee.CORPUS,
        cremad.CORPUS,
        iemocap.CORPUS,
        emodb.CORPUS,
        nemo.CORPUS,
        emovo.CORPUS,
        librispeech.CORPUS,
    )
}
"""Every known corpus by its short name."""

_MANIFEST = "labels.csv"
"""The name of the table in a prepared folder."""


def find(name: str | Path) -> Corpus:
    """Find a corpus by its name, or by its folder.

    Args:
        name: short name or title, in any case, or a folder.

    Raises:
        CorpusError: no such corpus is known.

    Examples:
        >>> find("EMO-DB").language
        'de'
    """
    wanted = str(name).lower()
    for corpus in CORPORA.values():
        if wanted in (corpus.name, corpus.title.lower()):
            return corpus
    if Path(name).is_dir():
        return detect(name)
    raise CorpusError(
        f"found no corpus or folder {str(name)!r}, expected one of {', '.join(CORPORA)}; correct it"
    )


def detect(folder: str | Path) -> Corpus:
    """Find out which corpus a folder holds, by its layout and names.

    Raises:
        CorpusError: it looks like none of them.
    """
    folder = Path(folder)
    files = sounds_of(folder)
    best = max(CORPORA.values(), key=lambda corpus: corpus.looks_like(folder, files))
    if best.looks_like(folder, files) < 0.5:
        seen = f"{files[0].name!r} and the like" if files else "no sound files"
        raise CorpusError(
            f"{folder}: found {seen}, expected the layout of a known corpus, as "
            "`affetto corpora list` shows them; for others write a table (CSV) with the columns "
            "file and emotion"
        )
    return best


def load(
    source: str | Path, *, corpus: str | None = None, check_files: bool = True, **options: Any
) -> Table:
    """Load clips: a corpus's folder, a prepared folder or a manifest.

    Args:
        source: a folder in a known corpus's layout, a folder with a `labels.csv`, or a manifest
            (CSV or JSON Lines).
        corpus: the corpus whose layout the folder has; by default it is found out.
        check_files: whether to look that a manifest's files are there.
        **options: of that corpus's loader (see its module), ``channel="song"`` say.

    Returns:
        The clips.

    Raises:
        CorpusError: the folder has another layout than expected.
        ManifestError: the manifest can't be read.
        OptionError: the corpus has no such option.

    Examples:
        >>> load("nowhere.csv")
        Traceback (most recent call last):
        ...
        affetto.errors.ManifestError: nowhere.csv: No such file or directory, ...
    """
    path = Path(source)
    if path.is_dir() and not (corpus is None and (path / _MANIFEST).is_file()):
        known = find(corpus) if corpus else detect(path)
        names = list(signature(known.load).parameters)[1:]
        strange = [name for name in options if name not in names]
        if strange:
            raise OptionError(
                f"found option {strange[0]!r}, expected one of {known.title}'s: "
                f"{', '.join(names) or 'it has none'}"
            )
        return known.load(path, **options)
    if options or corpus:
        strange_option = next(iter(options), "corpus")
        raise OptionError(
            f"found option {strange_option!r} for the table {path}, which has none; "
            "give the corpus's folder"
        )
    manifest = path / _MANIFEST if path.is_dir() else path
    if not manifest.exists() and not manifest.suffix:
        raise ManifestError(f"{path}: found no folder or table there; correct its path")
    tables = {known.name: known.labels for known in CORPORA.values()}
    return read_manifest(manifest, tables=tables, check_files=check_files)
