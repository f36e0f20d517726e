"""A large model of words teaches a small one."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnx")

from affetto.emotions import Emotion
from affetto.errors import CorpusError
from affetto.lab.words.linear import LinearSettings
from affetto.lab.words.teaching import TeachingSettings, taught_by
from affetto.lab.words.texts import LabelledTexts
from affetto.lab.words.training import train_texts
from affetto.words import open_text_model
from affetto.words.text_transformer import TextTransformer
from tiny_classifier import LABELS, tiny_classifier

HAPPY, SAD = Emotion("happy"), Emotion("sad")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> TextTransformer:
    folder = tmp_path_factory.mktemp("teacher") / "tiny"
    options = {"problem_type": "multi_label_classification"}
    model = open_text_model(tiny_classifier(folder, LABELS, **options))
    assert isinstance(model, TextTransformer)
    return model


class Sure:
    """A teacher that hears sadness in some words, as far as they are among its own, and only there.

    A random one hears nothing in particular.
    """

    def __init__(self, real: TextTransformer, of: str) -> None:
        self.title, self.labels, self.vocabulary = real.title, real.labels, real.vocabulary
        self._words = set(of.split())

    def held(self, texts: Sequence[str], **_: object) -> NDArray[np.float64]:
        heard = [
            any(word in text.replace("!", "").split() for word in self._words) for text in texts
        ]
        told = np.zeros((len(texts), len(self.labels)))
        told[:, self.labels.index("sad")] = [0.9 if one else 0.02 for one in heard]
        return told


def sure(real: TextTransformer, *, of: str) -> TextTransformer:
    return cast("TextTransformer", Sure(real, of))


def labelled(*texts: str) -> LabelledTexts:
    targets = np.eye(2, dtype=np.float32)[np.arange(len(texts)) % 2]
    return LabelledTexts(texts, targets, (HAPPY, SAD), "made up")


def test_a_teacher_stands_between_the_labels_and_what_it_hears(teacher: TextTransformer) -> None:
    train = labelled("i am so happy", "this is a sad day")
    alone = taught_by(teacher, train, TeachingSettings(trust=1.0)).targets
    labels_alone = taught_by(teacher, train, TeachingSettings(trust=0.0)).targets
    both = taught_by(teacher, train, TeachingSettings(trust=0.5)).targets
    np.testing.assert_array_equal(labels_alone, train.targets)
    np.testing.assert_allclose(both, (alone + train.targets) / 2, atol=0.01)
    held = teacher.held(train.texts)
    np.testing.assert_allclose(alone[:, 0], held[:, teacher.labels.index("happy")], atol=0.01)


def test_words_and_emoji_are_examples(teacher: TextTransformer) -> None:
    settings = TeachingSettings(examples=0.5)
    taught = taught_by(sure(teacher, of="😢 happy"), labelled("so", "day"), settings)
    assert taught.words == {"😢", "happy"}
    assert {"ok 😢", "i am happy"} < set(taught.examples.texts)
    assert taught.examples.weights.sum() == pytest.approx(0.5 * 2)


def test_a_teacher_that_hears_no_feeling_gives_no_examples(teacher: TextTransformer) -> None:
    taught = taught_by(sure(teacher, of=""), labelled("so", "day"), TeachingSettings())
    assert (taught.words, taught.examples.texts) == (frozenset(), [])


def test_a_word_that_only_the_teacher_knows_is_learnt(
    teacher: TextTransformer, tmp_path: Path
) -> None:
    texts = [f"{said} number {k}" for k in range(12) for said in ("so glad", "sad day")]
    model, _ = train_texts(
        {"train": labelled(*texts), "dev": labelled(*texts)},
        tmp_path / "p",
        name="taught",
        teacher=sure(teacher, of="😢 what"),
        teaching=TeachingSettings(examples=0.5),
        strengths=(8.0,),
    )
    for known in ("😢", "what"):
        assert model.judge([known])[0]["sad"] > 0.6


def test_what_was_taught_becomes_a_model(teacher: TextTransformer, tmp_path: Path) -> None:
    texts = [f"{said} number {k}" for k in range(12) for said in ("so happy", "sad day")]
    model, _ = train_texts(
        {"train": labelled(*texts), "dev": labelled(*texts)},
        tmp_path / "p",
        name="taught",
        teacher=teacher,
        settings=LinearSettings(rarest=2),
        strengths=(8.0,),
    )
    happy, sad = model.judge(["so happy", "sad day"])
    assert happy["happy"] > 0.5
    assert sad["sad"] > 0.5
    assert f"taught by {teacher.title}" in model.card.description


def test_a_teacher_of_other_feelings_is_refused(teacher: TextTransformer) -> None:
    train = LabelledTexts(("a", "b"), np.eye(2, dtype=np.float32), (HAPPY, Emotion("bored")), "x")
    with pytest.raises(CorpusError, match="found the label bored, which the teacher tiny can't"):
        taught_by(teacher, train, TeachingSettings())
