"""Whom a model serves worse, and what disturbs it: the card of fairness and robustness.

By group of clips (gender, speaker, language, loudness, length), under what befalls recordings
(noise, codecs, a telephone, a room), and with changes that should not matter at all. Groups after
the idea of model cards (Mitchell et al. 2019, arXiv:1810.03993).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affetto.audio.bs1770 import loudness
from affetto.dsp import SAMPLE_RATE
from affetto.emotions import in_order
from affetto.errors import AudioError, OptionError
from affetto.jobs import run
from affetto.lab import metrics
from affetto.lab.corpora import Clip, Table, load, samples
from affetto.lab.evaluation import predict
from affetto.lab.metrics.decisions import count_pairs
from affetto.lab.predictions import Prediction
from affetto.models import ModelPackage
from affetto.models import load as load_model
from affetto.recognition import Prior

__all__ = [
    "CONDITIONS",
    "ENOUGH",
    "EXPECTED",
    "INVARIANCES",
    "Figure",
    "Gap",
    "RobustnessCard",
    "Unchanged",
    "make_card",
]

_FEW_GROUPS = 3

CONDITIONS: Mapping[str, str] = {
    "noise at 20 dB": "noise:20dB",
    "noise at 10 dB": "noise:10dB",
    "noise at 0 dB": "noise:0dB",
    "Opus, 16 kbit/s": "codec:opus:16",
    "MP3, 32 kbit/s": "codec:mp3:32",
    "AAC, 32 kbit/s": "codec:aac:32",
    "AMR-NB, 12.2 kbit/s": "codec:gsm:12.2",
    "G.722, 64 kbit/s": "codec:g722:64",
    "telephone": "telephone",
    "room, 0.5 s": "reverb:0.5s",
}
"""What befalls recordings → steps for `affetto.lab.augment.parse`."""

INVARIANCES: Mapping[str, str] = {
    "12 dB louder": "gain:12dB",
    "12 dB quieter": "gain:-12dB",
    "10 ms later": "shift:10ms",
    "at 44.1 kHz and back": "resample:44.1kHz",
}
"""What should not matter → steps. Louder goes no further than full scale."""

EXPECTED = 0.95
"""Share of decisions that a change which should not matter must leave as they are."""

ENOUGH = 10
"""Clips from which on a group's figure says something."""


@dataclass(frozen=True, slots=True)
class Figure:
    """How a model does on some clips, among the labels that all clips and the model share.

    Attributes:
        n: clips.
        uar: unweighted average recall of the labels that these clips have.
        wa: accuracy.
        uar95: its 95 % interval, by bootstrap over speakers (clips, where fewer than two).
        wa95: likewise.
    """

    n: int
    uar: float
    wa: float
    uar95: tuple[float, float]
    wa95: tuple[float, float]

    def to_dict(self) -> dict[str, Any]:
        """Give the figure as plain JSON types."""
        row: dict[str, Any] = {"n": self.n}
        for name in ("uar", "wa"):
            row[name] = round(getattr(self, name), 4)
            row[f"{name}95"] = [round(edge, 4) for edge in getattr(self, f"{name}95")]
        return row


@dataclass(frozen=True, slots=True)
class Gap:
    """The best and the worst of the groups of one kind, by UAR.

    Attributes:
        kind: of the groups.
        best: the group's name.
        worst: the group's name.
        uar: by which they differ.
        clear: whether their intervals lie apart, and they are no extremes of many.
    """

    kind: str
    best: str
    worst: str
    uar: float
    clear: bool


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What a change that should not matter does to the decisions.

    Attributes:
        n: clips.
        share: of them whose top label stays.
    """

    n: int
    share: float

    @property
    def holds(self) -> bool:
        """Whether as many stay as should."""
        return self.share >= EXPECTED


@dataclass(frozen=True, slots=True)
class RobustnessCard:
    """Whom a model serves worse, and what disturbs it.

    Attributes:
        model: its title.
        clips: what it was measured on, in words.
        labels: what clips and model share.
        whole: all clips.
        groups: kind → group → figure.
        conditions: what befell the clips → figure.
        unmeasured: conditions that could not be made here → why.
        invariance: change → what it does.
        trained_on: corpora of the clips that the model was trained on.
        failed: clips that could not be heard.
    """

    model: str
    clips: str
    labels: tuple[str, ...]
    whole: Figure
    groups: Mapping[str, Mapping[str, Figure]]
    conditions: Mapping[str, Figure]
    unmeasured: Mapping[str, str]
    invariance: Mapping[str, Unchanged]
    trained_on: tuple[str, ...] = ()
    failed: int = 0

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The gap of each kind of groups, the widest first; groups of a few clips are left out."""
        found = []
        for kind, groups in self.groups.items():
            large = {name: figure for name, figure in groups.items() if figure.n >= ENOUGH}
            if len(large) < 2:
                continue
            best = max(large, key=lambda name: large[name].uar)
            worst = min(large, key=lambda name: large[name].uar)
            # Of many groups the extremes lie apart by chance more often than not.
            few = len(large) <= _FEW_GROUPS
            apart = few and large[worst].uar95[1] < large[best].uar95[0]
            found.append(Gap(kind, best, worst, large[best].uar - large[worst].uar, apart))
        return tuple(sorted(found, key=lambda gap: -gap.uar))

    @property
    def moved(self) -> tuple[str, ...]:
        """The changes that should not matter and do."""
        return tuple(name for name, change in self.invariance.items() if not change.holds)

    def to_dict(self) -> dict[str, Any]:
        """Give the card as plain JSON types."""
        return {
            "model": self.model,
            "clips": self.clips,
            "labels": list(self.labels),
            "trained_on": list(self.trained_on),
            "whole": self.whole.to_dict(),
            "groups": {
                kind: {name: figure.to_dict() for name, figure in groups.items()}
                for kind, groups in self.groups.items()
            },
            "conditions": {name: figure.to_dict() for name, figure in self.conditions.items()},
            "unmeasured": dict(self.unmeasured),
            "invariance": {
                name: {"n": change.n, "unchanged": round(change.share, 4), "holds": change.holds}
                for name, change in self.invariance.items()
            },
            "gaps": [
                {
                    "kind": gap.kind,
                    "best": gap.best,
                    "worst": gap.worst,
                    "uar": round(gap.uar, 4),
                    "clear": gap.clear,
                }
                for gap in self.gaps
            ],
            "failed": self.failed,
        }


def make_card(
    model: str | Path | ModelPackage,
    clips: str | Path | Sequence[Clip],
    *,
    conditions: Mapping[str, str] = CONDITIONS,
    invariances: Mapping[str, str] = INVARIANCES,
    baseline: bool = False,
    prior: Prior = "even",
    seed: int = 0,
    workers: int | None = None,
    describe: bool = False,
) -> RobustnessCard:
    """Measure whom a model serves worse, and what disturbs it.

    All clips are heard once as they are, once under each condition and once with each change.

    Args:
        model: a name, a folder, or an open package.
        clips: a manifest, a corpus's folder, or clips, none of which the model has learnt from.
        conditions: name → steps, under which the figures are taken.
        invariances: name → steps, which should leave the decisions as they are.
        baseline: see `affetto.lab.evaluation.evaluate`.
        prior: see `affetto.lab.evaluation.evaluate`.
        seed: of the steps' chance and the intervals.
        workers: processes; by default one a core, where there are many clips.
        describe: show the progress on stderr.

    Raises:
        ModelError: no such model.
        ManifestError: the manifest can't be read.
        OptionError: unknown steps, or no clip with a label that the model can say.
        AudioError: no clip could be heard.

    Examples:
        >>> card = make_card("default", "heldout.csv")  # doctest: +SKIP
        >>> card.gaps[0].worst, card.moved  # doctest: +SKIP
        ('quiet, below -38 LUFS', ())
    """
    package = model if isinstance(model, ModelPackage) else load_model(str(model))
    table = load(clips) if isinstance(clips, str | Path) else Table(clips)

    def judged(name: str, steps: str | None) -> list[Prediction]:
        return predict(
            package, table, steps=steps, baseline=baseline, prior=prior, seed=seed,
            workers=workers, describe=name if describe else "",
        ).predictions  # fmt: skip

    clean = judged("as it is", None)
    said = {p.truth for p in clean if p.truth is not None and p.truth in package.labels}
    if not said:
        raise OptionError(
            f"found no clip with a label that the model {package.card.title} can say, expected "
            f"some of {', '.join(package.labels)}; give other clips or another model"
        )
    labels = in_order(said)
    measure = partial(_figure, labels=labels, seed=seed)
    found, unmeasured = {}, {}
    for name, steps in conditions.items():
        try:
            found[name] = measure(judged(name, steps))
        except AudioError as error:  # such as a codec that this PyAV is built without
            unmeasured[name] = str(error)
    before = {prediction.file: prediction.top for prediction in clean}
    stayed = {
        name: [before[p.file] == p.top for p in judged(name, steps) if p.file in before]
        for name, steps in invariances.items()
    }
    return RobustnessCard(
        model=package.card.title,
        clips=_described(table),
        labels=labels,
        whole=measure(clean),
        groups={
            kind: {name: measure(part) for name, part in parts.items()}
            for kind, parts in _groups(clean, table, labels, workers).items()
        },
        conditions=found,
        unmeasured=unmeasured,
        invariance={
            name: Unchanged(len(same), float(np.mean(same))) for name, same in stayed.items()
        },
        trained_on=tuple(
            c for c in table.corpora if c in {t.corpus for t in package.card.training}
        ),
        failed=len(table) - len(clean),
    )


def _described(table: Table) -> str:
    counts = ", ".join(f"{corpus} {n}" for corpus, n in table.counts("corpus").items())
    return f"{len(table)} clips of {len(table.speakers)} speakers ({counts})"


def _figure(predictions: Sequence[Prediction], *, labels: Sequence[str], seed: int) -> Figure:
    """Measure predictions among some labels."""
    kept = [p for p in predictions if p.truth in labels]
    scores = np.array([[p.scores.get(label, 0.0) for label in labels] for p in kept])
    truth = np.array([labels.index(str(p.truth)) for p in kept])
    answers = scores.argmax(axis=1)
    counts = count_pairs(truth, answers, len(labels))
    interval = partial(
        metrics.bootstrap_ci,
        truth,
        answers,
        labels=len(labels),
        speakers=[p.speaker for p in kept],
        seed=seed,
    )
    return Figure(
        n=len(kept),
        uar=float(metrics.uar(counts)),
        wa=float(metrics.wa(counts)),
        uar95=interval(metric="uar"),
        wa95=interval(metric="wa"),
    )


def _groups(
    predictions: Sequence[Prediction],
    table: Table,
    labels: Sequence[str],
    workers: int | None,
) -> dict[str, dict[str, list[Prediction]]]:
    """Sort predictions by what their clips have in common; kinds of one group are left out."""
    kept = [p for p in predictions if p.truth in labels]
    clips = {clip.key: clip for clip in table}
    outcomes = run(_measured, [clips[p.file] for p in kept], workers=workers or 1)
    found = np.array([o.value if o.value is not None else (np.nan, np.nan) for o in outcomes])
    level, length = found[:, 0], found[:, 1]
    columns: dict[str, list[str | None]] = {
        "gender": [{"f": "women", "m": "men"}.get(p.gender or "") for p in kept],
        "speaker": [p.speaker for p in kept],
        "language": [p.language for p in kept],
        "loudness": _thirds(level, "quiet, below {} LUFS", "loud, above {} LUFS", "{:.0f}"),
        "length": _thirds(length, "short, below {} s", "long, above {} s", "{:.1f}"),
    }
    groups = {}
    for kind, names in columns.items():
        parts: dict[str, list[Prediction]] = {}
        for name, prediction in zip(names, kept, strict=True):
            if name is not None:
                parts.setdefault(name, []).append(prediction)
        if len(parts) > 1:
            groups[kind] = {name: parts[name] for name in sorted(parts, key=_place)}
    return groups


def _place(name: str) -> tuple[int, str]:
    """Give the place of a group among those of its kind."""
    order = ("quiet", "short", "middle", "loud", "long")
    word = name.partition(",")[0]
    return (order.index(word) if word in order else len(order)), name


def _measured(clip: Clip) -> tuple[float, float]:
    """Give a clip's loudness in LUFS and its length in seconds."""
    sound = samples(clip)
    level = loudness(sound)
    return (level if np.isfinite(level) else -100.0), len(sound) / SAMPLE_RATE


def _thirds(values: NDArray[np.float64], low: str, high: str, number: str) -> list[str | None]:
    """Name the third that each value lies in; None for all where the values are all alike.

    Examples:
        >>> _thirds(np.array([1.0, 2.0, 3.0]), "below {}", "above {}", "{:.1f}")
        ['below 1.7', 'middle', 'above 2.3']
    """
    edges = np.nanquantile(values, [1 / 3, 2 / 3])
    if not edges[0] < edges[1]:
        return [None] * len(values)
    names = [
        name.format(number.format(edge)) for name, edge in zip((low, high), edges, strict=True)
    ]

    def name(value: float) -> str | None:
        if np.isnan(value):
            return None
        return names[0] if value < edges[0] else names[1] if value > edges[1] else "middle"

    return [name(float(value)) for value in values]
