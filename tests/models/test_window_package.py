"""Packages of models that judge windows: written whole, held to their files, refused when wrong."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from affetto.emotions import Emotion
from affetto.errors import AffettoError, ModelError, OutputError
from affetto.features.recipe import FeatureRecipe
from affetto.models import (
    Card,
    ModelPackage,
    WindowPackage,
    available,
    verify,
    write_window_package,
)
from affetto.models.calibration import softmax
from affetto.models.card import FILES
from tiny_model import card as card_of_frames
from tiny_model import voice_like, write_tiny
from tiny_window import KINDS, judging, write_judge

if TYPE_CHECKING:
    from pathlib import Path

LABELS = ("neutral", "happy", "angry")


@pytest.fixture
def judge(tmp_path: Path) -> WindowPackage:
    return write_judge(tmp_path / "judge")


def sounds() -> list[np.ndarray]:
    return [voice_like(2.0, pitch=pitch) for pitch in (120.0, 200.0, 300.0)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_that_was_written_loads_and_verifies(tmp_path: Path, kind: str) -> None:
    written = write_judge(tmp_path / "new" / "judge", kind, description="A judge")
    loaded = ModelPackage.load(written.folder)
    assert isinstance(loaded, WindowPackage)
    assert loaded.labels == LABELS
    assert loaded.features == KINDS[kind]
    assert replace(loaded.card, sha256={}) == replace(written.card, sha256={})
    assert (loaded.learns_voices, loaded.pooled_width) == (False, 3)
    assert verify(loaded.folder) == ()
    assert sorted(path.name for path in loaded.folder.iterdir()) == sorted(
        ["card.yaml", *FILES["window"]]
    )
    assert list((tmp_path / "new").iterdir()) == [loaded.folder]


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_is_judged_by_its_features_alone(tmp_path: Path, kind: str) -> None:
    judge = write_judge(tmp_path / "judge", kind)
    # Of different lengths, as the first and the last windows of a recording are.
    heard = [voice_like(2.0), voice_like(0.7, pitch=220.0), voice_like(1.3), np.zeros(1, "f4")]
    together = judge.hear(heard)
    assert together.shape == (4, 3)
    for row, sound in zip(together, heard, strict=True):
        np.testing.assert_allclose(judge.hear([sound])[0], row, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(
            judge.judge(judge.features(sound)[None])[0], row, rtol=1e-4, atol=1e-5
        )
    np.testing.assert_array_equal(judge.head(together), together)
    assert judge.hear([]).shape == (0, 3)


@pytest.mark.parametrize("name", FILES["window"])
def test_a_changed_file_is_noticed(judge: WindowPackage, name: str) -> None:
    path = judge.folder / name
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match=f"{name} differs from the checksum"):
        ModelPackage.load(judge.folder)
    assert any(name in line for line in verify(judge.folder))


@pytest.mark.parametrize("name", [*FILES["window"], "card.yaml"])
def test_a_missing_file_is_named(judge: WindowPackage, name: str) -> None:
    (judge.folder / name).unlink()
    for use in (ModelPackage.load, verify):
        with pytest.raises(ModelError, match=name):
            use(judge.folder)


def test_verify_says_which_step_differs(judge: WindowPackage) -> None:
    (judge.folder / "model.onnx").write_bytes(judging(40, 3, seed=9))
    findings = verify(judge.folder)
    assert any("model.onnx" in line for line in findings)
    assert any(line.startswith("logits") for line in findings)
    assert not any(line.startswith("features") for line in findings)


def test_verify_notices_other_features(judge: WindowPackage) -> None:
    path = judge.folder / "card.yaml"
    row = yaml.safe_load(path.read_text())
    row["features"]["level"] = False
    path.write_text(yaml.safe_dump(row))
    assert any(line.startswith("features") for line in verify(judge.folder))


@pytest.mark.parametrize("content", [b"", b"no arrays", None])
def test_golden_vectors_of_no_use_are_refused_in_one_line(
    judge: WindowPackage, content: bytes | None
) -> None:
    path = judge.folder / "golden.npz"
    if content is None:
        np.savez(path, samples=np.zeros(9, np.float32))
    else:
        path.write_bytes(content)
    assert any("golden.npz" in line for line in verify(judge.folder))


NETWORKS = {
    "no network": (b"no network", "is no network that can be run"),
    "nothing": (b"", "is no network that can be run"),
    "one output too many": (judging(40, 4), "the card's labels are not the network's"),
    "one output too few": (judging(40, 2), "the card's labels are not the network's"),
    "other columns": (judging(39, 3), "the network did not run"),
    "an output a frame": (judging(40, 3, axes=(0,)), "the card's labels are not the network's"),
    "two inputs": ("head", "2 inputs and 1 outputs, expected one of each"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_does_not_fit_is_not_written(tmp_path: Path, name: str) -> None:
    from tiny_model import head

    model, said = NETWORKS[name]
    before = write_judge(tmp_path / "judge")
    kept = {path.name: path.read_bytes() for path in before.folder.iterdir()}
    with pytest.raises(ModelError, match=said):
        write_judge(tmp_path / "judge", model=head() if isinstance(model, str) else model)
    assert {path.name: path.read_bytes() for path in before.folder.iterdir()} == kept
    assert list(tmp_path.iterdir()) == [before.folder]


def test_a_network_that_gives_no_numbers_is_refused(tmp_path: Path) -> None:
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(judging(40, 3))
    for constant in model.graph.initializer:
        broken = numpy_helper.to_array(constant) * np.float32(np.nan)
        constant.CopyFrom(numpy_helper.from_array(broken, constant.name))
    with pytest.raises(ModelError, match="found outputs that are no numbers, expected logits"):
        write_judge(tmp_path / "judge", model=model.SerializeToString())


def test_writing_where_no_folder_can_be_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="judge: "):
        write_judge(tmp_path / "file" / "judge")


def test_a_package_of_one_kind_replaces_one_of_the_other(tmp_path: Path) -> None:
    write_tiny(tmp_path / "model")
    judge = write_judge(tmp_path / "model")
    assert isinstance(ModelPackage.load(judge.folder), WindowPackage)
    assert not (judge.folder / "head.onnx").exists()
    write_tiny(tmp_path / "model")
    assert not isinstance(ModelPackage.load(judge.folder), WindowPackage)


@pytest.fixture
def telling(tmp_path: Path) -> WindowPackage:
    return write_judge(tmp_path / "telling", genders=True, temperature=1.7)


def test_the_probabilities_of_both_genders_are_summed(telling: WindowPackage) -> None:
    assert ModelPackage.load(telling.folder).card.genders
    pooled = telling.hear(sounds())
    assert pooled.shape == (3, 6)
    both = softmax(pooled, temperature=1.7)
    summed = softmax(telling.head(pooled), temperature=1.7)
    np.testing.assert_allclose(summed, both[:, :3] + both[:, 3:], atol=1e-6)
    np.testing.assert_allclose(telling.female(pooled), both[:, :3].sum(axis=1), atol=1e-6)
    certain = np.array([[300, 0, 0, -300, 0, 0], [-300] * 3 + [300] * 3], np.float32)
    np.testing.assert_allclose(telling.female(certain), [1.0, 0.0], atol=1e-9)
    assert np.isfinite(telling.head(certain)).all()


def test_probabilities_are_taken_as_they_are(tmp_path: Path) -> None:
    plain = write_judge(tmp_path / "plain")
    logits = plain.hear(sounds())
    from onnx import ModelProto, helper

    model = ModelProto.FromString(judging(40, 3))
    model.graph.node[-1].output[0] = "before"
    model.graph.node.append(helper.make_node("Softmax", ["before"], ["logits"], axis=1))
    sure = write_judge(tmp_path / "sure", outputs="probabilities", model=model.SerializeToString())
    np.testing.assert_allclose(softmax(sure.hear(sounds())), softmax(logits), atol=1e-5)
    assert ModelPackage.load(sure.folder).card.outputs == "probabilities"
    # A share of nothing has no logarithm.
    assert np.isfinite(np.log(np.maximum(softmax(100 * logits), 1e-7))).all()


def test_what_tells_speech_from_silence_is_the_bundled_model(judge: WindowPackage) -> None:
    if "default" not in available():
        pytest.skip("no model is bundled here")
    assert judge.ear.card.name == "default"
    assert judge.ear is judge.ear


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown kind": ({"kind": "clips"}, "kind: found 'clips', expected frames or window"),
    "a kind that is a list": ({"kind": []}, "kind: found"),
    "no features": ({"features": None}, "features"),
    "features of no kind": ({"features": {}}, "features: found features without a kind"),
    "features that are a word": ({"features": "row"}, "features: found 'row', expected a mapping"),
    "an unknown feature": (
        {"features": {"kind": "row", "parts": ["smell"]}},
        "features: found parts smell",
    ),
    "too many bands": ({"features": {"kind": "row", "mel": 10**8}}, "features: found mel"),
    "genders that are a number": ({"genders": 1}, "genders: found 1, expected true or false"),
    "unknown outputs": ({"outputs": "votes"}, "outputs: found 'votes', expected logits"),
    "one label": ({"labels": ["sad"]}, "labels: found sad, expected two or more"),
    "a label twice": ({"labels": ["sad", "sad"]}, "without repeats"),
    "an unknown label": ({"labels": ["sad", "hungry"]}, "labels: found 'hungry'"),
    "a temperature of nothing": ({"temperature": 0}, "temperature: found 0"),
    "a window of words": ({"window": "long"}, "window: found 'long', expected a number"),
    "fields of the other kind": ({"receptive": 49, "stride": 4}, "unknown fields: receptive"),
    "speech thresholds": ({"speech": {}}, "unknown fields: speech"),
    "dimensions beside labels": ({"outputs": "dimensions"}, "beside outputs dimensions"),
    "genders of dimensions": (
        {"outputs": "dimensions", "labels": [], "genders": True},
        "genders: found True, expected false",
    ),
    "another format": ({"format": 2}, "format: found 2"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_card_that_is_wrong_is_refused_in_one_line(judge: WindowPackage, name: str) -> None:
    changes, said = WRONG[name]
    path = judge.folder / "card.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))
    with pytest.raises(ModelError, match=said) as caught:
        ModelPackage.load(judge.folder)
    assert "\n" not in str(caught.value)
    assert "card.yaml" in str(caught.value)


@pytest.mark.parametrize("name", ["features", "labels", "name", "version"])
def test_a_card_without_what_it_needs_says_so(judge: WindowPackage, name: str) -> None:
    path = judge.folder / "card.yaml"
    row = yaml.safe_load(path.read_text())
    del row[name]
    path.write_text(yaml.safe_dump(row))
    with pytest.raises(ModelError, match=f"has no {name}: expected name, version"):
        ModelPackage.load(judge.folder)


def test_a_card_of_the_one_kind_takes_no_field_of_the_other(tmp_path: Path) -> None:
    frames = card_of_frames().to_dict()
    window = write_judge(tmp_path / "judge").card.to_dict()
    assert "kind" not in frames  # as cards were before there were two
    assert Card.from_dict(frames).kind == "frames"
    assert Card.from_dict(window).kind == "window"
    for name in ("features", "genders", "outputs"):
        with pytest.raises(ModelError, match=f"unknown fields: {name}"):
            Card.from_dict(frames | {name: window[name]})
    for name in ("front_end", "receptive", "stride", "temperature_baseline", "speech"):
        with pytest.raises(ModelError, match=f"unknown fields: {name}"):
            Card.from_dict(window | {name: frames[name]})
    with pytest.raises(AffettoError, match="unknown fields: features"):
        Card.from_dict(window | {"kind": "frames"})


def test_a_card_without_features_makes_no_window_package(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="features"):
        write_window_package(tmp_path / "judge", card_of_frames(), model=judging(40, 3))
    assert list(tmp_path.iterdir()) == []


def test_a_package_may_be_moved(judge: WindowPackage, tmp_path: Path) -> None:
    before = judge.hear(sounds())
    shutil.move(judge.folder, tmp_path / "elsewhere")
    moved = ModelPackage.load(tmp_path / "elsewhere")
    assert isinstance(moved, WindowPackage)
    assert moved.card.labels == (Emotion.NEUTRAL, Emotion.HAPPY, Emotion.ANGRY)
    assert moved.features == FeatureRecipe("row", parts=("mfcc", "mel"), mfcc=8, mel=32)
    np.testing.assert_array_equal(moved.hear(sounds()), before)
