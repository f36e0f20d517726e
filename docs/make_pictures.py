"""Make the pictures of README and docs: `python docs/make_pictures.py`.

Analyses `examples/two_moods.flac`, writes its report, and photographs that and the server's page in
Chromium (found by AFFETTO_CHROMIUM or on the path), driven by playwright.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

import affetto
from affetto import audio
from affetto.jobs import atomic_write
from affetto.report import write_html
from affetto.timeline import Timeline

ROOT = Path(__file__).resolve().parents[1]
SOUND = ROOT / "examples" / "two_moods.flac"
IMAGES = ROOT / "docs" / "images"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def photograph(address: str, look: Callable[[Page], None]) -> bytes:
    """Open an address, do something there, and give the upper part of the page as PNG."""
    found = os.environ.get("AFFETTO_CHROMIUM") or next(
        filter(None, map(shutil.which, CHROMIUM)), None
    )
    if found is None:
        sys.exit("Chromium is not here: install it, or set AFFETTO_CHROMIUM to its path")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": 1200, "height": 1000}, device_scale_factor=1.5, color_scheme="light"
        )
        page.goto(address)
        look(page)
        page.mouse.move(0, 0)
        page.wait_for_timeout(300)
        picture = page.screenshot(scale="device")
        browser.close()
        return picture


def click_on_wave(page: Page, part: float) -> None:
    """Set the mark `part` of the way along the waveform."""
    page.wait_for_selector("#play:not(:disabled)")
    wave = page.locator("#wave").bounding_box()
    assert wave is not None
    page.mouse.click(wave["x"] + part * wave["width"], wave["y"] + wave["height"] / 2)


def report_picture(timeline: Timeline, part: float) -> bytes:
    """Photograph the report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        write_html(report, timeline, audio.load(SOUND).samples, title=SOUND.name)
        return photograph(report.as_uri(), lambda page: click_on_wave(page, part))


def page_picture(part: float) -> bytes:
    """Photograph the server's page with the recording open."""

    def open_recording(page: Page) -> None:
        page.wait_for_selector("html[data-ready]")
        page.set_input_files("#file", [SOUND])
        page.wait_for_selector("#view:not([hidden])")
        click_on_wave(page, part)
        page.evaluate("document.getElementById('title').scrollIntoView()")

    command = [sys.executable, "-m", "affetto", "serve", "--quiet", "--port", "0", "--keep", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            found = re.search(r"127\.0\.0\.1:\d+", server.stderr.readline())
            assert found is not None
            return photograph(f"http://{found[0]}", open_recording)
        finally:
            server.terminate()


def main() -> None:
    """Make the pictures."""
    os.chdir(ROOT)  # so that the picture names the file as a reader would
    timeline = affetto.analyze(SOUND.relative_to(ROOT).as_posix())
    longest = max(timeline, key=lambda segment: segment.duration)
    part = (longest.start + longest.end) / 2 / timeline.duration
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, picture in (
        ("report.png", report_picture(timeline, part)),
        ("page.png", page_picture(part)),
    ):
        with atomic_write(IMAGES / name, "wb") as file:
            file.write(picture)
        print(f"{name}: {len(picture) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
