"""The configuration of one model: which family, and every value that differs from its own.

model = "cnn"

[settings]
epochs = 40

[features]
hop = 256

[augment]
steps = "pitch:-2..2,noise:8..30dB"
copies = 2
"""

from __future__ import annotations

import json
import math
import tomllib
import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from affetto.errors import OptionError
from affetto.lab.config_changes import toml
from affetto.lab.families import find
from affetto.lab.families.settings import NetworkSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from affetto.features.recipe import FeatureRecipe
    from affetto.lab.families import Family
    from affetto.lab.families.settings import AugmentConfig

__all__ = ["ModelConfig"]

_FEWEST = 16
"""Frames that a network must hear: fewer are gone before its last layers."""

_SECONDS = 0.5, 60.0
"""The shortest and the longest that a window may be."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """A model to be trained.

    Attributes:
        name: what it is called in results.
        family: its family.
        settings: how it learns; of the family's kind.
        features: what it hears.
        augment: what befalls the training clips.

    Examples:
        >>> config = ModelConfig.of("cnn").changed(["epochs=5", "features.hop=256"])
        >>> config.settings.epochs, config.features.hop
        (5.0, 256)
        >>> config.changed(["epochs=many"])
        Traceback (most recent call last):
        ...
        affetto.errors.OptionError: found settings.epochs = 'many', expected a number
    """

    name: str
    family: Family
    settings: Any
    features: FeatureRecipe
    augment: AugmentConfig

    def __post_init__(self) -> None:
        found, usual = self.features, self.family.features
        if found.kind != usual.kind:
            raise OptionError(
                f"found features.kind = {found.kind!r}, expected {usual.kind!r}: "
                f"{self.family.name} hears no other"
            )
        if usual.length is not None and (found.length is None or found.length < _FEWEST):
            raise OptionError(
                f"found features.length = {found.length or 'none'}, expected {_FEWEST} frames or "
                "more"
            )
        if not _SECONDS[0] <= (found.seconds or 1.0) <= _SECONDS[1]:
            raise OptionError(
                f"found features.length = {found.length} of features.hop = {found.hop}, "
                f"{found.seconds:g} s, expected {_SECONDS[0]:g} to {_SECONDS[1]:g} s"
            )

        for table, names in self._idle.items():
            usual_part = getattr(self.family, table)
            for name in names:
                value = getattr(getattr(self, table), name)
                if value != getattr(usual_part, name):
                    raise OptionError(
                        f"found {table}.{name} = {value!r}, which does nothing for "
                        f"{self.family.name}: leave it out"
                    )

    @property
    def _idle(self) -> dict[str, tuple[str, ...]]:
        """Name the values that do nothing for the family."""
        kind = self.family.features.kind
        settings: tuple[str, ...] = ()
        if isinstance(self.settings, NetworkSettings):
            settings = ("width", "stretch") if kind == "picture" else ("size",)
        # What learns from votes is a network that hears frames or pictures.
        augment = () if isinstance(self.settings, NetworkSettings) else ("votes",)
        return {"features": _IDLE_FEATURES[kind], "settings": settings, "augment": augment}

    @classmethod
    def of(cls, model: str | Path) -> ModelConfig:
        """Take a family as it is, by its name, or read a TOML file.

        Raises:
            OptionError: there is neither, or the file says what can't be.
        """
        if str(model).endswith(".toml"):
            return cls.read(Path(model))
        family = find(str(model))
        return cls(family.name, family, family.settings, family.features, family.augment)

    @classmethod
    def read(cls, path: Path) -> ModelConfig:
        """Read a TOML file, such as `affetto tune` writes.

        Raises:
            OptionError: it can't be read, or says what can't be.
        """
        try:
            row = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise OptionError(f"{path}: {error.strerror}, expected a configuration") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise OptionError(f"{path}: found no TOML ({error}); correct it") from None
        try:
            if not isinstance(row.get("model"), str):
                raise OptionError(f"found model = {row.get('model')!r}, expected a family's name")
            family = find(row.pop("model"))  # not `of`: a file that names files could name itself
            changed = cls.of(family.name).with_tables(row)
        except OptionError as error:
            raise OptionError(f"{path}: {error}") from None
        return replace(changed, name=path.stem)

    def changed(self, assignments: Iterable[str]) -> ModelConfig:
        """Change values as a person writes them: ``rate=1e-3``, ``features.hop=256``.

        Raises:
            OptionError: no such value, or one of another type.
        """
        tables: dict[str, dict[str, Any]] = {}
        for assignment in assignments:
            name, equals, text = assignment.partition("=")
            if not equals:
                raise OptionError(f"found {assignment!r}, expected NAME=VALUE, such as rate=0.001")
            table, dot, key = name.strip().rpartition(".")
            try:
                value = tomllib.loads(f"value = {text.strip()}")["value"]
            except tomllib.TOMLDecodeError:
                value = text.strip()
            tables.setdefault(table if dot else "settings", {})[key] = value
        return self.with_tables(tables)

    def with_tables(self, tables: Mapping[str, Any]) -> ModelConfig:
        """Change values by their tables: settings, features and augment.

        Raises:
            OptionError: no such table or value, or one of another type.
        """
        parts: dict[str, Any] = {}
        for name, values in tables.items():
            if name not in ("settings", "features", "augment") or not isinstance(values, Mapping):
                raise OptionError(
                    f"found {name!r}, expected the tables settings, features and augment"
                )
            parts[name] = _changed(getattr(self, name), values, name)
        return replace(self, **parts)

    def to_toml(self) -> str:
        """Give the whole configuration as the text of a TOML file."""
        lines = [f"model = {json.dumps(self.family.name)}"]
        for name in ("settings", "features", "augment"):
            lines += ["", f"[{name}]"]
            values = asdict(getattr(self, name))
            lines += [f"{key} = {toml(v)}" for key, v in values.items() if v is not None]
        return "\n".join(lines) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Give the configuration as plain types."""
        tables = {name: asdict(getattr(self, name)) for name in ("settings", "features", "augment")}
        plain = json.loads(json.dumps(tables, default=str))
        return {"model": self.family.name, **plain}


_IDLE_FEATURES = {
    "row": ("length", "size", "normalise"),
    "frames": ("statistics", "size", "normalise"),
    "picture": ("parts", "statistics", "mfcc", "length", "normalise"),
    "sound": ("parts", "statistics", "mfcc", "mel", "hop", "length", "size"),
}
"""Kind of features → values of a recipe that have no meaning in it."""


def _changed(part: Any, values: Mapping[str, Any], table: str) -> Any:
    """Give a dataclass with other values, each of its field's type."""
    kinds = get_type_hints(type(part))
    known = [field.name for field in fields(part)]
    taken = {}
    for name, value in values.items():
        if name not in known:
            raise OptionError(f"found {table}.{name}, expected one of {', '.join(known)}")
        taken[name] = _fitting(value, kinds[name], f"{table}.{name}")
    return replace(part, **taken)


def _fitting(value: Any, kind: Any, name: str) -> Any:
    """Give a value as its field's type has it."""
    choices = get_args(kind)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None or value == "none":
            return None
        return _fitting(value, choices[0], name)
    if origin is Literal:
        if value not in choices:
            raise OptionError(f"found {name} = {value!r}, expected {', '.join(map(str, choices))}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple) or not value:
            raise OptionError(f"found {name} = {value!r}, expected a list such as [1, 2]")
        if choices[-1] is not Ellipsis and len(value) != len(choices):
            raise OptionError(f"found {name} = {value!r}, expected {len(choices)} values")
        return tuple(_fitting(one, choices[0], name) for one in value)
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(number := float(value)):
            return number
        raise OptionError(f"found {name} = {value}, expected a finite number")
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind in (bool, str) and isinstance(value, kind):
        return value
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    words = {float: "a number", int: "a whole number", bool: "true or false", Path: "a file"}
    raise OptionError(f"found {name} = {value!r}, expected {words.get(kind, 'a text')}")
