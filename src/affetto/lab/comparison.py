"""Running a comparison: every job of the bench, here, in processes side by side, or on a cluster.

A job whose result is there is not run again, and one that was killed goes on where it was: the
same call made again finishes what is left.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from affetto.errors import AffettoError, CorpusError, MissingExtraError, OptionError
from affetto.jobs import make_folder, run
from affetto.jobs.threads import threads_each
from affetto.lab.bench import Job, finished, jobs_of, measure
from affetto.lab.corpora import Table, fingerprints, load
from affetto.lab.cross_corpus import corpora_to_cross, cross_corpus
from affetto.lab.extras import require
from affetto.lab.learning import variants

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from affetto.lab.families.config import ModelConfig

__all__ = ["Comparison", "compare"]

_ONE_A_PROCESS = Lock()


@dataclass(frozen=True)
class Comparison:
    """What is compared on what.

    Attributes:
        models: what to train.
        protocols: names.
        tables: corpora's folders, or tables of clips.
        seeds: of the trainings.
        folds: numbers of the folds to run, from 0; None for all.
        cross: whether to train on each corpus and test on every other as well.
    """

    models: Sequence[ModelConfig]
    protocols: Sequence[str]
    tables: Sequence[Path]
    seeds: Sequence[int] = (0,)
    folds: Sequence[int] | None = None
    cross: bool = False


def compare(
    comparison: Comparison,
    *,
    runs: Path,
    results: Path,
    workers: int = 1,
    cluster: str | None = None,
    report: Callable[[str], None] | None = None,
) -> dict[str, str]:
    """Run what is left of a comparison.

    Args:
        comparison: what to compare.
        runs: where features and trainings keep their state.
        results: where each fold leaves its small JSON file.
        workers: trainings side by side, each with its share of the cores.
        cluster: address of a Dask scheduler whose workers train instead, all on the same files.
        report: told one line a training, and a check where trainings run one by one.

    Returns:
        Result's name → why it failed, of the jobs that did; the others are done nonetheless.

    Raises:
        CorpusError: the tables lack a protocol's clips, or there are no two corpora to cross.
        OptionError: no such protocol, or results of the same name were trained with other values.
        OutputError: a folder can't be written.
        MissingExtraError: a model's packages, or Dask for a cluster, aren't installed.
    """
    for model in comparison.models:
        require(*model.family.packages, purpose=f"training {model.family.name}")
    for folder in (runs, results):
        make_folder(folder)
    table = Table([clip for path in comparison.tables for clip in load(path)])
    digests = fingerprints(table, journal=runs / "fingerprints.jsonl")
    jobs = list(
        jobs_of(
            comparison.models,
            comparison.protocols,
            table,
            seeds=comparison.seeds,
            numbers=comparison.folds,
            digests=digests,
        )
    )
    if comparison.cross:
        corpora_to_cross(table)  # refused now, not after days
    left = [job for job in jobs if not finished(job.result, job.model, results)]
    if report is not None and jobs:
        report(f"{len(jobs) - len(left)} of {len(jobs)} folds are there already")
    failed: dict[str, str] = {}
    if cluster is not None:
        failed = _on_cluster(left, cluster, table, runs=runs, results=results, report=report)
    elif workers > 1:
        _hear(left, table, runs=runs, workers=workers)
        work = partial(_apart, table=table, runs=runs, results=results, workers=workers)
        outcomes = run(work, left, workers=workers, describe="folds")
        failed = {o.item.result.name: o.error for o in outcomes if o.error is not None}
    else:
        for number, job in enumerate(left, start=1):
            name = job.result.name
            if report is not None:
                report(f"{number} of {len(left)}: {name.removesuffix('.json')}")
            one = partial(measure, job, table, runs=runs, results=results, report=report)
            _try(one, name, failed, report)
    for model in comparison.models if comparison.cross else ():
        for seed in dict.fromkeys(comparison.seeds):
            for corpus in corpora_to_cross(table):
                pairs = partial(cross_corpus, model, table, corpus, runs=runs, results=results)
                name = f"{model.name}--cross-{corpus}--seed{seed}"
                _try(partial(pairs, seed=seed, report=report), name, failed, report)
    return failed


def _hear(jobs: Sequence[Job], table: Table, *, runs: Path, workers: int | None = None) -> None:
    """Compute what jobs share before they begin side by side, lest each computes it.

    What can't be heard fails in the jobs that need it.
    """
    needed: dict[tuple[str, tuple[int, ...]], Job] = {}
    for job in jobs:
        needed.setdefault((job.model.name, tuple(job.corpora_of(table))), job)
    for (_, places), job in needed.items():
        with suppress(CorpusError):
            variants(table.select(places), job.model, runs / "arrays", workers=workers)


def _try(
    work: Callable[[], object],
    name: str,
    failed: dict[str, str],
    report: Callable[[str], None] | None,
) -> None:
    """Do one piece of work; note why it failed, so that others go on."""
    try:
        work()
    except Exception as error:  # no memory, say: the others may need less
        failed[name] = _reason(error)
        if report is not None:
            report(failed[name])


def _reason(fault: BaseException) -> str:
    """Say why a job failed, in one line."""
    text = " ".join(str(fault).split())
    return text if isinstance(fault, AffettoError) else f"{type(fault).__name__}: {text}"


def _on_cluster(
    left: Sequence[Job],
    address: str,
    table: Table,
    *,
    runs: Path,
    results: Path,
    report: Callable[[str], None] | None,
) -> dict[str, str]:
    """Do jobs on a Dask cluster; its workers see the same folders under the same names."""
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise MissingExtraError("distributed", extra="archive", purpose="a Dask cluster") from None
    failed: dict[str, str] = {}
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise OptionError(
            f"found no Dask scheduler at {address} ({error}), expected one: start it, or leave "
            "the cluster out"
        ) from None
    with client:
        _hear(left, table, runs=runs)
        # `workers` is a word of Dask's own, so it goes in beforehand.
        work = partial(_apart, runs=runs.resolve(), results=results.resolve(), workers=1)
        (shared,) = client.scatter([table], broadcast=True, hash=False)  # one, not its clips
        names: dict[Any, str] = {
            client.submit(work, job, table=shared, pure=False): job.result.name for job in left
        }
        for done, future in enumerate(as_completed(names), start=1):
            if (fault := future.exception()) is not None:
                failed[names[future]] = _reason(fault)
            if report is not None:
                report(f"{done} of {len(left)}: {names[future].removesuffix('.json')}")
    return failed


def _apart(job: Job, *, table: Table, runs: Path, results: Path, workers: int) -> None:
    """Do a job in a process of its own, which shares the cores with others."""
    # A cluster's worker may have several threads, and torch has one source of chance a process.
    with _ONE_A_PROCESS:
        if not job.model.family.classical:
            import torch

            torch.set_num_threads(threads_each(workers))
        measure(job, table, runs=runs, results=results, workers=1)
