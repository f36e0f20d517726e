"""The report: one HTML file that opens offline and asks nothing of the network."""

import base64
import hashlib
import json
from html import escape
from importlib.resources import files
from math import gcd
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

import affetto
from affetto.dsp import SAMPLE_RATE
from affetto.jobs import atomic_write
from affetto.report import reasons, tables, words
from affetto.report.payload import payload
from affetto.report.picture import draw
from affetto.report.sound import encode_mp3
from affetto.report.transcript import transcript
from affetto.timeline import Timeline, clock

__all__ = ["EMBED_SECONDS", "html", "write_html"]

EMBED_SECONDS = 1800.0
"""Longer sound is embedded only where it is asked for: it would make the file heavy."""

_SCRIPTS = (
    *("base", "theme", "transport", "view", "lanes", "reasons", "circumplex", "table"),
    *("transcript", "keys"),
)


_WORD_KEYS = (
    "; on a time of what is said, <kbd>←</kbd> <kbd>→</kbd> go word by word and "
    "<kbd>↑</kbd> <kbd>↓</kbd> to another phrase"
)


def html(
    timeline: Timeline,
    samples: NDArray[np.float32] | None,
    *,
    sample_rate: int = SAMPLE_RATE,
    title: str | None = None,
    audio: bool | None = None,
) -> str:
    """Make a report: player, waveform, probabilities, spectrogram, path, words, table and summary.

    Script, style, pictures and sound are inside; the page states a content security policy under
    which nothing else can run or be fetched.

    Args:
        timeline: what was heard; with its track, the probabilities are drawn window by window.
        samples: the sound, shape (samples,) or (channels, samples), in [-1, 1]; None leaves out
            everything that is drawn from it.
        sample_rate: of `samples`, Hz.
        title: heading; else the file's name.
        audio: embed the sound (MP3, 32 to 64 kbit/s); by default up to half an hour of it. Without
            it, the page offers to open the recording from the disk.

    Returns:
        The page.

    Examples:
        >>> page = html(Timeline("quiet.wav", 1.0, (), "default"), np.zeros(16_000, np.float32))
        >>> page.startswith("<!doctype html>"), "No speech was found" in page
        (True, True)
    """
    sound = None if samples is None else _mono(samples, sample_rate)
    if sound is not None and not len(sound):
        sound = None
    embed = sound is not None and (timeline.duration <= EMBED_SECONDS if audio is None else audio)
    style, script = _asset("base.css") + _asset("report.css"), _script()
    style += "".join(tables.colour_rules(timeline))
    fields: dict[str, Any] = {
        "title": escape(title or words.file_name(timeline.source)),
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "state": _state(timeline, sound, embed=embed),
        "source": _source(timeline, title),
        "duration": clock(timeline.duration),
        "model": escape(timeline.model or "unknown"),
        "prior": escape(words.prior(timeline)),
        "version": escape(affetto.__version__),
        "sentence": escape(words.sentence(timeline)),
        "warnings": tables.warnings(timeline),
        "no_sound": "" if embed else _no_sound(timeline),
        "legend": tables.legend(timeline),
        "controls": reasons.controls(timeline),
        "transcript": transcript(timeline, tables.classes_of(timeline)),
        "word_keys": _WORD_KEYS if timeline.words else "",
        "reasons": reasons.reasons(timeline, tables.classes_of(timeline)),
        "shares": tables.shares(timeline),
        "moments": tables.moments(timeline),
        "speakers": tables.speakers(timeline),
        "segments": tables.segments(timeline),
        "data": _json(payload(timeline, None if sound is None else draw(sound))),
        "sound": _base64(encode_mp3(sound)) if sound is not None and embed else "",
    }
    page = Template(_asset("report.html")).substitute(fields)
    # A file name may hold bytes that are no UTF-8, which Python keeps as lone surrogates.
    return page.encode("utf-8", "backslashreplace").decode("utf-8")


def write_html(
    path: Path | str,
    timeline: Timeline,
    samples: NDArray[np.float32] | None,
    *,
    sample_rate: int = SAMPLE_RATE,
    title: str | None = None,
    audio: bool | None = None,
) -> None:
    """Write the report of `html` to a file, whole or not at all.

    Args:
        path: the file; an existing one is replaced.
        timeline: what was heard.
        samples: the sound, as in `html`.
        sample_rate: of `samples`, Hz.
        title: heading; else the file's name.
        audio: embed the sound, as in `html`.

    Raises:
        OutputError: the file can't be written.
    """
    page = html(timeline, samples, sample_rate=sample_rate, title=title, audio=audio)
    with atomic_write(path, "wb") as file:
        file.write(page.encode("utf-8"))


def _mono(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    sound = samples.mean(axis=0) if samples.ndim == 2 else samples
    if sample_rate != SAMPLE_RATE and len(sound):
        from scipy.signal import resample_poly

        divisor = gcd(SAMPLE_RATE, sample_rate)
        sound = resample_poly(sound, SAMPLE_RATE // divisor, sample_rate // divisor)
    sound = np.asarray(sound, np.float32)
    # Hours of sound are not copied without need.
    return sound if np.isfinite(sound).all() else np.nan_to_num(sound, posinf=1.0, neginf=-1.0)


def _source(timeline: Timeline, title: str | None) -> str:
    """Name where the sound is from, unless the heading says it already."""
    if title is None and words.file_name(timeline.source) == timeline.source:
        return ""
    return f'<span class="path">{escape(timeline.source)}</span>'


def _state(timeline: Timeline, sound: NDArray[np.float32] | None, *, embed: bool) -> str:
    """Name what the page has, for the style sheet to show or hide."""
    has = {
        "sound": sound is not None,
        "player": embed,
        "speech": bool(timeline.segments),
        "labels": any(s.emotion is not None for s in timeline),
    }
    return " ".join(f"{'has' if held else 'no'}-{name}" for name, held in has.items())


def _no_sound(timeline: Timeline) -> str:
    length = timeline.duration > EMBED_SECONDS
    why = "The recording is long, so its sound is not inside this file." if length else ""
    return (
        f'<p class="note no-print" id="borrow">{why or "The sound is not inside this file."} '
        "To listen along, choose the recording on your disk (it stays there): "
        '<input type="file" id="recording" accept="audio/*,video/*" '
        'aria-label="The recording on your disk"></p>'
    )


def _asset(name: str) -> str:
    return (files("affetto.report") / "assets" / name).read_text("utf-8")


def _script() -> str:
    return "\n" + "\n".join(_asset(f"{name}.js") for name in _SCRIPTS)


def _policy(style: str, script: str) -> str:
    """Allow this very script and style, pictures and sound inside the file, and nothing else."""

    def sha256(text: str) -> str:
        return f"'sha256-{_base64(hashlib.sha256(text.encode()).digest())}'"

    return (
        f"default-src 'none'; script-src {sha256(script)}; style-src {sha256(style)}; "
        "img-src data:; media-src blob:; base-uri 'none'; form-action 'none'"
    )


def _base64(body: bytes) -> str:
    return base64.b64encode(body).decode("ascii")


def _json(value: Any) -> str:
    # "</script>" in a text must not end the element that holds it.
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
