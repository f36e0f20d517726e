"""Where models are found: bundled, in a folder, or on a hub."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from affetto.errors import ModelError
from affetto.models.foreign import converted, is_foreign
from affetto.models.hub import cached
from affetto.models.package import ModelPackage

__all__ = ["available", "load", "resolve"]


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
            ``"hf:owner/name[@revision]"``, which is downloaded once and kept (from the hub of
            HF_ENDPOINT, where that is set). A model of others, in a folder or on a hub, is turned
            into a package the first time, see `affetto.models.foreign`.

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
    folder = cached(name) if name.startswith("hf:") else Path(model)
    if is_foreign(folder):
        return converted(folder, name=name if name.startswith("hf:") else folder.stem)
    if folder.is_dir():
        return folder
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
