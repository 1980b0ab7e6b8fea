"""Ask E-utilities until it answers: Bio.Entrez words the request, our transport carries it."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from lxml import etree

from metareview.errors import SearchError
from metareview.search.entrez.limiter import limiter_for
from metareview.search.entrez.replies import ReplyError, answer
from metareview.search.entrez.transport import (
    NCBI,
    ConnectionLostError,
    Patience,
    Reply,
    checked_base,
    post,
    proxy_for,
)

TOOL = "metareview"
_OFFLINE = "there is no way to it from here; a search needs a network (HTTPS_PROXY is honoured)"
T = TypeVar("T")
_biopython = threading.Lock()


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks, and where.

    Attributes
    ----------
    email : NCBI writes there before it blocks anyone
    key : an API key, ``""`` without one; never shown
    url : the address of E-utilities, to its folder
    patience : how long to wait and how often to try
    gap : seconds between requests; ``None`` for NCBI's allowance
    """

    email: str
    key: str = field(default="", repr=False)
    url: str = NCBI
    patience: Patience = field(default_factory=Patience)
    gap: float | None = None

    @classmethod
    def from_environment(cls, email: str = "", patience: Patience | None = None) -> Access:
        """Read ``NCBI_EMAIL``, ``NCBI_API_KEY`` and ``METAREVIEW_EUTILS_URL``; blank ones count as unset.

        Raises
        ------
        SearchError
            When there is no address to write to, or the service's address may not be used.
        """
        email = email.strip() or os.environ.get("NCBI_EMAIL", "").strip()
        if "@" not in email:
            raise SearchError(
                "NCBI asks every program for an e-mail address: set NCBI_EMAIL=you@example.org or give "
                "--email you@example.org."
            )
        url = os.environ.get("METAREVIEW_EUTILS_URL", "").strip() or NCBI
        base = checked_base(url)
        if base.scheme == "https":
            proxy_for(base.hostname or "")
        key = os.environ.get("NCBI_API_KEY", "").strip()
        return cls(email, key, url, patience or Patience())


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """An answer: the bytes as received, and what was read from them."""

    raw: bytes = field(repr=False)
    value: T


class Client:
    """Asks one E-utilities service, one question at a time.

    Parameters
    ----------
    access
        Who asks, and where.
    notice
        Told of every fault that is waited out.
    """

    def __init__(self, access: Access, notice: Callable[[str], None] = lambda says: None) -> None:
        self.access, self._notice = access, notice
        base = checked_base(access.url)
        path = base.path.rstrip("/") or "/entrez/eutils"
        self._base = f"{base.scheme}://{base.netloc}{path}"
        self._limiter = limiter_for(base.netloc, access.key, access.gap)

    def ask(
        self, program: str, params: Mapping[str, object], root: str, read: Callable[[etree._Element], T]
    ) -> Asked[T]:
        """Ask until there is a whole answer.

        Parameters
        ----------
        program
            ``esearch``, ``efetch``, ``elink`` …, as in ``Bio.Entrez``.
        params
            What to ask, without who asks.
        root
            The root element of a good answer.
        read
            Reads the answer; raises :class:`ReplyError` when it is not what was asked for.

        Raises
        ------
        SearchError
            When the service refuses, or no try gave an answer.
        """
        url, body = self._worded(program, params)
        patience, started = self.access.patience, time.monotonic()
        for attempt in range(1, patience.tries + 1):
            try:
                with self._limiter.turn():
                    reply = self._post(url, body)
                return Asked(reply.body, read(answer(reply, root)))
            except ReplyError as fault:
                pause = max(fault.pause, pause_before(attempt, patience))
                spent = time.monotonic() - started
                tries = min(patience.tries, fault.tries or patience.tries)
                if not fault.passing or attempt >= tries or spent + pause > patience.total:
                    raise SearchError(self._refusal(program, fault, attempt)) from None
                if fault.pause:
                    self._limiter.hold(fault.pause)
                self._notice(f"{program}: {self._hidden(fault.says)}; asking again in {pause:.0f} s")
            time.sleep(pause)
        raise AssertionError("a loop of tries ends inside")

    def _post(self, url: str, body: bytes) -> Reply:
        try:
            return post(url, body, self.access.patience)
        except ConnectionLostError as error:
            says = _OFFLINE if error.offline else "the connection failed"
            raise ReplyError(f"{says}: {error}", passing=True, tries=error.tries) from None

    def _worded(self, program: str, params: Mapping[str, object]) -> tuple[str, bytes]:
        """Let Bio.Entrez word the request, then put all of it, the key too, into the body."""
        who = {"tool": TOOL, "email": self.access.email, "api_key": self.access.key or None}
        request = worded_by_biopython(program, {**params, **who})
        parts = urlsplit(request.full_url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        pairs += parse_qsl((request.data or b"").decode(), keep_blank_values=True)
        return f"{self._base}/{parts.path.rsplit('/', 1)[1]}", urlencode(pairs).encode()

    def _hidden(self, says: str) -> str:
        """Take out what identifies the person: services quote what they were sent."""
        for secret in filter(None, (self.access.key, self.access.email)):
            says = says.replace(secret, "[hidden]")
        return says

    def _refusal(self, program: str, fault: ReplyError, attempts: int) -> str:
        says = self._hidden(fault.says)
        if not fault.passing:
            return f"{urlsplit(self._base).hostname} refused {program}: {says}."
        return (
            f"{urlsplit(self._base).hostname} gave no whole answer to {program} in {attempts} attempts; "
            f"the last said: {says}. What was received is kept: run the same command again "
            "to go on from there."
        )


def pause_before(attempt: int, patience: Patience) -> float:
    """Give the seconds to wait after a failed attempt: doubling up to a cap, times 0.5 to 1 at random."""
    whole = min(patience.longest, patience.first * 2.0 ** (attempt - 1))
    return whole * random.uniform(0.5, 1.0)


def worded_by_biopython(program: str, params: Mapping[str, object]) -> Any:
    """Return the request that ``Bio.Entrez`` would send: its parameters, its joining of ids, its address."""
    from Bio import Entrez

    with _biopython:
        opens = Entrez._open
        Entrez._open = lambda request: request
        try:
            return getattr(Entrez, program)(**params)
        finally:
            Entrez._open = opens
