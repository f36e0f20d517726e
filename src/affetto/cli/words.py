"""`affetto words`: the feeling of written words; training, measuring and fusing what hears it."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.text import Text

from affetto.cli.console import give, note, print_data, show
from affetto.cli.glyphs import MARGIN, Glyphs, bar, colour, printable
from affetto.cli.progress import FractionBar
from affetto.cli.verbs import new_app
from affetto.emotions import EMOJI
from affetto.errors import OptionError
from affetto.jobs import check_file, check_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from affetto.lab.words.fusing import FusionResult
    from affetto.lab.words.training import TextResult

__all__ = ["app"]

app = new_app(
    help="""Say what is felt in written words; train, measure and fuse what does.

Examples:
  affetto words feel "I'm fine. Really."
  affetto words show words-default
  affetto words train --data goemotions -o models/words
  affetto words evaluate --data goemotions --model models/words
  affetto words fuse --data mine.csv -o fusion.json
""",
)

Form = Annotated[
    Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
]
WordsModel = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="words-default, a folder, or a text classifier of transformers: hf:owner/name.",
    ),
]
Texts = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="PLACE",
        help="GoEmotions' folder, or a table with text and emotion (and split).",
    ),
]


@app.command("feel")
def feel_words(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]...", help="Texts; lines of standard input without any."),
    ] = None,
    model: WordsModel = "words-default",
    form: Form = "text",
) -> None:
    """Say what is felt in written words.

    Examples:
      affetto words feel "I can't believe you did that!"
      affetto words feel --format json < diary.txt
    """
    from affetto.words import open_text_model

    given = list(texts or _lines())
    opened = open_text_model(model)
    rows = zip(given, opened.judge(given), strict=True)
    if form == "json":
        lines = [json.dumps(_row(text, scores), ensure_ascii=False) for text, scores in rows]
        print_data("".join(f"{line}\n" for line in lines))
        return
    told = list(rows)
    show(lambda width, glyphs: _felt(told, width, glyphs))


def _lines() -> "Iterator[str]":
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise OptionError(
                f"standard input, line {number}: found bytes that are no text ({error.reason}), "
                "expected UTF-8: convert it, with iconv say"
            ) from None


def _row(text: str, scores: "Mapping[str, float]") -> dict[str, Any]:
    top = max(scores, key=lambda label: scores[label]) if scores else None
    return {
        "text": text,
        "emotion": top,
        "confidence": round(scores[top], 4) if top else 0.0,
        "scores": {label: round(p, 4) for label, p in scores.items()},
    }


def _felt(
    rows: "Sequence[tuple[str, Mapping[str, float]]]", width: int, glyphs: Glyphs
) -> "Iterator[Text]":
    for number, (text, scores) in enumerate(rows):
        if number:
            yield Text()
        yield Text(printable(text), "bold")
        if not scores:
            yield Text(" " * MARGIN + "no words", "dim")
        for label, p in sorted(scores.items(), key=lambda item: -item[1])[:3]:
            if p < 0.05:
                continue
            line = Text(" " * MARGIN)
            if glyphs.emoji:
                line.append(EMOJI.get(label, " ") + " ")
            line.append(label.ljust(10), colour(label))
            line.append(f"{p:4.0%} ")
            line.append(bar(p, min(max(width - 24, 4), 40), glyphs), colour(label))
            yield line


@app.command("show")
def show_words(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="words-default, or a package's folder.")
    ] = "words-default",
    form: Form = "text",
) -> None:
    """Show the card of a model of words: labels, languages, training corpora, licence, results.

    Example:
      affetto words show
    """
    from affetto.words.text_card import TextCard
    from affetto.words.text_catalogue import text_package

    folder = text_package(model)
    card = TextCard.read(folder / "card.yaml")
    if form == "json":
        print_data(json.dumps({**card.to_dict(), "path": str(folder)}, indent=2) + "\n")
    else:
        print_data(card.dump())


@app.command("verify")
def verify_words(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="words-default, or a package's folder.")
    ] = "words-default",
) -> None:
    """Check a package: its files against their checksums, its answers against the golden ones.

    Example:
      affetto words verify models/words
    """
    from affetto.models import verify
    from affetto.words.text_catalogue import text_package
    from affetto.words.text_model import TextModel

    folder = text_package(model)
    findings = verify(folder, load=lambda place: TextModel.load(place, check=False))
    if findings:
        note(f"{folder}: {'; '.join(findings)}")
        raise typer.Exit(2)
    print_data(f"{folder}: every file and every golden answer is as it should be\n")


@app.command("train")
def train_words(
    data: Texts,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="The package.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="Of the model.")] = "words",
    version: Annotated[str, typer.Option(metavar="VERSION", help="Of the model.")] = "1",
    language: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Of the texts: en (the default); again for more."),
    ] = None,
    licence: Annotated[str, typer.Option(metavar="TEXT", help="Of the weights.")] = "",
    source: Annotated[
        str | None,
        typer.Option(metavar="CORPUS:LICENCE", help="Of the texts, to be told in the card."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Train a small model of the emotion of words, and measure it on the texts of the test split.

    Example:
      affetto words train --data goemotions -o models/words
    """
    from affetto.lab.words.texts import read_texts
    from affetto.lab.words.training import train_texts
    from affetto.models.card_fields import TrainingCorpus

    check_folder(output)
    corpus = read_texts(data)
    of, _, terms = (source or corpus["train"].name if "train" in corpus else "").partition(":")
    with FractionBar(1, shown=not quiet) as progress:

        def report(step: str, share: float) -> None:
            progress.begin(step)
            progress.update(share)

        package, results = train_texts(
            corpus,
            output,
            name=name,
            version=version,
            licence=licence,
            languages=tuple(language or ["en"]),
            training=[TrainingCorpus(of, terms or "not stated")],
            report=report,
        )
        progress.end()
    print_data(f"{package.title} is in {output}\n")
    if results:
        show(lambda width, _: _measured(results, width))


@app.command("evaluate")
def evaluate_words(
    data: Texts,
    model: WordsModel = "words-default",
    split: Annotated[
        Literal["train", "dev", "test"], typer.Option(help="Of the texts to measure on.")
    ] = "test",
    form: Form = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there instead.")
    ] = None,
) -> None:
    """Measure a model of the emotion of words on labelled texts.

    Examples:
      affetto words evaluate --data goemotions
      affetto words evaluate --data mine.csv --split train --model hf:owner/name
    """
    from affetto.lab.words.texts import read_texts
    from affetto.lab.words.training import measure_texts
    from affetto.words import open_text_model

    if output is not None:
        check_file(output)
    corpus = read_texts(data)
    if split not in corpus:
        raise OptionError(
            f"{data}: found the splits {', '.join(corpus)}, expected {split}: choose with --split"
        )
    opened = open_text_model(model)
    result = measure_texts(opened, corpus[split])
    if form == "json":
        give(json.dumps({"model": opened.title, **result.to_dict()}, indent=2) + "\n", output)
    else:
        found = {f"{opened.title} on {corpus[split].name}, {split}": result}
        if output is None:
            show(lambda width, _: _measured(found, width))
        else:
            give("".join(f"{line.plain}\n" for line in _measured(found, 100)), output)


def _measured(results: "Mapping[str, TextResult]", width: int) -> "Iterator[Text]":
    for name, result in results.items():
        yield Text(f"{name}: {result.texts} texts", "bold")
        yield Text(f"  macro-F1 of all that a text may hold  {result.macro_f1:.3f}")
        parts = [f"{label} {f1:.2f}" for label, f1 in result.per_label.items()]
        line = "   "
        for part in parts:
            if len(line) + len(part) > width - 2:
                yield Text(line.rstrip(", "), "dim")
                line = "   "
            line += f" {part},"
        yield Text(line.rstrip(", "), "dim")
        yield Text(f"  macro-F1 of the top label alone       {result.top_macro_f1:.3f}")
        yield Text(f"  accuracy of the top label             {result.accuracy:.3f}")
        yield Text(f"  calibration error (ECE)               {result.ece:.3f}")


@app.command("fuse")
def fuse_words(
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="TABLE", help="Clips with file, emotion and text (and speaker)."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The fusion.")],
    model: Annotated[
        str, typer.Option("--model", metavar="MODEL", help="That hears the voice.")
    ] = "default",
    words_model: Annotated[
        str, typer.Option("--words-model", metavar="MODEL", help="That reads the words.")
    ] = "words-default",
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Clips heard at once.")] = 1,
) -> None:
    """Learn how much words and voice each count, from clips whose texts vary.

    The voice's model must not have been trained on these clips. What comes of it goes to
    `affetto analyze --words --fusion FILE`.

    Example:
      affetto words fuse --data iemocap.csv -o fusion.json
    """
    from affetto.lab.corpora import load
    from affetto.lab.evaluation import predict
    from affetto.lab.words.fusing import learn_fusion
    from affetto.models import load as load_model
    from affetto.models import resolve
    from affetto.words import open_text_model

    check_file(output)
    table = load(data)
    clips = [clip for clip in table if clip.emotion is not None and (clip.text or "").strip()]
    if not clips:
        raise OptionError(f"{data}: found no clip with emotion and text, expected some of both")
    package = load_model(model)
    sayable = [clip for clip in clips if str(clip.emotion) in package.labels]
    if len(sayable) < len(clips):
        note(f"{len(clips) - len(sayable)} clips of emotions that {model} can't say are left out")
    clips = sayable
    # As `analyze` hears, since that is what the fusion is for.
    heard = predict(resolve(model), clips, prior="everyday", workers=workers)
    if heard.failed:
        note(f"{len(heard.failed)} of {len(clips)} clips could not be heard; left out")
    kept = {prediction.file: prediction for prediction in heard.predictions}
    clips = [clip for clip in clips if clip.key in kept]
    opened = open_text_model(words_model)
    texts = [clip.text or "" for clip in clips]
    voice = [kept[clip.key].scores for clip in clips]
    fusion, result = learn_fusion(
        voice,
        opened.judge(texts),
        [str(clip.emotion) for clip in clips],
        texts=texts,
        speakers=[clip.speaker for clip in clips],
        prior=opened.prior,
        name=data.stem,
    )
    fusion.save(output)
    show(lambda _, __: _fused(result))


def _fused(result: "FusionResult") -> "Iterator[Text]":
    yield Text(f"{result.clips} clips, {result.texts} different texts", "bold")
    for name, value in (
        ("voice alone", result.voice),
        ("voice alone, learned likewise", result.voice_learned),
        ("words alone", result.words),
        ("both, by the fixed weight", result.fixed),
        ("both, learned on other speakers", result.learned),
    ):
        yield Text(f"  UAR of {name.ljust(33)} {value:.3f}")
