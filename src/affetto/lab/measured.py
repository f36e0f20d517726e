"""What is known of a model's quality, wherever it was measured, in one form."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from affetto.errors import OptionError
from affetto.lab.corpora import Clip
from affetto.lab.figures import Report, summarise
from affetto.lab.predictions import Prediction
from affetto.lab.results import CLEAN, OWN, Result
from affetto.models import Card

__all__ = ["Figures", "Measured", "Setting", "belonging", "of_held_out", "of_results", "to_notes"]

Setting = Literal["unheard", "random", "held out", "other"]
"""Of whom the clips were: speakers never heard in training; anybody, drawn by chance; speakers or
clips that were held out of the training itself and chose what it kept; whoever was asked for."""

_HELD_OUT = "held out of training"
_RANDOM = "random clips"


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one measurement; None is what nobody measured.

    Attributes:
        name: of the protocol, or of the clips.
        setting: see `Setting`.
        how: what else tells it apart: training, baseline, condition.
        uar: unweighted average recall, mean over the seeds.
        spread: its standard deviation over the seeds.
        interval: its 95 % interval, by bootstrap over speakers.
        accuracy: mean over the seeds.
        ece: expected calibration error, mean over the seeds.
        clips: how many were judged.
        seeds: how many trainings.
    """

    name: str
    setting: Setting
    how: str = ""
    uar: float | None = None
    spread: float | None = None
    interval: tuple[float, float] | None = None
    accuracy: float | None = None
    ece: float | None = None
    clips: int | None = None
    seeds: int | None = None

    @classmethod
    def noted(cls, key: str, row: Mapping[str, Any]) -> "Figures":
        """Read what a package's `card.yaml` notes.

        Examples:
            >>> Figures.noted("ravdess-6fold (pool, baseline)", {"uar": 0.75}).how
            'pool, baseline'
        """
        name, _, how = key.partition(" (")
        how = how.removesuffix(")")
        numbers = {
            name: value
            for name, value in row.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        edges = row.get("ci95")
        setting: Setting = "unheard"
        if _HELD_OUT in name:
            setting = "held out"
        elif _RANDOM in how:
            setting, how = "random", how.replace(f", {_RANDOM}", "")
        return cls(
            name,
            setting,
            how,
            uar=numbers.get("uar"),
            interval=(edges[0], edges[1]) if isinstance(edges, list) and len(edges) == 2 else None,
            accuracy=numbers.get("wa"),
            ece=numbers.get("ece"),
            clips=_whole(numbers.get("clips")),
            seeds=_whole(numbers.get("seeds")),
        )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement with all of its reports.

    Attributes:
        name: of the protocol, or of the clips.
        setting: see `Setting`.
        reports: one a seed, one or more.
        how: what else tells it apart: training, baseline, condition.
        clean: whether nothing befell the clips.
        open: whether the answers choose among all that the model can say.
    """

    name: str
    setting: Setting
    reports: tuple[Report, ...]
    how: str = ""
    clean: bool = True
    open: bool = False

    @property
    def first(self) -> Report:
        """The report of the first seed."""
        return self.reports[0]

    @property
    def title(self) -> str:
        """Name and how."""
        return f"{self.name} ({self.how})" if self.how else self.name

    @property
    def figures(self) -> Figures:
        """The figures of all seeds."""
        uar, ece = ("uar_open", "ece_open") if self.open else ("uar", "ece")
        values = self._values(uar)
        return Figures(
            self.name,
            self.setting,
            self.how,
            uar=float(np.mean(values)),
            spread=float(np.std(values, ddof=1)) if len(values) > 1 else None,
            interval=self.first.ci95[uar],
            accuracy=None if self.open else float(np.mean(self._values("wa"))),
            ece=float(np.mean(self._values(ece))),
            clips=self.first.n,
            seeds=len(self.reports),
        )

    def _values(self, name: str) -> list[float]:
        return [float(getattr(report, name)) for report in self.reports]


def belonging(results: Iterable[Result], card: Card) -> list[Result]:
    """Choose the results that speak for a model.

    Of several models' results these are the ones under its own name, or those of the recipe by
    which the bundled model and others of its kind are made; and what a single corpus teaches says
    nothing of a model that several taught.

    Args:
        results: of `affetto.lab.results.gather`.
        card: of the model.

    Raises:
        OptionError: they are of several models, none of which has its name.
    """
    found = list(results)
    models = {result.model for result in found}
    if len(models) > 1:
        own = OWN if card.kind == "frames" and card.name not in models else card.name
        if own not in models:
            raise OptionError(
                f"found results of {', '.join(sorted(models))}, expected those of one model or of "
                f"{card.name}: give a folder that holds them alone"
            )
        found = [result for result in found if result.model == own]
    if len(card.training) > 1:
        found = [result for result in found if result.variant == "pool"]
    return found


def of_results(results: Iterable[Result]) -> list[Measured]:
    """Take what is finished among the results of protocols; what speaks best for a voice first.

    Args:
        results: see `belonging`.
    """
    measured = []
    for result in results:
        if not result.reports:
            continue
        clean = result.condition == CLEAN
        how = [result.variant, *(["baseline"] if result.baseline else [])]
        measured.append(
            Measured(
                result.protocol,
                "unheard" if result.speaker_independent else "random",
                tuple(result.reports.values()),
                ", ".join(how if clean else [*how, result.condition]),
                clean=clean,
                open=result.answers == "open",
            )
        )
    # Sorting is stable: protocols stay in the order of their names.
    return sorted(measured, key=lambda one: (one.setting == "random", not one.clean, one.open))


def of_held_out(
    clips: Sequence[Clip],
    probabilities: ArrayLike,
    labels: Sequence[str],
    *,
    by_speaker: bool,
) -> Measured:
    """Measure what a training said of the clips that it held out.

    Args:
        clips: with emotions among the labels.
        probabilities: shape (clips, labels).
        labels: names of the columns.
        by_speaker: whether no speaker of theirs was learnt from.
    """
    names = [str(label) for label in labels]
    said = [
        Prediction.of(
            clip,
            None if clip.emotion is None else clip.emotion.value,
            dict(zip(names, row, strict=True)),
        )
        for clip, row in zip(clips, np.asarray(probabilities, float).tolist(), strict=True)
    ]
    who = "speakers" if by_speaker else "clips"
    return Measured(f"{who} {_HELD_OUT}", "held out", (summarise(said),))


def to_notes(measured: Iterable[Measured]) -> dict[str, dict[str, Any]]:
    """Write figures as a package's `card.yaml` notes them, to four digits."""
    notes = {}
    for one in measured:
        figures = one.figures
        rounded = {"uar": figures.uar, "wa": figures.accuracy, "ece": figures.ece}
        notes[one.title] = {
            **{name: round(value, 4) for name, value in rounded.items() if value is not None},
            "ci95": [round(edge, 4) for edge in figures.interval or ()],
            "clips": figures.clips,
        }
    return notes
