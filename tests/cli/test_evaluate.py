"""`affetto evaluate` as a person and a program meet it."""

import csv
import json

import pytest

from affetto.cli import main
from affetto.lab.predictions import load_predictions
from affetto.lab.results import Fold, write_fold

onnx = pytest.importorskip("onnx")
soundfile = pytest.importorskip("soundfile")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Make a folder with a tiny model, eight clips and their table."""
    from tiny_model import voice_like, write_tiny

    folder = tmp_path_factory.mktemp("evaluate")
    write_tiny(folder / "tiny")
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "emotion", "speaker", "gender"])
        for number in range(8):
            sound = voice_like(1.2, pitch=110 + 20 * number, seed=number)
            soundfile.write(folder / f"{number}.wav", sound, 16_000)
            emotion = ("neutral", "happy", "sad", "bored")[number % 4]
            table.writerow([f"{number}.wav", emotion, f"s{number % 2}", "fm"[number % 2]])
    return folder


@pytest.fixture
def evaluate(place, capsys):
    """Give a function that runs the command and gives status, stdout and stderr."""

    def run(*options, manifest="labels.csv"):
        given = ["--model", str(place / "tiny"), "--manifest", str(place / manifest)]
        status = main(["evaluate", *given, *options])
        return status, *capsys.readouterr()

    return run


def test_json_has_the_figures_of_the_design_and_nothing_else_on_stdout(evaluate):
    status, out, _ = evaluate("--format", "json")
    row = json.loads(out)
    assert status == 0
    wanted = "uar uar_open wa macro_f1 weighted_f1 ece per_class confusion labels n skipped ci95 by"
    assert set(wanted.split()) <= set(row)
    assert (row["n"], row["skipped"], row["labels"]) == (6, 2, ["neutral", "happy", "sad"])
    assert set(row["by"]) == {"gender", "speaker", "language"}


def test_text_tells_the_same_to_a_person(evaluate):
    row = json.loads(evaluate("--format", "json")[1])
    status, out, _ = evaluate()
    assert status == 0
    assert f"{row['uar']:.3f}" in out
    assert "6 clips" in out
    assert "skipped: 2 clips" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 200


def test_everything_can_befall_the_clips(evaluate):
    options = ("--noise", "10dB:babble", "--codec", "opus:16", "--telephone", "--reverb")
    status, out, _ = evaluate(*options, "--steps", "gain:-6dB", "--baseline", "--format", "json")
    row = json.loads(out)
    assert status == 0
    assert row["conditions"] == ["reverb", "noise:10dB:babble", "telephone", "codec:opus:16",
                                 "gain:-6dB"]  # fmt: skip
    assert row["baseline"] is True


def test_labels_restrict_and_merge_joins(evaluate):
    row = json.loads(evaluate("--labels", "happy,sad", "--format", "json")[1])
    assert row["labels"] == ["happy", "sad"]
    row = json.loads(evaluate("--merge", "bored=neutral", "--format", "json")[1])
    assert (row["n"], row["skipped"]) == (8, 0)


def test_pictures_predictions_and_the_report_are_written(evaluate, tmp_path):
    pytest.importorskip("matplotlib")
    names = ("confusion.png", "reliability.png", "said.json", "report.txt")
    paths = [tmp_path / name for name in names]
    options = ("--confusion", "--reliability", "--predictions", "-o")
    given = [str(part) for pair in zip(options, paths, strict=True) for part in pair]
    status, out, _ = evaluate(*given)
    assert (status, out) == (0, "")
    for path in paths[:2]:
        assert path.read_bytes()[:4] == b"\x89PNG"
    assert len(load_predictions(paths[2])) == 8
    assert "UAR" in paths[3].read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_bad_clip_is_named_the_others_are_measured_and_the_status_is_2(evaluate, place):
    (place / "bad.wav").write_text("no sound at all")
    text = (place / "labels.csv").read_text() + "bad.wav,sad,s0,f\n"
    (place / "bad.csv").write_text(text)
    status, out, err = evaluate("--format", "json", manifest="bad.csv")
    assert status == 2
    assert json.loads(out)["n"] == 6
    assert "bad.wav" in err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--noise", "loud"), "'loud'"),
        (("--codec", "flac:16"), "'flac'"),
        (("--steps", "echo"), "'echo'"),
        (("--labels", "glad"), "'glad'"),
        (("--merge", "calm"), "expected A=B"),
        (("ravdess-6fold",), "found a protocol beside --manifest"),
        (("--from", "docs"), "found --manifest beside --from"),
        (("--from", "docs", "--noise", "10dB"), "beside --from, where it does nothing"),
        (("--intra",), "found --intra beside --manifest"),
        (("--teacher", "a.pth"), "found --teacher beside --manifest"),
        (("--prior", "often"), "'often'"),
    ],
)
def test_wrong_options_are_said_in_one_line(evaluate, options, says):
    status, out, err = evaluate(*options)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "name", "says"),
    [
        ("-o", "no/a.json", "create it"),
        ("-o", "", "it is a folder"),
        ("--predictions", "no/a.json", "create it"),
        ("--predictions", "a.txt", "expected .json or .npz"),
        ("--confusion", "no/a.png", "create it"),
        ("--confusion", "a.txt", "expected it to end in .png"),
        ("--reliability", "no/a.png", "create it"),
    ],
)
def test_a_result_that_could_not_be_written_costs_no_work(
    evaluate, tmp_path, monkeypatch, option, name, says
):
    if name.endswith("png") or option == "--confusion":
        pytest.importorskip("matplotlib")

    def works(*args, **options):
        raise AssertionError("worked first")

    monkeypatch.setattr("affetto.lab.evaluation.predict", works)
    status, out, err = evaluate(option, str(tmp_path / name))
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_no_clips_or_no_such_table_is_said(capsys, tmp_path):
    assert main(["evaluate"]) == 2
    assert "--manifest" in capsys.readouterr().err
    assert main(["evaluate", "--manifest", str(tmp_path / "no.csv")]) == 2
    assert "no.csv" in capsys.readouterr().err


def test_results_of_protocols_become_tables(place, tmp_path, capsys):
    from affetto.lab.evaluation import predict

    said = predict(place / "tiny", place / "labels.csv").predictions
    for number in range(2):
        write_fold(tmp_path, Fold("mine-2fold", "pool", False, 0, number, 2, True, said[number::2]))
    assert main(["evaluate", "--from", str(tmp_path)]) == 0
    assert "| `mine-2fold` | pool | no |" in capsys.readouterr().out
    assert main(["evaluate", "mine-2fold", "--from", str(tmp_path), "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["seeds"]["0"]["n"] == 6
    assert main(["evaluate", "other", "--from", str(tmp_path)]) == 2
    assert "found mine-2fold" in capsys.readouterr().err
