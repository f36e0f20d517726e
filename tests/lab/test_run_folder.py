"""A training's folder: settings that are not mixed up, weights that are whole, a picture."""

import json
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from affetto.errors import MissingExtraError, ModelError, OptionError
from affetto.lab.extras import require
from affetto.lab.run_folder import RunFolder, load_weights, record_settings, save_weights


def test_another_training_is_not_gone_on_with(tmp_path):
    record_settings(tmp_path / "run", {"seed": 0, "shape": (1, 2)})
    record_settings(tmp_path / "run", {"seed": 0, "shape": [1, 2]})
    with pytest.raises(OptionError, match=r"other settings \(seed\)"):
        record_settings(tmp_path / "run", {"seed": 1, "shape": (1, 2)})
    assert json.loads((tmp_path / "run" / "config.json").read_text())["seed"] == 0


def test_weights_come_back_as_they_were(tmp_path):
    path = tmp_path / "a.safetensors"
    weights = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor(3)}
    save_weights(path, weights)
    assert all(torch.equal(weights[name], tensor) for name, tensor in load_weights(path).items())
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ModelError, match=r"a\.safetensors"):
        load_weights(path)
    with pytest.raises(ModelError, match="no such file"):
        load_weights(tmp_path / "none.safetensors")


def test_the_log_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    run = RunFolder(tmp_path)
    run.history = [{"step": s, "plain": 2.0 - s / 9, "score": s / 9} for s in range(3, 9, 3)]
    run.draw()
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_missing_is_named_before_the_work():
    with pytest.raises(MissingExtraError, match=r"no-such-package.*affetto\[train\]"):
        require("numpy", "no_such_package")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit of the size of files")
def test_a_full_disk_is_said_and_leaves_no_half_file(tmp_path):
    code = """
import resource, sys, torch
from pathlib import Path
from affetto.errors import OutputError
from affetto.lab.run_folder import save_weights
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    save_weights(Path(sys.argv[1]), {"a": torch.zeros(100_000)})
except OutputError as error:
    print(error)
"""
    path = tmp_path / "a.safetensors"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert "free some room" in done.stdout
    assert list(tmp_path.iterdir()) == []
