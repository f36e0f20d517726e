"""`affetto serve`: recordings by REST and live sound by WebSocket, on one port."""

import logging
import os
import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote_plus

import typer

from affetto.cli.console import note
from affetto.errors import MissingExtraError, OptionError
from affetto.jobs.threads import share_cores

__all__ = ["command"]

_TOKEN = "AFFETTO_TOKEN"


def command(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; others than this need a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="0 for any that is free.")] = 8723,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="NAME", help="A model; repeated, requests may choose."),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A site whose pages may use it; may be repeated."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Recordings at once; one a core.")
    ] = None,
    waiting: Annotated[
        int, typer.Option(metavar="N", help="Recordings that may wait; more are told to come back.")
    ] = 16,
    streams: Annotated[int, typer.Option(metavar="N", help="Live streams at once.")] = 200,
    upload: Annotated[float, typer.Option(metavar="MB", help="The largest recording.")] = 500.0,
    hours: Annotated[float, typer.Option(metavar="H", help="The longest recording.")] = 4.0,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="The longest work on a recording.")
    ] = 600.0,
    keep: Annotated[
        float,
        typer.Option(
            metavar="HOURS", help="How long a broken-off stream can be gone on with; 0 keeps none."
        ),
    ] = 24.0,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where streams are kept meanwhile.")
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Let requests name a URL of a public address.")
    ] = False,
    transcriber: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Writes words down where asked: whisper:small, a folder, pocketsphinx, a server.",
        ),
    ] = "auto",
    translate: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Puts them into English: whisper, marian, or a chat server's address.",
        ),
    ] = None,
    words_model: Annotated[
        str, typer.Option(metavar="MODEL", help="Judges them; hf:owner/name.")
    ] = "words-default",
    words_weight: Annotated[
        float | None, typer.Option(metavar="0…5", help="How much they count beside the voice.")
    ] = None,
    fusion: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What `affetto words fuse` learned.")
    ] = None,
    words: Annotated[
        int, typer.Option(metavar="N", help="Live streams with words at once; 0 offers none.")
    ] = 4,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No line for each request.")] = False,
) -> None:
    """Serve a web page, and recordings and live sound for other programs.

    Open the address in a browser; how requests look is at /docs: curl -F file=@talk.mp3
    localhost:8723/v1/analyze, for one. For any address but this machine's own, set AFFETTO_TOKEN;
    clients then send it as Authorization: Bearer TOKEN.

    Examples:
      affetto serve
      affetto serve --port 9000 --model models/mine
      affetto serve --transcriber whisper:small --translate whisper
      AFFETTO_TOKEN=$(openssl rand -hex 16) affetto serve --host 0.0.0.0
    """
    share_cores(1)  # many small products stand beside each other
    try:
        import uvicorn
        from platformdirs import user_state_path

        from affetto.server.app import create_app
    except ModuleNotFoundError as error:
        if str(error.name).startswith("affetto"):
            raise
        raise MissingExtraError(str(error.name), extra="server", purpose="affetto serve") from None
    from affetto.server.settings import Settings

    settings = Settings(
        models=tuple(model or ("default",)),
        host=host,
        port=port,
        token=os.environ.get(_TOKEN) or None,
        origins=tuple(origin or ()),
        waiting=waiting,
        streams=streams,
        upload=round(upload * 1e6),
        duration=hours * 3600,
        timeout=timeout,
        data=data or user_state_path("affetto"),
        keep=keep * 3600,
        fetch=fetch,
        transcriber=transcriber,
        translate=translate,
        words_model=words_model,
        words_weight=words_weight,
        fusion=fusion,
        words=words,
        **({} if workers is None else {"workers": workers}),
    )
    app = create_app(settings)
    listening = _listen(settings.host, settings.port)
    name = f"[{host}]" if ":" in host else host
    note(f"serving http://{name}:{listening.getsockname()[1]} (open it in a browser; Ctrl-C ends)")
    config = uvicorn.Config(
        app,
        access_log=not quiet,
        log_level="warning" if quiet else "info",
        ws="websockets-sansio",
        ws_max_size=4_000_000,
        ws_per_message_deflate=False,  # it costs more time than small messages save
        # Whoever is held up answers a ping only once the sound before it was heard.
        ws_ping_timeout=settings.idle,
        timeout_graceful_shutdown=5,
    )
    for name in ("uvicorn.access", "uvicorn.error"):
        logging.getLogger(name).addFilter(_without_secrets)
    # It ends in good order by either signal, and raises it afterwards.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


def _without_secrets(record: logging.LogRecord) -> bool:
    """Take out of a line what nobody else may know; the log may lie where others read it."""
    if isinstance(record.args, tuple):
        record.args = tuple(_shown(a) if isinstance(a, str) else a for a in record.args)
    return True


def _shown(address: str) -> str:
    """Give of an address what may be repeated: no stream's name, and no URL, signed as it may be.

    Examples:
        >>> _shown("/v1/stream/8Zq1"), _shown("/v1/analyze?url=https%3A%2F%2Fa.org&hop=1")
        ('/v1/stream/...', '/v1/analyze?url=...&hop=1')
    """
    place, mark, query = address.partition("?")
    if not place.startswith("/"):
        return address
    parts = [
        "url=..." if unquote_plus(part.partition("=")[0]) == "url" else part
        for part in query.split("&")
    ]
    return re.sub("(/v1/stream/).*", r"\1...", place) + mark + "&".join(parts)


def _listen(host: str, port: int) -> socket.socket:
    """Open the socket, before anything is promised."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise OptionError(
            f"can't listen at {host}:{port} ({error.strerror or error}), expected an address of "
            "this machine and a free port: choose another --port"
        ) from None
