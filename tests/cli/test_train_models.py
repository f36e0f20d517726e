"""`affetto train --model`: from a table of clips to a package that every verb takes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnx")
pytest.importorskip("safetensors")

from affetto.cli import main
from affetto.emotions import Emotion
from affetto.lab.corpora import Table
from affetto.models import Card, ModelPackage, WindowPackage, available, verify
from tiny_corpus import write_corpus

Train = Callable[..., tuple[int, str]]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

SVM = ["--model", "svm", "--set", "costs=[1]", "--set", "features.parts=['mfcc', 'mel']"]
CNN = [
    *("--model", "cnn1d", "--set", "epochs=1", "--set", "width=0.1", "--set", "checks=1"),
    *("--set", "features.length=48", "--set", "augment.copies=0", "--set", "augment.steps="),
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Give clips of eight voices, women and men, in three feelings."""
    return write_corpus(tmp_path_factory.mktemp("corpus"), voices={"mine": tuple("abcdefgh")})


@pytest.fixture
def here(corpus: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a table of the clips the present one."""
    corpus.write_csv(tmp_path / "labels.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def train(here: Path, capsys: pytest.CaptureFixture[str]) -> Train:
    """Run the command; give its status and what it said."""

    def run(*args: str, data: str = "labels.csv") -> tuple[int, str]:
        capsys.readouterr()
        status = main(["train", "--data", data, "-o", "mine", "--workers", "1", *args])
        out, said = capsys.readouterr()
        assert out == ""
        return status, said

    return run


def loaded(folder: str = "mine") -> WindowPackage:
    package = ModelPackage.load(folder)
    assert isinstance(package, WindowPackage)
    assert verify(folder) == ()
    return package


@pytest.mark.parametrize("options", [SVM, CNN], ids=["svm", "cnn1d"])
def test_a_model_is_trained_shown_and_used(
    train: Train, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = train(*options, "--version", "3")
    assert status == 0, said
    assert said.splitlines()[-1] == "affetto: wrote mine 3 to mine"
    package = loaded()
    card = package.card
    assert card.labels == (Emotion.NEUTRAL, Emotion.SAD, Emotion.ANGRY)
    assert (card.languages, [one.corpus for one in card.training]) == (("en",), ["mine"])
    assert "48 clips of 8 speakers" in card.description
    assert card.window == (3.0 if "svm" in options else pytest.approx(48 * 256 / 16_000))

    assert main(["models", "verify", "mine"]) == 0
    assert "as it should be" in capsys.readouterr().out
    assert main(["models", "show", "mine"]) == 0
    shown = capsys.readouterr().out
    hears = "one row: mfcc, mel" if "svm" in options else "48 frames: mfcc"
    for part in ("mine 3", "neutral, sad, angry", hears, "temperature", "your own"):
        assert part in shown
    assert "baseline" not in shown
    assert main(["models", "show", "mine", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "window"
    assert main(["models", "list"]) == 0
    capsys.readouterr()
    if "default" in available():
        talk = str(EXAMPLES / "angry.flac")
        assert main(["analyze", talk, "--model", "mine", "--format", "json", "-q"]) == 0
        row = json.loads(capsys.readouterr().out)
        assert row["model"] == "mine 3"
        assert row["segments"]
        assert all(set(s["scores"]) == {"neutral", "sad", "angry"} for s in row["segments"])


def test_what_was_trained_knows_the_clips(
    train: Train, corpus: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(*SVM)[0] == 0
    if "default" not in available():
        pytest.skip("no model is bundled here that tells where speech is")
    capsys.readouterr()
    table = ["--manifest", "labels.csv", "--workers", "1"]
    assert main(["evaluate", *table, "--model", "mine", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["uar"] > 0.6


def test_genders_are_told_as_well(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = train(*SVM, "--gender")
    assert status == 0, said
    package = loaded()
    assert package.card.genders
    assert package.pooled_width == 6
    assert package.labels == ("neutral", "sad", "angry")
    assert main(["models", "show", "mine"]) == 0
    assert "neutral, sad, angry; of women and of men" in capsys.readouterr().out
    if "default" in available():
        talk = str(EXAMPLES / "angry.flac")
        assert main(["analyze", talk, "--model", "mine", "--format", "json", "-q"]) == 0
        segments = json.loads(capsys.readouterr().out)["segments"]
        assert {segment["gender"] for segment in segments} <= {"f", "m"}


def test_the_same_command_goes_on_and_another_is_refused(train: Train, here: Path) -> None:
    assert train(*CNN)[0] == 0
    sums = Card.read(here / "mine" / "card.yaml").sha256
    shutil.rmtree("mine")
    status, said = train(*CNN)  # was finished: nothing is learnt anew
    assert status == 0
    assert "step" not in said
    assert Card.read(here / "mine" / "card.yaml").sha256 == sums
    status, said = train(*CNN, "--set", "rate=0.01")
    assert status == 2
    assert "mine--seed0: found a training with other settings (settings)" in said
    status, said = train(*CNN, "--exclude", "sad")
    assert status == 2
    assert "found a training with other settings" in said
    assert train(*CNN, "--set", "rate=0.01", "--runs", "others")[0] == 0


def test_emotions_are_left_out(train: Train, here: Path, corpus: Table) -> None:
    status, said = train(*SVM, "--exclude", "sad")
    assert (status, loaded().labels) == (0, ("neutral", "angry"))
    few = [clip for clip in corpus if clip.emotion != "sad" or clip.speaker == "mine:a"]
    Table(few).write_csv(here / "few.csv")
    status, said = train(*SVM, "--min-count", "3", data="few.csv")
    assert (status, loaded().labels) == (0, ("neutral", "angry"))
    assert "left out, with fewer than 3 clips: sad" in said
    assert train(*SVM, "--min-count", "2", data="few.csv")[0] == 0
    assert loaded().labels == ("neutral", "sad", "angry")


REFUSED = {
    "unknown model": (["--model", "gru"], "found model 'gru', expected one of svm"),
    "unknown value": (["--model", "svm", "--set", "cost=3"], "found settings.cost, expected"),
    "wrong value": (["--model", "svm", "--set", "costs=x"], "found settings.costs = 'x'"),
    "too small": (["--model", "svm", "--set", "costs=[0]"], "found costs 0.0"),
    "no assignment": (["--model", "svm", "--set", "costs"], "expected NAME=VALUE"),
    "another family's": (["--model", "svm", "--set", "epochs=3"], "found settings.epochs"),
    "other features": (["--model", "cnn", "--set", "features.kind=row"], "cnn hears no other"),
    "no TOML": (["--model", "bad.toml"], "bad.toml: found no TOML"),
    "TOML of another model": (["--model", "own.toml"], "own.toml: found model 'affetto'"),
    "missing TOML": (["--model", "gone.toml"], "gone.toml: No such file"),
    "missing weights": (["--model", "lstm", "--set", "weights=gone.safetensors"], "gone"),
    "steps of the recipe": ([*SVM, "--steps", "3"], "found --steps beside --model svm"),
    "noises of the recipe": ([*SVM, "--noises", "."], "found --noises beside --model svm"),
    "values of the recipe": (["--set", "epochs=3"], "found --set beside --model affetto"),
    "genders of the recipe": (["--gender"], "found --gender beside --model affetto"),
    "unknown emotion": ([*SVM, "--exclude", "hungry"], "unknown emotion 'hungry'"),
    "all but one": ([*SVM, "--exclude", "sad,angry"], "found clips of neutral to learn from"),
    "a count of one": ([*SVM, "--min-count", "1"], "expected a whole number of 2 or more"),
    "a count too high": ([*SVM, "--min-count", "99"], "found clips of no emotion to learn from"),
    "no licence": ([*SVM, "--licence", "commercial"], "none that may be used for a commercial"),
    "no table": ([*SVM, "--data", "gone.csv"], "found no gone.csv"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_in_one_line(train: Train, here: Path, name: str) -> None:
    (here / "bad.toml").write_text("model =\n")
    (here / "own.toml").write_text('model = "affetto"\n')
    options, expected = REFUSED[name]
    if "missing weights" in name:
        options = [*options, "--set", "augment.copies=0", "--set", "augment.steps="]
    status, said = train(*options)
    assert status == 2
    assert expected in said.splitlines()[-1]
    assert not (here / "mine").exists()


def test_too_few_clips_are_named(train: Train, here: Path, corpus: Table) -> None:
    sad = [clip for clip in corpus if clip.emotion == "sad"]
    rest = [clip for clip in corpus if clip.emotion != "sad"]
    Table([*rest, sad[0]]).write_csv(here / "one.csv")
    status, said = train(*SVM, data="one.csv")
    assert status == 2
    assert "found too few clips, 1 of sad, expected 2 or more of each class" in said
    assert train(*SVM, "--exclude", "sad", data="one.csv")[0] == 0
    men = [clip for clip in sad if clip.gender == "m"]
    women = [clip for clip in sad if clip.gender == "f"]
    Table([*rest, *men, women[0]]).write_csv(here / "men.csv")
    status, said = train(*SVM, "--gender", data="men.csv")
    assert status == 2
    assert "1 of female sad" in said
    Table([*rest, *men]).write_csv(here / "men.csv")
    status, said = train(*SVM, "--gender", data="men.csv")
    assert status == 2
    assert "0 of female sad" in said
    assert train(*SVM, "--gender", "--min-count", "2", data="men.csv")[0] == 0
    assert loaded().labels == ("neutral", "angry")


@pytest.mark.parametrize(("gender", "missing"), [("f", "no man"), ("m", "no woman")])
def test_genders_of_which_one_is_missing_are_refused(
    train: Train, here: Path, corpus: Table, gender: str, missing: str
) -> None:
    corpus.filter(gender=gender).write_csv(here / "half.csv")
    status, said = train(*SVM, "--gender", data="half.csv")
    assert status == 2
    assert f"found clips in which {missing} speaks, expected women and men" in said
    assert "leave out --gender" in said


def test_genders_that_nobody_told_are_refused(train: Train, here: Path, corpus: Table) -> None:
    lines = [f"{clip.file},{clip.emotion}" for clip in corpus]
    (here / "bare.csv").write_text("\n".join(["file,emotion", *lines]))
    status, said = train(*SVM, "--gender", data="bare.csv")
    assert status == 2
    assert "found no clip that says whether a woman or a man speaks" in said
    # Without speakers, clips are held out instead, and it is said what that is worth.
    status, said = train(*SVM, data="bare.csv")
    assert status == 0
    assert "too few speakers to hold some out (0)" in said


def test_a_clip_that_cannot_be_heard_is_named(train: Train, here: Path, corpus: Table) -> None:
    broken = here / "broken.wav"
    broken.write_text("no sound")
    lines = [f"{clip.file},{clip.emotion}" for clip in corpus]
    (here / "bad.csv").write_text("\n".join(["file,emotion", *lines, f"{broken},sad"]))
    status, said = train(*SVM, data="bad.csv")
    assert status == 2
    assert "broken.wav" in said
    assert not (here / "mine").exists()


def test_a_file_says_what_to_train(train: Train, here: Path) -> None:
    (here / "small.toml").write_text(
        'model = "forest"\n[settings]\ntrees = 4\nleaves = [1]\n[features]\nparts = ["mfcc"]\n'
    )
    status, said = train("--model", "small.toml", "--set", "trees=3")
    assert status == 0, said
    assert loaded().features.parts == ("mfcc",)


def test_what_runs_away_is_said_in_one_line_and_leaves_no_package(train: Train, here: Path) -> None:
    status, said = train(*CNN, "--set", "rate=1e30", "--set", "epochs=3")
    assert status == 2
    assert said.splitlines()[-1].endswith("expected a number: lower the learning rate (1e+30)")
    assert not (here / "mine").exists()
