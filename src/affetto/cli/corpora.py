"""`affetto corpora`: the emotional speech to train and measure with."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from affetto.cli.console import note, print_data, show
from affetto.cli.verbs import new_app
from affetto.jobs import check_file

if TYPE_CHECKING:
    from rich.text import Text

    from affetto.cli.glyphs import Glyphs

__all__ = ["app"]

app = new_app(
    help="""List, describe, prepare and merge corpora.

\b
Examples:
  affetto corpora list
  affetto corpora describe RAVDESS
  affetto corpora prepare RAVDESS corpora/ravdess
  affetto corpora merge corpora/ravdess corpora/emodb -o pool.csv
""",
)

Form = Annotated[
    Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
]
Source = Annotated[Path, typer.Argument(help="A corpus's folder, or a table (CSV, JSON Lines).")]
CorpusName = Annotated[
    str | None,
    typer.Option(
        "--corpus", metavar="NAME", help="Whose layout the folder has; by default it is found out."
    ),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, help="Processes; by default one a core."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="An option of the corpus's loader, such as channel=song.",
    ),
]


@app.command("list")
def list_corpora(form: Form = "text") -> None:
    """List the corpora that can be read: labels, licence, and how to get them.

    Example:
      affetto corpora list
    """
    from affetto.lab.corpora import CORPORA

    rows = [corpus.to_dict() for corpus in CORPORA.values()]
    if form == "json":
        print_data(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    else:
        show(lambda width, _: _overview(rows, width))


@app.command("describe")
def describe_corpus(
    source: Source,
    form: Form = "text",
    chart: Annotated[
        Path | None,
        typer.Option("--chart", metavar="FILE", help="Draw a picture too (png, svg, pdf)."),
    ] = None,
    corpus: CorpusName = None,
    settings: Settings = None,
    workers: Workers = None,
) -> None:
    """Count the clips of a corpus by emotion, speaker and gender, and measure them.

    Examples:
      affetto corpora describe RAVDESS
      affetto corpora describe labels.csv --chart clips.png
      affetto corpora describe RAVDESS --set channel=both --format json
    """
    from affetto.lab.corpora import describe, draw, load, measure

    if chart is not None:
        from affetto.report.plots import check_picture

        check_picture(chart)
    table = load(source, corpus=corpus, **_settings(settings))
    # Reading headers is quicker than starting processes, short of very many files.
    table = measure(table, workers=workers or 1, describe="measuring")
    facts = {"source": str(source), **describe(table)}
    if chart is not None:
        draw(table, chart, title=str(source))
        note(f"wrote {chart}")
    if form == "json":
        print_data(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    else:
        show(lambda width, glyphs: _page(facts, width, glyphs))


@app.command("prepare")
def prepare_corpus(
    source: Source,
    out: Annotated[Path, typer.Argument(help="The new folder.")],
    corpus: CorpusName = None,
    settings: Settings = None,
    workers: Workers = None,
    trim_silence: Annotated[
        bool, typer.Option("--trim-silence", help="Cut off the silence before and after.")
    ] = False,
    split_over: Annotated[
        float | None,
        typer.Option("--split-over", metavar="SECONDS", help="Cut longer clips into equal parts."),
    ] = None,
    overlap: Annotated[
        float, typer.Option("--overlap", metavar="SECONDS", help="What neighbouring parts share.")
    ] = 1.0,
) -> None:
    """Convert a corpus to 16 kHz FLAC with one table, labels.csv; goes on where it was stopped.

    Examples:
      affetto corpora prepare RAVDESS corpora/ravdess
      affetto corpora prepare IEMOCAP_full_release corpora/iemocap --split-over 7
      affetto corpora prepare CREMA-D corpora/cremad --set label=voted
    """
    from affetto.lab.corpora import prepare

    prepared = prepare(
        source,
        out,
        corpus=corpus,
        workers=workers,
        trim_silence=trim_silence,
        split_over=split_over,
        overlap=overlap,
        **_settings(settings, taken=("split_over", "overlap")),
    )
    for clip, error in prepared.failed:
        text = error if str(clip.file) in error else f"{clip.file}: {error}"
        note(text)
    before = f", {prepared.restored} of them before" if prepared.restored else ""
    note(f"{_count(len(prepared.table), 'clip')} in {out}{before}")
    if prepared.failed:
        note(
            f"{_count(len(prepared.failed), 'clip')} failed; mend or leave out, then run this again"
        )
        raise typer.Exit(2)


@app.command("merge")
def merge_tables(
    sources: Annotated[
        list[Path], typer.Argument(help="Corpora's folders or tables (CSV, JSON Lines).")
    ],
    out: Annotated[
        Path, typer.Option("--output", "-o", metavar="TABLE", help="The new one (CSV).")
    ],
) -> None:
    """Join corpora into one table; a clip that stands in several is kept once.

    Example:
      affetto corpora merge corpora/ravdess corpora/emodb mine.csv -o pool.csv
    """
    from affetto.lab.corpora import load

    check_file(out)
    first, *others = [load(source) for source in sources]
    table = first.merge(*others)
    table.write_csv(out)
    note(f"{_count(len(table), 'clip')} in {out}")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _settings(given: list[str] | None, *, taken: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read loader options typed as NAME=VALUE; `taken` are those that the verb itself has."""
    from affetto.errors import OptionError

    read: dict[str, Any] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise OptionError(f"found --set {text!r}, expected NAME=VALUE, such as channel=song")
        name = name.replace("-", "_")
        if name in taken:
            option = f"--{name.replace('_', '-')}"
            raise OptionError(f"found --set {text!r}, expected {option} {value}; use that instead")
        try:
            read[name] = _KINDS.get(name, str)(value)
        except (ValueError, KeyError):
            raise OptionError(
                f"found --set {text!r}, expected {_WORDS[name]} after the =; correct it"
            ) from None
    return read


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _yes_or_no(text: str) -> bool:
    return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]


_KINDS: dict[str, Callable[[str], Any]] = {
    "drop": _list,
    "excited_as_happy": _yes_or_no,
    "overlap": float,
    "split_over": float,
    "votes": Path,
}
_WORDS = {"excited_as_happy": "yes or no", "overlap": "seconds", "split_over": "seconds"}


def _overview(rows: list[dict[str, Any]], width: int) -> "Iterator[Text]":
    from rich.text import Text

    for number, row in enumerate(rows):
        if number:
            yield Text()
        facts = f"{row['language']}, {row['clips']:,} clips, {row['speakers']:,} speakers"
        yield Text.assemble((row["title"], "bold"), f" ({row['name']}): {facts}")
        use = "non-commercial use only" if row["noncommercial"] else "commercial use allowed"
        for name, value in (
            ("labels", ", ".join(row["emotions"])),
            ("licence", f"{row['licence']}; {use}"),
            ("to get", row["obtain"]),
            ("layout", row["layout"]),
            ("cite", row["citation"]),
        ):
            lines = wrap(value, max(width - 12, 24), break_on_hyphens=False)
            yield Text.assemble((f"  {name:<9} ", "dim"), lines[0])
            for line in lines[1:]:
                yield Text(f"  {'':<9} {line}")


def _page(facts: Mapping[str, Any], width: int, glyphs: "Glyphs") -> "Iterator[Text]":
    from rich.text import Text

    from affetto.cli.glyphs import printable
    from affetto.timeline import clock

    corpora = ", ".join(facts["corpora"])
    yield Text.assemble((printable(facts["source"]), "bold"), f"  {printable(corpora)}")
    sep = glyphs.separator
    yield Text(
        f"  {_count(facts['clips'], 'clip')}{sep}{clock(facts['seconds'])}{sep}"
        f"{_count(facts['speakers'], 'speaker')}{sep}{', '.join(facts['languages'])}"
    )
    if facts["duration"]:
        lengths = facts["duration"]
        words = sep.join(f"{name} {lengths[name]:.2f} s" for name in ("min", "median", "max"))
        yield Text(f"  {words}")
    for words, count in (("measured", "unmeasured"), ("labelled", "unlabelled")):
        if facts[count]:
            yield Text(f"  {_count(facts[count], 'clip')} could not be {words}")
    yield Text()
    yield from _bars(facts["emotions"], width, glyphs, coloured=True)
    yield Text()
    yield from _bars(facts["genders"], width, glyphs)
    speakers = facts["by_speaker"]
    if 1 < len(speakers) <= 30:
        yield Text()
        yield from _bars(speakers, width, glyphs)


def _bars(
    counts: Mapping[str, int], width: int, glyphs: "Glyphs", *, coloured: bool = False
) -> "Iterator[Text]":
    from rich.text import Text

    from affetto.cli.glyphs import bar, colour, printable

    most = max(counts.values(), default=1)
    longest = max((len(name) for name in counts), default=0)
    cells = max(min(width, 100) - longest - 12, 8)
    for name, count in counts.items():
        drawn = bar(count / most, cells, glyphs)
        yield Text.assemble(
            f"  {printable(name):<{longest}} ",
            (drawn, colour(name) if coloured else ""),
            f" {count:>6}",
        )
