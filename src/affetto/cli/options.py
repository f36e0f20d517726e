"""Options that several verbs have, each said in one place."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from affetto.errors import OptionError

__all__ = [
    "Baseline",
    "Exclude",
    "Gender",
    "Labels",
    "Licence",
    "MinCount",
    "Model",
    "NoBaseline",
    "Prior",
    "SaveBaseline",
    "Seed",
    "Tables",
    "Window",
    "refuse_unused",
]

Model: TypeAlias = Annotated[
    str,
    typer.Option(metavar="MODEL", help="A bundled model, a package's folder, hf:owner/name."),
]
Labels: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="A,B,…", help="The only answers to choose among: angry,neutral."),
]
Window: TypeAlias = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="What one answer hears; the model's.")
]
NoBaseline: TypeAlias = Annotated[
    bool,
    typer.Option("--no-baseline", help="Judge every window by itself, not by the voice."),
]
Baseline: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Start from a person's saved baseline."),
]
SaveBaseline: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Save the baseline of the person in the recording."),
]
Prior: TypeAlias = Annotated[
    str,
    typer.Option(metavar="PRIOR", help="How common each emotion is: everyday, even, or angry=2,…"),
]
Exclude: TypeAlias = Annotated[
    str | None, typer.Option(metavar="A,B,…", help="Emotions to leave out.")
]
MinCount: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", min=2, help="Leave out emotions with fewer clips.")
]
Gender: TypeAlias = Annotated[
    bool, typer.Option("--gender", help="Tell women from men as well, for each emotion.")
]
Licence: TypeAlias = Annotated[
    Literal["research", "commercial"],
    typer.Option(help="commercial leaves out corpora that forbid it."),
]
Seed: TypeAlias = Annotated[int, typer.Option(min=0, help="Of everything drawn.")]
Tables: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--data", metavar="TABLE", help="A table of clips, or a corpus's folder; again for more."
    ),
]


def refuse_unused(context: typer.Context, used: Collection[str], *, beside: str) -> None:
    """Refuse options that were typed although they would do nothing.

    Args:
        context: of the command.
        used: parameters that do something here.
        beside: what was chosen instead, as it is typed.

    Raises:
        OptionError: one was typed.
    """
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        typed = source is not None and source.name == "COMMANDLINE"
        if typed and parameter.name not in used:
            argument = not parameter.opts[0].startswith("-")
            name = f"a {parameter.name}" if argument else parameter.opts[0]
            raise OptionError(f"found {name} beside {beside}, where it does nothing: leave one out")
