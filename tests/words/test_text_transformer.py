"""Text classifiers of transformers: the real loading code on a tiny random one made here."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from affetto.errors import ModelError
from affetto.words import open_text_model
from affetto.words.text_transformer import TextTransformer, spelled
from tiny_classifier import LABELS, tiny_classifier


def test_a_classifier_of_others_speaks_the_words_of_the_house(tmp_path: Path) -> None:
    model = open_text_model(tiny_classifier(tmp_path / "tiny", LABELS))
    assert set(model.labels) == {"neutral", "happy", "sad", "angry", "fear", "disgust", "surprise"}
    first, empty, long = model.judge(["I am so happy", "", "this is a sad day. " * 100])
    assert empty == {}
    for scores in (first, long):
        assert sum(scores.values()) == pytest.approx(1.0)
        assert set(scores) == set(model.labels)


def test_finer_labels_are_summed(tmp_path: Path) -> None:
    labels = ["grief", "sadness", "joy", "love"]
    folder = tiny_classifier(tmp_path / "fine", labels, problem_type="multi_label_classification")
    model = open_text_model(folder)
    assert model.labels == ("happy", "sad")
    (scores,) = model.judge(["what was that"])
    assert sum(scores.values()) == pytest.approx(1.0)


def test_labels_that_are_no_feelings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="LABEL_0"):
        open_text_model(tiny_classifier(tmp_path / "strange", ["LABEL_0", "LABEL_1"]))


def test_weights_that_are_missing_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tiny_classifier(tmp_path / "tiny", LABELS)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="found no text classifier"):
        open_text_model(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "no such"}), encoding="utf-8")
    with pytest.raises(ModelError, match="found no text classifier"):
        open_text_model(folder)


def test_emoji_are_read_by_their_names(tmp_path: Path) -> None:
    model = open_text_model(tiny_classifier(tmp_path / "tiny", LABELS))
    assert isinstance(model, TextTransformer)
    emoji, named = model.held(["so 😢", "so crying face"])
    np.testing.assert_array_equal(emoji, named)


def test_what_it_holds_of_many_texts_stands_in_their_order(tmp_path: Path) -> None:
    folder = tiny_classifier(tmp_path / "t", LABELS, problem_type="multi_label_classification")
    model = open_text_model(folder)
    assert isinstance(model, TextTransformer)
    texts = ["this is a sad day " * (1 + k % 3) for k in range(150)]
    shares: list[float] = []
    told = model.held(texts, report=shares.append)
    np.testing.assert_allclose(told[148], model.held([texts[148]])[0], atol=0.01)
    assert shares[-1] == 1.0
    assert "happy" in model.vocabulary


def test_emoji_are_spelled() -> None:
    assert spelled("😡") == "pouting face"
    assert spelled("ok😊😊") == "ok smiling face with smiling eyes smiling face with smiling eyes"
    assert spelled("I ❤️ it") == "I heavy black heart it"
    for text in ("plain ° ^ text", "schön, naïve", "", "two  spaces"):
        assert spelled(text) == text
