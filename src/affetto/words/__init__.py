"""What is said: transcription, translation, the emotion of the words, words and voice together."""

from typing import TYPE_CHECKING

from affetto.lazy import lazily

if TYPE_CHECKING:
    from affetto.words.fusion import Fusion
    from affetto.words.listening import WordListener
    from affetto.words.text_catalogue import TextEmotion, open_text_model

_HOMES = {
    "Fusion": "fusion",
    "TextEmotion": "text_catalogue",
    "WordListener": "listening",
    "open_text_model": "text_catalogue",
}

__all__ = ["Fusion", "TextEmotion", "WordListener", "open_text_model"]

__getattr__ = lazily(__name__, _HOMES)
