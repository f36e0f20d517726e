import pytest

from affetto.models import ModelPackage
from tiny_model import write_tiny


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny")
