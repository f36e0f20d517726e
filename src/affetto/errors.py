"""The errors that a person can mend.

Every failure that the user can do something about is an `AffettoError`: one line that says what
was found, what was expected and what to do. The command line prints that line and exits with 2.
Anything else that escapes is a fault of ours and exits with 1.
"""

__all__ = [
    "AffettoError",
    "AudioError",
    "CorpusError",
    "FormatError",
    "ManifestError",
    "MissingExtraError",
    "ModelError",
    "OptionError",
    "OutputError",
    "TranscriptionError",
]


class AffettoError(Exception):
    """Something the user can mend; `str(error)` is one complete line.

    Examples:
        >>> print(AffettoError("a.txt: found text,    expected sound; convert it first"))
        a.txt: found text, expected sound; convert it first
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class AudioError(AffettoError):
    """An input that can't be decoded to sound, or holds none."""


class CorpusError(AffettoError):
    """A corpus folder or protocol that isn't what its name promises."""


class FormatError(AffettoError):
    """A saved result that doesn't hold what its format promises."""


class ManifestError(AffettoError):
    """A table of clips with missing columns, unknown labels or missing files."""


class ModelError(AffettoError):
    """A model package that is missing, damaged or of an unknown kind."""


class OptionError(AffettoError):
    """Options that contradict each other, or a value out of its range."""


class OutputError(AffettoError):
    """A result that could not be written: no room, no permission, no such folder."""


class TranscriptionError(AffettoError):
    """Speech that could not be turned into text, or text that could not be translated."""


class MissingExtraError(AffettoError):
    """An optional dependency that isn't installed.

    Args:
        package: the package that could not be imported.
        extra: the extra of Affetto that brings it.
        purpose: what it is needed for.

    Examples:
        >>> print(MissingExtraError("torch", extra="train", purpose="training"))
        training needs torch, which is not installed: pip install "affetto[train]"
    """

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        super().__init__(
            f'{purpose} needs {package}, which is not installed: pip install "affetto[{extra}]"'
        )
