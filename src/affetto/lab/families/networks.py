"""The families of networks: one training for all of them."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from affetto.errors import ModelError, OptionError
from affetto.lab.architectures.blocks import Standardised
from affetto.lab.export import export
from affetto.lab.families.drawing import DrawConfig, Drawing
from affetto.lab.families.lesson import Fitted, HeldOut
from affetto.lab.metrics import uar
from affetto.lab.run_folder import record_settings
from affetto.lab.training import LoopConfig, best_device, fit, load_weights, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from affetto.lab.families.drawing import Batch
    from affetto.lab.families.lesson import Lesson
    from affetto.lab.families.settings import NetworkSettings

__all__ = ["fit_network"]

_AT_ONCE = 64

_NARROW = 64
"""Frames or pixels up to which the deepest layers see one or two: there the CPU's convolutions in
bfloat16 have been seen to give what is no number."""


def fit_network(name: str, lesson: Lesson, settings: NetworkSettings, *, length: int) -> Fitted:
    """Train a network.

    Args:
        name: of the family.
        lesson: what to learn from.
        settings: see `NetworkSettings`.
        length: frames that the network hears, where it hears frames.

    Raises:
        OptionError: the loss is no longer a number, or the run folder holds another training.
        ModelError: weights to start from that are of another network.
    """
    shape: tuple[int, ...] = (length, lesson.clean.values.shape[1])
    if lesson.clean.recipe.kind == "row":
        shape = lesson.clean.values.shape[1:]
    if lesson.clean.recipe.kind == "picture":
        shape = (3, lesson.clean.recipe.size, lesson.clean.recipe.size)
    torch.manual_seed(lesson.seed)
    network = _standardised(_core(name, shape, len(lesson.labels), settings), lesson, length)
    frozen = _start_from(network.core, settings.weights) if settings.weights else []
    if settings.freeze:
        for parameter in frozen:
            parameter.requires_grad_(False)
        if not any(parameter.requires_grad for parameter in network.parameters()):
            raise ModelError(
                f"{settings.weights}: found weights of the whole network, expected some of it left "
                "to learn: leave out freeze"
            )
    still = [module for module in network.modules() if _is_still(module)]
    draw = Drawing(lesson, _part(DrawConfig, settings), length=length)
    per_epoch = -(-len(lesson.train) // settings.batch)
    steps = settings.length(len(lesson.train))
    loop = LoopConfig(
        steps=steps,
        rate=settings.rate,
        decay=settings.decay,
        seed=lesson.seed,
        check=max(per_epoch, round(steps / settings.checks)),
        patience=settings.patience,
        average=settings.average,
        half=settings.half and shape[-2] > _NARROW,
    )
    if lesson.folder is not None:
        about = {"model": name, "settings": asdict(settings), "shape": shape}
        about["network"] = _mark(network.core)
        record_settings(lesson.folder, about | lesson.about())
    device = best_device()
    weights = _class_weights(lesson, settings).to(device)

    def losses(batch: Batch) -> dict[str, Tensor]:
        for module in still:
            module.eval()
        logits = network(torch.from_numpy(batch.features).to(device)).float()
        target = torch.from_numpy(batch.target).to(device) * weights
        return {"class": -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()}

    held_out = lesson.clean.stacked(lesson.validation, length=length)
    truth = lesson.target[lesson.validation]

    def score(network: nn.Module) -> float:
        return float(uar(truth, _logits(network, held_out).argmax(axis=1)))

    history = fit(
        network,
        draw,
        losses,
        loop,
        folder=lesson.folder,
        validate=score if len(truth) else None,
        report=lesson.report,
        check=lesson.check,
    )
    network.cpu().eval()
    known = lesson.clean.stacked(lesson.train[:_AT_ONCE], length=length)
    if not np.isfinite(_logits(network, known)).all():
        raise OptionError(
            "found a network that answers with what is no number, expected logits: lower the "
            f"learning rate ({settings.rate:g})"
        )
    example = torch.zeros(1, *shape)
    onnx = export(
        network, (example,), ["features"], ["logits"], {"features": {0: "n"}, "logits": {0: "n"}}
    )
    return Fitted(
        onnx,
        lambda features: _logits(network, features),
        sum(tensor.numel() for tensor in network.core.parameters()),
        {"settings": asdict(settings), **told(history)},
        HeldOut(lesson.validation, _logits(network, held_out)) if len(truth) else None,
    )


def _core(name: str, shape: tuple[int, ...], classes: int, settings: NetworkSettings) -> nn.Module:
    from affetto.lab.architectures.pictures import Cnn, MfccCnn, ResNet18
    from affetto.lab.architectures.sequence import Cnn1d, CnnLstm, Lstm
    from affetto.lab.architectures.speech import WeightedLayers
    from affetto.lab.architectures.yolo import YoloCls

    if name == "weighted":
        return WeightedLayers(
            shape[0], shape[1], classes, width=settings.width, dropout=settings.dropout
        )
    if name == "yolo-cls":
        return YoloCls(classes, size=settings.size, dropout=settings.dropout)
    kinds: dict[str, Callable[..., nn.Module]] = {
        "cnn1d": Cnn1d,
        "lstm": Lstm,
        "cnn": Cnn,
        "cnn-lstm": CnnLstm,
        "resnet18": ResNet18,
        "mfcc-cnn": MfccCnn,
    }
    return kinds[name](shape[-1], classes, width=settings.width, dropout=settings.dropout)


def _part(kind: type[DrawConfig], settings: NetworkSettings) -> DrawConfig:
    """Take those settings that are of the drawing."""
    return kind(**{field.name: getattr(settings, field.name) for field in fields(kind)})


def _standardised(core: nn.Module, lesson: Lesson, length: int) -> Standardised:
    """Put the core behind the training clips' mean and deviation; pictures need neither."""
    if lesson.clean.recipe.kind == "picture":
        return Standardised(core, torch.zeros(1), torch.ones(1))
    rows = lesson.clean.stacked(lesson.train, length=length)
    if lesson.clean.recipe.kind == "frames":
        rows = rows.reshape(-1, rows.shape[-1])
    mean = rows.mean(axis=0, dtype=np.float64)
    scale = np.maximum(rows.std(axis=0, dtype=np.float64), 1e-3)
    return Standardised(core, torch.from_numpy(mean).float(), torch.from_numpy(scale).float())


def _class_weights(lesson: Lesson, settings: NetworkSettings) -> Tensor:
    """Weigh rare classes as much as common ones in the loss, where that was asked for."""
    counts = np.bincount(lesson.target[lesson.train], minlength=len(lesson.labels))
    if settings.balance != "weights":
        return torch.ones(len(counts))
    return torch.from_numpy(counts.sum() / (len(counts) * counts)).float()


def _start_from(core: nn.Module, path: Path) -> list[nn.Parameter]:
    """Load weights from a file, as far as names and shapes agree; give what was loaded.

    A network that calls its parts otherwise lends them where it has as many of the same shapes in
    the same order, its last layer aside.

    Raises:
        ModelError: the file can't be read, or is of another network.
    """
    prefix = "core."  # of the networks that Affetto trains
    stored = {name.removeprefix(prefix): tensor for name, tensor in load_weights(path).items()}
    own = core.state_dict()
    first = stored.get("conv1.weight")
    if first is not None and "conv1.weight" in own and first.shape[1] == 3:
        # A network for colours looks at grey as at three equal colours.
        stored["conv1.weight"] = first.sum(dim=1, keepdim=True)
    taken = {n: t for n, t in stored.items() if n in own and own[n].shape == t.shape}
    if len(taken) < len(own) // 2:
        taken = _in_order(own, stored)
    if len(taken) < len(own) // 2:
        raise ModelError(
            f"{path}: found {len(taken)} of {len(own)} tensors of this network, expected most of "
            "them: give weights of the same network"
        )
    core.load_state_dict(own | taken)
    return [parameter for name, parameter in core.named_parameters() if name in taken]


def _in_order(own: dict[str, Tensor], stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """Match tensors by their place, kind by kind; none where their shapes part before the end."""
    taken: dict[str, Tensor] = {}
    for kind in ("weight", "bias", "running_mean", "running_var"):
        mine = [name for name in own if name.endswith(f".{kind}")]
        theirs = [tensor for name, tensor in stored.items() if name.endswith(f".{kind}")]
        pairs = list(zip(mine, theirs, strict=False))
        alike = [own[name].shape == tensor.shape for name, tensor in pairs]
        # The last layer answers for other classes.
        if len(mine) != len(theirs) or not all(alike[:-1]):
            return {}
        taken |= {name: tensor for (name, tensor), fits in zip(pairs, alike, strict=True) if fits}
    return taken


def _mark(core: nn.Module) -> str:
    """Name a network by its tensors: one whose code has changed goes on with no old training."""
    shapes = [(name, tuple(tensor.shape)) for name, tensor in core.state_dict().items()]
    return hashlib.sha256(repr(shapes).encode()).hexdigest()[:16]


def _is_still(module: nn.Module) -> bool:
    """Tell whether a normalisation was frozen: then its running means must not move either."""
    own = list(module.parameters(recurse=False))
    frozen = bool(own) and not any(parameter.requires_grad for parameter in own)
    return frozen and isinstance(module, nn.modules.batchnorm._BatchNorm)


def _logits(network: nn.Module, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let the network judge features, (n, …); logits, (n, classes)."""
    network.eval()
    device = next(network.parameters()).device
    parts = []
    with torch.inference_mode():
        for start in range(0, len(features), _AT_ONCE):
            batch = torch.from_numpy(features[start : start + _AT_ONCE]).to(device)
            parts.append(network(batch).float().cpu().numpy())
    return np.concatenate(parts)
