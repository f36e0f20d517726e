"""Networks of others, loaded by transformers and torch as their makers left them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from affetto.errors import ModelError
from affetto.models.foreign import DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["of_speechbrain", "of_transformers"]

_LAYOUTS = (
    "a package of Affetto (card.yaml), an audio classifier of transformers (config.json, weights, "
    "preprocessor_config.json) or SpeechBrain's layout (hyperparams.yaml, wav2vec2.ckpt, "
    "model.ckpt, label_encoder.txt)"
)
_SECOND = 16_000
_WHISPER = "WhisperFeatureExtractor"


def of_transformers(folder: Path, name: str) -> tuple[Any, list[str], bool]:
    """Load a classifier, or a regression of dimensions, of transformers.

    Args:
        folder: its files.
        name: what it is called.

    Returns:
        The network, from samples to outputs; what these are called (`DIMENSIONS` in this order
        for a regression); and whether it hears sounds of mean 0 and variance 1.

    Raises:
        ModelError: it can't be read, or hears features that are not known here.
    """
    import torch
    import transformers

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        said = [str(label) for _, label in sorted(_by_number(config["id2label"]).items())]
        extractor = transformers.AutoFeatureExtractor.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unread(name, error) from None
    front = type(extractor).__name__
    if front not in ("Wav2Vec2FeatureExtractor", _WHISPER):
        raise ModelError(
            f"{name}: found a model that hears {front}'s features, expected one that hears the "
            "sound itself (wav2vec 2.0, HuBERT, WavLM, data2vec-audio) or Whisper's"
        )
    if extractor.sampling_rate != _SECOND:
        raise ModelError(
            f"{name}: found a model of sound at {extractor.sampling_rate} Hz, expected {_SECOND}"
        )
    kinds = {"local_files_only": True, "dtype": torch.float32, "attn_implementation": "eager"}
    dimensions = [label.lower() for label in said]
    regression = sorted(dimensions) == sorted(DIMENSIONS) and front != _WHISPER
    kind = "AutoModel" if regression else "AutoModelForAudioClassification"
    try:
        model, loaded = getattr(transformers, kind).from_pretrained(
            folder, output_loading_info=True, **kinds
        )
    except Exception as error:  # transformers and safetensors raise what they like
        raise _unread(name, error) from None
    lacking = [key for key in loaded["missing_keys"] if "masked_spec_embed" not in key]
    if lacking:
        raise ModelError(
            f"{name}: found weights without {min(lacking)}, expected all of the model's: get the "
            "files again"
        )
    if front == _WHISPER:
        from affetto.models.whisper_mel import LogMel

        return _Outputs.of(model, LogMel.of(extractor)), said, False
    if not regression:
        return _Outputs.of(model), said, bool(extractor.do_normalize)
    head = {key: value for key, value in _weights(folder, name).items() if "classifier." in key}
    order = [dimensions.index(dimension) for dimension in DIMENSIONS]
    network = _Outputs.regression(model, head, order, name)
    return network, list(DIMENSIONS), bool(extractor.do_normalize)


class _Outputs:
    """The networks that go into the file: samples, (n, samples), to outputs, (n, labels)."""

    @staticmethod
    def of(model: Any, front: Any = None) -> Any:
        """Give a classifier's logits alone, of what its front end makes of the sound."""
        import torch

        class Logits(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.front = torch.nn.Identity() if front is None else front
                self.model = model

            def forward(self, samples: Any) -> Any:
                return self.model(self.front(samples)).logits

        return Logits()

    @staticmethod
    def regression(model: Any, head: Mapping[str, Any], order: Sequence[int], name: str) -> Any:
        """Give valence, arousal and dominance in [-1, 1], from values in [0, 1]."""
        import torch

        try:
            shapes = {key.rpartition("classifier.")[2]: value for key, value in head.items()}
            layers = [
                (shapes[f"{layer}.weight"], shapes[f"{layer}.bias"])
                for layer in ("dense", "out_proj")
            ]
        except KeyError as error:
            raise ModelError(
                f"{name}: found no {error.args[0]} in its head, expected the layers dense and "
                "out_proj of a regression"
            ) from None

        class Dimensions(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.model = model
                self.layers = torch.nn.ModuleList(
                    torch.nn.Linear(w.shape[1], w.shape[0]) for w, _ in layers
                )
                for layer, (weight, bias) in zip(self.layers, layers, strict=True):
                    layer.load_state_dict({"weight": weight.float(), "bias": bias.float()})
                self.register_buffer("order", torch.tensor(order))

            def forward(self, samples: Any) -> Any:
                mean = self.model(samples).last_hidden_state.mean(dim=1)
                said = self.layers[1](torch.tanh(self.layers[0](mean)))
                return (2.0 * said.index_select(1, self.order) - 1.0).clamp(-1.0, 1.0)

        return Dimensions()

    @staticmethod
    def averaged(model: Any, weight: Any, *, norm: bool) -> Any:
        """Give a linear reading of the mean state, as SpeechBrain's recipe has it."""
        import torch

        class Averaged(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.model = model
                self.register_buffer("weight", weight.float().T.contiguous())

            def forward(self, samples: Any) -> Any:
                states = self.model(samples).last_hidden_state
                if norm:
                    centred = states - states.mean(dim=(1, 2), keepdim=True)
                    power = centred.square().mean(dim=(1, 2), keepdim=True)
                    states = centred / (power + 1e-5).sqrt()
                return states.mean(dim=1) @ self.weight

        return Averaged()


def of_speechbrain(folder: Path, name: str) -> tuple[Any, list[str], bool]:
    """Load SpeechBrain's layout; see `of_transformers`, which gives the same."""
    import transformers

    try:
        settings = (folder / "hyperparams.yaml").read_text(encoding="utf-8")
        text = (folder / "label_encoder.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unread(name, error) from None
    found = {int(n): label for label, n in re.findall(r"'([^']+)' => (\d+)", text)}
    labels = [label for _, label in sorted(found.items())]
    encoder = _weights(folder, name, "wav2vec2.ckpt")
    encoder = {key.removeprefix("model."): value for key, value in encoder.items()}
    head = _weights(folder, name, "model.ckpt")
    weight = next((value for key, value in head.items() if key.endswith("w.weight")), None)
    if weight is None or weight.shape[0] != len(labels):
        raise ModelError(
            f"{name}: found a head of {'nothing' if weight is None else tuple(weight.shape)}, "
            f"expected one row for each of {', '.join(labels)}"
        )
    model = transformers.Wav2Vec2Model(_config_of(encoder, name))
    lacking, strange = model.load_state_dict(_renamed(encoder, model), strict=False)
    lacking = [key for key in lacking if "masked_spec_embed" not in key]
    if lacking or strange:
        raise ModelError(
            f"{name}: found an encoder that lacks {', '.join(lacking[:2]) or 'nothing'} and has "
            f"{', '.join(strange[:2]) or 'nothing'} besides, expected wav2vec 2.0"
        )
    norm = bool(re.search(r"^\s*output_norm:\s*True", settings, re.MULTILINE))
    # The base encoder hears sounds as they are, larger ones those of mean 0 and variance 1.
    normalise = model.config.feat_extract_norm == "layer"
    return _Outputs.averaged(model, weight, norm=norm), labels, normalise


def _config_of(weights: Mapping[str, Any], name: str) -> Any:
    """Read an encoder's shape off its weights."""
    import transformers

    try:
        convolutions = [
            weights[f"feature_extractor.conv_layers.{i}.conv.weight"]
            for i in range(sum(k.endswith("conv.weight") and "extractor" in k for k in weights))
        ]
        layers = 1 + max(int(k.split(".")[2]) for k in weights if k.startswith("encoder.layers."))
        hidden = weights["feature_projection.projection.weight"].shape[0]
        position = next(v for k, v in weights.items() if k.endswith(("weight_v", "original1")))
        layered = "feature_extractor.conv_layers.1.layer_norm.weight" in weights
        strides = (5, 2, 2, 2, 2, 2, 2)
        return transformers.Wav2Vec2Config(
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=max(1, hidden // 64),
            intermediate_size=weights[
                "encoder.layers.0.feed_forward.intermediate_dense.weight"
            ].shape[0],
            conv_dim=tuple(w.shape[0] for w in convolutions),
            conv_kernel=tuple(w.shape[2] for w in convolutions),
            conv_stride=strides[: len(convolutions)],
            conv_bias="feature_extractor.conv_layers.0.conv.bias" in weights,
            feat_extract_norm="layer" if layered else "group",
            do_stable_layer_norm=layered,
            num_conv_pos_embeddings=position.shape[2],
            num_conv_pos_embedding_groups=hidden // position.shape[1],
            attn_implementation="eager",
        )
    except (KeyError, ValueError, StopIteration, IndexError) as error:
        raise ModelError(
            f"{name}: found no wav2vec 2.0 in wav2vec2.ckpt ({error}), expected its weights"
        ) from None


def _renamed(weights: Mapping[str, Any], model: Any) -> dict[str, Any]:
    """Give the position's weights the names that this torch has for them."""
    own = set(model.state_dict())
    olds = {"weight_g": "parametrizations.weight.original0"}
    olds["weight_v"] = "parametrizations.weight.original1"
    renamed = {}
    for key, value in weights.items():
        stem, _, last = key.rpartition(".")
        new = f"{stem}.{olds[last]}" if last in olds else key
        renamed[new if new in own else key] = value
    return renamed


def _weights(folder: Path, name: str, file: str | None = None) -> dict[str, Any]:
    """Read weights: safetensors, or torch's own file without pickled objects.

    Raises:
        ModelError: there are none, or they can't be read.
    """
    import torch
    from safetensors.torch import load_file

    tensors: dict[str, Any] = {}
    patterns = [file] if file else ["*.safetensors", "pytorch_model*.bin"]
    files = next((found for p in patterns if (found := sorted(folder.glob(p)))), [])
    try:
        for path in files:
            if path.suffix == ".safetensors":
                tensors |= load_file(path)
            else:
                tensors |= torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # zip, safetensors and torch each raise their own
        raise _unread(name, error) from None
    if not tensors:
        raise ModelError(f"{name}: found no {' or '.join(patterns)}, expected {_LAYOUTS}")
    return tensors


def _by_number(names: Mapping[str, Any]) -> dict[int, Any]:
    return {int(number): label for number, label in names.items()}


def _unread(name: str, error: Exception) -> ModelError:
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    return ModelError(f"{name}: found no model that can be read ({reason}), expected {_LAYOUTS}")
