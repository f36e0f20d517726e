"""Adapting the bundled model: it stays near its own answers as far as clips are few."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("sklearn")

from affetto.audio import load as load_sound
from affetto.cli import main
from affetto.emotions import Emotion
from affetto.errors import CorpusError, OptionError
from affetto.lab.adaptation import adapt
from affetto.lab.build import Sources
from affetto.lab.corpora import Clip, Table
from affetto.lab.reading import Reading, fit_reading
from affetto.models import ModelPackage, load, verify
from affetto.recognition import Recognizer
from tiny_corpus import write_corpus


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the table of a made-up corpus."""
    folder = tmp_path_factory.mktemp("mine")
    table = write_corpus(folder)
    table.write_csv(folder / "clips.csv")
    return folder / "clips.csv"


@pytest.fixture(scope="module")
def adapted(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """Adapt the bundled model to it."""
    folder = tmp_path_factory.mktemp("models") / "mine"
    return adapt(Sources([clips]), folder, name="mine", workers=1).package


def test_an_adapted_model_is_a_model_like_any_other(adapted: ModelPackage, clips: Path) -> None:
    assert verify(adapted.folder) == ()
    assert adapted.card.title == "mine 1"
    assert adapted.learns_voices
    sound = load_sound(sorted(clips.parent.rglob("*.wav"))[0]).samples
    decision = Recognizer(adapted).decide(sound)
    assert set(decision.scores) == set(adapted.labels)
    assert sum(decision.scores.values()) == pytest.approx(1.0)
    timeline = Recognizer(adapted).recognize(np.tile(sound, 8))
    assert timeline.model == "mine 1"


def test_the_file_says_what_the_reading_says(adapted: ModelPackage) -> None:
    own = load("default").ear
    rng = np.random.default_rng(0)
    spread = np.sqrt(own.baseline["within"])
    pooled = own.population + spread * rng.normal(size=(5, own.pooled_width)).astype(np.float32)
    pooled = pooled.astype(np.float32)
    baseline = (own.population + 0.1 * spread).astype(np.float32)
    for beside in (None, baseline):
        said = adapted.head(pooled, beside)
        assert said.shape == (5, len(adapted.labels))
        assert np.isfinite(said).all()
    assert np.abs(adapted.head(pooled) - adapted.head(pooled, baseline)).max() > 0


def test_without_weights_a_reading_is_the_models_own_answer() -> None:
    rng = np.random.default_rng(0)
    logits, heard = rng.normal(size=(6, 4)), rng.normal(size=(6, 3))
    reading = Reading(1.0, np.array([2, 0]), np.zeros((2, 3)), np.zeros(2))
    said = reading(logits, heard)
    assert np.allclose(said[:, 0] - said[:, 1], logits[:, 2] - logits[:, 0])


def test_the_stronger_the_penalty_the_nearer_the_models_own_answer() -> None:
    rng = np.random.default_rng(0)
    heard = rng.normal(size=(60, 5))
    target = (heard[:, 0] > 0).astype(np.int64)
    logits = np.zeros((60, 2))
    sizes = [
        np.abs(fit_reading(logits, heard, target, np.array([0, 1]), penalty=p).weights).max()
        for p in (1e4, 100.0, 1.0)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.01


def test_a_new_label_can_be_learnt(tmp_path: Path) -> None:
    table = write_corpus(tmp_path)
    first = table[0].emotion
    renamed = [
        Clip(c.file, "own", Emotion.FRUSTRATED if c.emotion == first else c.emotion, "x", c.speaker)
        for c in table
        if c.emotion is not None
    ]
    Table(renamed).write_csv(tmp_path / "renamed.csv")
    made = adapt(Sources([tmp_path / "renamed.csv"]), tmp_path / "model", name="new", workers=1)
    assert "frustrated" in made.package.labels
    said = {
        Recognizer(made.package, prior="even").decide(load_sound(c.file).samples).emotion
        for c in renamed
        if c.emotion == Emotion.FRUSTRATED
    }
    assert "frustrated" in said


def test_few_clips_are_said_to_be_few(clips: Path, tmp_path: Path, capsys) -> None:
    few = clips.with_name("few.csv")
    rows = [row for row in clips.read_text().splitlines() if "-1.wav" not in row]
    few.write_text("\n".join(rows) + "\n")
    out = str(tmp_path / "mine")
    assert main(["train", "--from", "default", "--manifest", str(few), "-o", out]) == 0
    told = capsys.readouterr().err
    assert "few clips of" in told
    assert "UAR" in told
    assert "wrote mine 1" in told


def test_what_cannot_be_adapted_is_said(clips: Path, tmp_path: Path, capsys) -> None:
    rows = clips.read_text().splitlines()
    one = clips.with_name("one.csv")
    one.write_text("\n".join(rows[:2]) + "\n")
    with pytest.raises(CorpusError, match="found too few clips, 1 of neutral"):
        adapt(Sources([one]), tmp_path / "m", name="m", workers=1)
    arguments = ["--from", "default", "--data", str(clips), "-o", str(tmp_path / "m")]
    assert main(["train", *arguments, "--gender"]) == 2
    assert "found --gender beside --from default" in capsys.readouterr().err
    assert main(["train", *arguments[:1], "nothing", *arguments[2:]]) == 2
    assert "found no model 'nothing'" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_a_model_of_windows_is_no_start(clips: Path, tmp_path: Path) -> None:
    from affetto.lab.families.build import build_family
    from affetto.lab.families.config import ModelConfig

    config = ModelConfig.of("svm").changed(["features.parts=['mfcc']", "costs=[1.0]"])
    runs = tmp_path / "runs"
    build_family(Sources([clips]), config, tmp_path / "svm", runs=runs, name="svm", workers=1)
    with pytest.raises(OptionError, match="judges each window for itself"):
        adapt(Sources([clips]), tmp_path / "m", start=tmp_path / "svm", name="m", workers=1)
