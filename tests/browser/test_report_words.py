"""What is said, in the report of a real browser: to read, to follow, to find."""

from dataclasses import replace

import pytest

from affetto.report import write_html

pytestmark = pytest.mark.browser


@pytest.fixture
def open_report(chromium, made_up, tmp_path):
    """Open a report with words: `open_report(words, width=…)`; nothing may be complained of."""
    contexts, complaints = [], []

    def _open(words=None, *, width=1200, scheme="light", sound=True):
        words = made_up.transcript() if words is None else words
        timeline = replace(made_up.timeline(speakers=True), words=words)
        write_html(tmp_path / "words.html", timeline, made_up.voice(30.0) if sound else None)
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((tmp_path / "words.html").as_uri())
        if sound:
            page.wait_for_selector("#play:not(:disabled)")
        return page

    yield _open
    for context in contexts:
        context.close()
    assert complaints == []


def now(page):
    return page.locator("#now").inner_text()


def spoken(page):
    """Give the word that is marked as being said."""
    marked = page.locator("#said [data-now]")
    return marked.inner_text() if marked.count() else None


def test_a_phrase_and_a_word_seek_and_are_marked(open_report):
    page = open_report()
    page.get_by_role("button", name="Go to the phrase at 0:20.8").click()
    assert now(page) == "0:20.8"
    assert spoken(page) == "Es"
    page.locator("#said").get_by_text("great.", exact=True).click()
    assert page.evaluate("document.querySelector('audio').currentTime") == pytest.approx(
        13.4 + 2 * 4.4 / 9, abs=0.01
    )
    assert spoken(page) == "great."
    current = page.locator("#said li[aria-current]")
    assert current.count() == 1
    assert "That's just great." in current.inner_text()


def test_the_mark_goes_along_while_it_is_spoken(open_report):
    page = open_report()
    page.locator("#said").get_by_text("sleep,", exact=True).click()
    heard = [spoken(page)]
    page.keyboard.press(" ")
    for _ in range(200):
        if heard[-1] != (word := spoken(page)) and word:
            heard.append(word)
        if word == "so":
            break
        page.wait_for_timeout(10)
    assert heard == ["sleep,", "I", "was", "so"]
    assert page.locator("#said [data-now]").count() == 1


def test_in_silence_no_word_is_marked(open_report):
    page = open_report(sound=False)
    page.get_by_role("button", name="Go to the phrase at 0:04.9").click()
    assert spoken(page) == "Oh"
    page.locator("#lanes").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert now(page) == "0:10.9"
    assert spoken(page) is None
    assert page.locator("#said li[aria-current]").count() == 0


def test_the_marked_word_can_be_read(open_report):
    """Its ground stays its own, even where the pointer rests on it."""
    for scheme in ("light", "dark"):
        page = open_report(scheme=scheme)
        page.locator("#said").get_by_text("great.", exact=True).click()
        ground, ink = page.evaluate(
            """() => {
              const style = getComputedStyle(document.querySelector("#said [data-now]"));
              const light = (colour) => {
                const [red, green, blue] = colour.match(/\\d+/g).map(Number);
                return red + green + blue;
              };
              return [light(style.backgroundColor), light(style.color)];
            }"""
        )
        assert abs(ground - ink) > 450


def test_by_keyboard_words_and_phrases_are_reached(open_report):
    page = open_report()
    first = page.locator("#said .jump").first
    first.focus()
    page.keyboard.press("Enter")
    assert spoken(page) == "Good"
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    assert spoken(page) == "shall"
    page.keyboard.press("ArrowLeft")
    assert spoken(page) == "morning;"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "0:13.4"
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowLeft")
    # Over the pause to the last word of the phrase before, which has the keyboard then.
    assert spoken(page) == "glad!"
    assert page.evaluate("document.activeElement.textContent") == "0:04.9"


def test_phrases_are_found_by_word_name_and_feeling(open_report):
    page = open_report()
    shown = page.locator("#said li:not([hidden])")
    for wanted, count in (("KETTLE", 1), ("  just   great", 1), ("speaker b", 2), ("calm", 1)):
        page.get_by_role("searchbox", name="Find").fill(wanted)
        assert shown.count() == count, wanted
        assert page.get_by_role("status").inner_text() == f"{count} of 5 phrases"
    page.get_by_role("searchbox", name="Find").fill("")
    assert shown.count() == 5
    assert page.get_by_role("status").inner_text() == ""


def test_typing_in_the_search_does_not_play(open_report):
    page = open_report()
    page.get_by_role("searchbox", name="Find").focus()
    page.keyboard.type("n p 0 +")
    assert page.evaluate("document.querySelector('audio').paused")
    assert page.get_by_role("searchbox", name="Find").input_value() == "n p 0 +"
    assert now(page) == "0:00.0"


def test_those_where_voice_and_words_disagree_can_be_had_alone(open_report):
    page = open_report()
    button = page.get_by_role("button", name="Only where voice and words disagree (1)")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    shown = page.locator("#said li:not([hidden])")
    assert shown.count() == 1
    assert shown.get_by_text("Voice and words disagree:").is_visible()
    button.click()
    assert shown.count() == 5


@pytest.mark.parametrize("width", [320, 390, 820, 1000, 1440])
def test_no_width_scrolls_sideways(open_report, made_up, width):
    long = replace(made_up.transcript().phrases[2], text="A" * 200, words=(), speaker="B" * 80)
    words = made_up.transcript()
    page = open_report(replace(words, phrases=(*words.phrases, long)), width=width, sound=False)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    inner = page.locator(".scroll:has(#said)").evaluate("e => e.scrollWidth - e.clientWidth")
    assert inner <= 0


def test_long_talk_is_kept_in_sight_without_moving_the_page(open_report, made_up):
    words = made_up.transcript()
    many = tuple(replace(words.phrases[0], start=i, end=i + 0.9, words=()) for i in range(30))
    page = open_report(replace(words, phrases=many), sound=False)
    page.locator("#lanes").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    before = page.evaluate("scrollY")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("scrollY") == before
    inside = page.evaluate(
        """() => {
          const box = document.querySelector(".scroll:has(#said)").getBoundingClientRect();
          const row = document.querySelector("#said [aria-current]").getBoundingClientRect();
          return row.top >= box.top - 1 && row.bottom <= box.bottom + 1;
        }"""
    )
    assert inside


def test_paper_has_every_phrase_and_no_controls(open_report):
    page = open_report(scheme="dark", sound=False)
    page.get_by_role("button", name="Go to the phrase at 0:20.8").click()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert not page.get_by_role("searchbox", name="Find").is_visible()
    assert page.locator("#said li").last.is_visible()
    marked = page.locator("#said [data-now]")
    assert marked.evaluate("e => getComputedStyle(e).backgroundColor") == "rgba(0, 0, 0, 0)"
