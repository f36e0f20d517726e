"""Where results go: standard output, one file, or a folder with a file an input."""

import json
import os
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from affetto.cli.console import print_data, show
from affetto.cli.inputs import Input
from affetto.errors import OptionError, OutputError
from affetto.jobs import atomic_write, check_file, check_folder, make_folder
from affetto.timeline import Timeline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

__all__ = [
    "FORMATS",
    "FileOutput",
    "FolderOutput",
    "Output",
    "StdoutOutput",
    "choose",
    "places",
    "write_one",
]

FORMATS = {
    "text": ".txt",
    "json": ".json",
    "csv": ".csv",
    "html": ".html",
    "srt": ".srt",
    "vtt": ".vtt",
}
"""The formats of `--format`, and the ending of a file in each."""

_ALONE = {"html": "page", "srt": "file of subtitles", "vtt": "file of subtitles"}
"""Formats whose files hold one input, and what such a file is."""

_FILE_WIDTH = 100
_OPTIONS = ".affetto"
"""The file of a folder of results that says what they were made with."""
_SAVE_EVERY = 5.0
"""Seconds of work that a kill may cost where several results share one file."""


def as_text(timelines: Sequence[Timeline], form: str, *, track: bool = False) -> str:
    """Give timelines in a text format, as one whole.

    Args:
        timelines: what to write.
        form: text, json, csv, srt or vtt; the last two take one timeline.
        track: include the windows behind the segments (JSON).
    """
    if form == "json":
        from affetto.formats import to_json

        return to_json(timelines, track=track)
    if form != "text":
        from affetto.formats import find

        return str(find(form).write(timelines))
    from affetto.cli.render import plain, view

    return "\n".join(plain(view(timeline, width=_FILE_WIDTH)) for timeline in timelines)


def write_one(path: Path, form: str, timeline: Timeline, samples: "Samples | None" = None) -> None:
    """Write one result to a file.

    Args:
        path: the file.
        form: one of `FORMATS`.
        timeline: the result.
        samples: of the recording, for HTML.
    """
    if form == "html":
        _write_page(path, timeline, samples)
    else:
        _write_text(path, as_text([timeline], form))


class Output(ABC):
    """Takes the results one by one; used in a `with` block.

    Args:
        form: one of `FORMATS`.
        track: include the windows behind the segments (JSON).
    """

    def __init__(self, form: str, *, track: bool = False) -> None:
        self.form = form
        self.track = track

    def finished(self, item: Input) -> bool:  # noqa: ARG002
        """Whether an earlier run left this input's result, so that `--resume` may skip it."""
        return False

    def check_made_with(self, options: Mapping[str, object]) -> None:  # noqa: B027
        """Make sure that an earlier run's results were made with the same options."""

    def remember(self, options: Mapping[str, object]) -> None:  # noqa: B027
        """Keep the options beside the results."""

    @abstractmethod
    def write(self, item: Input, timeline: Timeline, samples: "Samples | None" = None) -> None:
        """Take one result; the samples are those of the recording, for HTML."""

    def close(self) -> None:  # noqa: B027
        """Write what is still held back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # An interrupted run keeps what it finished.
        if kind is None or not issubclass(kind, BrokenPipeError | OutputError):
            self.close()


class StdoutOutput(Output):
    """Prints: the view in a terminal, data as UTF-8 into a pipe."""

    def __init__(self, form: str, *, track: bool = False) -> None:
        super().__init__(form, track=track)
        self._held: list[Timeline] = []
        self._count = 0

    def write(
        self,
        item: Input,  # noqa: ARG002
        timeline: Timeline,
        samples: "Samples | None" = None,
    ) -> None:
        """Print the result at once; a table is held back, since its header needs all rows."""
        if self.form == "csv":
            self._held.append(timeline)
        elif self.form == "html":
            self._page(timeline, samples)
        elif self.form == "text":
            if self._count:
                sys.stdout.write("\n")
            from affetto.cli.render import view

            show(lambda width, glyphs: view(timeline, width=width, glyphs=glyphs))
        else:
            print_data(as_text([timeline], self.form, track=self.track))
        self._count += 1
        sys.stdout.flush()

    def close(self) -> None:
        """Print the table."""
        if self._held:
            print_data(as_text(self._held, self.form))
            sys.stdout.flush()

    def _page(self, timeline: Timeline, samples: "Samples | None") -> None:
        from affetto.report import html

        print_data(html(timeline, samples))


class FileOutput(Output):
    """Writes all results to one file, whole; again every few seconds while there are more.

    Args:
        path: the file; its folder exists.
        form: one of `FORMATS`.
        track: include the windows behind the segments (JSON).

    Raises:
        OutputError: it can't be written there.
    """

    def __init__(self, path: Path, form: str, *, track: bool = False) -> None:
        super().__init__(form, track=track)
        check_file(path)
        self.path = path
        self._held: list[Timeline] = []
        self._saved = time.monotonic()

    def write(
        self,
        item: Input,  # noqa: ARG002
        timeline: Timeline,
        samples: "Samples | None" = None,
    ) -> None:
        """Take one result."""
        if self.form == "html":
            _write_page(self.path, timeline, samples)
            return
        self._held.append(timeline)
        if time.monotonic() - self._saved > _SAVE_EVERY:
            self._save()

    def close(self) -> None:
        """Write the file."""
        if self._held:
            self._save()

    def _save(self) -> None:
        _write_text(self.path, as_text(self._held, self.form, track=self.track))
        self._saved = time.monotonic()


class FolderOutput(Output):
    """Writes a file an input, each as soon as it is finished.

    Args:
        folder: created where it is missing.
        form: one of `FORMATS`.
        items: all inputs of the run.
        track: include the windows behind the segments (JSON).

    Raises:
        OutputError: nothing can be written there.
    """

    def __init__(
        self, folder: Path, form: str, items: Sequence[Input], *, track: bool = False
    ) -> None:
        super().__init__(form, track=track)
        check_folder(folder)
        self.folder = folder
        self.paths = dict(zip(items, places(items, FORMATS[form]), strict=True))

    def path(self, item: Input) -> Path:
        """Give the file of an input."""
        return self.folder / self.paths[item]

    def check_made_with(self, options: Mapping[str, object]) -> None:
        """Make sure that an earlier run's results were made with the same options.

        Raises:
            OptionError: one differs.
        """
        found: dict[str, object] = {}
        with suppress(OSError, ValueError):
            found = dict(json.loads((self.folder / _OPTIONS).read_text(encoding="utf-8")))
        for name, value in _plain(options).items():
            if found.get(name, value) != value:
                raise OptionError(
                    f"{self.folder}: found results made with {name} {found[name]}, expected "
                    f"{value} as now: give the same options, or another folder"
                )

    def remember(self, options: Mapping[str, object]) -> None:
        """Keep the options beside the results.

        Raises:
            OutputError: they can't be written there.
        """
        make_folder(self.folder)
        with atomic_write(self.folder / _OPTIONS) as file:
            json.dump(_plain(options), file, indent=1)
            file.write("\n")

    def finished(self, item: Input) -> bool:
        """Whether the result is there and no older than the recording."""
        if item.path is None:
            return False
        try:
            return self.path(item).stat().st_mtime >= item.path.stat().st_mtime
        except OSError:
            return False

    def write(self, item: Input, timeline: Timeline, samples: "Samples | None" = None) -> None:
        """Write the file of this input."""
        path = self.path(item)
        make_folder(path.parent)
        if self.form == "html":
            _write_page(path, timeline, samples)
        else:
            _write_text(path, as_text([timeline], self.form, track=self.track))


def _plain(options: Mapping[str, object]) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in options.items()}


def _write_text(path: Path, text: str) -> None:
    with atomic_write(path, "wb") as file:
        file.write(text.encode("utf-8", "replace"))


def _write_page(path: Path, timeline: Timeline, samples: "Samples | None") -> None:
    from affetto.report import write_html

    write_html(path, timeline, samples)


def places(items: Sequence[Input], suffix: str) -> list[Path]:
    """Name the files of a folder: like the inputs where that is clear, longer where not.

    Args:
        items: the inputs.
        suffix: of the files.

    Returns:
        A path an input below the output folder, all different even where case doesn't count.

    Examples:
        >>> names = ("a.wav", "b.wav", "b.mp3")
        >>> [str(p) for p in places([Input(Path(n), Path(n)) for n in names], ".json")]
        ['a.json', 'b.wav.json', 'b.mp3.json']
    """
    choices = []
    for item in items:
        whole = item.place.with_name(item.place.name + suffix)
        parent = item.path.absolute().parent.name if item.path else ""
        choices.append((item.place.with_suffix(suffix), whole, Path(parent, whole)))
    level = [0] * len(items)
    for _ in range(2):
        taken = Counter(_fold(c[n]) for c, n in zip(choices, level, strict=True))
        level = [min(n + (taken[_fold(c[n])] > 1), 2) for c, n in zip(choices, level, strict=True)]
    used: Counter[str] = Counter()
    named = []
    for choice, n in zip(choices, level, strict=True):
        path = choice[n]
        used[_fold(path)] += 1
        count = used[_fold(path)]
        named.append(path if count == 1 else path.with_stem(f"{path.stem}-{count}"))
    return named


def _fold(path: Path) -> str:
    return str(path).casefold()


def choose(
    output: str | None,
    form: str,
    items: Sequence[Input],
    *,
    several: bool,
    track: bool = False,
    resume: bool = False,
) -> Output:
    """Choose where results go.

    Args:
        output: of `--output`; None is standard output.
        form: one of `FORMATS`.
        items: the inputs.
        several: whether there may be more than one.
        track: include the windows behind the segments (JSON).
        resume: whether `--resume` is asked for.

    Raises:
        OptionError: the options don't go together, or an input would be overwritten.
    """
    if output is None:
        if resume:
            raise OptionError("--resume needs -o FOLDER, where an earlier run left its results")
        if form == "html" and sys.stdout.isatty() and not several:
            raise OptionError("--format html writes a page to open in a browser: add -o FILE.html")
        if form in _ALONE and several:
            raise OptionError(f"--format {form} writes a {_ALONE[form]} an input: add -o FOLDER")
        return StdoutOutput(form, track=track)
    path = Path(output)
    folder = None
    if output.endswith((os.sep, "/")) or path.is_dir() or (several and not path.suffix):
        folder = FolderOutput(path, form, items, track=track)
        written = {folder.path(item).absolute() for item in items}
    elif resume:
        raise OptionError(f"--resume needs a folder, found the file name {output}")
    elif several and form in _ALONE:
        raise OptionError(
            f"found several inputs and the one {_ALONE[form]} {output}, expected a folder: "
            "add -o FOLDER"
        )
    else:
        written = {path.absolute()}
    for item in items:
        if item.path is not None and item.path.absolute() in written:
            raise OptionError(f"{item.path} would be overwritten by the result; choose another -o")
    return folder or FileOutput(path, form, track=track)
