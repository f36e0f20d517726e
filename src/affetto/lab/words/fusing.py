"""Learning how much words and voice each count, from clips whose texts vary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import CorpusError
from affetto.lab.metrics import uar
from affetto.models.calibration import softmax
from affetto.words.fusion import DEFAULT_WEIGHT, Fusion, evidence, fullness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["FusionResult", "learn_fusion"]

_TEXTS = 30
"""Texts that must differ: of the few sentences of an acted corpus nothing can be learned."""
_FOLDS = 5
_PULL = 0.02
"""How strongly a fusion is drawn to the one that was not learned, in nepers a clip."""


@dataclass(frozen=True, slots=True)
class FusionResult:
    """What each way of hearing is worth on the same clips.

    Attributes:
        clips: how many.
        texts: how many differ.
        voice: UAR of the voice alone.
        voice_learned: UAR of the voice alone with trust and offsets learned from other speakers:
            what is above it is owed to the words.
        words: UAR of the words alone.
        fixed: UAR of both by the weight that was not learned.
        learned: UAR of both by fusions that were learned from other speakers.
    """

    clips: int
    texts: int
    voice: float
    voice_learned: float
    words: float
    fixed: float
    learned: float


def learn_fusion(
    voice: Sequence[Mapping[str, float]],
    wording: Sequence[Mapping[str, float]],
    truth: Sequence[str],
    *,
    texts: Sequence[str],
    speakers: Sequence[str | None],
    prior: Mapping[str, float],
    name: str,
) -> tuple[Fusion, FusionResult]:
    """Learn a fusion: how far the voice and the words are each to be trusted.

    Args:
        voice: label → probability by the voice, of each clip; all say the same labels.
        wording: label → probability by the words, of each clip; may be empty.
        truth: the right label of each clip.
        texts: what is said in each.
        speakers: who says it; those of one fold of the measurement are in no other.
        prior: how common each label of the words is among ordinary texts.
        name: of the corpus, to be kept with the fusion.

    Returns:
        The fusion, learned from all clips, and what such fusions are worth on speakers (or, where
        those aren't known, texts) that they weren't learned from.

    Raises:
        CorpusError: the texts are too few or too alike, or the labels don't fit the voice's.

    Examples:
        >>> flat, said = {"sad": 0.5, "happy": 0.5}, [{"sad": 0.9, "happy": 0.1},
        ...                                           {"sad": 0.1, "happy": 0.9}]
        >>> fusion, result = learn_fusion(
        ...     [flat] * 60, said * 30, ["sad", "happy"] * 30, name="made up",
        ...     texts=[f"text {i}" for i in range(60)], speakers=[f"s{i % 7}" for i in range(60)],
        ...     prior={"sad": 0.5, "happy": 0.5})
        >>> fusion.weight > 0.5, result.learned
        (True, 1.0)
    """
    different = len({text.strip().casefold() for text in texts if text.strip()})
    if different < _TEXTS:
        raise CorpusError(
            f"{name}: found {different} different texts, expected {_TEXTS} or more: a fusion can "
            "be learned only where what is said varies; without one, a fixed weight is used"
        )
    labels = list(voice[0])
    if strange := set(truth) - set(labels):
        raise CorpusError(
            f"{name}: found the label {min(strange)}, which the voice's model can't say: expected "
            f"{', '.join(labels)}; leave such clips out"
        )
    logs = np.log(np.maximum([[row[label] for label in labels] for row in voice], 1e-12))
    rows = [evidence(row, labels, prior=prior) if row else {} for row in wording]
    told = np.array([[row.get(label, 0.0) for label in labels] for row in rows])
    told *= np.array([fullness(text) for text in texts])[:, None]
    target = np.array([labels.index(label) for label in truth])
    known = [speaker is not None for speaker in speakers]
    groups = [str(s) if all(known) else text for s, text in zip(speakers, texts, strict=True)]
    kinds = sorted(set(groups))
    if len(kinds) < 2:
        raise CorpusError(f"{name}: found one speaker, expected two or more to measure by")
    fold = {kind: i % min(_FOLDS, len(kinds)) for i, kind in enumerate(kinds)}
    folds = np.array([fold[group] for group in groups])
    said, unsaid = np.zeros((2, len(target)), np.int64)
    for k in np.unique(folds):
        out = folds == k
        fitted = _fit(logs[~out], told[~out], target[~out])
        said[out] = _scaled(fitted, logs[out], told[out]).argmax(axis=1)
        fitted = _fit(logs[~out], 0 * told[~out], target[~out])
        unsaid[out] = _scaled(fitted, logs[out], 0 * told[out]).argmax(axis=1)
    start = np.array([1.0, DEFAULT_WEIGHT, *np.zeros(len(labels))])
    alone = np.array([[row.get(label, 0.0) for label in labels] for row in wording])
    result = FusionResult(
        len(target),
        different,
        *(
            float(uar(target, answer))
            for answer in (
                logs.argmax(axis=1),
                unsaid,
                alone.argmax(axis=1),
                _scaled(start, logs, told).argmax(axis=1),
                said,
            )
        ),
    )
    trust, weight, *offset = _fit(logs, told, target).round(5).tolist()
    named = dict(zip(labels, offset, strict=True))
    return Fusion(weight, trust, named, f"{name}: {len(target)} clips"), result


def _scaled(values: NDArray[Any], logs: NDArray[Any], told: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(values[0] * logs + values[1] * told + values[2:])


def _fit(logs: NDArray[Any], told: NDArray[Any], target: NDArray[np.int64]) -> NDArray[np.float64]:
    """Find trust, weight and offsets with the least cross-entropy; classes count alike."""
    from scipy.optimize import minimize

    count = logs.shape[1]
    start = np.array([1.0, DEFAULT_WEIGHT, *np.zeros(count)])
    sizes = np.bincount(target, minlength=count)
    weights = (1.0 / sizes[target]) / (1.0 / sizes[target]).sum()
    right = np.eye(count)[target]

    def cost(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        said = softmax(_scaled(values, logs, told))
        gap = (said - right) * weights[:, None]
        slope = np.concatenate([[(gap * logs).sum(), (gap * told).sum()], gap.sum(axis=0)])
        pull = values - start
        loss = -(weights * np.log(said[np.arange(len(target)), target] + 1e-12)).sum()
        return float(loss + _PULL * (pull**2).sum() / 2), slope + _PULL * pull

    bounds = [(0.05, 5.0), (0.0, 5.0), *[(-3.0, 3.0)] * count]
    return np.asarray(minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds).x)
