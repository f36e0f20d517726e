"""Wrong usage in the words of every other error: what was found, what was expected, what to do."""

import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["empty_argument", "explain", "unknown_verb"]

_VALUE = re.compile(r"(?P<value>'.*'|\S+) is not .*", re.DOTALL)
_EXTRA = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((?P<value>.*)\)", re.DOTALL)


def empty_argument(args: Sequence[str]) -> str | None:
    """Say where an argument is empty, as one is that a shell made of a variable without a value.

    An argument of blanks counts as empty, unless it is the name of a file.

    Examples:
        >>> empty_argument(["analyze", "a.wav", "--model", ""])
        "found an empty text after '--model', expected a value; fill it in or leave both out"
        >>> empty_argument(["analyze", ""])
        "found an empty text after 'analyze', expected a value; fill it in or leave it out"
        >>> empty_argument(["analyze", "a.wav"])
    """
    for place, arg in enumerate(args):
        name, equals, value = arg.partition("=")
        if equals and name.startswith("--") and not value.strip():
            return f"found nothing after '{arg}', expected a value; fill it in or leave it out"
        if arg.strip() or (arg and os.path.lexists(arg)):
            continue
        if not place:
            return "found an empty text, expected a verb; see affetto --help"
        before = args[place - 1]
        what = "both" if before.startswith("-") and before != "--" else "it"
        where = f"found an empty text after {before!r}"
        return f"{where}, expected a value; fill it in or leave {what} out"
    return None


def unknown_verb(found: str, known: Sequence[str], path: str) -> str:
    """Say which verbs there are, and which one was meant where that is clear.

    Args:
        found: what stands in a verb's place.
        known: the verbs.
        path: the command as far as it was understood.

    Examples:
        >>> unknown_verb("analyse", ["analyze", "train"], "affetto")
        "found the verb 'analyse', expected 'analyze' perhaps; see affetto --help"
        >>> unknown_verb("dance", ["analyze", "train"], "affetto")
        "found the verb 'dance', expected analyze or train; see affetto --help"
    """
    from difflib import get_close_matches

    near = get_close_matches(found, known, 1)
    expected = f"{near[0]!r} perhaps" if near else _either(known)
    return f"found the verb {found!r}, expected {expected}; see {path} --help"


def explain(error: Any, path: str) -> str:
    """Give the line for an error of the parser.

    Args:
        error: a usage error of Click, be it Typer's own Click or an installed one.
        path: the command that was meant, for the way to its help.
    """
    kind = type(error).__name__
    param = getattr(error, "param", None)
    if kind == "NoSuchOption":
        near = sorted(error.possibilities or ())
        expected = f"{_either(near)} perhaps" if near else f"an option of {path}"
        line = f"found {error.option_name}, expected {expected}"
    elif kind == "MissingParameter" and param is not None:
        line = _missing(error, param, path)
    elif kind == "BadOptionUsage":
        # A flag that was given a value, or an option that was not.
        flag = "does not take" in error.message
        found, expected = ("a value given to", "none") if flag else ("nothing after", "a value")
        line = f"found {found} {error.option_name}, expected {expected}"
    elif param is not None and (match := _VALUE.fullmatch(error.message.rstrip("."))):
        line = f"found {_name(param)} {match['value']}, expected {_kind(param.type)}"
    elif match := _EXTRA.fullmatch(error.message.rstrip(".")):
        line = f"found {match['value']!r} besides, expected {_usage(error, path)}"
    elif error.message.startswith("Missing command"):
        line = f"found no verb, expected {_either(error.ctx.command.list_commands(error.ctx))}"
    else:
        line = error.format_message().rstrip(".")
    return f"{line}; see {path} --help"


def _missing(error: Any, param: Any, path: str) -> str:
    if param.param_type_name == "argument":
        return f"found no {_argument(param)}, expected {_usage(error, path)}"
    metavar = f" {param.metavar}" if param.metavar else ""
    return f"found no {_name(param)}, expected {_name(param)}{metavar}"


def _name(param: Any) -> str:
    """Call an option by its long name, an argument as its help does."""
    if param.param_type_name == "argument":
        return _argument(param)
    return max(map(str, param.opts), key=len)


def _argument(param: Any) -> str:
    return str(param.metavar or param.name).strip("[].").upper()


def _usage(error: Any, path: str) -> str:
    arguments = [p for p in error.ctx.command.params if p.param_type_name == "argument"]
    words = [_argument(p) + "..." * (p.nargs == -1) for p in arguments]
    return " ".join(
        [path, *(w if p.required else f"[{w}]" for w, p in zip(words, arguments, strict=True))]
    )


def _kind(kind: Any) -> str:
    """Say in words what an option takes."""
    if choices := getattr(kind, "choices", None):
        return _either([str(choice) for choice in choices])
    name = "a whole number" if "int" in kind.name else "a number"
    low = getattr(kind, "min", None)
    return name if low is None else f"{name} of {low} or more"


def _either(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
