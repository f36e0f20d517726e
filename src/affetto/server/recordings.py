"""Whole recordings, and what the server is: the REST side."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from affetto import __version__
from affetto.api import analyze
from affetto.audio.source import source_name
from affetto.errors import AudioError
from affetto.formats import to_csv
from affetto.models import available
from affetto.models.card import Card
from affetto.recognition import Recognizer
from affetto.server.uploads import received
from affetto.server.workers import BusyError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from affetto.server.app import Hall
    from affetto.timeline import Timeline

__all__ = ["routes"]

_SOUND = {"type": "string", "format": "binary"}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": _SOUND}, "required": ["file"]}
            },
            "application/octet-stream": {"schema": _SOUND},
        },
    }
}
_EXAMPLE = {
    "source": "talk.mp3",
    "duration": 3.2,
    "model": "default 1",
    "prior": {"neutral": 3.0, "calm": 3.0},
    "segments": [
        {
            "start": 0.24,
            "end": 2.9,
            "emotion": "happy",
            "confidence": 0.71,
            "scores": {"happy": 0.71, "neutral": 0.29},
            "valence": 0.48,
            "arousal": 0.31,
        }
    ],
    "summary": {"dominant": "happy", "share": {"happy": 1.0}, "speech": 2.66},
}


def routes(hall: Hall) -> APIRouter:
    """Make the routes of a server."""
    router = APIRouter()
    errors: dict[int | str, dict[str, Any]] = {
        status: {
            "description": what,
            "content": {"application/json": {"example": {"error": "talk.txt: is no sound"}}},
        }
        for status, what in {
            400: "What was sent can't be worked on.",
            413: "The recording is larger than the server takes.",
            422: "No sound, or an option out of its range.",
            503: "As many recordings as the server takes; see Retry-After.",
            504: "It took longer than the server allows.",
        }.items()
    }

    @router.post(
        "/v1/analyze",
        summary="Hear the feeling in a recording",
        openapi_extra=_BODY,
        responses={
            200: {
                "content": {
                    "application/json": {"example": _EXAMPLE},
                    "text/csv": {},
                    "text/html": {},
                },
                "description": "The timeline.",
            },
            **errors,
        },
        response_class=Response,
    )
    async def analyze_recording(
        request: Request,
        form: Annotated[Literal["json", "csv", "html"], Query(alias="format")] = "json",
        labels: Annotated[
            str | None, Query(description="The only answers allowed: angry,neutral.")
        ] = None,
        window: Annotated[float | None, Query(description="Seconds an answer hears.")] = None,
        hop: Annotated[float, Query(description="Seconds from answer to answer.")] = 0.5,
        baseline: Annotated[bool, Query(description="Learn how each voice sounds.")] = True,
        prior: Annotated[
            str, Query(description="How common each emotion is: everyday, even, angry=2.")
        ] = "everyday",
        speakers: Annotated[
            int | None, Query(ge=0, le=50, description="Tell so many apart; 0 finds how many.")
        ] = None,
        channels: Literal["mix", "separate"] = "mix",
        track: Annotated[bool, Query(description="JSON: with every window.")] = False,
    ) -> Response:
        """Send the recording as the part `file` of a form, or as the body itself.

        `curl -F file=@talk.mp3 localhost:8723/v1/analyze`
        """
        options: dict[str, Any] = {
            "labels": labels,
            "window": window,
            "hop": hop,
            "baseline": baseline,
            "prior": prior,
            "speakers": False if speakers is None else speakers or True,
        }
        began, outcome = time.monotonic(), "failed"
        try:
            with hall.recordings.take():
                recognizer = Recognizer(hall.package, **options)
                async with received(request, most=hall.settings.upload) as (file, name):
                    timeline = await hall.recording_workers.run_stoppable(
                        lambda look: _hear(hall, recognizer, file, name, channels, look),
                        gone=request.is_disconnected,
                        timeout=hall.settings.timeout,
                    )
                    answer = await hall.recording_workers.run(
                        lambda: _written(timeline, form, file, track=track)
                    )
            outcome = "heard"
            hall.metrics.heard.labels("recordings").inc(timeline.duration)
        except BusyError:
            outcome = "refused"
            raise
        except StoppedError:
            outcome = "stopped"
            raise
        finally:
            hall.metrics.recordings.labels(outcome).inc()
            hall.metrics.work.observe(time.monotonic() - began)
        return answer

    @router.get("/v1/models", summary="The models of this server")
    async def models() -> dict[str, Any]:
        """Tell what is loaded, and what else is installed."""
        loaded = hall.package.card
        names = {name: Card.read(folder / "card.yaml") for name, folder in available().items()}
        cards = {loaded.name: loaded} | names
        return {
            "loaded": loaded.name,
            "models": [_card(card) for card in cards.values()],
        }

    @router.get("/health", summary="Whether the server works")
    async def health() -> dict[str, Any]:
        """Answer without a token, for whoever watches over the server."""
        return {
            "status": "ok",
            "version": __version__,
            "model": hall.package.card.title,
            "recordings": hall.recordings.taken,
            "streams": hall.streams.taken,
        }

    @router.get("/metrics", summary="Counters for Prometheus", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Give counters in Prometheus's text format."""
        return Response(hall.metrics.text(), media_type="text/plain; version=0.0.4")

    return router


def _hear(
    hall: Hall,
    recognizer: Recognizer,
    file: BinaryIO,
    name: str,
    channels: Literal["mix", "separate"],
    look: Callable[[], None],
) -> Timeline:
    """Hear a recording in a worker."""
    longest = hall.settings.duration

    def progress(heard: float, _: float | None) -> None:
        look()
        if heard > longest:
            raise AudioError(
                f"{name}: found more than {longest / 3600:g} hours of sound, expected less: "
                "send it in parts"
            )

    look()
    try:
        timeline = analyze(file, model=recognizer, channels=channels, progress=progress)
    except AudioError as error:
        # The road knows a file object by no name.
        raise AudioError(str(error).replace(source_name(file), name, 1)) from None
    return replace(timeline, source=name)


def _written(timeline: Timeline, form: str, file: BinaryIO, *, track: bool) -> Response:
    """Write a timeline as it was asked for."""
    if form == "csv":
        return Response(to_csv([timeline]), media_type="text/csv")
    if form == "html":
        from affetto import audio
        from affetto.report import EMBED_SECONDS, html

        samples = None
        # The whole sound of a longer recording would have to lie in memory.
        if timeline.duration <= EMBED_SECONDS:
            file.seek(0)
            samples = audio.load(file).samples
        return HTMLResponse(html(timeline, samples))
    return JSONResponse(timeline.to_dict(track=track))


def _card(card: Card) -> dict[str, Any]:
    """Give what a page shows of a model."""
    return {
        "name": card.name,
        "version": card.version,
        "description": card.description,
        "licence": card.licence,
        "labels": [label.value for label in card.labels],
        "languages": list(card.languages),
        "window": card.window,
        "hop": card.hop,
        "results": card.results,
    }
