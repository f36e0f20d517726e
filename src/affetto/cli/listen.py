"""`affetto listen`: the feeling in a voice while it speaks."""

import json
import math
import signal
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from affetto.cli.analyze import Command
from affetto.cli.console import note, print_data, show
from affetto.cli.listen_output import teller, write_all, write_lines
from affetto.cli.listen_words import SpokenWords
from affetto.cli.options import Baseline, Labels, Model, NoBaseline, Prior, SaveBaseline, Window
from affetto.cli.outputs import FORMATS, write_one
from affetto.cli.word_options import (
    FusionFile,
    Language,
    Redact,
    TextModel,
    Transcriber,
    Translate,
    Weight,
    Words,
    open_words,
)
from affetto.errors import AffettoError, OptionError
from affetto.jobs import check_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from affetto.recognition import LiveRecognizer
    from affetto.timeline import Timeline

    Chunks = Iterator[NDArray[np.float32]]

__all__ = ["Command", "command"]

_WHOLE = {
    "speakers": "speakers are told apart once all was heard",
    "denoise": "what is steady noise is known once all was heard",
    "loudness": "the loudness of a recording is known once all was heard",
}
"""Options of `affetto analyze` that a stream can't have, and why."""

_FORMS = {suffix: form for form, suffix in FORMATS.items()}


def command(
    device: Annotated[
        str | None,
        typer.Option(metavar="NAME|NUMBER", help="Which microphone; see --devices."),
    ] = None,
    devices: Annotated[bool, typer.Option("--devices", help="List the microphones.")] = False,
    source: Annotated[
        Path | None,
        typer.Option("--input", metavar="FILE", help="Hear a file, as fast as it would be spoken."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="S", help="End after this much sound.")
    ] = None,
    form: Annotated[
        Literal["text", "jsonl"],
        typer.Option("--format", help="text to look at; jsonl: an update a line."),
    ] = "text",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Keep the timeline: .json, .csv, .html, .srt, .vtt or .txt.",
        ),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the sound: .flac or .wav.")
    ] = None,
    model: Model = "default",
    labels: Labels = None,
    window: Window = None,
    hop: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="The timeline's; the model's.")
    ] = None,
    every: Annotated[
        float, typer.Option(metavar="SECONDS", help="From one update to the next.")
    ] = 0.08,
    no_baseline: NoBaseline = False,
    baseline: Baseline = None,
    save_baseline: SaveBaseline = None,
    prior: Prior = "everyday",
    words: Words = False,
    transcriber: Transcriber = None,
    language: Language = None,
    translate: Translate = None,
    words_model: TextModel = None,
    words_weight: Weight = None,
    fusion: FusionFile = None,
    redact: Redact = False,
    speakers: Annotated[str | None, typer.Option(hidden=True)] = None,
    denoise: Annotated[bool, typer.Option("--denoise", hidden=True)] = False,
    loudness: Annotated[float | None, typer.Option(hidden=True)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes on stderr.")] = False,
) -> None:
    """Hear the feeling in a voice while it speaks.

    Ctrl-C ends it; then the timeline of all that was heard is shown. A voice is known better the
    longer it is heard.

    Examples:
      affetto listen
      affetto listen --record talk.flac -o talk.json
      affetto listen --format jsonl | jq -c '[.time, .emotion]'
      affetto listen --input talk.mp3
      affetto listen --words -o talk.html
    """
    for name, given in (("speakers", speakers), ("denoise", denoise), ("loudness", loudness)):
        if given is not None and given is not False:
            raise OptionError(
                f"found --{name}, which is not for listening: {_WHOLE[name]}; "
                "keep the sound with --record, and give that to affetto analyze"
            )
    if devices:
        _list_devices()
        return
    if source is not None and device is not None:
        raise OptionError("found --input and --device, expected one of the two")
    if no_baseline and (baseline or save_baseline):
        given = "--baseline" if baseline else "--save-baseline"
        raise OptionError(f"found --no-baseline and {given}, which contradict each other")
    if seconds is not None and not 0 < seconds < math.inf:
        raise OptionError(f"found --seconds {seconds:g}, expected a number above 0")
    kept_as = _form(output)
    _check_apart({"--input": source, "-o": output, "--record": record})
    _check_apart({"--input": source, "--save-baseline": save_baseline})
    _check_apart({"-o": output, "--save-baseline": save_baseline, "--record": record})
    for path in (output, record, save_baseline):
        if path is not None:
            check_file(path)

    from affetto.recognition import LiveRecognizer, Recognizer

    recognizer = Recognizer(
        model,
        window=window,
        hop=hop,
        labels=labels,
        baseline=not no_baseline,
        prior=prior,
        causal=True,
    )
    if baseline is not None:
        recognizer.baseline = recognizer.open_baseline(baseline)
    if save_baseline is not None:
        recognizer.new_baseline()  # refuses a model that learns none, before anything is heard
    listener = open_words(
        words=words,
        transcriber=transcriber,
        language=language,
        translate=translate,
        words_model=words_model,
        words_weight=words_weight,
        fusion=fusion,
        redact=redact,
    )
    live = LiveRecognizer(recognizer, every=every)
    spoken = SpokenWords(listener, window=recognizer.grid.window, quiet=quiet)
    ended = _listen(
        live,
        spoken,
        source=source,
        device=device,
        seconds=seconds,
        form=form,
        record=record,
        quiet=quiet,
    )
    # Whatever ended it, what was heard until then is kept.
    timeline = spoken.finish(replace(live.finish(), warnings=ended.warnings))
    if output is not None:
        _keep(timeline, output, kept_as, record)
    if save_baseline is not None and live.baseline is not None:
        live.baseline.save(save_baseline)
    if ended.fault is None or isinstance(ended.fault, AffettoError):
        _tell_the_rest(live, timeline, form)
    if ended.fault is not None:
        raise ended.fault
    if ended.signal == signal.SIGTERM:
        raise typer.Exit(143)


def _list_devices() -> None:
    from affetto.audio import microphones

    names = microphones()
    if not names:
        raise AffettoError("found no microphone, expected one: connect it, or allow its use")
    for number, name in enumerate(names, start=1):
        print_data(f"{number} {name}\n")


def _form(output: Path | None) -> str:
    """Tell from a name what the timeline is kept as."""
    if output is None:
        return ""
    suffix = output.suffix.lower()
    if suffix not in _FORMS:
        raise OptionError(
            f"{output}: found the suffix {output.suffix!r}, expected {', '.join(_FORMS)}"
        )
    return _FORMS[suffix]


def _check_apart(named: "Mapping[str, Path | None]") -> None:
    """Make sure that no two options name one file."""
    seen: dict[Path, str] = {}
    for option, path in named.items():
        if path is not None and (other := seen.setdefault(path.resolve(), option)) != option:
            raise OptionError(f"found {path} for {other} and for {option}, expected two files")


@dataclass
class _Ended:
    """How listening ended.

    Attributes:
        signal: that ended it.
        fault: that ended it; what was heard until then is whole.
        warnings: of the file that was heard.
    """

    signal: int | None = None
    fault: AffettoError | OSError | None = None
    warnings: tuple[str, ...] = ()


def _listen(
    live: "LiveRecognizer",
    spoken: SpokenWords,
    *,
    source: Path | None,
    device: str | None,
    seconds: float | None,
    form: str,
    record: Path | None,
    quiet: bool,
) -> _Ended:
    """Hear until the end, of whatever kind it is."""
    from affetto import audio
    from affetto.jobs.interrupts import noted

    ended = _Ended()
    try:
        with ExitStack() as opened:
            chunks: Chunks
            if source is not None:
                stream = opened.enter_context(audio.stream(source, chunk=1.0))
                chunks = audio.in_real_time(stream, seconds=live.every)
                live.source = stream.source
            else:
                microphone = opened.enter_context(audio.Microphone(device))
                chunks = microphone
                live.source = microphone.name
                if not quiet:
                    note(f"listening to {microphone.name}")
            recorder = opened.enter_context(audio.Writer(record)) if record is not None else None
            tell = teller(live, form, opened)
            asked = opened.enter_context(noted())
            try:
                for chunk in _until(chunks, seconds, asked):
                    if recorder is not None:
                        recorder.write(chunk)
                    updates = live.feed(chunk)
                    tell(updates, chunk, spoken.feed(chunk, updates))
            except (AffettoError, OSError) as fault:
                ended.fault = fault
            ended.signal = asked()
        if source is not None:
            ended.warnings = tuple(stream.warnings)
        elif microphone.lost:
            ended.warnings = (
                f"{microphone.lost:.1f} s of sound were lost: this machine is too slow for them",
            )
    except AffettoError as fault:  # in opening, or in closing the recording
        ended.fault = ended.fault or fault
    if not quiet:
        for warning in ended.warnings:
            note(warning)
    if ended.fault is not None and not live.heard:
        raise ended.fault
    return ended


def _until(chunks: "Chunks", seconds: float | None, asked: "Callable[[], int | None]") -> "Chunks":
    """Give chunks until there was enough, or somebody asks to end."""
    from affetto.dsp import SAMPLE_RATE

    left = None if seconds is None else round(seconds * SAMPLE_RATE)
    for chunk in chunks:
        yield chunk if left is None else chunk[:left]
        if left is not None:
            left = max(left - len(chunk), 0)
        if left == 0 or asked():
            return


def _tell_the_rest(live: "LiveRecognizer", timeline: "Timeline", form: str) -> None:
    """Tell what only the end made clear."""
    if form == "jsonl":
        from affetto.recognition import Update

        write_lines([Update.at_end(live)], None, None)
        if timeline.words is not None:
            print_data(json.dumps({"words": timeline.words.to_dict()}, ensure_ascii=False) + "\n")
        return
    from affetto.cli.render import view

    if not sys.stdout.isatty():
        write_all(live.rest)
        print_data("\n")
    show(lambda width, glyphs: view(timeline, width=width, glyphs=glyphs))


def _keep(timeline: "Timeline", output: Path, form: str, record: Path | None) -> None:
    """Write the timeline; a page has its sound in it where that was kept."""
    samples = None
    if form == "html" and record is not None:
        from affetto import audio

        samples = audio.load(record).samples
    write_one(output, form, timeline, samples)
