"""A large model of words teaches a small one."""

from pathlib import Path

import numpy as np
import pytest

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
    examples = taught_by(teacher, labelled("so", "day"), TeachingSettings()).examples
    assert "ok 😢" in examples.texts
    words = [text for text in examples.texts if text.startswith("i am ")]
    assert set(words) <= {*(f"i am {word}" for word in teacher.vocabulary), *examples.texts}
    assert len(examples.texts) == len(examples.targets) == len(examples.weights)


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
