"""What a server may do, for whom, and how much of it."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affetto.errors import OptionError

if TYPE_CHECKING:
    from pathlib import Path

    from affetto.words import TextEmotion
    from affetto.words.transcribers import Transcriber
    from affetto.words.translation import Translator

__all__ = ["Settings"]

_LEAST_TOKEN = 16
"""Characters that can't be guessed."""


_POSITIVE = ("workers", "streams", "upload", "duration", "timeout", "room", "idle", "patience")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a server.

    Attributes:
        models: names, folders or ``hf:owner/name``; the first answers where none is named.
        host: the address to listen at; any other than loopback needs a token.
        port: 0 for any that is free.
        token: what a client must show; None where only this machine can reach the server.
        origins: of web pages elsewhere that may use it, such as ``https://example.org``.
        workers: recordings, and chunks of streams, that are worked on at once.
        waiting: recordings that may wait for a worker; more are refused for now.
        streams: live streams at once; more are refused for now.
        upload: bytes of a recording at most.
        duration: seconds of a recording at most.
        timeout: seconds that a recording may be worked on.
        data: folder in which streams are kept that ask for it; None keeps none.
        keep: seconds after which a stream that nobody went on with is removed; 0 keeps none.
        room: bytes of all that is kept.
        fetch: whether a request may name a URL for the server to fetch.
        idle: seconds after which a stream that sends nothing, or takes nothing, is closed.
        transcriber: what writes down what is said, where a request wants that; see
            `open_transcriber`. No request names one, nor any of the four that follow.
        translate: into English, where a request doesn't want it otherwise: see `WordListener`.
        words_model: what judges the words; see `open_text_model`.
        words_weight: of the words beside the voice; Affetto's own where not given.
        fusion: file of what `affetto words fuse` learned; it has a weight of its own.
        words: live streams at once whose words are written down; 0 offers no words at all.
        patience: seconds for which the end of a stream waits for its words.

    Raises:
        OptionError: a number is out of its range, or other machines could reach a server without a
            token.
    """

    models: tuple[str, ...] = ("default",)
    host: str = "127.0.0.1"
    port: int = 8723
    token: str | None = None
    origins: tuple[str, ...] = ()
    workers: int = os.cpu_count() or 1
    waiting: int = 16
    streams: int = 200
    upload: int = 500_000_000
    duration: float = 4 * 3600.0
    timeout: float = 600.0
    data: Path | None = None
    keep: float = 24 * 3600.0
    room: int = 20_000_000_000
    fetch: bool = False
    idle: float = 60.0
    transcriber: str | Transcriber = "auto"
    translate: str | Translator | None = None
    words_model: str | Path | TextEmotion = "words-default"
    words_weight: float | None = None
    fusion: Path | None = None
    words: int = 4
    patience: float = 60.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise OptionError(f"found port {self.port}, expected 0 to 65535")
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise OptionError(f"found {name} {getattr(self, name)}, expected more than 0")
        if not self.models:
            raise OptionError("found no model, expected one or more")
        for name in ("waiting", "keep", "words"):
            if getattr(self, name) < 0:
                raise OptionError(f"found {name} {getattr(self, name)}, expected 0 or more")
        if self.token is not None and len(self.token) < _LEAST_TOKEN:
            raise OptionError(
                f"found a token of {len(self.token)} characters, expected {_LEAST_TOKEN} or more "
                "that nobody guesses"
            )
        if self.token is None and not self.local:
            raise OptionError(
                f"found host {self.host} without a token: whoever reaches this machine could use "
                "it; set AFFETTO_TOKEN, or stay at 127.0.0.1"
            )

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
