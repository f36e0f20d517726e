"""Sound in and out: decoding, clean-up, saving.

`load` decodes a whole file, `stream` gives the same samples in constant memory; `clean` takes hum,
noise and differences of loudness away; `save` writes FLAC or WAV. Each part is imported when it is
first used. `Microphone` gives sound as it comes.

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

from typing import TYPE_CHECKING

from affetto.lazy import lazily

if TYPE_CHECKING:
    from affetto.audio.bs1770 import loudness
    from affetto.audio.cleanup import clean
    from affetto.audio.folder import SUFFIXES, is_sound, sound_files
    from affetto.audio.microphone import Microphone, in_real_time, microphones
    from affetto.audio.sound import AudioStream, Sound, load, stream
    from affetto.audio.source import Source
    from affetto.audio.write import Writer, save

__all__ = [
    "SUFFIXES",
    "AudioStream",
    "Microphone",
    "Sound",
    "Source",
    "Writer",
    "clean",
    "in_real_time",
    "is_sound",
    "load",
    "loudness",
    "microphones",
    "save",
    "sound_files",
    "stream",
]

_HOMES = {
    "SUFFIXES": "folder",
    "AudioStream": "sound",
    "Microphone": "microphone",
    "Sound": "sound",
    "Source": "source",
    "Writer": "write",
    "clean": "cleanup",
    "in_real_time": "microphone",
    "is_sound": "folder",
    "load": "sound",
    "loudness": "bs1770",
    "microphones": "microphone",
    "save": "write",
    "sound_files": "folder",
    "stream": "sound",
}

__getattr__ = lazily(__name__, _HOMES)
