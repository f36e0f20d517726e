"""Every family learns from a few clips, and its file answers as the trained model does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnx")
pytest.importorskip("safetensors")

from safetensors.torch import load_file, save_file

from affetto.emotions import Emotion
from affetto.errors import CorpusError, ModelError, OptionError
from affetto.lab.architectures.pictures import ResNet18
from affetto.lab.arrays import FeatureArrays
from affetto.lab.corpora import Clip, Table
from affetto.lab.families import FAMILIES
from affetto.lab.families import networks as networks_module
from affetto.lab.families.config import ModelConfig
from affetto.lab.families.drawing import Batch, DrawConfig, Drawing
from affetto.lab.families.lesson import Lesson
from affetto.lab.learning import as_good_as_trained
from affetto.models.calibration import softmax
from affetto.models.network import open_network

if TYPE_CHECKING:
    from collections.abc import Callable

    from affetto.features.recipe import FeatureRecipe
    from affetto.lab.families.lesson import Fitted

CLASSICAL = [name for name, family in FAMILIES.items() if family.features.kind == "row"]
NETWORKS = [name for name, f in FAMILIES.items() if f.features.kind in ("frames", "picture")]
QUICK = {
    "svm": ["costs=[1]"],
    "logistic": ["costs=[0.1]"],
    "mlp": ["epochs=200", "hidden=[16]", "rate=0.01", "decays=[0.1]"],
    "forest": ["trees=8", "leaves=[1]"],
    "gradient-boosting": ["rounds=4"],
    "yolo-cls": ["features.size=32"],
}
EACH = 15
"""Clips of a class: fewer, and gradient boosting splits nothing."""


def sounds(classes: int) -> list[np.ndarray]:
    """Make clips of half a second whose classes differ in pitch and in the colour of the tone."""
    random = np.random.default_rng(0)
    made = []
    for number in range(classes * EACH):
        kind = number % classes
        time = np.arange(7_000 + 40 * number) / 16_000
        pitch = (120, 190, 300)[kind] * (1 + 0.04 * random.standard_normal())
        tone = sum(np.sin(2 * np.pi * pitch * k * time) / k ** (0.5 + kind) for k in range(1, 7))
        noise = 0.003 * (kind + 1) * random.standard_normal(len(time))
        made.append((0.1 * tone + noise).astype(np.float32))
    return made


Teach = Any


@pytest.fixture(scope="module")
def teach() -> Callable[..., Lesson]:
    """Give lessons; features of one recipe are computed once."""
    computed: dict[tuple[FeatureRecipe, int], FeatureArrays] = {}

    def lesson(config: ModelConfig, classes: int = 2, **changes: Any) -> Lesson:
        recipe = config.features.whole()
        if (recipe, classes) not in computed:
            raws = [recipe.raw(sound) for sound in sounds(classes)]
            rows = raws if recipe.kind == "frames" else [raw[None] for raw in raws]
            clips = [Clip(Path(f"{i}.wav"), "mine", Emotion.SAD, "x") for i in range(len(rows))]
            starts = np.cumsum([0, *(len(row) for row in rows)])
            arrays = FeatureArrays(recipe, Table(clips), np.concatenate(rows), starts)
            computed[recipe, classes] = arrays
        count = classes * EACH
        places = np.arange(count)
        values: dict[str, Any] = {
            "arrays": [computed[recipe, classes]],
            "labels": ("angry", "happy", "sad")[:classes],
            "target": places % classes,
            "train": places[: count * 4 // 5],
            "validation": places[count * 4 // 5 :],
            "groups": places // (classes * 3),
        }
        return Lesson(**(values | changes))

    return lesson


def quick(name: str, *changes: str) -> ModelConfig:
    """Give a family with settings that take a second."""
    config = ModelConfig.of(name)
    if config.features.kind == "row":
        usual = ["features.parts=['mfcc', 'mel']", "features.statistics=['mean', 'std']"]
    else:
        usual = ["epochs=1", "batch=12", "checks=1", "mixup=0.0"]
        if config.features.kind == "frames":
            usual += ["features.length=48", "width=0.1"]
    return config.changed([*usual, *QUICK.get(name, []), *changes])


def fit(config: ModelConfig, lesson: Lesson) -> Fitted:
    return config.family.fit(lesson, config.settings, config.features)


def everything(config: ModelConfig, lesson: Lesson) -> np.ndarray:
    return lesson.clean.stacked(range(len(lesson.clean)), length=config.features.length)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", CLASSICAL)
def test_a_classical_model_learns_and_its_file_says_the_same(
    teach: Teach, name: str, classes: int
) -> None:
    config = quick(name)
    lesson = teach(config, classes)
    fitted = fit(config, lesson)
    logits = as_good_as_trained(fitted, everything(config, lesson))
    assert logits.shape == (classes * EACH, classes)
    assert np.mean(logits.argmax(axis=1) == lesson.target) > 0.9
    assert fitted.parameters > 0
    # What was said of clips that were not learnt from came from models that hadn't met them.
    assert fitted.held_out is not None
    assert set(lesson.validation) <= set(fitted.held_out.clips)
    assert len(set(fitted.held_out.clips)) == len(fitted.held_out.logits)
    # A file knows no chance, and judges a clip alone as it does among others.
    again = fit(config, lesson)
    np.testing.assert_allclose(again.logits(everything(config, lesson)), logits, atol=1e-4)
    alone = open_network(fitted.onnx)(everything(config, lesson)[3:4])
    np.testing.assert_allclose(alone, logits[3:4], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "change"), [("svm", "kernel='linear'"), ("forest", "extra=false")]
)
def test_the_other_kind_of_a_classical_model_is_exported_too(
    teach: Teach, name: str, change: str
) -> None:
    config = quick(name, change)
    lesson = teach(config, 3)
    logits = as_good_as_trained(fit(config, lesson), everything(config, lesson))
    assert np.mean(logits.argmax(axis=1) == lesson.target) > 0.9


def test_held_out_clips_choose_a_value(teach: Teach) -> None:
    config = quick("mlp", "decays=[1e4, 0.1]")
    lesson = teach(config, 3)
    told: list[str] = []
    fitted = fit(config, replace(lesson, report=told.append))
    assert fitted.notes["chosen"] == {"decays": 0.1}
    assert [line.split()[1] for line in told] == ["10000:", "0.1:"]
    without = fit(config, replace(lesson, validation=lesson.validation[:0], groups=None))
    assert without.held_out is None  # nobody to choose by: the first value
    assert without.notes["chosen"] == {"decays": 1e4}


def test_altered_variants_are_learnt_from(teach: Teach) -> None:
    config = quick("svm")
    lesson = teach(config)
    clean = lesson.clean
    shifted = FeatureArrays(clean.recipe, clean.table, clean.values + 1.0, clean.starts)
    plain, varied = (fit(config, replace(lesson, arrays=a)) for a in ([clean], [clean, shifted]))
    features = everything(config, lesson)
    assert not np.allclose(plain.logits(features), varied.logits(features))
    as_good_as_trained(varied, features)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_networks_file_says_what_the_network_says(teach: Teach, name: str, classes: int) -> None:
    config = quick(name)
    lesson = teach(config, classes)
    fitted = fit(config, lesson)
    features = everything(config, lesson)
    logits = as_good_as_trained(fitted, features)
    assert logits.shape == (classes * EACH, classes)
    assert np.abs(logits[0] - logits[1]).max() > 0  # it hears its input
    assert fitted.parameters > 500
    assert fitted.held_out is not None
    np.testing.assert_array_equal(fitted.held_out.clips, lesson.validation)
    np.testing.assert_allclose(fitted.held_out.logits, logits[lesson.validation], atol=1e-4)


def test_a_network_learns(teach: Teach) -> None:
    config = quick("cnn1d", "epochs=8", "rate=1e-2", "average=0.9", "half=false")
    lesson = teach(config, 3)
    logits = fit(config, lesson).logits(everything(config, lesson))
    assert (
        np.mean(logits.argmax(axis=1)[lesson.validation] == lesson.target[lesson.validation]) > 0.8
    )


def test_pictures_are_learnt_from_wherever_they_are_small(teach: Teach) -> None:
    """In bfloat16 the CPU's convolutions over one or two pixels are no numbers."""
    config = quick("yolo-cls", "epochs=2")
    lesson = teach(config)
    assert np.isfinite(fit(config, lesson).logits(everything(config, lesson))).all()


def test_a_rare_class_that_weighs_more_is_heard_more_often(teach: Teach) -> None:
    said = {}
    for balance in ("weights", "none"):
        config = quick("cnn1d", f"balance={balance}", "epochs=6")
        lesson = teach(config, 2)
        rare = replace(lesson, train=np.array([0, 2, 4, 6, 8, 10, 12, 13]))  # 13 alone is happy
        logits = as_good_as_trained(fit(config, rare), everything(config, rare))
        said[balance] = float(softmax(logits)[:, 1].mean())
    assert said["weights"] > said["none"]


def drawn(lesson: Lesson, **values: Any) -> list[Batch]:
    config = DrawConfig(**{"batch": 16, "mixup": 0.0, "smoothing": 0.0, **values})
    draw = Drawing(lesson, config, length=48)
    return [draw(step) for step in range(20)]


def test_batches_are_drawn_as_was_asked_for(teach: Teach) -> None:
    lesson = teach(quick("cnn1d"), 2)
    rare = replace(lesson, train=np.array([0, 2, 4, 6, 8, 10, 12, 13]))  # 13 alone is happy
    share = {
        balance: np.mean([batch.target[:, 1].mean() for batch in drawn(rare, balance=balance)])
        for balance in ("sampling", "none")
    }
    assert share["sampling"] == pytest.approx(0.5, abs=0.1)
    assert share["none"] == pytest.approx(1 / 8, abs=0.07)
    plain, again = drawn(lesson)[0], drawn(lesson)[0]
    np.testing.assert_array_equal(plain.features, again.features)
    assert set(np.unique(plain.target)) == {0.0, 1.0}
    smooth = drawn(lesson, smoothing=0.2)[0]
    np.testing.assert_allclose(np.unique(smooth.target), [0.1, 0.9], rtol=1e-6)
    mixed = drawn(lesson, mixup=5.0)[0]
    between = (mixed.target[:, 0] > 0.01) & (mixed.target[:, 0] < 0.99)
    assert between.any()
    np.testing.assert_allclose(mixed.target.sum(axis=1), 1.0, rtol=1e-6)
    assert np.abs(mixed.features - plain.features)[between].max() > 0


def test_votes_are_learnt_where_there_are_some(teach: Teach) -> None:
    lesson = teach(quick("cnn1d"), 2)
    votes = np.zeros((len(lesson.target), 2), np.float32)
    votes[lesson.target == 0] = [0.75, 0.25]
    (first, *_) = drawn(replace(lesson, soft=votes))
    assert {tuple(row) for row in first.target.tolist()} == {(0.75, 0.25), (0.0, 1.0)}


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("name", ["cnn1d", "lstm", "yolo-cls"])
def test_a_training_that_was_stopped_ends_as_one_that_was_not(
    teach: Teach, tmp_path: Path, name: str
) -> None:
    config = quick(name, "epochs=3", "checks=3", "mixup=0.2")
    whole = fit(config, teach(config, folder=tmp_path / "whole"))

    def stop(line: str) -> None:
        if "step 2/" in line or "step 4/" in line:
            raise StoppedError

    halves = teach(config, folder=tmp_path / "halves", report=stop)
    for _ in range(2):
        with pytest.raises(StoppedError):
            fit(config, halves)
    lesson = replace(halves, report=None)
    resumed = fit(config, lesson)
    for file in ("last.safetensors", "best.safetensors"):
        one, other = (load_file(tmp_path / run / file) for run in ("whole", "halves"))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
    assert resumed.onnx == whole.onnx
    taken = {"training_seconds": 0}
    assert {**resumed.notes, **taken} == {**whole.notes, **taken}
    # Once finished, the same call learns nothing anew.
    assert fit(config, lesson).onnx == whole.onnx


def test_a_run_folder_takes_no_other_training(teach: Teach, tmp_path: Path) -> None:
    config = quick("cnn1d")
    lesson = teach(config, folder=tmp_path)
    fit(config, lesson)
    with pytest.raises(OptionError, match=r"other settings \(settings\)"):
        fit(quick("cnn1d", "rate=1e-4"), lesson)
    clean = lesson.clean
    louder = FeatureArrays(clean.recipe, clean.table, clean.values + 1, clean.starts)
    others = {
        "features": replace(lesson, arrays=[louder]),
        "labels": replace(lesson, target=1 - lesson.target),
        "sides": replace(lesson, validation=lesson.validation[::-1].copy()),
    }
    for other in others.values():
        with pytest.raises(OptionError, match=r"other settings \(data\), expected one of the same"):
            fit(config, other)


@pytest.mark.parametrize("rate", ["1e9", "1e30"])
@pytest.mark.parametrize("name", ["cnn1d", "lstm", "resnet18"])
def test_a_training_that_runs_away_is_stopped_in_one_line(
    teach: Teach, name: str, rate: str
) -> None:
    config = quick(name, f"rate={rate}", "epochs=4", "checks=4")
    with pytest.raises(OptionError, match=r"expected .*: lower the learning rate") as caught:
        fit(config, teach(config))
    assert "\n" not in str(caught.value)


def test_a_training_that_runs_away_late_loses_nothing(
    teach: Teach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = quick("cnn1d", "epochs=4", "checks=4")
    lesson = teach(config, folder=tmp_path)
    draw = networks_module.Drawing.__call__

    def spoilt(self: networks_module.Drawing, step: int) -> networks_module.Batch:
        batch = draw(self, step)
        return batch._replace(features=batch.features * np.nan) if step == 3 else batch

    monkeypatch.setattr(networks_module.Drawing, "__call__", spoilt)
    with pytest.raises(OptionError, match="found a loss of nan in step 4 of 8"):
        fit(config, lesson)
    monkeypatch.undo()
    log = json.loads((tmp_path / "log.json").read_text())
    assert [entry["step"] for entry in log] == [2]
    resumed = fit(config, lesson)
    assert resumed.onnx == fit(config, teach(config)).onnx


def test_a_network_that_answers_nothing_is_no_model(teach: Teach) -> None:
    """A single step may ruin the weights after the last loss was looked at."""
    config = quick("cnn1d", "rate=1e30", "batch=64")
    with pytest.raises(OptionError, match="lower the learning rate"):
        fit(config, teach(config))


def test_a_class_without_training_clips_is_named(teach: Teach) -> None:
    config = quick("svm")
    lesson = teach(config, 3)
    with pytest.raises(CorpusError, match="found no training clip of sad"):
        replace(lesson, train=lesson.train[lesson.target[lesson.train] != 2])
    with pytest.raises(CorpusError, match="no training clip of a second class"):
        replace(lesson, labels=("angry",), target=0 * lesson.target)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Write weights of the same network for pictures in colour, with a last layer of its own."""
    torch.manual_seed(3)
    weights = {
        name: tensor + 0.01 * torch.rand(tensor.shape) if "num" not in name else tensor.clone()
        for name, tensor in ResNet18(40, 2, width=0.1).state_dict().items()
        if not name.startswith("last.")
    }
    weights["conv1.weight"] = 0.1 * torch.rand(8, 3, 7, 7)
    weights |= {"fc.weight": torch.rand(1000, 64), "fc.bias": torch.rand(1000)}
    save_file(weights, tmp_path / "published.safetensors")
    return tmp_path / "published.safetensors"


def starting(published: Path, *changes: str) -> ModelConfig:
    return quick("resnet18", f"weights={json.dumps(str(published))}", "average=0.0", *changes)


def test_a_network_starts_from_published_weights(
    teach: Teach, published: Path, tmp_path: Path
) -> None:
    config = starting(published, "rate=1e-12")
    fit(config, teach(config, folder=tmp_path / "run"))
    learnt, given = load_file(tmp_path / "run" / "last.safetensors"), load_file(published)
    grey = given["conv1.weight"].sum(dim=1, keepdim=True)
    torch.testing.assert_close(learnt["core.conv1.weight"], grey)
    name = "layer3.1.conv2.weight"
    torch.testing.assert_close(learnt[f"core.{name}"], given[name])


@pytest.mark.parametrize("name", ["cnn1d", "cnn-lstm", "yolo-cls"])
@pytest.mark.parametrize("foreign", [False, True])
def test_a_network_starts_from_what_another_training_left(
    teach: Teach, name: str, foreign: bool, tmp_path: Path
) -> None:
    config = quick(name, "average=0.0")
    fit(config, teach(config, folder=tmp_path / "first"))
    given = load_file(tmp_path / "first" / "last.safetensors")
    file = tmp_path / "first" / "best.safetensors"
    if foreign:  # the same tensors in the same order by other names, for a thousand classes
        core = networks_module._core(name, _shape(config), 2, config.settings).state_dict()
        stored = {
            f"model.{i}.{n.rpartition('.')[2]}": given[f"core.{n}"] for i, n in enumerate(core)
        }
        last = [n for n in stored if n.endswith((".weight", ".bias"))][-2:]
        stored |= {n: torch.zeros(1000, *stored[n].shape[1:]) for n in last}
        file = tmp_path / "published.pth"
        torch.save(stored, file)
    again = quick(name, "average=0.0", "rate=1e-12", f"weights={json.dumps(str(file))}")
    fit(again, teach(again, folder=tmp_path / "second"))
    learnt = load_file(tmp_path / "second" / "last.safetensors")
    first = next(n for n, t in learnt.items() if n.startswith("core.") and t.ndim > 2)
    torch.testing.assert_close(learnt[first], given[first])


def _shape(config: ModelConfig) -> tuple[int, ...]:
    recipe = config.features
    if recipe.kind == "picture":
        return (3, recipe.size, recipe.size)
    return (recipe.length or 0, len(recipe.names))


def test_what_is_frozen_stays_as_it_is(teach: Teach, published: Path, tmp_path: Path) -> None:
    config = starting(published, "freeze=true", "rate=1e-2")
    lesson = teach(config, folder=tmp_path / "run")
    as_good_as_trained(fit(config, lesson), everything(config, lesson))
    learnt, given = load_file(tmp_path / "run" / "last.safetensors"), load_file(published)
    torch.manual_seed(lesson.seed)
    began = ResNet18(40, 2, width=0.1).state_dict()
    for name in began:
        kept = given.get(name)
        if name == "conv1.weight":
            kept = given[name].sum(dim=1, keepdim=True)
        if kept is not None:  # running means of its normalisations, too
            assert torch.equal(learnt[f"core.{name}"], kept), name
    assert not torch.equal(learnt["core.last.weight"], began["last.weight"])


def test_weights_that_are_none_or_of_another_network_are_refused(
    teach: Teach, published: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.safetensors"
    save_file({"layers.0.weight": torch.zeros(3)}, other)
    whole = tmp_path / "whole.safetensors"
    save_file(ResNet18(40, 2, width=0.1).state_dict(), whole)
    text = tmp_path / "text.safetensors"
    text.write_text("no weights")
    for path, freeze, said in [
        (other, "false", "found 0 of 122 tensors"),
        (text, "false", "found no weights that can be read"),
        (tmp_path / "gone.safetensors", "false", "found no such file"),
        (whole, "true", "leave out freeze"),
    ]:
        config = starting(path, f"freeze={freeze}")
        with pytest.raises(ModelError, match=said):
            fit(config, teach(config))
    wider = quick("resnet18", f"weights={json.dumps(str(published))}", "width=0.3")
    with pytest.raises(ModelError, match="give weights of the same network"):
        fit(wider, teach(wider))
