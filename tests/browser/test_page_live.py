"""The live page in a real browser with a microphone, and pages that ask for a token."""

import json
from itertools import pairwise

import pytest
from websockets.sync.client import connect

from affetto.emotions import COLOURS

pytestmark = pytest.mark.browser

TOKEN = "a-token-that-nobody-guesses"

WATCH = """() => {
  const asked = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    window.wanted = wanted;
    window.lent = await asked(wanted);
    return window.lent;
  };
}"""

SHOWN = """() => {
  const text = (id) => document.getElementById(id).textContent;
  const bars = [...document.querySelectorAll("#bars tr")].map((row) => ({
    name: row.cells[0].innerText.split(" ").pop(),
    part: parseFloat(row.querySelector(".fill").style.width),
    colour: getComputedStyle(row.querySelector(".fill")).backgroundColor,
    top: row.classList.contains("top"),
  }));
  return {
    word: text("word"),
    emoji: text("emoji"),
    level: document.getElementById("level").value,
    face: getComputedStyle(document.getElementById("face")).borderTopColor,
    bars,
  };
}"""


@pytest.fixture
def speaker(listener, visitor_of):
    """Somebody on the live page, with a microphone."""
    visitor = visitor_of(listener)
    visitor.page.add_init_script(f"({WATCH})()")
    visitor.come("#live")
    return visitor


def listen(visitor):
    visitor.page.get_by_role("button", name="Listen").click()
    visitor.page.locator("#live-state", has_text="Listening").wait_for()


def stop(visitor):
    visitor.page.get_by_role("button", name="Stop").click()
    visitor.page.locator("#kept").wait_for()


def updates(visitor):
    """Give the updates that came, each with when it came."""
    rows = [(when, json.loads(text)) for when, text in visitor.frames]
    return [(when, row) for when, row in rows if row["type"] == "update"]


def timeline(visitor):
    return json.loads(visitor.frames[-1][1])["timeline"]


def heard_until(visitor, time):
    visitor.until(lambda: any(row["time"] >= time for _, row in updates(visitor)[-1:]))


def seconds(text):
    minutes, rest = text.split(":")
    return 60 * int(minutes) + float(rest)


def painted(visitor, wanted):
    """Tell whether the ribbon's last seconds show a colour, or one blended into it at an edge."""

    def parts(colour):
        return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]

    found = {colour for part in range(80, 100) for colour in visitor.column("ribbon", part / 100)}
    return any(parts(colour) == pytest.approx(parts(wanted), abs=4) for colour in found)


def open_as_recording(visitor):
    visitor.page.get_by_role("button", name="Open it as a recording").first.click()
    visitor.page.locator("#play:enabled").wait_for()
    assert visitor.page.locator("#page-recording").is_visible()
    assert visitor.evaluate("document.activeElement.id") == "view"
    visitor.until(lambda: len(visitor.colours_at("spectrogram", 0.5)) > 5)


def kept_by(server):
    """Give the streams that the server keeps."""
    return sorted(server.data.glob("streams/*"))


HELD = """navigator.locks.query().then(({ held, pending }) => held.length + pending.length)"""
STATES = """() => {
  const state = document.getElementById("live-state");
  window.states = [];
  new MutationObserver(() => window.states.push(state.textContent)).observe(
    state, { childList: true });
}"""
AGAIN = """() => {
  const first = document.querySelector("#stretches li");
  first.after(first.cloneNode(true)); // as if it had been told before and after a break
}"""
LENGTH = """document.querySelector("#wave > div").shadowRoot.querySelector("audio").duration"""


def test_what_is_spoken_is_heard_at_once_and_kept(speaker, server):
    before = kept_by(server)
    listen(speaker)
    wanted = speaker.evaluate("window.wanted")
    for name in ("echoCancellation", "autoGainControl", "noiseSuppression"):
        assert wanted["audio"][name] is False  # loudness tells of feeling
    shown = []
    for word in ("calm", "happy"):
        speaker.until(
            lambda word=word: shown.append(speaker.evaluate(SHOWN)) or word in shown[-1]["word"]
        )
    for now in shown:
        top = [bar for bar in now["bars"] if bar["top"]]
        if now["word"] == "nobody speaks":
            assert not top
            continue
        [bar] = top
        assert bar["name"] == now["word"].strip("?")
        assert bar["colour"] == now["face"] == speaker.rgb(COLOURS[bar["name"]])
        assert bar["part"] == max(bar["part"] for bar in now["bars"])
        assert sum(bar["part"] for bar in now["bars"]) == pytest.approx(100, abs=1)
    levels = [now["level"] for now in shown]
    assert max(levels) > 0.3
    assert max(levels) - min(levels) > 0.1
    speaker.page.locator("#stretches li", has_text="calm").first.wait_for()
    for word in ("calm", "happy"):
        speaker.until(lambda word=word: painted(speaker, COLOURS[word]))
    # A busy machine may be late for a while, and catches up.
    speaker.until("parseInt(document.getElementById('rate').textContent) >= 10")
    assert len(kept_by(server)) == len(before) + 1
    speaker.evaluate(AGAIN)
    stop(speaker)
    speaker.until(lambda: kept_by(server) == before)
    rows = [row for _, row in updates(speaker)]
    assert all(after["time"] - before["time"] < 0.1 for before, after in pairwise(rows))
    told = timeline(speaker)
    rows = speaker.page.locator("#stretches .figure:not(.faint)").all_inner_texts()
    assert [[*map(seconds, text.split(" – "))] for text in reversed(rows)] == [
        pytest.approx([segment["start"], segment["end"]], abs=0.11) for segment in told["segments"]
    ]
    assert speaker.evaluate(SHOWN)["level"] == 0
    assert speaker.page.locator("#announce").text_content() in ("calm", "happy")
    open_as_recording(speaker)
    assert speaker.evaluate(LENGTH) == pytest.approx(told["duration"], abs=0.2)
    assert seconds(speaker.text("#length")) == pytest.approx(told["duration"], abs=1)
    table = speaker.page.locator("#segments tbody tr").all_inner_texts()
    assert len(table) == len(told["segments"])
    assert "calm" in table[0]
    assert "Live" in speaker.text("#library")
    speaker.page.reload()
    speaker.page.locator("#library .entry", has_text="Live").wait_for()


def test_a_killed_server_costs_nothing(listener, visitor_of, serve, tmp_path):
    own = serve("--data", tmp_path)
    visitor = visitor_of(listener, address=own.address)
    visitor.come("#live")
    listen(visitor)
    heard_until(visitor, 1.5)
    visitor.forgive("WebSocket connection to .* failed")
    own.freeze()
    frozen = seconds(visitor.text("#elapsed"))
    visitor.until(lambda: seconds(visitor.text("#elapsed")) > frozen)
    own.kill()
    visitor.page.locator("#live-state", has_text="broke off").wait_for()
    visitor.until(lambda: seconds(visitor.text("#elapsed")) > frozen + 1)  # it listens on
    own.start()
    visitor.page.locator("#live-state", has_text="Listening").wait_for()
    heard_until(visitor, seconds(visitor.text("#elapsed")))
    assert visitor.evaluate(HELD) == 1
    own.kill()
    visitor.page.locator("#live-state", has_text="what you say is kept").wait_for()
    visitor.page.get_by_role("button", name="Stop").click()
    visitor.page.locator("#live-state", has_text="the rest is heard when").wait_for()
    visitor.evaluate(STATES)
    own.start()
    visitor.page.locator("#kept").wait_for()
    assert "Hearing the rest …" in visitor.evaluate("states")
    assert not [text for text in visitor.evaluate("states") if "Listening" in text]
    visitor.until(lambda: visitor.evaluate(HELD) == 0)
    times = [row["time"] for _, row in updates(visitor)]
    assert all(0 < after - before < 0.1 for before, after in pairwise(times))
    told = timeline(visitor)
    assert visitor.page.locator("#stretches li").count() == len(told["segments"])
    open_as_recording(visitor)
    assert visitor.evaluate(LENGTH) == pytest.approx(told["duration"], abs=0.05)
    # All of it, heard without a break, is told the same.
    visitor.page.locator("#compare").select_option(label="as it would have been told live")
    visitor.page.locator("#agreement", has_text="the same feeling for 100% of").wait_for()


def test_a_server_that_keeps_nothing_leaves_the_sound_here(listener, visitor_of, serve, tiny):
    own = serve("--model", tiny, "--keep", "0")
    visitor = visitor_of(listener, address=own.address)
    visitor.come("#live")
    listen(visitor)
    visitor.until("document.getElementById('elapsed').textContent >= '0:01'")
    own.kill()
    visitor.page.locator("#alert", has_text="broke off").wait_for()
    assert visitor.text("#kept-text") == "The sound until then is here."
    assert visitor.page.get_by_role("button", name="Listen").is_enabled()
    own.start()
    open_as_recording(visitor)
    assert visitor.evaluate(LENGTH) >= 1
    assert visitor.page.locator("#alert").is_hidden()


def test_what_a_closed_page_left_is_brought_back(speaker, server):
    before = kept_by(server)
    listen(speaker)
    heard_until(speaker, 1.0)
    speaker.page.close()
    speaker.page = speaker.context.new_page()
    speaker.come("#live")
    speaker.page.locator("#unfinished-text", has_text="was broken off").wait_for()
    # A full server hears nothing: so it must keep what it has.
    speaker.forgive("status of 503")
    full = {"status": 503, "json": {"error": "found the server full, expected room: come back"}}
    speaker.page.route("**/v1/analyze*", lambda route: route.fulfill(**full))
    speaker.page.locator("#recover").click()
    speaker.page.locator("#alert", has_text="found the server full").wait_for()
    assert len(kept_by(server)) == len(before) + 1
    speaker.page.unroute("**/v1/analyze*")
    speaker.page.get_by_role("link", name="Live").click()
    speaker.page.locator("#recover").click()
    speaker.page.locator("#play:enabled").wait_for()
    assert speaker.evaluate(LENGTH) >= 1
    assert "Live" in speaker.text("#title")
    speaker.until(lambda: kept_by(server) == before)
    speaker.page.get_by_role("link", name="Live").click()
    assert speaker.page.locator("#unfinished").is_hidden()


def test_what_a_fault_left_is_here_and_is_offered_by_other_tabs(speaker, server):
    before = kept_by(server)
    listen(speaker)
    heard_until(speaker, 1.0)
    # What another version of the page may have left there must not break this one.
    speaker.evaluate("localStorage.setItem('affetto-stream', '{')")
    speaker.evaluate("localStorage.setItem('affetto-theme', '{')")
    tab = speaker.context.new_page()
    tab.goto(f"{speaker.address}/#live")
    tab.locator("html[data-ready]").wait_for()
    assert tab.locator("#unfinished").is_hidden()
    assert tab.locator("html").get_attribute("data-theme") == "light"
    [folder] = set(kept_by(server)) - set(before)
    with connect(f"{server.address.replace('http', 'ws')}/v1/stream") as other:
        other.send(json.dumps({"type": "start", "session": folder.name}))
        speaker.page.locator("#alert").wait_for()
        other.close(1001)
    assert speaker.text("#kept-text") == "The sound until then is here."
    tab.locator("#unfinished-text", has_text="was broken off").wait_for()
    assert folder in kept_by(server)
    tab.get_by_role("button", name="Forget it").click()
    tab.locator("#unfinished").wait_for(state="hidden")
    assert kept_by(server) == before
    # Which takes nothing from the page that has the sound itself.
    speaker.forgive("status of 404")
    open_as_recording(speaker)
    assert speaker.page.locator("#alert").is_hidden()
    tab.evaluate("localStorage.setItem('affetto-stream:of-last-week', 'Live.wav')")
    tab.reload()
    tab.locator("#recover").click()
    tab.locator("#alert", has_text="The server has “Live.wav” no more.").wait_for()
    assert tab.locator("#unfinished").is_hidden()


def test_a_microphone_that_cannot_be_heard_is_given_back(speaker):
    refused = "Promise.reject(new DOMException('the module can’t be loaded', 'AbortError'))"
    speaker.evaluate(f"() => {{ AudioWorklet.prototype.addModule = () => {refused} }}")
    speaker.page.get_by_role("button", name="Listen").click()
    speaker.page.locator("#alert", has_text="can’t be heard").wait_for()
    assert speaker.evaluate("lent.getTracks().map((track) => track.readyState)") == ["ended"]
    assert speaker.page.get_by_role("button", name="Listen").is_enabled()


def test_a_microphone_that_is_refused_is_told(launch, visitor_of):
    browser = launch("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream=deny")
    visitor = visitor_of(browser)
    visitor.come("#live")
    visitor.page.get_by_role("button", name="Listen").click()
    visitor.page.locator("#alert", has_text="doesn’t let this page hear").wait_for()
    assert "allow it" in visitor.text("#alert")
    assert visitor.page.get_by_role("button", name="Listen").is_enabled()
    assert visitor.text("#live-state") == "Press the microphone, and speak."


def show_token(visitor, token):
    visitor.page.locator("#token").fill(token)
    visitor.page.keyboard.press("Enter")


def test_a_token_is_asked_for_until_it_is_right(listener, visitor_of, serve, tiny, examples):
    own = serve("--model", tiny, "--keep", "0", "--host", "0.0.0.0", token=TOKEN)
    visitor = visitor_of(listener, address=own.address)
    visitor.forgive("status of 401")
    dialog = visitor.page.get_by_role("dialog")
    visitor.page.goto(own.address)
    dialog.wait_for()
    assert "AFFETTO_TOKEN" in dialog.inner_text()
    show_token(visitor, "not-this-one-surely")
    visitor.page.get_by_role("heading", name="not this server’s token").wait_for()
    assert visitor.page.locator("#token").input_value() == ""
    show_token(visitor, TOKEN)
    visitor.page.locator("html[data-ready]").wait_for()
    assert dialog.is_hidden()
    visitor.open(examples / "calm.flac")
    visitor.page.get_by_role("link", name="Live").click()
    visitor.page.keyboard.press(" ")
    heard_until(visitor, 0.5)
    visitor.page.keyboard.press(" ")
    visitor.page.locator("#kept").wait_for()
    visitor.page.reload()
    visitor.page.locator("html[data-ready]").wait_for()
    assert dialog.is_hidden()
    assert visitor.page.locator("#library .entry").count() == 1
    # At another address, browsers lend a page less.
    guest = visitor_of(listener, address=own.address.replace("127.0.0.1", "affetto.test"))
    guest.forgive("status of 401")
    guest.page.goto(guest.address)
    show_token(guest, TOKEN)
    guest.page.locator("html[data-ready]").wait_for()
    assert not guest.evaluate("isSecureContext")
    guest.open(examples / "calm.flac")
    assert guest.page.locator("#library .entry").count() == 1
    guest.page.get_by_role("link", name="Live").click()
    guest.page.get_by_role("button", name="Listen").click()
    guest.page.locator("#alert", has_text="or over https").wait_for()
