"""A plain table of clips, CSV or JSON Lines, that anyone can write by hand."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn

from affetto.emotions import Emotion, known_order
from affetto.errors import ManifestError
from affetto.lab.corpora.table import COLUMNS, Clip, Gender, Table

__all__ = ["read_manifest"]

_GENDERS: dict[str, Gender | None] = {
    "": None,
    "f": "f",
    "female": "f",
    "w": "f",
    "m": "m",
    "male": "m",
}
_GENERIC = {"data", "index", "labels", "manifest", "metadata", "table"}
_SHOWN = 60
"""Characters of a strange value that an error shows."""


def read_manifest(
    path: str | Path,
    *,
    tables: Mapping[str, Mapping[str, Emotion | None]],
    check_files: bool = True,
) -> Table:
    """Read a manifest.

    It has the columns `file` and `emotion`, or `file`, `corpus` and `emotion_native`, the native
    label being mapped by that corpus's table. `speaker`, `gender`, `language`, `text`,
    `duration_s`, `intensity`, `statement`, `session`, `start`, `end`, `valence`, `arousal`,
    `dominance` and `votes` are optional; any other column is kept in `Clip.extra`. Files are
    relative to the manifest, or absolute.

    Args:
        path: a CSV file (comma, semicolon or tab) with a header, or JSON Lines with one object
            a line.
        tables: corpus → native label → emotion.
        check_files: whether to look that every file is there.

    Returns:
        The clips, in the manifest's order.

    Raises:
        ManifestError: missing columns, unknown labels, missing files, or no table at all.
    """
    path = Path(path)
    text = _text(path)
    first = text.lstrip()[:1]
    rows = _json_rows(path, text) if first == "{" else _csv_rows(path, text)
    reader = _Reader(path, tables)
    places, clips = [], []
    for line, row in rows:
        places.append((line, row.get("file", "")))
        clips.append(reader.clip(line, row))
    if not clips:
        raise ManifestError(f"{path}: found no rows, expected one a clip; add some")
    if check_files:
        missing = [i for i, clip in enumerate(clips) if not _is_file(clip.file)]
        if missing:
            line, name = places[missing[0]]
            reader.fail(
                line,
                f"found no file {_show(name)} ({len(missing)} of {len(clips)} are missing), "
                f"expected it relative to {path.parent} or absolute; correct the column file",
            )
    return Table(clips)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"{path}: found bytes that are not UTF-8 (at {error.start}), expected a CSV or JSON "
            "Lines table; save it as UTF-8"
        ) from error
    except OSError as error:
        raise ManifestError(
            f"{path}: {error.strerror or error}, expected a table (CSV, JSON Lines); "
            "correct its path"
        ) from error


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    lines = io.StringIO(text, newline="")
    header = next((line for line in lines if line.strip()), "")
    lines.seek(0)
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        names = [name.strip() for name in next((row for row in reader if any(row)), [])]
        _check_columns(path, names)
        for fields in reader:
            if not any(field.strip() for field in fields):
                continue
            if len(fields) > len(names):
                raise ManifestError(
                    f"{path}, line {reader.line_num}: found {len(fields)} fields, expected "
                    f"{len(names)}; put texts that hold a {delimiter!r} in quotes"
                )
            yield reader.line_num, dict(zip_longest(names, fields, fillvalue=""))
    except csv.Error as error:
        raise ManifestError(
            f"{path}, line {reader.line_num}: found {error}, expected a line of CSV; correct it"
        ) from error


def _json_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    checked = False
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ManifestError(
                f"{path}, line {number}: found {_show(line)}, expected one JSON object a line; "
                "correct it"
            ) from error
        if not isinstance(row, dict):
            raise ManifestError(
                f"{path}, line {number}: found {_show(line)}, expected a JSON object; correct it"
            )
        if not checked:
            _check_columns(path, row)
            checked = True
        yield number, {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _check_columns(path: Path, names: Iterable[str]) -> None:
    found = list(names)
    twice = sorted({name for name in found if name and found.count(name) > 1})
    if twice:
        raise ManifestError(
            f"{path}: found the column {_show(twice[0])} twice, expected each once; remove one"
        )
    has = set(found)
    if "file" not in has or not ("emotion" in has or {"corpus", "emotion_native"} <= has):
        listed = ", ".join(found[:12]) or "none"
        raise ManifestError(
            f"{path}: found the columns {_show(listed)}, expected file and emotion, or file, "
            "corpus and emotion_native; add what is missing"
        )


class _Reader:
    """Turn rows of texts into clips."""

    def __init__(self, path: Path, tables: Mapping[str, Mapping[str, Emotion | None]]) -> None:
        self.path = path
        self.tables = tables
        stem = path.stem.lower()
        self.corpus = (path.resolve().parent.name or stem) if stem in _GENERIC else path.stem
        self.emotions = {emotion.value: emotion for emotion in Emotion}

    def clip(self, line: int, row: Mapping[str, str]) -> Clip:
        """Make one clip of one row."""
        get = {name: row.get(name, "").strip() for name in COLUMNS}
        if not get["file"]:
            self.fail(line, "found no file, expected its path; fill it in")
        corpus = get["corpus"] or self.corpus
        emotion = self.emotion(line, get)
        speaker = get["speaker"]
        if speaker and ":" not in speaker:
            speaker = f"{corpus}:{speaker}"
        gender = get["gender"].lower()
        if gender not in _GENDERS:
            self.fail(line, f"found gender {_show(gender)}, expected f, m or nothing; correct it")
        start, end = self.number(line, get, "start"), self.number(line, get, "end")
        if end is not None and end <= (start or 0.0):
            self.fail(line, f"found an end of {end:g} s, expected it after the start; correct it")
        return Clip(
            self.path.parent / get["file"],
            corpus,
            emotion,
            get["emotion_native"] or (emotion.value if emotion else ""),
            speaker=speaker or None,
            gender=_GENDERS[gender],
            intensity=get["intensity"] or None,
            statement=get["statement"] or None,
            language=get["language"] or None,
            text=get["text"] or None,
            duration=self.number(line, get, "duration_s"),
            votes=self.votes(line, get["votes"]),
            session=get["session"] or None,
            start=start,
            end=end,
            valence=self.number(line, get, "valence", low=-1.0, high=1.0),
            arousal=self.number(line, get, "arousal", low=-1.0, high=1.0),
            dominance=self.number(line, get, "dominance", low=-1.0, high=1.0),
            extra={
                name: text for name, text in row.items() if name and name not in COLUMNS and text
            },
        )

    def emotion(self, line: int, get: Mapping[str, str]) -> Emotion | None:
        """Read the label: ours where it is given, else the corpus's own."""
        if ours := get["emotion"].lower():
            if ours not in self.emotions:
                self.fail(
                    line,
                    f"found emotion {_show(get['emotion'])}, expected one of "
                    f"{', '.join(known_order())}; correct it",
                )
            return self.emotions[ours]
        corpus, native = get["corpus"].lower(), get["emotion_native"]
        if not native:
            self.fail(line, "found no emotion, expected a label; fill it in")
        if corpus not in self.tables:
            self.fail(
                line,
                f"found corpus {_show(get['corpus'])}, expected one of "
                f"{', '.join(sorted(self.tables))}, or a column emotion; correct it",
            )
        table = self.tables[corpus]
        for name in (native, native.lower(), native.upper()):
            if name in table:
                return table[name]
        return self.fail(
            line,
            f"found emotion_native {_show(native)}, expected one of {corpus}'s: "
            f"{', '.join(table)}; correct it",
        )

    def number(
        self,
        line: int,
        get: Mapping[str, str],
        name: str,
        *,
        low: float = 0.0,
        high: float = math.inf,
    ) -> float | None:
        """Read a finite number in a range; None where there is none."""
        if not get[name]:
            return None
        try:
            value = float(get[name])
        except (ValueError, OverflowError):
            value = math.nan
        if not (math.isfinite(value) and low <= value <= high):
            wanted = "0 or more" if high == math.inf else f"{low:g} to {high:g}"
            self.fail(
                line, f"found {name} {_show(get[name])}, expected a number, {wanted}; correct it"
            )
        return value

    def votes(self, line: int, text: str) -> dict[str, float] | None:
        """Read the listeners' votes: a JSON object of emotion → share."""
        if not text:
            return None
        try:
            votes = {str(name): float(share) for name, share in json.loads(text).items()}
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            votes = {"": math.nan}
        total = sum(votes.values())
        if not set(votes) <= set(self.emotions) or not (
            math.isfinite(total) and total > 0 and min(votes.values()) >= 0
        ):
            self.fail(
                line,
                f"found votes {_show(text)}, expected a JSON object of emotions and their shares; "
                "correct it",
            )
        return {name: share / total for name, share in votes.items()}

    def fail(self, line: int, message: str) -> NoReturn:
        """Raise the error of a line."""
        raise ManifestError(f"{self.path}, line {line}: {message}")


def _show(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a zero byte in it
        return False
