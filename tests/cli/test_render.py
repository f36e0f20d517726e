"""The view of a timeline, as text."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from affetto.cli.glyphs import ASCII, UNICODE
from affetto.cli.render import plain, view
from affetto.emotions import known_order, project
from affetto.timeline import Segment, Timeline


def segment(start: float, end: float, speaker: str | None = None, **scores: float) -> Segment:
    emotion = max(scores, key=scores.__getitem__)
    return Segment(start, end, emotion, scores, scores[emotion], *project(scores), speaker=speaker)


TALK = Timeline(
    "interviews/monday.mp3",
    42.3,
    (
        segment(0.4, 8.5, "A", calm=0.82, neutral=0.15, sad=0.03),
        segment(10.2, 16.0, "B", surprise=0.55, happy=0.45),
        segment(16.0, 21.3, "B", angry=0.97, fear=0.03),
        segment(24.0, 24.6, "A", happy=0.35, surprise=0.33, neutral=0.32),
        segment(30.0, 41.9, "A", sad=0.64, neutral=0.36),
    ),
    "default 1.0",
    speakers=("A", "B"),
)

NARROW = """\
interviews/monday.mp3 · 0:42.3 · default 1.0 · 2 speakers

  ▇▇▇▇▇▇▇▇▇▇▇▇ ▅▅▅▅▅▅▅▅████████  ▄▄      ▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆
  calm ─────── surpris angry ──  ha      sad ─────────────
  ┴────────────┴────────────┴────────────┴────────────┴───
  0:00       0:10         0:20         0:30         0:40

  time             feeling      sure                   who
  0:00.4 – 0:08.5  😌 calm       82% ████▏             A
  0:10.2 – 0:16.0  😲 surprise   55% ██▊               B
  0:16.0 – 0:21.3  😠 angry      97% ████▉             B
  0:24.0 – 0:24.6  😊 happy      35% █▊     uncertain  A
  0:30.0 – 0:41.9  😢 sad        64% ███▎              A

  31.7 s of speech · 4 changes · mood ·
  😢 sad        38% █████▎          strongest 0:30.0 (64%)
  😌 calm       26% ███▋            strongest 0:00.4 (82%)
  😲 surprise   18% ██▌             strongest 0:10.2 (55%)
  😠 angry      17% ██▍             strongest 0:16.0 (97%)
  😊 happy       2% ▎               strongest 0:24.0 (35%)
"""


def test_a_narrow_view_is_this() -> None:
    assert plain(view(TALK, width=60)) == NARROW


def test_a_wide_view_has_the_next_best_and_the_figures() -> None:
    text = plain(view(TALK, width=140))
    row = next(line for line in text.splitlines() if line.startswith("  0:24.0"))
    assert "uncertain, surprise 33%" in row
    assert "+0.35   +0.44" in row
    assert "valence arousal" in text


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_no_line_is_wider_than_the_terminal(width: int, glyphs: object) -> None:
    lines = plain(view(TALK, width=width, glyphs=glyphs)).splitlines()  # type: ignore[arg-type]
    assert max(map(cell_len, lines)) <= width
    if glyphs is ASCII:
        assert all(map(str.isascii, lines))


def test_colour_is_only_laid_over() -> None:
    line = next(line for line in view(TALK, width=80) if "angry" in line.plain and line.spans)
    assert any("#d55e00" in str(span.style) for span in line.spans)


def test_silence() -> None:
    text = plain(view(Timeline("still.wav", 2.0, (), "default 1.0"), width=60))
    assert text == "still.wav · 0:02.0 · default 1.0\n\n  no speech found\n"


def test_a_model_without_labels_still_has_a_view() -> None:
    calm = Segment(0.0, 2.0, None, {}, 0.0, 0.4, -0.6)
    text = plain(view(Timeline("a.wav", 2.0, (calm,), "regression 1"), width=100))
    assert "+0.40   -0.60" in text
    assert "%" not in text


def test_a_long_path_is_cut_at_its_start_and_odd_names_are_harmless() -> None:
    long = Timeline("very/" * 40 + "end.wav", 2.0, (), "m 1")
    head = plain(view(long, width=60)).splitlines()[0]
    assert cell_len(head) <= 60
    assert "end.wav" in head
    odd = Timeline("a\x1b[31m\nb\udc80.wav", 2.0, (), "m 1")
    head = plain(view(odd, width=60))
    assert "\x1b" not in head
    head.encode("utf-8")


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    labels = known_order()
    at, segments = 0.0, []
    for _ in range(draw(st.integers(1, 12))):
        at += draw(st.floats(0, 100))
        end = at + draw(st.floats(0.05, 400))
        first, second = draw(st.permutations(labels))[:2]
        share = draw(st.floats(0.5, 1))
        segments.append(segment(at, end, **{first: share, second: 1 - share}))
        at = end
    return Timeline("x.wav", at + draw(st.floats(0, 50)), tuple(segments), "m 1")


@settings(max_examples=40, deadline=None)
@given(timelines(), st.integers(60, 200), st.booleans())
def test_every_timeline_fits(timeline: Timeline, width: int, named: bool) -> None:
    if named:
        segments = (replace(s, speaker="channel 1") for s in timeline.segments)
        timeline = replace(timeline, segments=tuple(segments))
    lines = plain(view(timeline, width=width)).splitlines()
    assert max(map(cell_len, lines)) <= width
    rows = [line for line in lines if " – " in line]
    assert len(rows) == len(timeline.segments)


def test_the_source_may_be_a_path_of_any_system(tmp_path: Path) -> None:
    assert plain(view(Timeline(str(tmp_path), 1.0, (), ""), width=200)).startswith(str(tmp_path))
