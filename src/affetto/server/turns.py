"""What writes words down, shared by all who ask a server for them: one after the other.

A recogniser, a translator or a model of words may be good for one thread at a time, and each takes
as many cores as it may have. Who came first is served first: a long recording, written down stretch
by stretch, holds no live stream up for longer than a stretch.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from affetto.words.transcribers.streaming import AgreeingStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from affetto.words import TextEmotion
    from affetto.words.transcribers import Spoken, Transcriber, TranscriptStream
    from affetto.words.translation import Translator

__all__ = ["SharedText", "SharedTranscriber", "SharedTranslator", "Turns"]


class Turns:
    """A lock that threads get in the order in which they asked.

    Examples:
        >>> turns = Turns()
        >>> with turns.take():
        ...     turns.taken
        1
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[threading.Event] = deque()

    @property
    def taken(self) -> int:
        """How many have their turn, or wait for it."""
        return len(self._queue)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for one's turn, and have it."""
        turn = threading.Event()
        with self._lock:
            self._queue.append(turn)
            if len(self._queue) == 1:
                turn.set()
        turn.wait()
        try:
            yield
        finally:
            with self._lock:
                self._queue.popleft()
                if self._queue:
                    self._queue[0].set()


class SharedTranscriber:
    """A recogniser of speech that hears one sound at a time.

    Each of its streams is for one thread, and has its own state; those that ask the recogniser for
    whole sounds again and again take turns for each.

    Args:
        inner: the recogniser.
    """

    def __init__(self, inner: Transcriber) -> None:
        self.inner = inner
        self.name = inner.name
        self.span = inner.span
        self.translates = inner.translates
        self.languages = inner.languages
        self._turns = Turns()

    def transcribe(
        self, samples: NDArray[Any], *, language: str | None = None, translate: bool = False
    ) -> Spoken:
        """Write down what is said, see `Transcriber`; once it is this one's turn."""
        with self._turns.take():
            return self.inner.transcribe(samples, language=language, translate=translate)

    def stream(self, *, language: str | None = None) -> TranscriptStream:
        """Begin to write down what is being said, see `Transcriber`."""
        stream = self.inner.stream(language=language)
        if isinstance(stream, AgreeingStream):
            return AgreeingStream(self, language=language)
        return stream


class SharedTranslator:
    """A translator that is asked once at a time.

    Args:
        inner: the translator.
    """

    def __init__(self, inner: Translator) -> None:
        self.name = inner.name
        self._inner = inner
        self._turns = Turns()

    def translate(self, texts: Sequence[str], *, language: str | None) -> list[str]:
        """Put texts into English, see `Translator`; once it is this one's turn."""
        with self._turns.take():
            return self._inner.translate(texts, language=language)


class SharedText:
    """A model of the emotion of words that judges once at a time.

    Args:
        inner: the model.
    """

    def __init__(self, inner: TextEmotion) -> None:
        self.title = inner.title
        self.labels = inner.labels
        self.languages = inner.languages
        self.prior = inner.prior
        self._inner = inner
        self._turns = Turns()

    def judge(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Give label → probability for each text, see `TextEmotion`."""
        with self._turns.take():
            return self._inner.judge(texts)
