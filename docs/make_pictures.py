"""Make the pictures of README and docs: `python docs/make_pictures.py`.

Analyses `examples/two_moods.flac`, writes its report and photographs it in Chromium (found by
AFFETTO_CHROMIUM or on the path), driven by playwright.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import affetto
from affetto import audio
from affetto.jobs import atomic_write
from affetto.report import write_html

ROOT = Path(__file__).resolve().parents[1]
SOUND = ROOT / "examples" / "two_moods.flac"
PICTURE = ROOT / "docs" / "images" / "report.png"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def photograph(report: Path, part: float) -> bytes:
    """Open a report, set the mark `part` of the way along, and give its upper part as PNG."""
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
        page.goto(report.as_uri())
        page.wait_for_selector("#play:not(:disabled)")
        wave = page.locator("#wave").bounding_box()
        assert wave is not None
        page.mouse.click(wave["x"] + part * wave["width"], wave["y"] + wave["height"] / 2)
        page.mouse.move(0, 0)
        page.wait_for_timeout(300)
        picture = page.screenshot(scale="device")
        browser.close()
        return picture


def main() -> None:
    """Make the pictures."""
    os.chdir(ROOT)  # so that the picture names the file as a reader would
    timeline = affetto.analyze(SOUND.relative_to(ROOT).as_posix())
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        write_html(report, timeline, audio.load(SOUND).samples, title=SOUND.name)
        longest = max(timeline, key=lambda segment: segment.duration)
        picture = photograph(report, (longest.start + longest.end) / 2 / timeline.duration)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(PICTURE, "wb") as file:
        file.write(picture)
    print(f"{PICTURE.relative_to(ROOT).as_posix()}: {len(picture) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
