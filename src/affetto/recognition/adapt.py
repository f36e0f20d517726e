"""Learning how the voices of a recording sound, before the recording is judged."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.models.calibration import softmax
from affetto.recognition.prior import weigh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from affetto.models import ModelPackage
    from affetto.recognition.baseline import SpeakerBaseline
    from affetto.recognition.hearing import Heard

__all__ = ["judge", "learn_baseline", "learn_baselines"]

_MOODS_TAKE_TURNS = 60.0
"""Seconds of speech from which on a voice's mean tells more than what the model thinks of it."""

_MOST_WINDOWS = 1200
"""An hour of windows teaches a voice as well as ten."""

_LEAST_SPEECH = 0.25
"""Seconds of speech that a window must hold to teach."""

_LEAST_PURITY = 0.75
"""Share of a window's speech that must be of one speaker for it to teach that speaker's voice."""


def learn_baseline(
    package: ModelPackage,
    pooled: NDArray[np.float32],
    seconds: NDArray[Any],
    start: SpeakerBaseline,
    *,
    prior: Mapping[str, float],
) -> SpeakerBaseline:
    """Learn a voice from windows of it, which nobody labelled.

    The windows are judged beside `start`, and beside their own mean, as if it were what is usual
    for this voice. From little speech, which may be of one mood, the former says more; with time
    moods take turns, and the latter does, which does not lean on how well the model knows such
    voices and recordings. With the emotions so expected the baseline is formed.

    Args:
        package: the model.
        pooled: windows that don't overlap, (n, 2D).
        seconds: of speech in each, (n,).
        start: what was known before; it stays as it is.
        prior: how common each emotion is taken to be.

    Returns:
        The new baseline.
    """
    usual = copy.deepcopy(start)
    usual.update(
        pooled, np.full((len(pooled), len(package.labels)), 1 / len(package.labels)), seconds
    )
    share = usual.heard / (usual.heard + _MOODS_TAKE_TURNS)
    expected = share * judge(package, pooled, usual, prior=prior)
    expected += (1.0 - share) * judge(package, pooled, start, prior=prior)
    learned = copy.deepcopy(start)
    learned.update(pooled, expected, seconds)
    return learned


def judge(
    package: ModelPackage,
    pooled: NDArray[np.float32],
    baseline: SpeakerBaseline | None,
    *,
    prior: Mapping[str, float],
) -> NDArray[np.float64]:
    """Give calibrated probabilities of windows beside a baseline, if enough of it was heard.

    Args:
        package: the model.
        pooled: (n, 2D).
        baseline: the speaker's; None for the population's.
        prior: how common each emotion is taken to be, as `parse_prior` gives it.

    Returns:
        Shape (n, labels).
    """
    logits: NDArray[Any] = package.head(pooled)
    temperature = package.card.temperature
    if baseline is not None and baseline.ready:
        logits = baseline.blend(logits, package.head(pooled, baseline.vector()))
        temperature = package.card.temperature_baseline
    return weigh(softmax(logits, temperature=temperature), prior, package.labels)


def learn_baselines(
    package: ModelPackage,
    heard: Heard,
    speakers: NDArray[np.int64],
    start: SpeakerBaseline,
    *,
    prior: Mapping[str, float],
) -> list[SpeakerBaseline]:
    """Learn every voice of a recording.

    Args:
        package: the model.
        heard: the recording.
        speakers: who speaks in each window, 0, 1, …; -1 for nobody; (n,).
        start: what was known of each of them before.
        prior: how common each emotion is taken to be.

    Returns:
        A baseline a speaker, in order of their numbers.
    """
    apart = int(np.ceil(heard.grid.window / heard.grid.hop - 1e-9))
    step = apart * max(1, -(-len(speakers) // (apart * _MOST_WINDOWS)))
    chosen = np.arange(apart // 2, len(speakers), step)
    if not len(chosen):
        chosen = np.arange(len(speakers))[:1]
    enough = heard.weights[chosen] >= _LEAST_SPEECH
    chosen = chosen[enough & (_purity(speakers, apart)[chosen] >= _LEAST_PURITY)]
    pooled = heard.windows.take(chosen)
    return [
        learn_baseline(
            package,
            pooled[speakers[chosen] == speaker],
            heard.weights[chosen[speakers[chosen] == speaker]],
            start,
            prior=prior,
        )
        for speaker in range(int(speakers.max(initial=-1)) + 1)
    ]


def _purity(speakers: NDArray[np.int64], span: int) -> NDArray[np.float64]:
    """Give the share of each window's speech that is of the speaker in its middle."""
    kernel = np.ones(span + 1 - span % 2)
    spoken = np.convolve(speakers >= 0, kernel, "full")
    trim = len(kernel) // 2
    spoken = spoken[trim : trim + len(speakers)]
    purity = np.zeros(len(speakers))
    for speaker in range(int(speakers.max(initial=-1)) + 1):
        own = np.convolve(speakers == speaker, kernel, "full")[trim : trim + len(speakers)]
        here = speakers == speaker
        purity[here] = own[here] / np.maximum(spoken[here], 1.0)
    return purity
