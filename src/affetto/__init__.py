"""Affetto hears the feeling in a voice.

>>> import affetto
>>> affetto.__version__.count(".")
2
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from affetto.api import analyze
    from affetto.emotions import Emotion
    from affetto.errors import AffettoError
    from affetto.recognition import Recognizer
    from affetto.timeline import Segment, Timeline, Track

__version__ = "0.1.0"

_HOMES = {
    "AffettoError": "affetto.errors",
    "Emotion": "affetto.emotions",
    "Recognizer": "affetto.recognition",
    "Segment": "affetto.timeline",
    "Timeline": "affetto.timeline",
    "Track": "affetto.timeline",
    "analyze": "affetto.api",
}

__all__ = [
    "AffettoError",
    "Emotion",
    "Recognizer",
    "Segment",
    "Timeline",
    "Track",
    "__version__",
    "analyze",
]


def __getattr__(name: str) -> Any:
    """Load a public name where it lives, the first time that it is asked for."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'affetto' has no attribute {name!r}")
