"""What was said, in English: by Marian's networks here, or by a language model on a server."""

from typing import TYPE_CHECKING

from affetto.lazy import lazily

if TYPE_CHECKING:
    from affetto.words.translation.base import Translator
    from affetto.words.translation.catalogue import open_translator
    from affetto.words.translation.llm import ServerTranslator
    from affetto.words.translation.marian import MarianTranslator

_HOMES = {
    "MarianTranslator": "marian",
    "ServerTranslator": "llm",
    "Translator": "base",
    "open_translator": "catalogue",
}

__all__ = ["MarianTranslator", "ServerTranslator", "Translator", "open_translator"]

__getattr__ = lazily(__name__, _HOMES)
