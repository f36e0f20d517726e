"""What is said, on the page: whole, safe, and clear about who wrote it down."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.report import html
from affetto.report.payload import labels_of
from affetto.report.transcript import transcript
from affetto.timeline import Timeline
from affetto.transcript import Phrase, Transcript, Word

NASTY = '</script><script>alert("x")</script><img src=x onerror=alert(1)> "\'&amp;'


class Elements(HTMLParser):
    """Collects every element with its attributes, and all text."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def section(words, **classes):
    return Elements(transcript(Timeline("x.wav", 30.0, (), "m", words=words), classes))


@pytest.fixture(scope="module")
def told(made_up):
    return section(made_up.transcript(), calm="e0", angry="e1", happy="e2")


def test_the_page_has_it_where_there_are_words(made_up):
    timeline = made_up.timeline()
    assert "said-title" not in html(timeline, None)
    page = html(replace(timeline, words=made_up.transcript()), None)
    assert page.index('id="lanes"') < page.index('id="said-title"') < page.index("Share of the")
    assert "go word by word" in page


def test_each_phrase_has_time_speaker_feeling_and_text(told):
    said = re.sub(r"\s+", " ", told.text)
    assert "0:04.9Speaker Bhappy 58%Oh yes, I could hardly sleep, I was so glad!" in said
    assert "I am sorry, the kettle was broken." in said


def test_each_word_goes_to_its_place(told):
    words = [
        attributes for tag, attributes in told.found if tag == "span" and "data-seek" in attributes
    ]
    assert len(words) == 9 + 10 + 9 + 8 + 2
    assert words[0]["data-seek"] == "0.600"
    doubted = [attributes["title"] for attributes in words if attributes.get("class") == "doubted"]
    assert doubted == ["heard with 30% certainty"]


def test_disagreement_is_flagged_and_explained(told):
    said = re.sub(r"\s+", " ", told.text)
    assert "≠ Voice and words disagree: voice angry 86%, words happy 92%" in said
    assert "Only where voice and words disagree (1)" in said
    assert "a friendly word said angrily" in said
    rows = [attributes["class"] for tag, attributes in told.found if tag == "li"]
    assert [("apart" in row.split()) for row in rows] == [False, False, True, False, False]
    # Where they agree, or the words hold no feeling, nothing is said.
    assert "voice calm" not in said
    assert "words happy 92%" in said
    assert "voice happy" not in said


def test_without_disagreement_nothing_explains_it(made_up):
    calm = Transcript(made_up.transcript().phrases[:2])
    assert "≠" not in section(calm).text


def test_it_says_who_wrote_it_down_and_what_the_words_weigh(told):
    assert "Written down by Whisper small. Translated by opus-mt de-en." in told.text
    assert "wording 1.0 judges the words, which count with a weight of 0.4" in told.text
    assert "Dotted words may have been misheard" in told.text
    alone = section(Transcript((Phrase(0, 1, "Well."),), transcriber="pocketsphinx (fallback)"))
    assert "Written down by pocketsphinx (fallback)." in alone.text
    assert "weight" not in alone.text


def test_languages_are_named_for_those_who_listen(told):
    texts = [attributes for tag, attributes in told.found if attributes.get("class") == "text"]
    assert [attributes["lang"] for attributes in texts] == ["en", "en", "en", "de", "en"]
    odd = section(Transcript((Phrase(0, 1, "x", language='en" onclick="x'),)))
    assert all("lang" not in attributes for _, attributes in odd.found)


def test_words_that_are_not_in_the_text_leave_it_as_it_is():
    odd = Phrase(0, 1, "Quite something else", (Word("not", 0, 1),))
    assert "Quite something else" in section(Transcript((odd,))).text
    languages = Phrase(0, 2, "今日は晴れ。", (Word("今日は", 0, 1), Word("晴れ", 1, 2)))
    assert "今日は晴れ。" in section(Transcript((languages,))).text


def test_no_words_are_told_too():
    assert "No words were found." in section(Transcript(())).text


def test_labels_of_words_have_their_colours(made_up):
    phrase = Phrase(0, 1, "x", voice={"sad": 1.0}, wording={"excited": 1.0}, scores={"sad": 1.0})
    timeline = Timeline("x.wav", 1.0, (), "m", words=Transcript((phrase,)))
    assert labels_of(timeline) == ("sad", "excited")
    assert "--feeling:#2ab7a9" in html(timeline, None)


@pytest.mark.parametrize(
    "field",
    ["text", "words", "speaker", "translation", "label", "transcriber", "model", "language"],
)
def test_no_text_becomes_markup(field):
    label = NASTY if field == "label" else "sad"
    phrase = Phrase(
        0.0, 2.0,
        NASTY if field in ("text", "words") else "x",
        (Word(NASTY, 0.0, 1.0, 0.2),) if field == "words" else (),
        speaker=NASTY if field == "speaker" else None,
        language=NASTY if field == "language" else None,
        translation=NASTY if field == "translation" else None,
        voice={label: 1.0}, wording={"happy": 1.0}, scores={label: 0.2}, incongruence=0.9,
    )  # fmt: skip
    words = Transcript(
        (phrase,), transcriber=NASTY if field == "transcriber" else "", translator=NASTY,
        model=NASTY if field == "model" else "", language=NASTY,
    )  # fmt: skip
    page = Elements(html(Timeline("x.wav", 3.0, (), "m", words=words), None))
    assert [tag for tag, _ in page.found].count("script") == 3
    assert not [tag for tag, _ in page.found if tag == "img"]
    assert not any(name.startswith("on") for _, attributes in page.found for name in attributes)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=8), max_size=6))
def test_any_text_is_on_the_page_as_it_was_said(parts):
    text = " ".join(parts)
    words = tuple(Word(part, at, at + 0.5) for at, part in enumerate(parts))
    page = section(Transcript((Phrase(0.0, 9.0, text, words),)))
    # The parser of Python joins what stands between elements; carriage returns become line feeds.
    wanted = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    assert wanted in page.text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
