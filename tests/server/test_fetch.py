"""What the server fetches for others, from a real site, and what it never connects to."""

import asyncio
import gzip
import ipaddress
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.errors import AffettoError, AudioError, OptionError
from affetto.server.fetch import IPAddress, fetched, is_public
from affetto.server.uploads import TooLargeError
from own_loop import in_own_loop

SOUND = bytes(range(256)) * 1000

Resolver = Callable[..., Awaitable[list[Any]]]


class Answers(BaseHTTPRequestHandler):
    """A site of good and bad files."""

    def do_GET(self) -> None:
        self.server.site.asked.append(self)
        with suppress(ConnectionError):
            getattr(self, "on_" + re.findall(r"[a-z]*", self.path[1:])[0])()

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, body: bytes, *, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def redirect(self, location: str, *, status: int = 302) -> None:
        self.answer(b"", status=status, Location=location)

    def on_talk(self) -> None:
        self.answer(SOUND, Content_Length=str(len(SOUND)), Content_Type="audio/mpeg")

    def on_large(self) -> None:
        self.answer(bytes(20_000_000))

    def on_unannounced(self) -> None:
        self.answer(SOUND)

    def on_(self) -> None:
        self.answer(SOUND)

    def on_announced(self) -> None:
        # No body: who trusts the announcement waits for none.
        self.answer(b"", Content_Length="5000000")
        time.sleep(0.5)

    def on_countless(self) -> None:
        self.answer(SOUND, Content_Length="9" * 5000)

    def on_drip(self) -> None:
        self.answer(b"", Content_Length="1000")
        for _ in range(100):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def on_broken(self) -> None:
        self.answer(b"RIFF", Content_Length="1000")

    def on_empty(self) -> None:
        self.answer(b"", Content_Length="0")

    def on_strange(self) -> None:
        self.wfile.write(b"220 mail.example.org ESMTP\r\n")

    def on_garbled(self) -> None:
        # Past the encryption.
        socket.socket.send(self.connection, b"HTTP/1.1 200 OK\r\n\r\n")

    def on_missing(self) -> None:
        self.answer(b"nothing here", status=404)

    def on_page(self) -> None:
        self.answer(b"<html>", Content_Type="text/html; charset=utf-8")

    def on_packed(self) -> None:
        self.answer(gzip.compress(SOUND), Content_Encoding="gzip", Content_Type="audio/wav")

    def on_moved(self) -> None:
        self.redirect("/talk/elsewhere.mp3", status=int(self.path.rpartition("?")[2]))

    def on_loop(self) -> None:
        self.redirect("loop")

    def on_to(self) -> None:
        self.redirect(self.path.partition("?")[2])

    def on_nowhere(self) -> None:
        self.answer(b"", status=302)


class Site:
    """A running server, and who asked it for what."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Answers] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self._server.site = self  # type: ignore[attr-defined]
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def at(self, path: str, *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}/{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def site(running: Site) -> Site:
    running.asked.clear()
    return running


def only_loopback(address: IPAddress) -> bool:
    return address.is_loopback


def fetch(url: str, *, resolver: Resolver | None = None, **options: Any) -> tuple[bytes, str]:
    """Fetch from this machine, unless it is told otherwise; give the file and its name."""
    relaxed = {"most": 1_000_000, "timeout": 10, "allowed": only_loopback, "ports": range(65_536)}

    async def run() -> tuple[bytes, str]:
        if resolver:
            asyncio.get_running_loop().getaddrinfo = resolver  # type: ignore[method-assign]
        async with fetched(url, **(relaxed | options)) as (file, name):
            assert file.tell() == 0
            whole = file.read(), name
        assert file.closed
        return whole

    return in_own_loop(run())


def names(*answers: list[str]) -> Resolver:
    """Be a name server that gives one answer after another."""
    left = list(answers)

    async def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in left.pop(0)
        ]

    return resolve


async def knows_nobody(*_: Any, **__: Any) -> list[Any]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_file_comes_whole_with_its_name(site: Site) -> None:
    assert fetch(site.at("talk/talk.mp3?session=5#chapter")) == (SOUND, "talk.mp3")
    assert site.asked[0].path == "/talk/talk.mp3?session=5"
    headers = site.asked[0].headers
    assert headers["accept-encoding"] == "identity"
    assert headers["host"] == f"127.0.0.1:{site.port}"


def test_a_file_of_unknown_length_comes_whole(site: Site) -> None:
    assert fetch(site.at("unannounced.wav"))[0] == SOUND


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("talk%20of%20m%C3%A4rz.mp3", "talk of märz.mp3"),
        ("talk%00%1b%0a.mp3", "talk.mp3"),
        ("talk%e2%80%ae3pm.exe", "talk3pm.exe"),
        ("talk/..%2f..%5ctalk.mp3", "talk.mp3"),
        ("talk." + "a" * 300, "talk." + "a" * 95),
        ("talk/", "127.0.0.1"),
        ("talk/%2e%2e", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_a_name_is_fit_to_be_shown(site: Site, path: str, name: str) -> None:
    assert fetch(site.at(path))[1] == name


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(site: Site, status: int) -> None:
    assert fetch(site.at(f"moved.wav?{status}")) == (SOUND, "moved.wav")
    assert [asked.path for asked in site.asked] == [f"/moved.wav?{status}", "/talk/elsewhere.mp3"]


def test_redirects_come_to_an_end(site: Site) -> None:
    with pytest.raises(AudioError, match="more than 5 redirects"):
        fetch(site.at("loop"))
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "//192.168.0.1/talk.mp3",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://me:secret@127.0.0.1/",
        "http://[",
        "http://127.0.0.1:99999999/",
    ],
)
def test_a_redirect_leads_nowhere_else(site: Site, target: str) -> None:
    with pytest.raises(OptionError, match=r"/to, redirected: found"):
        fetch(site.at("to?" + target))
    assert len(site.asked) == 1


def test_a_redirect_is_held_to_the_ports(site: Site) -> None:
    with pytest.raises(OptionError, match="redirected: found port 22"):
        fetch(site.at("to?http://127.0.0.1:22/"), ports=(80, 443, site.port))


def test_a_redirect_without_a_place_is_a_refusal(site: Site) -> None:
    with pytest.raises(AudioError, match="status 302"):
        fetch(site.at("nowhere"))


@pytest.mark.parametrize("path", ["announced.wav", "unannounced.wav", "talk.wav"])
def test_too_much_is_refused(site: Site, path: str) -> None:
    with pytest.raises(TooLargeError, match=r"found more than 0.1 MB"):
        fetch(site.at(path), most=100_000)


def test_as_much_as_may_be_is_taken(site: Site) -> None:
    assert fetch(site.at("unannounced.wav"), most=len(SOUND))[0] == SOUND


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("missing.mp3", "found status 404"),
        ("page", "found a page, expected a recording"),
        ("packed.wav", "found a compressed answer"),
        ("broken.wav", "breaks off"),
        ("strange", "is no HTTP"),
        ("countless.wav", "is no HTTP"),
        ("empty.wav", "found an empty file"),
    ],
)
def test_what_is_no_recording_is_refused(site: Site, path: str, says: str) -> None:
    with pytest.raises(AudioError, match=says) as refused:
        fetch(site.at(path + "?token=secret"))
    assert str(refused.value).startswith(site.at(path) + ": found")


def test_a_drip_is_not_waited_for(site: Site) -> None:
    with pytest.raises(AudioError, match=r"no whole recording within 0.3 s"):
        fetch(site.at("drip.wav"), timeout=0.3)


def test_a_name_server_that_sleeps_is_not_waited_for() -> None:
    async def sleepy(*_: Any, **__: Any) -> list[Any]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(AudioError, match=r"no whole recording within 0.1 s"):
        fetch("http://talks.example/talk.mp3", resolver=sleepy, timeout=0.1)


def test_a_host_without_a_server_is_told_of() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(AudioError, match="found nothing that answers"):
        fetch(f"http://127.0.0.1:{port}/talk.mp3")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/talk.mp3",
        "gopher://127.0.0.1/1",
        "data:audio/wav;base64,UklGRg==",
        "talk.mp3",
        "//127.0.0.1/talk.mp3",
        "http:///talk.mp3",
        "http://",
        "",
        "http://127.0.0.1/\r\nX-Header: 1",
    ],
)
def test_what_is_not_on_the_web_is_refused(url: str) -> None:
    with pytest.raises(OptionError, match="expected https://"):
        fetch(url)


def test_a_password_is_neither_used_nor_repeated(site: Site) -> None:
    with pytest.raises(OptionError, match="found a password") as refused:
        fetch(site.at("talk.mp3", host="me:secret@127.0.0.1"))
    assert "secret" not in str(refused.value)
    assert not site.asked


def test_only_the_ports_of_the_web_are_open(site: Site) -> None:
    async def run() -> None:
        async with fetched(site.at("talk.mp3"), most=1, timeout=5, allowed=only_loopback):
            pass

    with pytest.raises(OptionError, match=f"found port {site.port}"):
        in_own_loop(run())
    assert not site.asked


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "localhost", "0"]
)
def test_no_spelling_leads_to_this_machine(site: Site, host: str) -> None:
    met: list[IPAddress] = []

    def watched(address: IPAddress) -> bool:
        met.append(address)
        return is_public(address)

    with pytest.raises(OptionError, match="no such host on the public internet"):
        fetch(site.at("talk.mp3", host=host), allowed=watched)
    assert all(address.is_loopback or address.is_unspecified for address in met)
    assert met, "the spelling was not even understood"
    assert not site.asked


@pytest.mark.parametrize("host", ["[::1]", "[::ffff:127.0.0.1]", "[::]", "[64:ff9b::7f00:1]"])
def test_no_spelling_in_ipv6_leads_to_this_machine(site: Site, host: str) -> None:
    with pytest.raises(OptionError, match="no such host on the public internet"):
        fetch(site.at("talk.mp3", host=host), allowed=is_public)
    assert not site.asked


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1", "10.11.12.13"], ["10.11.12.13", "127.0.0.1"], ["fe80::1%1"]]
)
def test_one_private_address_spoils_a_name(site: Site, addresses: list[str]) -> None:
    with pytest.raises(OptionError, match="no such host on the public internet") as refused:
        fetch(site.at("talk.mp3", host="talks.example"), resolver=names(addresses))
    assert not site.asked
    with pytest.raises(OptionError) as unknown:
        fetch(site.at("talk.mp3", host="talks.example"), resolver=knows_nobody)
    assert str(refused.value) == str(unknown.value), "it tells which names a network knows"


def test_a_name_is_looked_up_once(site: Site) -> None:
    rebinding = names(["127.0.0.1"], ["10.11.12.13"])
    url = site.at("talk.mp3", host="talks.example")
    assert fetch(url, resolver=rebinding) == (SOUND, "talk.mp3")
    assert site.asked[0].headers["host"] == f"talks.example:{site.port}"


def test_a_name_that_changes_its_meaning_is_refused_at_the_redirect(site: Site) -> None:
    rebinding = names(["127.0.0.1"], ["10.11.12.13"])
    with pytest.raises(OptionError, match="redirected: found no such host") as refused:
        fetch(site.at("loop", host="talks.example"), resolver=rebinding)
    assert len(site.asked) == 1
    assert "10.11" not in str(refused.value)


def test_the_next_address_is_tried(site: Site) -> None:
    both = names(["127.0.0.2", "127.0.0.1"])
    url = site.at("talk.mp3", host="talks.example")
    assert fetch(url, resolver=both) == (SOUND, "talk.mp3")


def test_a_host_may_be_an_address_of_ipv6(site: Site) -> None:
    url = site.at("talk.mp3", host="[2606:4700::1111]")
    assert fetch(url, resolver=names(["127.0.0.1"]))[0] == SOUND
    assert site.asked[0].headers["host"] == f"[2606:4700::1111]:{site.port}"


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", ".example"])
def test_an_impossible_name_is_refused(host: str) -> None:
    with pytest.raises(OptionError, match="no such host"):
        fetch(f"http://{host}/talk.mp3")


def test_no_proxy_of_the_environment_is_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetch(site.at("talk.mp3"))[0] == SOUND


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes a certificate, is not here")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    command += " -keyout key.pem -out cert.pem -subj /CN=talks.example"
    command += " -addext subjectAltName=DNS:talks.example"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem"


@pytest.fixture(scope="module")
def secure(certificate: Path) -> Iterator[Site]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    site = Site(tls)
    yield site
    site.close()


def test_a_certificate_is_held_against_the_name(
    secure: Site, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    good = secure.at("talk.mp3", host="talks.example", scheme="https")
    assert fetch(good, resolver=names(["127.0.0.1"])) == (SOUND, "talk.mp3")
    secure.asked.clear()
    for host in ("other.example", "127.0.0.1"):
        other = secure.at("talk.mp3", host=host, scheme="https")
        with pytest.raises(AudioError, match="found no certificate that is valid"):
            fetch(other, resolver=names(["127.0.0.1"]))
    assert not secure.asked


def test_a_certificate_of_nobody_known_is_refused(secure: Site) -> None:
    url = secure.at("talk.mp3", host="talks.example", scheme="https")
    with pytest.raises(AudioError, match="found no certificate that is valid"):
        fetch(url, resolver=names(["127.0.0.1"]))


def test_what_breaks_tls_is_no_recording(
    secure: Site, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    url = secure.at("garbled.mp3", host="talks.example", scheme="https")
    with pytest.raises(AudioError, match="breaks off"):
        fetch(url, resolver=names(["127.0.0.1"]))


def test_a_handshake_that_stalls_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("affetto.server.fetch._CONNECT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/talk.mp3"
        with pytest.raises(AudioError, match="breaks off"):
            fetch(url)


def test_plain_http_is_no_tls(site: Site) -> None:
    with pytest.raises(AudioError, match="found no certificate that is valid"):
        fetch(site.at("talk.mp3", scheme="https"))


@settings(max_examples=150, deadline=None)
@given(
    st.text()
    | st.builds(
        "{}{}{}".format,
        st.sampled_from(["http://", "https://", "http:", "//", "http://[", "http://a@", "ftp://"]),
        st.text(alphabet=st.sampled_from("ab.:@[]/\\%?#é日\u202e\ud800 0١"), max_size=12),
        st.text(max_size=5),
    )
)
def test_whatever_is_asked_for_is_refused_in_one_line(url: str) -> None:
    async def private(_: str, port: int, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.11.12.13", port))]

    with pytest.raises(AffettoError) as refused:
        fetch(url, resolver=private)
    assert str(refused.value).isprintable()
    assert "10.11" not in str(refused.value)


SPECIAL = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
224.0.0.0/4 240.0.0.0/4 255.255.255.255/32 168.63.129.16/32
::/128 ::1/128 ::/96 ::ffff:0:0/96 64:ff9b:1::/48 100::/64 2001::/32 2001:db8::/32 2002::/16
3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8
64:ff9b::10.0.0.0/104 64:ff9b::127.0.0.0/104 64:ff9b::169.254.0.0/112 64:ff9b::100.64.0.0/106
"""


@pytest.mark.parametrize("network", SPECIAL.split())
def test_no_address_of_a_special_network_is_public(network: str) -> None:
    whole = ipaddress.ip_network(network)
    assert not is_public(whole[0])
    assert not is_public(whole[-1])

    @settings(max_examples=20)
    @given(st.ip_addresses(network=whole))
    def holds(address: IPAddress) -> None:
        assert not is_public(address)

    holds()


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450::5", "64:ff9b::808:808"]
)
def test_an_address_of_everybody_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses())
def test_what_is_public_is_nothing_else(address: IPAddress) -> None:
    if is_public(address):
        assert address.is_global
        assert not address.is_private
        assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_no_wrapping_opens_what_is_closed(address: ipaddress.IPv4Address) -> None:
    low = int(address)
    assert is_public(ipaddress.IPv6Address((0x64_FF9B << 96) + low)) == is_public(address)
    assert not is_public(ipaddress.IPv6Address((0xFFFF << 32) + low))
    assert not is_public(ipaddress.IPv6Address(low))
    assert not is_public(ipaddress.IPv6Address((0x2002 << 112) + (low << 80)))
    assert not is_public(ipaddress.IPv6Address((0x2001 << 112) + low))


def test_a_server_that_fetches_hears_and_gives_what_is_there(
    serve: Callable[..., Any], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(fetch=True, upload=10_000_000)
    refused = client.post("/v1/fetch", params={"url": site.at("talk")})
    assert refused.status_code == 422
    open_here = partial(fetched, allowed=only_loopback, ports=range(65_536))
    monkeypatch.setattr("affetto.server.recordings.fetched", open_here)
    got = client.post("/v1/fetch", params={"url": site.at("talk")})
    assert got.content == SOUND
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment")
    missing = client.post("/v1/analyze", params={"url": site.at("missing")})
    assert missing.status_code == 422
    assert "404" in missing.json()["error"]
    shut = serve().post("/v1/fetch", params={"url": site.at("talk")})
    assert "this server fetches none" in shut.json()["error"]
    assert client.get("/health").json()["recordings"] == 0


def test_no_picture_on_a_page_makes_the_server_fetch(serve: Callable[..., Any], site: Site) -> None:
    client = serve(fetch=True)
    tag = {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    assert client.get("/v1/fetch", params={"url": site.at("talk")}, headers=tag).status_code == 405
    form = {"origin": "https://stranger.example"}
    asked = client.post("/v1/fetch", params={"url": site.at("talk")}, headers=form)
    assert asked.status_code == 403
    assert not site.asked


def test_who_takes_a_recording_slowly_holds_a_place_and_is_given_up(
    serve: Callable[..., Any], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_here = partial(fetched, allowed=only_loopback, ports=range(65_536))
    monkeypatch.setattr("affetto.server.recordings.fetched", open_here)
    client = serve(fetch=True, workers=1, waiting=0, timeout=2.0)
    with ExitStack() as opened:
        for _ in range(4):
            line = opened.enter_context(socket.socket())
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect(("127.0.0.1", client.base_url.port))
            path = f"/v1/fetch?url={site.at('large')}"
            line.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert line.recv(12) == b"HTTP/1.1 200"
        full = client.post("/v1/fetch", params={"url": site.at("talk")})
        assert full.status_code == 503
        assert int(full.headers["retry-after"]) >= 1
        deadline = time.monotonic() + 20
        while client.post("/v1/fetch", params={"url": site.at("talk")}).status_code == 503:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_fetching_does_not_wait_for_hearing(
    serve: Callable[..., Any], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_here = partial(fetched, allowed=only_loopback, ports=range(65_536))
    monkeypatch.setattr("affetto.server.recordings.fetched", open_here)
    hold = threading.Event()

    def slow(*_: object, **__: object) -> None:
        hold.wait(30)
        raise AudioError("held long enough")

    monkeypatch.setattr("affetto.server.recordings.analyze", slow)
    client = serve(fetch=True, workers=1, waiting=0)
    hearing = threading.Thread(target=lambda: client.post("/v1/analyze", content=b"RIFF"))
    hearing.start()
    deadline = time.monotonic() + 20
    while not client.get("/health").json()["recordings"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    try:
        got = client.post("/v1/fetch", params={"url": site.at("talk")}, timeout=10)
        assert got.content == SOUND
    finally:
        hold.set()
        hearing.join(30)
