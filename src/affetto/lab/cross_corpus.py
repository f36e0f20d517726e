"""Train on one corpus, test on another: every pair, as a table and as a heat map.

A pair is kept like the fold of a protocol, under the name that `pair_name` gives. Its answers
choose among the emotions that both corpora have.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from affetto.emotions import Emotion
from affetto.errors import CorpusError
from affetto.lab.held_out import held_out
from affetto.lab.predictions import Prediction
from affetto.lab.results import Fold, write_fold
from affetto.models.calibration import softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.lab.corpora import Table
    from affetto.lab.families.config import ModelConfig
    from affetto.lab.results import Result

__all__ = ["corpora_to_cross", "cross_corpus", "cross_tables", "grid", "pair_name", "pair_of"]

_PREFIX = "cross-"
_TO = "-to-"
_HELD_OUT = 1 / 6
_LEAST = 0.01
"""Share of a corpus's clips that an emotion must have to be one of its own."""


def pair_name(learnt: str, tested: str) -> str:
    """Name a pair of corpora as a result's protocol.

    Examples:
        >>> pair_name("ravdess", "emodb")
        'cross-ravdess-to-emodb'
    """
    return f"{_PREFIX}{learnt}{_TO}{tested}"


def pair_of(protocol: str) -> tuple[str, str] | None:
    """Give the corpora of a pair's name; None for any other protocol.

    Examples:
        >>> pair_of("cross-ravdess-to-emodb"), pair_of("emodb-loso")
        (('ravdess', 'emodb'), None)
    """
    learnt, to, tested = protocol.removeprefix(_PREFIX).partition(_TO)
    return (learnt, tested) if protocol.startswith(_PREFIX) and to else None


def corpora_to_cross(table: Table) -> tuple[str, ...]:
    """List the corpora, each of which is learnt from in turn.

    Raises:
        CorpusError: there are fewer than two.
    """
    corpora = table.corpora
    if len(corpora) < 2:
        raise CorpusError(
            f"found clips of {', '.join(corpora) or 'no corpus'}, expected two corpora or more to "
            "train on one and test on another"
        )
    return corpora


def cross_corpus(
    model: ModelConfig,
    table: Table,
    learnt: str,
    *,
    runs: Path,
    results: Path,
    seed: int = 0,
    workers: int | None = None,
    report: Callable[[str], None] | None = None,
) -> None:
    """Train on one corpus, and test on each of the others; pairs that are there are kept.

    A corpus has the emotions of a hundredth of its clips or more: a handful of strays would weigh
    as much in a UAR as all the others. Pairs that share fewer than two emotions are left out.

    Args:
        model: what to train.
        table: clips of two corpora or more.
        learnt: the corpus to train on.
        runs: where features and trainings keep their state.
        results: where each pair leaves its small JSON file.
        seed: of everything drawn.
        workers: processes that compute features.
        report: told one line a check.

    Raises:
        CorpusError: a class has no clip to learn from once speakers are held out.
        OptionError: a pair is there, of a training with other values.
        OutputError: a result can't be written.
    """
    from affetto.lab.bench import finished
    from affetto.lab.learning import as_good_as_trained, learn

    labels = _emotions(table, learnt)
    wanted = [
        Fold(pair_name(learnt, tested), "intra", False, seed, 0, 1, True, (), model=model.name)
        for tested in table.corpora
        if tested != learnt and len({*labels} & {*_emotions(table, tested)}) > 1
    ]
    wanted = [fold for fold in wanted if not finished(fold, model, results)]
    if not wanted:
        return
    own = [i for i, clip in enumerate(table) if clip.corpus == learnt]
    chosen = set(held_out(table, own, share=_HELD_OUT, seed=seed))
    lesson, fitted = learn(
        model,
        table,
        labels,
        [clip.emotion.value if clip.emotion else None for clip in table],
        train=_among(table, own, labels, leaving=chosen),
        validation=_among(table, sorted(chosen), labels),
        runs=runs,
        name=f"{model.name}--{_PREFIX}{learnt}--seed{seed}",
        seed=seed,
        workers=workers,
        report=report,
    )
    temperature = fitted.temperature(lesson.target)
    for fold in wanted:
        corpus = (pair_of(fold.protocol) or ("", ""))[1]
        tested = (i for i, clip in enumerate(table) if clip.corpus == corpus)
        places = _among(table, tested, _emotions(table, corpus)).tolist()
        features = lesson.clean.inputs(places, length=model.features.length)
        said = softmax(as_good_as_trained(fitted, features), temperature=temperature)
        predictions = [
            Prediction.of(
                table[i], str(table[i].emotion), dict(zip(labels, row.tolist(), strict=True))
            )
            for i, row in zip(places, said, strict=True)
        ]
        notes = {"config": model.to_dict(), "parameters": fitted.parameters}
        write_fold(results, replace(fold, predictions=predictions, notes=notes))


def _emotions(table: Table, corpus: str) -> list[str]:
    """List the emotions that a corpus really has."""
    found = Counter(clip.emotion for clip in table if clip.corpus == corpus and clip.emotion)
    return [e.value for e in Emotion if found[e] >= max(1.0, _LEAST * found.total())]


def _among(
    table: Table, places: Iterable[int], labels: list[str], *, leaving: Iterable[int] = ()
) -> NDArray[np.int64]:
    left = set(leaving)
    return np.array([i for i in places if i not in left and table[i].emotion in labels], np.int64)


def grid(results: Iterable[Result], model: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Give the UAR of every pair of a model.

    Args:
        results: of `affetto.lab.results.gather`.
        model: its name in the results.

    Returns:
        The corpora, and the UAR, (trained on, tested on), mean over the seeds; not a number where
        there is none.
    """
    found = {
        pair: result.mean("uar")
        for result in results
        if result.model == model and result.reports and (pair := pair_of(result.protocol))
    }
    corpora = tuple(sorted({corpus for pair in found for corpus in pair}))
    values = np.full((len(corpora), len(corpora)), np.nan)
    for (learnt, tested), value in found.items():
        values[corpora.index(learnt), corpora.index(tested)] = value
    return corpora, values


def cross_tables(results: Iterable[Result]) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Lay the pairs of every model out: trained on in rows, tested on in columns.

    Args:
        results: of `affetto.lab.results.gather`.

    Returns:
        Model → the heads of the columns, and the rows; a pair that is not there is empty.

    Examples:
        >>> cross_tables([])
        {}
    """
    pairs = [result for result in results if pair_of(result.protocol)]
    tables = {}
    for model in dict.fromkeys(result.model for result in pairs):
        corpora, values = grid(pairs, model)
        rows = [
            [learnt, *("" if np.isnan(v) else f"{v:.3f}" for v in row)]
            for learnt, row in zip(corpora, values, strict=True)
        ]
        tables[model] = (["", *corpora], rows)
    return tables
