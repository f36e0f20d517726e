"""Options of the verbs that write down what is said, and what they open."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.words import WordListener

__all__ = [
    "NAMES",
    "FusionFile",
    "Language",
    "Redact",
    "TextModel",
    "Transcriber",
    "Translate",
    "Weight",
    "Words",
    "open_words",
]

Words: TypeAlias = Annotated[
    bool,
    typer.Option("--words", help="Write down what is said; hear words and voice together."),
]
Transcriber: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="With --words: whisper:small, a folder, pocketsphinx, or a server's address.",
    ),
]
Language: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="CODE", help="With --words: of what is said, such as en; else detected."),
]
Translate: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="With --words: into English, by whisper, marian, or a chat server's address.",
    ),
]
TextModel: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--words-model", metavar="MODEL", help="With --words: what judges them; hf:owner/name."
    ),
]
Weight: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--words-weight", metavar="0…5", help="With --words: how much they count; 0: not at all."
    ),
]
FusionFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--fusion", metavar="FILE", help="With --words: what `words fuse` learned."),
]
Redact: TypeAlias = Annotated[
    bool,
    typer.Option("--redact", help="With --words: mask names, numbers and addresses in the text."),
]

NAMES = ("transcriber", "language", "translate", "words_model", "words_weight", "fusion", "redact")
"""The parameters that need `--words`."""


def open_words(*, words: bool, threads: int = 1, **given: Any) -> "WordListener | None":
    """Open what writes down and judges words, where that was asked for.

    Args:
        words: whether it was.
        threads: CPU threads that networks may use.
        **given: the verb's parameters of `NAMES`.

    Returns:
        None without `--words`.

    Raises:
        OptionError: an option that needs `--words` stands without it.
        ModelError: a model isn't to be had.
        MissingExtraError: what a part needs isn't installed.
    """
    # A weight of 0 says something, too.
    options = {name: value for name, value in given.items() if value not in (None, False)}
    if given["words_weight"] is not None:
        options["words_weight"] = given["words_weight"]
    if not words:
        if options:
            name = next(iter(options)).replace("_", "-")
            raise OptionError(f"found --{name} without --words, which it belongs to: add that")
        return None
    from affetto.words import WordListener

    renamed = {"words_model": "model", "words_weight": "weight"}
    return WordListener(
        threads=threads, **{renamed.get(name, name): value for name, value in options.items()}
    )
