"""`affetto words`: the feeling of written words; training, measuring and fusing what hears it."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from affetto.cli.console import note, print_data, show
from affetto.cli.glyphs import MARGIN, Glyphs, bar, colour, printable
from affetto.cli.verbs import new_app
from affetto.cli.words_training import Form, WordsModel, lab
from affetto.emotions import EMOJI
from affetto.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["app"]

app = new_app(
    help="""Say what is felt in written words; train, measure and fuse what does.

Examples:
  affetto words feel "I'm fine. Really."
  affetto words show words-default
  affetto words train --data goemotions -o models/words
  affetto words finetune --data goemotions --encoder minilm -o models/teacher
  affetto words evaluate --data goemotions --model models/words
  affetto words fuse --data mine.csv -o fusion.json
""",
)

# The verbs of the laboratory stand beside these.
app.add_typer(lab)


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
