"""Adapting the bundled model to one's own clips and labels.

What the model's network hears stays as it is. Its answers are weighed anew and a linear reading of
what it heard is added, held back by a penalty: from few clips the answers stay near the model's
own, and depart as far as clips warrant. How strong the penalty is, held-out speakers choose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import CorpusError, OptionError
from affetto.lab.corpora import Table
from affetto.lab.evaluation import hear
from affetto.lab.families.build import choose_classes
from affetto.lab.measured import of_held_out, to_notes
from affetto.lab.metrics import Difference, paired_difference, uar
from affetto.lab.model_card import write_model_card
from affetto.lab.reading import FARTHEST, behind_head, fit_reading
from affetto.lab.sources import LICENCES, collect, training_of
from affetto.models import FramePackage, TrainingCorpus, load, write_package
from affetto.models.calibration import fit_temperature, negative_log_likelihood, softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.emotions import Emotion
    from affetto.lab.sources import Sources

__all__ = ["Adapted", "adapt"]

PENALTIES = (3e3, 1e3, 300.0, 100.0, 30.0, 10.0)
"""Strongest first: where two do alike, the stronger is taken."""

_PARTS = 5
_ENOUGH = 20
"""Clips of each emotion below which a person is told that more would help."""


@dataclass(frozen=True)
class Adapted:
    """What came of an adaptation.

    Attributes:
        package: the new model.
        clips: learnt from.
        uar: on held-out clips, each judged by a reading that had not learnt it; these clips chose
            the penalty as well, which flatters it a little.
        interval: of `uar`, 95 %, by bootstrap over speakers.
        gain: by how much that is better than the model as it was, with its paired interval, on the
            clips whose label both can say, among those labels; None where there are no two.
        advice: what a person should know, one line each.
    """

    package: FramePackage
    clips: int
    uar: float
    interval: tuple[float, float]
    gain: Difference | None
    advice: tuple[str, ...]


def adapt(
    sources: Sources,
    output: Path,
    *,
    start: str | Path = "default",
    name: str,
    version: str = "1",
    exclude: Sequence[Emotion] = (),
    min_count: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    report: Callable[[str], None] | None = None,
) -> Adapted:
    """Adapt a model to clips, and write it as a package of its own.

    Args:
        sources: the clips; their labels may be others than the model's.
        output: folder of the package.
        start: the model to start from.
        name: of the new model.
        version: of the new model.
        exclude: emotions to leave out.
        min_count: leave out emotions with fewer clips; None refuses one with a single clip.
        seed: of the bootstrap.
        workers: processes that hear the clips.
        report: told what is done.

    Raises:
        OptionError: the model to start from is not one that learns voices.
        CorpusError: fewer than two emotions, or one with a single clip.
        AudioError: no clip could be heard.
        OutputError: the package can't be written.
    """
    package = load(start)
    if not isinstance(package, FramePackage):
        raise OptionError(
            f"found the model {package.card.title} to start from, which judges each window for "
            "itself, expected one such as default: train its family anew instead"
        )
    table = collect(sources)
    classes = choose_classes(table, exclude=exclude, min_count=min_count, report=report)
    table = Table([clip for clip in table if classes.of(clip)])
    found, failed = hear(package, table, workers=workers, describe="listening")
    for file, why in failed.items():
        if report is not None:
            report(f"left out: {why if file in why else f'{file}: {why}'}")
    clips = Table([clip for clip, _ in found])
    pooled = np.stack([np.average(h.pooled, axis=0, weights=h.seconds) for _, h in found])
    target = np.array([classes.emotions.index(clip.emotion) for clip in clips if clip.emotion])
    if len(np.unique(target)) < len(classes.emotions):
        raise CorpusError(
            "found an emotion none of whose clips can be heard, expected some of each"
        )
    known = list(package.card.labels)
    own = np.array([known.index(e) if e in known else -1 for e in classes.emotions])
    statistics = dict(package.baseline)
    scale = np.sqrt(statistics["within"].astype(np.float64) + 1e-6)
    heard = np.clip((pooled - statistics["population"]) / scale, -FARTHEST, FARTHEST)
    logits = package.head(pooled.astype(np.float32)).astype(np.float64)

    penalty, held_out = _choose(logits, heard, target, own, clips, report)
    reading = fit_reading(logits, heard, target, own, penalty=penalty)
    temperature = fit_temperature(held_out, target)
    speakers = [clip.speaker for clip in clips]
    gain = _gain(logits, held_out, target, own, speakers, seed=seed)
    measured = of_held_out(
        clips,
        softmax(held_out, temperature=temperature),
        classes.emotions,
        by_speaker=_by_speaker(clips),
    )
    met = sorted({corpus.corpus for corpus in package.card.training} & set(clips.corpora))
    noted = [] if met else [measured]  # of clips that were learnt before, a card promises too much
    spoken = {clip.language for clip in clips}
    card = replace(
        package.card,
        name=name,
        version=version,
        labels=classes.emotions,
        temperature=temperature,
        temperature_baseline=temperature
        * package.card.temperature_baseline
        / package.card.temperature,
        training=(*package.card.training, *_training(clips, package)),
        languages=tuple(sorted({*package.card.languages, *filter(None, spoken)})),
        licence=package.card.licence or LICENCES[sources.licence],
        description=f"{package.card.title} adapted to {len(clips)} clips of "
        f"{len(clips.speakers) or 'unknown'} speakers",
        results=to_notes(noted),
    )
    statistics["classes"] = _departures(statistics, pooled, target, own)
    made = write_package(
        output,
        card,
        model=(package.folder / "model.onnx").read_bytes(),
        head=behind_head((package.folder / "head.onnx").read_bytes(), reading, scale),
        baseline=statistics,
    )
    write_model_card(output, noted)
    advice = _advice(clips, target, classes.emotions, gain)
    if met:
        told = f"{package.card.title} had learnt {', '.join(met)} already: the figures flatter"
        advice = (*advice, told)
    said = measured.first
    return Adapted(made, len(clips), said.uar, said.ci95["uar"], gain, advice)


def _choose(
    logits: NDArray[np.float64],
    heard: NDArray[np.float64],
    target: NDArray[np.int64],
    own: NDArray[np.int64],
    clips: Table,
    report: Callable[[str], None] | None,
) -> tuple[float, NDArray[np.float64]]:
    """Let held-out speakers choose the penalty; give it and what was said of them."""
    best: tuple[float, float, NDArray[np.float64]] | None = None
    sides = _parts(clips, target)
    for penalty in PENALTIES:
        said = np.zeros((len(target), len(own)))
        for part in np.unique(sides):
            judge = sides == part
            rows = (logits[~judge], heard[~judge], target[~judge])
            said[judge] = fit_reading(*rows, own, penalty=penalty)(logits[judge], heard[judge])
        # The likelihood, unlike the UAR, tells something of a handful of clips as well.
        score = -negative_log_likelihood(said, target)
        if report is not None:
            figure = float(uar(target, said.argmax(axis=1)))
            report(f"penalty {penalty:g}: UAR {figure:.3f} on held-out clips")
        if best is None or score > best[0]:
            best = score, penalty, said
    assert best is not None
    return best[1], best[2]


def _by_speaker(clips: Table) -> bool:
    """Whether speakers are held out, rather than clips."""
    return len(clips.speakers) >= 3


def _parts(clips: Table, target: NDArray[np.int64]) -> NDArray[np.int64]:
    """Part clips by speaker where three or more are known, else emotion by emotion."""
    speakers = [clip.speaker or clip.key for clip in clips]
    if _by_speaker(clips):
        names = sorted(set(speakers))
        return np.array([names.index(speaker) % _PARTS for speaker in speakers])
    parts = np.zeros(len(target), np.int64)
    for label in np.unique(target):
        of = np.flatnonzero(target == label)
        parts[of] = np.arange(len(of)) % min(_PARTS, len(of))
    return parts


def _gain(
    before: NDArray[Any],
    after: NDArray[Any],
    target: NDArray[np.int64],
    own: NDArray[np.int64],
    speakers: Sequence[str | None],
    *,
    seed: int,
) -> Difference | None:
    """Hold the new logits against the old ones, on clips and among labels that both can say."""
    known = np.flatnonzero(own >= 0)
    of = np.flatnonzero(np.isin(target, known))
    if len(np.unique(target[of])) < 2:
        return None
    return paired_difference(
        np.searchsorted(known, target[of]),
        after[of][:, known].argmax(axis=1),
        before[of][:, own[known]].argmax(axis=1),
        labels=len(known),
        speakers=[speakers[int(place)] for place in of],
        seed=seed,
    )


def _training(clips: Table, package: FramePackage) -> tuple[TrainingCorpus, ...]:
    already = {corpus.corpus for corpus in package.card.training}
    return training_of(corpus for corpus in clips.corpora if corpus not in already)


def _departures(
    statistics: dict[str, NDArray[np.float32]],
    pooled: NDArray[Any],
    target: NDArray[np.int64],
    own: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Give each label's mean departure from the population: the model's, or a new label's."""
    departures = np.zeros((len(own), pooled.shape[1]), np.float32)
    for label, column in enumerate(own):
        if column >= 0:
            departures[label] = statistics["classes"][column]
        else:
            rest = pooled[target == label] - statistics["population"]
            departures[label] = rest.mean(axis=0) * len(rest) / (len(rest) + 5.0)
    return departures


def _advice(
    clips: Table,
    target: NDArray[np.int64],
    emotions: Sequence[Emotion],
    gain: Difference | None,
) -> tuple[str, ...]:
    """Say what the clips are enough for."""
    counts = np.bincount(target, minlength=len(emotions))
    few = [f"{e} ({n})" for e, n in zip(emotions, counts, strict=True) if n < _ENOUGH]
    lines = []
    if few:
        lines.append(f"few clips of {', '.join(few)}: {_ENOUGH} or more of each teach more")
    if len(clips.speakers) < 3:
        lines.append("fewer than three speakers are known: the figures say little of unheard ones")
    if gain is None or gain.low <= 0.0:
        lines.append("not enough clips to tell that anything was gained")
    return tuple(lines)
