"""The verbs, each in a module of its own that is imported when that verb runs."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from inspect import cleandoc
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from affetto.cli.usage import empty_argument, explain, unknown_verb
from affetto.errors import OptionError

__all__ = ["VERBS", "Verb", "run"]


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb of the command line.

    Its module has either `app`, a Typer with verbs of its own, or `command`, a function with
    annotated options whose docstring is the help (as far as its `Args:`).

    Attributes:
        module: where the verb lives; a verb whose module is not installed is not listed.
        help: one line for the overview.
    """

    module: str
    help: str


VERBS = {
    "analyze": Verb("affetto.cli.analyze", "Hear who felt what when, in files and folders."),
    "listen": Verb("affetto.cli.listen", "Hear it live, from a microphone."),
    "serve": Verb("affetto.cli.serve", "Serve recordings and live sound to programs."),
    "words": Verb("affetto.cli.words", "Feel written words; train and fuse what does."),
    "models": Verb("affetto.cli.models", "List, show and verify model packages."),
    "corpora": Verb("affetto.cli.corpora", "List, describe, prepare and merge corpora."),
    "features": Verb("affetto.cli.features", "Save what models hear; preview what befalls it."),
    "train": Verb("affetto.cli.train", "Train a model and export it as a package."),
    "tune": Verb("affetto.cli.tune", "Look for a family's best values."),
    "compare": Verb("affetto.cli.compare", "Train families of models and lay them side by side."),
    "evaluate": Verb("affetto.cli.evaluate", "Measure a model on a protocol or a table of clips."),
}
"""Every verb by its name, in the order of the overview."""

_OVERVIEW = """Affetto hears the feeling in a voice.

It tells who sounded how, when: a timeline of emotions with calibrated probabilities.

\b
Examples:
  affetto analyze talk.mp3
  affetto analyze talk.mp3 --format html -o talk.html
  affetto analyze --help
"""


class VerbGroup(TyperGroup):
    """A group that says in our words when it has no such verb."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb that the arguments name."""
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise OptionError(unknown_verb(args[0], self.list_commands(ctx), ctx.command_path))
        return super().resolve_command(ctx, args)


class LazyGroup(VerbGroup):
    """A group that knows its verbs' names and help by heart and imports only the one that runs."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Name the verbs that are installed."""
        return [name for name, verb in VERBS.items() if find_spec(verb.module)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Give a verb's line of the overview; `resolve_command` imports the verb that runs."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return TyperCommand(cmd_name, help=VERBS[cmd_name].help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb that the arguments name, and import it."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, load(name), rest


def load(name: str) -> Any:
    """Import a verb and give it as a command that can be run."""
    module = import_module(VERBS[name].module)
    if hasattr(module, "app"):
        group = get_group(module.app)
        group.name = name
        group.help = group.help or VERBS[name].help
        for verb in (group, *group.commands.values()):
            verb.help = laid_out(verb.help or "")
        return group
    holder = new_app()
    text = laid_out(module.command.__doc__ or VERBS[name].help)
    kind = getattr(module, "Command", TyperCommand)
    holder.command(name, help=text, cls=kind)(module.command)
    return get_group(holder).commands[name]


def laid_out(text: str) -> str:
    r"""Lay a docstring out as help: paragraphs flow, examples keep their lines, no `Args:`.

    Examples:
        >>> laid_out("Do it.\n\nIn one\ngo.\n\nExample:\n  affetto do\n\nArgs:\n  x: it.")
        'Do it.\n\nIn one go.\n\n\x08\nExample:\n  affetto do'
    """
    paragraphs = []
    for given in cleandoc(text).split("\n\n"):
        paragraph = given.removeprefix("\b\n")
        if paragraph.startswith(("Args:", "Raises:", "Returns:")):
            break
        # Click keeps the lines of a paragraph that starts with a backspace.
        verbatim = paragraph.startswith("Example")
        paragraphs.append(f"\b\n{paragraph}" if verbatim else " ".join(paragraph.split()))
    return "\n\n".join(paragraphs)


def new_app(**settings: Any) -> typer.Typer:
    """Give a Typer with the settings that all verbs share."""
    defaults: dict[str, Any] = {
        "cls": VerbGroup,
        "add_completion": False,
        "context_settings": {"help_option_names": ["-h", "--help"]},
        "pretty_exceptions_enable": False,
        "rich_markup_mode": "rich",
    }
    return typer.Typer(**(defaults | settings))


def _root() -> Any:
    app = new_app(cls=LazyGroup, help=_OVERVIEW)

    @app.callback()
    def options(
        version: Annotated[
            bool, typer.Option("--version", help="Show the version and exit.")
        ] = False,
        debug: Annotated[
            bool, typer.Option("--debug", help="Show tracebacks; goes with every verb.")
        ] = False,
    ) -> None:
        """Hold the options that `main` has answered already."""

    return get_group(app)


def run(args: list[str]) -> int:
    """Run the verb that the arguments name.

    Args:
        args: the arguments after the command's name, without `--debug`.

    Returns:
        The exit status.

    Raises:
        OptionError: the arguments are wrong, with the way to the right ones.
    """
    if empty := empty_argument(args):
        raise OptionError(empty)
    root = _root()
    # Typer carries its own Click or uses an installed one; its public error leads to either.
    wrong_usage: Any = typer.BadParameter.__mro__[2]
    try:
        with root.make_context("affetto", args or ["--help"]) as ctx:
            root.invoke(ctx)
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except wrong_usage as error:
        if not error.format_message():  # a group without a verb has shown its help
            return 2
        raise OptionError(explain(error, _path(args))) from None
    return 0


def _path(args: list[str]) -> str:
    """Give as much of the command as names verbs: the parser does not always know where it was."""
    words, group = ["affetto"], {name: name for name in VERBS}
    for arg in args:
        if arg not in group:
            break
        words.append(arg)
        group = getattr(load(arg), "commands", {}) if len(words) == 2 else {}
    return " ".join(words)
