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
from affetto.lab.build import LICENCES, collect
from affetto.lab.corpora import CORPORA, Table
from affetto.lab.evaluation import hear
from affetto.lab.families.build import choose_classes
from affetto.lab.metrics import bootstrap_ci, uar
from affetto.lab.model_card import write_model_card
from affetto.models import FramePackage, TrainingCorpus, load, write_package
from affetto.models.calibration import fit_temperature, negative_log_likelihood, softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.emotions import Emotion
    from affetto.lab.build import Sources

__all__ = ["Adapted", "Reading", "adapt", "fit_reading"]

PENALTIES = (3e3, 1e3, 300.0, 100.0, 30.0, 10.0)
"""Strongest first: where two do alike, the stronger is taken."""

_PARTS = 5
_ENOUGH = 20
"""Clips of each emotion below which a person is told that more would help."""


@dataclass(frozen=True)
class Reading:
    """What is said of windows, from the model's own answer and from what it heard.

    Attributes:
        gain: multiplies the model's own logits.
        own: column of the model's logits that each label starts from; -1 for a new label.
        weights: of what was heard, standardised, (labels, pooled).
        bias: (labels,).
    """

    gain: float
    own: NDArray[np.int64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def __call__(self, logits: NDArray[Any], heard: NDArray[Any]) -> NDArray[np.float64]:
        """Judge windows.

        Args:
            logits: the model's own, (n, its labels).
            heard: departures from the population or the speaker, standardised, (n, pooled).

        Returns:
            Logits, (n, labels).
        """
        return self.gain * _taken(logits, self.own) + heard @ self.weights.T + self.bias


@dataclass(frozen=True)
class Adapted:
    """What came of an adaptation.

    Attributes:
        package: the new model.
        clips: learnt from.
        before: UAR of the model as it was, on the clips, among the labels that it can say.
        after: UAR on held-out clips, each judged by a reading that had not learnt it.
        interval: of `after`, 95 %, by bootstrap over speakers.
        advice: what a person should know, one line each.
    """

    package: FramePackage
    clips: int
    before: float
    after: float
    interval: tuple[float, float]
    advice: tuple[str, ...]


def fit_reading(
    logits: NDArray[Any],
    heard: NDArray[Any],
    target: NDArray[np.int64],
    own: NDArray[np.int64],
    *,
    penalty: float,
) -> Reading:
    """Fit a reading by penalised maximum likelihood, every label weighing alike.

    Args:
        logits: the model's own, (n, its labels).
        heard: departures, standardised, (n, pooled).
        target: label of each window, (n,).
        own: see `Reading`.
        penalty: of the squared weights, in examples.

    Examples:
        >>> rows = np.random.default_rng(0).normal(size=(40, 3))
        >>> truth = (rows[:, 0] > 0).astype(int)
        >>> reading = fit_reading(np.zeros((40, 2)), rows, truth, np.array([0, 1]), penalty=1.0)
        >>> float(np.mean(reading(np.zeros((40, 2)), rows).argmax(axis=1) == truth)) > 0.9
        True
    """
    from scipy.optimize import minimize

    # Penalised weights lie where the examples do, which few examples span with few directions.
    _, _, directions = np.linalg.svd(heard, full_matrices=False)
    heard = heard @ directions.T
    labels, size = len(own), heard.shape[1]
    counts = np.bincount(target, minlength=labels)
    weight = (len(target) / (labels * np.maximum(counts, 1)))[target]
    base = _taken(logits, own)
    hot = np.eye(labels)[target]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        gain, bias = flat[0], flat[1 : 1 + labels]
        weights = flat[1 + labels :].reshape(labels, size)
        said = gain * base + heard @ weights.T + bias
        wrong = weight[:, None] * (softmax(said) - hot)
        own_part = negative_log_likelihood(said, target, weights=weight) * weight.sum()
        held_back = 0.5 * penalty * (weights**2).sum() + 2.0 * (gain - 1) ** 2 + 0.5 * bias @ bias
        slope = [
            [(wrong * base).sum() + 4.0 * (gain - 1)],
            wrong.sum(axis=0) + bias,
            (wrong.T @ heard + penalty * weights).ravel(),
        ]
        return float(own_part + held_back), np.concatenate(slope)

    start = np.zeros(1 + labels + labels * size)
    start[0] = 1.0
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    weights = found[1 + labels :].reshape(labels, size)
    return Reading(float(found[0]), own, weights @ directions, found[1 : 1 + labels])


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
    heard = np.clip((pooled - statistics["population"]) / scale, -6.0, 6.0)
    logits = package.head(pooled.astype(np.float32)).astype(np.float64)

    penalty, held_out = _choose(logits, heard, target, own, clips, report)
    reading = fit_reading(logits, heard, target, own, penalty=penalty)
    temperature = fit_temperature(held_out, target)
    before, after = _before(logits, target, own), float(uar(target, held_out.argmax(axis=1)))
    speakers = [clip.speaker for clip in clips]
    interval = bootstrap_ci(
        target, held_out.argmax(axis=1), labels=len(own), speakers=speakers, seed=seed
    )
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
        results={},
    )
    statistics["classes"] = _departures(statistics, pooled, target, own)
    made = write_package(
        output,
        card,
        model=(package.folder / "model.onnx").read_bytes(),
        head=_with_reading((package.folder / "head.onnx").read_bytes(), reading, scale),
        baseline=statistics,
    )
    write_model_card(output)
    met = sorted({corpus.corpus for corpus in package.card.training} & set(clips.corpora))
    advice = _advice(clips, target, classes.emotions, before, after, interval)
    if met:
        told = f"{package.card.title} had learnt {', '.join(met)} already: the figures flatter"
        advice = (*advice, told)
    return Adapted(made, len(clips), before, after, interval, advice)


def _taken(logits: NDArray[Any], own: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the model's own logit of each label; a new label has none, and starts at nothing."""
    centred = logits - logits.mean(axis=1, keepdims=True)
    return np.asarray(np.where(own >= 0, centred[:, np.maximum(own, 0)], 0.0), np.float64)


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


def _parts(clips: Table, target: NDArray[np.int64]) -> NDArray[np.int64]:
    """Part clips by speaker where three or more are known, else emotion by emotion."""
    speakers = [clip.speaker or clip.key for clip in clips]
    if len(clips.speakers) >= 3:
        names = sorted(set(speakers))
        return np.array([names.index(speaker) % _PARTS for speaker in speakers])
    parts = np.zeros(len(target), np.int64)
    for label in np.unique(target):
        of = np.flatnonzero(target == label)
        parts[of] = np.arange(len(of)) % min(_PARTS, len(of))
    return parts


def _before(logits: NDArray[Any], target: NDArray[np.int64], own: NDArray[np.int64]) -> float:
    """Give the UAR of the model as it was, on clips whose label it can say; 0 where it can't."""
    known = own >= 0
    if known.sum() < 2:
        return 0.0
    of = known[target]
    answers = np.flatnonzero(known)[logits[of][:, own[known]].argmax(axis=1)]
    return float(uar(target[of], answers))


def _training(clips: Table, package: FramePackage) -> list[TrainingCorpus]:
    already = {corpus.corpus for corpus in package.card.training}
    return [
        TrainingCorpus(corpus, CORPORA[corpus].licence if corpus in CORPORA else "your own")
        for corpus in clips.corpora
        if corpus not in already
    ]


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


def _with_reading(head: bytes, reading: Reading, scale: NDArray[np.float64]) -> bytes:
    """Put a reading behind the head's own answer, in one ONNX file."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load_from_string(head)
    graph = model.graph
    for node in graph.node:
        for place, name in enumerate(node.output):
            if name == "logits":
                node.output[place] = "own_logits"
        for place, name in enumerate(node.input):
            if name == "logits":
                node.input[place] = "own_logits"
    # What is taken of the own logits, and that they are centred first, is one matrix.
    labels = graph.output[0].type.tensor_type.shape.dim[1].dim_value or int(reading.own.max()) + 1
    taken = np.zeros((labels, len(reading.own)))
    for label, column in enumerate(reading.own):
        if column >= 0:
            taken[:, label] -= 1.0 / labels
            taken[column, label] += 1.0
    constants = {
        "reading_scale": scale,
        "reading_low": np.array(-6.0),
        "reading_high": np.array(6.0),
        "reading_taken": reading.gain * taken,
        "reading_weights": reading.weights.T,
        "reading_bias": reading.bias,
    }
    for name, values in constants.items():
        graph.initializer.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
    steps = (
        ("Sub", ["pooled", "baseline"], "reading_departure"),
        ("Div", ["reading_departure", "reading_scale"], "reading_scaled"),
        ("Clip", ["reading_scaled", "reading_low", "reading_high"], "reading_heard"),
        ("MatMul", ["own_logits", "reading_taken"], "reading_own"),
        ("Gemm", ["reading_heard", "reading_weights", "reading_bias"], "reading_new"),
        ("Add", ["reading_own", "reading_new"], "logits"),
    )
    for kind, inputs, output in steps:
        graph.node.append(helper.make_node(kind, inputs, [output]))
    del graph.output[:]
    kind = onnx.TensorProto.FLOAT
    graph.output.append(helper.make_tensor_value_info("logits", kind, ["n", len(reading.own)]))
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _advice(
    clips: Table,
    target: NDArray[np.int64],
    emotions: Sequence[Emotion],
    before: float,
    after: float,
    interval: tuple[float, float],
) -> tuple[str, ...]:
    """Say what the clips are enough for."""
    counts = np.bincount(target, minlength=len(emotions))
    few = [f"{e} ({n})" for e, n in zip(emotions, counts, strict=True) if n < _ENOUGH]
    lines = []
    if few:
        lines.append(f"few clips of {', '.join(few)}: {_ENOUGH} or more of each teach more")
    if len(clips.speakers) < 3:
        lines.append("fewer than three speakers are known: the figures say little of unheard ones")
    if interval[0] <= before:
        lines.append(
            f"not enough clips to tell that anything was gained: {before:.3f} before, {after:.3f} "
            f"({interval[0]:.3f} to {interval[1]:.3f}) after"
        )
    return tuple(lines)
