import json
import shutil
from pathlib import Path

import pytest

from affetto.cli import main
from affetto.cli.models import card_page
from affetto.models import TrainingCorpus
from tiny_model import card


def test_show_says_what_a_person_must_know(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", str(model)]) == 0
    shown = capsys.readouterr().out
    for part in ("tiny 0", "CC0-1.0", "neutral, happy, sad, angry", "en", "Calibration"):
        assert part in shown


def test_the_licence_of_the_weights_is_said_clearly(tmp_path: Path) -> None:
    limited = card(
        licence="LicenseRef-Affetto-Weights-NonCommercial",
        training=(TrainingCorpus("ravdess", "CC BY-NC-SA 4.0"),),
        results={"ravdess-6fold (pool)": {"uar": 0.7123, "ci95": [0.69, 0.73]}},
    )
    page = "\n".join(line.plain for line in card_page(limited, tmp_path, width=70))
    assert "for research and other non-commercial use only" in page
    assert "CC BY-NC-SA 4.0" in page
    assert "uar 0.712, ci95 0.690–0.730" in page
    assert max(map(len, page.splitlines())) <= 70


def test_show_as_json(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", str(model), "--format", "json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["name"] == "tiny"
    assert row["bytes"] > 1000


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--format", "json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)


def test_verify_tells_a_whole_package_from_a_damaged_one(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "verify", str(model)]) == 0
    assert "as it should be" in capsys.readouterr().out
    damaged = tmp_path / "damaged"
    shutil.copytree(model, damaged)
    with (damaged / "model.onnx").open("ab") as file:
        file.write(b"\x00")
    assert main(["models", "verify", str(damaged), "--format", "json"]) in (1, 2)
    _, err = capsys.readouterr()
    assert "model.onnx" in err
    assert err.count("\n") == 1


def test_a_model_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "no such"]) == 2
    assert "no such" in capsys.readouterr().err
