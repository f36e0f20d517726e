"""How long until the web page can be used, from a server on the same machine?

    python benchmarks/page.py [--rounds 10] [--model M] [--output FILE.json]

`affetto serve` in a process of its own, and Chromium with a new profile for each round, so that
nothing of the page is in its cache. Measured in the browser's own clock: from the start of the
navigation until the page says that everything on it answers. One round before the first doesn't
count. Needs playwright, and Chromium: AFFETTO_CHROMIUM, else on the path.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alone import machine

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

WATCH = """
new MutationObserver((_, watching) => {
  if (document.documentElement?.dataset.ready === undefined) return;
  watching.disconnect();
  window.usable = performance.now();
}).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-ready"] });
"""
"""Writes down when the page was ready: milliseconds since the navigation began."""


def chromium() -> str:
    path = os.environ.get("AFFETTO_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise SystemExit("found no Chromium: install it, or set AFFETTO_CHROMIUM to its path")
    return path


@contextmanager
def server(model: str) -> Iterator[str]:
    """Run `affetto serve` in a process of its own; give its address."""
    command = [sys.executable, "-m", "affetto", "serve", "--quiet", "--port", "0", "--keep", "0"]
    process = subprocess.Popen([*command, "--model", model], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"127\.0\.0\.1:\d+", line)
        if not found:
            raise SystemExit(f"the server did not start: {line}")
        yield f"http://{found[0]}/"
    finally:
        process.terminate()
        process.wait(timeout=30)


def load(browser: Any, address: str) -> float:
    """Load the page as one who never did; give seconds until it can be used."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.add_init_script(WATCH)
        page.goto(address)
        page.locator("html[data-ready]").wait_for()
        milliseconds: float = page.evaluate("window.usable")
        return milliseconds / 1000
    finally:
        context.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--model", default="default", help="a name or a folder")
    options.add_argument("--output", type=Path, help="also write the figures as JSON")
    chosen = options.parse_args()

    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise SystemExit('found no playwright: pip install ".[dev]"') from None
    from affetto.server.page import FOLDER

    if not (FOLDER / "index.html").is_file():
        raise SystemExit("the web page isn't built: make page")
    with server(chosen.model) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        taken = [load(browser, address) for _ in range(chosen.rounds + 1)][1:]
        name = f"Chromium {browser.version}"
        browser.close()

    figures = {
        "machine": machine(),
        "browser": name,
        "model": chosen.model,
        "rounds": chosen.rounds,
        "median_s": round(statistics.median(taken), 3),
        "slowest_s": round(max(taken), 3),
    }
    print(f"{name}; {machine()}; {chosen.rounds} rounds")
    print(f"the page can be used: median {figures['median_s']} s, slowest {figures['slowest_s']} s")
    if chosen.output:
        chosen.output.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
