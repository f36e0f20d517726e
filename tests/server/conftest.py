import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from affetto.server import Settings, create_app
from tiny_model import write_tiny

Serve = Callable[..., Any]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny").folder


@contextmanager
def served(settings: Settings) -> Iterator[httpx2.Client]:
    """Run a real server on a real socket, and give a client of it."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = create_app(settings)
    config = uvicorn.Config(app, log_level="error", ws="websockets-sansio", ws_max_size=4_000_000)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    port = listening.getsockname()[1]
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=30)


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
