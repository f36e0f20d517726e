"""A plain table is read exactly, or refused in one line that says where and why."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affetto.emotions import Emotion
from affetto.errors import ManifestError
from affetto.lab import corpora
from affetto.lab.corpora import Table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.wav").write_bytes(b"x")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.wav").write_bytes(b"x")
    return tmp_path


def read(folder: Path, text: str, name: str = "clips.csv") -> Table:
    path = folder / name
    path.write_bytes(text.encode())
    return corpora.load(path)


def test_two_columns_are_enough(folder: Path) -> None:
    a, b = read(folder, "file,emotion\na.wav,sad\nsub/b.wav,Angry\n")
    assert (a.file, a.emotion, a.native, a.corpus) == (folder / "a.wav", "sad", "sad", "clips")
    assert (b.file, b.emotion) == (folder / "sub" / "b.wav", "angry")
    assert a.speaker is None


def test_native_labels_are_mapped_by_their_corpus(folder: Path) -> None:
    table = read(
        folder,
        "file,corpus,emotion_native\na.wav,tess,ps\nsub/b.wav,librispeech,read speech\n",
    )
    assert [clip.emotion for clip in table] == [Emotion.SURPRISE, Emotion.NEUTRAL]
    assert table[0].native == "ps"


def test_every_column(folder: Path) -> None:
    (clip,) = read(
        folder,
        "file;emotion;speaker;gender;language;duration_s;text;start;end;votes;mood\r\n"
        'a.wav;happy;7;Female;en;1.5;"Oh, ""yes""\nyes";0.5;2;"{""happy"": 3, ""sad"": 1}";'
        "blue\r\n",
    )
    assert (clip.speaker, clip.gender, clip.language) == ("clips:7", "f", "en")
    assert (clip.duration, clip.start, clip.end) == (1.5, 0.5, 2.0)
    assert clip.text == 'Oh, "yes"\nyes'
    assert clip.votes == {"happy": 0.75, "sad": 0.25}
    assert clip.extra == {"mood": "blue"}


def test_json_lines(folder: Path) -> None:
    rows = [
        {"file": "a.wav", "emotion": "fear", "duration_s": 2, "votes": {"fear": 1}},
        {"file": str(folder / "sub" / "b.wav"), "emotion": "calm", "gender": None},
    ]
    a, b = read(folder, "\n\n".join(map(json.dumps, rows)), "clips.jsonl")
    assert (a.duration, a.votes) == (2.0, {"fear": 1.0})
    assert (b.file, b.gender) == (folder / "sub" / "b.wav", None)


def test_a_byte_order_mark_and_tabs(folder: Path) -> None:
    assert len(read(folder, "\ufefffile\temotion\na.wav\tsad\n\n")) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found the columns 'none'"),
        ("file,emotion\n", "no rows"),
        ("name,emotion\na.wav,sad\n", "columns 'name, emotion'"),
        ("file,emotion_native\na.wav,sad\n", "file, corpus and emotion_native"),
        ("file,emotion,file\na.wav,sad,a.wav\n", "'file' twice"),
        (
            "file,emotion\na.wav,sad\na.wav,hungry\n",
            "line 3: found emotion 'hungry'.*neutral, calm",
        ),
        ("file,emotion\n,sad\n", "line 2: found no file"),
        ("file,emotion\na.wav,\n", "line 2: found no emotion"),
        ("file,emotion\na.wav\n", "line 2: found no emotion"),
        ("file,emotion\na.wav,sad,extra\n", "line 2: found 3 fields"),
        ("file,emotion\na.wav,sad\nc.wav,sad\n", "line 3: found no file .*c.wav.*1 of 2"),
        ("file,emotion,gender\na.wav,sad,q\n", "gender 'q'"),
        ("file,emotion,duration_s\na.wav,sad,long\n", "duration_s 'long'"),
        ("file,emotion,duration_s\na.wav,sad,nan\n", "duration_s 'nan'"),
        ("file,emotion,duration_s\na.wav,sad,-1\n", "duration_s '-1'"),
        ("file,emotion,valence\na.wav,sad,2\n", "valence '2'.*-1 to 1"),
        ("file,emotion,start,end\na.wav,sad,2,1\n", "end of 1 s"),
        ("file,emotion,votes\na.wav,sad,[]\n", "votes"),
        ("file,corpus,emotion_native\na.wav,tess,fury\n", "expected one of tess's: neutral"),
        ("file,corpus,emotion_native\na.wav,tass,sad\n", "corpus 'tass'"),
        ('{"file": "a.wav", "emotion": "sad"}\n{"file": \n', "line 2: .*one JSON object a line"),
        ('{"file": "a.wav"}\n', "found the columns 'file'"),
        ('{"file": "a.wav", "emotion": "sad"}\n[1]\n', "line 2: .*expected a JSON object"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(folder: Path, text: str, words: str) -> None:
    with pytest.raises(ManifestError, match=words) as caught:
        read(folder, text)
    assert "\n" not in str(caught.value)
    assert str(folder / "clips.csv") in str(caught.value)


def test_other_encodings_and_missing_tables(folder: Path) -> None:
    (folder / "clips.csv").write_bytes("file,emotion\ngrüß.wav,sad\n".encode("latin-1"))
    with pytest.raises(ManifestError, match="UTF-8"):
        corpora.load(folder / "clips.csv")
    with pytest.raises(ManifestError, match=r"nowhere\.csv"):
        corpora.load(folder / "nowhere.csv")


def test_files_need_not_be_there_if_asked(folder: Path) -> None:
    (folder / "clips.csv").write_text("file,emotion\ngone.wav,sad\n")
    assert len(corpora.load(folder / "clips.csv", check_files=False)) == 1


FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CELLS = st.sampled_from(
    [
        "a.wav",
        "sad",
        "tess",
        "ps",
        "f",
        "1e999",
        "-0",
        "\x00",
        '"',
        "é",
        "",
        '{"sad": NaN}',
        "9" * 400,
    ]
) | st.text(max_size=8)


@FUZZ
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(folder: Path, data: bytes) -> None:
    path = folder / "fuzz.csv"
    path.write_bytes(data)
    with pytest.raises(ManifestError):
        corpora.load(path)


@FUZZ
@given(
    columns=st.lists(
        st.sampled_from(
            ["file", "emotion", "corpus", "emotion_native", "votes", "start", "end", "gender", "x"]
        ),
        min_size=2,
        max_size=9,
    ),
    rows=st.lists(st.lists(CELLS, max_size=9), min_size=1, max_size=3),
    separator=st.sampled_from([",", ";", "\t"]),
)
def test_any_table_is_read_or_refused(
    folder: Path, columns: list[str], rows: list[list[str]], separator: str
) -> None:
    path = folder / "fuzz.csv"
    text = "\n".join(separator.join(row) for row in (columns, *rows))
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        table = corpora.load(path)
    except ManifestError:
        return
    assert all(clip.file.is_file() for clip in table)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELLS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)


@FUZZ
@given(
    row=st.dictionaries(
        st.sampled_from(["file", "emotion", "votes", "start", "end", "duration_s", "speaker"]), JSON
    )
)
def test_any_json_object_is_read_or_refused(folder: Path, row: dict[str, object]) -> None:
    path = folder / "fuzz.jsonl"
    path.write_text(json.dumps({"file": "a.wav", "emotion": "sad"} | row))
    try:
        table = corpora.load(path)
    except ManifestError:
        return
    assert all(clip.file.is_file() for clip in table)


def test_deep_json_is_refused(folder: Path) -> None:
    (folder / "deep.jsonl").write_text('{"file":' * 100_000)
    with pytest.raises(ManifestError):
        corpora.load(folder / "deep.jsonl")
