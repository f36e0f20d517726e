"""`affetto features`: what models hear, saved as arrays and pictures, and what befalls it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from affetto.cli.console import note, print_data, show
from affetto.cli.verbs import new_app
from affetto.errors import OptionError
from affetto.jobs import check_folder, check_there, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from affetto.lab.families.config import ModelConfig
    from affetto.lab.saved_features import SavedFeatures

__all__ = ["app"]

app = new_app(invoke_without_command=True)

Data = Annotated[
    list[Path] | None,
    typer.Option(metavar="TABLE", help="A table of clips, or a corpus's folder; again for more."),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, help="Processes; by default one a core."),
]
Saved = Annotated[Path, typer.Argument(metavar="FOLDER", help="What `affetto features` saved.")]


@app.callback()
def save_features(
    context: typer.Context,
    data: Data = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|TOML", help="A family that shall learn from them, or a file."),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A family's value: features.hop=256 …"),
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(metavar="STEPS", help="What befalls altered copies: noise:8..30dB,pitch:2st."),
    ] = None,
    copies: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Altered copies of each clip; the family's."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Where they go.")
    ] = None,
    runs: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where they are kept while they are made.")
    ] = Path("runs"),
    workers: Workers = None,
) -> None:
    """Compute what models of a family learn from, and save it as arrays (.npy).

    They are of the clips as they are and of altered copies of them. Training takes them with
    --features, and computes nothing; values of features and augment must be the same there.

    Examples:
      affetto features --data RAVDESS --model cnn -o arrays/cnn
      affetto features --data RAVDESS --model cnn --set features.hop=256 -o fine
      affetto features --data a.csv --model cnn --augment noise:10dB -o noisy
      affetto train --features arrays/cnn --model cnn -o models/cnn
      affetto features merge arrays/a arrays/b -o arrays/both
      affetto features show arrays/cnn
      affetto features pictures --data RAVDESS -o pictures
      affetto features preview talk.wav --steps noise:10dB,pitch:2st -o heard
    """
    if context.invoked_subcommand is not None:
        if data or model or output:
            raise OptionError(
                f"found options before {context.invoked_subcommand}, expected them after it, or no "
                "verb: leave one out"
            )
        return
    given = {"--data": data, "--model": model, "--output": output}
    if not (data and model and output):
        missing = next(name for name, value in given.items() if not value)
        raise OptionError(
            f"found no {missing}, expected --data, --model and --output, or a verb; see "
            "affetto features --help"
        )
    for source in data:
        check_there(source)
    for folder in (output, runs):
        check_folder(folder)
    from affetto.lab.families.config import ModelConfig
    from affetto.lab.saved_features import SavedFeatures
    from affetto.lab.sources import Sources, collect

    config = _altered(ModelConfig.of(model).changed(values or ()), augment, copies)
    table = collect(Sources(data))
    made = SavedFeatures.compute(table, config, runs / "arrays", workers=workers)
    made.save(output)
    note(f"wrote features of {len(made.table)} clips to {output}")


@app.command("merge")
def merge_features(
    sources: Annotated[
        list[Path], typer.Argument(metavar="FOLDER...", help="What `affetto features` saved.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the joined ones go.")
    ],
) -> None:
    """Join features of one kind; a clip that stands in several is kept once.

    Example:
      affetto features merge arrays/ravdess arrays/emodb -o arrays/both
    """
    check_folder(output)
    from affetto.lab.saved_features import SavedFeatures

    first, *others = [SavedFeatures.open(source) for source in sources]
    made = first.merge(*others)
    made.save(output)
    note(f"wrote features of {len(made.table)} clips to {output}")


@app.command("show")
def show_features(
    folder: Saved,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
) -> None:
    """Show what was saved: which features, of which clips, altered how.

    Examples:
      affetto features show arrays/cnn
      affetto features show arrays/cnn --format json
    """
    from affetto.lab.saved_features import SavedFeatures

    saved = SavedFeatures.open(folder)
    facts = _facts(saved)
    if form == "json":
        print_data(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    else:
        show(lambda _width, _glyphs: _page(folder, facts))


@app.command("pictures")
def write_pictures(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the folders go.")
    ],
    data: Data = None,
    size: Annotated[int, typer.Option(metavar="PIXELS", min=32, help="Each way.")] = 224,
    shares: Annotated[
        str, typer.Option(metavar="A,B,C", help="Of training, validation and test.")
    ] = "0.8,0.1,0.1",
    by: Annotated[
        Literal["speaker", "clip"],
        typer.Option(help="clip lets the same voices stand on all sides."),
    ] = "speaker",
    seed: Annotated[int, typer.Option(min=0, help="Of the sharing out.")] = 0,
    workers: Workers = None,
) -> None:
    """Draw every clip's mel spectrogram, in folders for other tools: train, val, test by emotion.

    Examples:
      affetto features pictures --data RAVDESS -o pictures
      affetto features pictures --data a.csv --size 128 --shares 0.9,0.1,0 -o png
      affetto features pictures --data a.csv --by clip --seed 1 -o png/random
    """
    if not data:
        raise OptionError("found no --data, expected --data TABLE once or more")
    for source in data:
        check_there(source)
    check_folder(output)
    from affetto.lab.picture_folders import write_pictures
    from affetto.lab.sources import Sources, collect

    counts = write_pictures(
        collect(Sources(data)),
        output,
        size=size,
        shares=_shares(shares),
        by=by,
        seed=seed,
        workers=workers,
    )
    said = ", ".join(f"{count} to {side}" for side, count in counts.items() if count)
    note(f"wrote {sum(counts.values())} pictures to {output}: {said}")


@app.command("preview")
def preview_steps(
    sound: Annotated[Path, typer.Argument(metavar="SOUND", help="A recording.")],
    steps: Annotated[
        str, typer.Option(metavar="STEPS", help="What befalls it: noise:10dB,pitch:2st.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the files go.")
    ],
    form: Annotated[
        Literal["wav", "flac"], typer.Option("--format", help="Of the sounds.")
    ] = "wav",
    seed: Annotated[int, typer.Option(min=0, help="Of the chance in the steps.")] = 0,
) -> None:
    """Hear and see what steps do to a sound: before, after, and both spectrograms.

    Examples:
      affetto features preview talk.wav --steps noise:10dB,pitch:2st -o heard
      affetto features preview talk.wav --steps speed:0.8..1.2 --seed 3 -o heard
    """
    check_there(sound)
    check_folder(output)
    from affetto import audio
    from affetto.lab.augment import generator, parse
    from affetto.report.plots.alteration import alteration
    from affetto.report.plots.paper import blank

    step = parse(steps)
    blank(1, 1)  # tells of a missing matplotlib before anything is written
    before = audio.load(sound).samples
    after = step(before, generator(seed, sound.stem))
    make_folder(output)
    audio.save(output / f"before.{form}", before)
    audio.save(output / f"after.{form}", after)
    alteration(before, after, steps=steps, path=output / "spectrograms.png")
    note(f"wrote before.{form}, after.{form} and spectrograms.png to {output}")


def _altered(config: "ModelConfig", steps: str | None, copies: int | None) -> "ModelConfig":
    """Alter clips as was asked on the command line, rather than as the family does."""
    if steps is None and copies is None:
        return config
    if copies == 0 and steps:
        raise OptionError("found --copies 0 beside --augment, where it does nothing: leave one out")
    wanted = config.augment.steps if steps is None else steps
    number = max(1, config.augment.copies) if copies is None else copies
    table = {"steps": wanted if number else "", "copies": number}
    return config.with_tables({"augment": table})


def _shares(text: str) -> tuple[float, float, float]:
    """Read `0.8,0.1,0.1`."""
    try:
        train, val, test = (float(part) for part in text.split(","))
    except ValueError:
        raise OptionError(
            f"found --shares {text!r}, expected three numbers such as 0.8,0.1,0.1"
        ) from None
    return train, val, test


def _facts(saved: "SavedFeatures") -> dict[str, Any]:
    clean = saved.arrays[0]
    return {
        **clean.recipe.to_dict(),
        "shape": list(clean.values.shape),
        "columns": len(clean.recipe.names),
        "clips": len(saved.table),
        "speakers": len(saved.table.speakers),
        "corpora": list(saved.table.corpora),
        "emotions": saved.table.counts("emotion"),
        "altered": {"steps": saved.steps, "copies": saved.copies},
        "bytes": sum(arrays.values.nbytes for arrays in saved.arrays),
    }


def _page(folder: Path, facts: dict[str, Any]) -> "Iterator[Text]":
    from rich.text import Text

    from affetto.cli.glyphs import printable

    altered = facts["altered"]
    parts = f"{facts['kind']} of {', '.join(facts['parts'])}"
    if facts["kind"] == "picture":
        parts = f"picture, {facts['size']} pixels each way"
    yield Text.assemble((printable(str(folder)), "bold"), f"  {parts}")
    shape = " × ".join(f"{size:,}" for size in facts["shape"])
    emotions = ", ".join(f"{name or 'none'} {count}" for name, count in facts["emotions"].items())
    for name, value in (
        ("numbers", f"{shape}, {facts['bytes'] / 1e6:,.1f} MB in all"),
        ("clips", f"{facts['clips']:,} of {facts['speakers']:,} speakers"),
        ("corpora", ", ".join(facts["corpora"])),
        ("emotions", emotions),
        ("altered", f"{altered['copies']} × {altered['steps']}" if altered["copies"] else "none"),
    ):
        yield Text.assemble((f"  {name:<9} ", "dim"), value)
