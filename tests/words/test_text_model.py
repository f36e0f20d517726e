"""The bundled model of words, and packages like it: right, quick to refuse, hard to break."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.errors import ModelError
from affetto.models import verify
from affetto.words import open_text_model
from affetto.words.text_catalogue import bundled_text_model
from affetto.words.text_model import TextModel


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load(bundled_text_model())


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundled_text_model(), tmp_path / "package"))


def top(model: TextModel, text: str) -> str:
    (scores,) = model.judge([text])
    return max(scores, key=lambda label: scores[label])


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("I love this so much, thank you!", "happy"),
        ("i hate you", "angry"),
        ("I'm so sorry for your loss, this is heartbreaking", "sad"),
        ("that's terrifying, i am scared", "fear"),
        ("that is disgusting", "disgust"),
        ("WOW what a surprise", "surprise"),
        ("the door is on the left side of the room", "neutral"),
    ],
)
def test_plain_feelings_are_heard(model: TextModel, text: str, emotion: str) -> None:
    assert top(model, text) == emotion


def test_a_denied_feeling_counts_less(model: TextModel) -> None:
    said, denied = model.judge(["I am happy with this", "I am not happy with this"])
    assert denied["happy"] < said["happy"] / 2
    said, denied = model.judge(["I am angry", "I am not angry"])
    assert denied["angry"] < said["angry"]


def test_empty_texts_have_no_feeling(model: TextModel) -> None:
    assert model.judge(["", "  \n", "I hate you"])[:2] == [{}, {}]
    assert model.judge([]) == []


def test_a_long_text_is_judged_by_all_of_it(model: TextModel) -> None:
    plain = "We walked to the shop. Then we sat by the door. "
    mostly_plain, mostly_glad = model.judge(
        [plain * 20 + "I love it!", "I love it, thank you! " * 30 + plain]
    )
    assert mostly_glad["happy"] > 0.5 > mostly_plain["happy"]


@given(texts=st.lists(st.text(max_size=200), max_size=5))
@settings(max_examples=60, deadline=None)
def test_any_texts_give_probabilities_and_each_as_if_alone(
    model: TextModel, texts: list[str]
) -> None:
    together = model.judge(texts)
    for text, scores in zip(texts, together, strict=True):
        assert not scores or sum(scores.values()) == pytest.approx(1.0)
        (alone,) = model.judge([text])
        assert alone == pytest.approx(scores, abs=1e-5)


def test_the_bundled_package_is_small_and_as_it_was_made() -> None:
    folder = bundled_text_model()
    assert verify(folder, load=lambda place: TextModel.load(place, check=False)) == ()
    assert sum(path.stat().st_size for path in folder.iterdir()) < 10_000_000


def test_a_damaged_package_is_refused(package: Path) -> None:
    data = bytearray((package / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (package / "model.onnx").write_bytes(data)
    with pytest.raises(ModelError, match=r"model\.onnx differs from the checksum"):
        open_text_model(package)


@pytest.mark.parametrize("name", ["grams.txt", "model.onnx", "golden.npz"])
def test_a_missing_file_is_named(package: Path, name: str) -> None:
    (package / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        open_text_model(package)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("prior:", "prior"),
        ("labels:\n- neutral", "two or more"),
        ("scale: -1.0", "scale"),
        ("format: 1", "no model of words"),
        ("more: 1", "unknown fields"),
    ],
)
def test_a_wrong_card_is_refused(package: Path, line: str, fault: str) -> None:
    import yaml

    card = yaml.safe_load((package / "card.yaml").read_text(encoding="utf-8"))
    card.update(yaml.safe_load(line))
    (package / "card.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")
    with pytest.raises(ModelError, match=fault):
        open_text_model(package)


def test_what_is_no_model_of_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="words-default"):
        open_text_model("no-such-model")
    with pytest.raises(ModelError, match="found no model of words"):
        open_text_model(tmp_path)


def test_scores_do_not_hang_on_the_company(model: TextModel) -> None:
    short, long = "no", "I was so happy to see all of you there, it made my day " * 3
    alone = model.logits([short])[0]
    np.testing.assert_allclose(model.logits([short, long])[0], alone, atol=1e-5)
