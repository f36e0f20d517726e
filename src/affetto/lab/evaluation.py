"""Let a model judge clips whose emotion is known, and measure it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from affetto.errors import AudioError
from affetto.jobs import run
from affetto.lab.augment import Step, generator, parse
from affetto.lab.corpora import Clip, Table, load, samples
from affetto.lab.figures import GroupFigures, Report, summarise
from affetto.lab.predictions import Prediction
from affetto.models import ModelPackage, resolve
from affetto.recognition import Prior, Recognizer
from affetto.recognition.clips import Clip as Heard

__all__ = [
    "GroupFigures",
    "Outcome",
    "Prediction",
    "Report",
    "evaluate",
    "hear",
    "predict",
    "summarise",
]

_FEW = 64
"""Clips up to which starting other processes takes longer than it saves."""


class Outcome(NamedTuple):
    """What came of letting a model judge clips.

    Attributes:
        predictions: of the clips that could be heard, in their order.
        failed: clips that could not → why, in a line.
    """

    predictions: list[Prediction]
    failed: dict[str, str]


def evaluate(
    model: str | Path | ModelPackage,
    clips: str | Path | Sequence[Clip],
    *,
    steps: Step | str | None = None,
    baseline: bool = False,
    prior: Prior = "even",
    labels: Sequence[str] | None = None,
    merge: Mapping[str, str] | None = None,
    seed: int = 0,
    workers: int | None = None,
    describe: str = "",
) -> Report:
    """Measure a model on any clips, one decision for each.

    Args:
        model: a name, a folder, or an open package; see `affetto.models.resolve`.
        clips: a manifest, a corpus's folder, or the clips themselves; see `affetto.lab.corpora`.
        steps: what befalls every clip before it is heard: a step, or a text for
            `affetto.lab.augment.parse`.
        baseline: hear each speaker's departure from that speaker's baseline, learned from all
            clips of the speaker, WITHOUT their labels. A clip of no known speaker has none.
        prior: how common each emotion is taken to be. A corpus holds them in its own proportions
            and UAR counts all alike, hence the even one, other than in `affetto.analyze`.
        labels: see `summarise`.
        merge: see `summarise`.
        seed: of the steps' chance, which for each clip hangs on its name alone, and of the
            bootstrap.
        workers: processes; by default one a core, where there are more than a few clips.
        describe: words for the progress on stderr; empty shows none.

    Returns:
        The figures; `failed` names the clips that could not be heard.

    Raises:
        ModelError: no such model.
        ManifestError: the manifest can't be read.
        OptionError: an unknown step, or no clip with a label that the model can say.
        AudioError: no clip could be heard.
    """
    outcome = predict(
        model,
        clips,
        steps=steps,
        baseline=baseline,
        prior=prior,
        seed=seed,
        workers=workers,
        describe=describe,
    )
    report = summarise(outcome.predictions, labels=labels, merge=merge, seed=seed)
    return replace(report, failed=outcome.failed)


def predict(
    model: str | Path | ModelPackage,
    clips: str | Path | Sequence[Clip],
    *,
    steps: Step | str | None = None,
    baseline: bool = False,
    prior: Prior = "even",
    seed: int = 0,
    workers: int | None = None,
    describe: str = "",
) -> Outcome:
    """Let a model judge clips; see `evaluate`, which takes the same.

    Raises:
        ModelError: no such model.
        ManifestError: the manifest can't be read.
        OptionError: an unknown step.
        AudioError: no clip could be heard.
    """
    package = model if isinstance(model, ModelPackage) else resolve(str(model))
    recognizer = Recognizer(package, prior=prior)
    if baseline:
        recognizer.new_baseline()  # a model that learns no voices says so before it listens
    heard, failed = hear(model, clips, steps=steps, seed=seed, workers=workers, describe=describe)
    voices: dict[str | None, list[Heard]] = {}
    if baseline:
        for clip, sound in heard:
            if clip.speaker is not None:
                voices.setdefault(clip.speaker, []).append(sound)
    learned = {speaker: recognizer.learn(sounds) for speaker, sounds in voices.items()}
    predictions = []
    for clip, sound in heard:
        decision = recognizer.decide(sound, baseline=learned.get(clip.speaker))
        truth = clip.emotion.value if clip.emotion is not None else None
        predictions.append(Prediction.of(clip, truth, decision.scores))
    return Outcome(predictions, failed)


def hear(
    model: str | Path | ModelPackage,
    clips: str | Path | Sequence[Clip],
    *,
    steps: Step | str | None = None,
    seed: int = 0,
    workers: int | None = None,
    describe: str = "",
) -> tuple[list[tuple[Clip, Heard]], dict[str, str]]:
    """Hear clips, to be judged afterwards; see `evaluate`, which takes the same.

    Returns:
        Each clip that could be heard with what was, in order; and clips that could not → why.

    Raises:
        ModelError: no such model.
        ManifestError: the manifest can't be read.
        OptionError: an unknown step.
        AudioError: no clip could be heard.
    """
    table = load(clips) if isinstance(clips, str | Path) else Table(clips)
    step = parse(steps) if isinstance(steps, str) else steps
    folder = model.folder if isinstance(model, ModelPackage) else resolve(str(model))
    # The model is opened here first: what is wrong with it is said once, not for every clip.
    written = max((path.stat().st_mtime_ns for path in folder.iterdir()), default=0)
    _recognizer(folder, written)
    if workers is None and len(table) <= _FEW:
        workers = 1
    listen = partial(_hear, folder=folder, written=written, step=step, seed=seed)
    outcomes = run(listen, table, workers=workers, describe=describe)
    for outcome in outcomes:
        if outcome.fault:
            raise RuntimeError(f"{outcome.item.file}: {outcome.error}")
    failed = {outcome.item.key: outcome.error for outcome in outcomes if outcome.error is not None}
    heard = [(o.item, o.value) for o in outcomes if o.value is not None]
    if not heard:
        first = next(iter(failed.values()), "there are none")
        raise AudioError(f"none of {len(table)} clips could be heard; the first: {first}")
    return heard, failed


@lru_cache(maxsize=2)
def _recognizer(folder: Path, written: int) -> Recognizer:  # noqa: ARG001
    """Open a model, once a process; anew when it was written anew."""
    return Recognizer(folder)


def _hear(clip: Clip, *, folder: Path, written: int, step: Step | None, seed: int) -> Heard:
    """Decode a clip, let the steps befall it, and run the network over it."""
    sound = samples(clip)
    if step is not None:
        # Where the corpus's folder lies differs from machine to machine.
        name = "/".join(clip.file.parts[-2:])
        sound = step(sound, generator(seed, name, f"{clip.start}-{clip.end}"))
    return _recognizer(folder, written).embed(np.asarray(sound, np.float32))
