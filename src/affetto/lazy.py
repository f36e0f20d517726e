"""Packages whose parts are imported when they are first asked for."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazily"]


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Give a package its `__getattr__`, which loads a public name where it lives.

    Args:
        package: its name.
        homes: public name → the module in the package that defines it.

    Examples:
        >>> load = lazily("affetto", {"Emotion": "emotions"})
        >>> load("Emotion").__name__
        'Emotion'
        >>> load("Emoticon")
        Traceback (most recent call last):
        ...
        AttributeError: module 'affetto' has no attribute 'Emoticon'
    """

    def load(name: str) -> Any:
        if name in homes:
            return getattr(import_module(f"{package}.{homes[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load
