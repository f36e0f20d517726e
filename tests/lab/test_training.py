"""Training: goes on exactly where it stopped, and leaves whole files."""

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from affetto.lab.run_folder import load_weights
from affetto.lab.student import Student
from affetto.lab.teaching import teach
from tiny_training import ENCODER, batches, loop, made_up_set

pytestmark = pytest.mark.usefixtures("one_thread")


class Killed(BaseException):
    """As a kill: nothing that trains may catch it."""


@pytest.fixture(scope="module")
def data():
    return made_up_set(targets=True)


def fresh():
    torch.manual_seed(0)
    return Student(3, 4, ENCODER)


def stop_after(checks, error):
    """Give a report that stops the training, once the checkpoint of a check is written."""
    lines = []

    def report(line):
        lines.append(line)
        if sum(line.startswith("step") for line in lines) == checks and "stopped" not in line:
            raise error

    return report, lines


def scores(student):
    return float(student.head.plain.deep[1].weight.detach().sum())


@pytest.mark.parametrize("validate", [None, scores])
def test_a_training_that_was_killed_ends_with_the_same_weights(data, tmp_path, validate):
    config = loop(steps=6, tolerance=10.0)
    whole = fresh()
    history = teach(whole, batches(data), config, folder=tmp_path / "whole", validate=validate)
    report, _ = stop_after(1, Killed())
    with pytest.raises(Killed):
        teach(
            fresh(),
            batches(data),
            config,
            folder=tmp_path / "cut",
            validate=validate,
            report=report,
        )
    again = fresh()
    resumed = teach(again, batches(data), config, folder=tmp_path / "cut", validate=validate)
    assert [entry["step"] for entry in resumed] == [2, 4, 6]
    taken = [entry["seconds"] for entry in resumed]
    assert taken == sorted(taken)  # also of what was learnt before the stop
    assert [entry["plain"] for entry in resumed] == pytest.approx([e["plain"] for e in history])
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], tensor, rtol=1e-6, atol=1e-6)


def test_a_finished_training_is_taken_as_it_is(data, tmp_path):
    first = fresh()
    teach(first, batches(data), loop(), folder=tmp_path, validate=scores)
    lines = []
    again = fresh()
    teach(again, batches(data), loop(), folder=tmp_path, validate=scores, report=lines.append)
    assert not lines
    for name, tensor in first.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)


def test_a_key_interrupt_passes_and_tells_what_is_kept(data, tmp_path):
    report, lines = stop_after(1, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        teach(fresh(), batches(data), loop(), folder=tmp_path, report=report)
    assert "until step 2 of 4" in lines[-1]
    assert int(load_weights(tmp_path / "last.safetensors")["step"]) == 2


def test_the_folder_holds_log_checkpoints_and_picture(data, tmp_path):
    history = teach(fresh(), batches(data), loop(), folder=tmp_path, validate=scores)
    assert json.loads((tmp_path / "log.json").read_text()) == history
    assert {path.name for path in tmp_path.iterdir()} - {"curves.png", "events"} == {
        "log.json",
        "last.safetensors",
        "best.safetensors",
    }
    losses = {"speech", "plain", "relative", "distil", "speaker"}
    assert {"step", "score", "seconds", *losses} == set(history[0])


def test_tensorboard_can_follow(data, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    history = teach(fresh(), batches(data), loop(), folder=tmp_path, validate=scores)
    told = EventAccumulator(str(tmp_path / "events"))
    told.Reload()
    assert [point.step for point in told.Scalars("score")] == [row["step"] for row in history]


def test_it_stops_when_nothing_gets_better(data):
    scored = iter(range(100, 0, -1))
    history = teach(
        fresh(),
        batches(data),
        loop(steps=20, check=1, patience=2),
        validate=lambda student: next(scored),
    )
    assert len(history) == 3


def test_the_losses_fall(data):
    history = teach(fresh(), batches(data), loop(steps=30, check=10, rate=5e-3))
    assert history[-1]["plain"] < history[0]["plain"]
    assert history[-1]["relative"] < history[0]["relative"]
