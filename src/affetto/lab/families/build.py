"""From tables of clips to the package of a family's model: what `affetto train --model` runs."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from affetto.emotions import Emotion
from affetto.errors import CorpusError
from affetto.lab.corpora import Table
from affetto.lab.held_out import held_out
from affetto.lab.learning import as_good_as_trained, learn
from affetto.lab.measured import of_held_out, to_notes
from affetto.lab.model_card import write_model_card
from affetto.lab.sources import collect, licence_of, training_of
from affetto.models import Card, write_window_package
from affetto.models.calibration import softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.lab.corpora import Clip
    from affetto.lab.families.config import ModelConfig
    from affetto.lab.saved_features import SavedFeatures
    from affetto.lab.sources import Sources
    from affetto.models import ModelPackage

__all__ = ["Classes", "build_family", "choose_classes"]

_LEAST = 2
_HELD_OUT = 1 / 8
_WINDOW = 3.0


@dataclass(frozen=True)
class Classes:
    """What a model shall tell apart.

    Attributes:
        emotions: in the vocabulary's order.
        genders: whether to tell women from men as well.
    """

    emotions: tuple[Emotion, ...]
    genders: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The classes in the order of the model's outputs."""
        if not self.genders:
            return tuple(emotion.value for emotion in self.emotions)
        return tuple(f"{who} {e.value}" for who in ("female", "male") for e in self.emotions)

    def of(self, clip: Clip) -> str | None:
        """Give a clip's class; None where it has none of them."""
        if clip.emotion is None or clip.emotion not in self.emotions:
            return None
        if not self.genders:
            return clip.emotion.value
        if clip.gender is None:
            return None
        return f"{'female' if clip.gender == 'f' else 'male'} {clip.emotion.value}"


def choose_classes(
    table: Sequence[Clip],
    *,
    exclude: Sequence[Emotion] = (),
    min_count: int | None = None,
    genders: bool = False,
    report: Callable[[str], None] | None = None,
) -> Classes:
    """Find what there is to tell apart.

    Args:
        table: the clips.
        exclude: emotions to leave out.
        min_count: leave out what has fewer clips; None refuses what has only one.
        genders: tell women from men as well.
        report: told what is left out.

    Raises:
        CorpusError: fewer than two emotions are left, or one has a single clip; or, of genders,
            no woman speaks, or no man.

    Examples:
        >>> from pathlib import Path
        >>> from affetto.lab.corpora import Clip
        >>> said = [Emotion.SAD, Emotion.HAPPY] * 3
        >>> clips = [Clip(Path(f"{i}.wav"), "mine", e, e) for i, e in enumerate(said)]
        >>> choose_classes(clips).names
        ('happy', 'sad')
    """
    if genders:
        _check_genders(table)
    every = Classes(tuple(Emotion), genders=genders)
    counts = Counter(every.of(clip) for clip in table)
    found = {clip.emotion for clip in table if clip.emotion} - set(exclude)
    least = min_count or _LEAST
    few = {
        emotion: [name for name in Classes((emotion,), genders).names if counts[name] < least]
        for emotion in sorted(found)
    }
    if min_count is None and any(few.values()):
        short = ", ".join(f"{counts[name]} of {name}" for names in few.values() for name in names)
        raise CorpusError(
            f"found too few clips, {short}, expected {_LEAST} or more of each class: leave the "
            "emotion out (--exclude, or --min-count), or give more clips"
        )
    left_out = [emotion.value for emotion, names in few.items() if names]
    if left_out and report is not None:
        report(f"left out, with fewer than {min_count} clips: {', '.join(left_out)}")
    kept = tuple(e for e in Emotion if e in found and e.value not in left_out)
    if len(kept) < 2:
        raise CorpusError(
            f"found clips of {', '.join(kept) or 'no emotion'} to learn from, expected two "
            "emotions or more"
        )
    return Classes(kept, genders)


def _check_genders(table: Sequence[Clip]) -> None:
    """Make sure that women and men speak."""
    known = {clip.gender for clip in table if clip.emotion is not None} - {None}
    if not known:
        raise CorpusError(
            "found no clip that says whether a woman or a man speaks, expected both to be known: "
            "give a column gender (f or m), or leave out --gender"
        )
    if len(known) == 1:
        missing = "no man" if "f" in known else "no woman"
        raise CorpusError(
            f"found clips in which {missing} speaks, expected women and men: leave out --gender, "
            "or give clips of both"
        )


def build_family(
    sources: Sources,
    config: ModelConfig,
    output: Path,
    *,
    runs: Path,
    name: str,
    version: str = "1",
    exclude: Sequence[Emotion] = (),
    min_count: int | None = None,
    genders: bool = False,
    seed: int = 0,
    workers: int | None = None,
    features: SavedFeatures | None = None,
    report: Callable[[str], None] | None = None,
) -> ModelPackage:
    """Train a model of a family and write its package.

    Args:
        sources: what to learn from.
        config: what to train.
        output: folder of the package.
        runs: where features and trainings keep their state; a run that was killed goes on there.
        name: of the model.
        version: of the model.
        exclude: see `choose_classes`.
        min_count: see `choose_classes`.
        genders: see `choose_classes`.
        seed: of everything drawn.
        workers: processes that compute features.
        features: of the clips, where they are there already.
        report: told one line a check.

    Raises:
        CorpusError: nothing to train on, a class with a single clip, or a clip that can't be
            decoded.
        OptionError: a loss that is no longer a number, or a run of other settings.
        OutputError: the package can't be written.
    """
    table = collect(sources)
    classes = choose_classes(
        table, exclude=exclude, min_count=min_count, genders=genders, report=report
    )
    table = Table([clip for clip in table if classes.of(clip)])
    train, validation, by_speaker = _sides(table, classes, seed=seed, report=report)
    lesson, fitted = learn(
        config,
        table,
        classes.names,
        [classes.of(clip) for clip in table],
        train=train,
        validation=validation,
        runs=runs,
        name=f"{name}--seed{seed}",
        by_speaker=by_speaker,
        seed=seed,
        workers=workers,
        report=report,
        arrays=features.of(table, config) if features else None,
    )
    as_good_as_trained(fitted, lesson.clean.inputs(train[:64], length=config.features.length))
    temperature, measured = fitted.temperature(lesson.target), []
    if (judged := fitted.held_out) is not None:
        said = softmax(judged.logits, temperature=temperature)
        # Whoever speaks, the classes of an emotion say the same of it.
        said = said.reshape(len(said), -1, len(classes.emotions)).sum(axis=1)
        clips = [table[int(i)] for i in judged.clips]
        measured = [of_held_out(clips, said, classes.emotions, by_speaker=by_speaker)]
    training = training_of(table.corpora)
    card = Card(
        name=name,
        version=version,
        labels=classes.emotions,
        features=config.features,
        genders=genders,
        window=config.features.seconds or _WINDOW,
        temperature=temperature,
        languages=tuple(sorted({clip.language for clip in table if clip.language})),
        training=training,
        licence=licence_of(
            sources.licence, training, encoder=getattr(config.settings, "encoder", None)
        ),
        description=_describe(config, table),
        results=to_notes(measured),
    )
    made = write_window_package(output, card, model=fitted.onnx)
    write_model_card(output, measured)
    return made


def _sides(
    table: Table, classes: Classes, *, seed: int, report: Callable[[str], None] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], bool]:
    """Hold out speakers, or clips where speakers are too few; tell which it was."""
    everything = range(len(table))
    chosen = held_out(table, everything, share=_HELD_OUT, seed=seed)
    by_speaker = bool(chosen)
    left = {classes.of(table[i]) for i in set(everything) - set(chosen)}
    if not chosen or len(left) < len(classes.names):
        if report is not None:
            report(
                f"too few speakers to hold some out ({len(table.speakers)}): clips are held out "
                "instead, which says little of unheard voices"
            )
        by_speaker = False
        places = list(everything)
        random.Random(seed).shuffle(places)
        spare = Counter(classes.of(clip) for clip in table)
        held = []
        for place in places[: round(_HELD_OUT * len(places))]:
            if spare[classes.of(table[place])] > 1:
                spare[classes.of(table[place])] -= 1
                held.append(place)
        chosen = tuple(sorted(held))
    train = np.array(sorted(set(everything) - set(chosen)))
    return train, np.array(chosen, np.int64), by_speaker


def _describe(config: ModelConfig, table: Table) -> str:
    languages = ", ".join(sorted({clip.language for clip in table if clip.language}))
    encoder = getattr(config.settings, "encoder", None)
    return (
        f"{config.family.help[0].upper()}{config.family.help[1:]}"
        f"{f' ({encoder})' if encoder else ''}, trained on {len(table)} clips of "
        f"{len(table.speakers)} speakers{f' ({languages})' if languages else ''}"
    )
