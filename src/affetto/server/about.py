"""What the server is and has: models, vocabulary, limits, health, counters."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from affetto import __version__
from affetto.emotions import CIRCUMPLEX, COLOURS, EMOJI, known_order
from affetto.formats import FORMATS
from affetto.models import available
from affetto.models.card import Card

if TYPE_CHECKING:
    from affetto.server.hall import Hall

__all__ = ["routes"]


def routes(hall: Hall) -> APIRouter:
    """Make the routes of a server."""
    router = APIRouter()

    @router.get("/v1/models", summary="The models of this server")
    async def models() -> dict[str, Any]:
        """Tell which are loaded, the first to answer where none is named, and what else is here."""
        loaded = {name: package.card for name, package in hall.packages.items()}
        names = {name: Card.read(folder / "card.yaml") for name, folder in available().items()}
        rest = {name: card for name, card in names.items() if name not in loaded}
        return {
            "loaded": list(loaded),
            "models": [_card(name, card) for name, card in (loaded | rest).items()],
        }

    @router.get("/v1/about", summary="What the server says and takes")
    async def about() -> dict[str, Any]:
        """Tell the vocabulary with its colours, the formats and the limits."""
        settings = hall.settings
        return {
            "version": __version__,
            "emotions": [
                {
                    "name": name,
                    "colour": COLOURS[name],
                    "emoji": EMOJI[name],
                    "place": CIRCUMPLEX[name],
                }
                for name in known_order()
            ],
            "formats": [
                *({"name": form.name, "suffix": form.suffix} for form in FORMATS.values()),
                {"name": "html", "suffix": ".html"},
            ],
            "limits": {"bytes": settings.upload, "seconds": settings.duration},
            "fetch": settings.fetch,
        }

    @router.get("/health", summary="Whether the server works")
    async def health() -> dict[str, Any]:
        """Answer without a token, for whoever watches over the server."""
        return {
            "status": "ok",
            "version": __version__,
            "model": hall.package().card.title,
            "recordings": hall.recordings.taken,
            "streams": hall.streams.taken,
        }

    @router.get("/metrics", summary="Counters for Prometheus", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Give counters in Prometheus's text format."""
        return Response(hall.metrics.text(), media_type="text/plain; version=0.0.4")

    return router


def _card(name: str, card: Card) -> dict[str, Any]:
    """Give what a page shows of a model."""
    return {
        "name": name,
        "version": card.version,
        "description": card.description,
        "licence": card.licence,
        "labels": [label.value for label in card.labels],
        "languages": list(card.languages),
        "window": card.window,
        "hop": card.hop,
        "training": [asdict(corpus) for corpus in card.training],
        "results": card.results,
    }
