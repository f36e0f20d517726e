"""The report as a file: whole, safe, small, and right where nothing is to be said."""

import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from affetto.dsp import SAMPLE_RATE
from affetto.errors import OutputError
from affetto.report import html, write_html
from affetto.timeline import Segment, Timeline

NASTY = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'


class Elements(HTMLParser):
    """Collects every element with its attributes, and the text of scripts."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.scripts = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.found and self.lasttag == "script" and self.cdata_elem == "script":
            self.scripts[-1] += data


@pytest.fixture(scope="module")
def page(made_up, sound):
    return html(made_up.timeline(), sound)


def payload(page):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1]
    return json.loads(text)


def test_it_says_who_felt_what_when_in_words(page):
    for text in ("interview with Ada.wav", "The voice sounds mixed", "fear (uncertain)"):
        assert text in page
    assert "0:13.4–0:17.8" in page


def test_nothing_is_fetched_from_anywhere(page):
    for tag, attributes in Elements(page).found:
        for name in ("src", "href", "action", "data", "poster"):
            assert name not in attributes, (tag, attributes)
    assert not re.search(r"url\((?!data:)|@import|\bfetch\(|XMLHttpRequest|WebSocket", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "field", ["source", "model", "title", "speaker", "text", "label", "warning"]
)
def test_no_text_becomes_markup(field, sound):
    label = NASTY if field == "label" else "sad"
    segment = Segment(
        0.0, 2.0, label, {label: 1.0}, 0.9, -0.7, -0.5,
        speaker=NASTY if field == "speaker" else None,
        text=NASTY if field == "text" else None,
    )  # fmt: skip
    timeline = Timeline(
        NASTY if field == "source" else "x.wav",
        3.0,
        (segment,),
        NASTY if field == "model" else "m",
        warnings=(NASTY,) if field == "warning" else (),
    )
    page = html(timeline, sound[:48_000], title=NASTY if field == "title" else None)
    elements = Elements(page)
    assert [tag for tag, _ in elements.found].count("script") == 3
    assert not [tag for tag, _ in elements.found if tag == "img"]
    assert not any("onerror" in attributes for _, attributes in elements.found)
    json.loads(elements.scripts[1])


def test_the_sound_inside_is_the_sound(page, sound):
    import base64

    import av

    body = re.search(r'id="sound">([A-Za-z0-9+/=]+)<', page)[1]
    with av.open(io.BytesIO(base64.b64decode(body))) as container:
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
        assert container.streams.audio[0].rate == SAMPLE_RATE
    heard = np.concatenate(parts, axis=1)[0]
    assert abs(len(heard) - len(sound)) < 0.1 * SAMPLE_RATE
    # Where it is loud it must be loud, at the same time.
    size = SAMPLE_RATE // 20
    count = min(len(heard), len(sound)) // size
    level = [np.abs(x[: count * size]).reshape(count, size).max(axis=1) for x in (heard, sound)]
    assert np.corrcoef(*level)[0, 1] > 0.98


def test_long_sound_is_left_out_unless_asked_for(made_up, sound):
    short = sound[: 3 * SAMPLE_RATE]
    long = Timeline("day.wav", 1801.0, made_up.timeline().segments, "m")
    page = html(long, short)
    assert 'id="sound"></script>' in page
    assert "The recording is long" in page
    assert 'type="file"' in page
    assert 'id="sound"></script>' not in html(long, short, audio=True)
    assert 'id="sound"></script>' in html(made_up.timeline(), short, audio=False)


def test_silence_is_said_calmly():
    page = html(Timeline("room.wav", 2.0, (), "m"), np.zeros(2 * SAMPLE_RATE, np.float32))
    assert "No speech was found" in page
    assert "no-speech" in page
    assert payload(page)["segments"] == []


@pytest.mark.parametrize("samples", [None, np.empty(0, np.float32)])
def test_no_sound_at_all_still_gives_a_page(made_up, samples):
    page = html(made_up.timeline(), samples)
    assert "peaks" not in payload(page)
    assert "no-sound" in page


def test_a_model_without_labels_shows_valence_and_arousal(sound):
    segment = Segment(0.5, 2.5, None, {}, 0.0, 0.25, -0.5)
    page = html(Timeline("x.wav", 3.0, (segment,), "m"), sound[:48_000])
    assert "no-labels" in page
    assert "+0.25" in page
    assert payload(page)["path"] == [[1.5, 0.25, -0.5]]


def test_rate_channels_and_spoilt_samples_are_taken_in(made_up, sound):
    stereo = np.stack([sound, sound]).astype(np.float64)
    assert payload(html(made_up.timeline(), stereo, audio=False)) == payload(
        html(made_up.timeline(), sound, audio=False)
    )
    double = np.repeat(sound, 2)
    times = payload(html(made_up.timeline(), double, sample_rate=32_000, audio=False))
    assert times["peaks"]["rate"] == 1000.0
    spoilt = sound.copy()
    spoilt[100:200] = np.nan
    spoilt[300] = np.inf
    html(made_up.timeline(), spoilt)


def test_from_some_minutes_on_the_pictures_grow_no_more(made_up, sound):
    long = np.tile(sound, 11)
    scenes = [
        (start + 30 * i, end + 30 * i, *rest)
        for i in range(11)
        for start, end, *rest in made_up.SCENES
    ]
    timeline = made_up.timeline(seconds=330.0, scenes=scenes)
    assert len(html(timeline, long, audio=False)) < 3_000_000


def test_a_file_is_written_whole(tmp_path, made_up, sound):
    path = tmp_path / "report.html"
    write_html(path, made_up.timeline(source="caf\udce9.wav"), sound)
    assert path.read_text("utf-8").startswith("<!doctype html>")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(OutputError):
        write_html(tmp_path / "nowhere" / "x.html", made_up.timeline(), sound)


def test_matplotlib_is_not_needed(tmp_path):
    code = "import sys, affetto.report; print('matplotlib' in sys.modules, 'av' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
