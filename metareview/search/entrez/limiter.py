"""How often a host may be asked: one queue for each host and key, shared by all threads."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

# NCBI allows 3 requests in a second, 10 with a key; a little slower, since the network bunches requests
WITHOUT_KEY = 0.36
WITH_KEY = 0.11


@dataclass(slots=True)
class Limiter:
    """Let callers through one by one, each at least ``gap`` seconds after the one before.

    Attributes
    ----------
    gap : seconds between two requests
    """

    gap: float
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Sleep until it is the caller's turn."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self.gap
        if turn > now:
            time.sleep(turn - now)

    def hold(self, seconds: float) -> None:
        """Let nobody through for some seconds: what a server's ``Retry-After`` asks of everybody."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


_limiters: dict[tuple[str, str], Limiter] = {}
_registry = threading.Lock()


def limiter_for(host: str, key: str, gap: float | None = None) -> Limiter:
    """Return the one limiter of a host and key.

    Parameters
    ----------
    host, key
        Whom the server counts; ``key`` is ``""`` without one.
    gap
        Seconds between requests, instead of NCBI's allowance.
    """
    allowed = (WITH_KEY if key else WITHOUT_KEY) if gap is None else gap
    with _registry:
        limiter = _limiters.setdefault((host, key), Limiter(allowed))
        limiter.gap = allowed
        return limiter
