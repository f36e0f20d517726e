"""Families on speech encoders: they learn, resume, and end as packages that hear any recording."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("sklearn")
pytest.importorskip("onnx")
pytest.importorskip("safetensors")

from affetto.audio import load
from affetto.errors import ModelError, OptionError
from affetto.lab.bench import jobs_of, measure
from affetto.lab.build import Sources
from affetto.lab.families.build import build_family
from affetto.lab.families.config import ModelConfig
from affetto.lab.learning import as_good_as_trained, learn
from affetto.lab.run_folder import load_weights
from affetto.models import WindowPackage
from affetto.models.verify import verify
from affetto.recognition import LiveRecognizer, Recognizer
from tiny_corpus import write_corpus
from tiny_encoder import LAYERS, write_encoder

if TYPE_CHECKING:
    from pathlib import Path

    from affetto.lab.corpora import Table
    from affetto.lab.families.lesson import Fitted, Lesson

pytestmark = pytest.mark.usefixtures("one_thread")

LABELS = ("neutral", "angry", "sad")
QUICK = ["epochs=2", "batch=3", "accumulate=2", "checks=2", "hidden=8", "seconds=0.5", "half=false"]
"""Four steps, a check after two."""


class Killed(BaseException):
    """As a kill: nothing that trains may catch it."""


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give a folder for each kind of encoder."""
    top = tmp_path_factory.mktemp("encoders")
    kinds = ("wav2vec2", "wav2vec2-large", "hubert", "whisper")
    return {kind: write_encoder(top / kind, kind) for kind in kinds}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Give a dozen clips of four voices."""
    voices = {"mine": ("a", "b", "c", "d")}
    return write_corpus(tmp_path_factory.mktemp("corpus"), voices=voices, takes=1)


def config(model: str, encoder: Path, *changes: str) -> ModelConfig:
    return ModelConfig.of(model).changed([f'encoder="{encoder.as_posix()}"', *changes])


def taught(
    made: ModelConfig, table: Table, runs: Path, *, held: int = 3, name: str = "run", **about: Any
) -> tuple[Lesson, Fitted]:
    """Train on all speakers but the last."""
    return learn(
        made,
        table,
        LABELS,
        [clip.emotion.value if clip.emotion else None for clip in table],
        train=np.arange(12 - held),
        validation=np.arange(12 - held, 12),
        runs=runs,
        name=name,
        workers=1,
        **about,
    )


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("wav2vec2", ["costs=[1]"]),
        ("hubert", ["head=logistic", "layer=1", "pooling=mean", "costs=[0.1]"]),
        ("whisper", ["last=2", "kernel=linear", "costs=[0.01]"]),
        ("wav2vec2-large", ["head=mlp", "hidden=[8]", "decays=[1]"]),
        ("hubert", ["head=weighted", "epochs=30"]),
        ("wav2vec2", ["layer=0", "costs=[1]"]),
    ],
)
def test_a_head_learns_and_its_file_hears_as_it_does(encoders, table, tmp_path, kind, changes):
    made = config("wav2vec2-svm", encoders[kind], *changes)
    lesson, fitted = taught(made, table, tmp_path)
    sounds = lesson.clean.inputs(range(12))
    logits = as_good_as_trained(fitted, [*sounds, sounds[0][:5_000], np.tile(sounds[1], 3)])
    assert logits.shape == (14, 3)
    assert (logits[:12].argmax(axis=1) == lesson.target).mean() >= 0.75
    assert fitted.held_out is not None


def test_no_clip_is_embedded_again_by_another_training(encoders, table, tmp_path):
    made = config("wav2vec2-svm", encoders["wav2vec2"], "costs=[1]")
    lesson, fitted = taught(made, table, tmp_path)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "shared").rglob("*.npz")}
    assert kept
    other = made.changed(["head=logistic", "layer=1"])
    taught(other, table, tmp_path, held=6, name="other", seed=1)
    fitted.logits(lesson.clean.inputs(range(12)))
    assert kept == {p: p.stat().st_mtime_ns for p in (tmp_path / "shared").rglob("*.npz")}


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("wav2vec2", []),
        ("wav2vec2-large", ["pooling=attention", "states=weighted", "half=true"]),
        ("whisper", ["pooling=statistics", "checkpointing=false"]),
    ],
)
def test_an_encoder_learns_and_its_file_hears_as_it_does(encoders, table, tmp_path, kind, changes):
    made = config("wav2vec2-finetune", encoders[kind], *QUICK, *changes)
    lesson, fitted = taught(made, table, tmp_path)
    sounds = lesson.clean.inputs(range(12))
    logits = as_good_as_trained(fitted, [*sounds, sounds[0][:5_000]])
    assert logits.shape == (13, 3)
    assert fitted.notes["steps"] == 4
    assert len(fitted.notes["scores"]) == 2


def test_a_training_that_was_killed_ends_with_the_same_weights(encoders, table, tmp_path):
    made = config("wav2vec2-finetune", encoders["wav2vec2"], *QUICK, "thaw=[0.25, 0.75]")
    taught(made, table, tmp_path, name="whole")

    def kill(line: str) -> None:
        if line.startswith("step"):
            raise Killed

    with pytest.raises(Killed):
        taught(made, table, tmp_path, name="cut", report=kill)
    assert int(load_weights(tmp_path / "cut" / "last.safetensors")["step"]) == 2
    taught(made, table, tmp_path, name="cut")
    whole = load_weights(tmp_path / "whole" / "last.safetensors")
    cut = load_weights(tmp_path / "cut" / "last.safetensors")
    assert whole.keys() == cut.keys()
    for name, tensor in whole.items():
        torch.testing.assert_close(cut[name], tensor, rtol=1e-6, atol=1e-6)


def test_layers_thaw_from_the_top(encoders, table, tmp_path):
    def learnt(name: str, *changes: str) -> set[str]:
        made = config("wav2vec2-finetune", encoders["wav2vec2"], *QUICK, *changes)
        taught(made, table, tmp_path, name=name, held=0)
        after = load_weights(tmp_path / name / "last.safetensors")
        before = load_weights(encoders["wav2vec2"] / "model.safetensors")
        return {
            key.split(".")[2] if ".layers." in f".{key}" else key.split(".")[0]
            for key, tensor in before.items()
            if f"encoder.model.{key}" in after
            and not torch.equal(after[f"encoder.model.{key}"], tensor)
        }

    assert learnt("none", "unfreeze=0") == set()
    assert learnt("one", "unfreeze=1", "thaw=[0, 0]") == {str(LAYERS - 1)}
    assert learnt("late", "thaw=[0.75, 1.0]") == {str(LAYERS - 1)}
    everything = learnt("all", "thaw=[0, 0.5]")
    assert everything >= {*map(str, range(LAYERS)), "feature_projection"}
    assert "feature_extractor" not in everything


def test_a_training_of_another_encoder_is_not_gone_on_with(encoders, table, tmp_path):
    folder = write_encoder(tmp_path / "encoder")
    made = config("wav2vec2-finetune", folder, *QUICK)
    taught(made, table, tmp_path)
    write_encoder(folder, seed=5)
    with pytest.raises(OptionError, match=r"other settings \(encoder\)"):
        taught(made, table, tmp_path)


@pytest.mark.parametrize(
    ("model", "kind", "changes"),
    [
        ("wav2vec2-svm", "hubert", ["costs=[1]"]),
        ("wav2vec2-svm", "whisper", ["head=logistic"]),
        ("wav2vec2-finetune", "wav2vec2", QUICK),
    ],
)
def test_a_package_hears_recordings_and_live_sound(encoders, table, tmp_path, model, kind, changes):
    made = config(model, encoders[kind], *changes)
    runs = tmp_path / "runs"
    package = build_family(
        Sources([table]), made, tmp_path / "mine", runs=runs, name="mine", workers=1
    )
    assert isinstance(package, WindowPackage)
    assert not verify(package.folder)
    sounds = [load(clip.file).samples for clip in table[:3]]
    together = package.hear(sounds)
    alone = np.concatenate([package.hear([sound]) for sound in sounds])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    louder = package.hear([np.float32(0.3) * sound for sound in sounds])
    np.testing.assert_allclose(louder, together, atol=0.05 * np.abs(together).max())
    recording = np.concatenate([np.tile(sound, 2) for sound in sounds])
    timeline = Recognizer(package).recognize(recording)
    assert timeline.model.startswith("mine 1")
    assert timeline.track is not None
    assert set(timeline.track.labels) == set(LABELS)
    assert np.isfinite(timeline.track.scores).all()
    live = LiveRecognizer(package)
    for start in range(0, 24_000, 800):
        live.feed(recording[start : start + 800])
    assert live.finish() is not None


def test_the_bench_measures_a_fold(encoders, tmp_path):
    table = write_corpus(tmp_path, voices={"savee": ("DC", "JE", "JK", "KL")}, takes=1)
    made = config("wav2vec2-svm", encoders["wav2vec2"], "costs=[1]")
    job = next(iter(jobs_of([made], ["savee-loso"], table)))
    job = replace(job, protocol=replace(job.protocol, labels=LABELS))
    fold = measure(job, table, runs=tmp_path / "runs", results=tmp_path / "results", workers=1)
    assert len(fold.predictions) == 3
    assert fold.notes["parameters"] > 10_000
    assert fold.notes["config"]["features"]["kind"] == "sound"


def test_settings_are_written_and_read(encoders, tmp_path):
    for model, change in (("wav2vec2-svm", "layer=2"), ("wav2vec2-finetune", "unfreeze=2")):
        made = config(model, encoders["hubert"], change, "features.level=false")
        (tmp_path / "mine.toml").write_text(made.to_toml(), encoding="utf-8")
        again = ModelConfig.of(tmp_path / "mine.toml")
        assert (again.settings, again.features) == (made.settings, made.features)


@pytest.mark.parametrize(
    ("model", "change", "said"),
    [
        ("wav2vec2-svm", "layer=-1", "found layer -1, expected 0 or more"),
        ("wav2vec2-svm", "head=forest", "expected svm, logistic, mlp, weighted"),
        ("wav2vec2-finetune", "thaw=[0.5, 0.2]", "two rising shares"),
        ("wav2vec2-finetune", "decay=-1", "found decay -1.0, expected it at least 0"),
        ("wav2vec2-svm", "hidden=[100000000000]", "expected it at most 16384"),
        ("wav2vec2-finetune", "batch=0", "found batch 0, expected it at least 1"),
        ("wav2vec2-finetune", "features.length=40", "length 40 of a sound"),
    ],
)
def test_settings_that_cannot_be_are_refused(model, change, said):
    with pytest.raises(OptionError, match=said.replace("[", r"\[")):
        ModelConfig.of(model).changed([change])


def test_what_an_encoder_lacks_is_told_before_any_training(encoders, table, tmp_path):
    made = config("wav2vec2-svm", encoders["hubert"], "layer=9")
    with pytest.raises(OptionError, match=f"found layer 9, expected 0 to {LAYERS}"):
        taught(made, table, tmp_path)
    with pytest.raises(ModelError, match="--set encoder=FOLDER"):
        taught(config("wav2vec2-finetune", tmp_path / "none"), table, tmp_path)
