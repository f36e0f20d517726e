"""Subtitles hold what is said and felt, whatever is said, and every player can read them."""

import html
import io
import re
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from affetto.emotions import EMOJI, known_order
from affetto.errors import FormatError, OptionError
from affetto.formats import FORMATS, from_srt, from_vtt, to_srt, to_vtt
from affetto.formats.cues import LONGEST, clean
from affetto.formats.lines import LINE, LINES, broken, cells, joined
from affetto.timeline import Segment, Timeline
from affetto.transcript import Phrase, Transcript, Word

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NASTY = (
    "-->",
    "00:00:01,000 --> 00:00:02,000",
    "\n\n7\n00:00:01.000 --> 00:00:02.000\nnever said",
    "</c></v><i>slanted</i>",
    "<v Eve>",
    "fish &amp; chips & peas &lt;",
    "{\\an8}up",
    "[happy] not a label",
    "[happy]",
    "[None]",
    "[valence +0.10, arousal -0.20]",
    "Note: mind the gap",
    "Ada: [sad] not she",
    "😊 smile",
    "NOTE nothing",
    "STYLE",
    "WEBVTT",
    "今日は 世界",
    "\u2060\u200b\u202e",
    "\x00\x1b[31m",
    "\udc80",
    "42",
)
plain = st.text(min_size=1, max_size=60)
nasty = st.lists(st.sampled_from(NASTY) | plain, min_size=1, max_size=4).map(" ".join)
names = st.from_regex(r"[A-Za-z]{1,12}( [A-Za-z]{1,12})?", fullmatch=True)


@st.composite
def talks(draw, texts=nasty, speakers=names):
    """Draw a timeline of phrases without the times of words."""
    at, phrases = 0.0, []
    for _ in range(draw(st.integers(0, 4))):
        start = round(at + draw(st.floats(0, 4000)), 3)
        at = round(start + draw(st.floats(0.002, 30)), 3)
        label = draw(st.none() | st.sampled_from(known_order()))
        sure = draw(st.sampled_from([0.9, 0.2]))
        phrases.append(
            Phrase(
                start,
                at,
                draw(texts),
                speaker=draw(st.none() | speakers),
                scores={label: sure} if label else {},
            )
        )
    return Timeline(draw(plain), at + 1, (), "m", words=Transcript(tuple(phrases)))


def told(timeline):
    """Give what subtitles hold of a timeline."""
    return [
        (p.start, p.end, p.text, p.speaker, p.emotion, p.emotion and p.confidence >= 0.4)
        for p in timeline.words or ()
    ]


def wanted(timeline):
    return [
        (start, end, clean(text), speaker, emotion, sure)
        for start, end, text, speaker, emotion, sure in told(timeline)
        if clean(text)
    ]


@few
@given(talks(), st.booleans())
def test_srt_brings_texts_times_speakers_and_labels_back(timeline, emoji):
    assert told(from_srt(to_srt(timeline, emoji=emoji))) == wanted(timeline)


@few
@given(talks())
def test_vtt_brings_texts_times_speakers_and_labels_back(timeline):
    back = from_vtt(to_vtt(timeline))
    assert told(back) == wanted(timeline)
    assert (back.source, back.model) == (clean(timeline.source), "m")


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("label", [None, "happy"])
@pytest.mark.parametrize("speaker", [None, "Ada"])
def test_what_looks_like_something_else_is_still_what_was_said(text, label, speaker):
    phrase = Phrase(0.5, 2.0, text, speaker=speaker, scores={label: 0.8} if label else {})
    timeline = Timeline("x.wav", 3.0, (), "m", words=Transcript((phrase,)))
    for write, read in ((to_srt, from_srt), (to_vtt, from_vtt)):
        assert told(read(write(timeline))) == wanted(timeline)


@few
@given(talks(speakers=nasty))
def test_no_name_breaks_a_file(timeline):
    said = [(p.start, p.end) for p in timeline.words if clean(p.text) or p.emotion]
    for write, read in ((to_srt, from_srt), (to_vtt, from_vtt)):
        assert [(s.start, s.end) for s in read(write(timeline))] == said
    assert_webvtt(to_vtt(timeline))
    assert_subrip(to_srt(timeline))


@few
@given(st.lists(st.sampled_from([*known_order(), None]), max_size=4), st.floats(-1, 1))
def test_without_words_a_cue_a_segment_comes_back(labels, mood):
    segments = tuple(
        Segment(at, at + 0.5, label, {label: 0.9} if label else {}, 0.9 if label else 0.0, mood, 0)
        for at, label in enumerate(labels)
    )
    timeline = Timeline("x.wav", 9.0, segments, "m")
    for write, read in ((to_srt, from_srt), (to_vtt, from_vtt)):
        back = read(write(timeline))
        assert [(s.start, s.end, s.emotion, s.text) for s in back] == [
            (s.start, s.end, s.emotion, None) for s in segments
        ]
        moods = [s.valence for s in back if s.emotion is None]
        assert moods == pytest.approx([mood for label in labels if label is None], abs=0.006)
        assert back.words is None


@st.composite
def long_phrases(draw):
    """Draw a phrase whose words have times, as recognisers give them."""
    texts = draw(st.lists(st.sampled_from(["so", "then,", "it went.", "extraordinarily", "“a"])))
    at, words = draw(st.floats(0, 100)), []
    start = at
    for text in texts:
        for part in text.split():
            end = at + draw(st.floats(0.05, 1.0))
            words.append(Word(part, at, end))
            at = end + draw(st.floats(0, 0.5))
    text = " ".join(word.text for word in words)
    return Phrase(start, at + 0.1, text, tuple(words), draw(st.none() | names), scores={"sad": 1.0})


@few
@given(long_phrases())
def test_long_phrases_are_cut_between_words(phrase):
    timeline = Timeline("x.wav", 200.0, (), "m", words=Transcript((phrase,)))
    for write, read, lines_of in ((to_srt, from_srt, srt_lines), (to_vtt, from_vtt, vtt_lines)):
        text = write(timeline)
        back = read(text).segments
        assert " ".join(s.text for s in back if s.text) == phrase.text
        assert {s.speaker for s in back} <= {phrase.speaker}
        times = [time for s in back for time in (s.start, s.end)]
        assert times == sorted(times)
        assert times[0] == round(phrase.start, 3)
        assert times[-1] == round(phrase.end, 3)
        begun = {round(word.start, 3) for word in phrase.words}
        assert {s.start for s in back[1:]} <= begun
        for segment, lines in zip(back, lines_of(text), strict=True):
            assert segment.duration <= LONGEST + 0.01
            assert len(lines) <= LINES
            assert max(map(cells, lines)) <= LINE


def test_words_that_are_not_in_the_text_leave_it_whole():
    words = tuple(Word(f"word{i}", i, i + 0.5) for i in range(40))
    phrase = Phrase(0.0, 40.0, "Something else entirely " * 8, words)
    timeline = Timeline("x.wav", 40.0, (), "m", words=Transcript((phrase,)))
    assert len(from_srt(to_srt(timeline))) == 1


def srt_lines(text):
    return [block.splitlines()[2:] for block in text.split("\n\n") if block.strip()]


def vtt_lines(text):
    bare = html.unescape(re.sub(r"<[^<>]*>", "", text))
    blocks = [block.split("\n") for block in bare.strip().split("\n\n")]
    return [block[2:] for block in blocks if block[0].isdigit()]


@few
@given(st.lists(st.sampled_from(["a", "now", "世界", "。", "extraordinarily,", "é"]), min_size=1))
@example(["世界"] * 40)
def test_lines_are_the_text_again(parts):
    for text in (" ".join(parts), "".join(parts)):
        lines = broken(text)
        assert joined(lines) == text
        whole = re.split(r" |(?<=[界。])(?=世)|(?<=世)(?=界)", text)
        longest = max(LINE, *map(cells, whole))
        assert max(cells(line.rstrip()) for line in lines) <= longest


# The grammars, as strict as they are written down.

CHARACTERS = r"(?:[^\n&<]|&(?:amp|lt|gt);)"
TEXT = rf"(?!.*-->){CHARACTERS}+"
SPAN = rf"(?:<c\.[a-z]+(?:\.unsure)?>{TEXT}(?:\n{TEXT})*</c>|{TEXT}(?:\n{TEXT})*)"
PAYLOAD = re.compile(rf"(?:<v (?:[^\n\r&<>]|&(?:amp|lt|gt);)+>{SPAN}</v>|{SPAN})")
STAMP = r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})"


def assert_webvtt(text):
    """Hold a text to https://www.w3.org/TR/webvtt1/#syntax, as narrowly as it is written here."""
    assert "\r" not in text
    assert "\0" not in text
    text.encode("utf-8")
    head, *blocks = text.rstrip("\n").split("\n\n")
    assert head == "WEBVTT"
    before, cues = 0.0, 0
    for block in blocks:
        assert block.strip()
        first, *rest = block.split("\n")
        if re.match(r"(NOTE|STYLE)( |$)", first):
            assert "-->" not in block
            assert first != "STYLE" or not cues, "a style stands before the first cue"
            continue
        cues += 1
        assert first == str(cues)
        timing = re.fullmatch(rf"{STAMP} --> {STAMP}", rest[0])
        assert timing, rest[0]
        units = [int(unit) for unit in timing.groups()]
        start, end = (h * 3600 + m * 60 + s + ms / 1000 for h, m, s, ms in (units[:4], units[4:]))
        assert before <= start < end
        before = start
        assert PAYLOAD.fullmatch("\n".join(rest[1:])), rest[1:]


def assert_subrip(text):
    text.encode("utf-8")
    assert "\r" not in text
    blocks = text.rstrip("\n").split("\n\n") if text else []
    stamp = r"\d{2,}:[0-5]\d:[0-5]\d,\d{3}"
    for number, block in enumerate(blocks, 1):
        first, timing, *lines = block.split("\n")
        assert first == str(number)
        assert re.fullmatch(rf"{stamp} --> {stamp}", timing)
        assert lines
        assert all(line.strip() for line in lines)
        assert not any("-->" in line or re.search(r"<[A-Za-z/]|\{\\", line) for line in lines)


@few
@given(talks(speakers=nasty), st.booleans())
def test_the_files_keep_to_their_grammar(timeline, emoji):
    assert_webvtt(to_vtt(timeline))
    assert_subrip(to_srt(timeline, emoji=emoji))


@few
@given(talks())
def test_a_peer_reads_webvtt_alike(timeline):
    webvtt = pytest.importorskip("webvtt", reason="webvtt-py is not installed")
    captions = list(webvtt.from_buffer(io.StringIO(to_vtt(timeline))))
    said = [p for p in timeline.words if clean(p.text) or p.emotion]
    assert [c.start_in_seconds for c in captions] == [int(p.start) for p in said]


def shown(text, form):
    """Give what FFmpeg's players would show: start, duration, text."""
    import av

    found = []
    with av.open(io.BytesIO(text.encode()), format=form) as container:
        stream = container.streams.subtitles[0]
        for packet in container.demux(stream):
            if not packet.size:
                continue
            for subtitle in packet.decode():
                start, length = (float(t * packet.time_base) for t in (packet.pts, packet.duration))
                line = subtitle.ass.decode().split(",", 8)[8]
                found.append((start, length, line.replace("\\N", " ").replace("\u2060", "")))
    return found


def test_players_show_what_was_said_as_it_was_said():
    texts = [
        "Is 3 < 5 & 7 > 6?",
        "A <i>tag</i> is no tag.",
        "an arrow --> there",
        "one\n\n2\n00:00:09,000 --> 00:00:10,000\ntwo",
        "Wie schön: 今日は!",
    ]
    phrases = [Phrase(i, i + 0.5, text, scores={"calm": 0.9}) for i, text in enumerate(texts)]
    timeline = Timeline("x.wav", 9.0, (), "m", words=Transcript(tuple(phrases)))
    expected = [(float(i), 0.5, clean(text)) for i, text in enumerate(texts)]
    assert shown(to_vtt(timeline), "webvtt") == expected
    labelled = [(start, length, f"[calm] {text}") for start, length, text in expected]
    assert shown(to_srt(timeline), "srt") == labelled


def test_a_label_may_be_a_picture():
    phrase = Phrase(0.0, 1.0, "Oh!", scores={"surprise": 0.3})
    text = to_srt(Timeline("x.wav", 1.0, (), "m", words=Transcript((phrase,))), emoji=True)
    assert f"\n{EMOJI['surprise']}? Oh!\n" in text


def test_the_style_has_the_colours_of_the_labels_there_are():
    phrases = (Phrase(0, 1, "a", scores={"sad": 0.9}), Phrase(1, 2, "b", scores={"happy": 0.2}))
    text = to_vtt(Timeline("x.wav", 2.0, (), "m", words=Transcript(phrases)))
    assert "::cue(.sad) { color: #fff; background-color: #0072b2; }" in text
    assert "::cue(.happy) { color: #000; background-color: #f0c808; }" in text
    assert "angry" not in text
    assert "<c.happy.unsure>b</c>" in text


def test_the_header_of_webvtt_comes_back():
    words = Transcript((Phrase(0, 1, "a"),), "en", "Whisper --> small", "wording 1", 0.4)
    timeline = Timeline("a --> b.wav", 12.5, (), "default 1", words=words)
    back = from_vtt(to_vtt(timeline))
    assert (back.source, back.duration, back.model) == ("a --> b.wav", 12.5, "default 1")
    assert back.words == words


def test_subtitles_of_others_are_read():
    text = (
        "\ufeff1\r\n0:00:01,000 --> 0:00:02,500 X1:10\r\n<i>Hello,</i>\r\n"
        '<font color="#fff">you</font>\r\n\r\n\r\n'
        "2\r\n00:00:03,000 --> 00:00:04,000\r\n{\\an8}Bye.\r\n\r\n"
    )
    assert told(from_srt(text)) == [
        (1.0, 2.5, "Hello, you", None, None, None),
        (3.0, 4.0, "Bye.", None, None, None),
    ]
    text = (
        "WEBVTT - a film\nKind: captions\n\nREGION\nid:fred\n\nNOTE\nnothing\n\nintro\n"
        "01:00.000 --> 01:02.500 align:start\n<v.loud Bo &amp; Co>Well, <b>you</b> &lt;3\n\n"
        "100:00:00.000 --> 100:00:01.000\n<c.yellow>late"
    )
    assert told(from_vtt(text)) == [
        (60.0, 62.5, "Well, you <3", "Bo & Co", None, None),
        (360_000.0, 360_001.0, "late", None, None, None),
    ]


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (from_srt, "Hello", "line 1: found 'Hello', expected a cue with its times"),
        (from_srt, "1\n00:00:02,000 --> 00:00:01,000\nx", "line 2: found a cue that begins at 2.0"),
        (from_vtt, "", "expected WEBVTT"),
        (from_vtt, "WEBVTTX", "expected WEBVTT"),
        (from_vtt, "WEBVTT\n\nHello", "line 3: found 'Hello'"),
    ],
)
def test_something_else_is_refused_and_told_where(read, text, said):
    with pytest.raises(FormatError, match=re.escape(said)):
        read(text)


def test_a_file_of_subtitles_holds_one_recording():
    timeline = Timeline("x.wav", 1.0, (Segment(0, 1, "sad", {"sad": 1.0}, 1.0, -0.7, -0.5),), "m")
    for name in ("srt", "vtt"):
        form = FORMATS[name]
        assert form.alone
        assert len(form.read(form.write([timeline]))) == 1
        with pytest.raises(OptionError, match=f"found 2 timelines, expected one.*{name}"):
            form.write([timeline] * 2)


@few
@given(st.text("<>&{\\}[]:-0123456789.,\n \tWEBVTNOHXc/v"), st.sampled_from(["", "WEBVTT\n\n"]))
def test_any_text_is_read_or_refused(text, head):
    for read in (from_srt, from_vtt):
        with suppress(FormatError):
            assert isinstance(read(head + text), Timeline)
