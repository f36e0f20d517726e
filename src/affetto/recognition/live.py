"""The same road as sound comes: chunks in, updates out, and the timeline of it all at the end."""

from __future__ import annotations

import threading
import time
from array import array
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.emotions import project
from affetto.errors import AffettoError, OptionError
from affetto.models import WindowPackage
from affetto.models.calibration import restrict
from affetto.recognition.besides import says_besides, with_besides
from affetto.recognition.channels import answer, lay_over
from affetto.recognition.hearing import Ear, Piece, one_channel
from affetto.recognition.options import refuse_beside_recognizer
from affetto.recognition.recognizer import Recognizer
from affetto.recognition.segments import SegmentStream
from affetto.recognition.sound_windows import RecentSound
from affetto.recognition.store import RowStore
from affetto.recognition.update import Update
from affetto.speech import RecentWindow

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.models import ModelPackage
    from affetto.recognition.baseline import SpeakerBaseline
    from affetto.recognition.prior import Prior
    from affetto.timeline import Segment, Timeline

__all__ = ["LiveRecognizer"]

_COARSE = 256
"""Rows of the network at a time, about, where nobody waits for updates."""

_KEPT = 256_000
"""Bytes of answers that are kept in memory; more go to a temporary file."""


class LiveRecognizer:
    """Hear the feeling in a voice as it speaks. Memory does not grow with what is heard.

    Updates tell of the last window's length of sound, at once. The timeline places every answer in
    the middle of the sound that it hears, and so knows it `delay` seconds later; it is that of
    ``Recognizer(causal=True)`` for the same samples, however they were cut into chunks.

    Args:
        model: as for `Recognizer`; or a `Recognizer` that is causal, whose options then hold.
        every: seconds of sound from one update to the next, rounded to rows of the network.
        source: what the timeline shall call the sound.
        window: as for `Recognizer`, like all that follow.
        hop: of the timeline.
        labels: the only answers allowed.
        baseline: learn how the voice sounds while it is heard.
        prior: how common each emotion is taken to be.

    Attributes:
        rest: after the end, the segments of the timeline that no update told.

    Raises:
        ModelError: there is no such model, or it is damaged.
        OptionError: an option is out of its range, needs the whole recording, or stands beside a
            `Recognizer`, which has its own.

    Examples:
        >>> live = LiveRecognizer("default")
        >>> updates = live.feed(np.zeros(16000, np.float32))
        >>> [round(update.time, 2) for update in updates[:3]], updates[0].speaking
        ([0.08, 0.16, 0.24], False)
        >>> live.finish().duration
        1.0
    """

    def __init__(
        self,
        model: str | Path | ModelPackage | Recognizer = "default",
        *,
        every: float = 0.08,
        source: str = "live",
        window: float | None = None,
        hop: float | None = None,
        labels: str | Iterable[str] | None = None,
        baseline: bool | SpeakerBaseline = True,
        prior: Prior = "everyday",
        threads: int = 1,
    ) -> None:
        options: dict[str, Any] = {
            "window": window,
            "hop": hop,
            "labels": labels,
            "baseline": baseline,
            "prior": prior,
            "threads": threads,
        }
        if isinstance(model, Recognizer):
            refuse_beside_recognizer(options, LiveRecognizer.__init__.__kwdefaults__ or {})
            if not model.causal:
                raise OptionError(
                    "found a Recognizer that hears whole recordings, expected one that judges "
                    "each moment by what came before: make it with causal=True"
                )
            self._recognizer = model
        else:
            self._recognizer = Recognizer(model, causal=True, **options)
        recognizer = self._recognizer
        grid = recognizer.grid
        if not grid.row_seconds <= every <= grid.window:
            raise OptionError(
                f"found an update every {every:g} s, expected "
                f"{grid.row_seconds:g} to {grid.window:g} s"
            )
        self.source = source
        self.every = max(1, round(every / grid.row_seconds)) * grid.row_seconds
        self.rest: tuple[Segment, ...] = ()
        self._told = 0
        self._finished = False
        self._at_work = threading.Lock()  # of who feeds, and of who ends what another feeds
        package = recognizer.package
        self._block = round(self.every / grid.row_seconds)
        self._ear = Ear(package, grid, block=self._block)
        self._voice = recognizer.new_voice()
        self._waiting: list[NDArray[np.float32]] = []
        self._rows = 0
        self._recent = RecentWindow(grid, width=package.ear.width)
        self._recent_sound = (
            RecentSound(package, grid) if isinstance(package, WindowPackage) else None
        )
        self._segments = SegmentStream(
            recognizer.labels, hop=grid.hop, smoothing=recognizer.smoothing
        )
        # Of each window its scores, the seconds of speech in it and the probability of speech.
        self._kept = RowStore(len(recognizer.labels) + 2, limit=_KEPT)
        self._regions = array("d")  # start and end of each, in seconds
        self._besides = array("f")  # what the model says besides, window by window

    @property
    def labels(self) -> tuple[str, ...]:
        """What the answers choose among."""
        return self._recognizer.labels

    @property
    def window(self) -> float:
        """Seconds of sound that an update answers for."""
        return self._recognizer.grid.window

    @property
    def delay(self) -> float:
        """Seconds after which a moment's place in the timeline is settled while speech goes on."""
        grid, card = self._recognizer.grid, self._recognizer.package.ear.card
        ahead = card.receptive // 2 / card.front_end.frame_rate
        reach = self._recognizer.smoothing.span // 2 * grid.hop
        return float(grid.window / 2 + grid.hop / 2 + ahead + reach + self.every)

    @property
    def baseline(self) -> SpeakerBaseline | None:
        """What was learned of the voice so far."""
        return self._voice.baseline

    @property
    def heard(self) -> float:
        """Seconds of sound fed so far."""
        return (self._ear.samples + sum(map(len, self._waiting))) / SAMPLE_RATE

    def feed(self, samples: NDArray[Any], *, arrived: float | None = None) -> list[Update]:
        """Take the next samples; give what they complete.

        Args:
            samples: 16 kHz, floats in [-1, 1], shape (samples,); any number of them.
            arrived: when they came, by `time.perf_counter`, where that was before this call.

        Raises:
            AudioError: they are not finite floats in one channel; nothing of them was heard.
            AffettoError: the recogniser was finished.
        """
        samples = one_channel(samples)
        arrived = time.perf_counter() if arrived is None else arrived
        updates: list[Update] = []
        at = 0
        while True:
            with self._at_work:
                self._check_open()
                # Worked on in pieces that end with an update: many small ones would cost more.
                part = samples[at : at + self._lacking]
                self._waiting.append(part)
                at += len(part)
                if self._lacking:
                    return updates
                updates += [self._update(piece, arrived) for piece in self._hear_waiting()]

    def catch_up(self, samples: NDArray[Any]) -> None:
        """Take samples whose updates nobody waits for: as `feed`, many times as fast.

        Args:
            samples: see `feed`; half a minute or more, to be fast.

        Raises:
            AudioError: they are not finite floats in one channel; nothing of them was heard.
            AffettoError: the recogniser was finished.
        """
        samples = one_channel(samples)
        with self._at_work:
            self._check_open()
            self._waiting.append(samples)
            # Both grids of blocks meet, so the updates to come lie where they would have lain.
            coarse = max(1, _COARSE // self._block) * self._block
            pieces = (
                self._ear.compute(coarse),
                self._hear_waiting(),
                self._ear.compute(self._block),
            )
            for piece in chain.from_iterable(pieces):
                self._note(piece)

    @property
    def _told_besides(self) -> NDArray[np.float32] | None:
        """What the model says besides, (windows, 1) or (windows, 3); None where it says nothing."""
        if not self._besides:
            return None
        columns = 1 if self._recognizer.package.says_emotions else 3
        return np.asarray(self._besides, np.float32).reshape(-1, columns)

    @property
    def _lacking(self) -> int:
        return self._ear.lacking - sum(map(len, self._waiting))

    def _hear_waiting(self) -> Iterator[Piece]:
        waiting = np.concatenate([np.empty(0, np.float32), *self._waiting])
        self._waiting = []
        if self._recent_sound is not None:
            self._recent_sound.feed(waiting)
        return self._ear.feed(waiting)

    def completes(self, count: float) -> bool:
        """Tell whether so many samples more complete an update; until then they only wait."""
        return count >= self._lacking

    def _check_open(self) -> None:
        if self._finished:
            raise AffettoError(
                "found the end of the sound behind, expected a LiveRecognizer for each sound: "
                "make another one"
            )

    def finish(self) -> Timeline:
        """End the sound; give the timeline of all that was heard.

        Raises:
            AffettoError: it was finished before.
        """
        with self._at_work:
            self._check_open()
            self._finished = True
            return self._end()

    def _end(self) -> Timeline:
        for piece in (*self._hear_waiting(), *self._ear.finish()):
            self._take(piece)
        kept = np.concatenate([np.empty((0, self._kept.width), np.float32), *self._kept.blocks()])
        self._kept.close()
        recognizer = self._recognizer
        regions = list(zip(self._regions[::2], self._regions[1::2], strict=True))
        answers = answer(
            regions,
            kept[:, :-2].astype(np.float64),
            kept[:, -2],
            kept[:, -1],
            labels=recognizer.labels,
            hop=recognizer.grid.hop,
            smoothing=recognizer.smoothing,
            besides=self._told_besides,
        )
        self.rest = tuple(answers.segments[self._told :])
        return lay_over(
            [answers] if self.heard else [],
            source=self.source,
            duration=self.heard,
            model=recognizer.package.card.title,
            labels=recognizer.labels if recognizer.package.says_emotions else (),
            grid=recognizer.grid,
            prior=recognizer.prior,
        )

    def updates(self, chunks: Iterable[NDArray[Any]]) -> Iterator[Update]:
        """Hear chunks as they come; give every update.

        Args:
            chunks: see `feed`.
        """
        for chunk in chunks:
            yield from self.feed(chunk)

    async def aupdates(self, chunks: AsyncIterable[NDArray[Any]]) -> AsyncIterator[Update]:
        """Hear chunks as they come, the computing in a thread beside the event loop's.

        Args:
            chunks: see `feed`.

        Examples:
            >>> async def show(microphone):
            ...     async for update in LiveRecognizer().aupdates(microphone):
            ...         print(update.emotion)
        """
        import asyncio  # costs what a short recording costs

        async for chunk in chunks:
            # Who is cancelled meanwhile waits for the thread: it can't be left at work alone.
            feeding = asyncio.ensure_future(asyncio.to_thread(self.feed, chunk))
            try:
                updates = await asyncio.shield(feeding)
            except asyncio.CancelledError:
                await asyncio.wait([feeding])
                raise
            for update in updates:
                yield update

    def _take(self, piece: Piece) -> tuple[Segment, ...]:
        """Keep what a stretch of sound completed; give the segments that are complete with it."""
        recognizer = self._recognizer
        judged = self._voice.hear(piece.windows, piece.weights, piece.clear)
        judged = restrict(judged, recognizer.columns)
        self._kept.append(
            np.concatenate(
                [judged, piece.weights[:, None], piece.speech[:, None]], axis=1, dtype=np.float32
            )
        )
        for region in piece.regions:
            self._regions.extend(region)
        if (said := says_besides(recognizer.package, piece.windows)) is not None:
            self._besides.extend(said.ravel().tolist())
        settled = self._ear.activity.settled
        complete = self._segments.feed(judged, piece.weights, piece.regions, settled=settled)
        if (besides := self._told_besides) is not None:
            complete = with_besides(complete, besides, hop=recognizer.grid.hop)
        if not self._finished:
            self._told += len(complete)
        return tuple(complete)

    def _note(self, piece: Piece) -> tuple[Segment, ...]:
        """Keep what a stretch of sound completed, and what updates tell of."""
        segments = self._take(piece)
        self._rows += len(piece.rows.frames)
        if self._recent_sound is None:
            self._recent.feed(piece.rows.frames, piece.rows.weights)
        return segments

    def _update(self, piece: Piece, arrived: float) -> Update:
        recognizer, rows = self._recognizer, piece.rows
        segments = self._note(piece)
        speaking = self._ear.activity.speaking
        scores: dict[str, float] = {}
        valence, arousal = 0.0, 0.0
        if speaking:
            recent = (self._recent_sound or self._recent).pooled()[None]
            if recognizer.package.says_emotions:
                judged = restrict(self._voice.judge(recent), recognizer.columns)[0]
                scores = dict(zip(recognizer.labels, judged.tolist(), strict=True))
                valence, arousal = project(scores)
            else:
                valence, arousal = recent[0, :2].tolist()
        top = max(scores, key=scores.__getitem__, default=None)
        told = self._rows * recognizer.grid.row_seconds
        return Update(
            time=told,
            emotion=top,
            scores=scores,
            confidence=scores[top] if top is not None else 0.0,
            valence=valence,
            arousal=arousal,
            speech=float(rows.probability[-1]),
            speaking=speaking,
            known_seconds=self.baseline.heard if self.baseline is not None else 0.0,
            latency=self.heard - told + time.perf_counter() - arrived,
            segments=segments,
        )
