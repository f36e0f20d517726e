"""`affetto analyze`: who felt what when, in recordings."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from affetto.cli.console import note
from affetto.cli.inputs import Input, gather, several
from affetto.cli.options import Baseline, Labels, Model, NoBaseline, Prior, SaveBaseline, Window
from affetto.cli.outputs import Output, choose
from affetto.cli.progress import FractionBar
from affetto.cli.word_options import (
    NAMES,
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
from affetto.errors import AffettoError, MissingExtraError, ModelError, OptionError
from affetto.jobs import check_file
from affetto.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from affetto.recognition import Recognizer, SpeakerBaseline

    Progress = Callable[[float, float | None], None]

__all__ = ["Command", "command"]

_PICTURED = 2 * 3600.0
"""Seconds; a page about a longer recording goes without its sound, which memory might not hold."""

_HEARING = 0.1
"""Of the progress, where an explanation follows."""


_MAKING = {"model", "labels", "window", "hop", "no_baseline", "baseline", "prior", "speakers"}
_MAKING |= {"causal", "channels", "highpass", "denoise", "loudness", "track", "explain"}
_MAKING |= {"words", *NAMES}
"""Options that results hang on; those of one folder are all made with the same."""


class Command(TyperCommand):
    """The command, whose `--speakers` and `--explain` may stand alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give such an option its value, and take a count that follows it."""
        return super().parse_args(ctx, spell_out_counts(args))


_BARE = {"--speakers": "auto", "--explain": "1"}
"""Options that take a count or none, and what they mean where they stand alone."""


def spell_out_counts(args: list[str]) -> list[str]:
    """Write `--speakers` and `--speakers 2` as `--speakers=auto` and `--speakers=2`.

    Examples:
        >>> spell_out_counts(["--speakers", "a.wav"])
        ['--speakers=auto', 'a.wav']
        >>> spell_out_counts(["--speakers", "2", "--explain", "a.wav"])
        ['--speakers=2', '--explain=1', 'a.wav']
    """
    spelt: list[str] = []
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--":
            return [*spelt, arg, *rest]
        if arg in _BARE:
            count = rest and rest[0].isascii() and rest[0].isdigit() and not Path(rest[0]).exists()
            arg = f"{arg}={rest.pop(0) if count else _BARE[arg]}"
        spelt.append(arg)
    return spelt


def command(
    context: typer.Context,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Files, folders (searched to their depths), or - for standard input.",
        ),
    ],
    form: Annotated[
        Literal["text", "json", "csv", "html", "srt", "vtt"],
        typer.Option(
            "--format",
            help="text to read; json: an object an input; csv: a row a segment; html: a page; "
            "srt, vtt: subtitles.",
        ),
    ] = "text",
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="PATH", help="A file, or a folder for several inputs."
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Skip inputs whose result is in the folder of -o and up to date."
        ),
    ] = False,
    model: Model = "default",
    labels: Labels = None,
    window: Window = None,
    hop: Annotated[
        float, typer.Option(metavar="SECONDS", help="From one answer to the next.")
    ] = 0.5,
    no_baseline: NoBaseline = False,
    baseline: Baseline = None,
    save_baseline: SaveBaseline = None,
    prior: Prior = "everyday",
    speakers: Annotated[
        str | None,
        typer.Option(
            metavar="[=N]", help="Tell speakers apart by their voices; N if you know how many."
        ),
    ] = None,
    causal: Annotated[
        bool,
        typer.Option("--causal", help="Judge each moment by what came before, as when live."),
    ] = False,
    channels: Annotated[
        Literal["mix", "separate"],
        typer.Option(help="separate: each channel is a speaker of its own."),
    ] = "mix",
    highpass: Annotated[
        float | None, typer.Option(metavar="HERTZ", help="Take away what is below, such as 80.")
    ] = None,
    denoise: Annotated[
        bool, typer.Option("--denoise", help="Take steady noise away first.")
    ] = False,
    loudness: Annotated[
        float | None, typer.Option(metavar="LUFS", help="Bring to this loudness, such as -23.")
    ] = None,
    track: Annotated[
        bool, typer.Option("--track", help="JSON: add the probabilities of every window.")
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="[=N]",
            help="Say which times and pitches drove the label: of the dominant segment, or of N.",
        ),
    ] = None,
    words: Words = False,
    transcriber: Transcriber = None,
    language: Language = None,
    translate: Translate = None,
    words_model: TextModel = None,
    words_weight: Weight = None,
    fusion: FusionFile = None,
    redact: Redact = False,
    threads: Annotated[
        int, typer.Option(metavar="N", min=1, help="Processor threads for the network.")
    ] = 1,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no warnings on stderr.")
    ] = False,
) -> None:
    """Hear who felt what when, in recordings of any common format.

    The result goes to standard output and nothing else does. Several inputs: the good ones are
    finished, then the exit status is 2 if any failed.

    Examples:
      affetto analyze talk.mp3
      affetto analyze talk.mp3 --format html -o talk.html
      affetto analyze call.wav --channels separate --labels angry,neutral,happy
      affetto analyze archive/ --format json -o results/ --resume
      affetto analyze talk.mp3 --explain --format html -o talk.html
      affetto analyze talk.mp3 --words --format vtt -o talk.vtt
      ffmpeg -i film.mkv -f wav - | affetto analyze - --format json
    """
    if track and form != "json":
        raise OptionError("--track needs --format json; the other formats hold no windows")
    explained = _count("--explain", explain)
    if explained and form in ("csv", "srt", "vtt"):
        raise OptionError(f"--explain needs --format text, json or html; {form} holds no reasons")
    if no_baseline and (baseline or save_baseline):
        given = "--baseline" if baseline else "--save-baseline"
        raise OptionError(f"found --no-baseline and {given}, which contradict each other")
    many = several(inputs)
    if save_baseline and (many or inputs == ["-"]):
        raise OptionError("--save-baseline learns from one file with one person in it; name that")
    count = True if speakers == "auto" else _count("--speakers", speakers) or False
    if save_baseline and (count or channels == "separate"):
        raise OptionError(
            "--save-baseline learns one voice: leave out --speakers and --channels separate"
        )
    if count and channels == "separate":
        raise OptionError(
            "found --speakers and --channels separate, whose channels are speakers already; "
            "leave one of the two out"
        )
    if count and causal:
        raise OptionError(
            "found --speakers and --causal: speakers are told apart once all was heard; "
            "leave one of the two out"
        )
    items, errors = gather(inputs)
    out = choose(output, form, items, several=many, track=track, resume=resume)
    if save_baseline:
        check_file(save_baseline)
    for error in errors:
        note(str(error))
    options = {name: given for name, given in context.params.items() if name in _MAKING}
    if resume:
        out.check_made_with(options)
        items = _unfinished(items, out, quiet=quiet)
    failed = len(errors)
    if items:
        recognizer, known = _recognizer(
            model,
            labels=labels,
            window=window,
            hop=hop,
            baseline=baseline if baseline else not no_baseline,
            prior=prior,
            speakers=count,
            causal=causal,
            threads=threads,
        )

        listener = open_words(
            words=words,
            transcriber=transcriber,
            language=language,
            translate=translate,
            words_model=words_model,
            words_weight=words_weight,
            fusion=fusion,
            redact=redact,
            threads=threads,
        )
        if save_baseline:
            recognizer.new_baseline()  # refuses a model that learns none, before anything is heard
        out.remember(options)

        from affetto.api import analyze

        cleanup: dict[str, Any] = {
            "highpass": highpass,
            "denoise": denoise,
            "loudness": loudness,
        }

        def hear(source: Path | bytes, progress: "Progress") -> Timeline:
            listening = _share(progress, 0.0, _HEARING) if explained else progress
            timeline = analyze(
                source,
                model=recognizer,
                channels=channels,
                words=listener or False,
                progress=listening,
                **cleanup,
            )
            if not explained:
                return timeline
            if timeline.duration > _PICTURED:
                text = f"longer than {_PICTURED / 3600:g} hours, so nothing of it is explained"
                return replace(timeline, warnings=(*timeline.warnings, text))
            from affetto import audio
            from affetto.recognition.explain import explain_timeline

            samples = audio.clean(audio.load(source, channels=channels).samples, **cleanup)
            explaining = _share(progress, _HEARING, 1.0)
            return explain_timeline(
                recognizer,
                samples,
                timeline,
                most=explained,
                progress=lambda share: explaining(share, 1.0),
            )

        failed += _run(items, out, hear, quiet=quiet)
        if save_baseline and not failed:
            _learn(recognizer, items[0], known, cleanup).save(save_baseline)
    if failed:
        raise typer.Exit(2)


def _count(option: str, value: str | None) -> int:
    """Read the count of an option that may stand alone; 0 where it isn't given."""
    if value is None:
        return 0
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise OptionError(f"found {option}={value}, expected a number of 1 or more, or none")
    return int(value)


def _share(progress: "Progress", start: float, end: float) -> "Progress":
    """Give the progress of a part of the work, from one share of the whole to another."""

    def part(done: float, promised: float | None) -> None:
        progress(start + (end - start) * (done / promised if promised else 0.0), 1.0)

    return part


def _unfinished(items: list[Input], out: Output, *, quiet: bool) -> list[Input]:
    left = [item for item in items if not out.finished(item)]
    if len(left) < len(items) and not quiet:
        note(f"{len(items) - len(left)} of {len(items)} were finished before; going on")
    return left


def _run(
    items: Sequence[Input],
    out: Output,
    hear: "Callable[[Path | bytes, Progress], Timeline]",
    *,
    quiet: bool,
) -> int:
    """Analyse the inputs one after the other; give how many failed."""
    failed = 0
    faults: list[tuple[Input, Exception]] = []
    with out, FractionBar(len(items), shown=not quiet) as bar:
        for item in items:
            bar.begin(item.name)
            timeline = samples = None
            try:
                source = item.source()
                timeline = hear(source, _fraction(bar))
                if item.path is None:
                    timeline = replace(timeline, source="stdin")
                if out.form == "html":
                    samples = _samples(source, timeline, quiet=quiet)
            except (OptionError, ModelError, MissingExtraError):
                # The next input would fail in the same way.
                raise
            except AffettoError as error:
                bar.end()
                note(_naming(error, item))
                failed += 1
                continue
            except Exception as error:  # a fault of ours in one recording must not cost the others
                bar.end()
                faults.append((item, error))
                continue
            bar.end()
            if not quiet:
                for warning in timeline.warnings:
                    note(warning if item.name in warning else f"{item.name}: {warning}")
            out.write(item, timeline, samples)
    if faults:
        item, fault = faults[0]
        raise RuntimeError(f"{item.name}: {type(fault).__name__}: {fault}") from fault
    return failed


def _fraction(bar: FractionBar) -> "Progress":
    def progress(heard: float, promised: float | None) -> None:
        bar.update(heard / promised if promised else 0.0)

    return progress


def _naming(error: AffettoError, item: Input) -> str:
    """Make sure that the line says which input it is about."""
    text = str(error)
    return text if item.name in text else f"{item.name}: {text}"


def _samples(
    source: Path | bytes, timeline: Timeline, *, quiet: bool
) -> "NDArray[np.float32] | None":
    """Load the sound for the page, unless there is too much of it."""
    from affetto import audio

    if timeline.duration <= _PICTURED:
        return audio.load(source).samples
    if not quiet:
        note(
            f"{timeline.source}: longer than {_PICTURED / 3600:g} hours, "
            "so the page goes without its sound"
        )
    return None


def _recognizer(
    model: str, *, baseline: Path | bool, **options: Any
) -> "tuple[Recognizer, SpeakerBaseline | None]":
    """Open the model, and the person's baseline where one was named."""
    from affetto.recognition import Recognizer

    recognizer = Recognizer(model, baseline=baseline is not False, **options)
    if isinstance(baseline, bool):
        return recognizer, None
    known = recognizer.open_baseline(baseline)
    recognizer.baseline = known
    return recognizer, known


def _learn(
    recognizer: "Recognizer", item: Input, known: "SpeakerBaseline | None", cleanup: dict[str, Any]
) -> "SpeakerBaseline":
    """Learn the voice of a recording, as it was heard, on top of what was known of it."""
    from affetto import audio

    samples = audio.clean(audio.load(item.source()).samples, **cleanup)
    return recognizer.learn([samples], start=known)
