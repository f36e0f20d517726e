"""How written words are read: what people write, and what recognisers of speech make of it."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.words.grams import grams, tokens


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("I don't know.", "i dont know"),
        ("It’s FINE", "its fine"),
        ("Sooooo tired", "sooooooo tired"),
    ],
)
def test_the_words_are_the_same_as_people_write_and_as_recognisers_do(
    written: str, spoken: str
) -> None:
    def words(text: str) -> list[str]:
        return [token for token in tokens(text) if token[0].isalnum()]

    assert words(written) == words(spoken)


def test_capitals_marks_and_emoji_have_signs_of_their_own() -> None:
    assert "<caps>" in tokens("this is GREAT")
    assert "<caps+>" in tokens("THIS WAS NOT FUNNY")
    assert "<caps>" not in tokens("I am OK")
    assert tokens("what?!?!")[-1] == "!?+"
    assert "crying" in tokens("😭")


def test_what_is_denied_does_not_count_as_what_is_said() -> None:
    assert "angry" in grams("I am angry")
    assert "angry" not in grams("I am not angry")
    assert "happy" in grams("I am not angry but happy")
    assert not [gram for gram in grams("not angry") if gram.startswith("#ang")]


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    for gram in grams(text):
        assert gram
        assert "\n" not in gram


@given(st.text(alphabet=string.ascii_lowercase + " ", max_size=80))
def test_spaces_do_not_count(text: str) -> None:
    assert grams(text) == grams("  " + text.replace(" ", "   ") + " ")
