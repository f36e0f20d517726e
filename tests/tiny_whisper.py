"""Whisper of a few thousand weights, as CTranslate2 runs it, that says what it is told to say.

The decoder's positions alone decide what comes next: its layers are random and add nothing, so that
sound moves only the alignment, which lies on the attention to it. Where the positions say nothing,
the words are drawn from random weights.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import ctranslate2
import tokenizers
import torch
import transformers
from tokenizers import decoders, models, pre_tokenizers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LANGUAGES = ("en", "de", "fr", "jw", "zh")

_WIDTH = 64
_LOUD = 8.0
"""How much a position outweighs the token before."""
_TIMES = 1501
_WORDS = ("Ġone", "Ġtwo", "Ġthree", "Ġvier", "Ġ-", "Ġ'", "ä½ł", "å¥½")
"""What has tokens of its own, as bytes are written: words, what Whisper never says, 你 and 好."""
_SPECIAL = ("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>")


def write_checkpoint(
    folder: Path,
    *,
    says: str = "<|0.00|> one two.<|2.00|>",
    language: str = "en",
    nobody: bool = False,
    sure: bool = True,
    english_only: bool = False,
) -> Path:
    """Save a Whisper as transformers does.

    Args:
        folder: where to.
        says: text, and times between <| and |>, that it says of each window of 30 s.
        language: that it detects.
        nobody: whether it takes all for silence.
        sure: whether it is sure of what it says.
        english_only: without languages and tasks.
    """
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(() if english_only else LANGUAGES)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    transformers.WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    number = tokenizer.token_to_id
    end = number("<|endoftext|>")
    config = transformers.WhisperConfig(
        vocab_size=tokenizer.get_vocab_size(),
        num_mel_bins=80,
        d_model=_WIDTH,
        encoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=_WIDTH,
        decoder_layers=2,
        decoder_attention_heads=2,
        decoder_ffn_dim=_WIDTH,
        max_source_positions=1500,
        max_target_positions=448,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=number("<|startoftranscript|>"),
    )
    model = transformers.WhisperForConditionalGeneration(config)
    # What is said begins after the start, and the language and the task where there are some.
    line = [[]] if english_only else [[number(f"<|{language}|>")], [], []]
    line[-1:] = [[token] for token in (*tokenizer.encode(says).ids, end)]
    if nobody:
        line[0] = line[0] + [number("<|nospeech|>")] * 2
    first_time = number("<|0.00|>")
    if not sure:  # others are as likely as what it says
        rivals = torch.randint(200, (len(line), 5)).tolist()
        for said, others in zip(line[2:-1], rivals, strict=False):
            said += [other + (first_time if said[0] >= first_time else 0) for other in others]
    _teach(model, line, first_time=first_time, sharp=4.0 if sure else 1.5)
    about = model.generation_config
    about._from_model_config = False  # or what follows is lost when it is saved
    about.alignment_heads = [[1, 0], [1, 1]]
    about.suppress_tokens, about.begin_suppress_tokens = [], []
    if not english_only:
        about.lang_to_id = {f"<|{code}|>": number(f"<|{code}|>") for code in LANGUAGES}
    model.save_pretrained(folder)
    return folder


def write_whisper(folder: Path, **told: Any) -> Path:
    """Save a Whisper as CTranslate2 runs it; see `write_checkpoint`."""
    checkpoint = write_checkpoint(folder.with_name(f"{folder.name}-checkpoint"), **told)
    converter = ctranslate2.converters.TransformersConverter(
        str(checkpoint), copy_files=["tokenizer.json", "preprocessor_config.json"]
    )
    converter.convert(str(folder))
    return folder


def write_cache(cache: Path, repository: str, folder: Path) -> None:
    """Lay a folder into huggingface_hub's cache, as if it had been fetched from there."""
    kept = cache / f"models--{repository.replace('/', '--')}"
    commit = "0" * 40
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text(commit)
    shutil.copytree(folder, kept / "snapshots" / commit)


def _tokenizer(languages: Sequence[str]) -> tokenizers.Tokenizer:
    """Give a tokeniser of single bytes and a few words, its special tokens in Whisper's order."""
    pieces = dict.fromkeys(sorted(pre_tokenizers.ByteLevel.alphabet()))
    merges = {}
    for word in _WORDS:
        for length in range(1, len(word)):
            merges[word[:length], word[length]] = None
            pieces[word[: length + 1]] = None
    special = [
        "<|endoftext|>",
        "<|startoftranscript|>",
        *(f"<|{code}|>" for code in languages),
        *_SPECIAL,
        "<|notimestamps|>",
        *(f"<|{number * 0.02:.2f}|>" for number in range(_TIMES)),
    ]
    if languages:
        pieces[""] = None  # by this CTranslate2 knows a Whisper of many languages
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=list(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    return tokenizer


def _teach(
    model: transformers.WhisperForConditionalGeneration,
    line: Sequence[Sequence[int]],
    *,
    first_time: int,
    sharp: float,
) -> None:
    """Make the positions of the decoder say a line: the tokens that follow each of them."""
    decoder = model.model.decoder
    with torch.no_grad():
        for layer in decoder.layers:
            for adds in (layer.self_attn.out_proj, layer.encoder_attn.out_proj, layer.fc2):
                adds.weight.zero_()
                adds.bias.zero_()
        tokens = torch.randn(len(decoder.embed_tokens.weight), _WIDTH)
        apart = torch.randn(_WIDTH)  # where the times lie, all of them together
        tokens[first_time:] += apart
        tokens -= tokens.mean(1, keepdim=True)
        tokens /= tokens.norm(dim=1, keepdim=True)
        decoder.embed_tokens.weight.copy_(tokens)
        places = decoder.embed_positions.weight
        for number, following in enumerate(line):
            places[number] = _LOUD * tokens[list(following)].sum(0)
            if any(token < first_time for token in following):
                places[number] -= _LOUD * apart / apart.norm()
        decoder.layer_norm.weight.fill_(sharp)
        decoder.layer_norm.bias.zero_()
    model.tie_weights()
