"""Streams for recognisers that only know whole sounds.

What is being said is decoded again and again while it grows. Of two answers in a row, the words
that both begin with are agreed upon (LocalAgreement-2: Macháček, Dabre and Bojar 2023,
arXiv:2307.14743): more sound will rarely change them. A phrase is finished at a pause; where none
comes, as much of it as is agreed upon.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.errors import AffettoError, TranscriptionError
from affetto.recognition.hearing import one_channel
from affetto.words.transcribers.base import Partial
from affetto.words.transcribers.phrasing import APART, joined, moved, phrases_of, spread
from affetto.words.transcribers.utterances import UtteranceCutter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from affetto.transcript import Phrase, Word
    from affetto.words.transcribers.base import Spoken, Transcriber
    from affetto.words.transcribers.utterances import Piece

__all__ = ["AgreeingStream"]

_LINGER = 1.2
"""Seconds without a new word after which a phrase is finished, loud as they may be."""
_MARGIN = 0.1
"""Seconds after the last loud sound that an answer must have heard to stand for the utterance."""
_SURE, _ENOUGH = 0.8, 3.0
"""A language that is so probable, in so many seconds of an utterance, is that of all of it."""
_STOPS = (".", "!", "?", "…", "。", "！", "？")


class AgreeingStream:
    """Writes down what is being said by a recogniser of whole sounds.

    Args:
        transcriber: hears up to `Transcriber.span` seconds at a time.
        language: ISO 639-1 code of what is said; left to the recogniser where not given.
        every: seconds of new sound after which it is asked again; more where its answer takes
            longer than that, so that the stream never lags more and more.

    Examples:
        >>> stream = AgreeingStream(transcriber)  # doctest: +SKIP
        >>> stream.feed(chunk).text  # doctest: +SKIP
        'I am not'
    """

    def __init__(
        self, transcriber: Transcriber, *, language: str | None = None, every: float = 1.0
    ) -> None:
        self._transcriber = transcriber
        self._asked = language
        self._every = every
        self._cutter = UtteranceCutter(long=transcriber.span)
        self._finished: list[Phrase] = []
        self._took = 0.0  # seconds that the last answer took
        self._over = False
        self._begin(0)

    @property
    def held(self) -> float:
        """Seconds of sound that are held: never much more than the recogniser's span."""
        return len(self._sound) / SAMPLE_RATE

    def feed(self, samples: NDArray[Any]) -> Partial:
        """Hear more; 16 kHz floats in [-1, 1], shape (samples,), of any length.

        Raises:
            AudioError: the samples are not finite floats in one channel.
            TranscriptionError: the recogniser failed, or the stream is over. What was heard is
                kept: it may be fed on.
        """
        samples = one_channel(samples)
        self._check()
        failure: AffettoError | None = None
        # However much comes at once, little of it is held.
        for first in range(0, len(samples), SAMPLE_RATE):
            for piece in self._cutter.feed(samples[first : first + SAMPLE_RATE]):
                try:
                    self._take(piece)
                except AffettoError as error:
                    failure = error  # what comes after has its place in the stream all the same
        if failure is not None:
            raise failure
        return self._answer()

    def finish(self) -> Partial:
        """Say what was still held back; nothing may be fed afterwards.

        Raises:
            TranscriptionError: the recogniser failed (asked again, the stream gives what it knew
                before), or the stream is over.
        """
        self._check()
        for piece in self._cutter.finish():
            self._take(piece)
        self._over = True
        return self._answer()

    def _check(self) -> None:
        if self._over:
            raise TranscriptionError("found more sound for a stream that is over: begin another")

    def _answer(self) -> Partial:
        finished, self._finished = tuple(self._finished), []
        words = [*self._agreed, *self._guess]
        if not words:
            return Partial(finished)
        text = joined((word.text for word in words), self._language)
        return Partial(finished, text, words[0].start)

    def _begin(self, start: int) -> None:
        """Begin an utterance at a sample of the stream."""
        self._start = start  # sample where what is held begins
        self._sound = np.empty(0, np.float32)
        self._new = 0  # samples that no answer has heard
        self._done = start / SAMPLE_RATE  # seconds up to which all is finished
        self._cut = False  # whether part of the utterance is finished
        self._agreed: list[Word] = []
        self._guess: list[Word] = []
        self._phrases: list[Phrase] = []  # of the last answer
        self._timed = True  # whether the recogniser says when words are said
        self._language = self._asked

    def _take(self, piece: Piece) -> None:
        if piece.begins:
            self._begin(piece.start)
        self._sound = np.concatenate([self._sound, piece.samples])
        self._new += len(piece.samples)
        if piece.ends:
            self._end(piece.heard)
        elif self._new >= self._patience() * SAMPLE_RATE:
            self._agree(self._hear())
            self._let_go()

    def _patience(self) -> float:
        """Give the seconds of new sound that are worth another answer."""
        return max(self._every, min(self._took, self._transcriber.span / 3))

    def _end(self, heard: int) -> None:
        """Finish the utterance, after whose sample `heard` it was quiet."""
        try:
            self._hear_out(heard)
        finally:  # where the recogniser failed, what it said before is still worth something
            whole = self._phrases and not self._cut
            words = [*self._agreed, *self._guess]
            self._finished += self._phrases if whole else self._made(words)
            self._begin(self._start + len(self._sound))

    def _hear_out(self, heard: int) -> None:
        """Have all of an utterance heard that ended at a sample."""
        known = self._start + len(self._sound) - self._new
        margin = _MARGIN * SAMPLE_RATE
        if known >= heard + margin or (self._cut and heard < self._start + margin):
            return
        words = self._hear()
        # An empty answer, after words that two agreed upon, is a slip of the recogniser.
        if words or not self._agreed:
            self._agreed, self._guess = words, []
        else:
            self._phrases = []

    def _hear(self) -> list[Word]:
        """Ask the recogniser again; give the words not finished yet, in seconds of the stream."""
        self._new, begun = 0, time.perf_counter()
        spoken = self._transcriber.transcribe(self._sound, language=self._language)
        self._took = time.perf_counter() - begun
        self._settle(spoken)
        offset = self._start / SAMPLE_RATE
        self._phrases = [moved(phrase, offset) for phrase in spoken.phrases]
        self._timed = all(phrase.words for phrase in self._phrases)
        return [
            word
            for phrase in self._phrases
            for word in (phrase.words or spread(phrase))
            if (word.start + word.end) / 2 >= self._done
        ]

    def _settle(self, spoken: Spoken) -> None:
        """Keep a language that is sure for the rest of the utterance: detection costs as much."""
        sure = (spoken.language_confidence or 0.0) >= _SURE
        if self._language is None and sure and self.held >= _ENOUGH:
            self._language = spoken.language

    def _agree(self, words: list[Word]) -> None:
        """Lay an answer beside the one before."""
        rest = _after(self._agreed, words)
        if _begins(words, self._agreed):
            self._agreed = words[: len(self._agreed)]  # with more about it, times get better
        same = 0
        for old, new in zip(self._guess, rest, strict=False):
            if _key(old) != _key(new):
                break
            same += 1
        self._agreed += rest[:same]
        self._guess = rest[same:]

    def _let_go(self) -> None:
        """Finish what two answers agree upon, where a pause follows or no room is left."""
        now = self._start / SAMPLE_RATE + self.held
        count = self._paused(now) if self._timed else 0
        if not count and self.held > self._transcriber.span:
            if not self._agreed:
                self._agreed, self._guess = self._guess, []
            count = _sentence(self._agreed)
            if not count:  # a span in which nothing was heard
                self._forget(now - APART)
        if count:
            words, self._agreed = self._agreed[:count], self._agreed[count:]
            self._finished += self._made(words)
            self._forget(words[-1].end)

    def _paused(self, now: float) -> int:
        """Give how many of the words agreed upon lie before a pause."""
        if self._agreed and not self._guess and now - self._agreed[-1].end > _LINGER:
            return len(self._agreed)
        following = [*self._agreed[1:], *self._guess[:1]]
        for count in range(min(len(following), len(self._agreed)), 0, -1):
            if following[count - 1].start - self._agreed[count - 1].end > APART:
                return count
        return 0

    def _forget(self, until: float) -> None:
        """Let go of the sound until then, in seconds of the stream."""
        first = min(max(0, round(until * SAMPLE_RATE) - self._start), len(self._sound))
        self._sound = self._sound[first:].copy()
        self._start += first
        self._done = max(self._done, until)
        self._cut = True

    def _made(self, words: list[Word]) -> list[Phrase]:
        """Make phrases of words in seconds of the stream."""
        end = self._start / SAMPLE_RATE + self.held
        phrases = phrases_of(words, duration=end, language=self._language or self._said())
        return phrases if self._timed else [replace(phrase, words=()) for phrase in phrases]

    def _said(self) -> str | None:
        return next((phrase.language for phrase in self._phrases if phrase.language), None)


def _key(word: Word) -> str:
    """Give what two answers must have in common: the letters, but not the marks about them."""
    return "".join(filter(str.isalnum, word.text.casefold())) or word.text


def _begins(words: list[Word], agreed: list[Word]) -> bool:
    """Tell whether an answer begins with the words agreed upon before."""
    return [_key(word) for word in words[: len(agreed)]] == [_key(word) for word in agreed]


def _after(agreed: list[Word], words: list[Word]) -> list[Word]:
    """Give the words of an answer that follow those agreed upon before.

    Examples:
        >>> from affetto.transcript import Word
        >>> a, b, c = Word("so,", 0.0, 0.4), Word("so", 0.5, 0.8), Word("what", 0.9, 1.2)
        >>> [word.text for word in _after([a, b], [a, b, c])]
        ['what']
    """
    if _begins(words, agreed):
        return words[len(agreed) :]
    # The answer has changed its mind about what is agreed; the times tell what is new.
    return [word for word in words if (word.start + word.end) / 2 >= agreed[-1].end]


def _sentence(words: list[Word]) -> int:
    """Give how many words to finish: up to a sentence's end in the later half, else all."""
    for count in range(len(words), len(words) // 2, -1):
        if words[count - 1].text.endswith(_STOPS):
            return count
    return len(words)
