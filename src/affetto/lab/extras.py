"""What the laboratory needs beyond the core install, asked for before hours of work."""

from importlib.util import find_spec

from affetto.errors import MissingExtraError

__all__ = ["require"]

_ELSEWHERE = {"transformers": "hf"}
"""What another extra than `train` brings."""

_CALLED = {"sklearn": "scikit-learn"}
"""What is installed under another name than it is imported by."""


def require(*packages: str, purpose: str = "training") -> None:
    """Tell which package is missing, without importing any.

    Args:
        *packages: as they are imported.
        purpose: what they are needed for.

    Raises:
        MissingExtraError: one is not installed.

    Examples:
        >>> require("numpy")
        >>> require("numpy", "no_such_package")
        Traceback (most recent call last):
        ...
        affetto.errors.MissingExtraError: training needs no-such-package, which is not installed:
        pip install "affetto[train]"
    """
    for package in packages:
        if find_spec(package) is None:
            extra = _ELSEWHERE.get(package, "train")
            name = _CALLED.get(package, package.replace("_", "-"))
            raise MissingExtraError(name, extra=extra, purpose=purpose)
