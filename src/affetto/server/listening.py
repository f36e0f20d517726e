"""One live stream: bytes kept where that was asked for, then decoded, then heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from affetto.audio.pcm import ENCODINGS, PcmDecoder
from affetto.audio.pushed import PushedDecoder
from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError
from affetto.recognition import LiveRecognizer, Recognizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from affetto.models import ModelPackage
    from affetto.recognition.live import Update
    from affetto.server.sessions import Session
    from affetto.timeline import Timeline

__all__ = ["End", "Listening", "Start", "decoder_of"]

_MOST_WAITING = 65_536


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
    """

    model_config = {"extra": "forbid"}

    type: Literal["start"]
    encoding: Literal["f32le", "s16le", "container"] = "f32le"
    rate: int = SAMPLE_RATE
    channels: int = 1
    every: float = Field(default=0.08, gt=0)
    model: str | None = None
    labels: str | None = None
    window: float | None = None
    hop: float | None = None
    baseline: bool = True
    prior: str = "everyday"
    source: str = Field(default="live", max_length=200)
    keep: bool = False
    session: str | None = None
    after: float | None = None


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


class Listening:
    """Hear one stream.

    Args:
        start: what its client said first.
        package: the model.
        session: keeps its bytes; None where they aren't kept.

    Attributes:
        live: hears it.
        session: None from the moment on when its bytes are kept no more.

    Raises:
        OptionError: an option is out of its range.
    """

    def __init__(self, start: Start, package: ModelPackage, session: Session | None) -> None:
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
        self._title = package.card.title
        self.session = session
        self._waiting = bytearray()
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
        }

    @property
    def kept(self) -> int | None:
        """How many of the stream's bytes are kept; None where they aren't."""
        return self.session.kept if self.session is not None else None

    def take(self, data: bytes) -> bool:
        """Take bytes; tell whether it is worth a thread to hear those that wait."""
        self._waiting += data
        count = len(self._waiting)
        return count >= _MOST_WAITING or self.live.completes(count * self._samples_a_byte)

    def hear(self) -> list[Update]:
        """Hear what waits.

        Raises:
            AudioError: it is no sound of the encoding that was named.
            OptionError: another connection goes on with this stream.
        """
        data = bytes(self._waiting)
        self._waiting.clear()
        if self.session is not None and not self.session.append(data):
            if self.session.taken:
                raise OptionError("found this stream gone on with elsewhere: it ends here")
            self.session = None
        return self.live.feed(self._decoder.feed(data))

    def hear_again(self, after: float) -> Iterator[list[Update]]:
        """Hear what the session kept, part by part.

        Args:
            after: seconds; updates up to there aren't given.
        """
        if self.session is None:
            return
        for block in self.session.blocks():
            updates = self.live.feed(self._decoder.feed(block))
            yield [update for update in updates if update.time > after]

    def finish(self) -> Timeline:
        """End the sound; give the timeline."""
        self.hear()
        self.live.feed(self._decoder.finish())
        return self.live.finish()

    def close(self) -> None:
        """Let go of what a break leaves behind."""
        self._decoder.close()
