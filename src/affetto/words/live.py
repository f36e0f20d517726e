"""Words while they are spoken, beside the voice.

Writing down takes longer than hearing a voice, so it goes on in a thread of its own: the voice's
updates never wait for words. What the thread could not keep up with is written down at the end, up
to five minutes of it.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.errors import AffettoError, TranscriptionError
from affetto.timeline import Timeline, Track
from affetto.words.transcribers.apart import ApartTranscriber, apart
from affetto.words.transcribers.base import Spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from affetto.recognition import Update
    from affetto.transcript import Phrase
    from affetto.words.listening import WordListener
    from affetto.words.transcribers.base import Partial

__all__ = ["LiveWords", "WordsUpdate"]

_BACKLOG = 300.0
"""Seconds of sound that may wait to be written down; what comes when so much waits is left out."""
_KEPT = _BACKLOG + 60.0
"""Seconds of sound and of the voice's answers that a phrase may reach back into."""
_REMEMBERED = 200
"""Phrases in which a name may have been told that is to be masked."""
_FAULTS = 3
"""Faults in a row after which no more is tried."""
_PATIENCE = 30.0
"""Seconds that a single answer may take once nobody waits for it any more."""


@dataclass(frozen=True, slots=True)
class WordsUpdate:
    """What is told of the words since the last time.

    Attributes:
        phrases: that ended since, judged beside the voice.
        text: what is heard of the phrase that is being said; it may still change.
        behind: seconds of sound that wait to be written down.
    """

    phrases: tuple[Phrase, ...] = ()
    text: str = ""
    behind: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Give the update as plain JSON types."""
        return {
            "text": self.text,
            "behind": round(self.behind, 2),
            "phrases": [phrase.to_dict() for phrase in self.phrases],
        }


class LiveWords:
    """Write down what is being said; a context manager.

    Args:
        listener: what writes down and judges words.
        window: seconds of sound that an update of the voice answers for.

    Raises:
        AffettoError: the recogniser can't begin.

    Examples:
        >>> with LiveWords(listener, window=3.0) as words:  # doctest: +SKIP
        ...     for chunk in microphone:
        ...         words.feed(chunk, live.feed(chunk))
        ...         print(words.take().text)
        ...     timeline = words.finish(live.finish())
    """

    def __init__(self, listener: WordListener, *, window: float) -> None:
        self.listener = listener
        self.lost = 0.0
        self._window = window
        self._transcriber = apart(listener.transcriber)
        self._stream = self._transcriber.stream(language=listener.language)
        self._given: queue.SimpleQueue[NDArray[np.float32] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Partial | AffettoError] = queue.SimpleQueue()
        self._sound: deque[tuple[int, NDArray[np.float32]]] = deque()
        self._voice: deque[Update] = deque()
        self._fed = self._written = 0
        self._phrases: list[Phrase] = []
        self._text = ""
        self._ended = False
        self._leaving = False
        self._faults: list[str] = []
        self._worker = threading.Thread(target=self._write, name="affetto-words", daemon=True)
        self._worker.start()

    def __enter__(self) -> LiveWords:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def behind(self) -> float:
        """Seconds of sound that wait to be written down."""
        return (self._fed - self._written) / SAMPLE_RATE

    def feed(self, samples: NDArray[Any], updates: Iterable[Update] = ()) -> None:
        """Take more sound, and what the voice's recogniser made of it; never waits.

        Args:
            samples: 16 kHz, shape (samples,), of any length.
            updates: of the voice.
        """
        self._voice.extend(updates)
        while self._voice and self._voice[0].time < self._voice[-1].time - _KEPT:
            self._voice.popleft()
        chunk = np.array(samples, np.float32)
        if self.behind > _BACKLOG:
            self.lost += len(chunk) / SAMPLE_RATE
            # The stream must not lose its time: what is left out is silence.
            chunk = np.zeros_like(chunk)
        self._fed += len(chunk)
        self._given.put(chunk)

    def take(self) -> WordsUpdate:
        """Give what became known since the last time.

        Raises:
            AffettoError: the recogniser, a translator or a server failed; it is asked again with
                the sound that comes next, unless it failed several times in a row.
        """
        found: list[Phrase] = []
        while (answer := self._next_answer()) is not None:
            if isinstance(answer, AffettoError):
                self._phrases += found
                self._faults.append(str(answer))
                raise answer
            found += answer.finished
            self._text = answer.text
        before = self._phrases[-_REMEMBERED:]
        self._phrases += found
        judged = self.listener.judge(found, self._heard_of()) if found else []
        shown = tuple(self.listener.masked(phrase, after=before) for phrase in judged)
        # What is unfinished can't be masked safely: half a number is none yet.
        return WordsUpdate(shown, "" if self.listener.redact else self._text, self.behind)

    def _next_answer(self) -> Partial | AffettoError | None:
        with suppress(queue.Empty):
            return self._answers.get_nowait()
        return None

    def finish(
        self, timeline: Timeline, *, give_up: Callable[[], object] = lambda: None
    ) -> Timeline:
        """Write down what is left, and put words and voice together.

        Args:
            timeline: what the voice says of all that was heard.
            give_up: asked now and then; once it gives anything true, what is left stays unwritten.

        Returns:
            The timeline with words; its warnings say what of them is missing.
        """
        self.end()
        while self._worker.is_alive() and not give_up():
            self._worker.join(0.1)
        left = self.behind if self._worker.is_alive() else 0.0
        while not self._answers.empty():
            with suppress(AffettoError):  # it is among the faults now
                self.take()
        warnings = [f"some words are missing: {fault}" for fault in dict.fromkeys(self._faults)]
        if self.lost:
            warnings.append(
                f"{self.lost:.0f} s of words were lost: this machine is too slow for them"
            )
        if left:
            warnings.append(f"the last {left:.0f} s were not written down")
        timeline = replace(timeline, warnings=(*timeline.warnings, *warnings))
        return self.listener.put_together(timeline, self._phrases)

    def close(self) -> None:
        """Stop writing, and wait for the answer that is under way; harmless when repeated."""
        self._leaving = True
        self.end()
        # A recogniser must not be at work when Python ends.
        self._worker.join(_PATIENCE)
        if self._transcriber is not self.listener.transcriber:
            assert isinstance(self._transcriber, ApartTranscriber)
            self._transcriber.close()

    def end(self) -> None:
        """Say that no more sound comes; what came is written down. Never waits."""
        if not self._ended:
            self._ended = True
            self._given.put(None)

    def _write(self) -> None:
        """Write down what comes, until there is no more; in the thread."""
        failed = 0
        while not self._leaving and (chunk := self._given.get()) is not None:
            start = self._sound[-1] if self._sound else None
            first = start[0] + len(start[1]) if start else 0
            self._sound.append((first, chunk))
            while self._sound[0][0] + len(self._sound[0][1]) < first - _KEPT * SAMPLE_RATE:
                self._sound.popleft()
            if failed < _FAULTS:
                failed = 0 if self._tried(partial(self._stream.feed, chunk)) else failed + 1
            self._written += len(chunk)
        if not self._leaving and failed < _FAULTS:
            self._tried(self._stream.finish)

    def _tried(self, ask: Callable[[], Partial]) -> bool:
        """Have something written down, and tell what came of it; say whether it went well."""
        try:
            self._tell(ask())
        except AffettoError as fault:
            self._answers.put(fault)
        except Exception as fault:  # of a library's own kind: the voice must go on all the same
            text = f"writing down failed ({type(fault).__name__}: {fault}); try another recogniser"
            self._answers.put(TranscriptionError(text))
        else:
            return True
        return False

    def _tell(self, said: Partial) -> None:
        if said.finished:
            phrases = tuple(p for phrase in said.finished for p in self._in_english(phrase))
            said = replace(said, finished=phrases)
        self._answers.put(said)

    def _in_english(self, phrase: Phrase) -> Iterable[Phrase]:
        language = phrase.language or self.listener.language
        samples = self._samples(phrase.start, phrase.end)
        moved = replace(
            phrase,
            start=0.0,
            end=phrase.end - phrase.start,
            words=tuple(
                replace(w, start=w.start - phrase.start, end=w.end - phrase.start)
                for w in phrase.words
            ),
        )
        (told,) = self.listener.translated(Spoken((moved,), language), samples)
        return (replace(phrase, translation=told.translation, language=language),)

    def _samples(self, start: float, end: float) -> NDArray[np.float32]:
        """Give the sound of a phrase, as far as it is still kept."""
        first, last = (round(t * SAMPLE_RATE) for t in (start, end))
        pieces = [
            chunk[max(first - at, 0) : max(last - at, 0)]
            for at, chunk in self._sound
            if at < last and at + len(chunk) > first
        ]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)

    def _heard_of(self) -> Timeline:
        """Lay the voice's updates out as a timeline, to judge phrases by."""
        heard = [update for update in self._voice if update.scores]
        if not heard:
            return Timeline("live", 0.0, (), "")
        track = Track(
            # An update tells of the window that ends with it.
            times=tuple(update.time - self._window / 2 for update in heard),
            labels=tuple(heard[-1].scores),
            scores=tuple(tuple(update.scores.values()) for update in heard),
            speech=tuple(max(update.speech, 1e-3) for update in heard),
        )
        return Timeline("live", heard[-1].time, (), "", track=track)
