"""`affetto tune`: better values for a family of models."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from affetto.cli.console import note, show
from affetto.cli.options import Exclude, Gender, Licence, MinCount, Seed, Tables, refuse_unused
from affetto.errors import OptionError
from affetto.jobs import check_folder, check_there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from affetto.lab.objective import Objective
    from affetto.lab.tuning_results import Tuned

__all__ = ["command"]

_OF_A_TABLE = {"exclude", "min_count", "gender"}
"""Options that say what to tell apart; a protocol says it itself."""


def command(
    context: typer.Context,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the results go.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|TOML",
            help="A family (`affetto compare --list` names them), or a file with one and its "
            "values.",
        ),
    ] = None,
    data: Tables = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A value that is not tried but stays: epochs=20 …"
        ),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Learn from the training clips of a protocol, fold by fold."
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(metavar="N", min=1, help="In all, with those of former calls.")
    ] = 50,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0.0, help="Begin no trial after that time."),
    ] = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, help="Trials side by side, which share the cores.")
    ] = 1,
    exclude: Exclude = None,
    min_count: MinCount = None,
    gender: Gender = False,
    licence: Licence = "research",
    runs: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Where features and the search keep their state."),
    ] = Path("runs"),
    seed: Seed = 0,
) -> None:
    """Look for the values with which a family of models does best.

    Each trial trains with other values and is judged by speakers held out of the training; test
    clips of a protocol are never heard. Trials that lag behind are stopped early. The same command
    goes on where it was stopped. Results: best.toml, trials.csv, history.png, importance.png.

    Examples:
      affetto tune --model svm --data RAVDESS -o tuned/svm
      affetto tune --model cnn --set epochs=20 --data a.csv --workers 4 -o tuned
      affetto tune --model svm --protocol savee-loso --data SAVEE -o tuned/savee
      affetto train --model tuned/svm/best.toml --data RAVDESS -o models/svm
    """
    if not model or not data:
        raise OptionError(
            f"found no {'--data' if model else '--model'}, expected --model and --data"
        )
    if protocol is not None:
        every = {parameter.name or "" for parameter in context.command.params}
        refuse_unused(context, every - _OF_A_TABLE, beside="--protocol")
    for source in data:
        check_there(source)
    for folder in (output, runs):
        check_folder(folder)
    from affetto.lab.extras import require

    require("optuna", "sklearn", "matplotlib", purpose="tuning")
    from affetto.lab.families.config import ModelConfig
    from affetto.lab.families.spaces import space_of
    from affetto.lab.tuning import Search, tune

    config = ModelConfig.of(model).changed(values or ())
    require(*config.family.packages, purpose=f"tuning {config.family.name}")
    space = space_of(config, fixed=[text.partition("=")[0].strip() for text in values or ()])
    objective = _objective(data, licence, protocol, exclude, min_count, gender, runs, seed)
    tuned = tune(
        Search(config, space, objective, seed),
        output,
        runs=runs,
        trials=trials,
        timeout=timeout,
        workers=workers,
        report=note,
    )
    show(lambda _width, _glyphs: _page(tuned))
    note(f"wrote {output / 'best.toml'}, which affetto train --model takes")


def _objective(
    data: list[Path],
    licence: Literal["research", "commercial"],
    protocol: str | None,
    exclude: str | None,
    min_count: int | None,
    gender: bool,
    runs: Path,
    seed: int,
) -> "Objective":
    from affetto.emotions import parse_labels
    from affetto.jobs import make_folder
    from affetto.lab.corpora import fingerprints
    from affetto.lab.families.build import choose_classes
    from affetto.lab.objective import Objective
    from affetto.lab.sources import Sources, collect

    table = collect(Sources(data, licence=licence))
    if protocol is not None:
        make_folder(runs)
        digests = fingerprints(table, journal=runs / "fingerprints.jsonl")
        return Objective.on_protocol(protocol, table, digests=digests)
    classes = choose_classes(
        table,
        exclude=parse_labels(exclude) if exclude else (),
        min_count=min_count,
        genders=gender,
        report=note,
    )
    return Objective.on_table(table, classes, seed=seed)


def _page(tuned: "Tuned") -> "Iterator[Text]":
    from rich.text import Text

    stopped = f", {tuned.stopped} of them stopped early" if tuned.stopped else ""
    failed = f", {len(tuned.failed)} more failed" if tuned.failed else ""
    yield Text.assemble(
        (f"UAR {tuned.score:.3f}", "bold"),
        f" on held-out speakers, best of {tuned.trials} trials{stopped}{failed}",
    )
    width = max(map(len, tuned.values))
    for name, value in tuned.values.items():
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        yield Text(f"  {name:{width}}  {text}")
