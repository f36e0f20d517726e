"""One live stream: bytes kept where that was asked for, then decoded, then heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from affetto.audio.pcm import ENCODINGS, PcmDecoder
from affetto.audio.pushed import PushedDecoder
from affetto.dsp import SAMPLE_RATE
from affetto.errors import AudioError, OptionError
from affetto.recognition import LiveRecognizer, Recognizer
from affetto.server.words import LANGUAGE, check_asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from affetto.models import ModelPackage
    from affetto.recognition.update import Update
    from affetto.server.sessions import Session
    from affetto.server.spoken import SpokenWords
    from affetto.timeline import Timeline
    from affetto.transcript import Phrase

__all__ = ["End", "Listener", "Start", "decoder_of"]

_MOST_WAITING = 65_536
_PIECE = 16_384
"""Bytes decoded at a time; a container may hold much in few."""

_TURN = SAMPLE_RATE
"""Samples heard at a time, so that no stream holds the others up."""

_TURN_AGAIN = 30 * SAMPLE_RATE
"""The same of what was heard before, which goes many times as fast."""

_NOTHING = np.empty(0, np.float32)

_LONGEST = 24 * 3600
"""Seconds of a stream."""


class Start(BaseModel):
    """What a client says first.

    Attributes:
        encoding: of bare samples; or a container, such as WebM, Ogg or FLAC, from its beginning.
        rate: hertz, of bare samples.
        channels: of bare samples, interleaved; their mean is heard.
        every: seconds of sound from update to update.
        model: one of those that are loaded; the first, else.
        keep: whether the server shall keep the sound until it is told to remove it, so that the
            stream can be gone on with after a break.
        session: to go on with; all else is as it was.
        after: seconds; of what was heard before the break, later updates are sent again.
        words: whether what is said shall be written down, too.
        language: ISO 639-1 code of what is said; detected where not given.
        translate: into English; where the server does that if not given.
        redact: whether names, numbers and addresses shall be masked in what is written down.
        after_words: seconds; of what was written down before the break, phrases that start later
            are sent again.
    """

    model_config = {"extra": "forbid"}

    type: Literal["start"]
    encoding: Literal["f32le", "s16le", "container"] = "f32le"
    rate: int = SAMPLE_RATE
    channels: int = 1
    every: float = Field(default=0.08, gt=0)
    model: str | None = Field(default=None, max_length=200)
    labels: str | None = Field(default=None, max_length=1000)
    window: float | None = None
    hop: float | None = None
    baseline: bool = True
    prior: str = Field(default="everyday", max_length=1000)
    source: str = Field(default="live", max_length=200)
    keep: bool = False
    session: str | None = Field(default=None, max_length=64)
    after: float | None = None
    words: bool = False
    language: str | None = Field(default=None, pattern=LANGUAGE, max_length=35)
    translate: bool | None = None
    redact: bool = False
    after_words: float | None = None


class End(BaseModel):
    """What a client says last.

    Attributes:
        keep: whether what was kept of the stream shall stay, to be fetched.
    """

    model_config = {"extra": "forbid"}

    type: Literal["end"]
    keep: bool = False


def decoder_of(start: Start) -> PcmDecoder | PushedDecoder:
    """Make what turns a stream's bytes into samples.

    Raises:
        OptionError: rate or channels are out of their range.
    """
    if start.encoding == "container":
        return PushedDecoder(source=start.source)
    return PcmDecoder(start.encoding, rate=start.rate, channels=start.channels)


class Listener:
    """Hear one stream.

    Args:
        start: what its client said first.
        package: the model.

    Attributes:
        live: hears it.
        session: keeps its bytes; None where they aren't kept (any more).
        words: what is said in it; None where nobody asked.
        window: seconds of sound that an update answers for.

    Raises:
        OptionError: an option is out of its range.
    """

    def __init__(self, start: Start, package: ModelPackage) -> None:
        check_asked(
            start.words, language=start.language, translate=start.translate, redact=start.redact
        )
        recognizer = Recognizer(
            package,
            labels=start.labels,
            window=start.window,
            hop=start.hop,
            baseline=start.baseline,
            prior=start.prior,
            causal=True,
        )
        self.live = LiveRecognizer(recognizer, every=start.every, source=start.source)
        self.session: Session | None = None
        self.words: SpokenWords | None = None
        self.window = recognizer.grid.window
        self._title = package.card.title
        self._waiting = bytearray()
        self._samples = _NOTHING
        self._decoder = decoder_of(start)
        self._samples_a_byte = float("inf")  # of a container: nobody knows before it is decoded
        if start.encoding != "container":
            size = ENCODINGS[start.encoding].itemsize * start.channels
            self._samples_a_byte = SAMPLE_RATE / start.rate / size

    @property
    def started(self) -> dict[str, Any]:
        """What is answered to the client's first message."""
        return {
            "type": "started",
            "model": self._title,
            "labels": list(self.live.labels),
            "every": self.live.every,
            "delay": round(self.live.delay, 3),
            "session": self.session.name if self.session is not None else None,
            "kept": self.kept,
            "words": self.words.name if self.words is not None else None,
        }

    @property
    def kept(self) -> int | None:
        """How many of the stream's bytes are kept; None where they aren't."""
        return self.session.kept if self.session is not None else None

    def add(self, data: bytes) -> bool:
        """Take bytes; tell whether it is worth a thread to hear those that wait."""
        self._waiting += data
        count = len(self._waiting)
        return count >= _MOST_WAITING or self.live.completes(count * self._samples_a_byte)

    @property
    def behind(self) -> bool:
        """Whether there is more to hear at once."""
        return bool(len(self._samples) or self._waiting)

    def hear(self, arrived: float) -> list[Update]:
        """Hear a little of what waits.

        Args:
            arrived: when the last of it came, by `time.perf_counter`.

        Raises:
            AudioError: it is no sound of the encoding that was named, or more than a day of it.
            OptionError: somebody else has the session.
        """
        if not len(self._samples):
            piece = bytes(self._waiting[:_PIECE])
            del self._waiting[:_PIECE]
            self._keep(piece)
            self._samples = self._decoder.feed(piece)
        part, self._samples = self._samples[:_TURN], self._samples[_TURN:]
        if self.live.heard > _LONGEST:
            raise AudioError("found more than a day of sound, expected less: begin another stream")
        updates = self.live.feed(part, arrived=arrived)
        self._hand(part, updates)
        return updates

    def _hand(self, samples: NDArray[np.float32], updates: Sequence[Update] = ()) -> None:
        if self.words is not None:
            self.words.hand(samples, updates)

    def note(self, phrases: Sequence[Phrase]) -> None:
        """Keep phrases that were written down, where the sound is kept."""
        if self.session is not None:
            self.session.note(phrases)

    def _keep(self, data: bytes) -> None:
        if self.session is not None and not self.session.append(data):
            self.check_held()
            self.session = None

    def check_held(self) -> None:
        """Make sure that nobody else has the session.

        Raises:
            OptionError: somebody has.
        """
        if self.session is not None and self.session.lost:
            raise OptionError(f"found this stream {self.session.lost}: it ends here")

    def hear_again(self, after: float) -> Iterator[list[Update]]:
        """Hear what the session kept, a little at a time.

        Args:
            after: seconds; updates up to there, as they were told, aren't given.
        """
        if self.session is None:
            return
        held, count = [_NOTHING], 0
        for block in self.session.blocks():
            for at in range(0, len(block), _PIECE):
                held.append(self._decoder.feed(block[at : at + _PIECE]))
                count += len(held[-1])
                if count >= _TURN_AGAIN:
                    yield from self._hear_again(np.concatenate(held), after)
                    held, count = [_NOTHING], 0
        yield from self._hear_again(np.concatenate(held), after)

    def _hear_again(self, samples: NDArray[np.float32], after: float) -> Iterator[list[Update]]:
        live = self.live
        known = min(len(samples), max(0.0, (after - live.heard) * SAMPLE_RATE))
        live.catch_up(samples[: int(known)])
        self._hand(samples[: int(known)])
        yield []
        for start in range(int(known), len(samples), _TURN):
            part = samples[start : start + _TURN]
            updates = live.feed(part)
            self._hand(part, updates)
            yield [update for update in updates if round(update.time, 3) > after]

    def finish(self) -> Timeline:
        """End the sound; give the timeline."""
        rest = self._decoder.finish()
        self._hand(rest, self.live.feed(rest))
        return self.live.finish()

    def close(self) -> None:
        """Let go of what a break leaves behind."""
        self._decoder.close()
        if self.words is not None:
            self.words.close()
