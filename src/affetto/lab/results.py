"""Results of protocols: a small file a fold, pooled and averaged over seeds.

Every fold that is finished leaves one JSON file, so that a run cut short goes on where it was. It
holds the fold's predictions rounded to four digits; every figure is computed from the pooled
predictions of all folds of a seed, then averaged over the seeds.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from affetto.errors import ManifestError, OptionError
from affetto.jobs import atomic_write, make_folder
from affetto.lab import protocols
from affetto.lab.config_changes import changes
from affetto.lab.figures import Report, summarise
from affetto.lab.predictions import Prediction, from_columns, to_columns

__all__ = [
    "CLEAN",
    "OWN",
    "Fold",
    "Result",
    "digest",
    "gather",
    "read_fold",
    "read_folds",
    "write_fold",
]

CLEAN = "clean"
"""The condition of clips that nothing befell."""

OWN = "affetto"
"""The model of the bundled recipe."""

_FORMAT = 1
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Fold:
    """What one finished fold of a protocol leaves.

    Attributes:
        protocol: its name, as in the protocols' table.
        variant: "intra" (trained on that corpus's training speakers alone) or "pool" (other corpora
            added).
        baseline: whether the test speakers' unlabelled clips were used.
        seed: of the training.
        fold: from 0.
        folds: how many the protocol has.
        speaker_independent: whether no test speaker was trained on.
        predictions: of the fold's test clips.
        condition: what befell the test clips, such as "noise:10dB"; "clean" for nothing.
        merge: label → the label that it is counted as.
        answers: the labels that answers choose among: "shared" with the clips, or "open", all that
            the model can say.
        notes: whatever else one wants to know of the run: plain JSON types.
        model: what was trained: the bundled recipe, a family, or a configuration's name.
    """

    protocol: str
    variant: str
    baseline: bool
    seed: int
    fold: int
    folds: int
    speaker_independent: bool
    predictions: Sequence[Prediction]
    condition: str = CLEAN
    merge: Mapping[str, str] = field(default_factory=dict)
    answers: str = "shared"
    notes: Mapping[str, Any] = field(default_factory=dict)
    model: str = OWN

    def __post_init__(self) -> None:
        if self.variant not in ("intra", "pool"):
            raise OptionError(f"found variant {self.variant!r}, expected intra or pool")
        if self.answers not in ("shared", "open"):
            raise OptionError(f"found answers {self.answers!r}, expected shared or open")
        if not 0 <= self.fold < self.folds:
            raise OptionError(f"found fold {self.fold} of {self.folds}, expected 0 or more, below")

    @property
    def name(self) -> str:
        """What its file is called."""
        parts = [self.protocol, self.variant]
        if self.model != OWN:
            parts.insert(0, plain_name(self.model))
        if self.baseline:
            parts.append("baseline")
        if self.condition != CLEAN:
            parts.append(plain_name(self.condition).strip("-"))
        return "--".join([*parts, f"seed{self.seed}", f"fold{self.fold}"]) + ".json"

    @property
    def siblings(self) -> str:
        """A pattern for the names of all folds and seeds of the same result."""
        return re.sub(r"seed\d+--fold\d+", "seed*--fold*", self.name)

    @property
    def run(self) -> tuple[str, str, str, bool, str]:
        """What all folds and seeds of one result have in common."""
        return self.model, self.protocol, self.variant, self.baseline, self.condition


def plain_name(name: str) -> str:
    """Write a name so that it may stand in a file's.

    Examples:
        >>> plain_name("noise:10dB"), plain_name("my_cnn")
        ('noise-10dB', 'my-cnn')
    """
    return re.sub(r"[^A-Za-z0-9.]+", "-", name)


def write_fold(folder: str | Path, fold: Fold) -> Path:
    """Write a fold's file; one that is there already is replaced.

    Args:
        folder: it is created if need be.
        fold: what to write.

    Returns:
        The file.

    Raises:
        OutputError: it can't be written there.
    """
    folder = Path(folder)
    make_folder(folder)
    row = {
        "format": _FORMAT,
        "model": fold.model,
        "protocol": fold.protocol,
        "variant": fold.variant,
        "baseline": fold.baseline,
        "condition": fold.condition,
        "seed": fold.seed,
        "fold": fold.fold,
        "folds": fold.folds,
        "speaker_independent": fold.speaker_independent,
        "merge": dict(fold.merge),
        "answers": fold.answers,
        "n": len(fold.predictions),
        "notes": dict(fold.notes),
        "predictions": to_columns(fold.predictions, digits=_DIGITS, files=False),
    }
    path = folder / fold.name
    with atomic_write(path) as file:
        json.dump(row, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
    return path


def read_folds(folder: str | Path) -> list[Fold]:
    """Read every fold's file of a folder, in the order of their names.

    Raises:
        ManifestError: no such folder, or a file that is none of a fold.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ManifestError(f"found no folder {folder}, expected one with results of folds")
    return [read_fold(path) for path in sorted(folder.glob("*.json"))]


def read_fold(path: Path) -> Fold:
    """Read a fold's file.

    Raises:
        ManifestError: it can't be read, or is none of a fold.
    """
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        if row["format"] != _FORMAT:
            raise ManifestError(
                f"{path}: found format {row['format']}, expected {_FORMAT}; write it anew"
            )
        return Fold(
            protocol=str(row["protocol"]),
            variant=str(row["variant"]),
            baseline=bool(row["baseline"]),
            seed=int(row["seed"]),
            fold=int(row["fold"]),
            folds=int(row["folds"]),
            speaker_independent=bool(row["speaker_independent"]),
            predictions=from_columns(row["predictions"]),
            condition=str(row["condition"]),
            merge=dict(row["merge"]),
            answers=str(row["answers"]),
            notes=dict(row["notes"]),
            model=str(row.get("model", OWN)),
        )
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}, expected the result of a fold") from None
    except OptionError as error:
        raise ManifestError(f"{path}: {error}") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ManifestError(
            f"{path}: found no result of a fold ({type(error).__name__}: {error}), expected one "
            "that Affetto wrote; remove the file"
        ) from None


@dataclass(frozen=True, slots=True)
class Result:
    """A protocol's figures, over its seeds.

    Attributes:
        protocol: its name.
        variant: "intra" or "pool".
        baseline: whether the test speakers' unlabelled clips were used.
        condition: what befell the test clips.
        speaker_independent: whether no test speaker was trained on.
        answers: "shared" or "open".
        folds: how many the protocol has.
        reports: seed → the figures of its pooled predictions, complete seeds alone.
        unfinished: seed → folds that are there, of seeds that lack some.
        apart: seed → the UAR of each fold's own predictions, in the order of the folds.
        model: what was trained.
        parts: the folds themselves.
    """

    protocol: str
    variant: str
    baseline: bool
    condition: str
    speaker_independent: bool
    answers: str
    folds: int
    reports: Mapping[int, Report]
    unfinished: Mapping[int, int]
    apart: Mapping[int, tuple[float, ...]]
    model: str = OWN
    parts: Sequence[Fold] = ()

    @property
    def measure(self) -> str:
        """The attribute of a report that is the result's UAR."""
        return "uar_open" if self.answers == "open" else "uar"

    @property
    def corpora(self) -> tuple[str, ...]:
        """The corpora that the folds test, one each; none where a protocol goes another way."""
        if self.protocol not in protocols.names():
            return ()
        protocol = protocols.find(self.protocol)
        return protocol.corpora if protocol.test == "corpora" else ()

    def each_apart(self) -> list[float]:
        """Give the UAR of each fold's own predictions, means over the seeds."""
        return [float(value) for value in np.mean(list(self.apart.values()), axis=0)]

    def mean(self, name: str) -> float:
        """Give the mean of a figure over the seeds; not a number where no seed is complete.

        Args:
            name: an attribute of `Report`, or "uar" for the UAR of the protocol's answers.
        """
        values = self.values(name)
        return float(np.mean(values)) if values else math.nan

    def values(self, name: str) -> list[float]:
        """Give a figure of every seed; see `mean`."""
        if self.answers == "open":
            name = {"uar": "uar_open", "ece": "ece_open"}.get(name, name)
        return [float(getattr(report, name)) for report in self.reports.values()]


def gather(folds: Iterable[Fold]) -> list[Result]:
    """Pool the folds of each protocol, variant, baseline and condition.

    Args:
        folds: from `read_folds`.

    Returns:
        Results, by protocol, condition, variant and baseline.

    Raises:
        ManifestError: folds of one result that don't belong together.
    """
    runs: dict[tuple[str, str, str, bool, str], list[Fold]] = {}
    for fold in folds:
        runs.setdefault(fold.run, []).append(fold)
    results = [_pooled(parts) for parts in runs.values()]
    return sorted(
        results,
        key=lambda r: (
            r.model,
            r.protocol,
            r.condition != CLEAN,
            r.condition,
            r.variant,
            r.baseline,
        ),
    )


def digest(results: Iterable[Result]) -> dict[str, dict[str, Any]]:
    """Give what a model's card says of finished results: UAR, accuracy, ECE, clips and seeds.

    Args:
        results: of `gather`.

    Returns:
        Protocol, training, baseline and condition → figures, means over the seeds, but for the
        UAR's interval of 95 %, which is of the first seed.

    Examples:
        >>> digest([])
        {}
    """
    noted: dict[str, dict[str, Any]] = {}
    for result in results:
        if not result.reports:
            continue
        how = [result.variant, *(["baseline"] if result.baseline else [])]
        how += [] if result.condition == CLEAN else [result.condition]
        how += [] if result.speaker_independent else ["random clips"]
        names = ("uar", "ece") if result.answers == "open" else ("uar", "wa", "ece")
        figures: dict[str, Any] = {name: round(result.mean(name), 4) for name in names}
        first = next(iter(result.reports.values()))
        figures["ci95"] = [round(edge, 4) for edge in first.ci95[result.measure]]
        figures["clips"] = first.n
        if result.corpora:
            figures["mean uar of the corpora"] = round(float(np.mean(result.each_apart())), 4)
        how += [] if result.model == OWN else [result.model]
        noted[f"{result.protocol} ({', '.join(how)})"] = {**figures, "seeds": len(result.reports)}
    return noted


def _pooled(parts: Sequence[Fold]) -> Result:
    first = parts[0]
    configs = (part.notes.get("config") for part in parts)
    known: Mapping[str, Any] = next(filter(None, configs), {})
    for part in parts:
        same = (part.folds, part.speaker_independent, part.answers, dict(part.merge))
        if same != (first.folds, first.speaker_independent, first.answers, dict(first.merge)):
            raise ManifestError(
                f"found folds of {first.protocol} ({first.name}, {part.name}) made in different "
                "ways, expected the same number of folds and the same labels; remove the old ones"
            )
        other = changes(known, part.notes.get("config") or {})
        if other:
            raise ManifestError(
                f"found folds of one model on {first.protocol} that were trained otherwise "
                f"({part.name}: {', '.join(other)}), expected one way; remove the old ones"
            )
    seeds: dict[int, dict[int, Fold]] = {}
    for part in parts:
        seeds.setdefault(part.seed, {})[part.fold] = part
    complete = {seed: found for seed, found in seeds.items() if len(found) == first.folds}
    reports = {
        seed: summarise(
            [p for _, fold in sorted(found.items()) for p in fold.predictions], merge=first.merge
        )
        for seed, found in sorted(complete.items())
    }
    apart = {
        seed: tuple(
            summarise(fold.predictions, merge=first.merge, resamples=1).uar
            for _, fold in sorted(found.items())
        )
        for seed, found in sorted(complete.items())
    }
    return Result(
        protocol=first.protocol,
        variant=first.variant,
        baseline=first.baseline,
        condition=first.condition,
        speaker_independent=first.speaker_independent,
        answers=first.answers,
        folds=first.folds,
        reports=reports,
        unfinished={s: len(found) for s, found in sorted(seeds.items()) if s not in complete},
        apart=apart,
        model=first.model,
        parts=tuple(parts),
    )
