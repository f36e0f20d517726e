"""Words and voice together: what moves the answer, what must not, and where the two disagree."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.errors import FormatError, OptionError
from affetto.words import Fusion, open_text_model
from affetto.words.fusion import evidence, fullness, incongruence

VOICE = ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise", "bored")
WORDS = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
EVEN = dict.fromkeys(WORDS, 1 / 7)


def scores(labels: tuple[str, ...]) -> st.SearchStrategy[dict[str, float]]:
    numbers = st.lists(st.floats(1e-3, 1.0), min_size=len(labels), max_size=len(labels))
    return numbers.map(lambda n: {k: v / sum(n) for k, v in zip(labels, n, strict=True)})


@given(scores(VOICE), scores(WORDS), st.floats(0.0, 5.0))
def test_what_comes_of_both_are_probabilities(
    voice: dict[str, float], wording: dict[str, float], weight: float
) -> None:
    both = Fusion(weight).together(voice, wording, prior=EVEN)
    assert list(both) == list(voice)
    assert sum(both.values()) == pytest.approx(1.0)
    assert all(p >= 0 for p in both.values())


@given(scores(VOICE), scores(WORDS))
def test_words_surer_of_one_feeling_move_the_answer_towards_it(
    voice: dict[str, float], wording: dict[str, float]
) -> None:
    sad = dict.fromkeys(WORDS, 0.02) | {"sad": 0.88}
    both = Fusion(0.5).together(voice, sad, prior=EVEN)
    assert both["sad"] > voice["sad"]
    assert both["neutral"] < voice["neutral"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Kids are talking by the door",
        "Dogs are sitting by the door",
        "Say the word back",
        "It's eleven o'clock",
        "Don't forget a jacket",
        "The airplane is almost full",
    ],
)
def test_the_sentences_of_acted_corpora_change_nothing(sentence: str) -> None:
    model = open_text_model()
    (wording,) = model.judge([sentence])
    voice = dict.fromkeys(VOICE, 0.05) | {"angry": 0.6}
    both = Fusion().together(voice, wording, prior=model.prior)
    assert both == pytest.approx(voice)


def test_an_emotional_sentence_read_flatly_moves_the_answer() -> None:
    model = open_text_model()
    (wording,) = model.judge(["I am so sad, I miss her so much and I can't stop crying"])
    flat = {"neutral": 0.6, "calm": 0.2, "sad": 0.1, "happy": 0.05, "angry": 0.05}
    both = Fusion().together(flat, wording, prior=model.prior)
    assert max(both, key=lambda label: both[label]) == "sad"


def test_one_of_the_two_speaks_where_the_other_was_not_judged() -> None:
    voice, wording = {"sad": 0.7, "happy": 0.3}, {"happy": 0.9, "neutral": 0.1}
    assert Fusion(1.0).together(voice, {}, prior=EVEN) == voice
    assert Fusion(1.0).together({}, wording, prior=EVEN) == wording
    assert Fusion(1.0).together({}, {}, prior=EVEN) == {}


def test_words_say_nothing_about_labels_that_they_have_no_word_for() -> None:
    told = evidence({"happy": 0.9, "sad": 0.1}, ["fear", "excited"], prior={"happy": 0.5})
    assert told["fear"] == 0.0
    assert told["excited"] > 0.0


def test_fine_words_in_a_sad_voice_are_incongruent_and_neutral_ones_are_not() -> None:
    sad = {"sad": 0.8, "neutral": 0.2}
    assert incongruence(sad, {"happy": 0.9, "neutral": 0.1}) == pytest.approx(0.72)
    assert incongruence(sad, {"neutral": 1.0}) == 0.0
    assert incongruence(sad, {"sad": 0.9, "neutral": 0.1}) == 0.0
    assert incongruence(sad, {}) is None


@given(scores(VOICE), scores(WORDS))
def test_incongruence_is_a_probability(voice: dict[str, float], wording: dict[str, float]) -> None:
    apart = incongruence(voice, wording)
    assert apart is not None
    assert 0.0 <= apart <= 1.0


def test_a_fusion_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    fusion = Fusion(0.8, 1.2, {"sad": -0.5}, "mine: 200 clips")
    fusion.save(tmp_path / "fusion.json")
    assert Fusion.load(tmp_path / "fusion.json") == fusion


@pytest.mark.parametrize(
    "row",
    [
        "no json",
        "[]",
        "{}",
        {"format": "fusion 2"},
        {"weight": 9},
        {"weight": "much"},
        {"offset": {"sad": float("nan")}},
    ],
)
def test_a_file_that_is_no_fusion_is_refused(tmp_path: Path, row: object) -> None:
    path = tmp_path / "fusion.json"
    Fusion().save(path)
    if isinstance(row, dict) and row:
        path.write_text(json.dumps(json.loads(path.read_text()) | row), encoding="utf-8")
    else:
        path.write_text(str(row), encoding="utf-8")
    with pytest.raises(FormatError, match=r"fusion\.json"):
        Fusion.load(path)


@pytest.mark.parametrize("weight", [-0.1, 5.1, float("nan")])
def test_a_weight_out_of_range_is_refused(weight: float) -> None:
    with pytest.raises(OptionError, match="weight of the words"):
        Fusion(weight)


def test_a_word_said_out_of_habit_does_not_turn_the_voice() -> None:
    model = open_text_model()
    voice = {"neutral": 0.6, "angry": 0.2, "sad": 0.2}
    (no,) = model.judge(["No."])
    said = Fusion().together(voice, no, prior=model.prior, share=fullness("No."))
    assert max(said, key=lambda label: said[label]) == "neutral"
    assert fullness("") == 0.0
