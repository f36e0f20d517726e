"""A random text classifier of transformers, small enough to be made in a test."""

from pathlib import Path

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
