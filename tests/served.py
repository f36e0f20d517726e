"""A server in this process, for tests that give it parts of their own."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import uvicorn

from affetto.server import Settings, create_app


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
