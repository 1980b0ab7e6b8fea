"""The real command line in a forked process, with something done at one of its file operations.

A fork after the imports is some fifty times as fast as a new interpreter, so that every operation of
every command can be tried.
"""

from __future__ import annotations

import errno
import gc
import os
import pickle
import pkgutil
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import metareview
from metareview.readings import absolute
from metareview.screening import log

_AUDITED = {
    "open",
    "os.chmod",
    "os.link",
    "os.listdir",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.scandir",
    "os.symlink",
    "os.truncate",
}
_WRAPPED = ("fsync", "ftruncate")
_EXCHANGES = ("renameat2", "renamex_np")  # looked up in the C library immediately before each call
# what a full disk refuses: more bytes, and new names
_ROOM = {"create", "fsync", "link", "mkdir", "rename", "rest", "write"}
_LOOKS = {"open", "listdir", "scandir"}
_HEAVY = (
    "forestplot",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "openpyxl",
    "rich.progress",
    "rich.table",
    "statsmodels.stats.inter_rater",
    "xlsxwriter",
)
TRACEBACK, KILLED = 70, 137


@dataclass(frozen=True)
class Operation:
    """One file operation of a command, before it is done.

    Attributes
    ----------
    number : from 1 on
    kind : what is done; ``rest`` is the second half of a write, ``create`` an open that makes a file,
        ``rename`` one to a new name, ``replace`` one over a file, ``exchange`` either in one step
    path : of what
    size : bytes of a write
    """

    number: int
    kind: str
    path: str
    size: int = 0

    @property
    def needs_room(self) -> bool:
        """Say whether a full disk can refuse it."""
        return self.kind in _ROOM


# told of each operation before it is done; for a write it may return how many bytes the disk takes
Act = Callable[[Operation], int | None]


@dataclass(frozen=True)
class Done:
    """What became of a command.

    Attributes
    ----------
    code : exit code; 70 for a traceback
    out, err : what it printed
    told : what the act kept
    operations : how many there were
    """

    code: int
    out: str
    err: str
    operations: int = 0
    told: list[Any] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Say whether it ended as a refusal must: with an ``error:`` line."""
        return self.code == 1 and any(line.startswith("error: ") for line in self.err.splitlines())


@cache
def warm_up() -> None:
    """Import everything that commands import, so that forked ones need not."""
    for module in pkgutil.walk_packages(metareview.__path__, "metareview."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    for name in _HEAVY:
        import_module(name)
    log.PATIENCE = 0.1  # of two at once, one holds still until the other has ended
    gc.collect()
    gc.freeze()  # so that forked processes do not copy what they only look through


def run(
    root: Path,
    words: tuple[str, ...],
    *,
    keys: str = "",
    environment: Mapping[str, str] | None = None,
    act: Act | None = None,
    told: list[Any] | None = None,
    side: str = "side",
) -> Done:
    """Run ``metareview WORDS`` in a folder.

    Parameters
    ----------
    root
        The project's folder; only operations on files under it are counted.
    words
        The command line.
    keys
        The standard input.
    environment
        Variables to be set.
    act
        Told of each operation before it is done.
    told
        What the act fills; it comes back with the answer.
    side
        The folder, beside the project's, for what is printed.
    """
    warm_up()
    aside = root.parent / side
    aside.mkdir(exist_ok=True)
    (aside / "in").write_text(keys)
    (aside / "told").write_bytes(b"")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside the threads of the test runner
        child = os.fork()
    if child == 0:
        _in_child(
            root, words, aside, environment or {}, _Watch(root.resolve(), act, [] if told is None else told)
        )
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    kept = (aside / "told").read_bytes()
    operations, found = pickle.loads(kept) if kept else (0, [])
    return Done(
        code, (aside / "out").read_text("utf-8"), (aside / "err").read_text("utf-8"), operations, found
    )


class _Watch:
    """Counts the operations under a folder, and lets the act know of each."""

    def __init__(self, root: Path, act: Act | None, told: list[Any]) -> None:
        self.root, self.act, self.told = str(root), act, told
        self.number = 0
        self.off = False

    def start(self) -> None:
        sys.addaudithook(self._audit)
        for name in _WRAPPED:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        os.write = self._written(os.write)

    def tell(self, kind: str, path: str, size: int = 0) -> int | None:
        if self.off or not (path == self.root or path.startswith(self.root + os.sep)):
            return None
        self.number += 1
        if self.act is None:
            return None
        self.off = True
        try:
            return self.act(Operation(self.number, kind, path, size))
        finally:
            self.off = False

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if self.off:
            return
        if event == "ctypes.dlsym" and args[1] in _EXCHANGES:
            self.tell("exchange", self.root)
        elif event in _AUDITED and isinstance(args[0], str | bytes | os.PathLike):
            path = str(absolute(Path(os.fsdecode(args[0]))))
            self.tell(_kind(event, path, args), path)

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(descriptor: int, *args: Any) -> Any:
            self.tell(name, _path_of(descriptor))
            return real(descriptor, *args)

        return stepped

    def _written(self, real: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
        def write(descriptor: int, raw: Any) -> int:
            path = _path_of(descriptor) if descriptor > 2 else ""
            room = self.tell("write", path, len(raw))
            if room is not None or not path:
                return real(descriptor, raw if room is None else raw[:room])
            half = len(raw) // 2
            done = real(descriptor, raw[:half]) if half else 0
            self.tell("rest", path, len(raw) - half)
            return done + real(descriptor, raw[half:])

        return write


def _kind(event: str, path: str, args: tuple[Any, ...]) -> str:
    if event == "os.rename" and os.path.lexists(args[1]):
        return "replace"
    if event == "os.mkdir" and os.path.lexists(path):
        return "mkdir again"
    if event != "open":
        return event.removeprefix("os.")
    makes = (args[2] or 0) & os.O_CREAT or set(args[1] or "") & set("wax")
    return "create" if makes and not os.path.lexists(path) else "open"


def _path_of(descriptor: int) -> str:
    with suppress(OSError):
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    return ""


def _in_child(
    root: Path, words: tuple[str, ...], side: Path, environment: Mapping[str, str], watch: _Watch
) -> None:
    code = TRACEBACK
    try:
        _redirect(side)
        os.chdir(root)
        os.environ.update(environment)
        sys.argv, sys.dont_write_bytecode = ["metareview", *words], True
        warnings.resetwarnings()
        gc.disable()
        watch.start()
        code = _main()
        watch.off = True
        (side / "told").write_bytes(pickle.dumps((watch.number, watch.told)))
    except BaseException:
        watch.off = True
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _main() -> int:
    from metareview.cli import main

    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def _redirect(side: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for descriptor, name, how in ((0, "in", os.O_RDONLY), (1, "out", flags), (2, "err", flags)):
        opened = os.open(side / name, how, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = os.fdopen(0, "r", encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


def full_from(number: int) -> Act:
    """Return the act of a disk that is full from an operation on; a write there is cut short first."""

    def act(operation: Operation) -> int | None:
        if operation.number < number or not operation.needs_room:
            return None
        if operation.number == number and operation.kind == "write" and operation.size > 1:
            return operation.size // 2
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), operation.path)

    return act


def refused_at(number: int, code: int, *, on: bool) -> Act:
    """Return the act of a disk that refuses an operation, and all that follow which write when ``on``."""

    def act(operation: Operation) -> None:
        later = on and operation.number > number and operation.kind not in _LOOKS
        if operation.number == number or later:
            raise OSError(code, os.strerror(code), operation.path)

    return act


def at(number: int, do: Callable[[], None]) -> Act:
    """Return the act that does something once, before an operation."""

    def act(operation: Operation) -> None:
        if operation.number == number:
            do()

    return act


def die_at(number: int) -> Act:
    """Return the act of a process that is killed before an operation."""
    return at(number, lambda: os._exit(KILLED))
