"""A timeline as the body of an answer, in any format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from fastapi.responses import HTMLResponse, Response

from affetto import audio
from affetto.dsp import SAMPLE_RATE
from affetto.formats import FORMATS, find
from affetto.report import EMBED_SECONDS, html
from affetto.report.payload import payload
from affetto.report.picture import Painter
from affetto.report.words import sentence
from affetto.server.answers import Json, errors
from affetto.server.answers import Timeline as Described

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from affetto.report.picture import Drawn
    from affetto.timeline import Timeline

__all__ = ["ANSWERS", "FORMS", "WORD_ANSWERS", "written"]

FORMS = (*FORMATS, "html")
"""What an answer may be written as: every format, and the report."""

_TEXT = {"schema": {"type": "string"}}
_BYTES = {"schema": {"type": "string", "format": "binary"}}

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Described,
        "description": "The timeline.",
        "content": {
            **{
                form.media: _BYTES if form.binary else _TEXT
                for name, form in FORMATS.items()
                if name != "json"
            },
            "text/html": _TEXT,
        },
    },
    **errors(400, 413, 422, 503, 504),
}
"""The answers of a request for a timeline, as its route describes them."""

WORD_ANSWERS = {**ANSWERS, **errors(501, 502)}
"""The same of one that may ask for what is said."""


def written(
    timeline: Timeline,
    form: str,
    file: BinaryIO | None,
    look: Callable[[], None],
    *,
    track: bool = False,
    drawing: bool = False,
) -> Response:
    """Write a timeline as it was asked for.

    Args:
        timeline: what was heard.
        form: one of `FORMS`.
        file: its sound, if the report shall hold it or a page shall draw it.
        look: called now and then; raises where nobody waits any more.
        track: JSON with every window.
        drawing: JSON with what a page draws: waveform, spectrogram, colours.

    Raises:
        OptionError: there is no such format.
    """
    if form == "html":
        samples = None
        # The whole sound of a longer recording would have to lie in memory.
        if file is not None and timeline.duration <= EMBED_SECONDS:
            parts = list(_parts(file, EMBED_SECONDS, look))
            samples = np.concatenate([np.empty(0, np.float32), *parts])
        return HTMLResponse(html(timeline, samples))
    if form == "json":
        row = timeline.to_dict(track=track)
        if drawing:
            drawn = None if file is None else _drawn(timeline, file, look)
            row["drawing"] = {"sentence": sentence(timeline), **payload(timeline, drawn)}
        return Json(row)
    found = find(form)
    return Response(found.write([timeline]), media_type=found.media)


def _drawn(timeline: Timeline, file: BinaryIO, look: Callable[[], None]) -> Drawn:
    painter = Painter(round(timeline.duration * SAMPLE_RATE))
    for part in _parts(file, timeline.duration, look):
        painter.feed(part)
    return painter.finish()


def _parts(
    file: BinaryIO, seconds: float, look: Callable[[], None]
) -> Iterator[NDArray[np.float32]]:
    """Give a sound from its beginning, so much of it and no more."""
    left = round(seconds * SAMPLE_RATE)
    file.seek(0)
    with audio.stream(file) as stream:
        for part in stream:
            look()
            yield part[:left]
            left -= len(part)
            if left <= 0:
                return
