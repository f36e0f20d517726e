"""Training a model of words: fit, choose on the dev texts, measure on the test texts, write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from affetto.errors import CorpusError
from affetto.jobs import check_folder, check_replaceable
from affetto.lab.metrics import ece, macro_f1
from affetto.lab.words.linear import Lesson, LinearSettings, fit_linear, spoken_form
from affetto.lab.words.scores import best_thresholds, f1_per_label, sigmoid
from affetto.lab.words.teaching import TeachingSettings, taught_by
from affetto.models.calibration import softmax
from affetto.words.text_card import TextCard
from affetto.words.text_model import TextModel, write_text_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from affetto.lab.words.linear import LinearTexts
    from affetto.lab.words.texts import LabelledTexts
    from affetto.models.card_fields import TrainingCorpus
    from affetto.words.text_catalogue import TextEmotion
    from affetto.words.text_transformer import TextTransformer

__all__ = ["TextResult", "fit_calibration", "measure_texts", "train_and_dev", "train_texts"]

_DEV_SHARE = 8
"""One in so many training texts is held out where a corpus has no dev texts."""


@dataclass(frozen=True, slots=True)
class TextResult:
    """What a model of words is worth on labelled texts.

    Attributes:
        texts: how many.
        macro_f1: mean of `per_label`: each label said or not by its threshold, as GoEmotions'
            authors count.
        per_label: label → F1.
        top_macro_f1: macro-F1 of the top label alone, on the texts that hold one feeling.
        accuracy: share of those texts whose top label is right.
        ece: expected calibration error of the top label there.
    """

    texts: int
    macro_f1: float
    per_label: Mapping[str, float]
    top_macro_f1: float
    accuracy: float
    ece: float

    def to_dict(self) -> dict[str, Any]:
        """Give the result as plain types."""
        return {
            "texts": self.texts,
            "macro_f1": round(self.macro_f1, 4),
            "per_label": {label: round(f1, 4) for label, f1 in self.per_label.items()},
            "top_macro_f1": round(self.top_macro_f1, 4),
            "accuracy": round(self.accuracy, 4),
            "ece": round(self.ece, 4),
        }


def fit_calibration(
    logits: NDArray[Any], shares: NDArray[Any]
) -> tuple[float, NDArray[np.float64]]:
    """Find what turns logits of single labels into probabilities that sum to 1.

    One scale for all and an offset a label, by the least cross-entropy.

    Args:
        logits: of texts that were not learnt from, (n, labels).
        shares: of each label in what people found there, (n, labels); rows sum to 1.

    Returns:
        The scale, and the offsets, (labels,), whose mean is 0.
    """
    from scipy.optimize import minimize

    given = np.asarray(logits, np.float64)

    def cost(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scale, offset = np.exp(values[0]), values[1:]
        said = softmax(given * scale + offset)
        gap = (said - shares) / len(given)
        slope = np.concatenate([[(gap * given).sum() * scale], gap.sum(axis=0)])
        return float(-(shares * np.log(said + 1e-12)).sum() / len(given)), slope

    start = np.zeros(1 + given.shape[1])
    found = minimize(cost, start, jac=True, method="L-BFGS-B").x
    return float(np.exp(found[0])), np.asarray(found[1:] - found[1:].mean())


def measure_texts(model: TextEmotion, texts: LabelledTexts) -> TextResult:
    """Measure a model on labelled texts that it did not learn from.

    Args:
        model: ours, whose labels have thresholds of their own, or any other, which is taken to say
            its top label.
        texts: with labels that the model can say.

    Raises:
        CorpusError: the texts hold a label that the model can't say, or none holds one alone.
    """
    labels = [label.value for label in texts.labels]
    if strange := [label for label in labels if label not in model.labels]:
        raise CorpusError(
            f"{texts.name}: found the label {strange[0]}, which the model {model.title} can't say: "
            f"expected {', '.join(model.labels)}"
        )
    plain = texts.targets.sum(axis=1) == 1
    if not plain.any():
        raise CorpusError(f"{texts.name}: found no text that holds one feeling alone")
    columns = [model.labels.index(label) for label in labels]
    scores = _table(model.judge(texts.texts), model.labels)
    if isinstance(model, TextModel):
        told = sigmoid(model.logits(texts.texts)) >= np.asarray(model.card.thresholds)
    else:
        told = np.eye(len(model.labels))[scores.argmax(axis=1)] > 0
    per_label = f1_per_label(texts.targets, told[:, columns])
    truth = np.asarray(columns)[texts.targets[plain].argmax(axis=1)]
    said = scores[plain]
    return TextResult(
        len(texts),
        float(per_label.mean()),
        dict(zip(labels, per_label.tolist(), strict=True)),
        float(macro_f1(truth, said.argmax(axis=1))),
        float((truth == said.argmax(axis=1)).mean()),
        float(ece(truth, said)),
    )


def _table(scores: Sequence[Mapping[str, float]], labels: Sequence[str]) -> NDArray[np.float64]:
    """Lay scores out, (n, labels); a text without words may hold each label alike."""
    even = 1.0 / len(labels)
    return np.array([[row.get(label, 0.0) if row else even for label in labels] for row in scores])


def train_texts(
    corpus: Mapping[str, LabelledTexts],
    output: str | Path,
    *,
    name: str,
    version: str = "1",
    settings: LinearSettings | None = None,
    teacher: TextTransformer | None = None,
    teaching: TeachingSettings | None = None,
    spoken: bool = True,
    strengths: Sequence[float] = (1.0, 2.0, 4.0),
    licence: str = "",
    languages: Sequence[str] = ("en",),
    training: Sequence[TrainingCorpus] = (),
    report: Callable[[str, float], None] | None = None,
) -> tuple[TextModel, dict[str, TextResult]]:
    """Train a model of words and write its package.

    The strength of the fit, thresholds and calibration are chosen on the dev texts; where there
    are none, an eighth of the training texts is held out for that. The test texts are looked at
    once, at the end.

    Args:
        corpus: split → texts.
        output: folder of the package.
        name: of the model.
        version: of the model.
        settings: how to learn.
        teacher: a larger model, which judges the training texts too; see `taught_by`.
        teaching: how much it is believed.
        spoken: learn each text also as a recogniser of speech would write it.
        strengths: of the fit, to choose among.
        licence: of the weights.
        languages: ISO 639-1 codes of the texts.
        training: the corpora, and their licences.
        report: called with what is being done, and the share of it.

    Returns:
        The model, and what it is worth: "test" of texts as they were written, "test as spoken" of
        the same without capitals and marks; both empty where the corpus has no test texts.

    Raises:
        CorpusError: there are too few texts.
        OutputError: the package can't be written.
        MissingExtraError: onnx isn't installed.
    """
    check_folder(Path(output))
    check_replaceable(Path(output), known_by="card.yaml", what="a model package")
    train, dev = train_and_dev(corpus)
    held = train.targets > 0
    if not (held.any(axis=0) & ~held.all(axis=0)).all():
        raise CorpusError("found a feeling that no text holds, or all: expected some of each")
    lesson, wanted = _lesson(
        train,
        teacher,
        teaching or TeachingSettings(),
        spoken=spoken,
        report=report and partial(report, "the teacher judges texts"),
    )
    chosen: _Candidate | None = None
    for number, strength in enumerate(strengths, start=1):
        fitted = fit_linear(
            lesson,
            replace(settings or LinearSettings(), strength=strength),
            wanted=wanted,
            report=report and partial(report, f"fit {number} of {len(strengths)}"),
        )
        candidate = _candidate(fitted, dev, TextCard(name, version, **_plain(train)))
        if chosen is None or candidate.macro_f1 > chosen.macro_f1:
            chosen = candidate
    assert chosen is not None, "there is a strength to try"
    card = replace(
        chosen.card,
        languages=tuple(languages),
        training=tuple(training),
        licence=licence,
        description="The emotion of words: a linear model on words, runs and pieces of words"
        + (f"; taught by {teacher.title} besides the labels" if teacher else ""),
    )
    results = {}
    if "test" in corpus:
        model = TextModel(card, chosen.network, chosen.listed)
        test = corpus["test"]
        results = {"test": measure_texts(model, test)}
        heard = replace(test, texts=tuple(spoken_form(text) for text in test.texts))
        results["test as spoken"] = measure_texts(model, heard)
        card = replace(card, results={key: r.to_dict() for key, r in results.items()})
    package = write_text_model(output, card, model=chosen.network, listed=chosen.listed)
    return package, results


def _lesson(
    train: LabelledTexts,
    teacher: TextTransformer | None,
    teaching: TeachingSettings,
    *,
    spoken: bool,
    report: Callable[[float], None] | None,
) -> tuple[Lesson, frozenset[str]]:
    """Put together what there is to learn from, and the words that are to be learnt from it."""
    taught = taught_by(teacher, train, teaching, report=report) if teacher else None
    targets = taught.targets if taught else train.targets
    lesson = Lesson(train.texts, targets, np.ones(len(train)))
    if spoken:
        lesson = lesson.and_also(lesson.as_spoken())
    if taught is None:
        return lesson, frozenset()
    return lesson.and_also(taught.examples), taught.words


class _Candidate(NamedTuple):
    """A model that may be the one, and its macro-F1 on the dev texts."""

    card: TextCard
    network: bytes
    listed: tuple[str, ...]
    macro_f1: float


def _candidate(fitted: LinearTexts, dev: LabelledTexts, card: TextCard) -> _Candidate:
    """Choose thresholds and calibration on the dev texts."""
    network = fitted.to_onnx()
    card = replace(card, longest=fitted.longest)
    logits = TextModel(card, network, fitted.listed).logits(dev.texts)
    own = sigmoid(logits)
    thresholds = best_thresholds(dev.targets, own)
    scale, offset = fit_calibration(logits, dev.shares)
    card = replace(
        card,
        scale=round(scale, 5),
        offset=tuple(offset.round(5).tolist()),
        thresholds=tuple(thresholds.round(3).tolist()),
    )
    prior = np.maximum(softmax(logits * scale + offset).mean(axis=0), 1e-3)
    card = replace(card, prior=tuple(prior.round(4).tolist()))
    said = own >= thresholds
    return _Candidate(card, network, fitted.listed, float(f1_per_label(dev.targets, said).mean()))


def _plain(texts: LabelledTexts) -> dict[str, Any]:
    """Give the fields of a card before anything was chosen."""
    count = len(texts.labels)
    return {
        "labels": texts.labels,
        "offset": (0.0,) * count,
        "thresholds": (0.5,) * count,
        "prior": (1.0 / count,) * count,
    }


def train_and_dev(corpus: Mapping[str, LabelledTexts]) -> tuple[LabelledTexts, LabelledTexts]:
    """Give the texts to learn from and to choose by, which may have to be held out first.

    Args:
        corpus: split → texts.

    Returns:
        The training texts, and the dev texts: an eighth of the former where there are none.

    Raises:
        CorpusError: there are no training texts, or too few to hold some out.
    """
    if "train" not in corpus:
        raise CorpusError(f"found the splits {', '.join(corpus)}, expected train among them")
    train = corpus["train"]
    if "dev" in corpus:
        return train, corpus["dev"]
    out = np.random.default_rng(0).permutation(len(train)) % _DEV_SHARE == 0
    if not (train.targets[out].any(axis=0) & train.targets[~out].any(axis=0)).all():
        raise CorpusError(
            f"{train.name}: found {len(train)} texts, of which some feelings have too few to hold "
            "one in eight out: expected more texts, or the splits train and dev"
        )
    return _some(train, ~out), _some(train, out)


def _some(texts: LabelledTexts, kept: NDArray[np.bool_]) -> LabelledTexts:
    return replace(
        texts,
        texts=tuple(text for text, keep in zip(texts.texts, kept, strict=True) if keep),
        targets=texts.targets[kept],
    )
