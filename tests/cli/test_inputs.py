from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.cli.inputs import Input, gather, several
from affetto.cli.outputs import places


def names(*arguments: str | Path) -> list[str]:
    return [one.name for one in gather(map(str, arguments))[0]]


def told(*arguments: str | Path) -> list[str]:
    return [str(error) for error in gather(map(str, arguments))[1]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.wav", "a.MP3", "notes.txt", "._a.mp3", "deep/er/c.opus"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "tree"


def test_a_folder_is_searched_to_its_depths_in_order(tree: Path) -> None:
    found, errors = gather([str(tree)])
    assert [one.place.as_posix() for one in found] == ["a.MP3", "b.wav", "deep/er/c.opus"]
    assert not errors


def test_a_recording_that_is_named_twice_is_heard_once(tree: Path) -> None:
    assert len(names(tree / "b.wav", tree, tree / "deep" / ".." / "b.wav")) == 3
    assert names("-", "-") == ["standard input"]


def test_a_pattern_that_the_shell_left_alone_is_expanded(tree: Path) -> None:
    assert names(tree / "*.wav") == [str(tree / "b.wav")]
    assert len(names(tree / "**" / "*.opus")) == 1
    assert "no file matches" in told(tree / "*.ogg")[0]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "take [1].wav").touch()
    assert len(names(tmp_path / "take [1].wav")) == 1
    assert not several([str(tmp_path / "take [1].wav")])


def test_a_named_file_is_taken_whatever_its_ending(tree: Path) -> None:
    assert names(tree / "notes.txt") == [str(tree / "notes.txt")]


def test_what_names_no_recording_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no such file" in told(tmp_path / "gone.wav")[0]
    assert "found no sound file" in told(tmp_path / "empty")[0]
    assert "download" in told("https://example.org/a.wav")[0]


def test_inputs_that_would_share_a_name_get_longer_ones() -> None:
    items = [Input(Path(p), Path(Path(p).name)) for p in ("x/a.wav", "y/a.wav", "y/b.wav")]
    assert [p.as_posix() for p in places(items, ".csv")] == ["x/a.wav.csv", "y/a.wav.csv", "b.csv"]


@given(st.lists(st.from_regex(r"[abAB]/[ab]\.(wav|mp3|wav\.mp3)", fullmatch=True), unique=True))
def test_no_two_inputs_ever_share_an_output(paths: list[str]) -> None:
    named = places([Input(Path(p), Path(Path(p).name)) for p in paths], ".json")
    assert len({str(path).casefold() for path in named}) == len(paths)
