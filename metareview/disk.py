"""What operating systems do each in their own way: exchange files, lock them, flush a folder."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

_AT_FDCWD = -100
_EXCHANGE = {"linux": 2, "darwin": 2}
_NEW_ONLY = {"linux": 1, "darwin": 4}


def replace_if(new: Path, path: Path, fits: Callable[[Path], bool]) -> bool:
    """Put ``new`` in the place of ``path`` when what stands there fits.

    Linux and macOS can let two files change places in one step, so that what somebody saved at the
    last moment is held, looked at, and put back. Elsewhere the look comes immediately before the step.

    Parameters
    ----------
    new
        A file in the same folder; when the two change places, it holds what stood at ``path``.
    path
        Where it goes; nothing need be there.
    fits
        Told the path of what is there (or of nothing), says whether it may be replaced.

    Returns
    -------
    bool
        ``False`` when it did not fit: ``path`` is then as it was.
    """
    if not fits(path):
        return False
    if not path.exists():
        return _link_new(new, path)
    if not _exchange(new, path):
        new.replace(path)
        return True
    fitted = False
    try:
        fitted = fits(new)
    finally:  # also when it cannot be told: what was held goes back, over ours if need be
        if not fitted and not _exchange(new, path) and new.exists():
            new.replace(path)
    return fitted


def _link_new(new: Path, path: Path) -> bool:
    """Move a new file to its name, unless one of that name has come meanwhile."""
    if _rename(new, path, _NEW_ONLY):
        return True
    try:
        os.link(new, path)
    except FileExistsError:
        return False
    except OSError:  # a disk without hard links
        new.replace(path)
        return True
    new.unlink()
    return True


def _exchange(one: Path, other: Path) -> bool:
    """Let two files change places in one step; ``False`` where the system or the disk cannot."""
    return _rename(one, other, _EXCHANGE)


def _rename(one: Path, other: Path, how: Mapping[str, int]) -> bool:
    """Rename in one step, in a way that Python has no function for; ``False`` where it cannot be done."""
    names = os.fsencode(one), os.fsencode(other)
    try:
        system = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(system.renamex_np(*names, how["darwin"]) == 0)
        return bool(system.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], how["linux"]) == 0)
    except (AttributeError, OSError, TypeError):
        return False


def claim(descriptor: int) -> bool:
    """Take an advisory lock that the operating system drops when the process ends; ``False`` when it is held.

    Raises
    ------
    OSError
        When the disk knows no locks.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


def flush_folder(folder: Path) -> None:
    """Make the names in a folder last through a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_all(descriptor: int, raw: bytes) -> None:
    """Write all bytes at the place a file stands at and flush them; what a write leaves is written next."""
    left = memoryview(raw)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)
