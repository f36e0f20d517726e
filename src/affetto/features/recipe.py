"""What a model of the laboratory hears: features by a description that a card can hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from affetto.dsp import SAMPLE_RATE
from affetto.errors import MissingExtraError, OptionError
from affetto.features.cepstrum import MfccConfig, mfcc
from affetto.features.chromagram import ChromaConfig, chroma
from affetto.features.functional_set import functional_names, functionals
from affetto.features.mel import MelConfig, log_mel
from affetto.features.spectrogram import PictureConfig, colour_map, picture
from affetto.features.stream import check_samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["FeatureRecipe", "fit_length", "paint"]

Kind = Literal["row", "frames", "picture", "sound"]
FRAME_PARTS = ("mfcc", "chroma", "mel")
ROW_PARTS = (*FRAME_PARTS, "functionals", "egemaps", "compare")

_RANGES = {
    "mfcc": (1, 512),
    "mel": (4, 512),
    "hop": (16, 16_000),
    "size": (32, 1024),
    "length": (1, 60_000),
}
"""What a card may ask for: one that came from elsewhere shall not fill the memory."""

_CHROMA = 12
_OPENSMILE = {"egemaps": "eGeMAPSv02", "compare": "ComParE_2016"}
_VOICE = 0.1
"""Root mean square that the louder parts of a sound are brought to."""
_DITHER = 3e-4
"""Of the voice: white noise 70 dB below it, so that a codec's zeros are no feature."""
_SHORTEST = SAMPLE_RATE // 10
"""Samples that a sound has at least: the convolutions of speech encoders need some."""


@dataclass(frozen=True, slots=True)
class FeatureRecipe:
    """How sound becomes what a model hears.

    Attributes:
        kind: "row", numbers that describe the whole; "frames", one row each 1 / rate; "picture",
            the mel spectrogram in colours; "sound", the samples as they are.
        parts: what stands side by side. In frames: some of mfcc, chroma, mel (natural logarithm);
            in a row the statistics of these, or functionals (Affetto's own set), egemaps or
            compare (openSMILE's; its licence is for research only).
        statistics: of frames in a row: some of mean and std.
        mfcc: coefficients.
        mel: bands of the mel spectrogram.
        hop: samples from frame to frame, at 16 kHz.
        length: frames, cut or padded at both ends alike; None for as many as there are.
        size: pixels of a picture, each way.
        level: bring every sound to one level first, so that no model hears a gain.
        normalise: give a sound the mean 0 and the variance 1, where the model doesn't itself.

    Raises:
        OptionError: an attribute is out of its range.

    Examples:
        >>> recipe = FeatureRecipe("frames", parts=("mfcc",), hop=256, length=194)
        >>> recipe(np.zeros(16_000, np.float32)).shape
        (194, 40)
        >>> FeatureRecipe("row")(np.zeros(16_000, np.float32)).shape
        (180,)
    """

    kind: Kind
    parts: tuple[str, ...] = FRAME_PARTS
    statistics: tuple[str, ...] = ("mean",)
    mfcc: int = 40
    mel: int = 128
    hop: int = 512
    length: int | None = None
    size: int = 128
    level: bool = True
    normalise: bool = False

    def __post_init__(self) -> None:
        _check("kind", (self.kind,), get_args(Kind))
        _check("parts", self.parts, ROW_PARTS if self.kind == "row" else FRAME_PARTS)
        _check("statistics", self.statistics, ("mean", "std"))
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is None and name == "length":
                continue
            if isinstance(value, bool) or not isinstance(value, int):
                raise OptionError(f"found {name} {value!r}, expected a whole number")
            if not low <= value <= high:
                raise OptionError(f"found {name} {value}, expected {low} to {high}")
        for name in ("level", "normalise"):
            if not isinstance(getattr(self, name), bool):
                raise OptionError(f"found {name} {getattr(self, name)!r}, expected true or false")
        if self.kind == "sound" and self.length is not None:
            raise OptionError(f"found length {self.length} of a sound, expected none: it is whole")
        if self.kind != "sound" and self.normalise:
            raise OptionError(f"found normalise beside kind {self.kind}, expected kind sound")
        if self.mfcc > self.mel:
            raise OptionError(
                f"found {self.mfcc} MFCCs of {self.mel} mel bands, expected no more than bands"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called; a picture and a sound have none."""
        if self.kind in ("picture", "sound"):
            return ()
        frames = [name for part in self._frame_parts for name in self._columns(part)]
        if self.kind == "frames":
            return tuple(frames)
        named = [f"{name}_{statistic}" for statistic in self.statistics for name in frames]
        for part in self.parts:
            if part == "functionals":
                # Some are of MFCC, too: those of Affetto's own set are others than the frames'.
                named += [f"functionals_{name}" for name in functional_names()]
            elif part in _OPENSMILE:
                named += _smile(part).feature_names
        return tuple(named)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape of one sound's features; None where it hangs on the sound."""
        if self.kind == "picture":
            return 3, self.size, self.size
        if self.kind == "sound":
            return (None,)
        columns = len(self.names)
        return (columns,) if self.kind == "row" else (self.length, columns)

    @property
    def seconds(self) -> float | None:
        """How much sound the model hears at once; None for all of it."""
        if self.kind != "frames" or self.length is None:
            return None
        return self.length * self.hop / SAMPLE_RATE

    def whole(self) -> FeatureRecipe:
        """Give the recipe that keeps all frames of a sound, whatever its length."""
        return replace(self, length=None)

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Describe a sound.

        Args:
            samples: shape (samples,), 16 kHz.

        Returns:
            Shape (columns,), (frames, columns), (3, size, size) in [0, 1] for a picture, or
            (samples,).

        Raises:
            AudioError: the samples are not sound.
            MissingExtraError: openSMILE's sets, where that is not installed.
        """
        made = self.raw(samples)
        if self.kind == "picture":
            return paint(made)
        return fit_length(made, self.length) if self.kind == "frames" else made

    def raw(self, samples: NDArray[np.float32]) -> NDArray[Any]:
        """Give what is kept on disk: numbers, all frames, a picture's grey levels, or samples.

        Args:
            samples: as for a call.

        Returns:
            Shape (columns,), (frames, columns), (size, size) whole numbers from 0 to 255, or
            (samples,).
        """
        samples = check_samples(samples)
        if self.level:
            samples = _levelled(samples)
        if self.kind == "sound":
            samples = np.pad(samples, (0, max(0, _SHORTEST - len(samples))))
            return _normalised(samples) if self.normalise else samples
        if self.kind == "picture":
            config = PictureConfig(self.size, self.size, colour=False, mel=self._mel)
            return picture(samples, config)
        parts = [self._frames(part, samples) for part in self._frame_parts]
        rows = np.concatenate(parts, axis=1) if parts else np.empty((0, 0), np.float32)
        if self.kind == "frames":
            return rows
        made = {"mean": rows.mean(axis=0), "std": rows.std(axis=0)} if parts else {}
        numbers = [made[name] for name in self.statistics if parts]
        for part in self.parts:
            if part == "functionals":
                numbers.append(functionals(samples)[1])
            elif part in _OPENSMILE:
                numbers.append(_smile(part).process_signal(samples, SAMPLE_RATE).to_numpy()[0])
        return np.nan_to_num(np.concatenate(numbers).astype(np.float32))

    @property
    def _frame_parts(self) -> tuple[str, ...]:
        return tuple(part for part in self.parts if part in FRAME_PARTS)

    @property
    def _mel(self) -> MelConfig:
        return MelConfig(n_fft=1024, hop=self.hop, bands=self.mel)

    def _columns(self, part: str) -> list[str]:
        counts = {"mfcc": self.mfcc, "chroma": _CHROMA, "mel": self.mel}
        return [f"{part}{i}" for i in range(counts[part])]

    def _frames(self, part: str, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        if part == "mfcc":
            return mfcc(samples, MfccConfig(self.mfcc, self._mel))
        if part == "chroma":
            return chroma(samples, ChromaConfig(hop=self.hop))
        return log_mel(samples, self._mel)

    def to_dict(self) -> dict[str, Any]:
        """Give the recipe as plain types."""
        row = asdict(self)
        if self.kind != "sound":
            del row["normalise"]
        return row | {name: list(row[name]) for name in ("parts", "statistics")}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> FeatureRecipe:
        """Rebuild a recipe from `to_dict`'s form.

        Raises:
            OptionError: an unknown field, or one of the wrong type or out of its range.
        """
        known = {field.name: field for field in fields(cls)}
        if unknown := sorted(set(row) - set(known), key=str):
            raise OptionError(f"found the field {unknown[0]!r}, expected {', '.join(known)}")
        values = dict(row)
        for name in ("parts", "statistics"):
            if name in values:
                if not isinstance(values[name], list | tuple):
                    raise OptionError(f"found {name} {values[name]!r}, expected a list of names")
                values[name] = tuple(map(str, values[name]))
        if "kind" not in values:
            raise OptionError(
                f"found features without a kind, expected {', '.join(get_args(Kind))}"
            )
        return cls(**values)


def fit_length(rows: NDArray[np.float32], length: int | None) -> NDArray[np.float32]:
    """Cut frames, or pad them with their outermost ones, at both ends alike.

    Args:
        rows: shape (frames, columns), one frame at least.
        length: frames wanted; None leaves them as they are.

    Examples:
        >>> fit_length(np.arange(3.0)[:, None], 6).ravel().tolist()
        [0.0, 0.0, 1.0, 2.0, 2.0, 2.0]
        >>> fit_length(np.arange(5.0)[:, None], 3).ravel().tolist()
        [1.0, 2.0, 3.0]
    """
    if length is None:
        return rows
    spare = len(rows) - length
    if spare >= 0:
        return rows[spare // 2 : spare // 2 + length]
    before = -spare // 2
    return np.pad(rows, ((before, -spare - before), (0, 0)), mode="edge")


def paint(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give grey levels their colours, as networks that look at pictures take them.

    Args:
        grey: shape (…, height, width), whole numbers from 0 to 255.

    Returns:
        Shape (…, 3, height, width): red, green and blue in [0, 1].

    Examples:
        >>> paint(np.zeros((2, 2), np.uint8)).shape
        (3, 2, 2)
    """
    colours = colour_map()[grey].astype(np.float32) / 255.0
    return np.ascontiguousarray(np.moveaxis(colours, -1, -3))


def _check(name: str, found: tuple[object, ...], known: tuple[str, ...]) -> None:
    strange = [one for one in found if one not in known]
    if not found or strange or len(set(found)) != len(found):
        raise OptionError(
            f"found {name} {', '.join(map(str, found)) or 'none'}, expected some of "
            f"{', '.join(known)}, each once"
        )


def _normalised(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give a sound the mean 0 and the variance 1, as wav2vec 2.0's front end does."""
    centred = samples - samples.mean(dtype=np.float64)
    return np.asarray(centred / np.sqrt(centred.var() + 1e-7), np.float32)


def _levelled(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring the louder parts of a sound to one level, over a faint steady noise."""
    frames = samples[: len(samples) // 400 * 400].reshape(-1, 400).astype(np.float64)
    power = np.sort((frames**2).mean(axis=1))
    # The upper tenth: a mean over all would hang on how much silence there is.
    voice = float(np.sqrt(power[-max(1, len(power) // 10) :].mean())) if len(power) else 0.0
    gain = _VOICE / voice if voice > 1e-7 else 0.0
    noise = _noise(-(-max(len(samples), 1) // SAMPLE_RATE))[: len(samples)]
    return np.asarray(samples * np.float32(gain) + noise, np.float32)


@lru_cache(maxsize=8)
def _noise(seconds: int) -> NDArray[np.float32]:
    random = np.random.default_rng(0)
    noise = _VOICE * _DITHER * random.standard_normal(seconds * SAMPLE_RATE, np.float32)
    return noise.astype(np.float32)


@lru_cache(maxsize=2)
def _smile(part: str) -> Any:
    try:
        import opensmile
    except ImportError:
        raise MissingExtraError("opensmile", extra="opensmile", purpose=f"the set {part}") from None
    return opensmile.Smile(
        feature_set=opensmile.FeatureSet[_OPENSMILE[part]],
        feature_level=opensmile.FeatureLevel.Functionals,
    )
