"""What all processes of a person know of their requests: a small file, locked for the moment of a change.

Where there is no such place (unwritable, a link, somebody else's) each process keeps its own state. The
operating system drops the lock of a process that ends, and what is in the file ages by itself: a crash
leaves nothing that holds anybody up.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Protocol

_PATIENCE = 2.0  # for a lock that others hold for less than a millisecond
_SIZE = 65_536
_LOCKED_BYTE = 1 << 30  # far behind the text, which Windows would not let others read


@dataclass(slots=True)
class Request:
    """One request: when it set out, and when it was over (0 while it is under way)."""

    name: str
    start: float
    end: float = 0.0


@dataclass(slots=True)
class State:
    """The requests of late, and until when nobody may ask; times of the clock that all processes share."""

    requests: list[Request] = field(default_factory=list)
    hold: float = 0.0

    def end(self, name: str, now: float) -> None:
        """Note that a request is over."""
        for one in self.requests:
            if one.name == name:
                one.end = now


class _Own(Protocol):
    def exclusive(self) -> AbstractContextManager[State]: ...


class SharedState:
    """A state in a file that all processes of a person share.

    Parameters
    ----------
    name
        Of the host, and whether a key is used.
    own
        The state of this process, for when there is no place for a file.
    """

    def __init__(self, name: str, own: _Own) -> None:
        self._name, self._own = re.sub(r"[^A-Za-z0-9.-]", "_", name)[:100], own

    @contextmanager
    def exclusive(self) -> Iterator[State]:
        """Read the state for one caller of all processes; what the caller changed is kept."""
        with ExitStack() as stack:
            try:
                descriptor = stack.enter_context(_opened(shared_folder() / f"{self._name}.json"))
                state = _read(descriptor)
            except OSError:
                descriptor, state = -1, stack.enter_context(self._own.exclusive())
            yield state
            if descriptor >= 0:
                _write(descriptor, state)


def shared_folder() -> Path:
    """Return a folder that is this person's alone, made if it is not there.

    Raises
    ------
    OSError
        When there is none: it cannot be written, is a link, or others may write to it.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    owner = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(runtime) / "metareview" if runtime else Path(tempfile.gettempdir()) / f"metareview-{owner}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    private = found.st_uid == owner and not found.st_mode & 0o077
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and not private):
        raise PermissionError(f"{folder} is not this person's alone")
    return folder


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise PermissionError(f"{path} is no file")
        _lock(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Take the lock; a process that was stopped while it had it is not waited for without end."""
    until = time.monotonic() + _PATIENCE
    while not _claimed(descriptor):
        if time.monotonic() > until:
            raise TimeoutError("the lock is held for too long")
        time.sleep(0.002)


def _claimed(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return _claimed_on_windows(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _claimed_on_windows(descriptor: int) -> bool:
    import msvcrt

    os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    return True


def _read(descriptor: int) -> State:
    """Read the state; one that cannot be read counts as empty."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        held = json.loads(os.read(descriptor, _SIZE))
        requests = [Request(str(r["name"]), _time(r["start"]), _time(r["end"])) for r in held["requests"]]
        return State(requests, _time(held["hold"]))
    except (ValueError, KeyError, TypeError):
        return State()


def _time(value: object) -> float:
    if not isinstance(value, int | float) or not isfinite(value):
        raise ValueError("no time")
    return float(value)


def _write(descriptor: int, state: State) -> None:
    """Write the state; a disk that is full costs the sharing, not the search."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(asdict(state)).encode())
    except OSError:
        return
