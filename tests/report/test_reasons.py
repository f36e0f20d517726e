"""What drove a label, on the page."""

import json
import re
from dataclasses import replace

import pytest

from affetto.report import html


@pytest.fixture(scope="module")
def page(made_up, sound):
    return html(replace(made_up.timeline(), explanations=(made_up.explanation(),)), sound)


def drawn(page):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1]
    return json.loads(text).get("explanations")


def test_it_is_told_in_words_that_need_no_script(page):
    card = re.search(r'aria-labelledby="reasons-title">(.*?)</section>', page, re.S)[1]
    words = " ".join(re.sub(r"<[^>]+>", " ", card).split())
    assert "angry 80% 0:13.4–0:17.8" in words
    assert "0:15.0 610–1100 Hz 80% → 40%" in words
    assert "0:16.5 1.8–2.7 kHz 80% → 50%" in words
    assert "136 times" in words


def test_the_script_gets_places_in_the_picture(page):
    (why,) = drawn(page)
    assert (why["from"], why["to"], why["label"]) == (12.0, 19.0, "angry")
    assert [len(why["effect"]), len(why["effect"][0])] == [14, 8]
    start, end, low, high = why["strongest"][0]
    assert (start, end) == (15.0, 15.5)
    assert 0 < low < high < 1
    assert 'id="why"' in page


def test_without_an_explanation_there_is_no_trace_of_it(made_up, sound):
    page = html(made_up.timeline(), sound)
    assert drawn(page) is None
    assert 'id="why"' not in page
    assert "reasons-title" not in page


def test_a_label_that_no_segment_has_and_no_sound_do_no_harm(made_up):
    strange = replace(made_up.explanation(), emotion="<b>odd</b>")
    page = html(replace(made_up.timeline(), explanations=(strange,)), None)
    assert "<b>odd</b>" not in page
    assert "&lt;b&gt;odd&lt;/b&gt;" in page
