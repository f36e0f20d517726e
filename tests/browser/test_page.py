"""The server's page in a real browser: recordings, models, and what holds everywhere."""

import base64
import csv
import io
import json
import wave
from types import SimpleNamespace

import numpy as np
import pytest

import affetto
from affetto import audio
from affetto.emotions import COLOURS
from tiny_model import silence

pytestmark = pytest.mark.browser

STATE = """() => {
  const wave = document.querySelector("#wave > div").shadowRoot;
  const sound = wave.querySelector("audio");
  const scroll = wave.querySelector("[part=scroll]");
  const lanes = document.getElementById("lanes").getBoundingClientRect();
  const middle = (element) => {
    const box = element.getBoundingClientRect();
    return box.width ? box.x + box.width / 2 - lanes.x : null;
  };
  const rows = [...document.querySelectorAll("#segments tbody tr")];
  const marked = rows.filter((row) => row.getAttribute("aria-current") === "true");
  return {
    time: sound.currentTime,
    rate: sound.playbackRate,
    paused: sound.paused,
    now: document.getElementById("now").textContent,
    heard: document.getElementById("heard").textContent,
    cursor: middle(wave.querySelector("[part=cursor]")),
    playhead: middle(document.getElementById("playhead")),
    width: lanes.width,
    start: scroll.scrollLeft / scroll.scrollWidth,
    span: scroll.clientWidth / scroll.scrollWidth,
    marked: marked.map((row) => rows.indexOf(row)),
  };
}"""


@pytest.fixture(scope="session")
def example(examples):
    return examples / "two_moods.flac"


@pytest.fixture(scope="session")
def heard(example):
    """What the library hears in the example: calm, happy, calm."""
    timeline = affetto.analyze(example)
    assert [s.emotion for s in timeline] == ["calm", "calm", "happy", "happy", "calm", "calm"]
    return timeline


@pytest.fixture
def opened(visitor, example):
    """Somebody who opened the example."""
    visitor.open(example)
    return visitor


def state(visitor):
    return SimpleNamespace(**visitor.evaluate(STATE))


def stands(visitor, heard, time, *, within=0.06):
    """Wait until the sound stands there, and check that everything on the page says so."""
    visitor.until(lambda: abs(state(visitor).time - time) <= within)
    visitor.until(lambda: shows(state(visitor), heard), seconds=5)
    return state(visitor)


def shows(now, heard):
    """Tell whether time, cursor, playhead, row and words agree with the sound's own time."""
    minutes, seconds = now.now.split(":")
    at = [k for k, s in enumerate(heard) if s.start <= now.time < s.end]
    words = heard.segments[at[0]].emotion if at else "no speech"
    x = (now.time / heard.duration - now.start) / now.span * now.width
    return (
        abs(60 * int(minutes) + float(seconds) - now.time) <= 0.11
        and now.marked == at
        and words in now.heard
        and now.playhead == pytest.approx(x, abs=2.5)
        and now.cursor == pytest.approx(x, abs=2.5)
    )


def click_at(visitor, lane, part):
    box = visitor.page.locator(lane).bounding_box()
    place = {"x": part * box["width"], "y": box["height"] / 2}
    visitor.page.locator(lane).click(position=place)


def library(visitor):
    return visitor.page.locator("#library .entry b").all_inner_texts()


# What is heard


def test_regions_words_table_and_shares_say_what_was_heard(opened, heard):
    regions = opened.until(
        """(() => {
          const whole = document.getElementById("wave").getBoundingClientRect();
          const wave = document.querySelector("#wave > div").shadowRoot;
          const regions = [...wave.querySelectorAll('[part~="region"]')];
          return regions.every((region) => region.innerText) && regions.map((region) => {
            const box = region.getBoundingClientRect();
            const style = getComputedStyle(region);
            return {
              start: (box.x - whole.x) / whole.width,
              length: box.width / whole.width,
              ground: style.backgroundColor,
              edge: style.borderTopColor,
              text: region.innerText,
            };
          });
        })()"""
    )
    assert len(regions) == len(heard)
    for region, segment in zip(regions, heard, strict=True):
        assert region["start"] * heard.duration == pytest.approx(segment.start, abs=0.03)
        assert region["length"] * heard.duration == pytest.approx(segment.duration, abs=0.03)
        assert region["ground"] == opened.rgb(COLOURS[segment.emotion], 0.35)
        assert region["edge"] == opened.rgb(COLOURS[segment.emotion])
        assert segment.emotion in region["text"]
    assert opened.text("#sentence").startswith("The voice sounds mostly calm (67%), then happy")
    assert opened.text("#length") == "0:13"
    rows = opened.page.locator("#segments tbody tr").all_inner_texts()
    for row, segment in zip(rows, heard, strict=True):
        assert segment.emotion in row
        assert f"{100 * segment.confidence:.0f}%" in row
    shares = opened.page.locator("#shares tr").all_inner_texts()
    assert [text.split()[1:] for text in shares] == [["calm", "67%"], ["happy", "33%"]]
    legend = opened.page.locator("#legend li").all_inner_texts()
    assert {"calm", "happy"} <= set(legend)


def test_the_lanes_are_painted_in_the_feelings_colours(opened, heard):
    opened.until(lambda: len(opened.colours_at("chances", 0.5)) > 1)
    track = heard.track
    for time, scores in zip(track.times, track.scores, strict=True):
        if not any(s.start <= time < s.end for s in heard):
            continue  # paler there
        counts = opened.column("chances", (time + 0.02) / heard.duration)
        for label, score in zip(track.labels, scores, strict=True):
            tall = counts.get(COLOURS[label], 0) / sum(counts.values())
            assert tall == pytest.approx(score, abs=0.03), (time, label)
    opened.until(lambda: len(opened.colours_at("spectrogram", 0.1)) > 10)
    assert len(opened.colours_at("axis", 0.0)) > 1
    dots = opened.page.locator("#circumplex .dot")
    fills = dots.evaluate_all("dots => dots.map((dot) => getComputedStyle(dot).fill)")
    assert fills == [opened.rgb(COLOURS[segment.emotion]) for segment in heard]
    assert "happy" in dots.nth(2).locator("title").text_content()


def test_silence_is_told(visitor, tmp_path):
    audio.save(tmp_path / "room.wav", silence(2.0))
    visitor.open(tmp_path / "room.wav")
    assert "No speech" in visitor.text("#sentence")
    assert "No speech" in visitor.text("#segments")
    assert visitor.text("#heard") == "no speech"
    assert "no speech" in visitor.text("#library")
    visitor.page.locator("#compare").select_option(label="all feelings equally common")
    visitor.page.locator("#agreement", has_text="no speech that both hear").wait_for()


# Moving about


def test_a_click_goes_there_and_a_drag_follows(opened, heard):
    for lane, part in {"#wave": 0.4, "#axis": 0.8, "#chances": 0.02, "#spectrogram": 0.6}.items():
        click_at(opened, lane, part)
        at = part * heard.duration
        assert stands(opened, heard, at).time == pytest.approx(at, abs=0.06)
    box = opened.page.locator("#wave").bounding_box()
    mouse = opened.page.mouse
    mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 70)
    mouse.down()
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 70, steps=5)
    mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 70, steps=5)
    mouse.up()
    at = 0.9 * heard.duration
    assert stands(opened, heard, at).time == pytest.approx(at, abs=0.06)


def test_rows_dots_and_keys_go_to_their_feeling(opened, heard):
    rows = opened.page.locator("#segments tbody tr")
    rows.nth(3).locator(".feeling").click()
    assert stands(opened, heard, heard.segments[3].start).marked == [3]
    rows.nth(1).locator(".jump").click()
    assert stands(opened, heard, heard.segments[1].start).marked == [1]
    # Dots of like feelings lie upon each other: the last is on top.
    opened.page.locator("#circumplex .dot").nth(2).dispatch_event("click")
    assert stands(opened, heard, heard.segments[2].start).marked == [2]
    here = opened.page.locator("#circumplex .here")
    assert here.get_attribute("visibility") == "visible"
    press = opened.page.keyboard.press
    press("Home")
    press("n")
    stands(opened, heard, heard.segments[0].start)
    press("n")
    press("n")
    stands(opened, heard, heard.segments[2].start)
    press("p")
    stands(opened, heard, heard.segments[1].start)
    press("End")
    stands(opened, heard, heard.duration)
    press("Home")
    stands(opened, heard, 0.0)
    for _ in range(4):
        press("ArrowRight")
    press("ArrowLeft")
    stands(opened, heard, 3 * heard.duration / 20)


def test_it_plays_at_the_speed_that_is_shown(opened, examples):
    opened.page.keyboard.press(" ")
    opened.until(lambda: state(opened).time > 0.4)
    now = state(opened)
    assert not now.paused
    assert now.playhead > 10
    opened.page.get_by_role("button", name="Pause").wait_for()
    opened.page.keyboard.press(" ")
    opened.until(lambda: state(opened).paused)
    opened.page.get_by_role("button", name="Play").wait_for()
    opened.page.locator("#play").focus()
    opened.page.keyboard.press(" ")  # on the button: once, not twice
    opened.until(lambda: not state(opened).paused)
    opened.page.locator("#play").click()
    opened.until(lambda: state(opened).paused)
    opened.page.keyboard.press("End")
    opened.page.locator("#play").click()
    opened.until(lambda: state(opened).time > 13)
    opened.page.get_by_role("button", name="Play").wait_for()
    opened.page.locator("#speed").select_option("1.5")
    assert state(opened).rate == 1.5
    opened.open(examples / "calm.flac")
    assert state(opened).rate == float(opened.page.locator("#speed").input_value())


def test_zoom_keeps_every_lane_at_the_same_time(opened, heard):
    whole = opened.evaluate("document.getElementById('axis').toDataURL()")
    click_at(opened, "#wave", 0.4)  # happy
    for _ in range(2):
        opened.page.keyboard.press("+")
    now = stands(opened, heard, 0.4 * heard.duration)
    assert now.span == pytest.approx(0.25, abs=0.01)
    assert now.start < 0.4 < now.start + now.span
    opened.until(lambda: opened.evaluate("document.getElementById('axis').toDataURL()") != whole)
    scroll = "document.querySelector('#wave > div').shadowRoot.querySelector('[part=scroll]')"
    opened.evaluate(f"{scroll}.scrollLeft = {scroll}.scrollWidth")
    opened.until(lambda: state(opened).start > 0.74)
    opened.until(lambda: opened.colours_at("chances", 0.7)[0] == COLOURS["calm"])
    assert state(opened).playhead is None  # it lies before what is shown
    for lane in ("#wave", "#chances"):
        click_at(opened, lane, 0.5)
        stands(opened, heard, 0.875 * heard.duration)
    opened.page.keyboard.press("p")  # a feeling that isn't shown is brought into view
    opened.page.keyboard.press("p")
    now = stands(opened, heard, heard.segments[3].start)
    assert now.start < heard.segments[3].start / heard.duration < now.start + now.span
    opened.page.keyboard.press("0")
    stands(opened, heard, heard.segments[3].start)
    assert state(opened).span == 1


def test_the_buttons_zoom_and_the_view_follows_the_sound(opened, heard):
    opened.page.get_by_role("button", name="Zoom in").click()
    opened.until(lambda: state(opened).span == pytest.approx(0.5, abs=0.01))
    opened.page.get_by_role("button", name="Zoom in").click()
    opened.page.get_by_role("button", name="Zoom out").click()
    opened.until(lambda: state(opened).span == pytest.approx(0.5, abs=0.01))
    opened.page.get_by_role("button", name="Show the whole recording").click()
    opened.until(lambda: state(opened).span == 1)
    for _ in range(12):  # no nearer than makes sense
        opened.page.keyboard.press("+")
    nearest = state(opened).span
    assert 0.05 < nearest < 0.4
    opened.page.keyboard.press("-")
    opened.until(lambda: state(opened).span == pytest.approx(2 * nearest, rel=0.1))
    opened.page.keyboard.press("+")
    opened.page.locator("#speed").select_option("2")
    opened.page.locator("#segments .jump").nth(4).click()
    before = state(opened).start
    opened.page.locator("#play").click()
    opened.until(lambda: state(opened).time > heard.segments[4].start + 1.5)
    opened.page.locator("#play").click()
    opened.until(lambda: state(opened).paused)
    now = stands(opened, heard, state(opened).time)
    assert now.start > before
    assert 0 <= now.playhead <= now.width


def test_the_wheel_with_control_zooms_about_the_pointer_and_else_scrolls(opened, heard):
    click_at(opened, "#wave", 0.3)
    box = opened.page.locator("#wave").bounding_box()
    opened.page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 70)
    opened.page.keyboard.down("Control")
    for span in (0.5, 0.25):
        opened.page.mouse.wheel(0, -100)
        opened.until(lambda span=span: state(opened).span == pytest.approx(span, abs=0.01))
    opened.page.keyboard.up("Control")
    assert state(opened).start == pytest.approx(0.2 - 0.2 * 0.25, abs=0.005)
    stands(opened, heard, 0.3 * heard.duration)
    before = opened.evaluate("scrollY")
    opened.page.mouse.wheel(0, 100)
    opened.until(f"scrollY > {before}")
    assert state(opened).span == pytest.approx(0.25, abs=0.01)


# Compare, and take along


def test_another_reading_stands_beside_this_one(opened, example, heard):
    choices = opened.page.locator("#compare option").all_inner_texts()
    assert choices[:2] == ["alone", "by the model tiny"]
    opened.page.locator("#compare").select_option(label="all feelings equally common")
    opened.page.locator("#agreement", has_text="Both name the same feeling for").wait_for()
    assert "all feelings equally common" in opened.text("#other-title")
    even = affetto.analyze(example, prior="even")
    for segment in even:
        part = (segment.start + 0.1) / even.duration
        opened.until(
            lambda part=part, segment=segment: (
                opened.colours_at("strip", part)[0] == COLOURS[segment.emotion]
            )
        )
        assert segment.emotion in opened.page.locator("#strip").get_attribute("aria-label")
    first = opened.page.locator("#shares tr").first
    assert first.locator(".rail").count() == 2
    shares = (t.summary()["share"]["calm"] for t in (heard, even))
    assert " / ".join(f"{100 * share:.0f}%" for share in shares) in first.inner_text()
    opened.page.locator("#compare").select_option(label="by the model tiny")
    opened.page.locator("#other-title", has_text="by the model tiny").wait_for()
    opened.page.locator("#compare").select_option(label="alone")
    opened.page.locator("#strip").wait_for(state="hidden")
    assert opened.text("#agreement") == ""
    assert first.locator(".rail").count() == 1


def test_a_recording_is_heard_as_the_options_say(visitor, example):
    assert visitor.page.locator("#fetch").is_hidden()  # this server fetches nothing
    assert visitor.page.locator("#model option").all_text_contents() == ["default", "tiny"]
    visitor.page.locator(".options summary").click()
    visitor.page.locator("#model").select_option("tiny")
    visitor.page.locator("#voices").select_option(label="two")
    visitor.open(example)
    assert "heard by tiny 0" in visitor.text("#meta")
    assert "by the model default" in visitor.text("#compare")
    assert "Voice" in visitor.page.locator("#segments th").all_inner_texts()


def download(visitor, name):
    with visitor.page.expect_download() as started:
        visitor.page.locator("#downloads").get_by_role("button", name=name).click()
    return started.value


def test_what_is_downloaded_holds_what_was_heard(opened, heard, chromium, tmp_path):
    found = download(opened, "JSON")
    assert found.suggested_filename == "two_moods.json"
    row = json.loads(found.path().read_text("utf-8"))
    assert row["segments"] == heard.to_dict()["segments"]
    assert row["source"] == "two_moods.flac"
    found = download(opened, "CSV")
    assert found.suggested_filename == "two_moods.csv"
    rows = list(csv.DictReader(io.StringIO(found.path().read_text("utf-8"))))
    assert [row["emotion"] for row in rows] == [segment.emotion for segment in heard]
    assert [float(row["start"]) for row in rows] == pytest.approx(
        [s.start for s in heard], abs=0.01
    )
    found = download(opened, "Report")
    assert found.suggested_filename == "two_moods.html"
    found.save_as(tmp_path / "report.html")
    report = opened.context.new_page()
    report.goto((tmp_path / "report.html").as_uri())
    report.locator("#play:enabled").wait_for()  # the sound is inside
    assert "mostly calm" in report.locator("body").inner_text()


# Several recordings


def test_recordings_are_kept_until_they_are_removed(opened, examples, heard):
    opened.open(examples / "calm.flac")
    assert library(opened) == ["calm.flac", "two_moods.flac"]
    opened.page.reload()
    opened.page.locator("html[data-ready]").wait_for()
    opened.page.locator("#library .entry").first.wait_for()
    assert library(opened) == ["calm.flac", "two_moods.flac"]
    asked = []
    opened.page.on("request", lambda request: asked.append(request.url))
    opened.page.locator("#library .entry").nth(1).click()
    opened.page.locator("#play:enabled").wait_for()
    assert opened.text("#title") == "two_moods.flac"
    click_at(opened, "#chances", 0.5)
    stands(opened, heard, heard.duration / 2)
    assert not [url for url in asked if "/v1/" in url]  # nothing is heard again
    opened.page.get_by_role("button", name="Remove calm.flac").click()
    opened.until(lambda: library(opened) == ["two_moods.flac"])
    opened.page.reload()
    opened.until(lambda: library(opened) == ["two_moods.flac"])
    opened.page.get_by_role("button", name="Remove two_moods.flac").click()
    opened.page.locator("#library-empty").wait_for()


def test_several_at_once_and_a_broken_one_among_them(visitor, examples, tmp_path):
    visitor.forgive("status of 422")
    broken = tmp_path / "notes.wav"
    broken.write_text("This is a text, whatever its name says.\n" * 20)
    files = [examples / "calm.flac", broken, examples / "sad.flac"]
    visitor.page.set_input_files("#file", files)
    visitor.until(lambda: library(visitor) == ["sad.flac", "calm.flac"])
    visitor.page.locator("#progress").wait_for(state="hidden")
    assert visitor.text("#title") == "sad.flac"
    said = visitor.text("#alert")  # it still stands there
    assert said.startswith("notes.wav: ")
    assert "expected" in said
    assert "\n" not in said
    visitor.open(examples / "angry.flac")
    visitor.page.locator("#alert").wait_for(state="hidden")


def test_files_are_dropped(visitor, examples):
    transfer = visitor.page.evaluate_handle(
        """(sound) => {
          const transfer = new DataTransfer();
          const body = Uint8Array.from(atob(sound), (letter) => letter.charCodeAt(0));
          transfer.items.add(new File([body], "<b>dropped</b>.flac"));
          return transfer;
        }""",
        base64.b64encode((examples / "calm.flac").read_bytes()).decode(),
    )
    drop = visitor.page.locator("#drop")
    drop.dispatch_event("dragenter", {"dataTransfer": transfer})
    assert "over" in drop.get_attribute("class")
    drop.dispatch_event("drop", {"dataTransfer": transfer})
    visitor.page.locator("#title", has_text="<b>dropped</b>.flac").wait_for()
    visitor.until(lambda: library(visitor) == ["<b>dropped</b>.flac"])
    assert "over" not in drop.get_attribute("class")


def test_hearing_is_cancelled(visitor, example, tmp_path):
    path = tmp_path / "hour.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        once = (audio.load(example).samples * 32_000).astype(np.int16).tobytes()
        for _ in range(90):
            file.writeframes(once)
    visitor.page.set_input_files("#file", path)
    visitor.page.locator("#progress", has_text="hour.wav").wait_for()
    visitor.page.locator("#cancel").click()
    visitor.page.locator("#progress").wait_for(state="hidden")
    assert visitor.page.locator("#alert").is_hidden()
    assert visitor.page.locator("#view").is_hidden()
    visitor.open(example)
    assert library(visitor) == ["two_moods.flac"]


# What the server refuses


def test_too_large_a_recording_and_an_address_are_refused_in_words(
    chromium, visitor_of, serve, tiny, examples
):
    own = serve("--model", tiny, "--upload", "0.1", "--keep", "0", "--fetch")
    visitor = visitor_of(chromium, address=own.address)
    visitor.come()
    visitor.page.set_input_files("#file", [examples / "two_moods.flac", examples / "sad.flac"])
    visitor.page.locator("#title", has_text="sad.flac").wait_for()
    said = visitor.text("#alert")  # it still stands there
    assert said.startswith("two_moods.flac: found 0.24 MB, expected at most 0.1 MB")
    visitor.forgive("status of 422")
    visitor.page.get_by_label("or its address").fill("http://127.0.0.1:1/talk.wav")
    visitor.page.get_by_role("button", name="Fetch").click()
    visitor.page.locator("#alert", has_text="127.0.0.1").wait_for()
    visitor.open(examples / "calm.flac")  # small enough
    visitor.page.locator("#alert").wait_for(state="hidden")
    own.kill()
    visitor.forgive("ERR_CONNECTION_REFUSED")
    visitor.page.set_input_files("#file", examples / "calm.flac")
    visitor.page.locator("#alert", has_text="can’t be reached").wait_for()
    visitor.page.locator("#progress").wait_for(state="hidden")


# Models


def test_models_show_their_cards_and_never_mix_protocols(visitor):
    visitor.page.get_by_role("link", name="Models").click()
    own, tiny = visitor.page.locator("#models article").all()
    assert "default" in own.locator("h2").inner_text()
    assert own.locator(".badge").inner_text() == "loaded, answers first"
    assert tiny.locator(".badge").inner_text() == "loaded"
    assert "No results stand in its card." in tiny.inner_text()
    new, known = own.locator("table").all()
    for table, random in ((new, False), (known, True)):
        protocols = table.locator("tbody th").all_inner_texts()
        assert protocols
        assert all(("random" in protocol) is random for protocol in protocols)
    heads = own.locator("h3").all_inner_texts()
    assert heads == [
        "On voices that it never heard in training",
        "On other clips of voices from its training",
    ]
    assert "RAVDESS" in own.locator(".facts").inner_text().upper()


# Everywhere


def test_no_width_scrolls_sideways_and_everything_follows(opened, heard):
    opened.page.locator("#compare").select_option(label="all feelings equally common")
    opened.page.locator("#strip").wait_for()
    opened.page.locator(".options summary").click()
    for width in (390, 820, 1280):
        opened.page.set_viewport_size({"width": width, "height": 900})
        for name in ("Live", "Models", "Recording"):
            opened.page.get_by_role("link", name=name, exact=True).click()
            opened.page.locator(f"#page-{name.lower()}").wait_for()
            assert opened.evaluate("document.documentElement.scrollWidth") <= width, name
            assert opened.page.locator("nav [aria-current=page]").inner_text() == name
        for lane in ("#wave", "#chances"):
            click_at(opened, lane, width / 2000)
            stands(opened, heard, width / 2000 * heard.duration)
        opened.page.locator("#zoom-in").click()
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        opened.page.locator("#zoom-fit").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_until_somebody_chooses(chromium, visitor_of, example, scheme):
    visitor = visitor_of(chromium, scheme=scheme)
    visitor.come()
    visitor.open(example)
    ground = "getComputedStyle(document.body).backgroundColor"
    cursor = """getComputedStyle(document.querySelector("#wave > div").shadowRoot
      .querySelector("[part=cursor]")).backgroundColor"""
    other = "dark" if scheme == "light" else "light"
    root = visitor.page.locator("html")
    assert root.get_attribute("data-theme") == scheme
    before = visitor.evaluate(ground), visitor.evaluate(cursor)
    visitor.page.get_by_role("button", name=f"Use {other} colours").click()
    assert root.get_attribute("data-theme") == other
    assert visitor.evaluate(ground) != before[0]
    assert visitor.evaluate(cursor) != before[1]  # the waveform follows
    visitor.page.reload()
    assert root.get_attribute("data-theme") == other
    visitor.page.get_by_role("button", name=f"Use {scheme} colours").click()
    assert visitor.evaluate(ground) == before[0]


def test_everything_that_can_be_used_has_a_name(opened):
    roles = ("button", "combobox", "textbox", "link", "image", "meter", "switch", "checkbox")
    session = opened.context.new_cdp_session(opened.page)
    opened.page.locator(".options summary").click()
    for name, least in (("Recording", 20), ("Live", 7), ("Models", 5)):
        opened.page.get_by_role("link", name=name, exact=True).click()
        opened.page.locator(f"#page-{name.lower()}").wait_for()
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        used = [n for n in nodes if not n["ignored"] and n["role"]["value"] in roles]
        assert len(used) >= least, name
        assert [n for n in used if not n["name"]["value"].strip()] == []


def test_the_keyboard_reaches_everything(visitor, example, heard):
    def tab(*wanted):
        """Press Tab until the last of them has the focus; check that it came to each, in order."""
        reached = []
        while wanted[-1] not in reached:
            visitor.page.keyboard.press("Tab")
            reached.append(visitor.evaluate(focus))
            assert len(reached) < 40, reached
        assert [name for name in dict.fromkeys(reached) if name in wanted] == list(wanted)
        assert visitor.evaluate(ring) != "none"

    focus = "(document.activeElement.id || document.activeElement.className)"
    ring = "getComputedStyle(document.activeElement).outlineStyle"
    tab("skip", "theme")
    visitor.page.keyboard.press("Tab")
    assert visitor.evaluate(focus) == "file"
    visitor.open(example)
    tab("play", "speed", "zoom-out", "zoom-fit", "zoom-in", "compare", "scroll", "jump")
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Enter")
    assert stands(visitor, heard, heard.segments[1].start).marked == [1]


def test_the_way_to_the_content_stays_on_the_page(visitor):
    visitor.page.get_by_role("link", name="Live").click()
    visitor.page.locator(".skip").focus()
    visitor.page.keyboard.press("Enter")
    assert visitor.evaluate("document.activeElement.id") == "main"
    assert visitor.page.locator("#page-live").is_visible()


def test_the_pages_of_the_requests_and_of_the_notices_are_there(visitor):
    visitor.page.get_by_role("link", name="Requests for programs").click()
    visitor.page.get_by_text("/v1/analyze").first.wait_for()
    visitor.page.go_back()
    visitor.page.get_by_role("link", name="Parts of others").wait_for()
    notices = visitor.page.request.get(f"{visitor.address}/notices")
    assert "wavesurfer.js" in notices.text()
