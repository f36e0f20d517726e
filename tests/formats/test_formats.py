"""Timelines survive being written and read back."""

import csv
import io
import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affetto.emotions import Emotion
from affetto.errors import FormatError, OptionError, OutputError
from affetto.formats import FORMATS, find, from_csv, from_json, json_line, save, to_csv, to_json
from affetto.timeline import Segment, Timeline, Track
from affetto.transcript import Phrase, Transcript, Word

few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

LABELS = tuple(e.value for e in Emotion)
probability = st.floats(0, 1).map(lambda p: round(p, 4))
signed = st.floats(-1, 1).map(lambda p: round(p, 4))
words = st.text(min_size=1)


@st.composite
def segments(draw):
    start = round(draw(st.floats(0, 36_000)), 3)
    scores = draw(st.dictionaries(st.sampled_from(LABELS), probability, min_size=1))
    emotion = draw(st.sampled_from([*scores, None]))
    return Segment(
        start=start,
        end=round(start + draw(st.floats(0.01, 60)), 3),
        emotion=emotion,
        scores=scores if emotion else {},
        confidence=draw(probability),
        valence=draw(signed),
        arousal=draw(signed),
        dominance=draw(st.none() | signed),
        speaker=draw(st.none() | words),
        gender=draw(st.none() | words),
        text=draw(st.none() | words),
    )


@st.composite
def tracks(draw):
    labels = tuple(draw(st.lists(st.sampled_from(LABELS), min_size=1, unique=True)))
    count = draw(st.integers(0, 4))
    scores = tuple(tuple(draw(probability) for _ in labels) for _ in range(count))
    speakers = tuple("AB"[i % 2] for i in range(count)) if draw(st.booleans()) else ()
    return Track(tuple(i / 2 for i in range(count)), labels, scores, (0.5,) * count, speakers)


@st.composite
def phrases(draw):
    start = round(draw(st.floats(0, 36_000)), 3)
    scores = st.dictionaries(st.sampled_from(LABELS), probability, max_size=2)
    said = draw(st.lists(words, max_size=2))
    return Phrase(
        start=start,
        end=round(start + draw(st.floats(0.01, 60)), 3),
        text=" ".join(said),
        words=tuple(Word(text, start, start, draw(st.none() | probability)) for text in said),
        speaker=draw(st.none() | words),
        language=draw(st.none() | words),
        translation=draw(st.none() | words),
        voice=draw(scores),
        wording=draw(scores),
        scores=draw(scores),
        incongruence=draw(st.none() | probability),
    )


@st.composite
def transcripts(draw):
    return Transcript(
        tuple(draw(st.lists(phrases(), max_size=2))),
        language=draw(st.none() | words),
        transcriber=draw(st.text()),
        model=draw(st.text()),
        weight=draw(probability),
        translator=draw(st.none() | words),
    )


@st.composite
def timelines(draw):
    found = tuple(draw(st.lists(segments(), max_size=4)))
    return Timeline(
        source=draw(words),
        duration=round(draw(st.floats(0, 36_000)), 3),
        segments=found,
        model=draw(words),
        track=draw(st.none() | tracks()),
        speakers=tuple(dict.fromkeys(s.speaker for s in found if s.speaker)),
        warnings=tuple(draw(st.lists(words, max_size=2))),
        words=draw(st.none() | transcripts()),
    )


@few
@given(st.lists(timelines(), max_size=3))
def test_json_comes_back_whole(given_timelines):
    back = from_json(to_json(given_timelines, track=True))
    assert [t.to_dict(track=True) for t in back] == [t.to_dict(track=True) for t in given_timelines]


@few
@given(timelines())
def test_a_line_is_one_line_and_one_object(timeline):
    line = json_line(timeline)
    assert "\n" not in line
    assert json.loads(line)["source"] == timeline.source
    assert "track" not in json.loads(line)


@few
@given(st.lists(timelines(), max_size=3, unique_by=lambda t: t.source))
def test_csv_brings_the_segments_back(given_timelines):
    back = {t.source: t for t in from_csv(to_csv(given_timelines))}
    for timeline in given_timelines:
        if not timeline.segments:
            assert timeline.source not in back
            continue
        rows = [s.to_dict() for s in back[timeline.source]]
        assert rows == [s.to_dict() for s in timeline]
        assert back[timeline.source].speakers == timeline.speakers


def are_timelines_or_refused(read, text):
    try:
        return all(isinstance(timeline, Timeline) for timeline in read(text))
    except FormatError as error:
        return len(str(error).splitlines()) == 1


@few
@given(st.text())
def test_any_text_is_read_or_refused(text):
    for form in FORMATS.values():
        assert are_timelines_or_refused(form.read, text)


@few
@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["source", "duration", "segments", "model", "track", "words"]), x
            )
        ),
    )
)
def test_any_json_is_read_or_refused(value):
    assert are_timelines_or_refused(from_json, json.dumps(value))


def test_csv_has_the_promised_columns_in_the_vocabulary_s_order():
    angry = Segment(0, 1, "angry", {"angry": 0.8, "calm": 0.2}, 0.8, -0.4, 0.5)
    sad = Segment(1, 2, "sad", {"sad": 0.9, "calm": 0.1}, 0.9, -0.6, -0.5)
    text = to_csv([Timeline("a", 2, (angry,), "m"), Timeline("b", 2, (sad,), "m")])
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == [
        "source", "start", "end", "emotion", "confidence", "valence", "arousal", "speaker",
        "text", "score_calm", "score_sad", "score_angry",
    ]  # fmt: skip
    assert rows[2][-3:] == ["0.1", "0.9", ""]


def test_no_timelines_still_give_a_header():
    assert to_csv([]).startswith("source,start,end,emotion,")
    assert from_csv(to_csv([])) == []


def test_a_pretty_object_and_an_array_are_read_too():
    row = Timeline("x.wav", 3.0, (), "m").to_dict()
    assert from_json(json.dumps(row, indent=2))[0].source == "x.wav"
    assert len(from_json(json.dumps([row, row], indent=2))) == 2


def test_a_file_name_that_is_no_utf8_can_be_written():
    timeline = Timeline("caf\udce9.wav", 1.0, (), "m")
    text = to_json([timeline])
    text.encode("utf-8")
    assert from_json(text)[0].source == timeline.source
    to_csv([timeline]).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source,start\nx,0\n", "found no column arousal, confidence, emotion, end, valence"),
        ("source,start,end,emotion,confidence,valence,arousal\nx,soon,1,sad,1,0,0\n",
         "line 2, column start: found 'soon', expected a number"),
        ("source,start,end,emotion,confidence,valence,arousal\nx\n", "line 2, column"),
    ],
)  # fmt: skip
def test_a_spoilt_table_says_where(text, said):
    with pytest.raises(FormatError, match=said):
        from_csv(text)


def test_a_spoilt_line_says_which():
    good = json_line(Timeline("x", 1.0, (), "m"))
    with pytest.raises(FormatError, match="line 2: found no JSON"):
        from_json(f"{good}\n{{oops\n")
    with pytest.raises(FormatError, match="line 2: found no 'duration'"):
        from_json(f'{good}\n{{"source": "y"}}\n')


def test_lines_without_anything_take_no_room():
    text = "\n" * 2_000_000 + "{oops"
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match="line 2000001: found no JSON"):
            from_json(text)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"start": 1.0, "end": 1.0}, "start 1.0 and end 1.0"),
        ({"start": 2.0, "end": 1.0}, "start 2.0 and end 1.0"),
        ({"end": float("inf")}, "end inf"),
        ({"end": 1e308}, "segments without an end"),
        ({"text": ["x" * 10_000]}, "text ['xxx"),
    ],
)
def test_segments_that_no_timeline_has_are_refused(more, said):
    joy = Segment(0.0, 2.0, "happy", {"happy": 1.0}, 0.9, 0.8, 0.5)
    row = Timeline("x.wav", 4.0, (joy,), "m").to_dict()
    row["segments"] = [row["segments"][0] | more] * 3
    with pytest.raises(FormatError) as refused:
        from_json(json.dumps(row))
    assert said in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "more",
    [
        {"prior": {"sad": float("nan")}},
        {"prior": {"sad\n": -1.0}},
        {"warnings": [1]},
        {"speakers": [[]]},
        {
            "track": {
                "times": [1],
                "labels": ["sad"],
                "scores": [[1]],
                "speech": [1],
                "speakers": [2],
            }
        },
    ],
)
def test_what_could_not_be_written_again_is_refused(more):
    row = Timeline("x.wav", 4.0, (), "m").to_dict() | more
    with pytest.raises(FormatError) as refused:
        from_json(json.dumps(row))
    assert len(str(refused.value).splitlines()) == 1


SAID = Phrase(
    0.0, 2.0, "So it is.", (Word("So", 0.0, 0.4, 0.9),), "Ada", "en", "So ist es.",
    {"sad": 0.9}, {"happy": 0.8}, {"sad": 0.6}, 0.7,
)  # fmt: skip


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"phrases": None}, "something else"),
        ({"phrases": ["x"]}, "something else"),
        ({"transcriber": 7}, "transcriber of the words 7"),
        ({"model": ["x"]}, "model of the words ['x']"),
        ({"language": 7}, "language of the words 7"),
        ({"translator": {}}, "translator of the words {}"),
        ({"weight": 5.5}, "weight of the words 5.5"),
        ({"weight": float("nan")}, "weight of the words nan"),
    ],
)
def test_words_that_no_transcript_has_are_refused(more, said):
    row = Timeline("x.wav", 4.0, (), "m", words=Transcript((SAID,), "en", "w", "m", 0.4)).to_dict()
    assert from_json(json.dumps(row))
    row["words"] |= more
    with pytest.raises(FormatError) as refused:
        from_json(json.dumps(row))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"start": 2.0}, "a phrase with start 2.0 and end 2.0"),
        ({"start": -1}, "start -1"),
        ({"end": float("inf")}, "end inf"),
        ({"start": float("nan")}, "start nan"),
        ({"text": None}, "text of a phrase None"),
        ({"speaker": 7}, "speaker of a phrase 7"),
        ({"language": []}, "language of a phrase []"),
        ({"translation": 7}, "translation of a phrase 7"),
        ({"scores": {"sad": 1.2}}, "scores of a phrase 1.2"),
        ({"voice": {"sad": float("nan")}}, "voice of a phrase nan"),
        ({"wording": {"sad": "much"}}, "something else"),
        ({"incongruence": -0.1}, "incongruence -0.1"),
        ({"words": None}, "something else"),
        ({"words": [{"start": 0, "end": 1}]}, "found no 'text'"),
        ({"words": [{"text": 7, "start": 0, "end": 1}]}, "text of a word 7"),
        ({"words": [{"text": "x", "start": 1, "end": 0.5}]}, "a word with start 1.0 and end 0.5"),
        ({"words": [{"text": "x", "start": 0, "end": 1, "confidence": 2}]}, "of a word 2.0"),
    ],
)
def test_phrases_that_no_transcript_has_are_refused(more, said):
    row = Timeline("x.wav", 4.0, (), "m", words=Transcript((SAID,))).to_dict()
    row["words"]["phrases"][0] |= more
    with pytest.raises(FormatError) as refused:
        from_json(json.dumps(row))
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_save_goes_by_the_suffix_or_the_name(tmp_path):
    timeline = Timeline("x.wav", 1.0, (), "m")
    save([timeline], tmp_path / "x.json")
    assert from_json((tmp_path / "x.json").read_text("utf-8")) == [timeline]
    save([timeline], tmp_path / "x.txt", form="csv")
    assert (tmp_path / "x.txt").read_text("utf-8").startswith("source,")
    with pytest.raises(OptionError, match="unknown format 'doc': choose from json, csv"):
        save([timeline], tmp_path / "x.doc")
    with pytest.raises(OutputError):
        save([timeline], tmp_path / "nowhere" / "x.json")


def test_formats_are_found_by_name():
    assert find("JSON") is FORMATS["json"]
    assert {form.suffix for form in FORMATS.values()} == {".json", ".csv", ".srt", ".vtt"}
