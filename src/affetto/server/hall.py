"""What the rooms of a server share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from affetto.errors import OptionError
from affetto.models import ModelPackage, load
from affetto.server.metrics import Metrics
from affetto.server.sessions import Sessions
from affetto.server.words import Words
from affetto.server.workers import Slots, Workers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from affetto.server.settings import Settings

__all__ = ["Hall"]

_VOICE = {"instead": ", or leave the words out: the voice alone is heard at once"}


class Hall:
    """What the rooms of a server share.

    Args:
        settings: of the server.

    Attributes:
        sessions: streams that are kept; None where nothing is.
        packages: name → model; the first is the one that answers where none is named.
        words: what writes down what is said.

    Raises:
        ModelError: there is no such model, or it is damaged.
        OptionError: two models of one name and version, or no such transcriber or translator.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.packages = _named(load(model) for model in settings.models)
        self.metrics = Metrics()
        self.recordings = Slots(settings.workers + settings.waiting, "recordings")
        # A recording lies on the disk before it has its place at work; one to be fetched has none.
        self.files = Slots(4 * self.recordings.count, "files")
        self.streams = Slots(settings.streams, "streams")
        self.recording_workers = Workers(settings.workers, "recordings")
        self.stream_workers = Workers(settings.workers, "streams")
        self.words = Words(settings)
        # Whoever wants no words waits behind nobody who does: those take many times as long.
        self.worded_recordings = Slots(1 + settings.waiting, "recordings with words", **_VOICE)
        self.worded_streams = Slots(settings.words, "streams with words", **_VOICE)
        self.worded_recording_workers = Workers(1, "words")
        self.worded_stream_workers = Workers(max(1, settings.words), "said")
        self.sessions = _sessions(settings)

    def package(self, name: str | None = None) -> ModelPackage:
        """Give a model that is loaded.

        Args:
            name: None for the first.

        Raises:
            OptionError: none of that name is loaded.
        """
        if name is None:
            return next(iter(self.packages.values()))
        try:
            return self.packages[name]
        except KeyError:
            raise OptionError(
                f"found model {name!r}, expected one of this server's: {', '.join(self.packages)}"
            ) from None

    def close(self) -> None:
        """Let the workers go."""
        self.recording_workers.close()
        self.stream_workers.close()
        self.worded_recording_workers.close()
        self.worded_stream_workers.close()
        self.words.close()
        if self.sessions is not None:
            self.sessions.close()


def _sessions(settings: Settings) -> Sessions | None:
    """Open the folder of what is kept; where nothing is, what an earlier server kept goes."""
    if settings.data is None:
        return None
    folder = settings.data / "streams"
    # Another server may be at work in the same folder: what it keeps is younger than a minute.
    sessions = Sessions(folder, most=settings.room, seconds=settings.keep or 60.0)
    if not settings.keep:
        return None
    sessions.keep_sweeping()
    return sessions


def _named(packages: Iterable[ModelPackage]) -> dict[str, ModelPackage]:
    """Call each by its name, and one whose name is taken by its name and version."""
    named: dict[str, ModelPackage] = {}
    for package in packages:
        card = package.card
        name = card.title if card.name in named else card.name
        if name in named:
            raise OptionError(
                f"found two models called {name}, expected names or versions that differ: "
                "change one in its card.yaml"
            )
        named[name] = package
    return named
