"""Whole recordings over HTTP: heard, and written in any format."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from affetto import audio
from affetto.api import analyze
from affetto.audio.source import source_name
from affetto.errors import AudioError, OptionError
from affetto.recognition import Recognizer
from affetto.server.answers import errors
from affetto.server.fetch import fetched
from affetto.server.sent import Sent
from affetto.server.timelines import read_timeline
from affetto.server.uploads import Bounds, received, received_parts
from affetto.server.words import LANGUAGE, check_asked
from affetto.server.workers import BusyError, StoppedError
from affetto.server.written import ANSWERS, FORMS, WORD_ANSWERS, written
from affetto.speech.windows import LONGEST_WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    from affetto.server.hall import Hall
    from affetto.timeline import Timeline
    from affetto.words import WordListener

__all__ = ["routes"]

_SOUND = {"type": "string", "format": "binary"}
_BODY = {
    "requestBody": {
        "required": False,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": _SOUND}, "required": ["file"]}
            },
            "application/octet-stream": {"schema": _SOUND},
        },
    }
}
_CONVERSION = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"timeline": _SOUND, "file": _SOUND},
                    "required": ["timeline"],
                }
            }
        },
    }
}
_SECONDS: dict[str, Any] = {"exclusiveMinimum": 0, "maximum": LONGEST_WINDOW}
"""For the document; the recogniser says it better when it isn't so."""

_BYTES: dict[str, Any] = {
    "content": {"application/octet-stream": {"schema": _SOUND}},
    "description": "Its bytes.",
}

_FETCHING = 60.0
"""Seconds in which a recording elsewhere must be there."""

_Form = Annotated[str, Query(alias="format", json_schema_extra={"enum": list(FORMS)})]


def routes(hall: Hall) -> APIRouter:
    """Make the routes of a server."""
    router = APIRouter(dependencies=[Depends(_refuse_unknown)])

    @router.post(
        "/v1/analyze",
        summary="Hear the feeling in a recording",
        openapi_extra=_BODY,
        responses=WORD_ANSWERS,
        response_class=Response,
    )
    async def analyze_recording(
        request: Request,
        form: _Form = "json",
        url: Annotated[
            str | None,
            Query(description="Where the recording is, if the server fetches; else send it."),
        ] = None,
        model: Annotated[
            str | None, Query(description="One of those that are loaded; the first, else.")
        ] = None,
        labels: Annotated[
            str | None, Query(description="The only answers allowed: angry,neutral.")
        ] = None,
        window: Annotated[
            float | None, Query(description="Seconds an answer hears.", json_schema_extra=_SECONDS)
        ] = None,
        hop: Annotated[
            float, Query(description="Seconds from answer to answer.", json_schema_extra=_SECONDS)
        ] = 0.5,
        baseline: Annotated[bool, Query(description="Learn how each voice sounds.")] = True,
        prior: Annotated[
            str, Query(description="How common each emotion is: everyday, even, angry=2.")
        ] = "everyday",
        causal: Annotated[bool, Query(description="As it would have been told live.")] = False,
        speakers: Annotated[
            int | None, Query(ge=0, le=50, description="Tell so many apart; 0 finds how many.")
        ] = None,
        channels: Literal["mix", "separate"] = "mix",
        words: Annotated[
            bool, Query(description="Write down what is said; hear words and voice together.")
        ] = False,
        language: Annotated[
            str | None,
            Query(
                description="With words: of what is said, such as en; else detected.",
                pattern=LANGUAGE,
                max_length=35,
            ),
        ] = None,
        translate: Annotated[
            bool | None,
            Query(description="With words: into English; where the server does that, else."),
        ] = None,
        redact: Annotated[
            bool, Query(description="With words: mask names, numbers and addresses in the text.")
        ] = False,
        track: Annotated[bool, Query(description="JSON: with every window.")] = False,
        drawing: Annotated[
            bool, Query(description="JSON: with what a page draws, such as the waveform.")
        ] = False,
    ) -> Response:
        """Send the recording as the part `file` of a form, or as the body itself.

        `curl -F file=@talk.mp3 localhost:8723/v1/analyze`
        """
        _check_form(form)
        options: dict[str, Any] = {
            "labels": labels,
            "window": window,
            "hop": hop,
            "baseline": baseline,
            "prior": prior,
            "causal": causal,
            "speakers": False if speakers is None else speakers or True,
        }
        check_asked(words, language=language, translate=translate, redact=redact)
        with _counted(hall), hall.files.take():
            recognizer = Recognizer(hall.package(model), **options)
            slots = hall.worded_recordings if words else hall.recordings
            workers = hall.worded_recording_workers if words else hall.recording_workers
            slots.check()  # who would be refused later need not send it all
            listener: WordListener | None = None
            if words:
                listener = await hall.words.listener(
                    language=language, translate=translate, redact=redact
                )
            async with _sound(hall, request, url) as (file, name):

                def work(look: Callable[[], None]) -> tuple[Response, float]:
                    timeline = _hear(hall, recognizer, file, name, channels, look)
                    if listener is not None:
                        timeline = _write_down(listener, timeline, file, name, channels, look)
                    answer = written(timeline, form, file, look, track=track, drawing=drawing)
                    return answer, timeline.duration

                answer, seconds = await workers.run_stoppable(
                    work,
                    slots=slots,
                    gone=request.is_disconnected,
                    timeout=hall.settings.timeout,
                )
        hall.metrics.heard.labels("recordings").inc(seconds)
        if words:
            hall.metrics.heard.labels("words").inc(seconds)
        return answer

    @router.post(
        "/v1/fetch",
        summary="The recording at an address",
        responses={200: _BYTES, **errors(413, 422, 503)},
        response_class=Response,
    )
    async def fetch(url: Annotated[str, Query(description="Of a public host.")]) -> Response:
        """Fetch a recording, if the server does that, for a page that also plays it."""
        async with AsyncExitStack() as opened:
            opened.enter_context(hall.files.take())
            file, name = await opened.enter_async_context(_elsewhere(hall, url))
            # Whatever it is, no browser shall take it for a page of this server.
            said = f"attachment; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
            return Sent(
                file,
                media="application/octet-stream",
                headers={"content-disposition": said},
                timeout=hall.settings.timeout,
                opened=opened.pop_all(),
            )

    @router.post(
        "/v1/convert",
        summary="Write a timeline in another format",
        openapi_extra=_CONVERSION,
        responses=ANSWERS,
        response_class=Response,
    )
    async def convert(
        request: Request,
        form: _Form = "json",
        track: Annotated[bool, Query(description="JSON: with every window.")] = True,
        drawing: Annotated[
            bool, Query(description="JSON: with what a page draws, such as the waveform.")
        ] = False,
    ) -> Response:
        """Send the timeline, as JSON, as the part `timeline` of a form; nothing is heard again.

        With the recording as the part `file`, the report holds its sound.
        """
        _check_form(form)
        with hall.files.take():
            hall.recordings.check()
            async with received_parts(
                request, _bounds(hall), names=("timeline",), optional=("file",)
            ) as parts:
                sound, name = parts.get("file", (None, ""))

                def work(look: Callable[[], None]) -> Response:
                    timeline = read_timeline(parts["timeline"][0])
                    ends = [segment.end for segment in timeline]
                    _check_length(hall, "timeline", max([timeline.duration, *ends]))
                    look()
                    with _called(name, sound):
                        return written(timeline, form, sound, look, track=track, drawing=drawing)

                return await hall.recording_workers.run_stoppable(
                    work,
                    slots=hall.recordings,
                    gone=request.is_disconnected,
                    timeout=hall.settings.timeout,
                )

    return router


async def _refuse_unknown(request: Request) -> None:
    """Refuse an option that does nothing: it may be misspelt."""
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    for name in request.query_params:
        if name not in known:
            raise OptionError(f"found the option {name!r}, expected some of {', '.join(known)}")


def _check_form(form: str) -> None:
    if form not in FORMS:
        raise OptionError(f"format: found {form!r}, expected one of {', '.join(FORMS)}")


@contextmanager
def _counted(hall: Hall) -> Iterator[None]:
    """Count a recording by what becomes of it."""
    began, outcome = time.monotonic(), "failed"
    try:
        yield
        outcome = "heard"
    except BusyError:
        outcome = "refused"
        raise
    except StoppedError:
        outcome = "stopped"
        raise
    finally:
        hall.metrics.recordings.labels(outcome).inc()
        hall.metrics.work.observe(time.monotonic() - began)


def _sound(
    hall: Hall, request: Request, url: str | None
) -> AbstractAsyncContextManager[tuple[BinaryIO, str]]:
    """Receive the recording, or fetch it where that is allowed."""
    if url is None:
        return received(request, _bounds(hall))
    return _elsewhere(hall, url)


def _bounds(hall: Hall) -> Bounds:
    settings = hall.settings
    return Bounds(settings.upload, idle=settings.idle, timeout=settings.timeout)


def _elsewhere(hall: Hall, url: str) -> AbstractAsyncContextManager[tuple[BinaryIO, str]]:
    """Fetch a recording, where that is allowed."""
    settings = hall.settings
    if not settings.fetch:
        raise OptionError(
            "found an address, expected the recording itself: this server fetches none "
            "(affetto serve --fetch does)"
        )
    return fetched(url, most=settings.upload, timeout=min(_FETCHING, settings.timeout))


def _hear(
    hall: Hall,
    recognizer: Recognizer,
    file: BinaryIO,
    name: str,
    channels: Literal["mix", "separate"],
    look: Callable[[], None],
) -> Timeline:
    """Hear a recording in a worker."""

    def progress(heard: float, _: float | None) -> None:
        look()
        _check_length(hall, name, heard)

    look()
    with _called(name, file):
        timeline = analyze(file, model=recognizer, channels=channels, progress=progress)
    return replace(timeline, source=name)


def _write_down(
    listener: WordListener,
    timeline: Timeline,
    file: BinaryIO,
    name: str,
    channels: Literal["mix", "separate"],
    look: Callable[[], None],
) -> Timeline:
    """Write down what is said in a recording whose voice was heard: from its beginning again."""
    file.seek(0)
    with _called(name, file), audio.stream(file, channels=channels) as stream:
        return listener.hear(timeline, stream, progress=lambda _: look())


@contextmanager
def _called(name: str, file: BinaryIO | None) -> Iterator[None]:
    """Call a file by its name in errors: the road knows a file object by none."""
    try:
        yield
    except AudioError as error:
        if file is None:
            raise
        raise AudioError(str(error).replace(source_name(file), name, 1)) from None


def _check_length(hall: Hall, name: str, seconds: float) -> None:
    longest = hall.settings.duration
    if not seconds <= longest:
        raise AudioError(
            f"{name}: found more than {longest / 3600:g} hours of sound, expected less: "
            "send it in parts"
        )
