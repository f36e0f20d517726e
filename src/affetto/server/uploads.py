"""Files out of a request's body, so large and no larger, kept where they have no name."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from affetto.errors import AffettoError, AudioError, OptionError
from affetto.server.workers import StoppedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Collection

    from starlette.requests import Request

__all__ = ["IN_MEMORY", "Bounds", "TooLargeError", "is_form", "received", "received_parts"]

IN_MEMORY = 1_000_000
"""Bytes of a recording that need no file."""


class TooLargeError(AffettoError):
    """A body beyond what the server takes."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a body may be, and how long it may take.

    Attributes:
        most: bytes.
        idle: seconds in which something more of it must come.
        timeout: seconds in which all of it must.
    """

    most: int
    idle: float
    timeout: float


@asynccontextmanager
async def received(request: Request, bounds: Bounds) -> AsyncIterator[tuple[BinaryIO, str]]:
    """Receive the recording of a request: the part `file` of a form, or the whole body.

    Args:
        request: its body was not read.
        bounds: of the body.

    Yields:
        The file, at its beginning, and its name. It is gone when the block ends; where it is too
        large for memory it lies in the system's temporary folder, without a name, so that nothing
        is left behind by a crash either.

    Raises:
        TooLargeError: there are too many bytes.
        StoppedError: they don't come in time, or their sender left.
        OptionError: a form without such a part.
        AudioError: there is nothing in it.
    """
    if is_form(request):
        async with received_parts(request, bounds, names=("file",)) as parts:
            yield parts["file"]
        return
    _refuse_announced(request, bounds.most)
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        async for chunk in _limited(request, bounds):
            file.write(chunk)
        if not file.tell():
            raise AudioError("found an empty body, expected sound")
        file.seek(0)
        yield cast("BinaryIO", file), "upload"


def is_form(request: Request) -> bool:
    """Tell whether a request's body is a form with files."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == "multipart/form-data"


@asynccontextmanager
async def received_parts(
    request: Request,
    bounds: Bounds,
    *,
    names: Collection[str],
    optional: Collection[str] = (),
) -> AsyncIterator[dict[str, tuple[BinaryIO, str]]]:
    """Receive the files of a form.

    Args:
        request: its body was not read.
        bounds: of all together.
        names: of the parts that must be there.
        optional: of those that may.

    Yields:
        Name of the part → the file, at its beginning, and its own name; see `received`.

    Raises:
        TooLargeError: there are too many bytes.
        StoppedError: they don't come in time, or their sender left.
        OptionError: it is no form, or one without such a part.
        AudioError: there is nothing in a part.
    """
    _refuse_announced(request, bounds.most)
    if not is_form(request):
        raise OptionError(f"found no form, expected one with a file as its part {_listed(names)}")
    known = {*names, *optional}
    parser = MultiPartParser(
        request.headers, _limited(request, bounds), max_files=len(known), max_fields=0
    )
    try:
        form = await parser.parse()
    except (MultiPartException, UnicodeError) as error:
        why = error.message if isinstance(error, MultiPartException) else "Strange charset."
        raise OptionError(
            f"found a form that can't be read ({why}), expected a file as its part "
            f"{_listed(names)}: curl -F {next(iter(names))}=@FILE"
        ) from None
    try:
        parts: dict[str, tuple[BinaryIO, str]] = {}
        for name in known:
            part = form.get(name)
            if part is None or isinstance(part, str):
                if name in names:
                    raise OptionError(
                        f"found a form without a file as its part {name!r}, expected one: "
                        f"curl -F {name}=@FILE"
                    )
                continue
            title = " ".join((part.filename or "upload").splitlines())  # errors take one line
            if not part.size:
                raise AudioError(f"{title}: found an empty file, expected something in it")
            part.file.seek(0)
            parts[name] = part.file, title
        yield parts
    finally:
        await form.close()


def _listed(names: Collection[str]) -> str:
    return " and ".join(map(repr, names))


def _refuse_announced(request: Request, most: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise _too_large(most)


async def _limited(request: Request, bounds: Bounds) -> AsyncGenerator[bytes, None]:
    """Give the body as it comes, within its bounds."""
    chunks, count = request.stream(), 0
    until = time.monotonic() + bounds.timeout
    while True:
        left = until - time.monotonic()
        try:
            async with asyncio.timeout(min(bounds.idle, max(left, 0.0))):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise _too_slow(bounds, quiet=left > bounds.idle) from None
        except ClientDisconnect:
            raise StoppedError("found a body that breaks off, expected all of it") from None
        if chunk is None:
            return
        if left <= 0:  # what comes without a pause is not waited for
            raise _too_slow(bounds, quiet=False)
        count += len(chunk)
        if count > bounds.most:
            raise _too_large(bounds.most)
        yield chunk


def _too_slow(bounds: Bounds, *, quiet: bool) -> StoppedError:
    if quiet:
        found = f"nothing more of the body for {bounds.idle:g} s"
    else:
        found = f"no end of the body within {bounds.timeout:g} s"
    return StoppedError(f"found {found}, expected all of it: send it again")


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(
        f"found a recording of more than {most / 1e6:g} MB, expected less: "
        "send it in a compressed format, or in parts"
    )
