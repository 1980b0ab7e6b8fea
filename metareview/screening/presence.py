"""Who is at work: a hidden file per reviewer, held while a sitting is open, let go when its process ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from metareview.disk import claim
from metareview.errors import FileError
from metareview.files import is_folder, why
from metareview.names import person_key


@contextmanager
def present(folder: str | Path, reviewer: str) -> Iterator[bool]:
    """Report that a reviewer is at work, and whether no other window did so before.

    Parameters
    ----------
    folder
        ``screened/REVIEW``.
    reviewer
        Whose file takes the decisions; capitals do not count.

    Raises
    ------
    FileError
        When the folder cannot be written.
    """
    path = Path(folder) / f".{person_key(reviewer)}.sitting"
    new = not is_folder(folder)
    descriptor, alone = _held(path)
    try:
        yield alone
    finally:
        if alone:
            with suppress(OSError):
                path.unlink()
        os.close(descriptor)
        if new:
            with suppress(OSError):  # decisions lie in it
                path.parent.rmdir()


def _held(path: Path) -> tuple[int, bool]:
    """Open the file and hold it, if nobody does; one that its last holder removes meanwhile is made anew."""
    while True:
        descriptor = _opened(path)
        try:
            free = claim(descriptor)
        except OSError:  # a disk without locks: nobody can be seen there
            return descriptor, True
        with suppress(FileNotFoundError):
            if not free or os.fstat(descriptor).st_ino == path.stat().st_ino:
                return descriptor, free
        os.close(descriptor)


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o666)
    except (OSError, ValueError) as error:
        raise FileError(f"{path.parent} cannot be written: {path.name} ({why(error)}).") from None
