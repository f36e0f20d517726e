"""What drove a label, over the spectrogram of a real browser."""

from dataclasses import replace

import pytest

from affetto.report import write_html

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium, made_up, tmp_path):
    """Open a report whose angry segment is explained; nothing may be complained of."""
    timeline = replace(made_up.timeline(), explanations=(made_up.explanation(),))
    write_html(tmp_path / "why.html", timeline, made_up.voice(30.0))
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((tmp_path / "why.html").as_uri())
    page.wait_for_timeout(300)
    yield page
    context.close()
    assert complaints == []


def colour(page, time, part):
    """Give red, green and blue of the spectrogram, averaged about a time and a height."""
    return page.evaluate(
        """([at, height]) => {
          const canvas = document.getElementById("spectrogram");
          const [x, y] = [at * canvas.width, (1 - height) * canvas.height];
          const size = 6;
          const copy = new OffscreenCanvas(size, size).getContext("2d");
          copy.drawImage(canvas, 3 - x, 3 - y);
          const { data } = copy.getImageData(0, 0, size, size);
          return [0, 1, 2].map((k) => {
            let sum = 0;
            for (let i = k; i < data.length; i += 4) sum += data[i];
            return sum / size ** 2;
          });
        }""",
        [time / 30.0, part],
    )


def test_what_drove_it_keeps_its_light_and_the_rest_is_dimmed(page):
    # Time and height: of the strongest part, of what nothing tells of, and of what spoke against.
    strong, elsewhere, against = (15.25, 0.28), (6.5, 0.28), (13.75, 0.81)
    shown = [colour(page, *place) for place in (strong, elsewhere, against)]
    page.locator("#why").click()
    page.wait_for_timeout(150)
    plain = [colour(page, *place) for place in (strong, elsewhere, against)]
    assert sum(shown[0]) > 0.8 * sum(plain[0])
    assert sum(shown[1]) < 0.6 * sum(plain[1])
    assert shown[2][2] / shown[2][0] > 1.5 * plain[2][2] / plain[2][0]


def test_the_switch_says_how_it_stands_and_takes_its_legend_along(page):
    switch, legend = page.locator("#why"), page.get_by_text("spoke for it")
    assert switch.get_attribute("aria-pressed") == "true"
    assert legend.is_visible()
    switch.click()
    assert switch.get_attribute("aria-pressed") == "false"
    assert not legend.is_visible()
    switch.focus()
    page.keyboard.press("Enter")
    assert switch.get_attribute("aria-pressed") == "true"


def test_its_moments_can_be_heard_and_no_width_scrolls_sideways(page):
    page.wait_for_selector("#play:not(:disabled)")
    page.get_by_role("button", name="what drove it, at 0:15.0").click()
    assert page.locator("#now").inner_text() == "0:15.0"
    for width in (320, 390, 820):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(50)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
