"""The training loop: resumes exactly after a kill, stops early, leaves a log that can be drawn."""

from __future__ import annotations

import copy
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from affetto.errors import OptionError
from affetto.lab.run_folder import SECONDS, RunFolder, load_weights, save_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["LoopConfig", "best_device", "fit", "load_weights", "save_weights", "told"]

_TOLD = ("step", SECONDS)
"""Of an entry of the log, what is told in other words."""

Batch = TypeVar("Batch")
Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """How long and how fast to learn.

    Attributes:
        steps: batches at most.
        rate: highest learning rate (AdamW; warmed up, then a half cosine down to nothing).
        warmup: share of the steps in which the rate rises.
        decay: weight decay.
        clip: largest norm of the gradient.
        seed: of weights, dropout and batches.
        check: steps from one check on held-out speakers, and checkpoint, to the next.
        tolerance: how much lower a later check may score and still be kept: a few held-out
            speakers are noisy judges, and the rate has fallen since.
        patience: checks without a better score after which to stop; 0 for never.
        average: decay of the running mean of the weights, which is what is kept and checked
            (Polyak and Juditsky 1992); 0 keeps the last weights.
        half: compute in bfloat16 where that is faster.
    """

    steps: int = 600
    rate: float = 1.5e-3
    warmup: float = 0.1
    decay: float = 2e-2
    clip: float = 2.0
    seed: int = 0
    check: int = 100
    tolerance: float = 0.02
    patience: int = 0
    average: float = 0.99
    half: bool = True


def best_device() -> torch.device:
    """Give the CUDA device where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _rate(step: int, config: LoopConfig) -> float:
    """Give the share of the highest rate at a step.

    Examples:
        >>> [round(_rate(step, LoopConfig(steps=100)), 2) for step in (0, 9, 50, 99)]
        [0.1, 0.98, 0.5, 0.0]
    """
    rise = min(1.0, (step + 1) / max(config.warmup * config.steps, 1.0))
    return rise * 0.5 * (1.0 + math.cos(math.pi * step / config.steps))


def fit(
    network: Net,
    draw: Callable[[int], Batch],
    losses: Callable[[Batch], Mapping[str, Tensor]],
    config: LoopConfig,
    *,
    folder: Path | None = None,
    validate: Callable[[Net], float] | None = None,
    report: Callable[[str], None] | None = None,
    check: Callable[[int, float], None] | None = None,
    accumulate: int = 1,
    slower: Mapping[str, float] | None = None,
) -> list[dict[str, Any]]:
    """Train, or go on with a training that stopped.

    Args:
        network: learns in place; ends with the running mean of its weights, at the check that
            `validate` liked best where it is given.
        draw: gives the batch of a step, the same for the same step; called from another thread.
            Where gradients accumulate, it is asked for the batches by their numbers, from 0.
        losses: gives the parts of the loss of a batch, each already weighed.
        config: how long and how fast.
        folder: where the run keeps its log, its last checkpoint and its best weights.
        validate: gives a score of the network on held-out TRAINING speakers; higher is better.
        report: told one line a check.
        check: told the number of each check, from 1, and its score; what it raises ends the
            training.
        accumulate: batches whose gradients make up a step.
        slower: start of parameters' names → share of the rate at which these learn.

    Returns:
        The history: one entry a check, with the step, the mean losses, the score and the seconds
        spent until then, former calls included.

    Raises:
        OptionError: the loss is no longer a number; the last checkpoint stays.
        KeyboardInterrupt: passed on; the last checkpoint stays, and `report` is told where.
    """
    run = RunFolder(folder)
    try:
        _learn(
            network, draw, losses, config, run, validate, report, check, accumulate, slower or {}
        )
    except KeyboardInterrupt:
        if report is not None and folder is not None:
            report(
                f"stopped: what was learnt until step {run.kept_step} of {config.steps} is kept "
                f"in {folder}; the same call goes on from there"
            )
        raise
    run.draw()
    network.eval()
    return run.history


def told(history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sum up a history, as a result notes it.

    Examples:
        >>> told([{"step": 5, "score": 0.25, "seconds": 1.5}, {"step": 9, "seconds": 2.5}])
        {'steps': 9, 'training_seconds': 2.5, 'scores': [0.25]}
    """
    scores = [round(entry["score"], 4) for entry in history if "score" in entry]
    about = {"steps": history[-1]["step"], "training_seconds": history[-1].get(SECONDS)}
    return about | ({"scores": scores} if scores else {})


def _learn(
    network: Net,
    draw: Callable[[int], Batch],
    losses: Callable[[Batch], Mapping[str, Tensor]],
    config: LoopConfig,
    run: RunFolder,
    validate: Callable[[Net], float] | None,
    report: Callable[[str], None] | None,
    check: Callable[[int, float], None] | None,
    accumulate: int,
    slower: Mapping[str, float],
) -> None:
    """Go through the steps, and leave the network with the weights that are kept."""
    device = best_device()
    torch.manual_seed(config.seed)
    network.to(device=device, memory_format=torch.channels_last)
    learning = [tensor for tensor in network.parameters() if tensor.requires_grad]
    groups = _groups(network, slower)
    optimizer = torch.optim.AdamW(groups, config.rate, weight_decay=config.decay, fused=True)
    average = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
    start = run.resume(network, average, optimizer)
    mean = copy.deepcopy(network)
    best = max((entry.get("score", -1.0) for entry in run.history), default=-1.0)
    sums: dict[str, float] = {}
    began = time.monotonic()
    before = run.history[-1].get(SECONDS, 0.0) if run.history else 0.0
    kept: dict[str, Tensor] | None = None
    over = config.patience > 0 and _stale(run.history) >= config.patience
    with ThreadPoolExecutor(1) as ahead:
        upcoming = ahead.submit(draw, start * accumulate)
        for step in range(start, start if over else config.steps):
            network.train()
            torch.manual_seed(config.seed * 1_000_003 + step)
            for group in optimizer.param_groups:
                group["lr"] = config.rate * group["share"] * _rate(step, config)
            optimizer.zero_grad(set_to_none=True)
            for number in range(step * accumulate, (step + 1) * accumulate):
                batch = upcoming.result()
                upcoming = ahead.submit(draw, number + 1)
                with torch.autocast(device.type, torch.bfloat16, enabled=config.half):
                    parts = losses(batch)
                    total = torch.stack(list(parts.values())).sum() / accumulate
                if not torch.isfinite(total):
                    raise OptionError(
                        f"found a loss of {total.item()} in step {step + 1} of {config.steps}, "
                        f"expected a number: lower the learning rate ({config.rate:g})"
                    )
                total.backward()
                for name, value in parts.items():
                    sums[name] = sums.get(name, 0.0) + value.item() / accumulate
            norm = torch.nn.utils.clip_grad_norm_(learning, config.clip)
            if not torch.isfinite(norm):
                raise OptionError(
                    f"found a slope of the loss of {norm.item()} in step {step + 1} of "
                    f"{config.steps}, expected a number: lower the learning rate ({config.rate:g})"
                )
            optimizer.step()
            _follow(average, network, min(config.average, (1 + step) / (10 + step)))
            done = step + 1
            if done % config.check and done != config.steps:
                continue
            since = (done - 1) % config.check + 1
            entry: dict[str, Any] = {"step": done} | {n: s / since for n, s in sums.items()}
            sums = {}
            if validate is not None:
                mean.load_state_dict(average)
                mean.eval()
                entry["score"] = validate(mean)
                if entry["score"] > best - config.tolerance:
                    best = max(best, entry["score"])
                    kept = {name: tensor.clone() for name, tensor in average.items()}
                    run.keep_best(kept)
            entry[SECONDS] = round(before + time.monotonic() - began, 1)
            run.history.append(entry)
            run.checkpoint(done, network, average, optimizer)
            if report is not None:
                pace = (time.monotonic() - began) / (done - start)
                figures = " ".join(f"{n} {v:.3f}" for n, v in entry.items() if n not in _TOLD)
                report(f"step {done}/{config.steps} {figures} ({pace:.2f} s a step)")
            if check is not None and "score" in entry:
                check(len(run.history), entry["score"])
            if config.patience and _stale(run.history) >= config.patience:
                break
    if validate is not None:
        kept = kept or run.best()
    network.load_state_dict(average if validate is None or kept is None else kept)


def _groups(network: nn.Module, slower: Mapping[str, float]) -> list[dict[str, Any]]:
    """Part what learns by its share of the rate."""
    groups: dict[float, list[Tensor]] = {}
    for name, tensor in network.named_parameters():
        if tensor.requires_grad:
            shares = (share for start, share in slower.items() if name.startswith(start))
            groups.setdefault(next(shares, 1.0), []).append(tensor)
    return [{"params": tensors, "share": share} for share, tensors in groups.items()]


def _follow(average: dict[str, Tensor], network: nn.Module, decay: float) -> None:
    """Move the running mean of the weights towards what they are now."""
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                average[name].lerp_(tensor, 1.0 - decay)
            else:
                average[name].copy_(tensor)


def _stale(history: list[dict[str, Any]]) -> int:
    """Count the checks since the best score.

    Examples:
        >>> _stale([{"score": 0.1}, {"score": 0.3}, {"score": 0.2}])
        1
    """
    scores = [entry["score"] for entry in history if "score" in entry]
    return len(scores) - 1 - int(np.argmax(scores)) if scores else 0
