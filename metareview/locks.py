"""One writer at a time: a folder is locked while it is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from metareview.disk import claim
from metareview.errors import FileError
from metareview.files import is_folder, sweep_tree, why
from metareview.journal import settle_journal
from metareview.readings import Readings, absolute, watching

_NO_FILE = "{} is no ordinary file; remove it and run the command again."
_PAUSE = 0.01


class HeldError(FileError):
    """Another process holds the folder."""


@contextmanager
def locked(folder: str | Path, *, patience: float = 0) -> Iterator[Readings]:
    """Hold a folder for one writer; a second one is told so, a crash leaves no lock behind.

    What a killed command left is settled first: half-written files are removed, a journal that was
    complete is carried out. What is read meanwhile is remembered, so that no write covers what somebody
    changed since.

    Parameters
    ----------
    folder
        What is to be written; made when it is not there.
    patience
        Seconds to wait for another process that holds it.

    Raises
    ------
    FileError
        When another process holds it, or it cannot be written.
    """
    folder = absolute(Path(folder))
    new = not is_folder(folder)
    descriptor = _wait_for_lock(folder, patience)
    try:
        sweep_tree(folder)
        settle_journal(folder)
        with watching() as readings:
            yield readings
    finally:
        if new:
            _remove_if_unused(folder)
        os.close(descriptor)


def _remove_if_unused(folder: Path) -> None:
    """Leave no empty folder behind when nothing was written."""
    with suppress(OSError):
        if [path.name for path in folder.iterdir()] == [".lock"]:
            (folder / ".lock").unlink()
            folder.rmdir()


def _wait_for_lock(folder: Path, patience: float) -> int:
    end = monotonic() + patience
    while True:
        try:
            return _open_lock(folder)
        except HeldError:
            if monotonic() >= end:
                raise
        sleep(_PAUSE)


def _open_lock(folder: Path) -> int:
    """Open and claim a folder's lock file."""
    path = folder / ".lock"
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, flags, 0o666)
    except (OSError, ValueError) as error:
        if path.is_symlink() or path.is_dir():
            raise FileError(_NO_FILE.format(path)) from None
        raise FileError(f"{folder} cannot be written: {path} cannot be opened ({why(error)}).") from None
    try:
        _claim_file(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _claim_file(descriptor: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise FileError(_NO_FILE.format(path))
    try:
        free = claim(descriptor) and os.fstat(descriptor).st_ino == path.stat().st_ino
    except FileNotFoundError:
        free = False
    except OSError as error:
        raise FileError(f"{path.parent} cannot be held for one writer: {why(error)}.") from None
    if not free:
        raise HeldError(
            f"{path.parent} is being written by another metareview process; try again when it ends."
        )
