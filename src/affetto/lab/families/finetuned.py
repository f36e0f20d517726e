"""wav2vec2-finetune: a speech encoder that learns, layer by layer from the top."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from affetto.dsp import SAMPLE_RATE
from affetto.lab.architectures.speech import SpeechClassifier
from affetto.lab.encoders import load_encoder
from affetto.lab.export import export
from affetto.lab.families.drawing import DrawConfig, Drawing
from affetto.lab.families.lesson import Fitted, HeldOut
from affetto.lab.metrics import uar
from affetto.lab.run_folder import record_settings
from affetto.lab.training import LoopConfig, best_device, fit, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from affetto.lab.families.encoder_settings import FinetuneSettings
    from affetto.lab.families.lesson import Lesson

__all__ = ["fit_finetuned"]


class Batch(NamedTuple):
    """Sounds to learn from.

    Attributes:
        samples: (batch, samples); shorter sounds end in zeros.
        lengths: samples of each, (batch,).
        target: shares of the classes, (batch, classes).
        number: of the batch, from 0.
    """

    samples: NDArray[np.float32]
    lengths: NDArray[np.int64]
    target: NDArray[np.float32]
    number: int


def fit_finetuned(lesson: Lesson, settings: FinetuneSettings) -> Fitted:
    """Train an encoder and its head.

    Args:
        lesson: what to learn from; features are sounds.
        settings: see `FinetuneSettings`.

    Raises:
        ModelError: the encoder can't be had.
        OptionError: it is too large for a file, the loss is no longer a number, or the run folder
            holds another training.
    """
    encoder = load_encoder(settings.encoder)
    encoder.check_size()
    digest = encoder.digest()
    torch.manual_seed(lesson.seed)
    network = SpeechClassifier(
        encoder,
        len(lesson.labels),
        pooling=settings.pooling,
        weighted=settings.states == "weighted",
        hidden=settings.hidden,
        dropout=settings.dropout,
    )
    most = settings.thawed(len(encoder.layers), 1.0)
    encoder.thaw(most)  # the optimiser takes up what will ever learn
    if settings.checkpointing:
        encoder.save_memory()
    per_epoch = -(-len(lesson.train) // (settings.batch * settings.accumulate))
    steps = max(1, round(settings.epochs * per_epoch))
    loop = LoopConfig(
        steps=steps,
        rate=settings.rate,
        decay=settings.decay,
        clip=1.0,
        seed=lesson.seed,
        check=max(1, round(steps / settings.checks)),
        patience=settings.patience,
        average=settings.average,
        half=settings.half,
    )
    if lesson.folder is not None:
        about: dict[str, Any] = {
            "model": "wav2vec2-finetune",
            "settings": asdict(settings),
            "encoder": digest,
        }
        record_settings(lesson.folder, about | lesson.about())
    device = best_device()

    def losses(batch: Batch) -> dict[str, Tensor]:
        encoder.thaw(
            settings.thawed(len(encoder.layers), batch.number // settings.accumulate / steps)
        )
        samples = torch.from_numpy(batch.samples).to(device)
        logits = network(samples, torch.from_numpy(batch.lengths).to(device)).float()
        target = torch.from_numpy(batch.target).to(device)
        return {"class": -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()}

    held_out = lesson.clean.inputs(lesson.validation)
    truth = lesson.target[lesson.validation]

    def score(network: SpeechClassifier) -> float:
        return float(uar(truth, _logits(network, held_out).argmax(axis=1)))

    history = fit(
        network,
        _SoundDrawing(lesson, settings),
        losses,
        loop,
        folder=lesson.folder,
        validate=score if len(truth) else None,
        report=lesson.report,
        check=lesson.check,
        accumulate=settings.accumulate,
        slower={"encoder.": settings.encoder_rate / settings.rate},
    )
    network.cpu().eval()
    onnx = export(
        network,
        (torch.zeros(1, SAMPLE_RATE),),
        ["samples"],
        ["logits"],
        {"samples": {0: "n", 1: "time"}, "logits": {0: "n"}},
    )
    return Fitted(
        onnx,
        lambda sounds: _logits(network, sounds),
        sum(tensor.numel() for tensor in network.parameters()),
        {"settings": asdict(settings), **told(history)},
        HeldOut(lesson.validation, _logits(network, held_out)) if len(truth) else None,
    )


class _SoundDrawing:
    """Draw batches of stretches of clips; the same for a seed and a number."""

    def __init__(self, lesson: Lesson, settings: FinetuneSettings) -> None:
        self.lesson = lesson
        self.longest = max(1, round(settings.seconds * SAMPLE_RATE))
        self.time_mask = settings.time_mask
        about = DrawConfig(
            batch=settings.batch, balance=settings.balance, smoothing=settings.smoothing
        )
        self.drawing = Drawing(lesson, about, length=None)

    def __call__(self, number: int) -> Batch:
        rng = np.random.default_rng((self.lesson.seed, number))
        clips = self.drawing.clips(rng)
        sounds = [self._stretch(int(clip), rng) for clip in clips]
        lengths = np.array([len(sound) for sound in sounds], np.int64)
        samples = np.zeros((len(sounds), lengths.max()), np.float32)
        for row, sound in zip(samples, sounds, strict=True):
            row[: len(sound)] = sound
        return Batch(samples, lengths, self.drawing.targets(clips), number)

    def _stretch(self, clip: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Take a stretch of a clip, with silence in two places."""
        whole = self.lesson.arrays[int(rng.integers(len(self.lesson.arrays)))].raw(clip)
        start = int(rng.integers(max(1, len(whole) - self.longest + 1)))
        sound = np.array(whole[start : start + self.longest], np.float32)
        for _ in range(2):
            width = int(rng.uniform(0.0, self.time_mask / 2) * len(sound))
            place = int(rng.integers(len(sound) - width + 1))
            sound[place : place + width] = 0.0
        return sound


@torch.inference_mode()
def _logits(
    network: SpeechClassifier, sounds: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Judge sounds one by one, as the exported file does; (n, classes)."""
    network.eval()
    device = next(network.parameters()).device
    rows = [network(torch.from_numpy(sound)[None].to(device))[0].cpu().numpy() for sound in sounds]
    return np.stack(rows)
