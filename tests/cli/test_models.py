import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from affetto import audio
from affetto.cli import main
from affetto.cli.models import card_page
from affetto.lab.predictions import Prediction
from affetto.lab.results import Fold, write_fold
from affetto.models import Card, TrainingCorpus, available, rewrite_card, verify
from tiny_model import card, head, voice_like

SAID = [
    Prediction(f"{n}.wav", "a", "f", "en", truth, {"sad": p, "happy": 1 - p})
    for n, (truth, p) in enumerate([("sad", 0.9), ("sad", 0.4), ("happy", 0.3)])
]


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
    # A path is not broken, however long.
    assert max(len(line) for line in page.splitlines() if str(tmp_path) not in line) <= 70


def test_show_says_nothing_twice_and_breaks_no_path(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "default" not in available():
        pytest.skip("no model is bundled here")
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["models", "show", "default"]) == 0
    shown = capsys.readouterr().out
    assert " ".join(shown.split()).lower().count("non-commercial use only") == 1
    assert "LICENSE-WEIGHTS.md" in shown


def test_show_as_json(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", str(model), "--format", "json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["name"] == "tiny"
    assert row["bytes"] > 1000


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--format", "json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)


def test_verify_finds_a_whole_package_whole(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "verify", str(model)]) == 0
    out, err = capsys.readouterr()
    assert (out.count("\n"), err) == (1, "")
    assert "as it should be" in out


def _flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no package": (lambda folder: shutil.rmtree(folder) or folder.mkdir(), "found no card.yaml"),
    "a byte of weights": (lambda folder: _flip(folder / "model.onnx", -100), "model.onnx: found"),
    "a byte of form": (lambda folder: _flip(folder / "model.onnx", 1), "model.onnx: found"),
    "a longer file": (
        lambda folder: (folder / "head.onnx").open("ab").write(b"\0"),
        "head.onnx: found other checksums",
    ),
    "no golden answers": (
        lambda folder: (folder / "golden.npz").unlink(),
        "golden.npz is missing",
    ),
    "other golden answers": (
        lambda folder: (folder / "golden.npz").write_bytes(b"PK"),
        "golden.npz: found other checksums",
    ),
    "no YAML": (
        lambda folder: (folder / "card.yaml").write_text("name: [a\nlabels: }"),
        "card.yaml: found what is no YAML (line 2, column ",
    ),
    "no text": (lambda folder: (folder / "card.yaml").write_bytes(b"\xff\0"), "no YAML"),
    "bottomless": (lambda folder: (folder / "card.yaml").write_text("[" * 9999), "no YAML"),
    "no card": (lambda folder: (folder / "card.yaml").write_text(""), "expected name, version"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_verify_tells_a_damaged_package_in_one_line(
    kind: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(model, damaged)
    damage, says = DAMAGE[kind]
    damage(damaged)
    assert main(["models", "verify", str(damaged)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"affetto: {damaged}")
    assert says in err
    assert err.count("\n") == 1


def test_verify_lists_every_finding_for_programs(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(model, damaged)
    (damaged / "head.onnx").write_bytes(head(seed=9))
    assert main(["models", "verify", str(damaged), "--format", "json"]) == 2
    row = json.loads(capsys.readouterr().out)
    assert row["ok"] is False
    assert [finding.partition(":")[0] for finding in row["findings"]] == ["head.onnx", "logits"]


def test_a_model_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "no such"]) == 2
    assert "no such" in capsys.readouterr().err


def test_figures_are_noted_in_the_card_and_the_package_stays_whole(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(model, tmp_path / "model")
    write_fold(tmp_path / "results", Fold("mine-1fold", "pool", True, 0, 0, 1, True, SAID))
    assert main(["models", "note", str(folder), "--from", str(tmp_path / "results")]) == 0
    assert Card.read(folder / "card.yaml").results["mine-1fold (pool, baseline)"]["uar"] == 0.75
    assert verify(folder) == ()
    assert main(["models", "show", str(folder)]) == 0
    assert "uar 0.750" in capsys.readouterr().out
    assert main(["models", "note", str(tmp_path), "--from", str(tmp_path / "results")]) == 2


def test_a_model_of_several_corpora_is_not_told_what_one_alone_teaches(
    model: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(model, tmp_path / "model")
    rewrite_card(folder, training=(TrainingCorpus("a", "free"), TrainingCorpus("b", "free")))
    said = [
        Prediction(f"{n}.wav", "a", "f", "en", truth, {"sad": 0.9, "happy": 0.1})
        for n, truth in enumerate(["sad", "happy"])
    ]
    for way in ("pool", "intra"):
        write_fold(tmp_path / "results", Fold("mine-1fold", way, False, 0, 0, 1, True, said))
    assert main(["models", "note", str(folder), "--from", str(tmp_path / "results")]) == 0
    assert list(Card.read(folder / "card.yaml").results) == ["mine-1fold (pool)"]


def test_a_model_card_is_written_anew_from_what_was_measured(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(model, tmp_path / "model")
    write_fold(tmp_path / "results", Fold("mine-1fold", "pool", False, 0, 0, 1, True, SAID))
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for speaker, pitch in (("a", 110.0), ("b", 220.0)):
        audio.save(sounds / f"{speaker}.wav", voice_like(1.5, pitch=pitch))
    rows = ["file,emotion,speaker", "sounds/a.wav,happy,a", "sounds/b.wav,sad,b"]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    sources = ["--from", str(tmp_path / "results"), "--manifest", str(tmp_path / "labels.csv")]
    assert main(["models", "card", str(folder), *sources]) == 0
    assert capsys.readouterr().err == f"affetto: wrote {folder / 'README.md'}\n"
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "| mine-1fold | pool | **0.750** |" in text
    assert "| labels.csv | of corpora that it never heard | **" in text
    assert "By speaker: too few clips of each to tell." in text
    assert str(tmp_path) not in text
    assert verify(folder) == ()


@pytest.mark.parametrize("option", ["--from", "--manifest"])
def test_a_model_card_of_what_is_not_there(
    option: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "card", str(model), option, str(tmp_path / "none")]) == 2
    assert "found no " in capsys.readouterr().err
    assert not (model / "README.md").exists()


def test_results_without_a_finished_seed_are_no_results(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fold(tmp_path, Fold("mine-2fold", "pool", False, 0, 0, 2, True, SAID))
    assert main(["models", "card", str(model), "--from", str(tmp_path)]) == 2
    assert "found no finished result of tiny, expected" in capsys.readouterr().err
