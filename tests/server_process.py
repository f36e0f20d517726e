"""`affetto serve` as a process, for tests that kill it."""

import os
import re
import signal
import subprocess
import sys


class ServerProcess:
    """A server that can be killed, and started again at the same port."""

    def __init__(self, *options: object, token: str | None = None) -> None:
        command = [sys.executable, "-m", "affetto", "serve", "--quiet", *options, "--port"]
        self._command = [str(part) for part in command]
        self._env = {k: v for k, v in os.environ.items() if k != "AFFETTO_TOKEN"}
        if token is not None:
            self._env["AFFETTO_TOKEN"] = token
        self._port = 0
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*self._command, str(self._port)],
            env=self._env,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert self._process.stderr is not None
        line = self._process.stderr.readline()
        found = re.search(r"serving \S+:(\d+) ", line)
        assert found, line
        self._port = int(found[1])
        self.address = f"http://127.0.0.1:{self._port}"

    def freeze(self) -> None:
        """Let it read nothing more: what is sent from now on is lost when it is killed."""
        if hasattr(signal, "SIGSTOP"):
            self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End it as `kill -9` does; harmless where it was ended."""
        self._process.kill()
        self._process.wait(30)
        if self._process.stderr is not None:
            self._process.stderr.close()
