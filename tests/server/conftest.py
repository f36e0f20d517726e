from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from affetto.server import Settings
from served import served
from tiny_model import write_tiny

Serve = Callable[..., Any]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny").folder


@pytest.fixture(scope="module")
def client(model: Path) -> Iterator[httpx2.Client]:
    with served(Settings(models=(str(model),), workers=2)) as client:
        yield client


@pytest.fixture
def serve(model: Path) -> Iterator[Serve]:
    """Serve with settings of the test's own."""
    with ExitStack() as opened:

        def start(**settings: Any) -> httpx2.Client:
            wanted = Settings(**({"models": (str(model),), "workers": 2} | settings))
            return opened.enter_context(served(wanted))

        yield start
