"""What the server is and has: models, vocabulary, limits, health, counters."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from affetto import __version__
from affetto.emotions import CIRCUMPLEX, COLOURS, EMOJI, known_order
from affetto.formats import FORMATS
from affetto.models import available
from affetto.models.card import Card

if TYPE_CHECKING:
    from affetto.server.hall import Hall

__all__ = ["routes"]

_COUNTERS = 'affetto_recordings_total{outcome="heard"} 12.0'


class Corpus(BaseModel):
    """What a model was trained on."""

    corpus: str = Field(examples=["RAVDESS"])
    licence: str = Field(examples=["CC-BY-NC-SA-4.0"])


class Model(BaseModel):
    """What a model's card says of it."""

    name: str = Field(examples=["default"])
    version: str = Field(examples=["1"])
    description: str
    licence: str = Field(examples=["LicenseRef-Affetto-Weights-NonCommercial"])
    labels: list[str] = Field(description="What it can say.", examples=[["happy", "neutral"]])
    languages: list[str] = Field(examples=[["de", "en"]])
    window: float = Field(description="Seconds that an answer hears.", examples=[3.0])
    hop: float = Field(description="Seconds from answer to answer.", examples=[0.5])
    training: list[Corpus]
    results: dict[str, Any] = Field(description="Protocol → figures.")


class Models(BaseModel):
    """The models of a server."""

    loaded: list[str] = Field(
        description="Names; the first answers where none is named.", examples=[["default"]]
    )
    models: list[Model] = Field(description="Those that are loaded, then what else is here.")


class Word(BaseModel):
    """An emotion of the vocabulary."""

    name: str = Field(examples=["happy"])
    colour: str = Field(examples=["#f0c808"])
    emoji: str = Field(examples=["😊"])
    place: tuple[float, float] = Field(
        description="Valence and arousal that it stands for.", examples=[[0.8, 0.5]]
    )


class Form(BaseModel):
    """A format that answers come in."""

    name: str = Field(examples=["json"])
    suffix: str = Field(examples=[".json"])


class Limits(BaseModel):
    """The largest and the longest recording."""

    bytes: int = Field(examples=[500_000_000])
    seconds: float = Field(examples=[14_400.0])


class Words(BaseModel):
    """Whether what is said can be written down, and by what."""

    available: bool = Field(examples=[True])
    reason: str = Field(description="Why not.", examples=[""])
    transcriber: str = Field(
        description="What writes down, by its full name once it is open.",
        examples=["Whisper small"],
    )
    fallback: bool = Field(
        description="Whether that is only what comes with Affetto, which hears many words wrong."
    )
    languages: list[str] = Field(
        description="ISO 639-1 codes of what it understands; none where it isn't limited, or "
        "isn't known before it is open.",
        examples=[["en"]],
    )
    translator: str | None = Field(
        description="What translates into English.", examples=["Whisper small"]
    )
    streams: int = Field(ge=0, description="Live streams with words at once.", examples=[4])


class About(BaseModel):
    """What a server says and takes."""

    version: str = Field(examples=[__version__])
    emotions: list[Word]
    formats: list[Form]
    limits: Limits
    fetch: bool = Field(description="Whether requests may name a URL.", examples=[False])
    words: Words


class Health(BaseModel):
    """That a server works, and on how much."""

    status: Literal["ok"]
    version: str = Field(examples=[__version__])
    model: str = Field(description="The first's name and version.", examples=["default 1"])
    recordings: int = Field(description="At work, and waiting.", examples=[0])
    streams: int = Field(examples=[0])


def routes(hall: Hall) -> APIRouter:
    """Make the routes of a server."""
    router = APIRouter()

    @router.get("/v1/models", summary="The models of this server")
    async def models() -> Models:
        """Tell which are loaded, the first to answer where none is named, and what else is here."""
        loaded = {name: package.card for name, package in hall.packages.items()}
        names = {name: Card.read(folder / "card.yaml") for name, folder in available().items()}
        rest = {name: card for name, card in names.items() if name not in loaded}
        return Models(
            loaded=list(loaded),
            models=[_model(name, card) for name, card in (loaded | rest).items()],
        )

    @router.get("/v1/about", summary="What the server says and takes")
    async def about() -> About:
        """Tell the vocabulary with its colours, formats, limits, and what writes words down."""
        settings = hall.settings
        offer = await asyncio.to_thread(hall.words.offer)
        return About(
            version=__version__,
            emotions=[
                Word(name=name, colour=COLOURS[name], emoji=EMOJI[name], place=CIRCUMPLEX[name])
                for name in known_order()
            ],
            formats=[
                *(Form(name=form.name, suffix=form.suffix) for form in FORMATS.values()),
                Form(name="html", suffix=".html"),
            ],
            limits=Limits(bytes=settings.upload, seconds=settings.duration),
            fetch=settings.fetch,
            words=Words(**asdict(offer), streams=settings.words),
        )

    @router.get("/health", summary="Whether the server works", openapi_extra={"security": []})
    async def health() -> Health:
        """Answer without a token, for whoever watches over the server."""
        return Health(
            status="ok",
            version=__version__,
            model=hall.package().card.title,
            recordings=hall.recordings.taken + hall.worded_recordings.taken,
            streams=hall.streams.taken,
        )

    @router.get(
        "/metrics",
        summary="Counters for Prometheus",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": _COUNTERS}}}
        },
    )
    async def metrics() -> Response:
        """Give counters in Prometheus's text format."""
        return Response(hall.metrics.text(), media_type="text/plain; version=0.0.4")

    return router


def _model(name: str, card: Card) -> Model:
    """Give what a page shows of a model."""
    return Model(
        name=name,
        version=card.version,
        description=card.description,
        licence=card.licence,
        labels=[label.value for label in card.labels],
        languages=list(card.languages),
        window=card.window,
        hop=card.hop,
        training=[Corpus(**asdict(corpus)) for corpus in card.training],
        results=dict(card.results),
    )
