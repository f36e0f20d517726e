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
    from affetto.speech import WindowGrid

__all__ = ["SettlingVoice", "judge", "learn_baseline", "learn_baselines", "windows_apart"]

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
    _hear_evenly(usual, pooled, seconds)
    learned = copy.deepcopy(start)
    learned.update(pooled, _expected(package, pooled, usual, start, prior), seconds)
    return learned


def _hear_evenly(
    usual: SpeakerBaseline, pooled: NDArray[np.float32], seconds: NDArray[Any]
) -> None:
    """Take windows as what is usual for a voice, whatever the feeling in them."""
    labels = len(usual.statistics.classes)
    usual.update(pooled, np.full((len(pooled), labels), 1 / labels), seconds)


def _expected(
    package: ModelPackage,
    pooled: NDArray[np.float32],
    usual: SpeakerBaseline,
    start: SpeakerBaseline,
    prior: Mapping[str, float],
) -> NDArray[np.float64]:
    """Give the emotions to be expected in windows that teach, (n, labels)."""
    share = usual.heard / (usual.heard + _MOODS_TAKE_TURNS)
    return np.asarray(
        share * judge(package, pooled, usual, prior=prior)
        + (1.0 - share) * judge(package, pooled, start, prior=prior)
    )


def windows_apart(grid: WindowGrid) -> int:
    """Count the windows from one to the next that doesn't overlap it."""
    return int(np.ceil(grid.window / grid.hop - 1e-9))


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
    apart = windows_apart(heard.grid)
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


class SettlingVoice:
    """A voice learned while it is heard: each window is judged by what was heard until then.

    Args:
        package: the model.
        grid: where the windows lie.
        start: what was known of the voice before; it stays as it is. None learns nothing.
        prior: how common each emotion is taken to be.
    """

    def __init__(
        self,
        package: ModelPackage,
        grid: WindowGrid,
        start: SpeakerBaseline | None,
        *,
        prior: Mapping[str, float],
    ) -> None:
        self.baseline = copy.deepcopy(start)
        self._package = package
        self._prior = prior
        self._start = start
        self._usual = copy.deepcopy(start)
        self._apart = windows_apart(grid)
        self._count = 0

    def hear(
        self, pooled: NDArray[np.float32], seconds: NDArray[Any], clear: NDArray[Any]
    ) -> NDArray[np.float64]:
        """Judge the next windows, and learn from those that don't overlap.

        Args:
            pooled: the next windows of the grid, (n, 2D).
            seconds: of speech in each, (n,).
            clear: seconds of what is surely speech in each, (n,).

        Returns:
            Calibrated probabilities, (n, labels).
        """
        numbers = self._count + np.arange(len(pooled))
        self._count += len(pooled)
        teaching = (numbers % self._apart == self._apart // 2) & (clear >= _LEAST_SPEECH)
        parts = [np.empty((0, len(self._package.labels)))]
        # What is judged between two windows that teach is judged beside the same baseline.
        for span in np.split(np.arange(len(pooled)), np.flatnonzero(teaching)):
            if len(span):
                if teaching[span[0]]:
                    self._learn(pooled[span[:1]], seconds[span[:1]])
                parts.append(self.judge(pooled[span]))
        return np.concatenate(parts)

    def judge(self, pooled: NDArray[np.float32]) -> NDArray[np.float64]:
        """Judge windows beside what was heard until now, and learn nothing; (n, labels)."""
        return judge(self._package, pooled, self.baseline, prior=self._prior)

    def _learn(self, pooled: NDArray[np.float32], seconds: NDArray[Any]) -> None:
        if self.baseline is None or self._usual is None or self._start is None:
            return
        _hear_evenly(self._usual, pooled, seconds)
        expected = _expected(self._package, pooled, self._usual, self._start, self._prior)
        self.baseline.update(pooled, expected, seconds)


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
