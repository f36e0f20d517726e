"""`affetto models`: which there are, what they may be used for, where they come from and go to."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from affetto.cli.console import note, print_data, show
from affetto.cli.verbs import new_app
from affetto.errors import OptionError
from affetto.jobs import check_there

if TYPE_CHECKING:
    from rich.text import Text

    from affetto.features.recipe import FeatureRecipe
    from affetto.models import Card

__all__ = ["app", "card_page"]

app = new_app(
    help="""List, show, verify, describe, push and pull model packages.

Examples:
  affetto models list
  affetto models show default
  affetto models verify models/mine
  affetto models note models/mine --from results
  affetto models card models/mine --manifest labels.csv
  affetto models push models/mine anna/moods
  affetto models pull hf:anna/moods -o models/moods
""",
)

Form = Annotated[
    Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
]


@app.command("list")
def list_models(form: Form = "text") -> None:
    """List the models that came with Affetto.

    Example:
      affetto models list
    """
    from affetto.models import Card, available

    cards = [(Card.read(folder / "card.yaml"), folder) for folder in available().values()]
    if form == "json":
        print_data(json.dumps([_row(card, folder) for card, folder in cards], indent=2) + "\n")
    elif cards:
        show(lambda width, _: _overview(cards, width))
    else:
        note("no model is bundled here; name the folder of a package with --model")


@app.command("show")
def show_model(
    name: Annotated[
        str, typer.Argument(help="A bundled model, a package's folder or hf:owner/name.")
    ] = "default",
    form: Form = "text",
) -> None:
    """Show a model's card: labels, languages, training corpora, licence, results, calibration.

    Examples:
      affetto models show default
      affetto models show models/mine --format json
    """
    from affetto.models import Card, resolve

    folder = resolve(name)
    card = Card.read(folder / "card.yaml")
    if form == "json":
        print_data(json.dumps(_row(card, folder), indent=2, ensure_ascii=False) + "\n")
    else:
        show(lambda width, _: card_page(card, folder, width=width))


@app.command("verify")
def verify_model(
    path: Annotated[str, typer.Argument(help="A package's folder, or a bundled model.")],
    form: Form = "text",
) -> None:
    """Check a package: its files against their checksums, its answers against the golden ones.

    Example:
      affetto models verify models/mine
    """
    from affetto.models import resolve, verify

    folder = resolve(path)
    findings = verify(folder)
    if form == "json":
        row = {"path": str(folder), "ok": not findings, "findings": list(findings)}
        print_data(json.dumps(row, indent=2) + "\n")
    elif not findings:
        print_data(f"{folder}: every file and every golden answer is as it should be\n")
    if findings:
        note(f"{folder}: {'; '.join(findings)}")
        raise typer.Exit(2)


def _row(card: "Card", folder: Path) -> dict[str, Any]:
    return {**card.to_dict(), "path": str(folder), "bytes": _size(folder)}


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _overview(cards: "Iterable[tuple[Card, Path]]", width: int) -> "Iterator[Text]":
    from rich.text import Text

    for card, folder in cards:
        facts = f"{', '.join(card.languages)}; {_size(folder) / 1e6:.1f} MB"
        yield Text.assemble((card.title, "bold"), f"  {facts}")
        for line in wrap(card.description, width - 2):
            yield Text(f"  {line}")
        for line in wrap(", ".join(card.labels), width - 2):
            yield Text(f"  {line}", "dim")


@app.command("note")
def note_results(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A package.")],
    results: Annotated[
        Path, typer.Option("--from", metavar="FOLDER", help="Results that training left.")
    ],
) -> None:
    """Note in a package's card what trainings like its own measured.

    Example:
      affetto models note models/mine --from results
    """
    from affetto.lab.measured import belonging
    from affetto.lab.results import digest, gather, read_folds
    from affetto.models import Card, rewrite_card

    card = Card.read(folder / "card.yaml")
    figures = digest(belonging(gather(read_folds(results)), card))
    rewrite_card(folder, results=figures)
    note(f"noted {len(figures)} results in {folder / 'card.yaml'}")


@app.command("card")
def write_card(
    folder: Annotated[Path, typer.Argument(metavar="PACKAGE", help="A package's folder.")],
    results: Annotated[
        Path | None,
        typer.Option("--from", metavar="RESULTS", help="Results that training left."),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="TABLE", help="Clips to measure it on: a table, a corpus's folder."),
    ] = None,
) -> None:
    """Write a package's model card anew: README.md, as the Hugging Face hub shows it.

    What is measured neither here nor noted in card.yaml is said to be not measured.

    Examples:
      affetto models card models/mine
      affetto models card models/mine --from results
      affetto models card models/mine --manifest labels.csv
    """
    from affetto.lab.measured import Measured, belonging, of_results
    from affetto.lab.model_card import write_model_card
    from affetto.models import Card

    card = Card.read(folder / "card.yaml")
    for source in (results, manifest):
        check_there(source)
    measured: list[Measured] = []
    if results is not None:
        from affetto.lab.results import gather, read_folds

        measured += of_results(belonging(gather(read_folds(results)), card))
        if not measured:
            raise OptionError(
                f"{results}: found no finished result of {card.name}, expected some: train every "
                "fold of a protocol first"
            )
    if manifest is not None:
        from affetto.lab.corpora import load
        from affetto.lab.evaluation import evaluate

        table = load(manifest)
        report = evaluate(folder, table, describe="listening")
        taught = {one.corpus for one in card.training} & {clip.corpus for clip in table}
        how = "of corpora that taught it" if taught else "of corpora that it never heard"
        measured.append(Measured(manifest.name, "other", (report,), how))
    note(f"wrote {write_model_card(folder, measured)}")


@app.command("push")
def push_model(
    package: Annotated[str, typer.Argument(help="A package's folder, or a bundled model.")],
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="Its name on the hub.")],
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A hub; HF_ENDPOINT or huggingface.co if not given."),
    ] = None,
    mirror: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="Instead: a folder of models.")
    ] = None,
) -> None:
    """Put a package on a Hugging Face hub, in one commit, or into a folder that mirrors one.

    It is verified first. A model that is not there yet is made, for everybody to see; make a
    private one on the hub's page beforehand. The token is that of `hf auth login`, or HF_TOKEN.

    Examples:
      affetto models push models/mine anna/moods
      affetto models push models/mine anna/moods --to mirror
    """
    from affetto.models import Card, resolve
    from affetto.models.hub import push

    folder = resolve(package)
    besides = {}
    licence = licence_file(folder)
    if licence is not None:
        besides[licence.name] = licence.read_text(encoding="utf-8")
    if not (folder / "README.md").is_file():
        from affetto.lab.model_card import model_card

        card = Card.read(folder / "card.yaml")
        besides["README.md"] = model_card(card, licence=licence.name if licence else None)
    where = push(folder, name, endpoint=endpoint, mirror=mirror, besides=besides)
    note(f"pushed {folder} to {where}")


@app.command("pull")
def pull_model(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="hf:owner/name, or hf:owner/name@revision.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="The package to write.")
    ],
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A hub; HF_ENDPOINT or huggingface.co if not given."),
    ] = None,
    mirror: Annotated[
        Path | None, typer.Option("--from", metavar="FOLDER", help="Instead: a folder of models.")
    ] = None,
) -> None:
    """Get a package from a Hugging Face hub, or from a folder that mirrors one.

    It takes its place once every file and every golden answer is as it should be.

    Examples:
      affetto models pull hf:anna/moods -o models/moods
      affetto models pull hf:anna/moods@v2 -o models/moods
      affetto models pull hf:anna/moods --from mirror -o models/moods
    """
    from affetto.models.hub import pull

    folder = pull(name, output, endpoint=endpoint, mirror=mirror)
    note(f"wrote {folder}")


def card_page(card: "Card", folder: Path, *, width: int = 80) -> "Iterator[Text]":
    """Lay a card out as a page.

    Args:
        card: of a model package.
        folder: where the package is.
        width: columns to fill.

    Yields:
        Lines without their line ends.
    """
    from rich.text import Text

    width = min(max(width, 40), 100)
    yield Text(card.title, "bold")
    for line in wrap(card.description, width):
        yield Text(line)
    yield Text()
    yield from _fact("licence", card.licence or "the card names none", width, style="bold")
    licence = card.licence.lower()
    # A bare identifier of a licence is put into words; words are not repeated.
    if "noncommercial" in licence and "non-commercial" not in licence:
        words = "for research and other non-commercial use only"
        yield from _fact("", words, width, style="bold")
    if terms := licence_file(folder):
        yield from _fact("", f"in full: {terms}", width)
    says = ", ".join(card.labels) or "none, but valence, arousal and dominance"
    yield from _fact("labels", f"{says}; of women and of men" if card.genders else says, width)
    yield from _fact("languages", ", ".join(card.languages) or "not stated", width)
    yield from _fact("window", f"{card.window:g} s, every {card.hop:g} s", width)
    if card.features is not None:
        yield from _fact("hears", _heard(card.features), width)
    yield from _fact("size", f"{_size(folder) / 1e6:.1f} MB in {folder}", width)
    yield Text()
    yield Text("Trained on", "bold")
    if not card.training:
        yield Text("  not stated", "dim")
    longest = max((len(one.corpus) for one in card.training), default=0)
    for one in card.training:
        lines = wrap(one.licence, max(width - longest - 4, 20), break_on_hyphens=False) or [""]
        yield Text.assemble(f"  {one.corpus:{longest}}  ", (lines[0], "dim"))
        for line in lines[1:]:
            yield Text(" " * (longest + 4) + line, "dim")
    yield Text()
    yield Text("Calibration", "bold")
    yield from _fact("temperature", f"{card.temperature:.3g}", width)
    if card.features is None:  # what judges windows for themselves knows no baseline
        yield from _fact("with a baseline", f"{card.temperature_baseline:.3g}", width)
    yield Text()
    yield Text("Measured", "bold")
    if not card.results:
        yield Text("  nothing is noted in the card", "dim")
    for name, figures in card.results.items():
        yield Text(f"  {name}")
        for line in wrap(_figures(figures), width - 4):
            yield Text(f"    {line}", "dim")


def _heard(features: "FeatureRecipe") -> str:
    """Say what a model makes of the sound of a window."""
    if features.kind == "picture":
        return f"a picture of the mel spectrogram, {features.size} × {features.size}"
    if features.kind == "sound":
        return "the sound itself"
    parts = ", ".join(features.parts)
    if features.kind == "row":
        return f"one row: {parts}"
    return f"{features.length or 'all'} frames: {parts}"


def licence_file(folder: Path) -> Path | None:
    """Find the text of the licence: in the package, or beside it where it came with Affetto."""
    from affetto.models import available

    places = [folder, folder.parent] if folder in available().values() else [folder]
    return next((path for place in places for path in sorted(place.glob("LICENSE*"))), None)


def _fact(name: str, value: str, width: int, *, style: str = "") -> "Iterator[Text]":
    from rich.text import Text

    indent = 19
    # A path or a licence's name is copied whole.
    lines = wrap(
        value, max(width - indent, 20), break_long_words=False, break_on_hyphens=False
    ) or [""]
    yield Text.assemble((f"  {name:{indent - 2}}", "dim"), (lines[0], style))
    for line in lines[1:]:
        yield Text(" " * indent + line, style)


def _figures(value: Any) -> str:
    """Write a protocol's figures in one line, however they are nested."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_figures(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return "–".join(_figures(part) for part in value)
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value)
