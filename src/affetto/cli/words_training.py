"""The laboratory's part of `affetto words`: train, finetune, evaluate, fuse."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from affetto.cli.console import give, note, print_data, show
from affetto.cli.progress import FractionBar
from affetto.errors import OptionError
from affetto.jobs import check_file, check_folder, cores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from affetto.lab.words.fusing import FusionResult
    from affetto.lab.words.training import TextResult
    from affetto.words.text_transformer import TextTransformer

__all__ = ["Form", "WordsModel", "lab"]

lab = typer.Typer()

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


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


@lab.command("train")
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
        list[str] | None,
        typer.Option(
            metavar="CORPUS:LICENCE",
            help="Of the texts, and of the teacher, to be told in the card; again for more.",
        ),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="A text classifier of transformers, which is learnt from beside the labels.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Train a small model of the emotion of words, and measure it on the texts of the test split.

    Examples:
      affetto words train --data goemotions -o models/words
      affetto words train --data goemotions --teacher models/teacher -o models/words
    """
    from affetto.lab.words.texts import read_texts
    from affetto.lab.words.training import train_texts
    from affetto.models.card_fields import TrainingCorpus

    check_folder(output)
    corpus = read_texts(data)
    taught_by = _teacher(teacher) if teacher is not None else None
    given = source or [corpus["train"].name if "train" in corpus else data.stem]
    sources = [one.partition(":") for one in given]
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
            training=[TrainingCorpus(of, terms or "not stated") for of, _, terms in sources],
            teacher=taught_by,
            report=report,
        )
        progress.end()
    print_data(f"{package.title} is in {output}\n")
    if results:
        show(lambda width, _: _measured(results, width))


def _teacher(model: str) -> "TextTransformer":
    from affetto.lab.extras import require
    from affetto.words import open_text_model
    from affetto.words.text_transformer import TextTransformer

    require("torch", "transformers")
    from affetto.lab.training import best_device

    opened = open_text_model(model, threads=cores())
    if not isinstance(opened, TextTransformer):
        raise OptionError(
            f"found the teacher {model}, which is as small as what it would teach: expected a text "
            "classifier of transformers, such as `affetto words finetune` makes"
        )
    return opened.to(best_device())


@lab.command("finetune")
def finetune_words(
    data: Texts,
    encoder: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="A text encoder of transformers: a folder, or hf:owner/name."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="The classifier.")
    ],
    runs: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep the training there, to go on after a stop."),
    ] = None,
    epochs: Annotated[int, typer.Option(metavar="N", help="Times that each text is read.")] = 3,
    batch: Annotated[int, typer.Option(metavar="N", help="Texts a step.")] = 32,
    rate: Annotated[float, typer.Option(metavar="RATE", help="Of learning, at most.")] = 6e-5,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the order and new weights.")] = 0,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda.")] = "auto",
    quiet: Quiet = False,
) -> None:
    """Fine-tune a text encoder of transformers to hear the feeling of words.

    What comes of it is a classifier of transformers: for `--words-model`, or for `affetto words
    train --teacher`.

    Example:
      affetto words finetune --data goemotions --encoder minilm -o models/teacher
    """
    from affetto.lab.words.finetuning import FinetuneTexts, finetune_texts
    from affetto.lab.words.texts import read_texts

    settings = FinetuneTexts(epochs=epochs, batch=batch, rate=rate, seed=seed)
    check_folder(output)
    with FractionBar(1, shown=not quiet) as progress:

        def report(step: str, share: float) -> None:
            progress.begin(step)
            progress.update(share)

        results = finetune_texts(
            read_texts(data),
            encoder,
            output,
            settings=settings,
            runs=runs,
            device=device,
            report=report,
        )
        progress.end()
    print_data(f"the classifier is in {output}\n")
    for split in ("dev", "test"):
        if f"{split} by thresholds" in results:
            f1 = results[f"{split} by thresholds"]
            print_data(f"  macro-F1 on {split} texts, by the thresholds best for dev  {f1:.3f}\n")


@lab.command("evaluate")
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


@lab.command("fuse")
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
