"""A recording out of a request's body, so large and no larger, into a file that has no name."""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from starlette.formparsers import MultiPartException, MultiPartParser

from affetto.errors import AffettoError, AudioError, OptionError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from starlette.requests import Request

__all__ = ["TooLargeError", "received"]

_IN_MEMORY = 1_000_000


class TooLargeError(AffettoError):
    """A body beyond what the server takes."""


@asynccontextmanager
async def received(request: Request, *, most: int) -> AsyncIterator[tuple[BinaryIO, str]]:
    """Receive the recording of a request: the part `file` of a form, or the whole body.

    Args:
        request: its body was not read.
        most: bytes.

    Yields:
        The file, at its beginning, and its name. It is gone when the block ends; where it is too
        large for memory it lies in the system's temporary folder, without a name, so that nothing
        is left behind by a crash either.

    Raises:
        TooLargeError: there are more bytes than `most`.
        OptionError: a form without such a part.
        AudioError: there is nothing in it.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        parser = MultiPartParser(
            request.headers, _limited(request, most), max_files=1, max_fields=0
        )
        try:
            form = await parser.parse()
        except MultiPartException as error:
            raise OptionError(
                f"found a form that can't be read ({error.message}), expected one file in it: "
                "curl -F file=@talk.mp3"
            ) from None
        try:
            part = form.get("file")
            if part is None or isinstance(part, str):
                raise OptionError(
                    "found a form without a file, expected its part 'file': curl -F file=@talk.mp3"
                )
            if not part.size:
                raise AudioError(f"{part.filename}: found an empty file, expected sound")
            part.file.seek(0)
            yield part.file, part.filename or "upload"
        finally:
            await form.close()
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        async for chunk in _limited(request, most):
            file.write(chunk)
        if not file.tell():
            raise AudioError("found an empty body, expected sound")
        file.seek(0)
        yield cast("BinaryIO", file), "upload"


async def _limited(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    count = 0
    async for chunk in request.stream():
        count += len(chunk)
        if count > most:
            raise _too_large(most)
        yield chunk


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(
        f"found a recording of more than {most / 1e6:g} MB, expected less: "
        "send it in a compressed format, or in parts"
    )
