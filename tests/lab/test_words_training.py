"""Training a model of words: a small one for real, and what can't be learnt from is refused."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")

from affetto.errors import CorpusError, ManifestError, OutputError
from affetto.lab.words.fusing import learn_fusion
from affetto.lab.words.linear import LinearSettings
from affetto.lab.words.scores import best_thresholds, f1_per_label
from affetto.lab.words.texts import read_texts
from affetto.lab.words.training import fit_calibration, measure_texts, train_texts
from affetto.models.calibration import softmax
from affetto.words.text_model import TextModel

GLAD = [
    "what a lovely {}",
    "i love this {}",
    "thank you for the {} it is great",
    "so glad about {}",
]
ANGRY = ["i hate this {}", "the {} makes me furious", "stop it with the {}", "awful {} go away"]
THINGS = [
    "day",
    "song",
    "film",
    "book",
    "town",
    "meal",
    "dog",
    "game",
    "car",
    "room",
    "plan",
    "idea",
]


def write_table(path: Path, *, splits: bool = True) -> Path:
    rows = [
        (text.format(thing), emotion, ("train", "train", "dev", "test")[number % 4])
        for emotion, texts in (("joy", GLAD), ("anger", ANGRY))
        for text in texts
        for number, thing in enumerate(THINGS)
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "emotion"] + ["split"] * splits)
        writer.writerows(row if splits else row[:2] for row in rows)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TextModel, dict[str, float]]:
    folder = tmp_path_factory.mktemp("words")
    corpus = read_texts(write_table(folder / "texts.csv"))
    model, results = train_texts(
        corpus,
        folder / "package",
        name="tiny",
        settings=LinearSettings(rarest=2),
        strengths=(1.0, 8.0),
    )
    return model, {name: result.macro_f1 for name, result in results.items()}


def test_a_small_corpus_is_learnt(trained: tuple[TextModel, dict[str, float]]) -> None:
    model, results = trained
    assert results["test"] > 0.9
    assert results["test as spoken"] > 0.9
    glad, angry = model.judge(["i love this song", "i hate this song"])
    assert glad["happy"] > 0.5
    assert angry["angry"] > 0.5


def test_eight_bits_are_enough(trained: tuple[TextModel, dict[str, float]]) -> None:
    model, _ = trained
    again = TextModel.load(model.folder)
    texts = ["what a lovely day", "the dog makes me furious"]
    np.testing.assert_allclose(again.logits(texts), model.logits(texts), atol=1e-6)


def test_a_table_without_splits_holds_some_texts_out_itself(tmp_path: Path) -> None:
    corpus = read_texts(write_table(tmp_path / "texts.csv", splits=False))
    model, results = train_texts(
        corpus, tmp_path / "p", name="t", settings=LinearSettings(rarest=2), strengths=(4.0,)
    )
    assert results == {}
    assert measure_texts(model, corpus["train"]).accuracy > 0.9


def test_goemotions_is_read_as_its_authors_wrote_it(tmp_path: Path) -> None:
    (tmp_path / "ekman_labels.txt").write_text("anger\njoy\nneutral", encoding="utf-8")
    (tmp_path / "ekman_train.tsv").write_text("so good\t1\tx1\nhm\t0,2\tx2\n", encoding="utf-8")
    corpus = read_texts(tmp_path)
    assert [label.value for label in corpus["train"].labels] == ["neutral", "happy", "angry"]
    assert corpus["train"].targets.tolist() == [[0, 1, 0], [1, 0, 1]]
    (tmp_path / "ekman_train.tsv").write_text("so good\t7\tx1\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="line 1"):
        read_texts(tmp_path)


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("text,mood\na,b\n", "emotion as well"),
        ("text,emotion\na,hungry\n", "'hungry'"),
        ("text,emotion,split\na,joy,later\n", "'later'"),
        ("text,emotion\na,\n", "no emotion"),
        ("", "nothing"),
    ],
)
def test_tables_that_say_something_else_are_refused(tmp_path: Path, table: str, fault: str) -> None:
    path = tmp_path / "texts.csv"
    path.write_text(table, encoding="utf-8")
    with pytest.raises(ManifestError, match=fault):
        read_texts(path)


def test_one_feeling_alone_is_no_corpus(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("text,emotion\na,joy\nb,joy\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="two feelings"):
        read_texts(path)
    with pytest.raises(CorpusError, match="expected GoEmotions"):
        read_texts(tmp_path)


def test_f1_and_thresholds() -> None:
    targets = np.array([[1], [1], [0], [0]])
    given = np.array([[0.9], [0.3], [0.25], [0.1]])
    (threshold,) = best_thresholds(targets, given)
    assert 0.25 < threshold <= 0.3
    assert f1_per_label(targets, given >= threshold) == [1.0]


def test_calibration_brings_what_is_too_sure_back() -> None:
    random = np.random.default_rng(0)
    logits = random.standard_normal((4000, 3)) * 2
    truth = np.array([random.choice(3, p=row) for row in softmax(logits)])
    scale, offset = fit_calibration(logits * 5, np.eye(3)[truth])
    assert scale == pytest.approx(0.2, rel=0.15)
    assert np.abs(offset).max() < 0.2


def test_few_sentences_teach_no_fusion() -> None:
    scores = [{"sad": 0.5, "happy": 0.5}] * 80
    with pytest.raises(CorpusError, match="found 2 different texts"):
        learn_fusion(
            scores, scores, ["sad", "happy"] * 40, texts=["a", "b"] * 40,
            speakers=["x", "y"] * 40, prior={"sad": 0.5, "happy": 0.5}, name="acted",
        )  # fmt: skip


def test_words_that_say_nothing_get_no_weight() -> None:
    random = np.random.default_rng(1)
    truth = ["sad", "happy"] * 200
    right = random.random(400) < 0.75
    sure = [0.75 if (t == "sad") == r else 0.25 for t, r in zip(truth, right, strict=True)]
    fusion, result = learn_fusion(
        [{"sad": p, "happy": 1 - p} for p in sure],
        [{"sad": p, "happy": 1 - p} for p in random.uniform(0.02, 0.98, 400)],
        truth,
        texts=[f"text {i}" for i in range(400)],
        speakers=[f"s{i % 10}" for i in range(400)],
        prior={"sad": 0.5, "happy": 0.5},
        name="made up",
    )
    assert fusion.weight < 0.25
    assert result.learned >= result.fixed


def test_what_would_end_badly_is_refused_at_once(tmp_path: Path) -> None:
    corpus = read_texts(write_table(tmp_path / "texts.csv"))
    with pytest.raises(OutputError, match="found other files there"):
        train_texts(corpus, tmp_path, name="t")
    empty = replace(corpus["train"], texts=(), targets=corpus["train"].targets[:0])
    with pytest.raises(CorpusError, match="a feeling that no text holds"):
        train_texts(corpus | {"train": empty}, tmp_path / "p", name="t")
