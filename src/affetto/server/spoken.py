"""The words of one live stream: written down beside its voice, which never waits for them."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.errors import AffettoError
from affetto.server.line import ClosedError
from affetto.timeline import Timeline
from affetto.words.live import LiveWords, WordsUpdate
from affetto.words.transcribers.phrasing import moved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from affetto.recognition import Update
    from affetto.server.line import Line
    from affetto.server.workers import Workers
    from affetto.transcript import Phrase
    from affetto.words import WordListener

__all__ = ["SpokenWords"]

_EVERY = 0.1
"""Seconds from one look for what was written down to the next."""

_AHEAD = 2.0
"""Seconds of sound that are out of hand: all before can still be taken back when time is up."""

_BACKLOG = 300.0
"""Seconds of sound that may wait; the words of what comes when so much waits are left out."""

_NEWS = 1.0
"""Seconds by which a lag must have changed for that alone to be told."""

_log = logging.getLogger("affetto.server")


class SpokenWords:
    """The words of one live stream.

    One thread hands the sound over, and never waits; others, one after the other, have it written
    down, and tell. After a break it goes on where the last phrase that was kept ended.

    Args:
        listener: what writes down and judges words.
        window: seconds of sound that an update of the voice answers for.
        workers: threads that tell.
        known: phrases that were written down before a break.
        after: seconds; those of them that start later are told again.
        note: called with phrases that won't change, to be kept.
    """

    def __init__(
        self,
        listener: WordListener,
        *,
        window: float,
        workers: Workers,
        known: Sequence[Phrase] = (),
        after: float | None = None,
        note: Callable[[Sequence[Phrase]], None] = lambda _: None,
    ) -> None:
        self.name = listener.transcriber.name
        self._listener = listener
        self._window = window
        self._workers = workers
        self._note = note
        self._phrases = list(known)
        self._again = [p for p in known if after is not None and p.start > after]
        # Seconds of the stream where this one's writing begins; its clock begins there.
        self._begin = max((phrase.end for phrase in known), default=0.0)
        self._handed: SimpleQueue[tuple[NDArray[np.float32], list[Update]]] = SimpleQueue()
        self._position = 0  # samples of the stream that were handed over
        self._given = self._fed = 0  # samples that wait, or waited; that wait no longer
        self._lost = 0
        self._live: LiveWords | None = None
        self._told = WordsUpdate()
        self._fault = ""
        self._over = False
        self._until: float | None = None
        self._telling: asyncio.Task[None] | None = None

    @property
    def behind(self) -> float:
        """Seconds of sound that wait to be written down."""
        ahead = self._live.behind if self._live is not None else 0.0
        return (self._given - self._fed) / SAMPLE_RATE + ahead

    def hand(self, samples: NDArray[np.float32], updates: Sequence[Update]) -> None:
        """Take more sound, and what the voice's recogniser made of it; never waits.

        Args:
            samples: 16 kHz, shape (samples,).
            updates: of the voice.
        """
        known = max(0, round(self._begin * SAMPLE_RATE) - self._position)
        self._position += len(samples)
        samples = samples[known:]
        if self._fault or not len(samples):
            return
        if self._given - self._fed > _BACKLOG * SAMPLE_RATE:
            self._lost += len(samples)
            samples = np.zeros_like(samples)  # time goes on
        self._given += len(samples)
        # Their times are those of the whole stream.
        told = [replace(update, time=update.time - self._begin) for update in updates]
        for start in range(0, len(samples), SAMPLE_RATE):
            self._handed.put((samples[start : start + SAMPLE_RATE], told))
            told = []

    def begin(self, line: Line) -> None:
        """Begin to tell, beside whoever has the line."""
        self._telling = asyncio.create_task(self._tell(line))

    async def _tell(self, line: Line) -> None:
        try:
            if self._again:
                await line.tell(_row(WordsUpdate(tuple(self._again))))
            while not self._over and not self._fault:
                news = await self._news()
                if news is not None:
                    await line.tell(news)
                if self._until is not None and (
                    self._handed.empty() or time.monotonic() > self._until
                ):
                    return
                await asyncio.sleep(_EVERY)
        finally:
            if self._live is not None:
                self._live.end()

    async def _news(self) -> dict[str, Any] | None:
        """Give what is worth telling since the last time."""
        try:
            update = await self._workers.run(self._turn)
        except AffettoError as error:
            self._fault = str(error)
        except Exception:
            if self._over:  # as the server may be
                return None
            _log.exception("writing down what is said failed")
            self._fault = "found a fault of the server's own; its log tells more"
        if self._fault:
            # The voice goes on without.
            return _row(WordsUpdate()) | {"error": self._fault}
        lag = abs(update.behind - self._told.behind)
        if not update.phrases and update.text == self._told.text and lag < _NEWS:
            return None
        self._told = update
        return _row(update)

    def _turn(self) -> WordsUpdate:
        """Hand on what may be handed on, and take what was written down; in a thread."""
        live = self._live
        if live is None:
            live = self._live = LiveWords(self._listener, window=self._window)
        while live.behind < _AHEAD:
            try:
                samples, updates = self._handed.get_nowait()
            except Empty:
                break
            self._fed += len(samples)
            live.feed(samples, updates)
        update = live.take()
        found = tuple(moved(phrase, self._begin) for phrase in update.phrases)
        if found:
            self._phrases += found
            self._note(found)
        return WordsUpdate(found, update.text, self.behind)

    async def finish(self, timeline: Timeline, line: Line, *, patience: float) -> Timeline:
        """Have the rest written down, as far as there is time; put words and voice together.

        Args:
            timeline: what the voice says of all that was heard.
            line: whose client may leave meanwhile.
            patience: seconds.

        Raises:
            ClosedError: it left.
        """
        self._until = time.monotonic() + patience
        line.listen_ahead()
        while self._telling is not None and not self._telling.done():
            await asyncio.wait({self._telling}, timeout=_EVERY)
            _check_stays(line)
        whole = False
        if self._live is not None and not self._fault and self._handed.empty():
            ended = _Ended(self._live)
            while not ended.done.is_set() and time.monotonic() < self._until:
                await asyncio.sleep(_EVERY)
                _check_stays(line)
            whole, self._fault = ended.phrases is not None, ended.fault
            if ended.phrases is not None:
                before = [phrase for phrase in self._phrases if phrase.end <= self._begin]
                self._phrases = before + [moved(p, self._begin) for p in ended.phrases]
        warnings = (*timeline.warnings, *self._warnings(whole, patience))
        heard = replace(timeline, warnings=warnings)
        return await self._workers.run(lambda: self._listener.put_together(heard, self._phrases))

    def _warnings(self, whole: bool, patience: float) -> Iterator[str]:
        if self._fault:
            yield f"what is said was not written down to the end: {self._fault}"
        elif not whole:
            yield f"the last words are missing: {patience:g} s after the end they weren't there yet"
        if self._lost:
            seconds = self._lost / SAMPLE_RATE
            yield f"{seconds:.0f} s of words were lost: this machine is too slow for them"

    def close(self) -> None:
        """Stop writing; harmless when repeated, and in any thread."""
        self._over = True


class _Ended:
    """The end of a stream, waited for in a thread that holds nobody up who ends the server."""

    def __init__(self, live: LiveWords) -> None:
        self.phrases: tuple[Phrase, ...] | None = None
        self.fault = ""
        self.done = threading.Event()
        self._live = live
        threading.Thread(target=self._finish, name="affetto-said", daemon=True).start()

    def _finish(self) -> None:
        try:
            # The voice of it all is another's to tell.
            words = self._live.finish(Timeline("live", 0.0, (), "")).words
            self.phrases = words.phrases if words is not None else ()
        except AffettoError as error:
            self.fault = str(error)
        except Exception:
            _log.exception("writing down what is said failed")
            self.fault = "found a fault of the server's own; its log tells more"
        finally:
            self.done.set()


def _check_stays(line: Line) -> None:
    """Make sure that somebody still waits.

    Raises:
        ClosedError: nobody does.
    """
    if line.left:
        raise ClosedError


def _row(update: WordsUpdate) -> dict[str, Any]:
    return {"type": "words", **update.to_dict()}
