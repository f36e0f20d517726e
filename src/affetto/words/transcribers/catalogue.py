"""Which recogniser a name means."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from affetto.errors import MissingExtraError, OptionError

if TYPE_CHECKING:
    from affetto.words.transcribers.base import Transcriber

__all__ = ["open_transcriber"]

_PREFERRED = (
    "small", "base", "tiny", "small.en", "base.en", "tiny.en", "distil-small.en",
    "large-v3-turbo", "medium", "distil-large-v3", "large-v3", "large-v2",
)  # fmt: skip
"""Sizes of Whisper, the first that is here is taken: the best of those that a CPU keeps up with,
rather of many languages than of one; then those that were fetched for a better machine."""


def open_transcriber(
    name: str | Transcriber = "auto", *, threads: int = 1, key: str | None = None
) -> Transcriber:
    """Find a recogniser of speech by its name.

    Args:
        name: "auto", Whisper where it is installed and its weights are on this machine, else
            pocketsphinx, so that nothing is fetched unasked; "pocketsphinx"; "whisper", which is
            "whisper:small", with any size, a folder or "owner/name" behind the colon, fetched once
            where need be; or the address of a server that speaks OpenAI's protocol,
            "http://localhost:8000/v1#MODEL". A recogniser that is open is given back as it is.
        threads: CPU threads that Whisper may use.
        key: of the server, where it wants one.

    Raises:
        OptionError: no such recogniser.
        ModelError: Whisper's weights aren't here, and can't be fetched.
        MissingExtraError: what it needs isn't installed.

    Examples:
        >>> open_transcriber("a parrot")
        Traceback (most recent call last):
        ...
        affetto.errors.OptionError: found the transcriber 'a parrot', expected auto, pocketsphinx...
    """
    if not isinstance(name, str):
        return name
    if name == "auto":
        name = _at_hand()
    kind, _, rest = name.partition(":")
    if kind.lower() in ("http", "https"):
        from affetto.words.transcribers.server import ServerTranscriber

        url, _, model = name.partition("#")
        return ServerTranscriber(url, model=model or None, key=key)
    if name == "whisper" or (kind == "whisper" and rest):
        from affetto.words.transcribers.whisper import WhisperTranscriber

        return WhisperTranscriber(rest or "small", threads=threads)
    if name == "pocketsphinx":
        from affetto.words.transcribers.sphinx import SphinxTranscriber

        return SphinxTranscriber()
    raise OptionError(
        f"found the transcriber {name!r}, expected auto, pocketsphinx, whisper, whisper:SIZE "
        "(whisper:small, say), whisper:FOLDER, whisper:OWNER/NAME, or the address of a server: "
        "http://HOST:PORT/v1#MODEL"
    )


def _at_hand() -> str:
    """Give the name of the best recogniser that is here."""
    if find_spec("faster_whisper") is not None:
        from affetto.words.transcribers.whisper import at_hand

        for size in _PREFERRED:
            if at_hand(size):
                return f"whisper:{size}"
    if find_spec("pocketsphinx") is None:
        raise MissingExtraError("pocketsphinx", extra="words", purpose="transcription")
    return "pocketsphinx"
