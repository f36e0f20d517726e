"""Nothing that tests may train."""

from collections.abc import Callable, Iterable, Mapping

from affetto.errors import CorpusError
from affetto.lab.corpora.table import Table
from affetto.lab.protocols.definitions import Fold

__all__ = ["check_leaks"]


def check_leaks(
    table: Table,
    fold: Fold,
    *,
    speakers: bool = True,
    fingerprints: Mapping[str, str] | None = None,
    name: str = "split",
) -> None:
    """Refuse a split whose sides share what they must not.

    Args:
        table: the clips.
        fold: a split of it, of a protocol or of your own.
        speakers: whether the test's speakers must not train.
        fingerprints: `Clip.key` → digest of its samples; None doesn't look for identical ones.
        name: of the split, for the error.

    Raises:
        CorpusError: a clip, identical samples or (with `speakers`) a speaker stands on two sides,
            or a clip's speaker isn't known.
    """
    sides = {"training": fold.train, "validation": fold.validation, "test": fold.test}
    _refuse_shared(name, fold, "clip", sides, lambda i: table[i].key)
    if fingerprints is not None:
        digests = fingerprints
        _refuse_shared(name, fold, "sound", sides, lambda i: digests[table[i].key])
    if speakers:
        for i in (*fold.train, *fold.validation, *fold.test):
            if table[i].speaker is None:
                raise CorpusError(
                    f"{name}, fold {fold.name}: found no speaker of {table[i].file}, expected one "
                    "for every clip of a speaker-independent split; fill in the column speaker"
                )
        both = {"training": (*fold.train, *fold.validation), "test": fold.test}
        _refuse_shared(name, fold, "speaker", both, lambda i: str(table[i].speaker))


def _refuse_shared(
    name: str,
    fold: Fold,
    what: str,
    sides: Mapping[str, Iterable[int]],
    value: Callable[[int], str],
) -> None:
    seen: dict[str, str] = {}
    for side, places in sides.items():
        for found in {value(i) for i in places}:
            if found in seen:
                raise CorpusError(
                    f"{name}, fold {fold.name}: found {what} {found} in {seen[found]} and {side}, "
                    "expected it on one side; correct the table"
                )
            seen[found] = side
