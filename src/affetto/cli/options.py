"""Options that several verbs have, each said in one place."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

__all__ = ["Baseline", "Labels", "Model", "NoBaseline", "Prior", "SaveBaseline", "Window"]

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
