"""Which translator a name means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.words.translation.base import Translator

__all__ = ["open_translator"]


def open_translator(name: str, *, threads: int = 1, key: str | None = None) -> Translator:
    """Find a translator by its name.

    Args:
        name: "marian", a network for each language, fetched once from its hub and kept;
            "marian:FOLDER_OR_REPO", one network for all that is said; or the address of a chat
            server, "http://localhost:11434/v1#MODEL", whose first model is taken where none is
            named. Whisper's own translation isn't asked for here: it happens as Whisper listens.
        threads: CPU threads that a network may use.
        key: of the server, where it wants one.

    Raises:
        OptionError: no such translator.
        ModelError: no such folder.
        MissingExtraError: what it needs isn't installed.

    Examples:
        >>> open_translator("babel fish")
        Traceback (most recent call last):
        ...
        affetto.errors.OptionError: found the translator 'babel fish', expected whisper ...
    """
    kind, _, rest = name.partition(":")
    if kind in ("http", "https"):
        from affetto.words.translation.llm import ServerTranslator

        url, _, model = name.partition("#")
        return ServerTranslator(url, model=model or None, key=key)
    if name == "marian" or (kind == "marian" and rest):
        from affetto.words.translation.marian import MarianTranslator

        return MarianTranslator(rest or None, threads=threads)
    raise OptionError(
        f"found the translator {name!r}, expected whisper (which translates by itself as it "
        "listens, so it must be the transcriber), marian, marian:FOLDER, marian:OWNER/NAME, or "
        "the address of a chat server: http://HOST:PORT/v1#MODEL"
    )
