"""Which clips are the same sound."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from affetto.errors import CorpusError
from affetto.jobs import run
from affetto.lab.corpora.cut import samples
from affetto.lab.corpora.table import Clip, Table

__all__ = ["fingerprint", "fingerprints"]


def fingerprint(sound: NDArray[np.float32]) -> str:
    """Give a digest of the samples at 16 bits; equal samples, equal digest.

    Args:
        sound: samples, shape (samples,), in [-1, 1].

    Examples:
        >>> fingerprint(np.zeros(4, np.float32)) == fingerprint(np.full(4, 1e-6, np.float32))
        True
    """
    whole = np.clip(np.rint(sound * 32768.0), -32768, 32767).astype("<i2")
    return hashlib.blake2b(whole.tobytes(), digest_size=16).hexdigest()


def fingerprints(
    table: Table,
    *,
    known: Mapping[str, str] | None = None,
    workers: int | None = None,
    describe: str = "comparing clips",
    journal: str | Path | None = None,
) -> dict[str, str]:
    """Decode clips and give the digest of each.

    Args:
        table: the clips.
        known: digests found before, `Clip.key` → digest; those clips are not decoded.
        workers: processes; None takes one a core.
        describe: words for the progress on stderr; empty shows none.
        journal: a file that keeps the digests from one run to the next.

    Returns:
        `Clip.key` → digest, of every clip in the table.

    Raises:
        CorpusError: a clip can't be decoded.
    """
    digests = {clip.key: known[clip.key] for clip in table if known and clip.key in known}
    left = [clip for clip in table if clip.key not in digests]
    outcomes = run(
        _digest, left, workers=workers, describe=describe, journal=journal, key=Clip.stamp
    )
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        raise CorpusError(
            f"found {len(failed)} of {len(table)} clips that can't be decoded, the first "
            f"{failed[0].item.file} ({failed[0].error}); remove or replace them"
        )
    return digests | {o.item.key: o.value for o in outcomes if o.value is not None}


def _digest(clip: Clip) -> str:
    return fingerprint(samples(clip))
