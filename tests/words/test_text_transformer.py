"""Text classifiers of transformers: the real loading code on a tiny random one made here."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from affetto.errors import ModelError
from affetto.words import open_text_model

LABELS = ["anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"]


def tiny_classifier(folder: Path, labels: list[str], **options: object) -> Path:
    """Write a random text classifier of two narrow layers, with a tokeniser of its own."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import (
        DistilBertConfig,
        DistilBertForSequenceClassification,
        PreTrainedTokenizerFast,
    )

    words = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=special)
    words.train_from_iterator(["i am so happy", "this is a sad day", "what was that"], trainer)
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]"}
    PreTrainedTokenizerFast(
        tokenizer_object=words, model_max_length=64, sep_token="[SEP]", mask_token="[MASK]", **names
    ).save_pretrained(folder)
    config = DistilBertConfig(
        vocab_size=words.get_vocab_size(), dim=16, n_heads=2, n_layers=2, hidden_dim=32,
        max_position_embeddings=512, id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)}, **options,
    )  # fmt: skip
    DistilBertForSequenceClassification(config).save_pretrained(folder)
    return folder


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
