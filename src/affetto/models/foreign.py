"""Models of others, turned once into a package and kept.

Three layouts of folders are known, and one of files:

- an audio classifier of transformers: `config.json` with the labels, weights, the extractor's
  settings;
- a model of arousal, dominance and valence on wav2vec 2.0, in the layout of audEERING's (Wagner et
  al. 2023, doi:10.1109/TPAMI.2023.3263585): the same files, a head of two layers over the mean;
- SpeechBrain's wav2vec 2.0 for IEMOCAP: `hyperparams.yaml`, `wav2vec2.ckpt`, `model.ckpt`,
  `label_encoder.txt`;
- an ONNX classifier of pictures, as YOLOv8's exporter writes it, whose metadata name the classes;
  it looks at mel spectrograms, as `affetto features pictures` draws them.

Turning a folder needs torch and transformers; the package that comes of it doesn't.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from affetto.emotions import Emotion
from affetto.errors import MissingExtraError, ModelError
from affetto.features.recipe import FeatureRecipe
from affetto.models.card import Card
from affetto.models.export import export
from affetto.models.network import open_session
from affetto.models.quiet import quiet
from affetto.models.window_package import write_window_package

if TYPE_CHECKING:
    from collections.abc import Sequence

    from affetto.models.package import ModelPackage

__all__ = ["DIMENSIONS", "convert", "converted", "is_foreign", "labels_of"]

NAMES: dict[str, Emotion] = {
    **{emotion.value: emotion for emotion in Emotion},
    "ang": Emotion.ANGRY, "anger": Emotion.ANGRY,
    "hap": Emotion.HAPPY, "happiness": Emotion.HAPPY, "joy": Emotion.HAPPY,
    "neu": Emotion.NEUTRAL,
    "sadness": Emotion.SAD,
    "fea": Emotion.FEAR, "fearful": Emotion.FEAR, "anxiety": Emotion.FEAR,
    "dis": Emotion.DISGUST, "disgusted": Emotion.DISGUST,
    "sur": Emotion.SURPRISE, "surprised": Emotion.SURPRISE, "ps": Emotion.SURPRISE,
    "cal": Emotion.CALM, "calmness": Emotion.CALM,
    "bor": Emotion.BORED, "boredom": Emotion.BORED,
    "fru": Emotion.FRUSTRATED, "frustration": Emotion.FRUSTRATED,
    "exc": Emotion.EXCITED, "excitement": Emotion.EXCITED,
    "oth": Emotion.OTHER,
}  # fmt: skip
"""What others call the emotions of the vocabulary."""

DIMENSIONS = ("valence", "arousal", "dominance")

_SECOND = 16_000


def is_foreign(folder: Path) -> bool:
    """Tell whether a folder, or a file, is a model of others in a layout that is known here."""
    if folder.is_file():
        return folder.suffix == ".onnx"
    if (folder / "card.yaml").is_file():
        return False
    return any((folder / name).is_file() for name in ("config.json", "hyperparams.yaml"))


def converted(folder: Path, *, name: str) -> Path:
    """Give the package that a foreign model was turned into; it is turned once, and kept.

    Args:
        folder: of the foreign model, or its file.
        name: what it is called.

    Raises:
        ModelError: it can't be read, or is no model of emotions.
        MissingExtraError: torch or transformers isn't installed.
    """
    mark = hashlib.sha256()
    for path in sorted(folder.iterdir()) if folder.is_dir() else [folder]:
        state = path.stat()
        mark.update(f"{path.name}|{state.st_size}|{state.st_mtime_ns}\n".encode())
    kept = _cache() / f"{_slug(name)}-{mark.hexdigest()[:16]}"
    if not (kept / "card.yaml").is_file():
        convert(folder, kept, name=name)
    return kept


def convert(folder: Path, output: Path, *, name: str) -> ModelPackage:
    """Turn a foreign model into a package.

    Args:
        folder: of the foreign model, or its file.
        output: of the package.
        name: what it shall be called.

    Raises:
        ModelError: it can't be read, or is no model of emotions.
        MissingExtraError: torch or transformers isn't installed.
        OutputError: the package can't be written.
    """
    if folder.is_file():
        return _looker(folder, output, name)
    try:
        import torch
        import transformers
    except ImportError as error:
        missing = (error.name or "transformers").partition(".")[0]
        raise MissingExtraError(missing, extra="hf", purpose=f"the model {name}") from None
    from affetto.models.foreign_networks import of_speechbrain, of_transformers

    read = of_transformers if (folder / "config.json").is_file() else of_speechbrain
    with quiet(transformers.utils.logging):
        network, said, normalise = read(folder, name)
    labels = () if sorted(said) == sorted(DIMENSIONS) else labels_of(said, name)
    free = {"features": {0: "n", 1: "samples"}, "logits": {0: "n"}}
    onnx = export(network, (torch.zeros(1, _SECOND),), ["features"], ["logits"], free)
    card = Card(
        name=name,
        version="as it is",
        labels=labels,
        features=FeatureRecipe("sound", level=False, normalise=normalise),
        outputs="logits" if labels else "dimensions",
        licence="its maker's: see there",
        description="A model of others, turned into a package as it is",
    )
    return write_window_package(output, card, model=onnx)


def _looker(file: Path, output: Path, name: str) -> ModelPackage:
    """Put a classifier of pictures behind a front end that draws spectrograms."""
    session = open_session(file)
    given, made = session.get_inputs(), session.get_outputs()
    shape = given[0].shape
    if len(given) != 1 or len(made) != 1 or len(shape) != 4 or shape[1] != 3:
        raise ModelError(
            f"{name}: found a network that takes {[i.shape for i in given]}, expected one that "
            "looks at pictures, (batch, 3, height, width)"
        )
    if not isinstance(shape[2], int) or shape[2] != shape[3]:
        raise ModelError(
            f"{name}: found pictures of {shape[2]} x {shape[3]} pixels, expected as many each way: "
            "export it for one size"
        )
    text = session.get_modelmeta().custom_metadata_map.get("names", "")
    said = {int(n): label for n, _, label in re.findall(r"(\d+): (['\"])(.+?)\2", text)}
    labels = labels_of([label for _, label in sorted(said.items())], name)
    card = Card(
        name=name,
        version="as it is",
        labels=labels,
        features=FeatureRecipe("picture", size=shape[2]),
        outputs="probabilities",
        licence="its maker's: see there",
        description="A classifier of pictures, put behind spectrograms as it is",
    )
    return write_window_package(output, card, model=file.read_bytes())


def labels_of(said: Sequence[str], name: str) -> tuple[Emotion, ...]:
    """Map a model's labels to the vocabulary.

    Raises:
        ModelError: one has no place in it, or two have the same.

    Examples:
        >>> labels_of(["ang", "Happiness"], "a model")
        (<Emotion.ANGRY: 'angry'>, <Emotion.HAPPY: 'happy'>)
    """
    found = [NAMES.get(re.sub(r"[^a-z]", "", label.lower())) for label in said]
    if strange := [label for label, emotion in zip(said, found, strict=True) if emotion is None]:
        raise ModelError(
            f"{name}: found the label {strange[0]!r}, expected emotions (or {', '.join(DIMENSIONS)}"
            f"): this is no model of emotions; it says {', '.join(said[:8])}"
        )
    labels = tuple(emotion for emotion in found if emotion is not None)
    if len(set(labels)) < len(labels) or len(labels) < 2:
        raise ModelError(
            f"{name}: found the labels {', '.join(said)}, expected two emotions or more, each once"
        )
    return labels


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")[-60:] or "model"


def _cache() -> Path:
    """Give the folder where turned models are kept; AFFETTO_CACHE names another."""
    if named := os.environ.get("AFFETTO_CACHE"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "affetto" / "models"
