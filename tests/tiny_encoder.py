"""Speech encoders of a few thousand random weights, saved as transformers saves real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import transformers

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 32
LAYERS = 3

_WAVES = {
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "conv_dim": (16, 16, 16),
    "conv_stride": (5, 8, 8),
    "conv_kernel": (10, 16, 8),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "num_feat_extract_layers": 3,
}
_KINDS = {
    "wav2vec2": ("Wav2Vec2", {}),
    "wav2vec2-large": ("Wav2Vec2", {"feat_extract_norm": "layer", "do_stable_layer_norm": True}),
    "hubert": ("Hubert", {}),
    "wavlm": ("WavLM", {}),
    "data2vec": ("Data2VecAudio", {"num_conv_pos_embeddings": 2, "conv_pos_kernel_size": 7}),
}
_SECONDS = 4
"""That the tiny Whisper hears; the real one hears 30."""
_WHISPER = {
    "max_source_positions": 50 * _SECONDS,
    "d_model": WIDTH,
    "encoder_layers": LAYERS,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 48,
    "decoder_layers": 1,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 48,
    "vocab_size": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}


def write_encoder(folder: Path, kind: str = "wav2vec2", *, seed: int = 0, **front: Any) -> Path:
    """Save an encoder of random weights with its feature extractor.

    Args:
        folder: where to.
        kind: wav2vec2, wav2vec2-large (as the large ones are normalised), hubert, wavlm, data2vec
            or whisper.
        seed: of the weights.
        **front: of the feature extractor.
    """
    torch.manual_seed(seed)
    logging = transformers.utils.logging
    logging.disable_progress_bar()
    if kind == "whisper":
        model = transformers.WhisperModel(transformers.WhisperConfig(**_WHISPER))
        extractor = transformers.WhisperFeatureExtractor(**{"chunk_length": _SECONDS} | front)
    else:
        name, other = _KINDS[kind]
        config = getattr(transformers, f"{name}Config")(**_WAVES | other)
        model = getattr(transformers, f"{name}Model")(config)
        front = {"return_attention_mask": kind == "wav2vec2-large"} | front
        extractor = transformers.Wav2Vec2FeatureExtractor(**front)
    model.save_pretrained(folder)
    extractor.save_pretrained(folder)
    logging.enable_progress_bar()
    return folder
