"""Where models are found: bundled, in a folder, or on a hub."""

from __future__ import annotations

import re
from importlib.resources import files
from itertools import chain
from pathlib import Path

from affetto.errors import MissingExtraError, ModelError
from affetto.models.card import FILES
from affetto.models.package import ModelPackage

__all__ = ["available", "load", "resolve"]

_HUB = re.compile(r"hf:(?P<repo>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>[\w./-]+))?")


def available() -> dict[str, Path]:
    """Find the models that came with Affetto.

    Returns:
        Name → folder.
    """
    bundled = Path(str(files("affetto.models"))) / "bundled"
    return {path.parent.name: path.parent for path in sorted(bundled.glob("*/card.yaml"))}


def resolve(model: str | Path) -> Path:
    """Find a model's folder.

    Args:
        model: a name that came with Affetto (``"default"``), a folder, or
            ``"hf:owner/name[@revision]"``, which is downloaded once and kept.

    Returns:
        The folder of the package.

    Raises:
        ModelError: there is no such model, or it can't be downloaded.
        MissingExtraError: `hf:` without huggingface_hub.

    Examples:
        >>> resolve("no such model")
        Traceback (most recent call last):
        ...
        affetto.errors.ModelError: found no model 'no such model', expected ...
    """
    name = str(model)
    bundled = available()
    if name in bundled:
        return bundled[name]
    if name.startswith("hf:"):
        return _download(name)
    if Path(model).is_dir():
        return Path(model)
    names = ", ".join(repr(known) for known in bundled) or "none is bundled here"
    raise ModelError(
        f"found no model {name!r}, expected a bundled one ({names}), "
        "the folder of a package, or hf:owner/name"
    )


def load(model: str | Path | ModelPackage = "default", *, threads: int = 1) -> ModelPackage:
    """Find a model and open it.

    Args:
        model: see `resolve`; a package that is open already is given back as it is.
        threads: CPU threads that a network may use.

    Raises:
        ModelError: there is no such model, or it is damaged.
        MissingExtraError: `hf:` without huggingface_hub.
    """
    if isinstance(model, ModelPackage):
        return model
    return ModelPackage.load(resolve(model), threads=threads)


def _download(name: str) -> Path:
    match = _HUB.fullmatch(name)
    if match is None:
        raise ModelError(f"found {name!r}, expected hf:owner/name or hf:owner/name@revision")
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise MissingExtraError(
            "huggingface_hub", extra="hf", purpose=f"the model {name}"
        ) from None
    try:
        folder = snapshot_download(
            repo_id=match["repo"],
            revision=match["revision"],
            allow_patterns=["card.yaml", "LICENSE*", *sorted({*chain(*FILES.values())})],
        )
    except Exception as error:  # the hub, the network and the disk each raise their own
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(f"{name} can't be downloaded: {reason}") from None
    return Path(folder)
