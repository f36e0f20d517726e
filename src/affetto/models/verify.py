"""Whether a model package is what it was when it was written, here on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import ModelError
from affetto.models.package import ModelPackage, changed_files, read_arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.models.package import Checkable

__all__ = ["verify"]

_TOLERANCE = 1e-3
"""Largest difference taken for rounding, relative to the largest value (or to 1)."""


def _unchecked(folder: str | Path) -> Checkable:
    return ModelPackage.load(folder, check=False)


def verify(
    folder: str | Path, *, load: Callable[[str | Path], Checkable] = _unchecked
) -> tuple[str, ...]:
    """Compare a package with its checksums and its golden vectors.

    Args:
        folder: the package.
        load: opens one without looking at its checksums.

    Returns:
        What differs, one line each; empty where all is right.

    Raises:
        ModelError: the folder is no package, or its files are as they were written but useless.
    """
    package = load(folder)
    changed = ", ".join(changed_files(package.folder, package.card))
    findings = []
    if changed:
        findings = [f"{changed}: found other checksums than the card's; get the model again"]
    try:
        findings += _compare(package, read_arrays(package.folder / "golden.npz"))
    except (KeyError, ModelError, ValueError) as error:
        # That a changed file is of no use tells no more than that it was changed.
        if findings:
            return tuple(findings)
        if isinstance(error, KeyError):
            raise ModelError(f"{package.folder}: golden.npz has no {error}") from None
        raise
    return tuple(findings)


def _compare(package: Checkable, golden: dict[str, NDArray[Any]]) -> Iterator[str]:
    # Each step starts from the golden input, so that a finding names the step that differs.
    for name, values in package.again(golden).items():
        expected = golden[name]
        if values.shape != expected.shape:
            yield f"{name}: found shape {values.shape}, expected {expected.shape}"
            continue
        gap = float(np.abs(values - expected).max(initial=0.0))
        limit = _TOLERANCE * max(1.0, float(np.abs(expected).max(initial=0.0)))
        if not gap <= limit:
            yield f"{name}: found values up to {gap:.3g} off, expected at most {limit:.3g}"
