"""Looking for better values of a family with Optuna: resumable, and stopped early where hopeless.

A trial draws values from the family's space (`families.spaces`), trains with them and is judged by
held-out training speakers (`objective`). The study lies in a database under the runs' folder, which
workers share. Values are proposed by a tree-structured Parzen estimator (Bergstra et al. 2011); a
trial that lags behind the median of the others at one of its checks is stopped.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import warnings
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from optuna.trial import TrialState

from affetto.errors import AffettoError, OptionError, OutputError
from affetto.jobs import make_folder, run
from affetto.jobs.threads import threads_each
from affetto.lab.families.settings import NetworkSettings
from affetto.lab.families.spaces import Between, with_values
from affetto.lab.tuning_results import completed, ended, errors, write_results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from optuna.trial import FrozenTrial

    from affetto.lab.families.config import ModelConfig
    from affetto.lab.families.spaces import Range, Space
    from affetto.lab.objective import Objective
    from affetto.lab.tuning_results import Tuned

__all__ = ["Search", "tune"]

_NAME = "affetto"
_BEAT = 30
"""Seconds from one sign of life of a trial to the next; after three a trial counts as killed."""
_SPLIT = 1000
"""Steps from one split's first check to the next one's."""
_HOPELESS = 3
"""Trials in a row that fail before any succeeded, after which the rest would fail as well."""


@dataclass(frozen=True)
class Search:
    """What is looked for, and by what it is judged.

    Attributes:
        config: the model; values that are not in the space stay as they are here.
        space: values to try, and where they may lie.
        objective: what judges them.
        seed: of the proposals and the trainings.
    """

    config: ModelConfig
    space: Space
    objective: Objective
    seed: int = 0

    @property
    def checks(self) -> int:
        """How often a training is checked."""
        settings = self.config.settings
        checks = int(getattr(settings, "checks", 1))
        # A network is checked once an epoch at most.
        return settings.most_checks if isinstance(settings, NetworkSettings) else checks

    def settings(self) -> dict[str, Any]:
        """Give all that makes the search what it is, as plain types."""
        objective = self.objective
        clips = hashlib.sha256()
        for clip, label in zip(objective.table, objective.truth, strict=True):
            clips.update(f"{clip.key}|{label}\n".encode())
        for split in objective.splits:
            clips.update(split.train.tobytes() + b"|" + split.validation.tobytes())
        plain = self.config.to_dict() | {
            "space": {name: repr(at) for name, at in self.space.items()},
            "protocol": objective.name,
            "labels": list(objective.labels),
            "clips": clips.hexdigest(),
            "seed": self.seed,
        }
        return dict(json.loads(json.dumps(plain)))


def tune(
    search: Search,
    output: Path,
    *,
    runs: Path,
    trials: int = 50,
    timeout: float | None = None,
    workers: int = 1,
    report: Callable[[str], None] | None = None,
) -> Tuned:
    """Look for better values, or go on with a search that was stopped.

    Args:
        search: what to look for.
        output: folder of the results: `best.toml`, `trials.csv`, `history.png`, `importance.png`.
        runs: where features, trainings and the study (`tune/NAME/study.db`, by the output's name)
            keep their state.
        trials: that shall come to an end or be stopped early, with those of former calls.
        timeout: seconds after which no trial is begun any more.
        workers: processes with a trial each.
        report: told one line a trial, where they run one by one.

    Raises:
        OptionError: another study lies there, or a value is out of its range.
        CorpusError: a clip can't be decoded.
        AffettoError: no trial came to its end.
        OutputError: a result can't be written.
        KeyboardInterrupt: passed on; what was tried is kept and the results written.
    """
    state = runs / "tune" / output.name
    for folder in (output, state):
        make_folder(folder)
    judges = search.objective.name or "held-out speakers"
    study = _open(state, search)
    _take_up(study)
    known = len(study.get_trials(deepcopy=False))
    left = range(max(0, trials - len(ended(study))))
    verdicts = sum(_verdict(trial) for trial in study.get_trials(deepcopy=False))
    end = None if timeout is None else time.time() + timeout
    if report is not None:
        report(f"{trials - len(left)} of {trials} trials are there already")
    attempt = partial(
        _try, search=search, state=state, runs=runs, known=known, trials=trials, end=end
    )
    seeds = [verdicts + i for i in left]
    try:
        if workers > 1:
            work = partial(attempt, workers=workers)
            outcomes = run(work, seeds, workers=workers, describe="trials")
            faults = [o.error for o in outcomes if o.error is not None]
            if faults:
                raise AffettoError(f"a trial could not be kept: {faults[0]}")
        else:
            for seed in seeds:
                if end is not None and time.time() >= end:
                    break
                attempt(seed)
                if report is not None:
                    report(_told(study, len(ended(study)), trials))
    except optuna.exceptions.StorageInternalError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise OutputError(
            f"can't write {state / 'study.db'}: {reason}; free some room, and go on"
        ) from None
    except KeyboardInterrupt:
        if completed(study):
            write_results(study, search.config, search.space, judges, output)
        raise
    if not completed(study):
        reason = next(iter(errors(study)), "none was begun")
        raise AffettoError(
            f"found no trial that came to its end ({reason}), "
            "expected one or more: correct what stopped them"
        )
    if len(ended(study)) >= trials and not _running(study):
        shutil.rmtree(state / "trainings", ignore_errors=True)
    return write_results(study, search.config, search.space, judges, output)


def _open(state: Path, search: Search, *, index: int = 0) -> Any:
    """Open the study, or begin it.

    Args:
        state: its folder.
        search: what it is to be about.
        index: how many verdicts there were, so that each trial meets other chance, whether or not
            the search was stopped before it.

    Raises:
        OptionError: the file holds another study, or none.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = state / "study.db"
    chance = np.random.SeedSequence([search.seed, index]).generate_state(1)[0]
    try:
        study = optuna.create_study(
            study_name=_NAME,
            storage=_storage(path.absolute()),
            load_if_exists=True,
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=int(chance)),
        )
    except Exception as error:  # Optuna and SQLAlchemy raise classes of their own
        reason = str(error).strip().splitlines()[:1]
        raise OptionError(
            f"{path}: found no study that can be gone on with ({''.join(reason)}); remove it, or "
            "choose another --output"
        ) from None
    settings = search.settings()
    found = study.user_attrs.get("settings")
    if found is None:
        study.set_user_attr("settings", settings)
    elif found != settings:
        names = sorted(n for n in {*found, *settings} if found.get(n) != settings.get(n))
        raise OptionError(
            f"{path}: found another study (of other {', '.join(names)}), expected one of the same "
            "to go on with; choose another --output, or remove it"
        )
    return study


@lru_cache(maxsize=1)
def _storage(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # heartbeats are called experimental
        return optuna.storages.RDBStorage(
            f"sqlite:///{path.as_posix()}",
            engine_kwargs={"connect_args": {"timeout": 60}},
            heartbeat_interval=_BEAT,
            grace_period=3 * _BEAT,
        )


def _take_up(study: Any) -> None:
    """Queue again what was stopped or killed on its way: its training goes on where it was."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optuna.storages.fail_stale_trials(study)
    every = study.get_trials(deepcopy=False)
    lost = [t for t in every if t.state == TrialState.FAIL and not _verdict(t) and t.params]
    others = [t.system_attrs.get("fixed_params", t.params) for t in every if t not in lost]
    for trial in lost:
        if trial.params not in others:
            study.enqueue_trial(trial.params)
            others.append(trial.params)


def _try(
    index: int,
    *,
    search: Search,
    state: Path,
    runs: Path,
    known: int,
    trials: int,
    end: float | None,
    workers: int = 1,
) -> None:
    """Do one trial, if there is still one to do.

    Args:
        index: see `_open`.
        search: see `tune`.
        state: folder of the study.
        runs: see `tune`.
        known: how many trials there were when this call began.
        trials: see `tune`.
        end: time of day, in seconds since the epoch, from which on none is begun.
        workers: that share the cores.
    """
    study = _open(state, search, index=index)
    if (end is not None and time.time() >= end) or len(ended(study)) >= trials:
        return
    recent = study.get_trials(deepcopy=False)[known:]
    failed = sum(trial.state == TrialState.FAIL for trial in recent)
    if failed >= _HOPELESS and not completed(study):
        return
    study.pruner = optuna.pruners.MedianPruner(n_warmup_steps=1 + search.checks // 5)
    if workers > 1 and not search.config.family.classical:
        import torch

        torch.set_num_threads(threads_each(workers))
    objective = partial(_score, search=search, state=state, runs=runs, workers=workers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.optimize(objective, n_trials=1, catch=(AffettoError,))


def _score(trial: Any, *, search: Search, state: Path, runs: Path, workers: int) -> float:
    """Train with drawn values, and give the score."""
    values = {name: _drawn(trial, name, at) for name, at in search.space.items()}
    mark = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
    folder = state / "trainings" / mark

    def check(split: int, number: int, score: float) -> None:
        trial.report(score, split * _SPLIT + number)
        # After the last check there is nothing left to save.
        over = number >= search.checks and split == len(search.objective.splits) - 1
        if not over and trial.should_prune():
            raise optuna.TrialPruned

    try:
        score = search.objective.score(
            with_values(search.config, values),
            runs=runs,
            name=folder.relative_to(runs).as_posix(),
            seed=search.seed,
            workers=1 if workers > 1 else None,
            check=check,
        )
    except optuna.TrialPruned:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except Exception as error:
        trial.set_user_attr("error", " ".join(str(error).split()) or type(error).__name__)
        raise
    # Weights of every trial would fill a disk; `best.toml` is what one trains with.
    shutil.rmtree(folder, ignore_errors=True)
    return score


def _drawn(trial: Any, name: str, at: Range) -> Any:
    if not isinstance(at, Between):
        return trial.suggest_categorical(name, at.values)
    if at.whole:
        return trial.suggest_int(name, int(at.low), int(at.high), log=at.log)
    return trial.suggest_float(name, at.low, at.high, log=at.log)


def _verdict(trial: FrozenTrial) -> bool:
    """Whether a trial said something of its values, rather than being stopped on its way."""
    ended = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    return ended or "error" in trial.user_attrs


def _running(study: Any) -> bool:
    """Whether a trial is under way, in another process then."""
    return bool(study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)))


def _told(study: Any, number: int, trials: int) -> str:
    tried = [t for t in study.get_trials(deepcopy=False) if t.datetime_complete is not None]
    last = max(tried, key=lambda trial: trial.datetime_complete)
    values = ", ".join(f"{name.partition('.')[2]} {_short(v)}" for name, v in last.params.items())
    if last.state == TrialState.COMPLETE:
        best = max(trial.value or 0.0 for trial in completed(study))
        return f"{number} of {trials}: {last.value:.3f}, best {best:.3f} ({values})"
    if last.state == TrialState.PRUNED:
        return f"{number} of {trials}: stopped early ({values})"
    return f"failed: {last.user_attrs.get('error', 'no reason known')} ({values})"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
