"""Speech to text by pocketsphinx, whose English model comes with its package.

Huggins-Daines et al. 2006, doi:10.1109/ICASSP.2006.1659988. It needs no network, no download and
little memory, and hears many words wrong: about a quarter of those of clear reading, more of
lively talk and of noise. It is what is left where no better recogniser is at hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.errors import MissingExtraError, OptionError, TranscriptionError
from affetto.recognition.hearing import one_channel
from affetto.transcript import Word
from affetto.words.transcribers.base import Partial, Spoken
from affetto.words.transcribers.phrasing import joined, moved, phrases_of, understood
from affetto.words.transcribers.utterances import UtteranceCutter, pcm16, utterances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from affetto.transcript import Phrase
    from affetto.words.transcribers.utterances import Piece

__all__ = ["SphinxStream", "SphinxTranscriber"]

_FRAMES = 100
"""Of the decoder in a second."""
_LEAD = 0.2
"""Seconds of quiet that the decoder wants before a sentence; without it the first word suffers."""
_LEARN = 1.0
"""Seconds that a stream hears before it says anything, to get used to the microphone."""
_LONG, _LONGEST = 15.0, 30.0
"""Seconds of an utterance after which a short quiet ends it, and after which it ends anyway: the
decoder's memory grows with its length."""
_OTHERS = (
    "for other languages take Whisper (whisper:small, say), or a server that speaks OpenAI's "
    "protocol (http://HOST:PORT/v1)"
)


class SphinxTranscriber:
    """Writes down English by pocketsphinx: an embedded fallback, with many errors.

    Raises:
        MissingExtraError: pocketsphinx isn't installed.
        TranscriptionError: its model can't be opened.

    Examples:
        >>> transcriber = SphinxTranscriber()  # doctest: +SKIP
        >>> transcriber.languages, transcriber.translates  # doctest: +SKIP
        (('en',), False)
        >>> transcriber.transcribe(np.zeros(16_000, np.float32)).phrases  # doctest: +SKIP
        ()
    """

    span = 30.0
    translates = False
    languages: tuple[str, ...] = ("en",)

    def __init__(self) -> None:
        try:
            import pocketsphinx
        except ImportError:
            raise MissingExtraError(
                "pocketsphinx", extra="words", purpose="the embedded speech recogniser"
            ) from None
        from importlib.metadata import version

        self._pocketsphinx = pocketsphinx
        self.name = (
            f"pocketsphinx {version('pocketsphinx')} (embedded fallback, English, many errors)"
        )
        # A decoder hears one utterance at a time; those that are free wait here.
        self._free: list[_Decoder] = [_Decoder(pocketsphinx)]

    def transcribe(
        self, samples: NDArray[Any], *, language: str | None = None, translate: bool = False
    ) -> Spoken:
        """Write down what is said.

        Args:
            samples: 16 kHz floats in [-1, 1], shape (samples,).
            language: "en", or not given.
            translate: can't be had here.

        Raises:
            OptionError: another language than English, or a translation.
            AudioError: the samples are not finite floats in one channel.
            TranscriptionError: the recogniser failed.
        """
        self._check(language)
        if translate:
            raise OptionError(
                f"found translate, which {self.name} can't: it understands English alone; take "
                "Whisper, a server, or no translation"
            )
        samples = one_channel(samples)
        phrases: list[Phrase] = []
        decoder = self.take()
        for piece in utterances(samples, long=_LONG, longest=_LONGEST):
            decoder.begin(piece.start == 0)
            decoder.hear_whole(piece.samples)
            phrases += decoder.end(piece.start, len(samples) / SAMPLE_RATE)
        self.give_back(decoder)
        return Spoken(tuple(phrases), language="en")

    def stream(self, *, language: str | None = None) -> SphinxStream:
        """Begin to write down what is being said.

        Args:
            language: "en", or not given.

        Raises:
            OptionError: another language than English.
        """
        self._check(language)
        return SphinxStream(self)

    def take(self) -> _Decoder:
        """Give a decoder that nobody uses; one that failed is not given back."""
        try:
            decoder = self._free.pop()
        except IndexError:  # asked first, it might be gone meanwhile: threads share it
            decoder = _Decoder(self._pocketsphinx)
        decoder.forget()
        return decoder

    def give_back(self, decoder: _Decoder) -> None:
        """Take a decoder back that is needed no longer."""
        self._free.append(decoder)

    def _check(self, language: str | None) -> None:
        understood(language, self.languages, name="pocketsphinx", other=_OTHERS)


class SphinxStream:
    """Writes down English while it is spoken; the decoder hears each sample once.

    Args:
        transcriber: lends its decoder.
    """

    def __init__(self, transcriber: SphinxTranscriber) -> None:
        self._transcriber = transcriber
        self._decoder: _Decoder | None = transcriber.take()
        self._cutter = UtteranceCutter(long=_LONG, longest=_LONGEST)
        self._start: int | None = None  # sample at which the open utterance begins
        self._samples = 0

    def feed(self, samples: NDArray[Any]) -> Partial:
        """Hear more; 16 kHz floats in [-1, 1], shape (samples,), of any length.

        Raises:
            AudioError: the samples are not finite floats in one channel.
            TranscriptionError: the recogniser failed, or the stream is over.
        """
        samples = one_channel(samples)
        self._samples += len(samples)
        return self._answer(self._cutter.feed(samples))

    def finish(self) -> Partial:
        """Say what was still held back; nothing may be fed afterwards.

        Raises:
            TranscriptionError: the recogniser failed, or the stream is over.
        """
        answer = self._answer(self._cutter.finish())
        if self._decoder is not None:
            self._transcriber.give_back(self._decoder)
            self._decoder = None
        return answer

    def _answer(self, pieces: list[Piece]) -> Partial:
        decoder = self._decoder
        if decoder is None:
            raise TranscriptionError("found more sound for a stream that is over: begin another")
        finished: list[Phrase] = []
        for piece in pieces:
            if piece.begins:
                decoder.begin(piece.start == 0)
                self._start = piece.start
            decoder.hear(piece.samples)
            if piece.ends and self._start is not None:
                finished += decoder.end(self._start, self._samples / SAMPLE_RATE)
                self._start = None
        words = [] if self._start is None else decoder.words(self._start)
        if not words:
            return Partial(tuple(finished))
        text = joined(word.text for word in words)
        return Partial(tuple(finished), text, max(0.0, words[0].start))


class _Decoder:
    """A decoder of pocketsphinx, and where the utterance lies that it hears."""

    def __init__(self, pocketsphinx: Any) -> None:
        try:
            # Its second pass (fwdflat) took a fifth of the time and mended nothing; its removal of
            # noise remembers what was heard before, and gained nothing, either.
            self._decoder = pocketsphinx.Decoder(
                samprate=float(SAMPLE_RATE), loglevel="FATAL", fwdflat=False, remove_noise=False
            )
        except (RuntimeError, ValueError) as error:
            raise TranscriptionError(
                f"pocketsphinx can't open its model ({error}); install it anew: "
                "pip install --force-reinstall pocketsphinx"
            ) from None
        self._lead = 0.0  # seconds of quiet that were laid before the utterance
        self._used_to = False  # whether it knows the microphone
        self._held = np.empty(0, np.float32)  # of the utterance, not yet heard

    def forget(self) -> None:
        """Hear the next utterance as if it were the first."""
        self._decoder.reinit_feat()
        self._used_to = False

    def begin(self, abrupt: bool) -> None:
        """Begin an utterance; an abrupt one has no quiet before it."""
        self._lead = _LEAD if abrupt else 0.0
        self._held = _quiet(self._lead)
        self._decoder.start_utt()

    def hear(self, samples: NDArray[np.float32]) -> None:
        """Hear more of the utterance."""
        self._held = np.concatenate([self._held, samples])
        if self._used_to or len(self._held) >= _LEARN * SAMPLE_RATE:
            self._decode()

    def hear_whole(self, samples: NDArray[np.float32]) -> None:
        """Hear the whole of the utterance, which is then normalised by all of itself."""
        self._process(np.concatenate([self._held, samples]), full_utt=True)
        self._held = self._held[:0]

    def end(self, start: int, duration: float) -> list[Phrase]:
        """End the utterance that began at a sample; give its phrases, in seconds of the stream."""
        self._decode()
        self._decoder.end_utt()
        offset = start / SAMPLE_RATE
        words = self.words(0)
        return [
            moved(phrase, offset)
            for phrase in phrases_of(words, duration=duration - offset, language="en")
        ]

    def words(self, start: int) -> list[Word]:
        """Give what was heard of the utterance so far, in seconds of the stream."""
        offset = start / SAMPLE_RATE - self._lead
        words = []
        for segment in self._decoder.seg() or ():
            # Fillers are <s>, <sil>, [NOISE], ++UH++; a number names a way to say the word.
            text = re.sub(r"\(\d+\)$", "", segment.word)
            if not re.match(r"[<\[+]", text):
                begun = offset + segment.start_frame / _FRAMES
                ended = offset + (segment.end_frame + 1) / _FRAMES
                words.append(Word(text, begun, ended, min(1.0, float(segment.prob))))
        return words

    def _decode(self) -> None:
        """Hear what is held."""
        if not len(self._held):
            return
        if not self._used_to:
            # Live, the mean of the cepstra is what it was until now, and to begin with a guess
            # that doubles the errors. A second of sound, measured without a search, mends that.
            self._process(self._held, no_search=True, full_utt=True)
            self._decoder.end_utt()
            self._decoder.start_utt()
            self._used_to = True
        self._process(self._held)
        self._held = self._held[:0]

    def _process(self, sound: NDArray[np.float32], **how: bool) -> None:
        try:
            self._decoder.process_raw(pcm16(sound), **how)
        except RuntimeError as error:
            raise TranscriptionError(
                f"pocketsphinx failed ({error}); try again, or take another recogniser"
            ) from None


def _quiet(seconds: float) -> NDArray[np.float32]:
    """Give quiet as a microphone hears it: pocketsphinx takes zeros for no sound at all."""
    generator = np.random.default_rng(0)
    return generator.normal(0.0, 1e-4, round(seconds * SAMPLE_RATE)).astype(np.float32)
