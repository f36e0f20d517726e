import importlib.util
from pathlib import Path

import pytest

from affetto.errors import MissingExtraError, ModelError
from affetto.models import available, load, resolve, verify
from tiny_model import write_tiny


def test_a_folder_is_a_model(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "tiny").folder
    assert resolve(folder) == folder
    assert resolve(str(folder)) == folder
    package = load(folder)
    assert load(package) is package


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(ModelError, match=r"'defualt'.*hf:owner/name"):
        resolve("defualt")


def test_a_folder_without_a_card_is_no_package(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"card\.yaml"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["hf:", "hf:owner", "hf:a/b/c", "hf:a/b@", "hf:../x"])
def test_a_hub_name_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="hf:owner/name"):
        resolve(name)


@pytest.mark.skipif(
    importlib.util.find_spec("huggingface_hub") is not None, reason="huggingface_hub is installed"
)
def test_the_hub_needs_its_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"affetto\[hf\]"):
        resolve("hf:owner/name")


def test_the_bundled_models_are_whole() -> None:
    if not available():
        pytest.skip("no model is bundled yet: `make model` trains it")
    for folder in available().values():
        assert verify(folder) == ()
        assert sum(path.stat().st_size for path in folder.iterdir()) <= 10_000_000
        assert load(folder).card.licence
