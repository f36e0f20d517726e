"""Speech encoders that transformers knows: wav2vec 2.0, HuBERT, WavLM, data2vec, Whisper's.

The weights come from a folder or a hub. Everything from the sound on is torch, so that an encoder
goes into one ONNX file with whatever judges its states. Sounds of different length are never padded
to one batch where embeddings are made: several encoders hear the padding.
"""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from affetto.dsp import SAMPLE_RATE
from affetto.errors import MissingExtraError, ModelError, OptionError
from affetto.models.hub import HubName
from affetto.models.quiet import quiet
from affetto.models.whisper_mel import LogMel

__all__ = ["SpeechEncoder", "load_encoder", "pool"]

_LARGEST = 2_000_000_000
"""Bytes of weights that one ONNX file holds, a little less than its 2 GiB."""

_NO_PART = ("masked_spec_embed", "decoder.")
"""Weights that judging a sound needs none of."""


class SpeechEncoder(nn.Module):
    """An encoder, from the sound to the states of all of its layers.

    Args:
        model: of transformers.
        front: what turns samples to the model's input.
        masked: whether the model is to be told which part of a batch is padding.
    """

    def __init__(self, model: nn.Module, front: nn.Module, *, masked: bool) -> None:
        super().__init__()
        self.model = model
        self.front = front
        self.masked = masked
        self.whole = True

    @property
    def layers(self) -> nn.ModuleList:
        """Its transformer layers, from the lowest."""
        made = self.model.encoder.layers if self._hears_waves else self.model.layers
        assert isinstance(made, nn.ModuleList)
        return made

    @property
    def depth(self) -> int:
        """States of a sound: what goes into the first layer, and what comes out of each."""
        return len(self.layers) + 1

    @property
    def width(self) -> int:
        """Columns of a state."""
        return int(self.model.config.hidden_size)

    @property
    def size(self) -> int:
        """Numbers in its weights."""
        return sum(tensor.numel() for tensor in self.parameters())

    @property
    def _hears_waves(self) -> bool:
        return isinstance(self.front, Waves)

    def forward(
        self, samples: Tensor, lengths: Tensor | None = None
    ) -> tuple[list[Tensor], Tensor]:
        """Hear sounds.

        Args:
            samples: (batch, samples), 16 kHz; those shorter than the longest end in zeros.
            lengths: of the sounds in samples, (batch,); None where all are equally long.

        Returns:
            The states of each layer, each (batch, frames, width), and 1.0 where a frame is of the
            sound, 0.0 where it is of its padding, (batch, frames).
        """
        given = self.front(samples, lengths)
        about: dict[str, Any] = {"output_hidden_states": True}
        if self.masked and lengths is not None:
            about["attention_mask"] = _heard(samples.shape[1], lengths).long()
        made = self.model(given, **about)
        states = list(made.hidden_states)
        if self.whole:  # some normalise only what comes out last
            states[-1] = made.last_hidden_state
        if not self._hears_waves:  # Whisper hears 30 seconds of every sound, mostly silence
            states = [state[:, : self._frames(samples.shape[1])] for state in states]
        heard = torch.ones_like(states[0][..., 0])
        if lengths is not None:
            heard = _heard(heard.shape[1], self._frames(lengths)).to(heard)
        return states, heard

    def _frames(self, samples: Any) -> Any:
        """Give the frames of a sound."""
        if isinstance(self.front, LogMel):
            hop = self.front.hop * self.model.conv1.stride[0] * self.model.conv2.stride[0]
            return (samples + hop - 1) // hop
        config = self.model.config
        for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
            samples = (samples - kernel) // stride + 1
        return samples

    def thaw(self, count: int) -> None:
        """Let the topmost layers learn, and what is below them once all of them do.

        The convolutions that hear the sound never learn (Baevski et al. 2020, arXiv:2006.11477).
        """
        self.requires_grad_(count >= len(self.layers))
        for place, layer in enumerate(self.layers):
            layer.requires_grad_(place >= len(self.layers) - count)
        names = ("feature_extractor",) if self._hears_waves else _WHISPER_FRONT
        for name in names:
            getattr(self.model, name).requires_grad_(False)

    def save_memory(self) -> None:
        """Compute layers anew on the way back, rather than keep what they need there."""
        # The other way of doing it loses the gradients of states that are read between layers.
        self.model.activation_checkpointing_enable({"use_reentrant": False})

    def until(self, layer: int) -> SpeechEncoder:
        """Give a copy without the layers above one."""
        other = copy.deepcopy(self)
        keep = max(layer, 1)  # transformers collects states as layers are called
        if keep < len(other.layers):
            del other.layers[keep:]
            other.whole = False
        return other

    def check_size(self) -> None:
        """Make sure that the encoder fits into one ONNX file.

        Raises:
            OptionError: it doesn't.
        """
        if (found := 4 * self.size) > _LARGEST:
            raise OptionError(
                f"found an encoder of {found / 1e9:.1f} GB, expected {_LARGEST / 1e9:g} or less, "
                "as much as one ONNX file holds: choose a smaller one, or a lower layer of it"
            )

    def digest(self) -> str:
        """Name the encoder by all that its states hang on."""
        about = self.model.config.to_diff_dict()
        for name in ("_name_or_path", "transformers_version"):
            about.pop(name, None)
        text = json.dumps(about, sort_keys=True, default=str)
        mark = hashlib.sha256(f"{type(self.model).__name__}|{self.front!r}|{text}".encode())
        for name, tensor in sorted(self.state_dict().items()):
            mark.update(name.encode())
            mark.update(tensor.cpu().contiguous().numpy().tobytes())
        return mark.hexdigest()[:24]


_WHISPER_FRONT = ("conv1", "conv2", "embed_positions")


class Waves(nn.Module):
    """The sound as it is, or with the mean 0 and the variance 1.

    Args:
        normalise: whether it shall have them.
    """

    def __init__(self, *, normalise: bool) -> None:
        super().__init__()
        self.normalise = normalise

    def extra_repr(self) -> str:
        """Say what tells two of them apart."""
        return f"normalise={self.normalise}"

    def forward(self, samples: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Prepare sounds, (batch, samples)."""
        if not self.normalise:
            return samples
        if lengths is None:
            centred = samples - samples.mean(dim=1, keepdim=True)
            return centred / (centred.square().mean(dim=1, keepdim=True) + 1e-7).sqrt()
        heard = _heard(samples.shape[1], lengths).to(samples)
        count = heard.sum(dim=1, keepdim=True)
        centred = (samples - (samples * heard).sum(dim=1, keepdim=True) / count) * heard
        made: Tensor = centred / (centred.square().sum(dim=1, keepdim=True) / count + 1e-7).sqrt()
        return made


def pool(rows: Tensor, share: Tensor) -> Tensor:
    """Pool over time: mean and deviation, (batch, 2 × width).

    Args:
        rows: (batch, frames, width).
        share: how much each frame counts, (batch, frames).

    Examples:
        >>> pool(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[1.0, 1.0, 0.0]])).round()
        tensor([[2., 1.]])
    """
    weights = (share / share.sum(dim=1, keepdim=True))[..., None]
    mean = (weights * rows).sum(dim=1)
    variance = (weights * (rows - mean[:, None]).square()).sum(dim=1)
    return torch.cat([mean, (variance + 1e-7).sqrt()], dim=-1)


def load_encoder(name: str) -> SpeechEncoder:
    """Load an encoder with its front end.

    Args:
        name: a folder, or ``owner/name`` or ``hf:owner/name@revision`` of a hub.

    Raises:
        MissingExtraError: transformers is not installed.
        ModelError: there is no such encoder, it can't be reached, or it is of a kind that isn't
            known here.
    """
    try:
        import transformers
    except ImportError:
        raise MissingExtraError("transformers", extra="hf", purpose="a speech encoder") from None
    folder = _folder(name)
    with quiet(transformers.utils.logging):
        try:
            extractor = transformers.AutoFeatureExtractor.from_pretrained(
                folder, local_files_only=True
            )
            model, loaded = transformers.AutoModel.from_pretrained(
                folder, local_files_only=True, output_loading_info=True, dtype=torch.float32
            )
        except Exception as error:  # transformers and safetensors raise what they like
            reason = str(error).strip().partition("\n")[0]
            raise ModelError(
                f"{name}: found no speech encoder ({reason}), expected {_FILES}"
            ) from None
    if extractor.sampling_rate != SAMPLE_RATE:
        raise ModelError(
            f"{name}: found an encoder of sound at {extractor.sampling_rate} Hz, expected "
            f"{SAMPLE_RATE}: choose another one"
        )
    if lacking := [key for key in loaded["missing_keys"] if not key.startswith(_NO_PART)]:
        raise ModelError(
            f"{name}: found weights without {min(lacking)} and {len(lacking) - 1} more, expected "
            "all of the encoder's: get the files again"
        )
    return _encoder(model, extractor, name)


_FILES = (
    "a folder with config.json, preprocessor_config.json and model.safetensors of one, given by "
    "--set encoder=FOLDER"
)


def _encoder(model: Any, extractor: Any, name: str) -> SpeechEncoder:
    """Put an encoder behind its front end."""
    kind = type(extractor).__name__
    if kind == "WhisperFeatureExtractor":
        front: nn.Module = LogMel.of(extractor)
        model = model.get_encoder()
        model.layerdrop = 0.0
        model.config.use_cache = False
        model.config.tie_last_hidden_states = False  # `SpeechEncoder` does, unless layers are off
        masked = False
    elif kind == "Wav2Vec2FeatureExtractor" and hasattr(model.config, "conv_stride"):
        # A layer that is left out by chance leaves no state; masks are drawn beside our seeds.
        model.config.layerdrop = 0.0
        model.config.apply_spec_augment = False
        front = Waves(normalise=extractor.do_normalize)
        masked = bool(extractor.return_attention_mask)
    else:
        raise ModelError(
            f"{name}: found {type(model).__name__} behind {kind}, expected wav2vec 2.0, HuBERT, "
            "WavLM, data2vec-audio or Whisper"
        )
    encoder = SpeechEncoder(model, front, masked=masked)
    encoder.eval()
    return encoder


def _folder(name: str) -> Path:
    """Find the folder of an encoder; one on a hub is downloaded once and kept."""
    if Path(name).is_dir():
        return Path(name)
    try:
        wanted = HubName.parse(name)
    except ModelError:
        raise ModelError(
            f"found no folder {name}, expected {_FILES}, or owner/name on a hub"
        ) from None
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise MissingExtraError("huggingface_hub", extra="hf", purpose=str(wanted)) from None
    about = {"repo_id": wanted.repo, "revision": wanted.revision}
    try:
        found = Path(snapshot_download(**about, allow_patterns=["*.json", "*.safetensors"]))
        if not any(found.glob("*.safetensors")):
            found = Path(snapshot_download(**about, allow_patterns=["*.json", "pytorch_model*"]))
    except Exception as error:  # the hub, the network and the disk each raise their own
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(f"{wanted} can't be downloaded ({reason}): give {_FILES}") from None
    return found


def _heard(length: int, counts: Tensor) -> Tensor:
    """Tell what is of sounds of these lengths, (batch, length)."""
    places = torch.arange(length, device=counts.device)
    return places[None] < counts[:, None]
