"""What a model hears: the one front end of training, evaluation, files and streams."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affetto.dsp import SAMPLE_RATE
from affetto.errors import ModelError
from affetto.features.level import LevelConfig, LevelTracker
from affetto.features.mel import LogMelStream, MelConfig

__all__ = ["FrontEnd", "FrontEndConfig"]


@dataclass(frozen=True, slots=True)
class FrontEndConfig:
    """The front end as a model's card states it.

    Attributes:
        mel: the log-mel spectrogram.
        level: the running level that it is taken relative to.
    """

    mel: MelConfig = field(default_factory=lambda: MelConfig(double=False))
    level: LevelConfig = field(default_factory=LevelConfig)

    def to_dict(self) -> dict[str, Any]:
        """Give the configuration as plain types, for a card."""
        return {"kind": "log-mel-level", "mel": asdict(self.mel), "level": asdict(self.level)}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "FrontEndConfig":
        """Read the configuration from a card.

        Raises:
            ModelError: the kind or a field is unknown.

        Examples:
            >>> FrontEndConfig.from_dict(FrontEndConfig().to_dict()) == FrontEndConfig()
            True
        """
        if row.get("kind") != "log-mel-level":
            raise ModelError(
                f"found front end {row.get('kind')!r}, expected 'log-mel-level': "
                "the model needs a newer Affetto"
            )
        try:
            return cls(MelConfig(**row["mel"]), LevelConfig(**row["level"]))
        except (KeyError, TypeError) as error:
            raise ModelError(f"the card's front end can't be read: {error}") from None

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return SAMPLE_RATE / self.mel.hop


class FrontEnd:
    """Samples in, a model's features out; whole or in chunks, the same rows.

    Examples:
        >>> front_end = FrontEnd()
        >>> front_end(np.zeros(1600, np.float32)).shape
        (11, 64)
    """

    def __init__(self, config: FrontEndConfig | None = None) -> None:
        self.config = config or FrontEndConfig()
        self._mel = LogMelStream(self.config.mel)
        self._level = LevelTracker(self.config.level)

    def lacking(self, rows: int) -> int:
        """Count the samples that are still missing for so many more rows."""
        return self._mel.lacking(rows)

    def feed(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take samples, shape (samples,); give the rows that they complete, (frames, bands)."""
        return self._level.feed(self._mel.feed(chunk))

    def finish(self) -> NDArray[np.float32]:
        """Give the last rows; the front end then starts afresh."""
        rows = self._level.feed(self._mel.finish())
        self._level.reset()
        return rows

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give all rows of a whole sound, shape (frames, bands)."""
        return np.concatenate([self.feed(samples), self.finish()])
