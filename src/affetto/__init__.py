"""Affetto hears the feeling in a voice.

>>> import affetto
>>> affetto.__version__.count(".")
2
"""

from typing import TYPE_CHECKING

from affetto.lazy import lazily

if TYPE_CHECKING:
    from affetto.api import analyze, listen
    from affetto.client import AsyncClient, Client
    from affetto.emotions import Emotion
    from affetto.errors import AffettoError
    from affetto.recognition import LiveRecognizer, Recognizer
    from affetto.timeline import Segment, Timeline, Track

__version__ = "0.1.0"

_HOMES = {
    "AffettoError": "errors",
    "AsyncClient": "client",
    "Client": "client",
    "Emotion": "emotions",
    "LiveRecognizer": "recognition",
    "Recognizer": "recognition",
    "Segment": "timeline",
    "Timeline": "timeline",
    "Track": "timeline",
    "analyze": "api",
    "listen": "api",
}

__all__ = [
    "AffettoError",
    "AsyncClient",
    "Client",
    "Emotion",
    "LiveRecognizer",
    "Recognizer",
    "Segment",
    "Timeline",
    "Track",
    "__version__",
    "analyze",
    "listen",
]

__getattr__ = lazily(__name__, _HOMES)
