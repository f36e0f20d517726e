"""Where models of words are found: bundled, in a folder, or on a hub."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from affetto.errors import ModelError
from affetto.words.text_model import TextModel

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BUNDLED", "TextEmotion", "bundled_text_model", "open_text_model", "text_package"]

BUNDLED = "words-default"
"""The model of words that comes with Affetto."""


class TextEmotion(Protocol):
    """What hears the feeling of written words."""

    @property
    def title(self) -> str:
        """Name and version, as a transcript states its model."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What it can say."""

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes of the languages that it reads; empty where that isn't known."""

    @property
    def prior(self) -> dict[str, float]:
        """How common each label is among what it says of ordinary texts."""

    def judge(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Give label → probability for each text; empty for a text without words."""


def bundled_text_model() -> Path:
    """Give the folder of the model of words that came with Affetto."""
    return Path(str(files("affetto.words"))) / "bundled" / "default"


def text_package(model: str | Path) -> Path:
    """Find the folder of a model of ours.

    Raises:
        ModelError: there is no such package.
    """
    if str(model) == BUNDLED:
        return bundled_text_model()
    folder = Path(model)
    if not (folder / "card.yaml").is_file():
        raise ModelError(
            f"found no package of a model of words at {model}, expected {BUNDLED!r}, or a folder "
            "that `affetto words train` wrote"
        )
    return folder


def open_text_model(model: str | Path | TextEmotion = BUNDLED, *, threads: int = 1) -> TextEmotion:
    """Open a model of the emotion of words.

    Args:
        model: "words-default"; the folder of a package, or of a text classifier of transformers;
            ``hf:owner/name`` or ``owner/name``, a text classifier on the hub, such as
            ``j-hartmann/emotion-english-distilroberta-base``; or an open one, given back as it is.
        threads: CPU threads that it may use.

    Raises:
        ModelError: there is no such model, it is damaged, or its labels are no feelings.
        MissingExtraError: the model needs transformers, which isn't installed.
    """
    if not isinstance(model, str | Path):
        return model
    name = str(model)
    if name == BUNDLED:
        return TextModel.load(bundled_text_model(), threads=threads)
    folder = Path(name)
    if (folder / "card.yaml").is_file():
        return TextModel.load(folder, threads=threads)
    if (folder / "config.json").is_file():
        from affetto.words.text_transformer import TextTransformer

        return TextTransformer(folder, name=folder.name, threads=threads)
    if folder.exists() or ("/" not in name and not name.startswith("hf:")):
        raise ModelError(
            f"found no model of words {name!r}, expected {BUNDLED!r}, the folder of a package or "
            "of a text classifier of transformers, or hf:owner/name"
        )
    from affetto.words.text_transformer import TextTransformer

    hub = name.removeprefix("hf:")
    return TextTransformer(hub, name=hub, threads=threads)
