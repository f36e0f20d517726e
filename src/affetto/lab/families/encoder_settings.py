"""What can be set of the families that hear through a speech encoder."""

from dataclasses import dataclass
from typing import Literal

from affetto.errors import OptionError
from affetto.lab.families.settings import WIDEST, check_bounds

__all__ = ["EmbeddingSettings", "FinetuneSettings"]

_ENCODER = "facebook/wav2vec2-base"


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """A head on the pooled states of a frozen encoder.

    Attributes:
        encoder: a folder, or ``owner/name`` or ``hf:owner/name@revision`` of a hub.
        layer: whose states are taken, 0 for what goes into the first; None takes the mean of the
            topmost ones.
        last: how many the topmost ones are.
        pooling: over time: the mean, or "statistics", mean and deviation.
        head: "svm", "logistic", "mlp", or "weighted", a perceptron on a learnt weighted sum of all
            layers.
        kernel: of the support vectors.
        costs: values of C that the held-out speakers choose among, of svm and logistic, which
            wants small ones.
        hidden: units of each layer of the mlp.
        decays: penalties that the held-out speakers choose among, of the mlp.
        epochs: of the mlp, and of weighted.
        rate: of learning, likewise.
        dropout: of weighted.
    """

    encoder: str = _ENCODER
    layer: int | None = None
    last: int = 4
    pooling: Literal["mean", "statistics"] = "statistics"
    head: Literal["svm", "logistic", "mlp", "weighted"] = "svm"
    kernel: Literal["rbf", "linear"] = "rbf"
    costs: tuple[float, ...] = (0.01, 1.0, 8.0)
    hidden: tuple[int, ...] = (256,)
    decays: tuple[float, ...] = (1e-2, 1.0, 10.0)
    epochs: int = 60
    rate: float = 1e-3
    dropout: float = 0.3

    def __post_init__(self) -> None:
        if self.layer is not None and self.layer < 0:
            raise OptionError(f"found layer {self.layer}, expected 0 or more")
        check_bounds(
            self,
            above={"rate": 0, "costs": 0},
            least={"last": 1, "epochs": 1, "hidden": 1, "decays": 0, "dropout": 0},
            below={"dropout": 1},
            most={"hidden": WIDEST},
        )


@dataclass(frozen=True, slots=True)
class FinetuneSettings:
    """An encoder that learns, with a head of two layers.

    Attributes:
        encoder: see `EmbeddingSettings`.
        pooling: over time: "mean"; "statistics", mean and deviation; "attention", both of frames
            weighed by what they hold.
        states: of the "last" layer, or a learnt "weighted" sum of all.
        hidden: units of the head.
        unfreeze: topmost layers that learn; 0 trains the head only; None for all. The convolutions
            never learn.
        thaw: shares of the steps after which the topmost and the lowest of these begin to learn.
        epochs: how often it meets as many clips as there are.
        batch: clips at once.
        accumulate: batches whose gradients make up a step.
        rate: highest learning rate of the head (AdamW; warmed up, then a half cosine).
        encoder_rate: that of the encoder.
        decay: weight decay.
        dropout: of the head.
        seconds: longest stretch of a clip that is learnt from at once.
        time_mask: share of the sound that silence may take, in two stretches.
        balance: "sampling" draws classes alike; "none" draws clips alike.
        smoothing: of the labels.
        checks: of the held-out speakers, in all.
        patience: checks without a better score after which to stop; 0 never does.
        average: decay of the running mean of the weights, which is what is kept.
        half: compute in bfloat16.
        checkpointing: compute layers anew on the way back rather than keep them: less memory.
    """

    encoder: str = _ENCODER
    pooling: Literal["mean", "statistics", "attention"] = "mean"
    states: Literal["last", "weighted"] = "last"
    hidden: int = 256
    unfreeze: int | None = None
    thaw: tuple[float, float] = (0.1, 0.4)
    epochs: float = 12.0
    batch: int = 8
    accumulate: int = 4
    rate: float = 1e-3
    encoder_rate: float = 3e-5
    decay: float = 1e-2
    dropout: float = 0.2
    seconds: float = 8.0
    time_mask: float = 0.1
    balance: Literal["sampling", "none"] = "sampling"
    smoothing: float = 0.1
    checks: int = 12
    patience: int = 0
    average: float = 0.98
    half: bool = True
    checkpointing: bool = True

    def __post_init__(self) -> None:
        shares = ("dropout", "time_mask", "smoothing", "average")
        check_bounds(
            self,
            above=dict.fromkeys(("epochs", "rate", "encoder_rate", "seconds"), 0),
            least=dict.fromkeys(("hidden", "batch", "accumulate"), 1)
            | dict.fromkeys(("decay", *shares), 0),
            below=dict.fromkeys(shares, 1),
            most={"hidden": WIDEST},
        )
        if self.checks < 1 or self.patience < 0 or (self.unfreeze or 0) < 0:
            raise OptionError(
                f"found checks {self.checks}, patience {self.patience}, unfreeze {self.unfreeze}, "
                "expected at least 1, 0 and 0"
            )
        if not 0.0 <= self.thaw[0] <= self.thaw[1] <= 1.0:
            raise OptionError(f"found thaw {self.thaw}, expected two rising shares in [0, 1]")

    def thawed(self, layers: int, share: float) -> int:
        """Give how many of the topmost layers learn at a share of the steps.

        Args:
            layers: that there are.
            share: of the steps, in [0, 1).

        Examples:
            >>> settings = FinetuneSettings(thaw=(0.2, 0.4))
            >>> [settings.thawed(3, share) for share in (0.1, 0.2, 0.3, 0.4)]
            [0, 1, 2, 3]
        """
        most = layers if self.unfreeze is None else min(self.unfreeze, layers)
        first, last = self.thaw
        between = (last - first) / max(most - 1, 1)
        return sum(share >= first + place * between - 1e-9 for place in range(most))
