"""`affetto compare`: families of models × protocols × seeds, and the table of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from affetto.cli.console import give, note, print_data
from affetto.cli.options import Tables, refuse_unused
from affetto.errors import OptionError
from affetto.jobs import check_file, check_folder, check_there

if TYPE_CHECKING:
    from affetto.lab.results import Result

__all__ = ["command"]

_SHOWN = {"form", "output", "heat_map"}
_USED = {
    "--data": {"data", "model", "values", "protocol", "cross", "results", "runs", "seeds", "folds"}
    | {"workers", "dask"}
    | _SHOWN,
    "--from": {"source", "protocol", "model"} | _SHOWN,
    "--list": {"names"},
}
"""What each way to call it takes; the rest would do nothing, and is refused."""


def command(
    context: typer.Context,
    data: Tables = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|TOML", help="A family, or a file with one and its values; again for more."
        ),
    ] = None,
    protocol: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A protocol; again for more.")
    ] = None,
    cross: Annotated[
        bool,
        typer.Option("--cross", help="Train on each corpus and test on every other as well."),
    ] = False,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A value of every model: epochs=15 …; again."
        ),
    ] = None,
    seeds: Annotated[str, typer.Option(metavar="0,1,…", help="Of the trainings.")] = "0",
    folds: Annotated[
        str | None,
        typer.Option(
            metavar="0,1,…", help="Run these folds alone; the table says of how many they are."
        ),
    ] = None,
    results: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where each fold leaves its small file.")
    ] = Path("results"),
    runs: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where features and trainings keep their state.")
    ] = Path("runs"),
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, help="Trainings side by side, which share the cores.")
    ] = 1,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="A Dask scheduler, whose workers train on the same files."
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FOLDER", help="Show the results that are there already."),
    ] = None,
    names: Annotated[bool, typer.Option("--list", help="Name the families.")] = False,
    form: Annotated[
        Literal["markdown", "csv", "latex"], typer.Option("--format", help="Of the table.")
    ] = "markdown",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the table there.")
    ] = None,
    heat_map: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the pairs of --cross there.")
    ] = None,
) -> None:
    """Train models on protocols, fold by fold, and lay them side by side.

    The same command given again does what is left. Speaker-independent protocols and random splits
    stand in tables apart. Each model is chosen by held-out training speakers, never by test clips.

    Examples:
      affetto compare --list
      affetto compare --model svm --protocol ravdess-6fold --data RAVDESS
      affetto compare --model best.toml --protocol emodb-loso --data EMO-DB
      affetto compare --model cnn --protocol savee-loso --folds 0 --data SAVEE
      affetto compare --model svm --cross --data labels.csv --heat-map pairs.png
      affetto compare --from results --format latex -o table.tex
    """
    ways = {"--data": bool(data), "--from": source is not None, "--list": names}
    given = [way for way, is_given in ways.items() if is_given]
    if not given:
        raise OptionError(
            "found nothing to compare on, expected --data TABLE of clips, --from FOLDER with "
            "results, or --list"
        )
    refuse_unused(context, _USED[given[0]], beside=given[0])
    if names:
        from affetto.lab.families import FAMILIES

        width = max(map(len, FAMILIES))
        lines = (f"{family.name:{width}}  {family.help}" for family in FAMILIES.values())
        print_data("\n".join(lines) + "\n")
        return
    if source is not None and protocol and heat_map is not None:
        raise OptionError(
            "found --heat-map beside --protocol, expected it to draw pairs of --cross"
        )
    for path in (*(data or ()), source):
        check_there(path)
    if output is not None:
        check_file(output)
    if heat_map is not None:
        from affetto.report.plots import check_picture

        check_picture(heat_map)
    failed: dict[str, str] = {}
    if data:
        if not model:
            raise OptionError("found no --model, expected one or more beside --data")
        if "affetto" in model:
            raise OptionError(
                "found --model affetto, the bundled recipe, expected a family: that is measured "
                "by `affetto evaluate PROTOCOL --data TABLE`, whose results --from shows as well"
            )
        if not protocol and not cross:
            raise OptionError("found no --protocol, expected one or more beside --data, or --cross")
        if cross and folds and not protocol:
            raise OptionError("found --folds beside --cross, whose pairs have none; leave it out")
        if cross and (workers > 1 or dask):
            raise OptionError(
                f"found {'--dask' if dask else '--workers'} beside --cross, whose pairs are "
                "trained here one after another; leave it out"
            )
        if heat_map is not None and not (cross and len(model) == 1):
            raise OptionError("found --heat-map, expected --cross and one --model beside it")
        for folder in (results, runs):
            check_folder(folder)
        from affetto.lab.comparison import Comparison, compare
        from affetto.lab.families.config import ModelConfig

        failed = compare(
            Comparison(
                [ModelConfig.of(name).changed(values or ()) for name in model],
                protocol or (),
                data,
                _numbers(seeds, "--seeds"),
                None if folds is None else _numbers(folds, "--folds"),
                cross=cross,
            ),
            runs=runs,
            results=results,
            workers=workers,
            cluster=dask,
            report=note,
        )
    for name, error in failed.items():
        note(f"{name}: {error}")
    found = _found(source or results, protocol or (), model or (), pairs=cross or not protocol)
    if not found and not failed:
        asked = ", ".join([*(protocol or ()), *(model or ())]) or "any protocol"
        raise OptionError(
            f"{source or results}: found no results of {asked}, expected some: train first"
        )
    if found:
        _give(found, form, output)
        if heat_map is not None:
            _draw(found, heat_map)
    if failed:
        raise typer.Exit(2)


def _numbers(text: str, option: str) -> list[int]:
    """Read `0,1,2`."""
    try:
        numbers = list(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 0:
        raise OptionError(f"found {option} {text!r}, expected whole numbers such as 0,1,2")
    return numbers


def _found(
    folder: Path, protocols: Sequence[str], models: Sequence[str], *, pairs: bool
) -> "list[Result]":
    """Read the results that are there, of those protocols and models alone."""
    from affetto.lab.cross_corpus import pair_of
    from affetto.lab.results import gather, read_folds

    named = {Path(m).stem if m.endswith(".toml") else m for m in models}
    return [
        result
        for result in gather(read_folds(folder))
        if (pairs if pair_of(result.protocol) else not protocols or result.protocol in protocols)
        and (not named or result.model in named)
    ]


def _give(found: "list[Result]", form: str, output: Path | None) -> None:
    """Write the table."""
    from affetto.lab.comparison_tables import to_csv, to_latex, to_markdown

    give({"markdown": to_markdown, "csv": to_csv, "latex": to_latex}[form](found), output)


def _draw(found: "list[Result]", path: Path) -> None:
    """Draw the pairs of corpora of the one model that has some."""
    from affetto.lab.cross_corpus import grid, pair_of
    from affetto.report.plots import heat_map

    crossed = sorted({result.model for result in found if pair_of(result.protocol)})
    if len(crossed) != 1:
        raise OptionError(
            f"found pairs of corpora of {', '.join(crossed) or 'no model'}, expected those of one "
            "to draw: name it with --model, or train with --cross"
        )
    corpora, values = grid(found, crossed[0])
    heat_map(values, corpora, title=f"UAR of {crossed[0]}", path=path)
