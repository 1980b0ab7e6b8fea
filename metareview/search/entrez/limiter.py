"""How often a host may be asked: one allowance, shared by all threads and all processes of a person.

A service counts requests when it gets them, and how long they are on their way is not known, least of all
on a busy machine. What is known is that a request arrived before its reply. So a request may set out only
when, within the last second, fewer than the allowance were still under way or answered.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from metareview.search.entrez.shared_state import Request, SharedState, State

# NCBI allows 3 requests in a second, 10 with a key; they are spread over it
WITHOUT_KEY, MOST_WITHOUT_KEY = 0.36, 3
WITH_KEY, MOST_WITH_KEY = 0.11, 10
_SECOND = 1.02  # clocks differ a little
_LOST = 10.0  # a request so old without an answer belonged to a process that ended, or arrived long ago
_LONGEST_HOLD = 3600.0
_LOOK = 0.05
_numbers = itertools.count()


class Place(Protocol):
    """Where the state is kept; one caller at a time sees and changes it."""

    def exclusive(self) -> AbstractContextManager[State]:
        """Return the state to one caller at a time."""
        ...


class OwnState:
    """The state of this process alone."""

    def __init__(self) -> None:
        self._lock, self._state = threading.Lock(), State()

    @contextmanager
    def exclusive(self) -> Iterator[State]:
        """Return the state to one thread at a time."""
        with self._lock:
            yield self._state


@dataclass(slots=True)
class Limiter:
    """Let requests through one by one.

    Attributes
    ----------
    gap : seconds from the start of one request to the start of the next
    most : requests within any second, 0 for any number
    place : where it is kept what was asked
    """

    gap: float
    most: int = 0
    place: Place = field(default_factory=OwnState)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the caller's turn; the request is made inside, and over when its reply is there."""
        name = f"{os.getpid()}-{next(_numbers)}"
        while (pause := self._pause(name)) > 0:
            time.sleep(pause)
        try:
            yield
        finally:
            with self.place.exclusive() as state:
                state.end(name, time.monotonic())

    def hold(self, seconds: float) -> None:
        """Let nobody through for some seconds: what a server's ``Retry-After`` asks of everybody."""
        with self.place.exclusive() as state:
            state.hold = max(state.hold, time.monotonic() + seconds)

    def _pause(self, name: str) -> float:
        """Enter a request when its turn has come; else return how long to wait before the next look."""
        with self.place.exclusive() as state:
            now = time.monotonic()
            _forget(state, now)
            pause = max(state.hold - now, self._after_last(state, now), self._after_most(state, now))
            if pause <= 0:
                state.requests.append(Request(name, now))
            return pause

    def _after_last(self, state: State, now: float) -> float:
        return max((one.start + self.gap - now for one in state.requests), default=0.0)

    def _after_most(self, state: State, now: float) -> float:
        """Compute the seconds until one request fewer than the allowance counts within the last second."""
        over = len(state.requests) - self.most + 1
        if not self.most or over <= 0:
            return 0.0
        ends = sorted(one.end for one in state.requests if one.end)
        return ends[over - 1] + _SECOND - now if len(ends) >= over else _LOOK


def _forget(state: State, now: float) -> None:
    """Drop what counts no more, and times that cannot be: the machine was started anew since."""
    state.requests[:] = [one for one in state.requests if one.start <= now and _counts(one, now)]
    if state.hold > now + _LONGEST_HOLD:
        state.hold = 0.0


def _counts(one: Request, now: float) -> bool:
    return 0 <= now - one.end < _SECOND if one.end else now - one.start < _LOST


_limiters: dict[tuple[str, str, bool], Limiter] = {}
_registry = threading.Lock()


def limiter_for(host: str, key: str, gap: float | None = None) -> Limiter:
    """Return the one limiter of a host and key.

    Parameters
    ----------
    host, key
        Whom the server counts; ``key`` is ``""`` without one.
    gap
        Seconds between requests of this process, instead of NCBI's allowance, which all processes share.
    """
    with _registry:
        if gap is not None:
            limiter = _limiters.setdefault((host, key, False), Limiter(gap))
            limiter.gap = gap
            return limiter
        allowed, most = (WITH_KEY, MOST_WITH_KEY) if key else (WITHOUT_KEY, MOST_WITHOUT_KEY)
        place = SharedState(f"{host}-{'key' if key else 'open'}", OwnState())
        return _limiters.setdefault((host, key, True), Limiter(allowed, most, place))
