"""Models go to a hub or a folder and come back: real huggingface_hub, real sockets."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hub_server
from affetto.cli import main
from affetto.errors import ModelError, OutputError
from affetto.models import Card, load, resolve, verify
from affetto.models.hub import pull, push
from tiny_model import write_tiny

FILES = {"card.yaml", "model.onnx", "head.onnx", "baseline.npz", "golden.npz"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_tiny(tmp_path_factory.mktemp("hub") / "tiny").folder
    (folder / "LICENSE").write_text("for everybody\n")
    (folder / "notes.txt").write_text("for nobody else\n")
    return folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[hub_server.Hub]:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with hub_server.running() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        yield running


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Give the one line that the command said."""
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1), err
    assert err.startswith("affetto: ")
    return err


def test_a_model_goes_to_a_hub_and_comes_back_whole(
    hub: hub_server.Hub, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "push", str(package), "anna/moods"]) == 0
    assert last_line(capsys).endswith(f"to {hub.address}/anna/moods\n")
    held = hub.newest("anna/moods")
    # The licence goes along, and a model card is written where there was none.
    assert set(held) == FILES | {"LICENSE", "README.md"}
    assert held["README.md"].startswith(b"---\nlicense: cc0-1.0\n")
    assert len(hub.large) == 2
    folder = tmp_path / "deep" / "mine"
    assert main(["models", "pull", "hf:anna/moods", "-o", str(folder)]) == 0
    assert {path.name for path in folder.iterdir()} == set(held)
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]
    assert all((folder / name).read_bytes() == data for name, data in held.items())
    assert verify(folder) == ()


def test_pushing_again_adds_a_commit_and_a_revision_can_be_had(
    hub: hub_server.Hub, package: Path, tmp_path: Path
) -> None:
    push(package, "anna/moods")
    hub.tags["v1"] = hub.models["anna/moods"][-1][0]
    push(write_tiny(tmp_path / "other", version="2").folder, "anna/moods")
    assert len(hub.models["anna/moods"]) == 2
    mine = tmp_path / "mine"
    for name, version in (("anna/moods", "2"), ("hf:anna/moods@v1", "0")):
        assert Card.read(pull(name, mine) / "card.yaml").version == version


def test_a_model_is_opened_by_its_name_on_the_hub_and_kept(
    hub: hub_server.Hub, package: Path
) -> None:
    push(package, "anna/moods", endpoint=hub.address)
    assert load("hf:anna/moods").card.name == "tiny"
    hub.broken = True
    assert {path.name for path in resolve("hf:anna/moods").iterdir()} == FILES | {"LICENSE"}


def test_the_command_honours_hf_endpoint_from_its_start(
    hub: hub_server.Hub, package: Path, tmp_path: Path
) -> None:
    push(package, "anna/moods")
    done = subprocess.run(
        [sys.executable, "-m", "affetto", "models", "show", "hf:anna/moods", "--format", "json"],
        env={**os.environ, "HF_HOME": str(tmp_path / "home"), "PYTHONUTF8": "1"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "tiny"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["pull", "hf:anna/none", "-o"], "found no model anna/none at http"),
        (["pull", "hf:anna/moods@v9", "-o"], "found no 'v9' of anna/moods at http"),
        (["pull", "anna", "-o"], "found 'anna', expected hf:owner/name"),
    ],
)
def test_what_is_not_there_is_said_and_nothing_is_left(
    args: list[str],
    says: str,
    hub: hub_server.Hub,
    package: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    push(package, "anna/moods")
    folder = tmp_path / "out" / "mine"
    assert main(["models", *args, str(folder)]) == 2
    assert says in last_line(capsys)
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(("token", "name"), [("hf_of_nobody", "anna/moods"), (None, "bert/moods")])
def test_who_may_not_write_is_told_so(
    token: str | None,
    name: str,
    hub: hub_server.Hub,
    package: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if token is not None:
        monkeypatch.setenv("HF_TOKEN", token)
    assert main(["models", "push", str(package), name]) == 2
    assert f"no right to write to {name} at {hub.address}: log in" in last_line(capsys)
    assert not hub.models


@pytest.mark.usefixtures("hub")
def test_no_way_to_the_hub(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = ["--endpoint", "http://127.0.0.1:9"]
    mine = tmp_path / "mine"
    assert main(["models", "pull", "hf:anna/moods", "-o", str(mine), *nobody]) == 2
    assert "can't be downloaded: no way to http://127.0.0.1:9 (" in last_line(capsys)
    assert main(["models", "push", str(package), "anna/moods", *nobody]) == 2
    assert "can't be pushed: no way to http://127.0.0.1:9 (" in last_line(capsys)
    assert not mine.exists()


def test_a_hub_out_of_order(hub: hub_server.Hub, package: Path, tmp_path: Path) -> None:
    push(package, "anna/moods")
    hub.broken = True
    with pytest.raises(ModelError, match=r"answered 500; try again later$"):
        pull("hf:anna/moods", tmp_path / "mine")


@pytest.mark.parametrize("file", ["model.onnx", "golden.npz", "card.yaml"])
def test_a_model_that_is_damaged_on_the_hub_leaves_the_old_one_alone(
    file: str, hub: hub_server.Hub, package: Path, tmp_path: Path
) -> None:
    push(package, "anna/moods")
    hub.commit("anna/moods", {file: b"PK"})
    mine = tmp_path / "out" / "mine"
    old = shutil.copytree(package, mine)
    with pytest.raises(ModelError, match=r"^hf:anna/moods") as error:
        pull("hf:anna/moods", mine)
    assert ".affetto-" not in str(error.value)
    assert verify(old) == ()
    assert [path.name for path in mine.parent.iterdir()] == ["mine"]


def test_what_is_no_model_on_the_hub(hub: hub_server.Hub, tmp_path: Path) -> None:
    hub.commit("anna/novel", {"chapter.txt": b"It was", "card.yaml/evil": b"boo"})
    with pytest.raises(ModelError, match=r"hf:anna/novel: found no card\.yaml"):
        pull("hf:anna/novel", tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_a_damaged_package_is_not_pushed(
    hub: hub_server.Hub, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = shutil.copytree(package, tmp_path / "damaged")
    with (damaged / "head.onnx").open("ab") as file:
        file.write(b"\0")
    for to in ([], ["--to", str(tmp_path / "mirror")]):
        assert main(["models", "push", str(damaged), "anna/moods", *to]) == 2
        assert "not pushed, head.onnx: found other checksums" in last_line(capsys)
    assert not hub.models
    assert not (tmp_path / "mirror").exists()


def test_a_folder_mirrors_a_hub(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror, mine = tmp_path / "mirror", tmp_path / "mine"
    for _ in range(2):
        assert main(["models", "push", str(package), "anna/moods", "--to", str(mirror)]) == 0
    held = {path.name for path in (mirror / "anna" / "moods").iterdir()}
    assert held == FILES | {"LICENSE", "README.md"}
    capsys.readouterr()
    assert main(["models", "pull", "anna/moods", "--from", str(mirror), "-o", str(mine)]) == 0
    assert last_line(capsys) == f"affetto: wrote {mine}\n"
    assert {path.name for path in mine.iterdir()} == held
    assert verify(mine) == ()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["hf:anna/none"], "found no folder"),
        (["hf:anna/moods@v1"], "expected no revision"),
        (["hf:anna/moods", "--endpoint", "http://x"], "expected one of them"),
    ],
)
def test_what_a_mirror_has_not(
    args: list[str], says: str, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    push(package, "anna/moods", mirror=tmp_path / "mirror")
    mine = tmp_path / "mine"
    from_mirror = ["--from", str(tmp_path / "mirror"), "-o", str(mine)]
    assert main(["models", "pull", *args, *from_mirror]) == 2
    assert says in last_line(capsys)
    assert not mine.exists()


def test_nothing_but_a_package_is_replaced(package: Path, tmp_path: Path) -> None:
    push(package, "anna/moods", mirror=tmp_path / "mirror")
    mine = tmp_path / "mine"
    mine.mkdir()
    pull("anna/moods", mine, mirror=tmp_path / "mirror")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "love.txt").write_text("dear")
    with pytest.raises(OutputError, match="found other files there"):
        pull("anna/moods", tmp_path / "letters", mirror=tmp_path / "mirror")
    assert (tmp_path / "letters" / "love.txt").read_text() == "dear"
