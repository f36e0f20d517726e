"""Sound in and out: decoding, clean-up, saving.

`load` decodes a whole file, `stream` gives the same samples in constant memory; `clean` takes hum,
noise and differences of loudness away; `save` writes FLAC or WAV. Each part is imported when it is
first used.

Examples:
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from affetto import audio
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     audio.save(Path(folder) / "quiet.flac", np.zeros(8000, np.float32))
    ...     audio.load(Path(folder) / "quiet.flac").duration
    0.5
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from affetto.audio.bs1770 import loudness
    from affetto.audio.cleanup import clean
    from affetto.audio.sound import AudioStream, Sound, load, stream
    from affetto.audio.source import Source
    from affetto.audio.write import save

__all__ = [
    "SUFFIXES",
    "AudioStream",
    "Sound",
    "Source",
    "clean",
    "load",
    "loudness",
    "save",
    "stream",
]

# fmt: off
SUFFIXES = frozenset({
    ".3gp", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".asf", ".au",
    ".avi", ".caf", ".flac", ".flv", ".m4a", ".m4b", ".m4v", ".mka", ".mkv", ".mov",
    ".mp2", ".mp3", ".mp4", ".mpeg", ".mpg", ".oga", ".ogg", ".ogv", ".opus", ".snd",
    ".sph", ".spx", ".tta", ".w64", ".wav", ".webm", ".wma", ".wmv", ".wv",
})
# fmt: on
"""Endings, in lower case, of the files in a folder that are taken for sound or video."""

_HOMES = {
    "AudioStream": "sound",
    "Sound": "sound",
    "Source": "source",
    "clean": "cleanup",
    "load": "sound",
    "loudness": "bs1770",
    "save": "write",
    "stream": "sound",
}


def __getattr__(name: str) -> Any:
    """Load a public name where it lives, the first time that it is asked for."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"affetto.audio.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'affetto.audio' has no attribute {name!r}")
