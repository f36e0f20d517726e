"""What every picture is drawn on and with: a figure of its own, its ink, its file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from affetto.errors import MissingExtraError, OptionError
from affetto.jobs import atomic_path, check_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "FAINT",
    "INK",
    "LINE",
    "SERIES",
    "blank",
    "check_picture",
    "legend",
    "panel",
    "saved",
    "tidy",
]

INK = "#1d1f24"
FAINT = "#5c6370"
LINE = "#dcd8d0"
SERIES = ("#0072b2", "#d55e00", "#4d8c2b", "#7b4bb3", "#e377c2", "#9c755f", "#56b4e9", "#c9a600")
"""Colours of curves that are no emotions."""

_SUFFIXES = (".png", ".svg", ".pdf")


def blank(width: float, height: float) -> "Figure":
    """Give an empty figure, in inches.

    Raises:
        MissingExtraError: matplotlib isn't installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", extra="plots", purpose="drawing") from None
    # A figure of its own, not pyplot's: no global state, nothing to close.
    figure = Figure(figsize=(width, height), dpi=144, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def panel(width: float, height: float) -> tuple["Figure", Any]:
    """Give a figure of one panel, in inches, and its axes.

    Raises:
        MissingExtraError: matplotlib isn't installed.
    """
    figure = blank(width, height)
    axes = figure.subplots()
    tidy(axes)
    return figure, axes


def tidy(axes: Any) -> None:
    """Keep only the axes that are read, in quiet colours."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(LINE)
    axes.tick_params(color=LINE, labelcolor=FAINT, labelsize=9)
    for part in (axes.xaxis.label, axes.yaxis.label, axes.title):
        part.set_color(INK)
        part.set_fontsize(10)


def legend(axes: Any, *, outside: bool = False, reverse: bool = False) -> None:
    """Name what is drawn, inside the axes or to the right of them."""
    where = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if outside else {"loc": "best"}
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, reverse=reverse, **where)


def saved(figure: "Figure", path: Path | str | None) -> "Figure":
    """Save a figure where a path is given, whole or not at all; its suffix says as what.

    Raises:
        OptionError: the suffix is of no kind of picture that is made here.
        OutputError: the file can't be written.
    """
    if path is not None:
        _check_suffix(Path(path))
        with atomic_path(path) as unfinished:
            figure.savefig(unfinished)
    return figure


def check_picture(path: Path | str) -> None:
    """See to it before long work that a picture of its result can be drawn and saved.

    Raises:
        MissingExtraError: matplotlib isn't installed.
        OptionError: the suffix is none of PNG, SVG and PDF.
        OutputError: the file can't be written.
    """
    blank(1, 1)
    _check_suffix(Path(path))
    check_file(path)


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in _SUFFIXES:
        raise OptionError(
            f"found {path.name!r} as a picture's name, expected it to end in "
            f"{', '.join(_SUFFIXES)}; add one"
        )
