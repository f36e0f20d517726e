"""Which files in a folder are sound."""

from pathlib import Path

__all__ = ["SUFFIXES", "is_sound", "sound_files"]

# fmt: off
SUFFIXES = frozenset({
    ".3gp", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".asf", ".au",
    ".avi", ".caf", ".flac", ".flv", ".m4a", ".m4b", ".m4v", ".mka", ".mkv", ".mov",
    ".mp2", ".mp3", ".mp4", ".mpeg", ".mpg", ".oga", ".ogg", ".ogv", ".opus", ".snd",
    ".sph", ".spx", ".tta", ".w64", ".wav", ".webm", ".wma", ".wmv", ".wv",
})
# fmt: on
"""Endings, in lower case, of the files in a folder that are taken for sound or video."""


def is_sound(path: Path) -> bool:
    """Tell by its name whether a file that was found in a folder is taken for sound.

    A dot before the name marks what systems and editors hide, such as ``._a.wav``.

    Examples:
        >>> is_sound(Path("talk.MP3")), is_sound(Path("notes.txt")), is_sound(Path("._a.wav"))
        (True, False, False)
    """
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def sound_files(folder: Path) -> list[Path]:
    """List the sound files in a folder and below it, sorted by their paths.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     for name in ("b.wav", "a.flac", "a.txt"):
        ...         _ = Path(place, name).write_bytes(b"")
        ...     [path.name for path in sound_files(Path(place))]
        ['a.flac', 'b.wav']
    """
    return sorted(filter(is_sound, folder.rglob("*")))
