"""Many items on all cores: in order, resumable, whatever fails."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from affetto.errors import AffettoError, OptionError, OutputError
from affetto.jobs import Journal, run


def square(x: int) -> int:
    if x == 3:
        raise AffettoError("found 3, expected any other")
    if x == 4:
        raise ValueError("four")
    return x * x


def die_at_two(x: int) -> int:
    if x == 2:
        os._exit(7)
    return x


def note(x: int, *, folder: str) -> int:
    with (Path(folder) / "calls.txt").open("a") as file:
        file.write(f"{x}\n")
    return x


def threads_of_numpy(item: int) -> int:
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return max((library["num_threads"] for library in threadpool_info()), default=0)


@pytest.mark.parametrize("workers", [1, 2])
def test_outcomes_are_in_order_and_errors_are_collected(workers: int) -> None:
    outcomes = run(square, [5, 3, 2, 4, 1], workers=workers)
    assert [outcome.value for outcome in outcomes] == [25, None, 4, None, 1]
    assert outcomes[1].error == "found 3, expected any other"
    assert not outcomes[1].fault
    assert outcomes[3].error == "ValueError: four"
    assert outcomes[3].fault


def test_no_items_and_no_workers() -> None:
    assert run(square, [], workers=2) == []
    with pytest.raises(OptionError, match="0 workers"):
        run(square, [1], workers=0)


def test_an_item_that_kills_its_process_fails_alone() -> None:
    outcomes = run(die_at_two, [1, 2, 3, 4, 5, 6], workers=2)
    assert [outcome.value for outcome in outcomes] == [1, None, 3, 4, 5, 6]
    assert "died" in str(outcomes[1].error)


def test_processes_side_by_side_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.endswith(("_NUM_THREADS", "MAXIMUM_THREADS"))]:
        monkeypatch.delenv(name)
    found = [outcome.value for outcome in run(threads_of_numpy, [1, 1], workers=2)]
    if not all(found):
        pytest.skip("numpy's library here is one that threadpoolctl doesn't know")
    assert found == [1, 1]
    monkeypatch.setenv("OMP_NUM_THREADS", "3")  # the user's word counts
    outcomes = run(os.getenv, ["OMP_NUM_THREADS"] * 2, workers=2)
    assert [outcome.value for outcome in outcomes] == ["3", "3"]


def test_a_second_run_does_only_what_is_left(tmp_path: Path) -> None:
    work = functools.partial(note, folder=str(tmp_path))
    journal = tmp_path / "done.jsonl"
    run(work, [1, 2], workers=1, journal=journal)
    outcomes = run(work, [1, 2, 3], workers=1, journal=journal)
    assert [outcome.value for outcome in outcomes] == [1, 2, 3]
    assert [outcome.restored for outcome in outcomes] == [True, True, False]
    assert (tmp_path / "calls.txt").read_text().split() == ["1", "2", "3"]


def test_failures_are_tried_again_and_lost_results_done_again(tmp_path: Path) -> None:
    journal = tmp_path / "done.jsonl"
    assert run(square, [3, 2], workers=1, journal=journal)[0].error
    again = run(square, [3, 2], workers=1, journal=journal, valid=lambda item, value: item != 2)
    assert again[0].error
    assert not again[1].restored


def test_a_torn_last_line_is_ignored(tmp_path: Path) -> None:
    journal = tmp_path / "done.jsonl"
    run(square, [1, 2], workers=1, journal=journal)
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"key": "5", "val')
    with Journal(journal) as book:
        assert book.done == {"1": 1, "2": 4}
        book.append("6", 36)
    assert journal.read_bytes().startswith(whole)
    assert [json.loads(line)["key"] for line in journal.read_text().splitlines()] == ["1", "2", "6"]


def test_a_journal_in_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="record"):
        run(square, [1], workers=1, journal=tmp_path / "nowhere" / "done.jsonl")


def test_progress_goes_to_stderr_alone(capsys: pytest.CaptureFixture[str]) -> None:
    run(square, [1, 2], workers=1, describe="squaring")
    assert capsys.readouterr().out == ""


BESIDE_NUMPY = """
import numpy as np
from affetto.jobs import run

def threads(item):
    from threadpoolctl import threadpool_info

    return max(library["num_threads"] for library in threadpool_info())

if __name__ == "__main__":
    print([outcome.value for outcome in run(threads, [1, 2], workers=2)])
"""


def test_a_script_that_imports_numpy_first_shares_the_cores_too(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(BESIDE_NUMPY)
    plain = {name: value for name, value in os.environ.items() if "_THREADS" not in name}
    done = subprocess.run(
        [sys.executable, str(script)], env=plain, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[1, 1]"


SLOW = """
import sys, time
from pathlib import Path
from affetto.jobs import run

def slow(x):
    time.sleep(0.1)
    return x

if __name__ == "__main__":
    run(slow, list(range(200)), workers=2, journal=Path(sys.argv[1]))
"""


def start(folder: Path) -> tuple[subprocess.Popen[bytes], Path]:
    script = folder / "slow.py"
    script.write_text(SLOW)
    journal = folder / "done.jsonl"
    process = subprocess.Popen(
        [sys.executable, str(script), str(journal)],
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 3):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process, journal


def test_a_kill_loses_nothing_finished(tmp_path: Path) -> None:
    process, journal = start(tmp_path)
    process.kill()
    process.communicate(timeout=20)
    with Journal(journal) as book:
        assert len(book.done) >= 3
        assert all(int(key) == value for key, value in book.done.items())


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_ctrl_c_ends_soon_and_keeps_what_is_finished(tmp_path: Path) -> None:
    process, journal = start(tmp_path)
    before = journal.read_bytes().count(b"\n")
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in error
    assert error.count(b"Traceback") == 1
    assert before <= journal.read_bytes().count(b"\n") < 100


WRITING = """
import sys, time
from pathlib import Path
from affetto.jobs import atomic_write, run
from affetto.jobs.interrupts import stoppable

FOLDER = Path(sys.argv[1])

def write(x):
    with atomic_write(FOLDER / f"{x}.txt") as file:
        file.write("half")
        file.flush()
        time.sleep(0.1)
        file.write(" and half")
    return x

if __name__ == "__main__":
    try:
        with stoppable():
            run(write, list(range(200)), workers=2)
    except KeyboardInterrupt as interruption:
        sys.exit(type(interruption).__name__)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("everyone", [False, True], ids=["parent", "group"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_to_one_or_all_leaves_no_half_file_and_no_traceback(
    name: str, everyone: bool, times: int, tmp_path: Path
) -> None:
    script, folder = tmp_path / "writing.py", tmp_path / "written"
    script.write_text(WRITING)
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder)], stderr=subprocess.PIPE, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not list(folder.glob("[0-9]*.txt")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for _ in range(times):
        (os.killpg if everyone else os.kill)(process.pid, getattr(signal, name))
        time.sleep(0.02)
    _, error = process.communicate(timeout=60)
    # A second SIGTERM may meet a process that has cleaned up and is about to leave.
    assert process.returncode in (1, -signal.SIGTERM)
    assert error in (b"", b"KeyboardInterrupt\n" if name == "SIGINT" else b"Terminated\n")
    assert {path.read_text() for path in folder.iterdir()} == {"half and half"}
