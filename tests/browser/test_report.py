"""The report in a real browser: what a reader does, and what they then see and hear."""

import pytest

pytestmark = pytest.mark.browser

NAMES = ["one", "two", "mute", "silence", "no-samples"]


def inked(opened, name):
    """Count the pixels of a canvas that are not transparent."""
    return opened.page.evaluate(
        """(name) => {
          const canvas = document.getElementById(name);
          const { width, height } = canvas;
          const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          return pixels.filter((value, at) => at % 4 === 3 && value > 0).length;
        }""",
        name,
    )


def click_at(opened, part, lane="#wave"):
    box = opened.page.locator(lane).bounding_box()
    opened.page.mouse.click(box["x"] + part * box["width"], box["y"] + box["height"] / 2)


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_without_complaint_and_asks_the_network_for_nothing(visit, name):
    opened = visit(name)
    if name not in ("mute", "no-samples"):
        opened.wait_for_sound()
    opened.page.wait_for_timeout(200)
    assert opened.complaints == []
    assert opened.outside() == []


@pytest.mark.parametrize("name", NAMES)
def test_no_width_scrolls_sideways(visit, name):
    opened = visit(name)
    for width in (320, 390, 820, 1440):
        opened.page.set_viewport_size({"width": width, "height": 900})
        opened.page.wait_for_timeout(50)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_lane_is_drawn(visit):
    opened = visit("one")
    opened.wait_for_sound()
    opened.page.wait_for_timeout(200)
    for lane in ("strip", "wave", "axis", "chances", "spectrogram"):
        assert inked(opened, lane) > 500, lane


def test_the_waveform_has_the_feelings_colours(visit):
    opened = visit("one")
    opened.page.wait_for_timeout(200)
    colours = opened.page.evaluate(
        """() => [0.24, 0.52, 0.77, 0.42].map((part) => {
          const { width, height } = document.getElementById("wave");
          const ctx = document.getElementById("wave").getContext("2d");
          const around = ctx.getImageData(part * width - 15, 0, 30, height).data;
          const found = new Set();
          for (let i = 0; i < around.length; i += 4) {
            if (around[i + 3] === 255) found.add(around.slice(i, i + 3).join());
          }
          return [...found];
        })"""
    )
    for found, colour in zip(
        colours, ("240,200,8", "213,94,0", "0,114,178", "195,192,186"), strict=True
    ):
        assert colour in found
    assert "213,94,0" not in colours[0]


@pytest.mark.parametrize("lane", ["#wave", "#chances", "#spectrogram", "#strip"])
def test_a_click_on_a_lane_seeks(visit, lane):
    opened = visit("one")
    opened.wait_for_sound()
    click_at(opened, 0.5, lane)
    assert opened.current_time() == pytest.approx(15.0, abs=0.1)
    assert opened.page.locator("#heard").inner_text().startswith("angry")
    assert opened.page.locator("#lanes").get_attribute("aria-valuetext").startswith("0:15 of 0:30")


def test_a_drag_scrubs(visit):
    opened = visit("one")
    opened.wait_for_sound()
    box = opened.page.locator("#wave").bounding_box()
    y = box["y"] + 30
    opened.page.mouse.move(box["x"] + 0.2 * box["width"], y)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + 0.6 * box["width"], y, steps=4)
    opened.page.mouse.move(box["x"] + 0.75 * box["width"], y, steps=4)
    opened.page.mouse.up()
    opened.page.mouse.move(box["x"], y)
    assert opened.current_time() == pytest.approx(22.5, abs=0.1)


def test_space_plays_and_pauses_and_the_mark_moves(visit):
    opened = visit("one")
    opened.wait_for_sound()
    before = opened.page.locator("#playhead").bounding_box()["x"]
    opened.page.keyboard.press(" ")
    opened.until("document.querySelector('audio').currentTime > 0.4")
    assert opened.page.locator("#play").get_attribute("aria-label") == "Pause"
    assert opened.page.locator("#playhead").bounding_box()["x"] > before + 5
    opened.page.keyboard.press(" ")
    stopped = opened.current_time()
    opened.page.wait_for_timeout(250)
    assert opened.current_time() == stopped
    assert opened.page.locator("#play").get_attribute("aria-label") == "Play"


def test_space_on_the_button_toggles_once(visit):
    opened = visit("one")
    opened.wait_for_sound()
    opened.page.locator("#play").focus()
    opened.page.keyboard.press(" ")
    opened.until("!document.querySelector('audio').paused")
    opened.page.wait_for_timeout(150)
    assert not opened.page.evaluate("document.querySelector('audio').paused")


def test_the_sound_starts_where_the_picture_says(visit):
    """Decode the page's own sound as the browser does: speech starts at 0.6 s."""
    opened = visit("one")
    opened.wait_for_sound()
    onset = opened.page.evaluate(
        """async () => {
          const text = atob(document.getElementById("sound").textContent);
          const body = Uint8Array.from(text, (c) => c.charCodeAt(0));
          const sound = await new OfflineAudioContext(1, 16000, 16000).decodeAudioData(body.buffer);
          const samples = sound.getChannelData(0);
          return samples.findIndex((x) => Math.abs(x) > 0.03) / sound.sampleRate;
        }"""
    )
    assert onset == pytest.approx(0.6, abs=0.06)


@pytest.mark.parametrize("target", ["td.feeling", ".jump"])
def test_a_row_of_the_table_seeks_and_is_marked(visit, target):
    opened = visit("one")
    opened.wait_for_sound()
    opened.page.locator("#segments tbody tr").nth(5).locator(target).click()
    assert opened.current_time() == pytest.approx(20.8, abs=0.05)
    marked = opened.page.locator("#segments tr[aria-current=true]")
    assert marked.count() == 1
    assert "sad" in marked.inner_text()


def test_a_clearest_moment_and_a_dot_seek(visit):
    opened = visit("one")
    opened.wait_for_sound()
    opened.page.locator(".moments li", has_text="happy").locator("button").click()
    assert opened.current_time() == pytest.approx(4.9, abs=0.05)
    opened.page.locator("#circumplex .dot").first.dispatch_event("click")
    assert opened.current_time() == pytest.approx(20.8, abs=0.05)


def test_keys_move_jump_and_zoom(visit):
    opened = visit("one")
    opened.wait_for_sound()
    opened.page.locator("#lanes").focus()
    for _ in range(3):
        opened.page.keyboard.press("ArrowRight")
    assert opened.current_time() == pytest.approx(4.5, abs=0.05)
    opened.page.keyboard.press("n")
    assert opened.current_time() == pytest.approx(4.9, abs=0.05)
    opened.page.keyboard.press("p")
    assert opened.current_time() == pytest.approx(0.6, abs=0.05)
    assert not opened.page.locator("#overview").is_visible()
    opened.page.keyboard.press("+")
    assert opened.page.locator("#overview").is_visible()
    opened.page.keyboard.press("0")
    assert not opened.page.locator("#overview").is_visible()
    opened.page.keyboard.press("End")
    assert opened.current_time() == pytest.approx(30.0, abs=0.1)


def test_zoom_goes_about_the_mark_and_pans(visit):
    opened = visit("one")
    opened.wait_for_sound()
    click_at(opened, 0.5)
    opened.page.locator("#zoom-in").click()
    opened.page.locator("#zoom-in").click()
    opened.page.wait_for_timeout(100)
    click_at(opened, 0.0)
    assert opened.current_time() == pytest.approx(15 - 7.5 / 2, abs=0.1)
    click_at(opened, 1 - 3.75 / 30, "#overview")
    opened.page.wait_for_timeout(100)
    click_at(opened, 0.999)
    assert opened.current_time() == pytest.approx(30, abs=0.1)
    opened.page.locator("#zoom-all").click()
    assert opened.page.locator("#zoom-all").is_disabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_and_toggles(visit, scheme):
    opened = visit("one", scheme=scheme)
    other = "dark" if scheme == "light" else "light"
    ground = "getComputedStyle(document.body).backgroundColor"
    root = opened.page.locator("html")
    assert root.get_attribute("data-theme") == scheme
    before = opened.page.evaluate(ground)
    opened.page.locator("#theme").click()
    assert root.get_attribute("data-theme") == other
    assert opened.page.evaluate(ground) != before
    opened.page.locator("#theme").click()
    assert opened.page.evaluate(ground) == before


def test_paper_is_light_without_controls_and_with_every_row(visit):
    opened = visit("one", scheme="dark")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened.page.emulate_media(media="print", color_scheme="dark")
    assert opened.page.locator("html").get_attribute("data-theme") == "light"
    assert not opened.page.locator("#play").is_visible()
    assert opened.page.locator("#segments tbody tr").last.is_visible()
    opened.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened.page.locator("html").get_attribute("data-theme") == "dark"


def test_without_sound_inside_the_recording_can_be_chosen(visit, made_up, tmp_path):
    import wave

    import numpy as np

    opened = visit("mute")
    assert not opened.page.locator("#play").is_visible()
    click_at(opened, 0.5)
    assert opened.page.locator("#now").inner_text() == "0:15.0"
    with wave.open(str(tmp_path / "voice.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((made_up.voice(30.0) * 32_000).astype(np.int16).tobytes())
    opened.page.locator("#recording").set_input_files(tmp_path / "voice.wav")
    opened.wait_for_sound()
    assert opened.current_time() == pytest.approx(15.0, abs=0.1)
    assert opened.complaints == []
    assert opened.outside() == []


def test_silence_shows_its_sentence_and_no_empty_panels(visit):
    opened = visit("silence")
    assert opened.page.get_by_text("No speech was found").is_visible()
    for part in ("#chances", "#segments", "#circumplex", "#strip", ".legend"):
        assert not opened.page.locator(part).is_visible(), part
    opened.wait_for_sound()
    click_at(opened, 0.5)
    assert opened.current_time() == pytest.approx(1.5, abs=0.05)


def test_speakers_have_their_lanes_and_words_their_column(visit):
    opened = visit("two")
    assert opened.page.locator("#strip").bounding_box()["height"] == 88
    assert opened.page.get_by_role("heading", name="Who speaks").is_visible()
    assert opened.page.get_by_role("columnheader", name="Words").is_visible()
    assert opened.page.locator("img").count() == 0
    click_at(opened, 0.5)
    assert opened.page.locator("#heard").inner_text().startswith("Speaker A: angry")


def test_every_control_has_a_name(visit):
    opened = visit("one")
    named = opened.page.evaluate(
        """[...document.querySelectorAll("button, select, input, [role], svg[role]")]
          .filter((e) => !(e.ariaLabel || e.textContent.trim() || e.labels?.length
            || e.getAttribute("aria-labelledby")))
          .map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert named == []
