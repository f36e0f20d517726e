"""What comes of a search for better values: the best ones, a table of all trials, two pictures."""

from __future__ import annotations

import csv
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optuna.trial import TrialState

from affetto.jobs import atomic_write
from affetto.lab.families.spaces import with_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from optuna.trial import FrozenTrial

    from affetto.lab.families.config import ModelConfig
    from affetto.lab.families.spaces import Space

__all__ = ["Tuned", "completed", "ended", "errors", "write_results"]


@dataclass(frozen=True)
class Tuned:
    """What came of a search.

    Attributes:
        config: the best one.
        values: its drawn values.
        score: its unweighted average recall on held-out training speakers.
        trials: that came to their end.
        stopped: trials that were stopped early.
        failed: error of each trial that failed.
    """

    config: ModelConfig
    values: Mapping[str, Any]
    score: float
    trials: int
    stopped: int
    failed: tuple[str, ...]


def ended(study: Any) -> list[FrozenTrial]:
    """Give the trials that came to their end or were stopped early."""
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return list(study.get_trials(deepcopy=False, states=states))


def completed(study: Any) -> list[FrozenTrial]:
    """Give the trials that came to their end."""
    return list(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))


def _last(trial: FrozenTrial) -> float | None:
    """Give the score of a trial's last check."""
    values = trial.intermediate_values
    return values[max(values)] if values else None


def errors(study: Any) -> list[str]:
    """Give what trials failed of."""
    every = study.get_trials(deepcopy=False)
    return [trial.user_attrs["error"] for trial in every if "error" in trial.user_attrs]


def write_results(
    study: Any, config: ModelConfig, space: Space, judges: str, output: Path
) -> Tuned:
    """Write what came of the trials so far, and give it; one of them has come to its end.

    Args:
        study: Optuna's.
        config: what was tuned.
        space: the values that were tried.
        judges: who judged, for people.
        output: folder of the results.

    Raises:
        OutputError: they can't be written.
    """
    every = study.get_trials(deepcopy=False)
    best = max(completed(study), key=lambda trial: (trial.value, -trial.number))
    made = with_values(config, best.params)
    score = float(best.value or 0.0)
    trials = ended(study)
    tuned = Tuned(
        made,
        best.params,
        score,
        len(trials),
        sum(trial.state == TrialState.PRUNED for trial in trials),
        tuple(errors(study)),
    )
    with atomic_write(output / "best.toml") as file:
        file.write(f"# affetto tune: UAR {score:.4f} on {judges}, best of {len(trials)} trials\n")
        file.write(made.to_toml())
    _write_trials(output / "trials.csv", every, space)
    _draw(study, trials, output)
    return tuned


def _write_trials(path: Path, trials: Iterable[FrozenTrial], names: Iterable[str]) -> None:
    names = list(names)
    with atomic_write(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["trial", "state", "score", "checks", "seconds", *names, "error"])
        for trial in trials:
            score = trial.value if trial.state == TrialState.COMPLETE else _last(trial)
            writer.writerow(
                [
                    trial.number + 1,
                    trial.state.name.lower(),
                    "" if score is None else f"{score:.4f}",
                    len(trial.intermediate_values),
                    "" if trial.duration is None else f"{trial.duration.total_seconds():.1f}",
                    *(trial.params.get(name, "") for name in names),
                    trial.user_attrs.get("error", ""),
                ]
            )


def _draw(study: Any, trials: list[FrozenTrial], output: Path) -> None:
    """Draw how the search went, and which values matter (PED-ANOVA, Watanabe et al. 2023)."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    from affetto.report.plots.tuning import importances, search

    complete = [trial.state == TrialState.COMPLETE for trial in trials]
    search(
        [trial.value if whole else None for trial, whole in zip(trials, complete, strict=True)],
        stopped=[None if whole else _last(t) for t, whole in zip(trials, complete, strict=True)],
        path=output / "history.png",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few trials, which the picture of all of them shows
        shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    importances(shares, path=output / "importance.png")
