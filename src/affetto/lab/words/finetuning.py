"""Fine-tuning a transformer on labelled texts, any that transformers opens as an encoder.

Every label has a probability of its own, since a text may hold several feelings. The result is a
folder of transformers, which `affetto.words.open_text_model` opens.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.errors import CorpusError, OptionError
from affetto.jobs import check_folder, check_replaceable, folder_in_the_making
from affetto.lab.extras import require
from affetto.lab.words.linear import spoken_form
from affetto.lab.words.pupil import Pupil
from affetto.lab.words.scores import best_thresholds, f1_per_label, sigmoid
from affetto.lab.words.training import measure_texts, train_and_dev
from affetto.words.text_catalogue import open_text_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from affetto.lab.run_folder import RunFolder
    from affetto.lab.words.texts import LabelledTexts
    from affetto.lab.words.training import TextResult

__all__ = ["FinetuneTexts", "finetune_texts"]

_WARMUP = 300
"""Steps in which the rate rises; a tenth of all where that is fewer."""
_CLIP = 1.0
_ALIKE = 50
"""Batches among which texts are sorted by length: enough for little padding, few enough to mix."""
_KIND: dict[str, Any] = {"known_by": "config.json", "what": "a model of transformers"}


@dataclass(frozen=True, slots=True)
class FinetuneTexts:
    """How an encoder of texts learns.

    Attributes:
        epochs: times that each text is read.
        batch: texts a step.
        rate: highest learning rate of the encoder (AdamW; a linear rise, then linearly to 0).
        head_rate: highest learning rate of what is new on top of it.
        freeze_embeddings: leave the table of words as it is, which is most of a small encoder.
        longest: tokens of a text; what comes after is not read.
        spoken: share of the batches that are read as a recogniser of speech would write them.
        seed: of the new weights, the order of the texts and dropout.

    Raises:
        OptionError: one is out of range.
    """

    epochs: int = 3
    batch: int = 32
    rate: float = 6e-5
    head_rate: float = 5e-4
    freeze_embeddings: bool = True
    longest: int = 64
    spoken: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 1), ("longest", 4), ("seed", 0)):
            if (found := getattr(self, name)) < least:
                raise OptionError(f"found {name} of {found}, expected {least} or more")
        for name in ("rate", "head_rate"):
            if not getattr(self, name) > 0:
                raise OptionError(f"found {name} of {getattr(self, name)}, expected more than 0")
        if not 0.0 <= self.spoken <= 1.0:
            raise OptionError(f"found a share of spoken batches of {self.spoken}, expected 0 to 1")


def finetune_texts(
    corpus: Mapping[str, LabelledTexts],
    encoder: str | Path,
    output: str | Path,
    *,
    settings: FinetuneTexts | None = None,
    runs: Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    report: Callable[[str, float], None] | None = None,
) -> dict[str, float | TextResult]:
    """Fine-tune an encoder on labelled texts and write it as a folder of transformers.

    The epoch with the best macro-F1 on the dev texts is kept, each label with the threshold that
    is best there; where there are no dev texts, an eighth of the training texts is held out. The
    test texts are looked at once, at the end.

    Args:
        corpus: split → texts.
        encoder: folder or name on the hub of a model of transformers; what it has on top of the
            encoder is replaced where it doesn't fit the labels.
        output: folder of the result; a model of transformers that stood there is replaced.
        settings: how to learn.
        runs: folder that keeps the training after every epoch, so that the same call goes on with
            one that stopped, as if it hadn't; None keeps nothing.
        device: "auto" (a GPU where there is one), "cpu" or "cuda".
        threads: CPU threads; None for as many as torch takes.
        report: called with what is being done, and the share of it.

    Returns:
        "dev" and, where there are test texts, "test": what the written model is worth by its top
        label; "dev by thresholds" and "test by thresholds": macro-F1 of labels said or not by the
        thresholds of the dev texts, as GoEmotions' authors count; "epoch": the one kept, from 1.

    Raises:
        CorpusError: there are too few texts, or splits that don't fit each other.
        ModelError: the encoder can't be had.
        OptionError: no such device, the loss is no longer a number, or `runs` holds another
            training.
        OutputError: the result can't be written.
        MissingExtraError: torch or transformers isn't installed.
    """
    require("torch", "transformers", "safetensors")
    import torch

    from affetto.lab.run_folder import RunFolder, record_settings

    settings = settings or FinetuneTexts()
    place = Path(output).resolve()
    check_folder(place)
    check_replaceable(place, **_KIND)
    train, dev = train_and_dev(corpus)
    measured = {"dev": dev} | ({"test": corpus["test"]} if "test" in corpus else {})
    _check_fit(train, measured)
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        pupil = Pupil(str(encoder), train.labels, settings, _device(device))
        if runs is not None:
            about = {"model": "finetuned texts", "settings": asdict(settings)}
            record_settings(runs, about | {"encoder": pupil.digest} | _about(train, dev))
        run = RunFolder(runs)
        _learn(pupil, train, dev, run, report)
        run.draw()
        own = {split: sigmoid(pupil.judge(texts.texts)) for split, texts in measured.items()}
        thresholds = best_thresholds(dev.targets, own["dev"])
        with folder_in_the_making(place, **_KIND) as unfinished:
            pupil.save(unfinished)
        scores = [entry["score"] for entry in run.history]
        results: dict[str, float | TextResult] = {"epoch": 1.0 + int(np.argmax(scores))}
        model = open_text_model(place, threads=threads or before)
        for split, texts in measured.items():
            told = f1_per_label(texts.targets, own[split] >= thresholds)
            results[split] = measure_texts(model, texts)
            results[f"{split} by thresholds"] = float(told.mean())
        return results
    finally:
        torch.set_num_threads(before)


def _check_fit(train: LabelledTexts, measured: Mapping[str, LabelledTexts]) -> None:
    """Refuse before long work what could not be learnt from or measured on after it."""
    if not len(train):
        raise CorpusError(f"{train.name}: found no training texts, expected some")
    for split, texts in measured.items():
        if texts.labels != train.labels:
            raise CorpusError(
                f"{texts.name}, {split}: found the labels {', '.join(texts.labels)}, expected "
                f"those of the training texts: {', '.join(train.labels)}"
            )
        if not (texts.targets.sum(axis=1) == 1).any():
            raise CorpusError(
                f"{texts.name}, {split}: found no text that holds one feeling alone, expected some"
            )


def _about(train: LabelledTexts, dev: LabelledTexts) -> dict[str, Any]:
    """Say what is learnt from, so that a run folder tells another training."""
    mark = hashlib.sha256()
    for texts in (train, dev):
        for text in texts.texts:
            mark.update(text.encode("utf-8", "replace") + b"\0")
        mark.update(np.ascontiguousarray(texts.targets, np.float32).tobytes())
    return {
        "labels": [label.value for label in train.labels],
        "texts": {"train": len(train), "dev": len(dev)},
        "corpus": mark.hexdigest()[:16],
    }


def _device(name: str) -> torch.device:
    import torch

    from affetto.lab.training import best_device

    if name == "auto":
        return best_device()
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError):  # the latter where torch was built without CUDA
        raise OptionError(
            f"found no device {name!r} that torch can use, expected auto, cpu or cuda"
        ) from None
    return device


def _learn(
    pupil: Pupil,
    train: LabelledTexts,
    dev: LabelledTexts,
    run: RunFolder,
    report: Callable[[str, float], None] | None,
) -> None:
    """Go through the epochs, and leave the network with the weights of the best."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    from affetto.lab.run_folder import SECONDS

    settings, network, optimizer = pupil.settings, pupil.network, pupil.optimizer
    written = pupil.read(train.texts)
    heard = pupil.read([spoken_form(text) or text for text in train.texts])
    lengths = np.array([len(ids) for ids in written])
    per_epoch = -(-len(written) // settings.batch)
    steps = settings.epochs * per_epoch
    start = run.resume(network, {}, optimizer)
    best = max((entry["score"] for entry in run.history), default=-1.0)
    kept: dict[str, Tensor] | None = None
    began = time.monotonic()
    before = run.history[-1][SECONDS] if run.history else 0.0
    for epoch in range(start // per_epoch, settings.epochs):
        network.train()
        title = f"epoch {epoch + 1} of {settings.epochs}"
        total = 0.0
        drawn = _batches(lengths, settings, epoch)
        for step, (rows, is_heard) in enumerate(drawn, start=epoch * per_epoch):
            if report is not None and step % max(1, steps // 100) == 0:
                report(title, step / steps)
            # Dropout is the same for the same step, however often the training stopped.
            torch.manual_seed(settings.seed * 1_000_003 + step)
            for group in optimizer.param_groups:
                group["lr"] = group["highest"] * _share(step, steps)
            optimizer.zero_grad(set_to_none=True)
            ids = heard if is_heard else written
            targets = torch.from_numpy(train.targets[rows]).to(pupil.device, torch.float32)
            loss = binary_cross_entropy_with_logits(
                pupil.logits([ids[row] for row in rows]), targets
            )
            _check_number("loss", loss, step, steps, settings)
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(pupil.learning, _CLIP)
            _check_number("slope of the loss", norm, step, steps, settings)
            optimizer.step()
            total += loss.item()
        own = sigmoid(pupil.judge(dev.texts))
        told = own >= best_thresholds(dev.targets, own)
        score = float(f1_per_label(dev.targets, told).mean())
        if score > best:
            best = score
            kept = {name: t.detach().cpu().clone() for name, t in network.state_dict().items()}
            run.keep_best(kept)
        done = (epoch + 1) * per_epoch
        seconds = round(before + time.monotonic() - began, 1)
        loss_told = total / per_epoch
        run.history.append({"step": done, "bce": loss_told, "score": score, SECONDS: seconds})
        run.checkpoint(done, network, {}, optimizer)
        if report is not None:
            report(f"{title}: loss {loss_told:.4f}, dev macro-F1 {score:.4f}", done / steps)
    kept = kept or run.best()
    assert kept is not None, "the first epoch is the best until then"
    network.load_state_dict(kept)


def _batches(
    lengths: NDArray[np.int64], settings: FinetuneTexts, epoch: int
) -> list[tuple[NDArray[np.int64], bool]]:
    """Draw the batches of an epoch, of texts of like length; the same for a seed and an epoch.

    Returns:
        The texts of each batch, and whether they are read as spoken.

    Examples:
        >>> drawn = _batches(np.array([5, 1, 4, 2]), FinetuneTexts(batch=2, spoken=1.0), epoch=0)
        >>> sorted((sorted(texts.tolist()), heard) for texts, heard in drawn)
        [([0, 2], True), ([1, 3], True)]
    """
    random = np.random.default_rng((settings.seed, epoch))
    order = random.permutation(len(lengths))
    drawn: list[NDArray[np.int64]] = []
    for start in range(0, len(order), _ALIKE * settings.batch):
        chunk = order[start : start + _ALIKE * settings.batch]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        drawn += np.split(chunk, range(settings.batch, len(chunk), settings.batch))
    mixed = random.permutation(len(drawn))
    heard = random.random(len(drawn)) < settings.spoken
    return [(drawn[number], bool(heard[number])) for number in mixed]


def _share(step: int, steps: int) -> float:
    """Give the share of the highest rate at a step.

    Examples:
        >>> [round(_share(step, 100), 2) for step in (0, 9, 10, 55, 99)]
        [0.1, 1.0, 1.0, 0.5, 0.01]
    """
    rise = max(1, min(_WARMUP, steps // 10))
    return min((step + 1) / rise, (steps - step) / max(1, steps - rise), 1.0)


def _check_number(what: str, value: Tensor, step: int, steps: int, settings: FinetuneTexts) -> None:
    """Stop before what is no number is learnt; the last checkpoint stays."""
    if not bool(value.isfinite()):
        raise OptionError(
            f"found a {what} of {value.item()} in step {step + 1} of {steps}, expected a number: "
            f"lower the learning rates ({settings.rate:g}, {settings.head_rate:g})"
        )
