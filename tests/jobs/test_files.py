"""Files are written whole or not at all."""

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from affetto.errors import OutputError
from affetto.jobs import (
    atomic_path,
    atomic_write,
    check_file,
    check_folder,
    make_folder,
    remove_leftovers,
)

BINDING = pytest.mark.skipif(
    sys.platform == "win32" or getattr(os, "geteuid", lambda: 1)() == 0,
    reason="folder permissions don't bind here",
)


def write_half(path: Path, error: Exception) -> None:
    with atomic_write(path) as file:
        file.write("half")
        raise error


def test_text_and_bytes_arrive_as_written(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.txt") as file:
        file.write("grüß\ndich\r\n")
    with atomic_write(tmp_path / "b.bin", "wb") as file:
        file.write(b"\x00\r\n")
    assert (tmp_path / "a.txt").read_bytes() == "grüß\ndich\r\n".encode()
    assert (tmp_path / "b.bin").read_bytes() == b"\x00\r\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "b.bin"]


def test_nothing_shows_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_write(path) as file:
        file.write("new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="halfway"):
        write_half(path, ValueError("halfway"))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"no folder .*nowhere"),
        atomic_write(tmp_path / "nowhere" / "a.txt"),
    ):
        pass


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="it is a folder"), atomic_write(tmp_path):
        pass


def test_a_full_disk_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no room"):
        write_half(tmp_path / "a.txt", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_input_is_not_taken_for_the_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "a.txt") as file:
        file.write((tmp_path / "input.txt").read_text())


@BINDING
def test_a_closed_folder_is_said_in_words(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with (
            pytest.raises(OutputError, match="not permitted"),
            atomic_write(tmp_path / "a.txt") as file,
        ):
            file.write("x")
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_the_unfinished_path_keeps_the_suffix(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "model.onnx") as unfinished:
        assert unfinished.suffix == ".onnx"
        assert unfinished.parent == tmp_path
        unfinished.write_bytes(b"x")
    assert (tmp_path / "model.onnx").read_bytes() == b"x"


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError), atomic_path(tmp_path / "a.bin"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    with atomic_write(tmp_path / "link.txt") as file:
        file.write("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no such device here")
def test_a_device_is_written_straight() -> None:
    with atomic_write("/dev/null") as file:
        file.write("gone")
    assert not Path("/dev/null").is_file()


def test_leftovers_of_a_kill_are_removed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".affetto-0123.flac").write_bytes(b"half")
    (tmp_path / "whole.flac").write_bytes(b"whole")
    assert remove_leftovers(tmp_path) == 1
    assert [p.name for p in tmp_path.rglob("*.flac")] == ["whole.flac"]


def test_a_place_is_tried_without_leaving_or_changing_anything(tmp_path: Path) -> None:
    old = tmp_path / "old.txt"
    old.write_text("old")
    check_file(old)
    check_file(tmp_path / "new.txt")
    check_folder(tmp_path)
    check_folder(tmp_path / "new" / "deeper")
    check_file(os.devnull)
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_text() == "old"


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("")
    with pytest.raises(OutputError, match=r"there is no folder .*nowhere; create it"):
        check_file(tmp_path / "nowhere" / "a.json")
    with pytest.raises(OutputError, match="it is a folder"):
        check_file(tmp_path)
    for folder in (file, file / "deeper"):
        with pytest.raises(OutputError, match=r"a\.txt is a file, not a folder; choose another"):
            check_folder(folder)


@BINDING
def test_a_closed_folder_is_told_before_the_work(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="not permitted"):
        check_file(closed / "a.json")
    with pytest.raises(OutputError, match="not permitted"):
        check_folder(closed / "new")


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    make_folder(tmp_path / "new" / "deeper")
    make_folder(tmp_path / "new")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"can't make the folder .*deeper: .*; choose another"):
        make_folder(tmp_path / "file" / "deeper")
