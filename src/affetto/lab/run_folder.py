"""The folder of a training: what it was asked, how it went, and where it stopped.

    config.json        its settings, seed, counts of clips and a mark of what is learnt from
    log.json           one entry a check: step, losses, score on held-out speakers, seconds spent
    curves.png         the log as a picture, where matplotlib is installed
    last.safetensors   all that the next step needs
    best.safetensors   the weights that the held-out speakers liked best
    events/            the log once more for TensorBoard, where that is installed

Every file is written whole or not at all, so that a training which was killed goes on here.
"""

from __future__ import annotations

import json
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from affetto.errors import MissingExtraError, ModelError, OptionError, OutputError
from affetto.jobs import atomic_path, atomic_write, make_folder
from affetto.lab.extras import require

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["SECONDS", "RunFolder", "load_weights", "record_settings", "save_weights"]

SECONDS = "seconds"
"""What a log's entry calls the time that was spent until then."""

_LOG, _LAST, _BEST = "log.json", "last.safetensors", "best.safetensors"
_ABOUT = "made_with"


def save_weights(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors as safetensors, whole or not at all.

    Raises:
        OutputError: they can't be written there.
    """
    require("safetensors")
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        with atomic_path(path) as unfinished:
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, unfinished)
    except SafetensorError as error:  # a full disk, which is no OSError to it
        raise OutputError(
            f"can't write {path}: {error}; free some room, and go on with the same call"
        ) from None


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read tensors from safetensors, or from torch's own file (.pth, .pt, .bin).

    Of torch's files tensors alone are read, never objects.

    Raises:
        ModelError: there is no such file, or it holds no tensors that can be read.
    """
    require("safetensors")
    from safetensors.torch import load_file

    try:
        if path.suffix in (".pth", ".pt", ".bin"):
            stored = torch.load(path, map_location="cpu", weights_only=True)
            return {name: tensor for name, tensor in stored.items() if torch.is_tensor(tensor)}
        return dict(load_file(path))
    except FileNotFoundError:
        raise ModelError(f"{path}: found no such file, expected weights (.safetensors)") from None
    except Exception as error:  # safetensors and torch raise classes of their own
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ModelError(
            f"{path}: found no weights that can be read ({reason}), expected tensors in a file "
            ".safetensors, .pth or .pt: remove it, or give another"
        ) from None


def record_settings(folder: Path, settings: Mapping[str, Any]) -> None:
    """Write `config.json`, or make sure that the training which stopped here had these settings.

    Args:
        folder: of the run; created where it is missing.
        settings: plain types, or what `str` makes plain.

    Raises:
        OptionError: a training with other settings has been here.
    """
    make_folder(folder)
    path = folder / "config.json"
    wanted = json.loads(json.dumps(settings, default=str))
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        found.pop(_ABOUT, None)
        if found != wanted:
            names = sorted(n for n in {*found, *wanted} if found.get(n) != wanted.get(n))
            raise OptionError(
                f"{folder}: found a training with other settings ({', '.join(names)}), expected "
                "one of the same to go on with; remove the folder, or choose another"
            )
        return
    about = {"torch": str(torch.__version__), "cuda": torch.cuda.is_available()}
    with atomic_write(path) as file:
        json.dump(wanted | {_ABOUT: about}, file, indent=1, ensure_ascii=False)
        file.write("\n")


class RunFolder:
    """A training's state on disk.

    Args:
        folder: created where it is missing; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.history: list[dict[str, Any]] = []
        self.kept_step = 0
        if folder is not None:
            make_folder(folder)

    def resume(
        self, student: nn.Module, average: dict[str, Tensor], optimizer: torch.optim.Optimizer
    ) -> int:
        """Take up the last checkpoint; give the step to go on with, 0 where there is none.

        Args:
            student: gets the weights.
            average: gets the running mean of the weights.
            optimizer: gets its moments.
        """
        if self.folder is None or not (self.folder / _LAST).is_file():
            return 0
        stored = load_weights(self.folder / _LAST)
        step = int(stored.pop("step"))
        moments = {name: stored.pop(name) for name in list(stored) if name.startswith("adam.")}
        for name, tensor in average.items():
            tensor.copy_(stored.pop(f"mean.{name}"))
        student.load_state_dict(stored)
        state = optimizer.state_dict()
        learning = [tensor for group in optimizer.param_groups for tensor in group["params"]]
        state["state"] = {
            i: {
                "step": moments[f"adam.{i}.step"],
                # The fused optimiser takes moments to lie in memory as their parameter does.
                "exp_avg": torch.empty_like(tensor).copy_(moments[f"adam.{i}.exp_avg"]),
                "exp_avg_sq": torch.empty_like(tensor).copy_(moments[f"adam.{i}.exp_avg_sq"]),
            }
            for i, tensor in enumerate(learning)
            if f"adam.{i}.step" in moments
        }
        optimizer.load_state_dict(state)
        if (self.folder / _LOG).is_file():
            history = json.loads((self.folder / _LOG).read_text(encoding="utf-8"))
            self.history = [entry for entry in history if entry["step"] <= step]
        self.kept_step = step
        return step

    def checkpoint(
        self,
        step: int,
        student: nn.Module,
        average: Mapping[str, Tensor],
        optimizer: torch.optim.Optimizer,
    ) -> None:
        """Keep everything that the next step needs."""
        if self.folder is None:
            return
        self._show(step)
        tensors: dict[str, Tensor] = {"step": torch.tensor(step), **student.state_dict()}
        tensors |= {f"mean.{name}": tensor for name, tensor in average.items()}
        for i, moments in optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{i}.{name}": torch.as_tensor(v) for name, v in moments.items()}
        # The log first: what it says of steps after the checkpoint is dropped on the way back.
        with atomic_write(self.folder / _LOG) as file:
            json.dump(self.history, file, indent=1)
        save_weights(self.folder / _LAST, tensors)
        self.kept_step = step

    def _show(self, step: int) -> None:
        """Let TensorBoard follow along, where it is installed (extra `tensorboard`)."""
        if self.folder is None or not self.history or find_spec("tensorboard") is None:
            return
        from torch.utils.tensorboard import SummaryWriter

        with SummaryWriter(str(self.folder / "events")) as board:
            for name, value in self.history[-1].items():
                if name not in ("step", SECONDS):
                    board.add_scalar(name, value, step)

    def keep_best(self, tensors: Mapping[str, Tensor]) -> None:
        """Keep the best weights so far."""
        if self.folder is not None:
            save_weights(self.folder / _BEST, tensors)

    def best(self) -> dict[str, Tensor] | None:
        """Give the best weights so far, if any were kept."""
        if self.folder is None or not (self.folder / _BEST).is_file():
            return None
        return load_weights(self.folder / _BEST)

    def draw(self) -> None:
        """Draw the log; without matplotlib there is no picture."""
        if self.folder is None or not self.history:
            return
        from affetto.report.plots import curves

        rows = [
            {_axis(name): value for name, value in entry.items() if name != SECONDS}
            for entry in self.history
        ]
        with suppress(MissingExtraError):
            figure = curves(rows)
            for axes in figure.axes:
                axes.set_xlabel("Step")
            with atomic_path(self.folder / "curves.png") as unfinished:
                figure.savefig(unfinished)


def _axis(name: str) -> str:
    """Name a figure of the log as `affetto.report.plots.curves` knows it.

    Examples:
        >>> [_axis(name) for name in ("step", "plain", "score")]
        ['epoch', 'plain loss', 'score']
    """
    return {"step": "epoch", "score": "score"}.get(name, f"{name} loss")
