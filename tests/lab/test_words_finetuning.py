"""Fine-tuning a transformer on texts: a tiny random one for real, stopped and taken up again."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("safetensors")

from affetto.emotions import Emotion
from affetto.errors import CorpusError, ModelError, OptionError, OutputError
from affetto.lab.run_folder import load_weights
from affetto.lab.words.finetuning import FinetuneTexts, finetune_texts
from affetto.lab.words.linear import spoken_form
from affetto.lab.words.texts import LabelledTexts
from affetto.lab.words.training import TextResult
from affetto.words import open_text_model
from affetto.words.text_transformer import spelled

LABELS = (Emotion.NEUTRAL, Emotion.HAPPY, Emotion.ANGRY)
SAYINGS = {
    Emotion.HAPPY: ["what a lovely {}", "I love this {}!", "so glad about the {} 😊"],
    Emotion.ANGRY: ["I hate this {}", "the {} makes me furious!!", "awful {}, go away"],
    Emotion.NEUTRAL: ["the {} is over there", "here is a {}", "we saw the {}"],
}
THINGS = ["day", "song", "film", "book", "town", "meal", "dog", "game", "car", "room", "plan"]
QUICK = FinetuneTexts(epochs=8, batch=4, rate=3e-3, head_rate=1e-2, longest=24)
SHORT = FinetuneTexts(epochs=2, batch=16, rate=3e-3, head_rate=1e-2, spoken=0.5)


def texts_of(*places: int) -> LabelledTexts:
    rows = [
        (text.format(thing), label)
        for label, sayings in SAYINGS.items()
        for i, text in enumerate(sayings)
        for j, thing in enumerate(THINGS)
        if (i + j) % 4 in places
    ]
    targets = np.array([[label is one for one in LABELS] for _, label in rows], np.float32)
    return LabelledTexts(tuple(text for text, _ in rows), targets, LABELS, "made up")


CORPUS = {"train": texts_of(0, 1), "dev": texts_of(2), "test": texts_of(3)}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a random encoder of two narrow layers, with a tokeniser of its own."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    # A trained vocabulary comes out in another order every time.
    known = {word for text in CORPUS["train"].texts for word in spoken_form(spelled(text)).split()}
    vocabulary = {word: number for number, word in enumerate([*special, "!", *sorted(known)])}
    words = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    words.normalizer = normalizers.Lowercase()
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]"}
    PreTrainedTokenizerFast(
        tokenizer_object=words, model_max_length=64, sep_token="[SEP]", mask_token="[MASK]", **names
    ).save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=words.get_vocab_size(), hidden_size=24, num_attention_heads=2,
        num_hidden_layers=2, intermediate_size=48, max_position_embeddings=512,
        initializer_range=0.2,
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(folder)
    return folder


def weights(folder: Path) -> dict[str, "torch.Tensor"]:
    return load_weights(folder / "model.safetensors")


@pytest.fixture(scope="module")
def trained(
    encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, float | TextResult], list[tuple[str, float]]]:
    folder = tmp_path_factory.mktemp("trained")
    told: list[tuple[str, float]] = []
    results = finetune_texts(
        CORPUS, encoder, folder / "model", settings=QUICK, threads=1, device="cpu",
        report=lambda text, share: told.append((text, share)),
    )  # fmt: skip
    return folder / "model", results, told


def test_a_small_corpus_is_learnt(
    trained: tuple[Path, dict[str, float | TextResult], list[tuple[str, float]]],
) -> None:
    folder, results, told = trained
    assert set(results) == {"epoch", "dev", "test", "dev by thresholds", "test by thresholds"}
    for split in ("dev", "test"):
        assert results[f"{split} by thresholds"] > 0.7
        result = results[split]
        assert isinstance(result, TextResult)
        assert result.accuracy > 0.7  # by chance 0.33
    glad, angry = open_text_model(folder).judge(["I love this song", "I hate this song"])
    assert max(glad, key=glad.__getitem__) == "happy"
    assert max(angry, key=angry.__getitem__) == "angry"
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert sum("dev macro-F1" in text for text, _ in told) == QUICK.epochs
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_the_table_of_words_stays_as_it_was_unless_asked(
    encoder: Path, trained: tuple[Path, object, object], tmp_path: Path
) -> None:
    table = "bert.embeddings.word_embeddings.weight"
    before = weights(encoder)[table]
    assert torch.equal(weights(trained[0])[table], before)
    settings = FinetuneTexts(epochs=1, batch=32, rate=1e-2, freeze_embeddings=False)
    finetune_texts(CORPUS, encoder, tmp_path / "model", settings=settings, threads=1, device="cpu")
    assert not torch.equal(weights(tmp_path / "model")[table], before)


def test_the_written_tokeniser_cuts_nothing(trained: tuple[Path, object, object]) -> None:
    about = json.loads((trained[0] / "tokenizer.json").read_text(encoding="utf-8"))
    assert about["truncation"] is None
    config = json.loads((trained[0] / "config.json").read_text(encoding="utf-8"))
    assert config["id2label"] == {"0": "neutral", "1": "happy", "2": "angry"}
    assert config["problem_type"] == "multi_label_classification"


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not(
    encoder: Path, tmp_path: Path
) -> None:
    def stop(text: str, share: float) -> None:
        if text.startswith("epoch 2") and share > 0.7:
            raise KeyboardInterrupt

    whole, runs, output = tmp_path / "whole", tmp_path / "run", tmp_path / "model"
    expected = finetune_texts(CORPUS, encoder, whole, settings=SHORT, threads=1, device="cpu")
    common = {"settings": SHORT, "runs": runs, "threads": 1, "device": "cpu"}
    with pytest.raises(KeyboardInterrupt):
        finetune_texts(CORPUS, encoder, output, **common, report=stop)
    assert not output.exists()
    assert len(json.loads((runs / "log.json").read_text(encoding="utf-8"))) == 1
    told: list[str] = []
    results = finetune_texts(
        CORPUS, encoder, output, **common, report=lambda text, _: told.append(text)
    )
    assert told[0].startswith("epoch 2")
    assert results == expected
    found = weights(output)
    for name, tensor in weights(whole).items():
        np.testing.assert_allclose(found[name].numpy(), tensor.numpy(), atol=1e-6, err_msg=name)
    # A finished one only writes its result again, over the one that is there.
    assert finetune_texts(CORPUS, encoder, output, **common) == results
    with pytest.raises(OptionError, match="other settings"):
        finetune_texts(
            CORPUS, encoder, output, settings=FinetuneTexts(), runs=runs, device="cpu", threads=1
        )


def test_what_is_no_encoder_is_refused_in_one_line(encoder: Path, tmp_path: Path) -> None:
    empty, strange, bare = tmp_path / "empty", tmp_path / "strange", tmp_path / "bare"
    for folder in (empty, strange, bare):
        folder.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (bare / name).write_bytes((encoder / name).read_bytes())
        (strange / name).write_bytes((encoder / name).read_bytes())
    (strange / "config.json").write_text('{"model_type": "no such"}', encoding="utf-8")
    for folder in (empty, strange, bare):
        with pytest.raises(ModelError, match="found no encoder") as caught:
            finetune_texts(CORPUS, folder, tmp_path / "model", device="cpu")
        assert "\n" not in str(caught.value)
    (bare / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="found no encoder"):
        finetune_texts(CORPUS, bare, tmp_path / "model", device="cpu")
    from safetensors.torch import save_file

    save_file({"other": torch.zeros(1)}, bare / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="found no weights for bert"):
        finetune_texts(CORPUS, bare, tmp_path / "model", device="cpu")
    assert not (tmp_path / "model").exists()


def test_a_loss_that_is_no_number_ends_it(encoder: Path, tmp_path: Path) -> None:
    settings = FinetuneTexts(batch=16, head_rate=float("inf"))
    with pytest.raises(OptionError, match="lower the learning rates"):
        finetune_texts(CORPUS, encoder, tmp_path / "model", settings=settings, device="cpu")


def test_what_could_not_be_measured_or_written_is_refused_at_once(
    encoder: Path, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match="expected train"):
        finetune_texts({"dev": CORPUS["dev"]}, encoder, tmp_path / "model")
    dev = CORPUS["dev"]
    several = LabelledTexts(dev.texts, np.ones_like(dev.targets), LABELS, "several")
    with pytest.raises(CorpusError, match="one feeling alone"):
        finetune_texts(CORPUS | {"dev": several}, encoder, tmp_path / "model")
    other = LabelledTexts(dev.texts, dev.targets, LABELS[::-1], "other")
    with pytest.raises(CorpusError, match="expected those of the training"):
        finetune_texts(CORPUS | {"test": other}, encoder, tmp_path / "model")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(OutputError, match="other files"):
        finetune_texts(CORPUS, encoder, tmp_path)
    with pytest.raises(OptionError, match="no device 'abacus'"):
        finetune_texts(CORPUS, encoder, tmp_path / "model", device="abacus")
    with pytest.raises(OptionError, match="epochs of 0"):
        FinetuneTexts(epochs=0)
    with pytest.raises(OptionError, match="head_rate of -1"):
        FinetuneTexts(head_rate=-1.0)
    with pytest.raises(OptionError, match="expected 0 to 1"):
        FinetuneTexts(spoken=1.5)


def test_texts_without_dev_texts_are_held_out(encoder: Path, tmp_path: Path) -> None:
    settings = FinetuneTexts(epochs=1, batch=32)
    results = finetune_texts(
        {"train": texts_of(0, 1, 2, 3)}, encoder, tmp_path / "model", settings=settings,
        device="cpu", threads=1,
    )  # fmt: skip
    assert set(results) == {"epoch", "dev", "dev by thresholds"}
