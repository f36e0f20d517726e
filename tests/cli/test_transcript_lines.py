"""What is said, in the terminal."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from affetto.cli.glyphs import ASCII, UNICODE, Glyphs
from affetto.cli.render import plain, view
from affetto.cli.transcript_lines import transcript_lines
from affetto.emotions import known_order
from affetto.timeline import Segment, Timeline
from affetto.transcript import Phrase, Transcript

GREAT = Phrase(
    13.4,
    17.8,
    "That's just great. Thank you so much for telling me only now.",
    speaker="Ada",
    voice={"angry": 0.86, "happy": 0.14},
    wording={"happy": 0.92, "angry": 0.08},
    scores={"angry": 0.58, "happy": 0.42},
    incongruence=0.79,
)
GREAT = Phrase(
    13.4,
    17.8,
    "That's just great. Thank you so much for telling me only now.",
    speaker="Ada",
    voice={"angry": 0.86, "happy": 0.14},
    wording={"happy": 0.92, "angry": 0.08},
    scores={"angry": 0.58, "happy": 0.42},
    incongruence=0.79,
)
REALLY = Phrase(
    9.3,
    12.1,
    "Really?",
    speaker="Bo",
    voice={"surprise": 0.6, "happy": 0.4},
    wording={"happy": 0.5, "surprise": 0.5},
    scores={"surprise": 0.37, "happy": 0.33, "neutral": 0.3},
    incongruence=0.2,
)
SORRY = Phrase(
    20.8,
    25.6,
    "Es tut mir leid, der Kessel war kaputt.",
    speaker="Bo",
    language="de",
    translation="I am sorry, the kettle was broken.",
    voice={"sad": 0.8},
    scores={"sad": 0.8, "calm": 0.2},
)
TALK = Transcript(
    (REALLY, GREAT, SORRY), "en", "pocketsphinx 5.1 (embedded fallback)", "wording 1.0", 0.4, "opus"
)

NARROW = """\
  what is said
  pocketsphinx 5.1 (embedded fallback)
  en
  weight of the words 0.4, judged by
  wording 1.0
  translated by opus
  0:09.3 – 0:12.1  Bo   😲 surprise  37%
    Really?
    uncertain · voice surprise 60%,
    words happy 50%
  0:13.4 – 0:17.8  Ada  😠 angry     58%
    That's just great. Thank you so
    much for telling me only now.
    ≠ voice angry 86%, words happy 92%
  0:20.8 – 0:25.6  Bo   😢 sad       80%
    Es tut mir leid, der Kessel war
    kaputt.
    → I am sorry, the kettle was
      broken.
"""

WIDE = """\
  what is said, pocketsphinx 5.1 (embedded fallback), en
  weight of the words 0.4, judged by wording 1.0, translated by opus
  0:09.3 - 0:12.1  Bo   surprise  37%  Really?
                                       uncertain, voice surprise 60%, words happy 50%
  0:13.4 - 0:17.8  Ada  angry     58%  That's just great. Thank you so much for telling
                                       me only now.
                                       != voice angry 86%, words happy 92%
  0:20.8 - 0:25.6  Bo   sad       80%  Es tut mir leid, der Kessel war kaputt.
                                       -> I am sorry, the kettle was broken.
"""


def test_a_narrow_terminal_shows_this() -> None:
    assert plain(transcript_lines(TALK, width=40)) == NARROW


def test_a_wide_terminal_shows_it_side_by_side() -> None:
    assert plain(transcript_lines(TALK, width=90, glyphs=ASCII)) == WIDE


def test_disagreement_has_a_ground_of_its_own() -> None:
    for width in (50, 120):
        lines = [line for line in transcript_lines(TALK, width=width) if "≠" in line.plain]
        assert len(lines) == 1
        assert any(getattr(span.style, "bgcolor", None) for span in lines[0].spans)


def test_a_translation_is_in_italics() -> None:
    line = next(line for line in transcript_lines(TALK, width=120) if "→" in line.plain)
    assert any(getattr(span.style, "italic", None) for span in line.spans)


def test_where_voice_and_words_agree_nothing_is_said_of_it() -> None:
    same = replace(GREAT, wording={"angry": 0.9}, incongruence=0.0)
    assert "voice" not in plain(transcript_lines(Transcript((same,)), width=80))
    alone = replace(GREAT, wording={}, incongruence=None)
    assert "voice" not in plain(transcript_lines(Transcript((alone,)), width=80))


def test_nothing_that_is_known_is_nothing_that_is_shown() -> None:
    bare = Transcript((Phrase(0.0, 1.0, "Hello."),))
    assert plain(transcript_lines(bare, width=60)) == (
        "  what is said\n  0:00.0 – 0:01.0\n    Hello.\n"
    )
    assert "no words found" in plain(transcript_lines(Transcript(()), width=60))


def test_the_view_has_it_between_segments_and_summary() -> None:
    joy = Segment(0.0, 2.0, "happy", {"happy": 0.9, "sad": 0.1}, 0.9, 0.65, 0.4)
    timeline = Timeline("x.wav", 30.0, (joy,), "default 1", words=TALK)
    text = plain(view(timeline, width=100))
    assert text.index("next best") < text.index("what is said") < text.index("2.0 s of speech")
    assert "what is said" not in plain(view(replace(timeline, words=None), width=100))


def test_nothing_that_was_said_moves_the_cursor() -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\r\n\x9b31m\u202egnol a\udc80"
    phrase = Phrase(
        0.0, 1.0, evil, speaker=evil, translation=evil,
        voice={evil: 1.0}, wording={"sad": 1.0}, scores={evil: 0.2}, incongruence=0.9,
    )  # fmt: skip
    text = plain(transcript_lines(Transcript((phrase,), evil, evil, evil, 0.4, evil), width=80))
    assert all(line.isprintable() for line in text.splitlines())
    text.encode("utf-8")


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_transcript_fits(glyphs: Glyphs, data: st.DataObject) -> None:
    text = st.text("abc déä今日は 😊\n", max_size=120)
    scores = st.dictionaries(st.sampled_from(known_order()), st.floats(0, 1), max_size=2)
    phrases = data.draw(
        st.lists(
            st.builds(
                Phrase,
                st.floats(0, 3000),
                st.floats(3001, 4000),
                text,
                speaker=st.none() | text,
                translation=st.none() | text,
                voice=scores,
                wording=scores,
                scores=scores,
                incongruence=st.none() | st.floats(0, 1),
            ),
            max_size=4,
        )
    )
    width = data.draw(st.integers(40, 160))
    transcript = Transcript(tuple(phrases), "en", data.draw(text), data.draw(text), 0.4)
    lines = plain(transcript_lines(transcript, width=width, glyphs=glyphs)).splitlines()
    assert max(map(cell_len, lines)) <= width
