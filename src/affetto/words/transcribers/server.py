"""Speech to text by a server that speaks OpenAI's protocol.

OpenAI's own does, and so do those that run Whisper and its like on a machine of one's own:
speaches, LocalAI, vLLM. Not all give words with their times; what they give is taken.
"""

from __future__ import annotations

import io
import math
import wave
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeGuard

from affetto.dsp import SAMPLE_RATE
from affetto.errors import OptionError, TranscriptionError
from affetto.recognition.hearing import one_channel
from affetto.transcript import Word
from affetto.words.openai_server import open_server
from affetto.words.transcribers.base import Spoken
from affetto.words.transcribers.language_names import code_of
from affetto.words.transcribers.phrasing import made_up, phrases_of, put_right, understood
from affetto.words.transcribers.utterances import faint, pcm16

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from affetto.transcript import Phrase
    from affetto.words.transcribers.streaming import AgreeingStream

__all__ = ["ServerTranscriber"]

_MODEL = "whisper-1"
"""What OpenAI calls its Whisper; most servers of one model take any name."""
_NOT_THIS_FORM = (400, 415, 422, 501)
"""What servers answer that don't know `verbose_json` or times of words."""


class ServerTranscriber:
    """Writes down speech by a server.

    Args:
        url: where the protocol begins, mostly at `/v1`.
        model: as the server calls it.
        key: of the server, where it wants one; else OPENAI_API_KEY, which doesn't leave this
            machine unencrypted: over plain http to another one only a key goes that is given here.
        timeout: seconds that an answer may take.

    Raises:
        OptionError: the address is none, or the timeout not above 0.
        MissingExtraError: the package openai isn't installed.

    Examples:
        >>> transcriber = ServerTranscriber("http://localhost:8000/v1")  # doctest: +SKIP
        >>> transcriber.name  # doctest: +SKIP
        'whisper-1 at localhost:8000'
        >>> transcriber.transcribe(samples).language  # doctest: +SKIP
        'en'
    """

    span = 30.0
    translates = True
    languages: tuple[str, ...] = ()

    def __init__(
        self, url: str, *, model: str | None = None, key: str | None = None, timeout: float = 120.0
    ) -> None:
        if not timeout > 0:
            raise OptionError(f"found timeout={timeout}, expected seconds above 0")
        self._server = open_server(
            url,
            kind="speech server",
            purpose="transcription by a server",
            example="http://localhost:8000/v1",
            key=key,
            timeout=timeout,
        )
        self._model = model or _MODEL
        self._plain = False  # whether the server gives the text alone
        self.name = f"{self._model} at {self._server.host}"

    def transcribe(
        self, samples: NDArray[Any], *, language: str | None = None, translate: bool = False
    ) -> Spoken:
        """Write down what is said; where the server gives no times, in one phrase.

        Args:
            samples: 16 kHz floats in [-1, 1], shape (samples,).
            language: ISO 639-1 code of what is said; detected where not given.
            translate: give English instead.

        Raises:
            AudioError: the samples are not finite floats in one channel.
            TranscriptionError: no way to the server, it refuses, or answers something else.
        """
        language = understood(language, (), name=self.name, other="")
        samples = one_channel(samples)
        if faint(samples):
            return Spoken((), language=language, translated=translate)
        answer = self._ask(_wav(samples), language, translate)
        said = code_of(answer.get("language"))
        if translate and said == "en":
            said = None  # of what it gives, not of what it heard
        found = language or said
        phrases = _phrases(answer, len(samples) / SAMPLE_RATE, "en" if translate else found)
        return Spoken(tuple(phrases), language=found, translated=translate)

    def stream(self, *, language: str | None = None) -> AgreeingStream:
        """Begin to write down what is being said.

        Args:
            language: ISO 639-1 code; left to the server where not given.
        """
        from affetto.words.transcribers.streaming import AgreeingStream

        return AgreeingStream(self, language=understood(language, (), name=self.name, other=""))

    def _ask(self, sound: bytes, language: str | None, translate: bool) -> Mapping[str, Any]:
        """Give the server's answer, in the richest form that it knows."""
        if not self._plain:
            rich: dict[str, Any] = {"response_format": "verbose_json"}
            if not translate:
                rich["timestamp_granularities"] = ["word", "segment"]
            try:
                return self._post(sound, rich, language, translate)
            except self._server.openai.APIStatusError as error:
                if error.status_code not in _NOT_THIS_FORM:
                    raise TranscriptionError(self._explained(error)) from None
            except (self._server.openai.OpenAIError, ValueError) as error:
                raise TranscriptionError(self._explained(error)) from None
        try:
            answer = self._post(sound, {"response_format": "json"}, language, translate)
        except (self._server.openai.OpenAIError, ValueError) as error:
            raise TranscriptionError(self._explained(error)) from None
        self._plain = True
        return answer

    def _post(
        self, sound: bytes, form: Mapping[str, Any], language: str | None, translate: bool
    ) -> Mapping[str, Any]:
        fields: dict[str, Any] = {"model": self._model, "temperature": 0, **form}
        if language is not None and not translate:
            fields["language"] = language
        # The client's own methods read answers leniently: what is missing would pass unnoticed.
        answer = self._server.client.post(
            "/audio/translations" if translate else "/audio/transcriptions",
            cast_to=object,
            body=fields,
            files={"file": ("sound.wav", sound, "audio/wav")},
            options={"headers": {"Content-Type": "multipart/form-data"}},
        )
        if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
            raise ValueError
        return answer

    def _explained(self, error: Exception) -> str:
        """Say what went wrong and what to do."""
        url = self._server.url
        if getattr(error, "status_code", None) == 413:
            return f"{url} answered 413: the sound is too long for it; take another server"
        told = self._server.explained(error, does="transcription", model=self._model, quoting=True)
        return told or (
            f"{url}: found an answer of another form, expected JSON with a text, as OpenAI's "
            "/audio/transcriptions gives it; the address ends in /v1 as a rule"
        )


def _wav(samples: NDArray[Any]) -> bytes:
    """Give samples as a WAV file of 16 bits: every server reads those."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes(pcm16(samples))
    return file.getvalue()


def _phrases(answer: Mapping[str, Any], duration: float, language: str | None) -> list[Phrase]:
    """Give what a server heard: by words, else by segments, else in one phrase."""
    whole = {"start": 0.0, "end": duration, "text": answer["text"]}
    segments = _rows(answer, "segments", "text") or [whole]
    rows = _rows(answer, "words", "word")
    if not rows:  # some servers keep the words of a segment within it
        rows = [row for segment in segments for row in _rows(segment, "words", "word")]
    words = [
        Word(row["word"], float(row["start"]), float(row["end"]), _probability(row)) for row in rows
    ]
    phrases: list[Phrase] = []
    for number, segment in enumerate(segments, start=1):
        count = len(words)
        if number < len(segments):
            middles = [(word.start + word.end) / 2 for word in words]
            count = sum(middle < float(segment["end"]) for middle in middles)
        inside, words = words[:count], words[count:]
        if _believable(segment):
            phrases += _of_segment(segment, inside, duration, language)
    return phrases


def _of_segment(
    segment: Mapping[str, Any], words: list[Word], duration: float, language: str | None
) -> list[Phrase]:
    text = str(segment["text"]).strip()
    if put_right(words, duration):
        # Words come without their marks, which the text has.
        written = text.split()
        if [_letters(word.text) for word in words] == [_letters(token) for token in written]:
            words = [replace(w, text=token) for w, token in zip(words, written, strict=True)]
        return phrases_of(words, duration=duration, language=language, text=text)
    start, end = float(segment["start"]), float(segment["end"])
    whole = phrases_of([Word(text, start, end)], duration=duration, language=language)
    return [replace(phrase, words=()) for phrase in whole]


def _rows(answer: Mapping[str, Any], name: str, text: str) -> list[dict[str, Any]]:
    """Give the rows of a list that have a text and times; some servers send half of one."""
    rows = answer.get(name)
    return [
        row
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict)
        and isinstance(row.get(text), str)
        and all(_is_number(row.get(time)) for time in ("start", "end"))
    ]


def _believable(segment: Mapping[str, Any]) -> bool:
    """Tell whether somebody said this, or the model made it up, where the server says as much."""
    doubt, sure = segment.get("no_speech_prob"), segment.get("avg_logprob")
    return not (_is_number(doubt) and _is_number(sure) and made_up(doubt, sure))


def _probability(row: Mapping[str, Any]) -> float | None:
    value = row.get("probability")
    return float(value) if _is_number(value) else None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
