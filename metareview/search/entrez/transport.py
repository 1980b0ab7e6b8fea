"""One request, one whole reply, within a time that is known before: the only file that opens a connection.

``Bio.Entrez`` has no timeout of any kind, and a timeout of a socket alone does not stop a server
that sends a byte now and then. Here silence, slowness and the whole attempt are bounded.
"""

from __future__ import annotations

import io
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from errno import EHOSTUNREACH, ENETDOWN, ENETUNREACH
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ipaddress import ip_address
from socket import SHUT_RDWR, gaierror
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from metareview.archives import MAX_GZIP, unpack_gzip
from metareview.errors import FileError, SearchError

NCBI = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
MAX_REPLY = MAX_GZIP  # what is kept packed can be unpacked again
_CHUNK = 65536
_NO_NETWORK = (EHOSTUNREACH, ENETDOWN, ENETUNREACH)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds, and how often to try.

    Attributes
    ----------
    silence : for the next byte, and for a connection
    attempt : for one whole attempt, however busily bytes dribble in
    rate : bytes per second below which a reply is given up once ``silence`` has passed
    tries : attempts for one question
    total : for all attempts at one question together
    first, longest : the first pause between attempts and the longest; each doubles the one before
    """

    silence: float = 20.0
    attempt: float = 300.0
    rate: float = 1024.0
    tries: int = 8
    total: float = 900.0
    first: float = 0.5
    longest: float = 60.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whole: status, headers with lower-case names, body."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


class ConnectionLostError(Exception):
    """The connection gave no whole reply; asking again may help.

    Parameters
    ----------
    says
        Half a sentence.
    offline
        Whether it looks as if there were no network at all.
    tries
        How many attempts it is worth, 0 for as many as there are.
    """

    def __init__(self, says: str, *, offline: bool = False, tries: int = 0) -> None:
        super().__init__(says)
        self.offline, self.tries = offline, 3 if offline else tries


def checked_base(url: str) -> SplitResult:
    """Take an address of E-utilities apart; plain http is for loopback alone.

    Raises
    ------
    SearchError
        When it is no web address, or http to another machine: the key would travel in the clear.
    """
    parts = _address(url.strip())
    if parts is None or parts.query or parts.username:
        raise SearchError(
            'METAREVIEW_EUTILS_URL is no plain web address; "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/" '
            "would be right."
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise SearchError(
            f"METAREVIEW_EUTILS_URL is http to {parts.hostname}; plain http is allowed only for this machine "
            "itself (127.0.0.1, ::1, localhost). Use https."
        )
    return parts


def _address(url: str) -> SplitResult | None:
    """Take a web address apart; ``None`` when it is none: a port that cannot be, letters no host has."""
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")
        sound = bool(parts.hostname) and parts.port != 0 and url.isascii() and url.isprintable()
    except ValueError:
        return None
    return parts if sound and parts.scheme in ("http", "https") and " " not in url else None


def proxy_for(host: str) -> SplitResult | None:
    """Return the proxy that the environment names for a host; ``None`` for none.

    Raises
    ------
    SearchError
        When what it names is no proxy that can be spoken to.
    """
    proxy = None if is_loopback(host) or proxy_bypass(host) else getproxies().get("https")
    if not proxy:
        return None
    via = _address(proxy if "//" in proxy else f"http://{proxy}")
    if via is None:
        raise SearchError(
            'HTTPS_PROXY is no address of a proxy; "http://proxy.example.org:3128" would be right.'
        )
    return via


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, by name or by address.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost.example.org")
    (True, True, False)
    """
    if host.rstrip(".").casefold() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def post(url: str, body: bytes, patience: Patience) -> Reply:
    """Send one POST and return its whole reply.

    Raises
    ------
    ConnectionLostError
        When no whole reply came in time: refused, reset, stalled, dribbling, cut short.
    SearchError
        When the certificate is not trusted: asking again will not help.
    """
    connection, target = _connection(url, patience.silence)
    try:
        return _within(patience.attempt, connection, lambda: _exchange(connection, target, body, patience))
    except ssl.SSLCertVerificationError as error:
        raise SearchError(
            f"The certificate of {urlsplit(url).hostname} is not trusted ({error.verify_message}). Behind an "
            "inspecting proxy, set SSL_CERT_FILE to its certificate."
        ) from None
    except (OSError, HTTPException) as error:
        offline = isinstance(error, gaierror) or getattr(error, "errno", None) in _NO_NETWORK
        raise ConnectionLostError(_in_words(error), offline=offline) from None


def _within(seconds: float, connection: HTTPConnection, work: Callable[[], Reply]) -> Reply:
    """Run the exchange in a thread: nothing in it, not even a look-up of a name, can outlast its time."""
    done: Future[Reply] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)
        finally:
            connection.close()

    threading.Thread(target=run, daemon=True).start()
    try:
        return done.result(timeout=seconds)
    except TimeoutError:
        if done.done():
            raise
        _cut(connection)
        raise ConnectionLostError(f"no whole reply within {seconds:g} seconds") from None


def _cut(connection: HTTPConnection) -> None:
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(SHUT_RDWR)


def _exchange(connection: HTTPConnection, target: str, body: bytes, patience: Patience) -> Reply:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    connection.request("POST", target, body, headers)
    with connection.getresponse() as response:
        return Reply(
            response.status, {k.lower(): v for k, v in response.getheaders()}, _whole_body(response, patience)
        )


def _whole_body(response: HTTPResponse, patience: Patience) -> bytes:
    """Read the body to its end and hold it against the length that was announced."""
    announced = response.length
    started, body, size = time.monotonic(), io.BytesIO(), 0
    while part := response.read1(_CHUNK):
        body.write(part)
        size += len(part)
        spent = time.monotonic() - started
        if spent > patience.silence and size < patience.rate * spent:
            raise ConnectionLostError(f"only {size} bytes in {spent:.0f} seconds")
        if size > MAX_REPLY:
            raise ConnectionLostError(f"the reply is larger than {MAX_REPLY // 2**20} MiB", tries=2)
    if announced is not None and size != announced:
        raise ConnectionLostError(f"the reply was cut short: {size} of {announced} bytes")
    return _unpacked(body.getvalue(), response.getheader("Content-Encoding", ""))


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Undo what some proxies do although it was not asked for."""
    if encoding.casefold() != "gzip":
        return body
    try:
        return unpack_gzip(body, "the packed reply", MAX_REPLY)
    except FileError as error:
        raise ConnectionLostError(str(error).rstrip("."), tries=2) from None


def _connection(url: str, silence: float) -> tuple[HTTPConnection, str]:
    """Make the connection that the environment asks for: direct, or through ``HTTPS_PROXY``."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "http":
        return HTTPConnection(host, port or 80, timeout=silence), parts.path
    trust = ssl.create_default_context()
    via = proxy_for(host)
    if via is None:
        return HTTPSConnection(host, port or 443, timeout=silence, context=trust), parts.path
    connection = HTTPSConnection(via.hostname or "", via.port or 80, timeout=silence, context=trust)
    connection.set_tunnel(host, port or 443, _proxy_login(via))
    return connection, parts.path


def _proxy_login(via: SplitResult) -> dict[str, str]:
    if via.username is None:
        return {}
    import base64

    login = f"{unquote(via.username)}:{unquote(via.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def _in_words(error: Exception) -> str:
    """Say what went wrong with a connection, without what was sent over it."""
    known = {
        "TimeoutError": "it went silent",
        "ConnectionResetError": "it was reset",
        "ConnectionRefusedError": "it was refused",
        "RemoteDisconnected": "it was closed before a reply",
        "IncompleteRead": "the reply was cut short",
        "BrokenPipeError": "it was closed while sending",
        "gaierror": "the name of the host could not be looked up",
    }
    return known.get(
        type(error).__name__, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    )
