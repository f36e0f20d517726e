"""Real Chromium, where there is one: AFFETTO_CHROMIUM, else on the path."""

import os
import re
import runpy
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from affetto import audio as sounds
from affetto.report import write_html
from affetto.server.page import FOLDER
from server_process import ServerProcess
from tiny_model import write_tiny

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--host-resolver-rules=MAP affetto.test 127.0.0.1",
)
"""No request of the browser's own may be taken for one of the page's; and one name by which a
server here looks as if it were elsewhere."""


@pytest.fixture(scope="session")
def launch():
    """Start Chromium with more switches: `launch(*switches)`; or skip and say why."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("AFFETTO_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None or not Path(path).exists():
        pytest.skip("Chromium is not here: install it, or set AFFETTO_CHROMIUM to its path")
    browsers = []
    with playwright.sync_playwright() as driver:

        def _launch(*switches):
            browser = driver.chromium.launch(executable_path=path, args=[*QUIET, *switches])
            browsers.append(browser)
            return browser

        yield _launch
        for browser in browsers:
            browser.close()


@pytest.fixture(scope="session")
def chromium(launch):
    """Give a Chromium without a microphone."""
    return launch()


@pytest.fixture(scope="session")
def made_up():
    place = Path(__file__).resolve().parents[1] / "report" / "made_up.py"
    return SimpleNamespace(**runpy.run_path(str(place)))


@pytest.fixture(scope="session")
def reports(tmp_path_factory, made_up):
    """Write the reports that the tests open: name → path."""
    from affetto.timeline import Timeline

    folder = tmp_path_factory.mktemp("reports")
    sound = made_up.voice(30.0)
    nasty = "</script><img src=x onerror=alert(1)>.wav"
    made = {
        "one": (made_up.timeline(), sound, None),
        "two": (made_up.timeline(nasty, speakers=True, text=True), sound, None),
        "mute": (made_up.timeline(), sound, False),
        "silence": (Timeline("room.wav", 3.0, (), "m"), 0.001 * sound[:48_000], None),
        "no-samples": (made_up.timeline(), None, None),
    }
    paths = {}
    for name, (timeline, samples, audio) in made.items():
        paths[name] = folder / f"{name}.html"
        write_html(paths[name], timeline, samples, audio=audio)
    return paths


class Opened:
    """A page, with what it complained of and what it asked for."""

    def __init__(self, page, path):
        self.page = page
        self.path = path
        self.complaints = []
        self.requests = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.as_uri())

    def current_time(self):
        return self.page.evaluate("document.querySelector('audio').currentTime")

    def until(self, expression):
        """Wait until an expression holds; the page's policy forbids Playwright's own way."""
        for _ in range(200):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(25)
        raise AssertionError(f"waited in vain for {expression}")

    def wait_for_sound(self):
        self.page.wait_for_selector("#play:not(:disabled)")

    def outside(self):
        """Give every request that isn't the file itself or something inside it."""
        inside = (self.path.as_uri(), "data:", "blob:")
        return [url for url in self.requests if not url.startswith(inside)]


@pytest.fixture
def visit(chromium, reports):
    """Open a report: `visit(name, width=…, scheme=…)`."""
    contexts = []

    def _visit(name, *, width=1200, height=900, scheme="light"):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        return Opened(context.new_page(), reports[name])

    yield _visit
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def examples():
    return EXAMPLES


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny").folder


@pytest.fixture
def serve(chromium):
    """Start a server of the test's own: `serve(*options, token=…)`; or skip without the page."""
    needs_page()
    servers = []

    def _serve(*options, token=None):
        servers.append(ServerProcess(*options, token=token))
        return servers[-1]

    yield _serve
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def server(launch, tiny, tmp_path_factory):
    """Serve the default model and the tiny one; broken-off streams are kept."""
    needs_page()
    data = tmp_path_factory.mktemp("data")
    server = ServerProcess("--model", "default", "--model", tiny, "--data", data)
    server.data = data
    yield server
    server.kill()


def needs_page():
    if not (FOLDER / "index.html").is_file():
        pytest.skip("the web page isn't built: make page")


COLUMN = """([name, part]) => {
  const canvas = document.getElementById(name);
  const { width, height } = canvas;
  const x = Math.min(width - 1, Math.floor(part * width));
  const copy = new OffscreenCanvas(1, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, x, 0, 1, height, 0, 0, 1, height);
  const pixels = copy.getImageData(0, 0, 1, height).data;
  const counts = {};
  for (let i = 0; i < pixels.length; i += 4) {
    const [r, g, b] = pixels.slice(i, i + 3);
    const name = "#" + [r, g, b].map((c) => c.toString(16).padStart(2, "0")).join("");
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}"""


class Visitor:
    """Somebody at the web page, with what it complained of and what it asked for elsewhere."""

    def __init__(self, context, address):
        self.context = context
        self.address = address
        self.complaints = []
        self.outside = []
        self.frames = []
        self._forgiven = []
        context.on("console", self._complain)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", lambda request: self._ask(request.url))
        context.on("page", lambda page: page.on("websocket", self._listen))
        self.page = context.new_page()

    def _complain(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _ask(self, url):
        inside = (f"{self.address}/", self.address.replace("http", "ws"), "data:", "blob:", "file:")
        if not url.startswith(inside):
            self.outside.append(url)

    def _listen(self, socket):
        self._ask(socket.url)
        socket.on("framereceived", lambda text: self.frames.append((time.monotonic(), text)))

    def forgive(self, pattern):
        """Expect the browser itself to complain so of what the server answers."""
        self._forgiven.append(pattern)

    def unforgiven(self):
        """Give the complaints that no test expects."""
        pages = [page for page in self.context.pages if not page.is_closed()]
        for page in pages:
            page.evaluate("1")  # what was said until now has come
        said = self.complaints
        return [text for text in said if not any(re.search(p, text) for p in self._forgiven)]

    def come(self, page=""):
        """Load the page, and wait until it is ready."""
        self.page.goto(f"{self.address}/{page}")
        self.page.locator("html[data-ready]").wait_for()

    def open(self, path=EXAMPLES / "two_moods.flac"):
        """Choose a recording, and wait until it can be played."""
        self.page.set_input_files("#file", path)
        self.page.locator("#title", has_text=path.name).wait_for()
        self.page.locator("#play:enabled").wait_for()

    def evaluate(self, expression, argument=None):
        return self.page.evaluate(expression, argument)

    def until(self, holds, *, seconds=20.0):
        """Wait until a script's value, or what a function gives, is true; give that."""
        deadline = time.monotonic() + seconds
        while True:
            value = holds() if callable(holds) else self.page.evaluate(holds)
            if value:
                return value
            assert time.monotonic() < deadline, f"waited in vain for {holds}"
            self.page.wait_for_timeout(25)

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    def column(self, canvas, part):
        """Count the colours in a column of a canvas: colour → pixels."""
        return self.page.evaluate(COLUMN, [canvas, part])

    def colours_at(self, canvas, part):
        """Give the colours in a column of a canvas, the commonest first."""
        counts = self.column(canvas, part)
        return sorted(counts, key=counts.get, reverse=True)

    @staticmethod
    def rgb(colour, opacity=None):
        """Write a colour as a browser does."""
        parts = ", ".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
        return f"rgb({parts})" if opacity is None else f"rgba({parts}, {opacity})"


@pytest.fixture
def visitor_of(server):
    """Let somebody visit the page: `visitor_of(browser, address=…, width=…, scheme=…)`.

    In the end, nobody's browser may have complained, nor have asked another host for anything.
    """
    visitors = []

    def _visitor_of(browser, *, address=server.address, width=1280, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
            accept_downloads=True,
        )
        context.set_default_timeout(20_000)
        visitors.append(Visitor(context, address))
        return visitors[-1]

    yield _visitor_of
    complaints = [text for visitor in visitors for text in visitor.unforgiven()]
    outside = [url for visitor in visitors for url in visitor.outside]
    for visitor in visitors:
        visitor.context.close()
    assert complaints == []
    assert outside == []


@pytest.fixture
def visitor(chromium, visitor_of):
    """Somebody who came to the page."""
    visitor = visitor_of(chromium)
    visitor.come()
    return visitor


@pytest.fixture(scope="session")
def listener(launch, tmp_path_factory):
    """Give a Chromium whose microphone hears two moods again and again."""
    path = tmp_path_factory.mktemp("microphone") / "two_moods.wav"
    sounds.save(path, sounds.load(EXAMPLES / "two_moods.flac").samples)
    return launch(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}",
    )
