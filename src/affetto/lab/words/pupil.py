"""A transformer that learns from texts: network, tokeniser and optimiser in one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import ModelError, OutputError
from affetto.models.quiet import quiet
from affetto.words.text_transformer import has_half, knows_no_emoji, spelled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from affetto.emotions import Emotion
    from affetto.lab.words.finetuning import FinetuneTexts

__all__ = ["Pupil"]

_DECAY = 0.01
_JUDGED = 128
"""Texts judged at once where nothing is learnt."""
_MULTIPLE = 8
"""Batches are padded to a multiple of it: few different shapes, each fit for matrix units."""


class Pupil:
    """An encoder with a head for our labels, its tokeniser, and where they compute.

    Args:
        encoder: folder or name on the hub.
        labels: what to say.
        settings: how to learn.
        device: where to compute.
    """

    def __init__(
        self, encoder: str, labels: Sequence[Emotion], settings: FinetuneTexts, device: torch.device
    ) -> None:
        import torch

        torch.manual_seed(settings.seed)
        self.settings = settings
        self.device = device
        self.tokenizer, self.network, fresh = _opened(encoder, [label.value for label in labels])
        self._spells = knows_no_emoji(self.tokenizer)
        # A checkpoint may be in half a precision, in which small steps are lost.
        self.network.float()
        self.digest = _digest(self.network, fresh)
        self._half = has_half(device)
        if settings.freeze_embeddings:
            self.network.get_input_embeddings().requires_grad_(False)
        inside = f"{self.network.base_model_prefix}."
        groups: dict[float, list[Tensor]] = {settings.rate: [], settings.head_rate: []}
        self.network.to(device)
        for name, tensor in self.network.named_parameters():
            if tensor.requires_grad:
                new = name in fresh or not name.startswith(inside)
                groups[settings.head_rate if new else settings.rate].append(tensor)
        self.learning = [tensor for tensors in groups.values() for tensor in tensors]
        self.optimizer = torch.optim.AdamW(
            [{"params": t, "lr": rate, "highest": rate} for rate, t in groups.items() if t],
            weight_decay=_DECAY,
            fused=True,
        )

    def read(self, texts: Sequence[str]) -> list[list[int]]:
        """Give the tokens of texts."""
        most = min(self.settings.longest, self.tokenizer.model_max_length)
        given = [spelled(text) for text in texts] if self._spells else list(texts)
        read = self.tokenizer(given, truncation=True, max_length=most)["input_ids"]
        # Its own file would keep the truncation of the last call.
        self.tokenizer("", truncation=False)
        # Nothing to attend to makes no number: a text without any token is read as padding.
        return [ids or [self._pad] for ids in read]

    @property
    def _pad(self) -> int:
        return self.tokenizer.pad_token_id or 0

    def logits(self, ids: Sequence[Sequence[int]]) -> Tensor:
        """Judge texts at once; (n, labels)."""
        import torch

        lengths = torch.tensor([len(row) for row in ids])
        width = -(-int(lengths.max()) // _MULTIPLE) * _MULTIPLE
        width = max(int(lengths.max()), min(width, self.settings.longest))
        tokens = torch.full((len(ids), width), self._pad)
        for row, found in zip(tokens, ids, strict=True):
            row[: len(found)] = torch.tensor(found)
        mask = (torch.arange(width) < lengths[:, None]).long()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._half):
            said = self.network(
                input_ids=tokens.to(self.device), attention_mask=mask.to(self.device)
            )
        return said.logits.float()

    def judge(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Judge any number of texts without learning; (n, labels)."""
        import torch

        self.network.eval()
        ids = self.read(texts)
        order = np.argsort([len(row) for row in ids], kind="stable")
        said = np.zeros((len(ids), self.network.config.num_labels), np.float32)
        with torch.inference_mode():
            for start in range(0, len(order), _JUDGED):
                rows = order[start : start + _JUDGED]
                said[rows] = self.logits([ids[row] for row in rows]).cpu().numpy()
        return said

    def save(self, folder: Path) -> None:
        """Write network and tokeniser.

        Raises:
            OutputError: the disk is full.
        """
        import transformers
        from safetensors import SafetensorError

        with quiet(transformers.utils.logging):
            try:
                self.network.cpu().save_pretrained(folder)
            except SafetensorError as error:
                raise OutputError(f"can't write {folder}: {error}; write elsewhere") from None
            self.tokenizer.save_pretrained(folder)


def _opened(encoder: str, labels: Sequence[str]) -> tuple[Any, Any, set[str]]:
    """Open tokeniser and network with a head for the labels; name the weights that are new.

    What is on this machine comes first, then the hub.
    """
    import transformers
    from safetensors import SafetensorError

    place = encoder.removeprefix("hf:")
    is_folder = Path(place).is_dir()

    def opened(**options: Any) -> tuple[Any, Any, Mapping[str, Any]]:
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, **options)
        network, about = transformers.AutoModelForSequenceClassification.from_pretrained(
            place,
            num_labels=len(labels),
            id2label=dict(enumerate(labels)),
            label2id={label: number for number, label in enumerate(labels)},
            problem_type="multi_label_classification",
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **options,
        )
        return tokenizer, network, about

    advice = (
        "expected a folder with its config.json, weights and tokeniser"
        if is_folder
        else f"fetch it with `hf download {place}` where there is a network, or give its folder"
    )
    foreign = (
        OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, ImportError,
        SafetensorError,
    )  # fmt: skip
    try:
        with quiet(transformers.utils.logging):
            try:
                tokenizer, network, about = opened(local_files_only=True)
            except (OSError, ValueError):
                if is_folder:
                    raise
                tokenizer, network, about = opened()
    except foreign as error:  # of whatever kind a part of transformers happens to raise
        first = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"{encoder}: found no encoder of transformers ({first}); {advice}"
        ) from None
    changed = [key if isinstance(key, str) else key[0] for key in about["mismatched_keys"]]
    fresh = {*about["missing_keys"], *changed}
    inside = f"{network.base_model_prefix}."
    # Only what gathers the states of a text may be new in the encoder itself.
    lacking = [
        name
        for name, _ in network.named_parameters()
        if name in fresh and name.startswith(inside) and "pooler" not in name
    ]
    if lacking:
        raise ModelError(
            f"{encoder}: found no weights for {lacking[0]} ({len(lacking)} of the encoder are "
            f"missing); {advice}"
        )
    return tokenizer, network, fresh


def _digest(network: Any, fresh: set[str]) -> str:
    """Give a mark of the weights that came with the encoder."""
    import torch

    mark = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        if name not in fresh:
            mark.update(name.encode())
            mark.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy())
    return mark.hexdigest()[:16]
