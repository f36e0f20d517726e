"""Steps as a person writes them: ``noise:10dB,telephone``."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from affetto.errors import OptionError
from affetto.lab.augment.channel import CODECS, codec, resample, telephone
from affetto.lab.augment.sounds import SYNTHETIC
from affetto.lab.augment.steps import Chain, Range, Step
from affetto.lab.augment.surroundings import noise, reverb
from affetto.lab.augment.voice import clip, eq, gain, pad, pitch, shift, speed

__all__ = ["NAMES", "parse"]

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_UNITS = r"dB|kbit/s|kbps|kHz|Hz|k|ms|s|st|x"
_SCALES = {"ms": 0.001, "khz": 1000.0}
_VALUE = re.compile(rf"({_NUMBER})(?:\.\.({_NUMBER}))?\s*({_UNITS})?", re.IGNORECASE)


class _Recipe(NamedTuple):
    """How a step is made of what a person wrote.

    Attributes:
        step: the step.
        values: options that the number goes to.
        word: option that the name goes to.
        fixed: options that the name of the step implies.
    """

    step: Callable[..., Any]
    values: tuple[str, ...] = ()
    word: str = ""
    fixed: Mapping[str, Any] = MappingProxyType({})


_RECIPES = {
    "noise": _Recipe(noise, ("snr_db",), "source"),
    "music": _Recipe(noise, ("snr_db",), fixed={"source": "music"}),
    "reverb": _Recipe(reverb, ("t60",), "responses"),
    "codec": _Recipe(codec, ("kbps",), "name"),
    "telephone": _Recipe(telephone),
    "resample": _Recipe(resample, ("hertz",)),
    "gain": _Recipe(gain, ("db",)),
    "speed": _Recipe(speed, ("factor",)),
    "pitch": _Recipe(pitch, ("semitones",)),
    "shift": _Recipe(shift, ("seconds",)),
    "clip": _Recipe(clip, ("db",)),
    "eq": _Recipe(eq, ("db",)),
    "pad": _Recipe(pad, ("before", "after")),
}

NAMES = tuple(_RECIPES)
"""Every step that `parse` knows."""


def parse(text: str) -> Chain:
    """Read a chain of steps: names with commas between, each with values after colons.

    A value is a number, with a unit if one likes; ``5..20dB`` is a range to draw from. Noise and
    reverb take a folder as well, noise a synthetic source's name, codec a codec's name.

    Args:
        text: for instance ``"noise:10dB"``, ``"noise:5..20dB:pink,codec:opus:16,telephone"``,
            ``"reverb:0.5s"``, ``"speed:0.9..1.1"``.

    Returns:
        The steps in their order.

    Raises:
        OptionError: unknown step, or a value that the step does not take.

    Examples:
        >>> len(parse("noise:10dB,telephone").steps)
        2
        >>> parse("echo")
        Traceback (most recent call last):
        ...
        affetto.errors.OptionError: found step 'echo', expected one of noise, music, ...
    """
    steps = [_step(part) for part in text.split(",") if part.strip()]
    if not steps:
        raise OptionError(f"found no step in {text!r}, expected some of {', '.join(NAMES)}")
    return Chain(tuple(steps))


def _step(text: str) -> Step:
    name, _, rest = (part.strip() for part in text.strip().partition(":"))
    if name.lower() not in _RECIPES:
        raise OptionError(f"found step {name!r}, expected one of {', '.join(NAMES)}")
    recipe = _RECIPES[name.lower()]
    options = dict(recipe.fixed)
    # The colon of a drive letter (C:\noise) ends no value.
    for part in re.split(r":(?!(?<=\b[A-Za-z]:)[\\/])", rest) if rest else []:
        match = _VALUE.fullmatch(part.strip())
        keys = recipe.values if match else (recipe.word,)
        if not part.strip() or not all(keys) or not keys or set(keys) & set(options):
            raise OptionError(f"found {text.strip()!r}, expected {_usage(name.lower(), recipe)}")
        options.update(dict.fromkeys(keys, _value(match) if match else part.strip()))
    _check(name.lower(), options)
    return partial(recipe.step, **options)


def _usage(name: str, recipe: _Recipe) -> str:
    parts = [name, "NUMBER" if recipe.values else "", recipe.word.upper()]
    return ":".join(part for part in parts if part)


def _check(name: str, options: dict[str, Any]) -> None:
    """Refuse now what the step would refuse at its first clip."""
    if name == "codec" and options.get("name", "opus") not in CODECS:
        raise OptionError(f"found codec {options['name']!r}, expected one of {', '.join(CODECS)}")
    for key in ("source", "responses"):
        place = options.get(key)
        if place is not None and place not in SYNTHETIC and not Path(place).is_dir():
            synthetic = f"{', '.join(SYNTHETIC)} or " if key == "source" else ""
            raise OptionError(f"found {place!r} for {name}, expected {synthetic}a folder")
    if name == "eq" and isinstance(options.get("db"), tuple):
        raise OptionError("found a range for eq, expected one number of dB: it draws within ± that")


def _value(match: re.Match[str]) -> Range:
    low, high, unit = match.groups()
    scale = _SCALES.get((unit or "").lower(), 1.0)
    if high is None:
        return float(low) * scale
    if float(low) > float(high):
        raise OptionError(f"found the range {low}..{high}, expected the lower edge first")
    return float(low) * scale, float(high) * scale
