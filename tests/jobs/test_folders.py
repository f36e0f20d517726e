"""Folders that are written whole or not at all."""

from pathlib import Path

import pytest

from affetto.errors import OutputError
from affetto.jobs import folder_in_the_making

KIND = {"known_by": "a.txt", "what": "a thing"}


def make(place: Path, text: str, fault: BaseException | None = None) -> None:
    with folder_in_the_making(place, **KIND) as unfinished:
        (unfinished / "a.txt").write_text(text)
        if fault is not None:
            raise fault


def test_a_folder_of_its_kind_is_replaced_whole(tmp_path: Path) -> None:
    make(tmp_path / "deep" / "made", "old")
    (tmp_path / "deep" / "made" / "b.txt").touch()
    make(tmp_path / "deep" / "made", "new")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["made"]
    assert [path.read_text() for path in (tmp_path / "deep" / "made").iterdir()] == ["new"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_fails_leaves_what_was_there(tmp_path: Path, fault: BaseException) -> None:
    make(tmp_path / "made", "old")
    expected = OutputError if isinstance(fault, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        make(tmp_path / "made", "half", fault)
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert (tmp_path / "made" / "a.txt").read_text() == "old"


def test_something_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    for place in (tmp_path, tmp_path / "letter.txt"):
        with pytest.raises(OutputError, match="name another folder"):
            make(place, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_the_folder_one_is_in_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    make(Path(), "new")
    assert (tmp_path / "here" / "a.txt").read_text() == "new"
