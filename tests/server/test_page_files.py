"""The files of the web page over a real socket: made up, missing, and as they were really built."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx2
import pytest

from affetto.server import page

Serve = Callable[..., httpx2.Client]

TOKEN = "a-token-that-nobody-guesses"
BUILT = page.FOLDER
WEB = Path(__file__).resolve().parents[2] / "web"
needs_built = pytest.mark.skipif(
    not (BUILT / "index.html").exists(), reason="the web page isn't built: make page"
)


def put(folder: Path, **texts: str) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text, "utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the server looks for the page; empty at first."""
    monkeypatch.setattr(page, "FOLDER", tmp_path / "page")
    return tmp_path / "page"


@pytest.fixture
def made_up(folder: Path) -> Path:
    put(
        folder,
        index_html='<meta property="csp-nonce" nonce="NONCE-OF-THE-ANSWER">Grüezi',
        docs_html="the requests",
        NOTICES_txt="the notices",
    )
    put(folder / "assets", main_js="let a;", main_css="a {}")
    put(folder / "docs", start_js="let b;")
    return folder


def rules(response: httpx2.Response) -> dict[str, str]:
    """Give the parts of the policy that came along."""
    parts = response.headers["content-security-policy"].split("; ")
    return {name: sources for name, _, sources in (part.partition(" ") for part in parts)}


def test_the_page_is_served_at_the_root(made_up: Path, serve: Serve) -> None:
    answer = serve().get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert "Grüezi" in answer.text


@pytest.mark.parametrize("path", ["/", "/docs", "/notices", "/assets/main.js", "/docs/start.js"])
def test_nothing_of_it_may_ask_elsewhere_or_be_framed(
    made_up: Path, serve: Serve, path: str
) -> None:
    answer = serve().get(path)
    assert answer.status_code == 200
    policy = rules(answer)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "http" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "microphone=(self)" in answer.headers["permissions-policy"]


def test_each_answer_has_a_nonce_of_its_own(made_up: Path, serve: Serve) -> None:
    client = serve()
    seen = set()
    for _ in range(3):
        answer = client.get("/")
        (nonce,) = re.findall(r'nonce="([\w-]{20,})"', answer.text)
        assert rules(answer)["style-src"] == f"'self' 'nonce-{nonce}'"
        seen.add(nonce)
    assert len(seen) == 3


def test_named_by_their_content_they_are_kept_for_ever(made_up: Path, serve: Serve) -> None:
    client = serve()
    script, style = client.get("/assets/main.js"), client.get("/assets/main.css")
    assert script.text == "let a;"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in script.headers["cache-control"]
    again = client.get("/docs/start.js").headers
    assert again["cache-control"] == "no-cache"
    answer = client.get("/docs/start.js", headers={"if-none-match": again["etag"]})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/docs", "/notices", "/assets/main.js"])
def test_one_may_ask_for_the_headers_alone(made_up: Path, serve: Serve, path: str) -> None:
    client = serve()
    head, whole = client.head(path), client.get(path)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert client.post(path).status_code == 405


OUTWARDS = [
    "",
    "..",
    "../index.html",
    "../v1/models",
    "..%2findex.html",
    "%2e%2e/index.html",
    "..%5cindex.html",
    "..%2f..%2fsecret.txt",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "x%00.js",
    "x" * 5000,
    "link.txt",
]


@pytest.mark.parametrize("below", ["/assets/", "/docs/"])
def test_nobody_gets_out_of_the_folders(made_up: Path, serve: Serve, below: str) -> None:
    secret = made_up.parent / "secret.txt"
    secret.write_text("secret")
    with suppress(OSError):  # where links can be made
        (made_up / below.strip("/") / "link.txt").symlink_to(secret)
    url = serve(token=TOKEN).base_url
    for name in OUTWARDS:
        # Unlike httpx, this sends an address as it is.
        connection = HTTPConnection(url.host, url.port, timeout=30)
        connection.request("GET", f"{below}{name}")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (404, b'{"error":"Not Found"}'), name
        connection.close()


def test_it_is_reached_without_the_token_and_nothing_else_is(made_up: Path, serve: Serve) -> None:
    client = serve(token=TOKEN)
    for path in ("/", "/docs", "/docs/start.js", "/assets/main.js", "/notices", "/openapi.json"):
        assert client.get(path).status_code == 200, path
    for path in ("/v1/models", "/metrics", "/index.html", "/assets", "/docsy"):
        assert client.get(path).status_code == 401, path
    assert client.get("/", headers={"host": "elsewhere.org"}).status_code == 403


def test_the_requests_say_whether_they_want_a_token(serve: Serve) -> None:
    closed = serve(token=TOKEN).get("/openapi.json").json()
    assert closed["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}
    assert closed["security"] == [{"token": []}]
    opened = serve().get("/openapi.json").json()
    assert "security" not in opened
    assert not {"/", "/docs", "/notices"} & set(opened["paths"])


def test_without_the_page_it_tells_how_to_build_it(folder: Path, serve: Serve) -> None:
    client = serve()
    index, requests = client.get("/"), client.get("/docs")
    assert (index.status_code, requests.status_code) == (404, 200)
    for answer, link in ((index, "docs"), (requests, "openapi.json")):
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "<code>make page</code>" in answer.text
        assert f'href="{link}"' in answer.text
        assert rules(answer)["default-src"] == "'none'"
    for path in ("/notices", "/assets/main.js", "/docs/start.js"):
        assert client.get(path).status_code == 404, path
    assert client.get("/health").status_code == 200


def test_it_may_be_built_while_the_server_runs(
    folder: Path, serve: Serve, request: pytest.FixtureRequest
) -> None:
    client = serve()
    assert client.get("/").status_code == 404
    request.getfixturevalue("made_up")
    assert client.get("/").status_code == client.get("/assets/main.js").status_code == 200


@needs_built
@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_built_page_refers_only_to_what_the_server_has(client: Any, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "NONCE-OF" not in answer.text
    references = re.findall(r'\b(?:src|href|action|content|data)="([^"]*)"', answer.text)
    files = [
        name for name in references if re.search(r"\.(js|css|svg|png|woff2|webmanifest)$", name)
    ]
    assert any(name.endswith(".js") for name in files)
    assert not [name for name in references if re.match(r"(?!data:)\w+:|//", name)]
    for name in files:
        assert client.get(f"/{name.removeprefix('./')}").status_code == 200, name
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=", answer.text)


@needs_built
def test_no_built_style_fetches_from_elsewhere() -> None:
    for style in BUILT.rglob("*.css"):
        text = style.read_text("utf-8")
        assert not re.search(r"url\(\s*[\"']?(https?:)?//|@import", text), style.name


@needs_built
def test_the_notices_name_what_is_packed() -> None:
    notices = (BUILT / "NOTICES.txt").read_text("utf-8")
    for name, licence in (
        ("wavesurfer.js", "BSD 3-Clause License"),
        ("swagger-ui-dist", "Apache License"),
    ):
        assert re.search(rf"^{re.escape(name)} \d+\.\d+\.\d+ \(", notices, re.M)
        assert licence in notices


def test_every_package_is_pinned_without_an_address() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all(package["integrity"] and "resolved" not in package for package in packages.values())
    about = json.loads((WEB / "package.json").read_text("utf-8"))
    wanted = about["dependencies"] | about["devDependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
