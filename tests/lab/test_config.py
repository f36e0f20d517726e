"""Configurations of models: as TOML, by `--set`, and refused in one line where they can't be."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.errors import AffettoError, OptionError
from affetto.lab.families import FAMILIES
from affetto.lab.families.config import ModelConfig

if TYPE_CHECKING:
    from collections.abc import Callable

POSITIVE = st.floats(1e-9, 1e6, allow_nan=False)
SHARE = st.floats(0.0, 0.99)
NETWORK = {
    "epochs": POSITIVE,
    "batch": st.integers(2, 4096),
    "rate": POSITIVE,
    "decay": st.floats(0, 10),
    "dropout": SHARE,
    "balance": st.sampled_from(["sampling", "weights", "none"]),
    "stretch": st.tuples(st.floats(0.1, 1.0), st.floats(1.0, 3.0)),
    "mixup": st.floats(0, 3),
    "half": st.booleans(),
    "weights": st.none() | st.text(st.characters(codec="utf-8"), min_size=1).map(Path),
}
SVM = {
    "kernel": st.sampled_from(["rbf", "linear"]),
    "costs": st.lists(POSITIVE, min_size=1, max_size=4).map(tuple),
    "gamma": POSITIVE,
    "balanced": st.booleans(),
}
FEATURES = {"hop": st.integers(100, 1024), "mfcc": st.integers(1, 60), "level": st.booleans()}
AUGMENT = {"steps": st.just("noise:8..30dB"), "copies": st.integers(1, 5), "votes": st.booleans()}


def drawn(values: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=values)


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@given(
    st.sampled_from(["cnn", "cnn1d", "resnet18", "svm"]),
    drawn(NETWORK),
    drawn(SVM),
    drawn(FEATURES),
    st.none() | st.fixed_dictionaries(AUGMENT),
)
@settings(deadline=None)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    network: dict[str, Any],
    svm: dict[str, Any],
    features: dict[str, Any],
    augment: dict[str, Any] | None,
) -> None:
    tables: dict[str, Any] = {"settings": svm if name == "svm" else network, "features": features}
    if augment is not None:
        tables["augment"] = augment | ({"votes": False} if name == "svm" else {})
    config = ModelConfig.of(name).with_tables(tables)
    path = written(tmp_path_factory.getbasetemp(), config.to_toml(), f"{name}.toml")
    assert ModelConfig.of(path) == config
    assert json.loads(json.dumps(config.to_dict()))["model"] == name


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_written_and_read_as_it_is(tmp_path: Path, name: str) -> None:
    config = ModelConfig.of(name)
    assert ModelConfig.of(written(tmp_path, config.to_toml(), f"{name}.toml")) == config
    rows = tomllib.loads(config.to_toml())
    values = {f.name: getattr(config.settings, f.name) for f in fields(config.settings)}
    assert set(rows["settings"]) == {name for name, v in values.items() if v is not None}
    # Every value that a file has can be given on the command line, too.
    assert (
        config.changed(
            f"{table}.{key} = {line}"
            for table in ("settings", "features", "augment")
            for key, line in (row.split(" = ", 1) for row in _lines(config, table))
        )
        == config
    )


def _lines(config: ModelConfig, table: str) -> list[str]:
    after = config.to_toml().split(f"[{table}]\n")[1]
    return after.split("\n[")[0].strip().splitlines()


def test_a_file_is_named_by_itself_and_changes_what_it_says(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'model = "cnn"\n[settings]\nepochs = 3\n[features]\nparts = ["mel"]\nlength = 64\n',
        "few.toml",
    )
    config = ModelConfig.of(path)
    assert (config.name, config.family.name) == ("few", "cnn")
    assert (config.settings.epochs, config.features.parts) == (3.0, ("mel",))
    assert config.settings.batch == FAMILIES["cnn"].settings.batch
    assert ModelConfig.of(str(path)).changed(["epochs=4"]).settings.epochs == 4.0


@pytest.mark.parametrize(
    ("name", "assignment", "read"),
    [
        ("cnn", "epochs=5", lambda config: config.settings.epochs == 5.0),
        ("cnn", " rate = 1e-3 ", lambda config: config.settings.rate == 0.001),
        ("cnn", "balance=none", lambda config: config.settings.balance == "none"),
        ("cnn", "stretch=[1, 1]", lambda config: config.settings.stretch == (1.0, 1.0)),
        ("cnn", "weights=a b.safetensors", lambda c: c.settings.weights == Path("a b.safetensors")),
        ("cnn", "weights='x=y'", lambda config: config.settings.weights == Path("x=y")),
        ("cnn", "weights=none", lambda config: config.settings.weights is None),
        ("cnn", "half=false", lambda config: config.settings.half is False),
        ("svm", "costs=[1, 2.5]", lambda config: config.settings.costs == (1.0, 2.5)),
        ("svm", "kernel=linear", lambda config: config.settings.kernel == "linear"),
        ("svm", "features.parts=['egemaps']", lambda c: c.features.parts == ("egemaps",)),
        ("cnn1d", "features.length=100", lambda config: config.features.length == 100),
        ("mlp", "hidden=[8,4]", lambda config: config.settings.hidden == (8, 4)),
        ("cnn", "augment.votes=true", lambda config: config.augment.votes is True),
    ],
)
def test_values_are_read_as_a_person_writes_them(
    name: str, assignment: str, read: Callable[[ModelConfig], bool]
) -> None:
    assert read(ModelConfig.of(name).changed([assignment]))


def test_a_row_is_all_that_some_families_hear() -> None:
    with pytest.raises(OptionError, match="expected 'row': svm hears no other"):
        ModelConfig.of("svm").changed(["features.kind=frames", "features.parts=['mfcc']"])


def test_values_that_belong_together_are_changed_together() -> None:
    config = ModelConfig.of("svm").changed(["augment.steps=noise:8..30dB", "augment.copies=2"])
    assert (config.augment.steps, config.augment.copies) == ("noise:8..30dB", 2)


WRONG = [
    ("cnn", "epochs=many", "found settings.epochs = 'many', expected a number"),
    ("cnn", "epochs=true", "expected a number"),
    ("cnn", "epochs=0", "found epochs 0"),
    ("cnn", "epochs=inf", "expected a finite number"),
    ("cnn", "rate=nan", "expected a finite number"),
    ("cnn", "rate=", "found settings.rate = ''"),
    ("cnn", "rate=-1", "found rate -1"),
    ("cnn", "decay=-0.1", "found decay -0.1"),
    ("cnn", "batch=8.5", "expected a whole number"),
    ("cnn", "batch=1", "found batch 1"),
    ("cnn", "half=1", "expected true or false"),
    ("cnn", "size=xl", "expected n, s, m"),
    ("cnn", "size=[1]", "expected n, s, m"),
    ("cnn", "stretch=1", "expected a list such as"),
    ("cnn", "stretch=[1]", "expected 2 values"),
    ("cnn", "stretch=[2, 1]", "two rising speeds"),
    ("cnn", "dropout=1", r"found dropout 1.0, expected it below 1"),
    ("cnn", "weights=3", "expected a file"),
    ("cnn", "freeze=true", "found freeze without weights"),
    ("cnn", "epoch=3", "found settings.epoch, expected one of epochs, steps, batch"),
    ("cnn", "costs=[1]", "found settings.costs"),
    ("cnn", "speed.epochs=3", "found 'speed', expected the tables"),
    ("cnn", "a.b.c=3", "found 'a.b', expected the tables"),
    ("cnn", "epochs", "found 'epochs', expected NAME=VALUE"),
    ("cnn", "=3", "found settings., expected one of"),
    ("cnn", "", "found '', expected NAME=VALUE"),
    ("cnn", "features.length=none", "found features.length = none, expected 16 frames or more"),
    ("cnn1d", "features.length=3", "found features.length = 3"),
    ("cnn1d", "features.length=20", r"0\.32 s, expected 0\.5 to 60 s"),
    ("cnn", "features.length=9999", "expected 0.5 to 60 s"),
    ("cnn", "features.kind=row", "found features.kind = 'row', expected 'frames': cnn hears"),
    ("svm", "features.kind=frames", "found parts functionals, mfcc"),
    ("yolo-cls", "features.kind=frames", "expected 'picture'"),
    ("cnn", "features.parts=['functionals']", "found parts functionals"),
    ("cnn", "features.mfcc=200", "200 MFCCs of 128 mel bands"),
    ("svm", "costs=[]", "expected a list such as"),
    ("svm", "costs=[1, -1]", "found costs -1.0, expected it above 0"),
    ("svm", "gamma=0", "found gamma 0.0"),
    ("svm", "epochs=3", "found settings.epochs"),
    ("mlp", "hidden=[8, 0]", "found hidden 0, expected it at least 1"),
    ("mlp", "epochs=0", "found epochs 0"),
    ("forest", "trees=0", "found trees 0, expected it at least 1"),
    ("forest", "leaves=[0]", "found leaves 0"),
    ("gradient-boosting", "leaves=1", "found leaves 1, expected it at least 2"),
    ("gradient-boosting", "decay=-1", "found decay -1.0"),
    ("svm", "augment.copies=2", "found 2 copies altered by no steps"),
    ("svm", "augment.steps=sparkle", "sparkle"),
]


@pytest.mark.parametrize(("name", "assignment", "said"), WRONG)
def test_what_cannot_be_set_is_refused_in_one_line(name: str, assignment: str, said: str) -> None:
    config = ModelConfig.of(name)
    with pytest.raises(OptionError, match=said) as caught:
        config.changed([assignment])
    assert "\n" not in str(caught.value)


@given(st.text(max_size=12), st.text(st.characters(codec="utf-8"), max_size=20))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_it(name: str, value: str) -> None:
    for key in (name, "rate", "stretch", "features.length", "weights", "balance"):
        try:
            ModelConfig.of("cnn").changed([f"{key}={value}"])
        except OptionError as error:
            said = str(error)
        else:
            continue
        assert "expected" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "found model = None, expected a family's name"),
        (b"[settings]\nepochs = 3\n", "found model = None"),
        (b"model = 3\n", "found model = 3"),
        (b'model = "gru"\n', "found model 'gru', expected one of svm"),
        (b'model = "affetto"\n', "found model 'affetto'"),
        (b'model = "mine.toml"\n', "found model 'mine.toml'"),  # would read itself for ever
        (b'model = "cnn"\nepochs = 3\n', "found 'epochs', expected the tables"),
        (b'model = "cnn"\nsettings = 3\n', "found 'settings', expected the tables"),
        (b'model = "cnn"\n[train]\nepochs = 3\n', "found 'train'"),
        (b'model = "cnn"\n[settings]\nepochs = "3"\n', "found settings.epochs = '3'"),
        (b'model = "cnn"\n[settings]\nepochs = 2026-01-01\n', "expected a number"),
        (b'model = "cnn"\n[settings]\nstretch = [1.0, "x"]\n', "expected a number"),
        (b"model = cnn\n", "found no TOML"),
        (b"\xff\xfe", "found no TOML"),
        (b"\x89PNG\r\n", "found no TOML"),
    ],
)
def test_a_file_that_says_what_cannot_be_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(OptionError, match=f"mine.toml: .*{said}") as caught:
        ModelConfig.of("mine.toml")
    assert "\n" not in str(caught.value)


def test_no_file_and_no_family_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"gone\.toml: No such file"):
        ModelConfig.of(tmp_path / "gone.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(OptionError, match=r"folder\.toml: .*expected a configuration"):
        ModelConfig.of(tmp_path / "folder.toml")
    with pytest.raises(OptionError, match="found model 'gone', expected one of svm"):
        ModelConfig.of("gone")
    with pytest.raises(AffettoError, match="found model ''"):
        ModelConfig.of("")


@pytest.mark.parametrize(
    ("model", "value"),
    [
        ("yolo-cls", "width=0.5"),
        ("yolo-cls", "stretch=[0.9, 1.1]"),
        ("yolo-cls", "features.mfcc=20"),
        ("cnn", "size='s'"),
        ("cnn", "features.size=64"),
        ("svm", "features.length=100"),
        ("wav2vec2-svm", "features.hop=256"),
    ],
)
def test_values_that_do_nothing_are_refused(model: str, value: str) -> None:
    with pytest.raises(OptionError, match=f"which does nothing for {model}"):
        ModelConfig.of(model).changed([value])
