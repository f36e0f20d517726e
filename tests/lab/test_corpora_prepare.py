"""Preparing loses nothing that is finished and leaves no half file."""

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from affetto import audio
from affetto.errors import OptionError, OutputError
from affetto.lab import corpora
from affetto.lab.corpora import prepare


def sound(path: Path, seconds: float = 0.3, rate: int = 8_000, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(path.name)).normal(0, 3000, (round(rate * seconds), channels))
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(noise.astype("<i2").tobytes())
    return path


@pytest.fixture
def savee(tmp_path: Path) -> Path:
    folder = tmp_path / "savee"
    for name in ("DC/a01", "DC/n02", "JE/a01"):
        sound(folder / f"{name}.wav", rate=44_100, channels=2)
    return folder


def test_a_corpus_becomes_flac_and_a_table(savee: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "savee"
    prepared = prepare(savee, out, workers=1, describe="")
    assert not prepared.failed
    table = corpora.load(out)
    assert table == prepared.table
    assert [clip.file.relative_to(out).as_posix() for clip in table] == [
        "DC/a01.flac",
        "DC/n02.flac",
        "JE/a01.flac",
    ]
    assert [clip.speaker for clip in table] == ["savee:DC", "savee:DC", "savee:JE"]
    for clip, old in zip(table, corpora.load(savee), strict=True):
        assert clip.duration == pytest.approx(0.3, abs=0.01)
        new = audio.load(clip.file).samples
        assert np.abs(new - audio.load(old.file).samples).max() < 1 / 30_000


def test_a_second_run_does_nothing_again(savee: Path, tmp_path: Path) -> None:
    out = tmp_path / "new"
    first = prepare(savee, out, workers=1, describe="")
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.flac")}
    second = prepare(savee, out, workers=1, describe="")
    assert (first.restored, second.restored) == (0, 3)
    assert second.table == first.table
    assert times == {path: path.stat().st_mtime_ns for path in out.rglob("*.flac")}


def test_what_was_deleted_or_changed_is_made_again(savee: Path, tmp_path: Path) -> None:
    out = tmp_path / "new"
    prepare(savee, out, workers=1, describe="")
    (out / "DC" / "a01.flac").unlink()
    sound(savee / "DC" / "n02.wav", seconds=0.5)
    again = prepare(savee, out, workers=1, describe="")
    assert again.restored == 1
    assert (out / "DC" / "a01.flac").is_file()
    assert again.table[1].duration == pytest.approx(0.5, abs=0.01)


def test_a_broken_clip_does_not_stop_the_others(savee: Path, tmp_path: Path) -> None:
    (savee / "DC" / "a02.wav").write_text("not a sound")
    prepared = prepare(savee, tmp_path / "new", workers=1, describe="")
    assert len(prepared.table) == 3
    ((clip, error),) = prepared.failed
    assert clip.name == "a02"
    assert "a02.wav" in error
    assert len(corpora.load(tmp_path / "new")) == 3


def test_silence_off_and_long_clips_in_parts(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    samples = np.zeros(16_000 * 12, np.float32)
    samples[16_000:-16_000] = 0.2
    folder.mkdir()
    audio.save(folder / "a.wav", samples)
    (folder / "clips.csv").write_text("file,emotion,text\na.wav,sad,hello\n")
    prepared = prepare(
        folder / "clips.csv",
        tmp_path / "new",
        workers=1,
        describe="",
        trim_silence=True,
        split_over=7.0,
    )
    assert [clip.name for clip in prepared.table] == ["a_part1", "a_part2"]
    assert [clip.duration for clip in prepared.table] == [pytest.approx(5.6, abs=0.01)] * 2
    assert {clip.text for clip in prepared.table} == {"hello"}


def test_stretches_of_one_file_get_a_name_each(tmp_path: Path) -> None:
    sound(tmp_path / "old" / "talk.wav", seconds=2.0)
    (tmp_path / "old" / "clips.csv").write_text(
        "file,emotion,start,end\ntalk.wav,sad,0,0.5\ntalk.wav,happy,0.5,1.25\n"
    )
    prepared = prepare(tmp_path / "old" / "clips.csv", tmp_path / "new", workers=1, describe="")
    assert [clip.duration for clip in prepared.table] == [0.5, 0.75]
    assert len({clip.file for clip in corpora.load(tmp_path / "new")}) == 2


def test_where_it_must_not_go(savee: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="in the old one"):
        prepare(savee, savee / "new", workers=1)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="can't make the folder"):
        prepare(savee, tmp_path / "file" / "new", workers=1)
    with pytest.raises(OptionError, match="overlap"):
        prepare(savee, tmp_path / "new", workers=1, split_over=1.0, overlap=2.0)


KILLED = """
import os, signal, sys
from affetto.lab.corpora import prepare

renamed = 0

def kill_at_the_fifth(event, _):
    global renamed
    if event == "os.rename":
        renamed += 1
        if renamed == 5:
            if hasattr(signal, "SIGKILL"):
                os.kill(os.getpid(), signal.SIGKILL)
            os._exit(9)

sys.addaudithook(kill_at_the_fifth)
prepare(sys.argv[1], sys.argv[2], workers=1, describe="")
"""


def test_a_kill_leaves_whole_files_only(tmp_path: Path) -> None:
    old, out = tmp_path / "old", tmp_path / "new"
    for i in range(1, 9):
        sound(old / f"DC_a{i:02}.wav", rate=16_000)
    # The worst moment: a file is written, and not yet renamed.
    killed = subprocess.run([sys.executable, "-c", KILLED, str(old), str(out)], check=False)
    assert killed.returncode != 0
    finished = {path: path.read_bytes() for path in out.glob("[!.]*.flac")}
    assert len(finished) == 4
    assert all(len(audio.load(path).samples) == 4800 for path in finished)
    assert len(list(out.glob(".affetto-*"))) == 1
    assert not (out / "labels.csv").exists()

    prepared = prepare(old, out, workers=1, describe="")
    assert prepared.restored == 4
    assert len(prepared.table) == 8
    assert all(path.read_bytes() == data for path, data in finished.items())
    assert [path.name for path in out.glob(".*")] == [".prepare.jsonl"]
