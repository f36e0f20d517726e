"""The server's page in a real browser: what is said, in recordings and live."""

import json
from contextlib import ExitStack

import pytest

from affetto.emotions import COLOURS

pytestmark = pytest.mark.browser

pytest.importorskip("fastapi", reason="the server isn't installed: extra server")

from affetto.server import Settings
from scripted_words import Scripted
from served import served

HAPPY = "I am so happy for you, this is wonderful"
SAD = "Ich bin wirklich traurig und allein"


@pytest.fixture
def place(server):
    """Serve the page with a recogniser that says what it is told: `place(scripted, …)`."""
    with ExitStack() as opened:

        def _place(scripted=None, **settings):
            wanted = {"models": ("default",), "transcriber": scripted or Scripted(HAPPY)}
            client = opened.enter_context(served(Settings(**wanted | settings)))
            return str(client.base_url).rstrip("/")

        yield _place


@pytest.fixture
def reader(chromium, visitor_of, place):
    """Let somebody open the example with words: `reader(scripted, width=…)`."""

    def _reader(scripted=None, *, width=1280, scheme="light", **settings):
        address = place(scripted, **settings)
        visitor = visitor_of(chromium, address=address, width=width, scheme=scheme)
        visitor.come()
        ask(visitor)
        visitor.open()
        return visitor

    return _reader


def ask(visitor):
    visitor.page.locator(".options summary").click()
    visitor.page.locator("#words").get_by_label("Write down what is said").check()


def sound_at(visitor):
    return visitor.evaluate(
        'document.querySelector("#wave > div").shadowRoot.querySelector("audio").currentTime'
    )


def spoken(visitor):
    """Give the word that is marked as being said, and its phrase's text."""
    marked = visitor.page.locator("#said [data-now]")
    if not marked.count():
        return None
    return marked.inner_text(), visitor.text("#said li[aria-current] .text")


def seconds(text):
    minutes, rest = text.split(":")
    return 60 * int(minutes) + float(rest)


def test_a_word_that_is_clicked_is_gone_to_and_marked(reader):
    visitor = reader()
    assert visitor.text("#said-title") == "What is said"
    word = visitor.page.locator("#said [data-seek]", has_text="happy").nth(1)
    wanted = float(word.get_attribute("data-seek"))
    assert wanted > 1
    word.click()
    visitor.until(lambda: sound_at(visitor) == pytest.approx(wanted, abs=0.05))
    assert spoken(visitor) == ("happy", word.locator("xpath=..").inner_text())
    assert seconds(visitor.text("#now")) == pytest.approx(wanted, abs=0.11)
    assert "Written down by scripted." in visitor.text("#said-how")
    line = visitor.page.locator("#said li[aria-current]")
    felt = line.locator(".felt b").inner_text()
    edge = line.evaluate("line => getComputedStyle(line).borderLeftColor")
    assert edge == visitor.rgb(COLOURS[felt])


def test_the_mark_goes_along_while_it_is_played(reader):
    visitor = reader()
    first = visitor.page.locator("#said [data-seek]").first
    first.click()
    heard = [spoken(visitor)[0]]
    visitor.page.get_by_role("button", name="Play").click()

    def three():
        now = spoken(visitor)
        if now and now[0] != heard[-1]:
            heard.append(now[0])
        return len(heard) >= 3

    visitor.until(three)
    places = [HAPPY.split().index(word) for word in heard]
    assert places == sorted(places)
    assert visitor.page.locator("#said [data-now]").count() <= 1  # none between two words


def test_the_keyboard_goes_from_phrase_to_phrase_and_word_to_word(reader):
    visitor = reader()
    times = visitor.page.locator("#said .jump")
    times.first.focus()
    visitor.page.keyboard.press("Enter")
    assert spoken(visitor)[0] == "I"
    visitor.page.keyboard.press("ArrowRight")
    visitor.page.keyboard.press("ArrowRight")
    assert spoken(visitor)[0] == "so"
    visitor.page.keyboard.press("ArrowLeft")
    assert spoken(visitor)[0] == "am"
    visitor.page.keyboard.press("ArrowDown")
    focused = visitor.evaluate("document.activeElement.textContent")
    assert focused == times.nth(1).inner_text()
    visitor.page.keyboard.press("Enter")
    assert seconds(visitor.text("#now")) == pytest.approx(seconds(focused), abs=0.11)
    visitor.page.keyboard.press("ArrowUp")
    assert visitor.evaluate("document.activeElement.textContent") == times.first.inner_text()


def test_where_voice_and_words_disagree_is_marked_and_found(reader):
    visitor = reader(Scripted(SAD, language="de", english="I am really sad"), translate="whisper")
    apart = visitor.page.locator("#said li.apart")
    told = apart.first.locator(".disagree").inner_text()
    assert "Voice and words disagree:" in told
    assert "words sad" in told
    lines = visitor.page.locator("#said li")
    all_of_them = lines.count()
    assert 0 < apart.count() < all_of_them
    button = visitor.page.get_by_role("button", name="Only where voice and words disagree")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert visitor.page.locator("#said li:visible").count() == apart.count()
    assert visitor.text("#found") == f"{apart.count()} of {all_of_them} phrases"
    button.click()
    visitor.page.get_by_label("Find").fill("  UND allein ")
    found = visitor.page.locator("#said li:visible .text").all_inner_texts()
    assert all("und allein" in text for text in found)
    assert visitor.text("#found") == f"{len(found)} of {all_of_them} phrases"


def test_what_is_foreign_says_so_and_what_it_means(reader):
    scripted = Scripted(SAD, language="de", english="I am really sad")
    visitor = reader(scripted, translate="whisper")
    line = visitor.page.locator("#said li").first
    assert line.locator(".text").get_attribute("lang") == "de"
    assert line.locator(".translation").get_attribute("lang") == "en"
    assert "I am really sad" in line.locator(".translation").inner_text()
    visitor.page.get_by_label("Into English, too").first.uncheck()
    visitor.page.get_by_label("Language").first.select_option("de")
    scripted.asked.clear()
    visitor.page.set_input_files("#file", [])
    visitor.open()
    visitor.until("document.querySelectorAll('#library li').length == 2")
    assert visitor.page.locator("#said .translation").count() == 0
    assert {(language, into) for _, language, into in scripted.asked} == {("de", False)}


def test_names_and_numbers_can_be_masked(reader, place):
    visitor = reader(Scripted("ring 5551234 now please"))
    assert "5551234" in visitor.text("#said")
    visitor.page.get_by_label("Mask names and numbers").first.check()
    visitor.page.set_input_files("#file", [])
    visitor.open()
    visitor.until("document.querySelectorAll('#library li').length == 2")
    assert "5551234" not in visitor.text("#said")
    assert "[number]" in visitor.text("#said")


def test_without_words_the_switch_says_why(chromium, visitor_of, place):
    visitor = visitor_of(chromium, address=place(words=0))
    visitor.come()
    visitor.page.locator(".options summary").click()
    box = visitor.page.locator("#words input[type=checkbox]").first
    assert box.is_disabled()
    told = visitor.page.locator(f"#{box.get_attribute('aria-describedby')}").inner_text()
    assert told == "Not here: this server was started without words (--words 0)"
    visitor.open()
    assert not visitor.page.locator("#said-card").is_visible()


def test_a_recogniser_that_fails_is_told_and_the_voice_is_heard(
    chromium, visitor_of, place, examples
):
    scripted = Scripted()
    scripted.fails.set()
    visitor = visitor_of(chromium, address=place(scripted))
    visitor.forgive("502")
    visitor.come()
    ask(visitor)
    visitor.page.set_input_files("#file", examples / "two_moods.flac")
    visitor.page.locator("#alert", has_text="found the recogniser broken").wait_for()
    visitor.page.locator("#words").get_by_label("Write down what is said").uncheck()
    visitor.page.set_input_files("#file", [])
    visitor.open()
    assert not visitor.page.locator("#said-card").is_visible()


def test_words_are_kept_with_the_recording_and_go_into_files(reader):
    visitor = reader()
    said = visitor.text("#said")
    with visitor.page.expect_download() as download:
        visitor.page.locator("#downloads").get_by_role("button", name="VTT").click()
    assert "so happy" in download.value.path().read_text()
    visitor.page.locator("#words").get_by_label("Write down what is said").uncheck()
    visitor.page.set_input_files("#file", [])
    visitor.open()
    visitor.until("document.querySelectorAll('#library li').length == 2")
    assert not visitor.page.locator("#said-card").is_visible()
    visitor.page.reload()
    visitor.page.locator("#library .entry").nth(1).click()
    visitor.page.locator("#said-card").wait_for()
    assert visitor.text("#said") == said


def test_the_voice_alone_can_stand_beside_it(reader):
    scripted = Scripted()
    visitor = reader(scripted)
    asked = len(scripted.asked)
    options = visitor.page.locator("#compare option").all_inner_texts()
    assert options[1] == "by the voice alone"
    assert all(text.endswith("by the voice alone") for text in options[1:])
    visitor.page.select_option("#compare", label="by the voice alone")
    visitor.page.locator("#agreement", has_text="the same feeling for").wait_for()
    assert len(scripted.asked) == asked


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_nothing_is_wider_than_the_page(reader, width):
    visitor = reader(Scripted(SAD, language="de"), translate="whisper", width=width)
    assert visitor.evaluate("document.documentElement.scrollWidth") <= width
    inner = visitor.page.locator(".scroll:has(#said)").evaluate(
        "e => e.scrollWidth - e.clientWidth"
    )
    assert inner <= 0


def frames(visitor, kind):
    rows = [json.loads(text) for _, text in visitor.frames]
    return [row for row in rows if row["type"] == kind]


def test_phrases_come_while_it_is_spoken_and_stay(listener, visitor_of, place):
    visitor = visitor_of(listener, address=place(Scripted(SAD, language="de", english="I am sad")))
    visitor.come("#live")
    visitor.page.locator("#live-words").get_by_label("Write down what is said").check()
    visitor.page.get_by_role("button", name="Listen").click()
    partial = visitor.page.locator("#live-partial")
    partial.wait_for()
    faint = visitor.evaluate("getComputedStyle(document.querySelector('.meta')).color")
    assert partial.evaluate("e => getComputedStyle(e).color") == faint
    visitor.until(lambda: partial.inner_text().partition(" ")[0] in SAD.split())
    assert visitor.page.locator("#live-words fieldset").evaluate("frame => frame.disabled")
    line = visitor.page.locator("#live-said li").first
    line.wait_for()
    assert line.locator(".text").inner_text() == "Ich bin wirklich traurig"
    parts = line.locator(".ratio i").evaluate_all(
        "all => all.map((e) => parseFloat(e.style.width))"
    )
    told = frames(visitor, "words")
    scores = next(row["phrases"][0] for row in told if row["phrases"])["scores"]
    assert sum(parts) == pytest.approx(100, abs=0.5)
    assert sorted(parts) == pytest.approx(sorted(100 * p for p in scores.values()), abs=0.1)
    top = max(scores, key=scores.get)
    assert line.locator(".ratios .figure").inner_text().startswith(f"{top} ")
    assert visitor.page.locator("#live-said-box").get_attribute("role") == "log"
    visitor.page.get_by_role("button", name="Stop").click()
    visitor.page.locator("#kept").wait_for()
    assert not partial.is_visible()
    words = frames(visitor, "timeline")[0]["timeline"]["words"]["phrases"]
    shown = visitor.page.locator("#live-said .text").all_inner_texts()
    assert shown == [phrase["text"] for phrase in words]
    visitor.page.get_by_role("button", name="Open it as a recording").first.click()
    visitor.page.locator("#play:enabled").wait_for()
    assert visitor.page.locator("#said .text").all_inner_texts() == shown


def test_words_that_fail_leave_the_voice(listener, visitor_of, place):
    scripted = Scripted(HAPPY)
    visitor = visitor_of(listener, address=place(scripted))
    visitor.come("#live")
    visitor.page.locator("#live-words").get_by_label("Write down what is said").check()
    visitor.page.get_by_role("button", name="Listen").click()
    visitor.page.locator("#live-said li").first.wait_for()
    scripted.fails.set()
    visitor.page.locator("#live-said-note", has_text="found the recogniser broken").wait_for()
    before = len(frames(visitor, "update"))
    visitor.until(lambda: len(frames(visitor, "update")) > before + 10)
    visitor.page.get_by_role("button", name="Stop").click()
    visitor.page.locator("#kept").wait_for()
    assert "not written down to the end" in visitor.text("#live-said-note")
