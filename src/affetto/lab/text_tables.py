"""Tables as text: Markdown, LaTeX."""

from collections.abc import Iterable, Sequence

__all__ = ["latex", "markdown"]

_ESCAPED = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "<": "$<$",
    "–": "--",
}


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Write a table as the lines of Markdown.

    Args:
        head: names of the columns.
        rows: of texts; one that is shorter than the head is filled up.

    Examples:
        >>> markdown(("a", "b"), [("1",)])
        ['| a | b |', '|---|---|', '| 1 |  |']
    """
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    filled = ([*row, *[""] * (len(head) - len(row))] for row in rows)
    return lines + [f"| {' | '.join(row)} |" for row in filled]


def latex(head: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str) -> str:
    r"""Write a table as LaTeX, for the package booktabs.

    Args:
        head: names of the columns.
        rows: of texts.
        caption: what the table is of.

    Examples:
        >>> print(latex(["model"], [["a_b"]], caption="5 %").splitlines()[2].strip())
        \caption{5 \%}
    """

    def line(cells: Sequence[str]) -> str:
        escaped = ("".join(_ESCAPED.get(sign, sign) for sign in cell) for cell in cells)
        return f"    {' & '.join(escaped)} \\\\"

    return "\n".join(
        [
            "\\begin{table}",
            "  \\centering",
            f"  \\caption{{{line([caption])[4:-3]}}}",
            f"  \\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
            "    \\toprule",
            line(head),
            "    \\midrule",
            *(line(row) for row in rows),
            "    \\bottomrule",
            "  \\end{tabular}",
            "\\end{table}",
            "",
        ]
    )
