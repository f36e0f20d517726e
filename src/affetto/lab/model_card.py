"""The model card of a package: its `README.md`, in the layout of Hugging Face.

What a model is, what it learned from, how good it is and what it is not for, after Mitchell et
al. 2019, "Model cards for model reporting" (arXiv:1810.03993). Every figure comes from a
measurement; what nobody measured is said to be so.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from affetto.errors import MissingExtraError
from affetto.jobs import atomic_write
from affetto.lab.cards import ENOUGH
from affetto.lab.corpora import CORPORA
from affetto.lab.measured import Figures, Measured, Setting
from affetto.lab.text_tables import markdown
from affetto.models import Card

__all__ = ["model_card", "write_model_card"]

_README = "README.md"
_PICTURE = "reliability.png"


def write_model_card(folder: str | Path, measured: Sequence[Measured] = ()) -> Path:
    """Write a package's model card, and beside it the picture of its calibration.

    Neither is among the files that have a checksum.

    Args:
        folder: of the package.
        measured: what is known of its quality beside what its `card.yaml` notes; the picture is
            drawn of the first, where matplotlib is installed.

    Returns:
        The file.

    Raises:
        ModelError: the folder is no package.
        OutputError: it can't be written.
    """
    folder = Path(folder)
    card = Card.read(folder / "card.yaml")
    drawn = "what was last measured" if (folder / _PICTURE).is_file() else None
    if measured:
        drawn = _drawn(measured[0], folder / _PICTURE)
    licences = sorted(path.name for path in folder.glob("LICENSE*"))
    text = model_card(card, measured, drawn=drawn, licence=licences[0] if licences else None)
    with atomic_write(folder / _README) as file:
        file.write(text)
    return folder / _README


def _drawn(measured: Measured, picture: Path) -> str | None:
    """Draw how often answers of a confidence were right; say of what, None without matplotlib."""
    try:
        from affetto.report import plots

        plots.reliability(*measured.first.reliability, path=picture)
    except MissingExtraError:
        # One that stands there shows something else.
        with suppress(OSError):
            picture.unlink()
        return None
    return measured.title


def model_card(
    card: Card,
    measured: Sequence[Measured] = (),
    *,
    drawn: str | None = None,
    licence: str | None = None,
) -> str:
    """Give the text of a model card.

    Args:
        card: of the package.
        measured: what is known of its quality beside what the card notes.
        drawn: what the picture of its calibration shows; None where there is none.
        licence: name of the file with the licence's words; None where there is none.

    Examples:
        >>> from affetto.models import resolve
        >>> text = model_card(Card.read(resolve("default") / "card.yaml"))
        >>> [line for line in text.splitlines() if line.startswith("# ")]
        ['# default 1']
    """
    figures = _figures(card, measured)
    sections = {
        "What it hears and says": _hears(card),
        "How to use it": _USE,
        "What it learned from": _learned(card),
        "How good it is": _quality(figures),
        "Calibration": _calibration(card, figures, drawn),
        "Fairness": _fairness(measured),
        "What it is for, and what not": _PURPOSE,
        "Licence": _licence(card, licence),
    }
    lines = ["---", *_front_matter(card, figures, licence).splitlines(), "---", ""]
    lines += [f"# {_cell(card.title)}", ""]
    lines += [_cell(card.description), ""] if card.description else []
    for title, body in sections.items():
        lines += [f"## {title}", "", *body, ""]
    return "\n".join(lines).rstrip() + "\n"


def _figures(card: Card, measured: Sequence[Measured]) -> list[Figures]:
    """Join what was measured and what the card notes of nothing that was measured anew."""
    found = [one.figures for one in measured]
    protocols = any(one.setting in ("unheard", "random") for one in measured)
    for key, row in card.results.items():
        if not isinstance(row, dict):
            continue
        noted = Figures.noted(str(key), row)
        anew = any(one.setting == noted.setting for one in measured)
        if not anew and not (protocols and noted.setting in ("unheard", "random")):
            found.append(noted)
    return found


def _hears(card: Card) -> list[str]:
    front = "log-mel frames relative to the voice's own level"
    how = f"{card.window:g} s of it at a time, every {card.hop:g} s; what it knows of a speaker's"
    how += " usual voice it hears the departure from"
    if card.features is not None:
        recipe = card.features
        parts = ", ".join(recipe.parts)
        front = {
            "row": f"one row of numbers ({parts})",
            "frames": f"frames of {parts}",
            "picture": f"the mel spectrogram as a picture of {recipe.size} × {recipe.size}",
            "sound": "the sound itself, through a speech encoder",
        }[recipe.kind]
        how = f"{card.window:g} s of it at a time, every {card.hop:g} s, each for itself"
    said = f"one of {len(card.labels)} emotions, with a probability for each: "
    said += ", ".join(label.value for label in card.labels)
    if card.genders:
        said += "; and whether a woman or a man speaks"
    return [
        f"- **Hears** speech, 16 kHz mono, as {front}: {how}.",
        f"- **Says** {said}.",
        f"- **Languages** of its training: {', '.join(card.languages) or 'not stated'}. In others "
        "it was not measured unless a table below says so.",
    ]


_USE = (
    "`MODEL` is the folder of this package, or `hf:owner/name` where it lies on a hub.",
    "",
    "```python",
    "import affetto",
    "",
    'timeline = affetto.analyze("talk.wav", model="MODEL")',
    'print(timeline.summary()["share"])',
    "```",
    "",
    "```sh",
    "affetto analyze talk.wav --model MODEL",
    "```",
)


def _learned(card: Card) -> list[str]:
    if not card.training:
        return ["Not stated."]
    rows = []
    for one in card.training:
        known = CORPORA.get(one.corpus)
        title = known.title if known else one.corpus
        language = known.language if known else ""
        rows.append([_cell(title), language, _cell(one.licence) or "not stated"])
    return markdown(("corpus", "language", "licence"), rows)


_SETTINGS: dict[Setting, tuple[str, str]] = {
    "unheard": (
        "On speakers that were never heard",
        "Of trainings like this model's own, each without the speakers that it was tested on.",
    ),
    "other": (
        "On other clips",
        "Of this very model.",
    ),
    "held out": (
        "On what its training held out",
        "These clips chose what the training kept, and its calibration: they flatter it a little. "
        "Where they are clips and not speakers, their voices were heard in training as well.",
    ),
    "random": (
        "On random splits",
        "Speakers and sentences of the test were heard in training as well. Such figures say "
        "little about a new voice, and are not to be compared with those above.",
    ),
}


def _quality(figures: Sequence[Figures]) -> list[str]:
    if not any(one.setting == "unheard" for one in figures):
        lines = ["On speakers that were never heard: **not measured**.", ""]
    else:
        lines = []
    if figures:
        lines += [
            "UAR is the mean recall of the emotions, chance being 1 / their number. Means over the "
            "seeds, never the best; the interval is one of 95 %, of the first seed, by bootstrap "
            "over speakers.",
            "",
        ]
    for setting, (title, meaning) in _SETTINGS.items():
        rows = [_row(one) for one in figures if one.setting == setting]
        if rows:
            head = ("measured on", "how", "UAR", "95 %", "accuracy", "ECE", "clips", "seeds")
            lines += [f"### {title}", "", meaning, "", *markdown(head, rows), ""]
    return lines[:-1]


def _row(one: Figures) -> list[str]:
    uar = _number(one.uar) + (f" ± {one.spread:.3f}" if one.spread is not None else "")
    interval = "not measured"
    if one.interval is not None:
        interval = f"{one.interval[0]:.3f}–{one.interval[1]:.3f}"
    counts = ["" if count is None else str(count) for count in (one.clips, one.seeds)]
    figures = [f"**{uar}**", interval, _number(one.accuracy), _number(one.ece)]
    return [_cell(one.name), _cell(one.how), *figures, *counts]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _calibration(card: Card, figures: Sequence[Figures], drawn: str | None) -> list[str]:
    known = [one for one in figures if one.ece is not None]
    lines = [f"Logits are divided by a temperature of {card.temperature:.3g}"]
    if card.features is None:
        lines[0] += f", or {card.temperature_baseline:.3g} beside a speaker's baseline"
    lines[0] += ". "
    if known:
        lines[0] += (
            "The expected calibration error (ECE) above is how far confidence and the share of "
            f"right answers lie apart: {known[0].ece:.3f} on {_cell(known[0].name)}."
        )
    else:
        lines[0] += "How honest its probabilities are: **not measured**."
    if drawn is not None:
        words = f"How often answers of a confidence are right: {_cell(drawn)}"
        lines += ["", f"![{words}]({_PICTURE})", "", f"*{words}.*"]
    return lines


def _fairness(measured: Sequence[Measured]) -> list[str]:
    head = ("measured on", "by", "groups", "worst", "UAR", "clips", "best", "UAR", "clips")
    rows = [row for one in measured if one.clean for row in _groups(one)]
    lines: list[str] = []
    if rows:
        lines += ["Groups of the same clips; one that fares worse is a reason to stop.", ""]
        lines += [*markdown(head, rows), ""]
    shown = {row[1] for row in rows}
    hidden = [name for name in ("gender", "speaker", "language") if name not in shown]
    few = [name for name in hidden if any(len(one.first.by.get(name, ())) > 1 for one in measured)]
    if few:
        lines.append(f"By {', by '.join(few)}: too few clips of each to tell.")
    unknown = [*(name for name in hidden if name not in few), "age", "accent", "health"]
    lines.append(f"By {', by '.join(unknown)}: **not measured**.")
    return lines


def _groups(measured: Measured) -> Iterator[list[str]]:
    """Name the group that fares worst and the one that fares best, among those of enough clips."""
    for name, every in measured.first.by.items():
        parts = [(value, part) for value, part in every.items() if part.n >= ENOUGH]
        if len(parts) < 2:
            continue
        order = sorted(parts, key=lambda item: item[1].uar)
        ends = [
            cell
            for value, part in (order[0], order[-1])
            for cell in (_cell(value), f"{part.uar:.3f}", str(part.n))
        ]
        yield [_cell(measured.title), name, str(len(parts)), *ends]


_PURPOSE = (
    "For research and teaching, and for looking through recordings of your own, or of people who "
    "agreed to it: it says how a voice sounds, with the doubt beside it.",
    "",
    "Not for:",
    "",
    "- saying what somebody feels, means or will do: expression is not feeling, and actors, of "
    "whom most training speech is, overdo;",
    "- deciding about a person: hiring, marking, ranking, insuring, policing, diagnosing, or "
    "detecting lies;",
    "- listening to people who don't know of it or can't refuse it;",
    "- emotions of people at work or in education in the European Union, where inferring them is "
    "prohibited but for medical or safety reasons (Regulation (EU) 2024/1689, Article 5(1)(f));",
    "- children, and voices and languages unlike those of its training, before it was measured on "
    "them: it errs there no less sure of itself.",
    "",
    "Before you rely on it, label some of your own recordings and run "
    "`affetto evaluate --manifest TABLE --model MODEL`. Keep a person in the loop.",
)


def _licence(card: Card, file: str | None) -> list[str]:
    words = _cell(card.licence) or "Not stated: ask whoever trained it."
    return [f"{words}{f' ([in full]({file}))' if file else ''}"]


_IDENTIFIERS = (
    *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "gpl-3.0", "lgpl-3.0", "unlicense"),
    *("cc0-1.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nd-4.0"),
    *("cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0"),
    "odbl",
)
"""Licences that the hub knows; any other is `other`, with a name."""

_METRICS = {
    "uar": {"type": "recall", "name": "UAR (unweighted average recall)"},
    "accuracy": {"type": "accuracy", "name": "accuracy"},
    "ece": {"type": "ece", "name": "expected calibration error"},
}


def _front_matter(card: Card, figures: Iterable[Figures], licence: str | None) -> str:
    """Write what the hub reads, as YAML."""
    row: dict[str, Any] = _licence_fields(card.licence, licence)
    if card.languages:
        row["language"] = list(card.languages)
    row["library_name"] = "affetto"
    row["pipeline_tag"] = "audio-classification"
    row["tags"] = ["affetto", "speech-emotion-recognition", "emotion", "speech", "onnx"]
    # The hub takes names of datasets alone, not words.
    named = [one.corpus for one in card.training if re.fullmatch(r"[\w.-]+", one.corpus)]
    if named:
        row["datasets"] = named
    results = []
    for one in figures:
        metrics = list(_metrics(one))
        if metrics:
            title = f"{one.name} ({one.how})" if one.how else one.name
            results.append(
                {
                    "task": {
                        "type": "audio-classification",
                        "name": "speech emotion recognition",
                    },
                    "dataset": {"type": _slug(one.name), "name": f"{title}, {_OF[one.setting]}"},
                    "metrics": metrics,
                }
            )
    if results:
        row["model-index"] = [{"name": card.name, "results": results}]
    return yaml.safe_dump(row, sort_keys=False, allow_unicode=True, width=100)


_OF: dict[Setting, str] = {
    "unheard": "speakers never heard",
    "other": "other clips",
    "held out": "chose what was kept",
    "random": "random split",
}


def _metrics(one: Figures) -> Iterator[dict[str, Any]]:
    for name, about in _METRICS.items():
        value = getattr(one, name)
        if value is None:
            continue
        row = {**about, "value": round(value, 4)}
        if name == "uar":
            edges = [round(edge, 4) for edge in one.interval or ()]
            row["args"] = {"average": "macro", **({"ci95": edges} if edges else {})}
        yield row


def _licence_fields(licence: str, file: str | None) -> dict[str, str]:
    if not licence:
        return {"license": "unknown"}
    if licence.lower() in _IDENTIFIERS:
        return {"license": licence.lower()}
    named = {"license": "other", "license_name": _slug(licence.partition(":")[0])}
    return named | ({"license_link": file} if file else {})


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-") or "unnamed"


def _cell(text: str) -> str:
    """Put a text into one line that breaks no table and holds no HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
