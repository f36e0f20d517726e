"""How the values of two trainings differ, in words; light enough for whoever reads results."""

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["changes", "toml"]


def changes(own: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Say which values of another training differ, as a person writes them.

    Args:
        own: what `families.config.ModelConfig.to_dict` gave of one training.
        other: of another; values that either lacks are passed over.

    Examples:
        >>> mine = {"model": "cnn", "settings": {"epochs": 25.0}, "features": {"hop": 512}}
        >>> changes(mine, mine | {"settings": {"epochs": 5.0}, "features": {"hop": 256}})
        ['epochs=5.0', 'features.hop=256']
        >>> changes(mine, mine | {"model": "lstm"})
        ['model=lstm']
    """
    found = []
    for table, ours in own.items():
        theirs = other.get(table)
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            prefix = "" if table == "settings" else f"{table}."
            shared = ((name, value, theirs[name]) for name, value in ours.items() if name in theirs)
            found += [f"{prefix}{name}={toml(its)}" for name, value, its in shared if its != value]
        elif theirs is not None and theirs != ours:
            found.append(f"{table}={theirs}")
    return found


def toml(value: Any) -> str:
    """Write a value as TOML has it; what is not set as ``none``.

    Examples:
        >>> toml([1, "a"]), toml(True), toml(None)
        ('[1, "a"]', 'true', 'none')
    """
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(one) for one in value)}]"
    # The one character that JSON takes as it is and TOML doesn't.
    return json.dumps(value, ensure_ascii=False, default=str).replace("\x7f", "\\u007f")
