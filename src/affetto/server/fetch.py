"""A recording from an address on the web, and from nowhere that only this machine can reach."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
import tempfile
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, cast

import httpcore2
import httpx2

from affetto import __version__
from affetto.errors import AudioError, OptionError
from affetto.server.uploads import IN_MEMORY, TooLargeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Container, Iterable, Iterator

__all__ = ["IPAddress", "fetched", "is_public"]

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORTS = {"http": 80, "https": 443}
_MOST_REDIRECTS = 5
_REDIRECTED = (301, 302, 303, 307, 308)
_CONNECT = 5.0
"""Seconds for a connection, after which a host's next address is tried."""

_UNICAST = ipaddress.ip_network("2000::/3")
"""Where all of IPv6 lies that is given to networks; outside are its many wrappings of IPv4, too."""

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 as a network without it writes it (NAT64, RFC 6052): the last 32 bits are the address."""

_CLOSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments; older Pythons know only a part
        "192.88.99.0/24",  # relays of 6to4, given up
        "168.63.129.16/32",  # looks public, but is each Azure machine's own host
        "2001::/23",  # protocol assignments; Teredo, which wraps IPv4
        "2002::/16",  # 6to4, which wraps IPv4
        "3fff::/20",  # documentation; older Pythons don't know it
    )
)
"""What `ipaddress` calls global, in one version or another, and no recording comes from."""


def is_public(address: IPAddress) -> bool:
    """Tell whether an address belongs to one host that all the internet reaches.

    Private, loopback, link-local, shared, multicast, reserved and unspecified addresses don't, nor
    IPv6 that wraps an address of IPv4, except by NAT64 a public one (IANA's registries of special
    purpose addresses, RFC 6890).

    Examples:
        >>> is_public(ipaddress.ip_address("10.0.0.1"))
        False
        >>> is_public(ipaddress.ip_address("93.184.215.14"))
        True
    """
    if address in _TRANSLATED:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    if address.version == 6 and address not in _UNICAST:
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in _CLOSED)
    )


@asynccontextmanager
async def fetched(
    url: str,
    *,
    most: int,
    timeout: float,
    allowed: Callable[[IPAddress], bool] = is_public,
    ports: Container[int] = tuple(_PORTS.values()),
) -> AsyncIterator[tuple[BinaryIO, str]]:
    """Fetch a recording for somebody who must not reach more by it than they could by themselves.

    Redirects are followed, and each is checked as the first address was. No proxy is used.

    Args:
        url: of the recording itself, ``http`` or ``https``.
        most: bytes.
        timeout: seconds for all of it.
        allowed: whether an address may be connected to; all of a host's must be.
        ports: that may be connected to.

    Yields:
        The file, at its beginning, and a name for it. It is gone when the block ends, and has no
        name on the disk; see `received`.

    Raises:
        OptionError: no URL of the web, or one, perhaps of a redirect, that leads elsewhere than to
            the public internet.
        TooLargeError: there are more bytes than `most`.
        AudioError: there is no recording, or it doesn't come.
    """
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as spooled:
        file = cast("BinaryIO", spooled)
        try:
            async with asyncio.timeout(timeout):
                await _download(url, file, most=most, allowed=allowed, ports=ports)
        except TimeoutError:
            raise AudioError(
                f"{_shown(url)}: found no whole recording within {timeout:g} s, expected a shorter "
                "one, or a faster host"
            ) from None
        if not file.tell():
            raise AudioError(f"{_shown(url)}: found an empty file, expected sound")
        file.seek(0)
        yield file, _name(httpx2.URL(url))


async def _download(
    url: str,
    file: BinaryIO,
    *,
    most: int,
    allowed: Callable[[IPAddress], bool],
    ports: Container[int],
) -> None:
    """Write what is at an address, or where that leads to, into a file."""
    about, place, address = _shown(url), url, None
    for _ in range(_MOST_REDIRECTS + 1):
        with _told_of(about):
            address = _checked(place, ports, base=address)
            async with _answer(address, allowed) as response:
                headers = httpx2.Headers(response.headers)
                if response.status not in _REDIRECTED or "location" not in headers:
                    _refuse_all_but_a_file(response.status, headers)
                    await _save(response, headers, file, most)
                    return
        place = headers["location"]
        about = f"{_shown(url)}, redirected"
    raise AudioError(
        f"{_shown(url)}: found more than {_MOST_REDIRECTS} redirects, expected a recording"
    )


@asynccontextmanager
async def _answer(
    url: httpx2.URL, allowed: Callable[[IPAddress], bool]
) -> AsyncIterator[httpcore2.Response]:
    """Ask for a file; the body of the answer was not read.

    This is the client's lower half alone: it knows nothing of proxies, cookies, passwords,
    redirects and compression, so there is nothing of the kind to forget to switch off.
    """
    secure = url.scheme == "https"
    # Reading the system's certificates takes a while, in which live streams would wait.
    context = await asyncio.to_thread(httpcore2.default_ssl_context) if secure else None
    pool = httpcore2.AsyncConnectionPool(ssl_context=context, network_backend=_Checked(allowed))
    target = httpcore2.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
    headers = [
        (b"Host", url.netloc),
        (b"User-Agent", f"affetto/{__version__}".encode()),
        (b"Accept", b"*/*"),
        (b"Accept-Encoding", b"identity"),
    ]
    limits = {"timeout": {"connect": _CONNECT}}
    try:
        async with (
            pool,
            pool.stream("GET", target, headers=headers, extensions=limits) as response,
        ):
            yield response
    except httpcore2.ConnectError:
        # Of TLS: where the connection under it fails, `_Checked` has said so.
        raise AudioError(
            "found no certificate that is valid for this host, expected one: check the address"
        ) from None
    except (
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.TimeoutException,
        ssl.SSLError,
    ):
        raise AudioError(
            "found an answer that breaks off, or is no HTTP, expected a whole recording: try again"
        ) from None


class _Checked(httpcore2.AsyncNetworkBackend):
    """Connections to addresses that are allowed.

    A host's name is looked up once, and what was checked is what is connected to: a name that
    would mean another address a moment later (DNS rebinding) gains nothing by it. TLS goes by the
    name all the same.
    """

    def __init__(self, allowed: Callable[[IPAddress], bool]) -> None:
        self._allowed = allowed
        self._connections = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect; of several addresses, to the first that answers."""
        loop = asyncio.get_running_loop()
        try:
            rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            rows = []
        addresses = [ipaddress.ip_address(row[4][0]) for row in rows]
        if not addresses or not all(map(self._allowed, addresses)):
            # One answer for both: else strangers could try which names exist inside a network.
            raise OptionError(
                "found no such host on the public internet, expected one: check the address, or "
                "send the file"
            )
        for address in addresses:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return await self._connections.connect_tcp(
                    str(address),
                    port,
                    timeout=timeout,
                    local_address=local_address,
                    socket_options=socket_options,
                )
        raise AudioError("found nothing that answers at this host, expected a server: try later")


def _checked(url: str, ports: Container[int], *, base: httpx2.URL | None = None) -> httpx2.URL:
    """Read a URL, or the one that another redirects to.

    Examples:
        >>> _checked("../b.mp3", (80, 443), base=httpx2.URL("https://example.org/talks/a.mp3"))
        URL('https://example.org/b.mp3')
        >>> _checked("ftp://example.org/a.mp3", (80, 443))
        Traceback (most recent call last):
        ...
        affetto.errors.OptionError: found no address on the web, expected https://… or http://…
    """
    try:
        read = base.join(url) if base else httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        raise OptionError("found no address, expected https://…") from None
    if read.scheme not in _PORTS or not read.raw_host:
        raise OptionError("found no address on the web, expected https://… or http://…")
    if read.userinfo:
        raise OptionError("found a password in the address, expected none: send the file")
    if (_PORTS[read.scheme] if read.port is None else read.port) not in ports:
        raise OptionError(f"found port {read.port}, expected the web's own, 80 or 443")
    return read


def _refuse_all_but_a_file(status: int, headers: httpx2.Headers) -> None:
    if not 200 <= status < 300:
        raise AudioError(f"found status {status}, expected a recording: check the address")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        raise AudioError(
            "found a page, expected a recording: give the address of the sound file itself"
        )
    # A small body could become a large one.
    if headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
        raise AudioError("found a compressed answer, expected the file as it is: send it instead")


async def _save(
    response: httpcore2.Response, headers: httpx2.Headers, file: BinaryIO, most: int
) -> None:
    too_large = TooLargeError(
        f"found more than {most / 1e6:g} MB, expected less: send the file in a compressed format, "
        "or in parts"
    )
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise too_large
    async with aclosing(response.aiter_stream()) as chunks:
        async for chunk in chunks:
            if file.tell() + len(chunk) > most:
                raise too_large
            file.write(chunk)


@contextmanager
def _told_of(what: str) -> Iterator[None]:
    """Say of an error what it is about."""
    try:
        yield
    except (AudioError, OptionError, TooLargeError) as error:
        raise type(error)(f"{what}: {error}") from None


def _shown(url: str) -> str:
    """Give of a URL what may be repeated: no password, and no query, which may be one.

    Examples:
        >>> _shown("https://me:secret@example.org/talk.mp3?token=secret")
        'https://example.org/talk.mp3'
    """
    plain = re.sub(r"//[^/]*@", "//", re.split(r"[?#]", url)[0])
    return "".join(c if c.isprintable() else "?" for c in plain[:200])


def _name(url: httpx2.URL) -> str:
    """Name a recording: by the end of its path, else by its host.

    Examples:
        >>> _name(httpx2.URL("https://example.org/talks/day%20one.mp3"))
        'day one.mp3'
        >>> _name(httpx2.URL("https://example.org/%2e%2e%2f"))
        'example.org'
    """
    last = re.split(r"[/\\]", url.path)[-1]
    return "".join(filter(str.isprintable, last)).strip(" .")[:100] or url.host
