"""A hub in a thread: the parts of Hugging Face's API that huggingface_hub speaks for models.

Files ending in `.onnx` are taken as large ones are there, by the LFS protocol; others come within
the commit. Whoever holds TOKEN may write, in the name of OWNER alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER = "anna"
TOKEN = "hf_of_anna"

Files = dict[str, bytes]


class Hub(ThreadingHTTPServer):
    """Models and their commits, newest last."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.models: dict[str, list[tuple[str, Files]]] = {}
        self.tags: dict[str, str] = {}
        self.large: Files = {}
        self.broken = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def commit(self, repo: str, files: Files) -> str:
        """Add files to what a model holds; its first commit makes it."""
        commits = self.models.setdefault(repo, [])
        sha = hashlib.sha1(f"{repo}{len(commits)}".encode()).hexdigest()
        commits.append((sha, {**(commits[-1][1] if commits else {}), **files}))
        return sha

    def newest(self, repo: str) -> Files:
        return self.models[repo][-1][1]

    def at(self, repo: str, revision: str) -> tuple[str, Files] | None:
        commits = self.models[repo]
        if revision == "main":
            return commits[-1] if commits else ("0" * 40, {})
        wanted = self.tags.get(revision, revision)
        return next((found for found in commits if found[0] == wanted), None)


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if self.server.broken:
            self._say(500, {"error": "out of order"})
        elif found := re.fullmatch(r"/api/models/(.+?/.+?)/(revision|tree)/(.+)", path):
            repo, what, revision = found.groups()
            if files := self._files(repo, revision):
                sha, held = files
                rows = [
                    {"type": "file", "path": name, "size": len(data), "oid": _oid(data)}
                    for name, data in held.items()
                ]
                about = {"id": repo, "sha": sha, "siblings": [{"rfilename": n} for n in held]}
                self._say(200, rows if what == "tree" else about)
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)", path):
            if files := self._files(found[1], "main"):
                self._say(200, {"id": found[1], "sha": files[0]})
        elif found := re.fullmatch(r"/(.+?/.+?)/resolve/(.+?)/(.+)", path):
            repo, revision, name = found.groups()
            if files := self._files(repo, revision):
                data = files[1][name]
                headers = {"X-Repo-Commit": files[0], "ETag": f'"{_oid(data)}"'}
                self._give(200, data, headers)
        else:
            self._say(404, {"error": "no such page"})

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/validate-yaml":
            front = json.loads(body)["content"].split("---\n")[1]
            good = "license" in yaml.safe_load(front)
            self._say(200 if good else 400, {"errors": [{"message": "no license"}]})
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._say(401, {"error": "Invalid username or password."})
        elif self.path == "/api/repos/create":
            row = json.loads(body)
            repo = f"{row['organization']}/{row['name']}"
            known = repo in self.server.models
            if row["organization"] != OWNER:
                self._say(403, {"error": "You don't have the rights to create a model there"})
                return
            self.server.models.setdefault(repo, [])
            self._say(409 if known else 200, {"url": f"{self.server.address}/{repo}"})
        elif self.path.endswith("/info/lfs/objects/batch"):
            objects = json.loads(body)["objects"]
            for row in objects:
                href = f"{self.server.address}/large/{row['oid']}"
                row["actions"] = {"upload": {"href": href, "header": {}}}
            self._say(200, {"transfer": "basic", "objects": objects})
        elif "/preupload/" in self.path:
            rows = [
                {
                    "path": row["path"],
                    "uploadMode": "lfs" if row["path"].endswith(".onnx") else "regular",
                    "shouldIgnore": False,
                    "oid": None,
                }
                for row in json.loads(body)["files"]
            ]
            self._say(200, {"files": rows})
        elif found := re.fullmatch(r"/api/models/(.+?/.+?)/commit/main", self.path):
            sha = self.server.commit(found[1], dict(self._committed(body)))
            url = f"{self.server.address}/{found[1]}/commit/{sha}"
            self._say(200, {"commitUrl": url, "commitOid": sha})
        else:
            self._say(404, {"error": "no such page"})

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.large[self.path.removeprefix("/large/")] = data
        self._say(200, {})

    def _committed(self, body: bytes) -> Iterator[tuple[str, bytes]]:
        for line in body.splitlines():
            row = json.loads(line)
            if row["key"] == "file":
                yield row["value"]["path"], base64.b64decode(row["value"]["content"])
            elif row["key"] == "lfsFile":
                yield row["value"]["path"], self.server.large[row["value"]["oid"]]

    def _files(self, repo: str, revision: str) -> tuple[str, Files] | None:
        """Find a revision's files; say what is wrong where there are none."""
        if repo not in self.server.models:
            self._say(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            return None
        found = self.server.at(repo, revision)
        if found is None:
            self._say(404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"})
        return found

    def _say(self, status: int, row: Any, headers: dict[str, str] | None = None) -> None:
        self._give(status, json.dumps(row).encode(), headers or {})

    def _give(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Keep the tests' output clean."""


def _oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextmanager
def running() -> Iterator[Hub]:
    """Run a hub until the block ends."""
    hub = Hub()
    thread = Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        thread.join()
        hub.server_close()
