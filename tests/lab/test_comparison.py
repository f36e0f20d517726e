"""Comparisons: fold by fold, taken up again, and tables where like stands beside like."""

import csv
import io
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("onnx")

from affetto.audio import save
from affetto.cli import main
from affetto.emotions import Emotion
from affetto.errors import ManifestError, OptionError
from affetto.lab import comparison as comparison_module
from affetto.lab.bench import jobs_of
from affetto.lab.comparison import Comparison, compare
from affetto.lab.comparison_rows import rows_of
from affetto.lab.comparison_tables import to_csv, to_latex, to_markdown
from affetto.lab.corpora import Clip, Table, load
from affetto.lab.families.config import ModelConfig
from affetto.lab.predictions import Prediction
from affetto.lab.results import Fold, gather, read_folds

SPEAKERS = ("DC", "JE", "JK", "KL")
FEELINGS = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
QUICK = ["features.parts=['mfcc']", "costs=[1.0]"]


@pytest.fixture(scope="module")
def savee(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a table of a corpus with SAVEE's speakers, whose feelings are tones."""
    folder = tmp_path_factory.mktemp("savee")
    random = np.random.default_rng(0)
    time = np.arange(6400) / 16_000
    clips = []
    for number, speaker in enumerate(SPEAKERS):
        for place, feeling in enumerate(FEELINGS):
            for take in range(3):
                tone = np.sin(2 * np.pi * (200 + 150 * place + 5 * number) * time)
                sound = 0.1 * tone + 0.02 * random.standard_normal(len(time))
                file = folder / f"{speaker}-{feeling}-{take}.flac"
                save(file, sound.astype(np.float32))
                emotion = Emotion(feeling)
                clips.append(Clip(file, "savee", emotion, feeling, f"savee:{speaker}", "m"))
    Table(clips).write_csv(folder / "clips.csv")
    return folder / "clips.csv"


def test_a_comparison_goes_on_where_it_was(savee: Path, tmp_path: Path) -> None:
    told: list[str] = []
    models = [ModelConfig.of("svm").changed(QUICK)]
    comparison = Comparison(models, ["savee-loso"], [savee])
    where = {"runs": tmp_path / "runs", "results": tmp_path / "results"}
    assert compare(comparison, **where) == {}
    files = sorted((tmp_path / "results").glob("svm--savee-loso--intra--seed0--fold*.json"))
    assert len(files) == 4
    before = files[0].read_text()
    files[2].unlink()
    assert compare(comparison, **where, report=told.append) == {}
    assert told[0] == "3 of 4 folds are there already"
    assert sum(line.startswith("1 of 1: ") for line in told) == 1
    assert files[0].read_text() == before
    (result,) = gather(read_folds(tmp_path / "results"))
    assert result.model == "svm"
    assert result.reports[0].uar > 0.9  # tones are easily told apart
    notes = json.loads(before)["notes"]
    assert notes["parameters"] > 0
    assert notes["bytes"] > 0
    assert notes["config"]["features"]["parts"] == ["mfcc"]


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_a_comparison_that_was_killed_ends_as_one_that_was_not(savee: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    config = tmp_path / "small.toml"
    changes = ["features.length=32", "width=0.1", "epochs=6", "checks=6", "batch=8"]
    changes += ["augment.copies=0", "augment.steps="]
    config.write_text(ModelConfig.of("cnn1d").changed(changes).to_toml())

    def command(where: str) -> list[str]:
        folders = ["--results", str(tmp_path / where), "--runs", str(tmp_path / f"{where}-runs")]
        what = ["--model", str(config), "--protocol", "savee-loso", "--folds", "0,1"]
        return ["compare", "--data", str(savee), *what, *folders]

    assert main(command("whole")) == 0
    begun = subprocess.Popen(
        [sys.executable, "-m", "affetto", *command("cut")], stderr=subprocess.DEVNULL
    )
    middle = tmp_path / "cut-runs" / "small--savee-loso--intra--seed0--fold1" / "log.json"
    deadline = time.monotonic() + 120
    while not middle.is_file() and begun.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    begun.kill()
    begun.wait()
    assert middle.is_file()
    assert main(command("cut")) == 0
    for file in sorted((tmp_path / "whole").iterdir()):
        one, other = (json.loads((tmp_path / w / file.name).read_text()) for w in ("whole", "cut"))
        assert one["predictions"] == other["predictions"]
        assert one["notes"]["scores"] == other["notes"]["scores"]


def test_some_folds_side_by_side(savee: Path, tmp_path: Path) -> None:
    models = [ModelConfig.of("svm").changed(QUICK)]
    comparison = Comparison(models, ["savee-loso"], [savee], folds=[0, 2])
    where = {"runs": tmp_path / "runs", "results": tmp_path / "results"}
    assert compare(comparison, **where, workers=2) == {}
    names = sorted(path.name for path in (tmp_path / "results").iterdir())
    assert names == [f"svm--savee-loso--intra--seed0--fold{number}.json" for number in (0, 2)]
    (row,) = rows_of(gather(read_folds(tmp_path / "results")))["savee-loso"]
    assert row.done == "2 of 4 folds"


def test_values_that_are_not_the_familys_own_are_said(savee: Path, tmp_path: Path) -> None:
    where = {"runs": tmp_path / "runs", "results": tmp_path / "results"}
    quick = ModelConfig.of("svm").changed(QUICK)
    compare(Comparison([quick], ["savee-loso"], [savee], folds=[1]), **where)
    assert '| svm, costs=[1.0], features.parts=["mfcc"] |' in to_markdown(
        gather(read_folds(tmp_path / "results"))
    )
    other = Comparison([quick.changed(["costs=[3.0]"])], ["savee-loso"], [savee], folds=[1])
    with pytest.raises(OptionError, match=r"found a fold that was trained with costs=\[1.0\]"):
        compare(other, **where)
    forest = replace(ModelConfig.of("forest"), name="svm")
    with pytest.raises(OptionError, match="trained with model=svm"):
        compare(Comparison([forest], ["savee-loso"], [savee]), **where)
    with pytest.raises(OptionError, match="trained with costs"):  # before hours of training
        compare(replace(other, folds=[2]), **where)
    (fold,) = read_folds(tmp_path / "results")
    mixed = replace(fold, fold=2, notes={**fold.notes, "config": other.models[0].to_dict()})
    with pytest.raises(ManifestError, match="trained otherwise"):
        gather([fold, mixed])


def test_corpora_are_crossed_where_they_share_emotions(savee: Path, tmp_path: Path) -> None:
    clips = list(load(savee))
    other = [replace(clip, corpus="mine", speaker=f"mine:{clip.speaker}") for clip in clips[:42]]
    mine = [clip for clip in other if clip.emotion in ("happy", "sad")]
    quiet = [replace(clip, corpus="quiet") for clip in clips if clip.emotion == "neutral"]
    table = tmp_path / "three.csv"
    Table([*clips, *mine, *quiet]).write_csv(table)
    where = {"runs": tmp_path / "runs", "results": tmp_path / "results"}
    model = ModelConfig.of("svm").changed(QUICK)
    assert compare(Comparison([model], [], [table], cross=True), **where) == {}
    pairs = gather(read_folds(tmp_path / "results"))
    assert {pair.protocol for pair in pairs} == {"cross-savee-to-mine", "cross-mine-to-savee"}
    assert all(set(pair.reports[0].labels) == {"happy", "sad"} for pair in pairs)
    assert "trained on (rows)" in to_markdown(pairs)
    assert "trained on (rows)" in to_latex(pairs)
    rows = list(csv.DictReader(io.StringIO(to_csv(pairs))))
    assert [row["protocol"] for row in rows] == [pair.protocol for pair in pairs]
    assert all(float(row["uar"]) > 0.9 for row in rows)


def test_a_cluster_does_the_same_work(savee: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    models = [ModelConfig.of("svm").changed(QUICK)]
    comparison = Comparison(models, ["savee-loso"], [savee])
    where = {"runs": tmp_path / "runs", "results": tmp_path / "results"}
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        assert compare(comparison, cluster=cluster.scheduler_address, **where) == {}
    assert len(list((tmp_path / "results").glob("*.json"))) == 4
    with pytest.raises(OptionError, match="found no Dask scheduler"):
        compare(comparison, cluster="tcp://127.0.0.1:1", **where)


def test_a_fold_that_fails_stops_no_other(savee: Path, tmp_path: Path) -> None:
    rows = savee.read_text().splitlines()
    lonely = [row for row in rows if ",disgust," not in row or "DC-disgust" in row]
    table = savee.with_name("lonely.csv")
    table.write_text("\n".join(lonely) + "\n")
    models = [ModelConfig.of("svm").changed(QUICK)]
    failed = compare(
        Comparison(models, ["savee-loso"], [table]),
        runs=tmp_path / "runs",
        results=tmp_path / "results",
    )
    done = list((tmp_path / "results").glob("*.json"))
    assert "svm--savee-loso--intra--seed0--fold0.json" in failed  # none but DC is disgusted
    assert all("found no training clip of disgust" in why for why in failed.values())
    assert done
    assert len(done) + len(failed) == 4


@pytest.mark.parametrize("workers", ["1", "2"])
def test_why_folds_failed_is_the_last_word(
    workers: str, savee: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = savee.with_name(f"gone{workers}.csv")
    rows = savee.read_text().splitlines()
    table.write_text("\n".join([*rows, rows[1].replace("DC-neutral-0", "torn")]) + "\n")
    savee.with_name("torn.flac").write_bytes(b"fLaC" + bytes(100))
    arguments = ["--data", str(table), "--model", "svm", "--protocol", "savee-loso"]
    arguments += ["--results", str(tmp_path / "results"), "--runs", str(tmp_path / "runs")]
    assert main(["compare", *arguments, "--workers", workers]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "train first" not in told.err
    assert "torn.flac" in told.err.splitlines()[-1]


def test_what_no_one_foresaw_stops_no_other_fold(
    savee: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = comparison_module.measure

    def measure(job: Any, *rest: Any, **options: Any) -> Any:
        if job.number == 1:
            raise MemoryError("no room")
        return real(job, *rest, **options)

    monkeypatch.setattr(comparison_module, "measure", measure)
    models = [ModelConfig.of("svm").changed(QUICK)]
    where = {"runs": tmp_path / "runs", "results": tmp_path / "results"}
    failed = compare(Comparison(models, ["savee-loso"], [savee]), **where)
    assert failed == {"svm--savee-loso--intra--seed0--fold1.json": "MemoryError: no room"}
    assert len(list((tmp_path / "results").iterdir())) == 3


def test_the_command_makes_the_table(
    savee: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "quick.toml"
    config.write_text(ModelConfig.of("svm").changed(QUICK).to_toml())
    arguments = ["--data", str(savee), "--model", str(config), "--protocol", "savee-loso"]
    arguments += ["--results", str(tmp_path / "results"), "--runs", str(tmp_path / "runs")]
    assert main(["compare", *arguments]) == 0
    told = capsys.readouterr().out
    assert "| quick | 1 |" in told
    assert "savee-loso" in told
    assert main(["compare", "--from", str(tmp_path / "results"), "--format", "latex"]) == 0
    assert "\\toprule" in capsys.readouterr().out


DATA = ["--data", "DATA"]
SVM = [*DATA, "--model", "svm", "--protocol"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (DATA, "found no --model"),
        ([*DATA, "--model", "svn", "--protocol", "savee-loso"], "found model 'svn'"),
        ([*SVM, "savee"], "found protocol 'savee'"),
        ([*SVM, "emodb-loso"], "found no clips of emodb"),
        ([*SVM, "read-speech"], "whose clips have one class"),
        ([*SVM, "savee-loso", "--seeds", "a"], "found --seeds 'a'"),
        ([*SVM, "savee-loso", "--folds", "4"], "found fold 4, expected some of the 4"),
        ([*SVM, "savee-loso", "--heat-map", "a.png"], "found --heat-map, expected --cross"),
        ([*SVM, "savee-loso", "--cross", "--workers", "2"], "found --workers beside --cross"),
        ([*SVM, "savee-loso", "--set", "augment.votes=true"], "augment.votes = True, which does"),
        ([*SVM, "savee-loso", "--set", "cost=1"], "found settings.cost"),
        (["--from", "."], "found no results"),
        (["--list", "--seeds", "1"], "found --seeds beside --list"),
        ([], "found nothing to compare on"),
    ],
)
def test_what_cannot_be_compared_is_said(
    arguments: list[str],
    named: str,
    savee: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [str(savee) if argument == "DATA" else argument for argument in arguments]
    assert main(["compare", *given]) == 2
    assert named in capsys.readouterr().err


def test_each_seed_holds_out_speakers_of_its_own(savee: Path) -> None:
    table = load(savee)
    digests = {clip.key: clip.key for clip in table}
    jobs = jobs_of([ModelConfig.of("svm")], ["savee-loso"], table, seeds=range(5), digests=digests)
    held = {}
    for job in jobs:
        (speaker,) = {table[i].speaker for i in job.fold.validation}
        held.setdefault(job.number, set()).add(speaker)
        assert {table[i].speaker for i in job.fold.test} == {f"savee:{SPEAKERS[job.number]}"}
    assert any(len(speakers) > 1 for speakers in held.values())


def test_two_models_of_one_name_are_refused(savee: Path) -> None:
    models = [ModelConfig.of("svm"), ModelConfig.of("svm").changed(QUICK)]
    clips = load(savee)
    digests = {clip.key: clip.key for clip in clips}
    with pytest.raises(OptionError, match="expected each name once"):
        list(jobs_of(models, ["savee-loso"], clips, digests=digests))


def made_up(
    model: str, protocol: str, right: float, *, independent: bool, seeds: int = 2
) -> list[Fold]:
    """Give folds of a model that is right so often."""
    folds = []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        said = []
        for number in range(200):
            truth = ("sad", "happy")[number % 2]
            hit = random.random() < right
            p = 0.8 if hit == (truth == "sad") else 0.2
            about = (f"{number}.wav", f"mine:{number % 10}", "f", "en", truth)
            said.append(Prediction(*about, {"happy": 1 - p, "sad": p}))
        folds.append(Fold(protocol, "intra", False, seed, 0, 1, independent, said, model=model))
    return folds


def test_the_best_stands_first_and_the_others_are_held_against_it() -> None:
    folds = made_up("good", "mine", 0.9, independent=True)
    folds += made_up("bad", "mine", 0.6, independent=True)
    rows = rows_of(gather(folds))["mine"]
    assert [row.result.model for row in rows] == ["good", "bad"]
    best, other = rows
    assert best.behind is None
    assert other.behind is not None
    assert 0 < other.behind.low < other.behind.value < other.behind.high
    assert other.chance is not None
    assert other.chance < 1e-3
    assert other.uar_spread is not None
    text = to_markdown(gather(folds))
    assert text.index("| good |") < text.index("| bad |")
    assert "± " in text


def test_random_splits_never_share_a_column_with_unheard_speakers() -> None:
    folds = made_up("a", "one", 0.9, independent=True) + made_up("a", "two", 0.9, independent=False)
    results = gather(folds)
    text = to_markdown(results)
    assert (
        text.index("## Unheard speakers") < text.index("### `one`") < text.index("## Random splits")
    )
    assert text.index("## Random splits") < text.index("### `two`")
    rows = {row["protocol"]: row for row in csv.DictReader(io.StringIO(to_csv(results)))}
    assert rows["one"]["uar"]
    assert not rows["one"]["random_uar"]
    assert rows["two"]["random_wa"]
    assert not rows["two"]["uar"]


def test_what_each_corpus_gave_is_said() -> None:
    (fold,) = made_up("a", "pool", 0.9, independent=False, seeds=1)
    said = [
        replace(p, speaker=f"part:{n}" if n % 10 == 0 else f"whole:{n % 7}")
        for n, p in enumerate(fold.predictions)
    ]
    text = to_markdown(gather([replace(fold, predictions=said)]))
    assert "Test clips: part 20 (sad alone), whole 180." in text


def test_what_is_unfinished_is_said_to_be() -> None:
    (fold,) = made_up("slow", "mine", 0.9, independent=True, seeds=1)
    part = Fold("mine", "intra", False, 0, 0, 6, True, fold.predictions, model="slow")
    assert "| slow | 1 of 6 folds |" in to_markdown(gather([part]))


def test_latex_says_what_its_signs_mean() -> None:
    folds = made_up("my_model", "mine", 0.9, independent=True)
    text = to_latex(gather(folds))
    assert "my\\_model" in text
    assert "95 \\%" in text
    assert "±" not in text


def test_what_falls_short_of_published_figures_is_said() -> None:
    folds = made_up("svm", "ravdess-6fold", 0.9, independent=True)
    folds += made_up("lstm", "ravdess-6fold", 0.5, independent=True)
    text = to_markdown(gather(folds))
    reached, short = (text.index(said) for said in ("or above it: `svm`", "Short of it: `lstm`"))
    assert reached < short
    assert "(0.575–0.623)." in text
    assert "`svm`" not in text[short:]
    assert "Short of it" not in to_markdown(gather(made_up("svm", "x", 0.5, independent=True)))
