"""What a translator is asked, and what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Translator", "base_language", "only_foreign"]


class Translator(Protocol):
    """What is said in other languages, in English.

    Attributes:
        name: what it is, as a person shall read it ("Marian (OPUS-MT)").
    """

    name: str

    def translate(self, texts: Sequence[str], *, language: str | None) -> list[str]:
        """Put texts into English.

        Args:
            texts: what was said, a phrase each.
            language: ISO 639-1 code of all of them; None where it isn't known.

        Returns:
            As many texts, in the same order. Empty ones stay empty, and English as it is.

        Raises:
            ModelError: the network isn't to be had, or is damaged.
            TranscriptionError: the server failed, or gave no translation.
            OptionError: the language must be known, and isn't.
        """


def base_language(language: str | None) -> str | None:
    """Give the code of a language without its country, in small letters.

    Args:
        language: ISO 639-1 code, with or without a country; None where it isn't known.

    Examples:
        >>> base_language("pt-BR"), base_language("EN"), base_language(None)
        ('pt', 'en', None)
    """
    code = (language or "").strip().replace("_", "-").partition("-")[0].lower()
    return code or None


def only_foreign(
    texts: Sequence[str], language: str | None, translate: Callable[[list[str]], list[str]]
) -> list[str]:
    """Translate what needs it, each text once, and leave the rest in its place.

    Args:
        texts: what was said.
        language: ISO 639-1 code of it; None where it isn't known.
        translate: gives as many English texts as it is given.

    Examples:
        >>> only_foreign(["Ja.", " ", "Ja."], "de", lambda texts: ["Yes."] * len(texts))
        ['Yes.', ' ', 'Yes.']
        >>> only_foreign(["Yes."], "en", lambda texts: [])
        ['Yes.']
    """
    if base_language(language) == "en":
        return list(texts)
    foreign = list(dict.fromkeys(text for text in texts if text.strip()))
    if not foreign:
        return list(texts)
    english = dict(zip(foreign, translate(foreign), strict=True))
    return [english.get(text, text) for text in texts]
