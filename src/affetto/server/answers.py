"""What the answers are: JSON of any text, and what the OpenAPI document says of them."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

__all__ = ["Error", "Json", "Timeline", "errors"]


class Json(JSONResponse):
    r"""JSON of any text.

    A file's name may hold bytes that are no UTF-8; Python keeps them as lone surrogates, which no
    UTF-8 takes. "\udc80" is how JSON spells one.
    """

    def render(self, content: Any) -> bytes:
        """Write it."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


class Error(BaseModel):
    """What was found, what was expected, what to do."""

    error: str = Field(examples=["talk.txt: found text, expected a sound or video file"])


_MEANINGS = {
    400: "What was sent can't be worked on.",
    401: "No token, or another one.",
    403: "A page of another site, or a host's name that isn't this server's.",
    404: "No such stream is kept (any more).",
    413: "The recording is larger than the server takes.",
    422: "No sound, or an option out of its range.",
    501: "What is said can't be written down here: something that it needs is missing.",
    502: "What writes down what is said, or translates it, failed.",
    503: "As many recordings as the server takes; see Retry-After.",
    504: "It took longer than the server allows.",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of a request, as its route wants them.

    Examples:
        >>> errors(413)[413]["description"]
        'The recording is larger than the server takes.'
    """
    described: dict[int | str, dict[str, Any]] = {
        status: {"model": Error, "description": _MEANINGS[status]} for status in statuses
    }
    if 503 in described:
        described[503]["headers"] = {
            "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
        }
    return described


class Segment(BaseModel):
    """A stretch of speech with one feeling."""

    start: float = Field(ge=0, description="Seconds.", examples=[0.24])
    end: float = Field(ge=0, description="Seconds.", examples=[2.9])
    emotion: str | None = Field(examples=["happy"])
    confidence: float = Field(ge=0, le=1, examples=[0.71])
    scores: dict[str, float] = Field(
        description="Probabilities.", examples=[{"happy": 0.71, "neutral": 0.29}]
    )
    valence: float = Field(ge=-1, le=1, examples=[0.48])
    arousal: float = Field(ge=-1, le=1, examples=[0.31])
    dominance: float | None = Field(None, ge=-1, le=1, description="Of a model that says it.")
    speaker: str | None = Field(description="Where that was asked for.", examples=["S1"])
    gender: str | None = Field(None, description="Of a model that says it.")
    text: str | None = Field(description="What is said, where that is known.", examples=[None])


class Moment(BaseModel):
    """The most confident segment of an emotion."""

    start: float = Field(ge=0, description="Seconds.", examples=[0.24])
    end: float = Field(ge=0, description="Seconds.", examples=[2.9])
    confidence: float = Field(ge=0, le=1, examples=[0.71])


class Summary(BaseModel):
    """What the segments come to."""

    share: dict[str, float] = Field(
        description="Emotion → its part of the speech.", examples=[{"happy": 1.0}]
    )
    dominant: str | None = Field(examples=["happy"])
    strongest: dict[str, Moment] = Field(
        examples=[{"happy": {"start": 0.24, "end": 2.9, "confidence": 0.71}}]
    )
    changes: int = Field(ge=0, description="Of the emotion, from segment to segment.", examples=[0])
    speech: float = Field(ge=0, description="Seconds.", examples=[2.66])
    valence: float | None = Field(description="The speech's mean.", examples=[0.48])
    arousal: float | None = Field(description="The speech's mean.", examples=[0.31])


class Track(BaseModel):
    """The windows behind the segments."""

    times: list[float] = Field(description="Seconds: their middles.", examples=[[0.25]])
    labels: list[str] = Field(examples=[["happy", "neutral"]])
    scores: list[list[float]] = Field(
        description="A row of probabilities a window.", examples=[[[0.71, 0.29]]]
    )
    speech: list[float] = Field(description="Probabilities of speech.", examples=[[0.98]])
    speakers: list[str | None] | None = Field(None, examples=[["S1"]])


class SpokenWord(BaseModel):
    """A word and when it is said."""

    text: str = Field(description="With the marks that hang on it.", examples=["fine."])
    start: float = Field(ge=0, description="Seconds.", examples=[0.61])
    end: float = Field(ge=0, description="Seconds.", examples=[0.98])
    confidence: float | None = Field(None, ge=0, le=1, description="Where the recogniser says it.")


class Phrase(BaseModel):
    """What one person says without a long pause, and what is felt in it."""

    start: float = Field(ge=0, description="Seconds.", examples=[0.3])
    end: float = Field(ge=0, description="Seconds.", examples=[1.1])
    text: str = Field(examples=["I'm fine."])
    speaker: str | None = Field(description="Where voices are told apart.", examples=["S1"])
    language: str | None = Field(description="ISO 639-1.", examples=["en"])
    emotion: str | None = Field(description="By words and voice together.", examples=["sad"])
    scores: dict[str, float] = Field(
        description="Probabilities by words and voice together.", examples=[{"sad": 0.6}]
    )
    voice: dict[str, float] = Field(description="By the voice alone.", examples=[{"sad": 0.8}])
    wording: dict[str, float] = Field(description="By the words alone.", examples=[{"happy": 0.9}])
    voice_emotion: str | None = Field(examples=["sad"])
    wording_emotion: str | None = Field(examples=["happy"])
    incongruence: float | None = Field(
        ge=0, le=1, description="How likely voice and words disagree.", examples=[0.74]
    )
    translation: str | None = Field(None, description="In English, where that was asked for.")
    words: list[SpokenWord] = Field(description="Of recognisers that know their times.")


class Transcript(BaseModel):
    """What is said, phrase by phrase."""

    language: str | None = Field(description="Of most of it, ISO 639-1.", examples=["en"])
    transcriber: str = Field(examples=["Whisper small"])
    model: str = Field(description="What judged the words.", examples=["words-default 1"])
    weight: float = Field(
        ge=0, description="Of the words in what is said of both together.", examples=[0.5]
    )
    phrases: list[Phrase]
    translator: str | None = Field(None, description="Where something was translated.")


class Timeline(BaseModel):
    """Emotion over time, as `affetto analyze --format json` writes it."""

    model_config = {"allow_inf_nan": False}

    source: str = Field(examples=["talk.mp3"])
    duration: float = Field(ge=0, description="Seconds.", examples=[3.2])
    model: str = Field(description="Its name and version.", examples=["default 1"])
    prior: dict[str, float] = Field(
        description="How many times as common emotions were taken to be as those not named.",
        examples=[{"neutral": 3.0, "calm": 3.0}],
    )
    segments: list[Segment]
    summary: Summary
    speakers: list[str] | None = Field(None, examples=[["S1"]])
    warnings: list[str] | None = Field(None, examples=[[]])
    words: Transcript | None = Field(None, description="What is said, where it was asked for.")
    track: Track | None = Field(None, description="Where it was asked for.")
    drawing: dict[str, Any] | None = Field(
        None, description="Where it was asked for; it changes with the page that draws it."
    )
