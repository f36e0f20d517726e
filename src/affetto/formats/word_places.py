"""Where the words of a phrase stand in its text."""

from collections.abc import Sequence

from affetto.transcript import Word

__all__ = ["word_places"]


def word_places(text: str, words: Sequence[Word]) -> tuple[tuple[int, int], ...]:
    """Find each word in the text that is made of them.

    Recognisers leave marks out of the words or leave them on; and not every language puts spaces
    between words, so a text can't be had from its words alone.

    Args:
        text: of the phrase.
        words: in the order of the text.

    Returns:
        For each word the places before its first character and behind its last; nothing at all
        where the text says something else than the words.

    Examples:
        >>> said = [Word("Well", 0.0, 0.3), Word("then!", 0.4, 0.8)]
        >>> word_places("“Well, then!”", said)
        ((1, 5), (7, 12))
        >>> word_places("Quite another text", said)
        ()
    """
    places: list[tuple[int, int]] = []
    at = 0
    for word in words:
        name = word.text.strip()
        found = text.find(name, at)
        if found < 0 or _says(text[at:found]):
            return ()
        at = found + len(name)
        places.append((found, at))
    return () if _says(text[at:]) else tuple(places)


def _says(rest: str) -> bool:
    """Whether there is more in it than marks and spaces."""
    return any(character.isalnum() for character in rest)
