"""Real Chromium, where there is one: AFFETTO_CHROMIUM, else on the path."""

import os
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from affetto.report import write_html

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
)
"""No request of the browser's own may be taken for one of the page's."""


@pytest.fixture(scope="session")
def chromium():
    """Start Chromium, or skip and say why."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("AFFETTO_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None or not Path(path).exists():
        pytest.skip("Chromium is not here: install it, or set AFFETTO_CHROMIUM to its path")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


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
