"""Speech to text, by whichever recogniser is at hand.

`open_transcriber` finds one by name: Whisper on this machine, a server that speaks OpenAI's
protocol, or pocketsphinx, whose English model comes with its package. Each writes down a whole
sound, or what is being said while it is said.

Examples:
    >>> from affetto.words.transcribers import open_transcriber
    >>> open_transcriber("pocketsphinx").languages  # doctest: +SKIP
    ('en',)
"""

from typing import TYPE_CHECKING

from affetto.lazy import lazily

if TYPE_CHECKING:
    from affetto.words.transcribers.base import Partial, Spoken, Transcriber, TranscriptStream
    from affetto.words.transcribers.catalogue import open_transcriber
    from affetto.words.transcribers.server import ServerTranscriber
    from affetto.words.transcribers.sphinx import SphinxTranscriber
    from affetto.words.transcribers.streaming import AgreeingStream
    from affetto.words.transcribers.whisper import WhisperTranscriber

_HOMES = {
    "AgreeingStream": "streaming",
    "Partial": "base",
    "ServerTranscriber": "server",
    "SphinxTranscriber": "sphinx",
    "Spoken": "base",
    "TranscriptStream": "base",
    "Transcriber": "base",
    "WhisperTranscriber": "whisper",
    "open_transcriber": "catalogue",
}

__all__ = [
    "AgreeingStream",
    "Partial",
    "ServerTranscriber",
    "SphinxTranscriber",
    "Spoken",
    "Transcriber",
    "TranscriptStream",
    "WhisperTranscriber",
    "open_transcriber",
]

__getattr__ = lazily(__name__, _HOMES)
