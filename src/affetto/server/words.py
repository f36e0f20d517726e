"""What a server writes down what is said with: opened when it is first asked for, once for all."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from affetto.errors import AffettoError, MissingExtraError, OptionError
from affetto.server.turns import SharedText, SharedTranscriber, SharedTranslator
from affetto.server.workers import Workers
from affetto.words import Fusion, WordListener, open_text_model
from affetto.words.transcribers import SphinxTranscriber, open_transcriber
from affetto.words.transcribers.apart import ApartTranscriber
from affetto.words.transcribers.phrasing import understood
from affetto.words.translation import open_translator

if TYPE_CHECKING:
    from affetto.server.settings import Settings
    from affetto.words.transcribers import Transcriber
    from affetto.words.translation import Translator

__all__ = ["LANGUAGE", "Offer", "UnavailableError", "Words", "check_asked"]

LANGUAGE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"
"""What a language's code looks like: en, pt-BR."""

_AGAIN = 60.0
"""Seconds after which what couldn't be opened is tried again: weights may have come meanwhile."""

_EMBEDDED = "pocketsphinx"

_NEEDS = {
    "pocketsphinx": ("pocketsphinx", "pocketsphinx", "transcription"),
    "whisper": ("faster_whisper", "faster-whisper", "Whisper"),
    "http": ("openai", "openai", "transcription by a server"),
    "https": ("openai", "openai", "transcription by a server"),
}
"""Kind of a recogniser → the module that it needs, the package that brings it, and what for."""


class UnavailableError(AffettoError):
    """What is said can't be written down here."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server can do with words, as far as it is known before anybody asked for them.

    Attributes:
        available: whether requests may ask for them.
        reason: why not; empty where they may.
        transcriber: what writes down; empty where nothing does.
        fallback: whether that is only what comes with Affetto, which hears many words wrong.
        languages: ISO 639-1 codes of what it understands; empty where it isn't limited, or isn't
            known before it is opened.
        translator: what translates into English; None where nothing does.
    """

    available: bool
    reason: str = ""
    transcriber: str = ""
    fallback: bool = False
    languages: tuple[str, ...] = ()
    translator: str | None = None


class _Parts(NamedTuple):
    transcriber: SharedTranscriber
    translate: str | Translator | None
    text: SharedText


class Words:
    """What a server writes down what is said with.

    Args:
        settings: of the server.

    Raises:
        OptionError: there is no such transcriber or translator, the weight is out of its range, or
            it stands beside a fusion.
        FormatError: the fusion's file holds none.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._fusion = _fusion(settings)
        given, into = settings.transcriber, settings.translate
        if isinstance(given, str) and given != "auto" and _kind(given) not in _NEEDS:
            open_transcriber(given)  # says what names there are
        if isinstance(into, str) and _kind(into) not in ("whisper", "marian", "http", "https"):
            open_translator(into)  # the same
        self._worker = Workers(1, "opening")
        self._one = asyncio.Lock()
        self._parts: _Parts | None = None
        self._apart: ApartTranscriber | None = None
        self._fault: UnavailableError | None = None
        self._failed = -_AGAIN

    async def listener(
        self, *, language: str | None = None, translate: bool | None = None, redact: bool = False
    ) -> WordListener:
        """Give what writes down and judges words; it is opened where it isn't yet.

        Args:
            language: ISO 639-1 code of what is said; detected where not given.
            translate: into English; None does so where the server was started with a translator.
            redact: mask names, numbers and addresses.

        Raises:
            UnavailableError: something that it needs isn't to be had.
            OptionError: the recogniser doesn't know the language, or nothing translates.
        """
        parts = await self._opened()
        if translate and parts.translate is None:
            raise OptionError(
                "found translate=true, expected it left out: this server translates nothing "
                "(affetto serve --translate does)"
            )
        transcriber = parts.transcriber
        return WordListener(
            transcriber,
            language=understood(
                language,
                transcriber.languages,
                name=transcriber.name,
                other="leave the language out, or have the server started with another "
                "--transcriber",
            ),
            translate=None if translate is False else parts.translate,
            model=parts.text,
            fusion=self._fusion,
            redact=redact,
        )

    async def _opened(self) -> _Parts:
        async with self._one:
            if self._parts is None:
                if self._refusal is not None:
                    raise self._refusal
                try:
                    self._parts = await self._worker.run(self._open)
                except AffettoError as error:
                    self._failed = time.monotonic()
                    self._fault = UnavailableError(f"this server writes no words down: {error}")
                    raise self._fault from None
            return self._parts

    @property
    def _refusal(self) -> UnavailableError | None:
        """Why it could not be opened, where that is not long ago."""
        return self._fault if time.monotonic() < self._failed + _AGAIN else None

    def _open(self) -> _Parts:
        settings = self._settings
        if not settings.words:
            raise OptionError(_NONE)
        # Voices go on being heard meanwhile, and want cores, too.
        threads = max(1, settings.workers // 2)
        given, translate = settings.transcriber, settings.translate
        inner: Transcriber
        if given == _EMBEDDED or (given == "auto" and _at_hand() == _EMBEDDED):
            inner = self._apart = ApartTranscriber()
        else:
            inner = open_transcriber(given, threads=threads)
        transcriber = SharedTranscriber(inner)
        if translate == "whisper" and not transcriber.translates:
            raise OptionError(
                f"found --translate whisper beside {transcriber.name}, which translates nothing: "
                "start it with --transcriber whisper:small, or another translator"
            )
        if translate is not None and translate != "whisper":
            if isinstance(translate, str):
                translate = open_translator(translate, threads=threads)
            translate = SharedTranslator(translate)
        return _Parts(
            transcriber, translate, SharedText(open_text_model(settings.words_model, threads=1))
        )

    def offer(self) -> Offer:
        """Tell what there is; opens nothing, but looks what is installed and at hand."""
        if self._parts is not None:
            transcriber, translate, _ = self._parts
            translator = transcriber if translate == "whisper" else translate
            return Offer(
                True,
                transcriber=transcriber.name,
                fallback=self._apart is not None,
                languages=tuple(transcriber.languages),
                translator=getattr(translator, "name", None),
            )
        if not self._settings.words:
            return Offer(False, _NONE)
        if self._refusal is not None:
            return Offer(False, str(self._refusal))
        return self._expected()

    def _expected(self) -> Offer:
        settings = self._settings
        given = settings.transcriber
        translate = settings.translate
        translator = translate if isinstance(translate, str | None) else translate.name
        if not isinstance(given, str):
            known = tuple(given.languages)
            return Offer(True, transcriber=given.name, languages=known, translator=translator)
        name = _at_hand() if given == "auto" else given
        module, package, purpose = _NEEDS[_kind(name)]
        if find_spec(module) is None:
            missing = MissingExtraError(package, extra="words", purpose=purpose)
            return Offer(False, str(missing))
        embedded = name == _EMBEDDED
        return Offer(
            True,
            transcriber=_shown(name),
            fallback=embedded,
            languages=SphinxTranscriber.languages if embedded else (),
            translator=translator and _shown(translator),
        )

    def close(self) -> None:
        """Let go of the thread that opens, and of the processes."""
        self._worker.close()
        if self._apart is not None:
            self._apart.close()


_NONE = "this server was started without words (--words 0)"


def _fusion(settings: Settings) -> Fusion:
    if settings.fusion is None:
        return Fusion() if settings.words_weight is None else Fusion(settings.words_weight)
    if settings.words_weight is not None:
        raise OptionError("found a weight beside a fusion, which has its own: leave one out")
    return Fusion.load(settings.fusion)


def check_asked(words: bool, **options: object) -> None:
    """Refuse options of words where no words are asked for: they would do nothing.

    Args:
        words: whether they are.
        **options: that belong to them; None and False say that one isn't given.

    Raises:
        OptionError: one stands alone.

    Examples:
        >>> check_asked(False, language="de")
        Traceback (most recent call last):
        ...
        affetto.errors.OptionError: found language without words, which it belongs to: ...
    """
    given = [name for name, value in options.items() if value not in (None, False)]
    if given and not words:
        raise OptionError(
            f"found {given[0]} without words, which it belongs to: ask for words=true, too"
        )


def _kind(name: str) -> str:
    """Tell what a name is of: whisper, of "whisper:small".

    Examples:
        >>> _kind("whisper:small"), _kind("http://localhost:8000/v1")
        ('whisper', 'http')
    """
    return name.partition(":")[0].lower()


def _shown(name: str) -> str:
    """Give what may be told of what a server was started with: no address, and no folder.

    Examples:
        >>> _shown("whisper:/srv/models/mine"), _shown("https://me:pw@example.org/v1#large")
        ('whisper mine', 'a server')
    """
    kind, _, rest = name.partition(":")
    if kind.lower() in ("http", "https"):
        return "a server"
    return f"{kind} {PurePath(rest).name}" if rest else name


def _at_hand() -> str:
    """Tell what "auto" comes to: Whisper where it is installed and weights of it are here."""
    if find_spec("faster_whisper") is not None:
        from affetto.words.transcribers.whisper import SIZES, at_hand

        if any(at_hand(size) for size in SIZES):
            return "whisper"
    return _EMBEDDED
