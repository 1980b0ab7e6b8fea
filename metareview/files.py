"""Files: read as text whatever wrote them, written whole or not at all.

What is read while a folder is locked is remembered (:mod:`metareview.readings`); a file that somebody
else changed since is never written over. While a journal is open (:mod:`metareview.journal`) writes
wait in it, and reads see them.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
import warnings
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from fnmatch import fnmatchcase
from pathlib import Path

from metareview.characters import has_control
from metareview.disk import claim, flush_folder, replace_if, write_all
from metareview.errors import FileError
from metareview.readings import (
    ABSENT,
    absolute,
    changed_meanwhile,
    digest_now,
    digest_of,
    expected_digest,
    note_bytes,
    note_digest,
    note_written,
)

MAX_BYTES = 512 * 1024 * 1024
TEMPORARY = ".metareview-"
_SHORT = 16  # digits of a digest in a name
_MARKED = re.compile(
    r"\.metareview-(?P<new>[0-9a-f]{16})-(?P<old>[0-9a-f]{16})-(?P<place>[0-9a-f]{16})"
    r"-(?P<chance>[0-9a-f]{12})\.tmp"
)
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SWEPT: set[Path] = set()

# the writes of the journal that is open, by absolute path; ``None`` for a file to be removed
PENDING: ContextVar[dict[Path, bytes | None] | None] = ContextVar("PENDING", default=None)


def why(error: Exception) -> str:
    """Return an operating system's refusal in its own words."""
    return getattr(error, "strerror", None) or str(error)


def file_status(path: str | Path) -> os.stat_result | None:
    """Return what the disk says of a path; ``None`` where there is nothing.

    Raises
    ------
    FileError
        When it cannot be told: a link that leads nowhere (a share that is not mounted), a forbidden
        folder, a name that no file can have.
    """
    path = Path(path)
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        _refuse_broken_way(path)
        return None
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read: {why(error)}.") from None


def _refuse_broken_way(path: Path) -> None:
    """Refuse a link, on the way to a file or in its place, that leads nowhere, and a file on the way."""
    for step in (path, *path.parents):
        if step != path and step.is_file():
            raise FileError(f"{step} is a file; a folder is needed here. Move the file away.")
        if step.is_symlink() and not step.exists():
            raise FileError(
                f"{step} is a link to {step.readlink()}, which is not there; mount the share it lies on, or "
                "remove the link."
            )


def is_there(path: str | Path) -> bool:
    """Check whether a file is there; see :func:`file_status` for what is refused."""
    path = Path(path)
    pending = PENDING.get() or {}
    if absolute(path) in pending:
        return pending[absolute(path)] is not None
    there = file_status(path) is not None
    if not there:
        note_digest(path, ABSENT)
    return there


def is_folder(path: str | Path) -> bool:
    """Check whether a folder is there.

    Raises
    ------
    FileError
        When something else stands in its place.
    """
    found = file_status(path)
    if found is None:
        return False
    if not stat.S_ISDIR(found.st_mode):
        raise FileError(f"{path} is a file; a folder is needed here. Move the file away.")
    return True


def files_in(folder: str | Path, pattern: str) -> list[Path]:
    """Return the files and folders in a folder whose names match, sorted; none where there is no folder.

    Unlike ``Path.glob`` it refuses a folder that cannot be read, rather than find nothing in it.
    """
    folder = Path(folder)
    if not is_folder(folder):
        return []
    try:
        return sorted(path for path in folder.iterdir() if fnmatchcase(path.name, pattern))
    except OSError as error:
        raise FileError(f"{folder} cannot be read: {why(error)}.") from None


def check_ordinary(path: str | Path) -> None:
    """Check that a file is one that can be read to its end.

    Raises
    ------
    FileError
        When it is missing, a folder, a pipe, a device, or larger than 512 MiB.
    """
    found = file_status(path)
    if found is None:
        raise FileError(f"{path} does not exist.")
    if stat.S_ISDIR(found.st_mode):
        raise FileError(f"{path} is a folder; a file is needed here.")
    if not stat.S_ISREG(found.st_mode):
        raise FileError(f"{path} is a pipe or a device; an ordinary file is needed here.")
    if found.st_size > MAX_BYTES:
        raise FileError(f"{path} is larger than {MAX_BYTES // 2**20} MiB, which no file of a review is.")


def read_bytes(path: str | Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    FileError
        When it is missing, no ordinary file, unreadable or larger than 512 MiB.
    """
    path = Path(path)
    pending = (PENDING.get() or {}).get(absolute(path))
    if pending is not None:
        return pending
    check_ordinary(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {why(error)}.") from None
    note_bytes(path, raw)
    return raw


def read_text(path: str | Path) -> str:
    """Return a file's text: UTF-8 with or without a mark, UTF-16 with one, else Windows-1252.

    Raises
    ------
    FileError
        When the bytes are no text: control characters, or a broken encoding.
    """
    return decode(read_bytes(path), path)


def decode(raw: bytes, path: str | Path) -> str:
    """Return bytes as text; see :func:`read_text`."""
    encodings = [name for mark, name in _BOMS if raw.startswith(mark)] or ["utf-8", "cp1252"]
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            text = raw.decode(encoding)
            if not has_control(text):
                return text
    raise FileError(f"{path} is not text in an encoding that can be read; save it as UTF-8.")


def encoded_as(text: str, raw: bytes) -> bytes:
    """Return a text in the encoding of the bytes that it was read from, with their mark."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if raw.startswith(mark):
            return mark + text.encode(encoding)
    with suppress(UnicodeDecodeError):
        raw.decode("utf-8")
        return text.encode("utf-8")
    return text.encode("cp1252", "replace")


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    return digest_of(read_bytes(path))


def write_atomically(path: str | Path, content: str | bytes) -> bool:
    """Write a file whole or not at all; leave it alone when it already says the same.

    A link is written through; a new file has the rights that the umask leaves.

    Returns
    -------
    bool
        Whether anything was written (or waits in the open journal).

    Raises
    ------
    FileError
        When the disk refuses, the link leads nowhere, or somebody changed the file since it was read.
    """
    path = Path(path)
    raw = content.encode("utf-8", "replace") if isinstance(content, str) else content
    if is_there(path) and read_bytes(path) == raw:
        sweep(through_link(path).parent)  # who was killed after the write may have left what stood there
        return False
    pending = PENDING.get()
    if pending is None:
        put(path, raw, expected_digest(path))
    else:
        pending[absolute(path)] = raw
    return True


def remove(path: str | Path) -> None:
    """Remove a file (with the other writes of the open journal, if there is one).

    Raises
    ------
    FileError
        When the disk refuses, or somebody changed the file since it was read.
    """
    path = Path(path)
    if not is_there(path):
        return
    pending = PENDING.get()
    if pending is not None:
        read_bytes(path)  # its digest is noted, so that a later edit is not lost with it
        pending[absolute(path)] = None
        return
    if expected_digest(path) not in (None, digest_now(path)):
        raise changed_meanwhile([path])
    unlink(path)
    note_written(path, ABSENT)


def unlink(path: Path) -> None:
    """Remove a file at once, and on the disk."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"{path} cannot be removed: {why(error)}.") from None
    flush_folder(path.parent)


def put(path: Path, raw: bytes, expected: str | None = None) -> None:
    """Write bytes in place of a file, at once and on the disk.

    Parameters
    ----------
    path, raw
        Where, and what.
    expected
        The digest of what it may replace (:data:`~metareview.readings.ABSENT`: nothing); ``None`` for
        anything.
    """
    target = through_link(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        _replace(target, raw, expected)
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be written: {why(error)}.") from None
    note_written(path, digest_of(raw))


def through_link(path: Path) -> Path:
    """Return where a write goes: to the end of a link, so that the link stays one."""
    file_status(path)
    return path.resolve() if path.is_symlink() else path


def put_staged(path: Path, staged: Path, expected: str) -> None:
    """Move a file that is on the disk already into the place of another; no further room is needed."""
    target = through_link(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent.stat().st_dev != staged.parent.stat().st_dev:
            put(path, staged.read_bytes(), expected)
            return
        if target.exists():
            staged.chmod(target.stat().st_mode & 0o777)
        _into_place(staged, target, expected)
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be written: {why(error)}.") from None
    flush_folder(target.parent)


def _replace(path: Path, raw: bytes, expected: str | None) -> None:
    """Write beside the file, flush to the disk, then put it in the file's place."""
    temporary = path.parent / f"{TEMPORARY}{os.urandom(6).hex()}.tmp"
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        try:
            with suppress(OSError):
                claim(descriptor)  # so that nobody sweeps it while it is written
            write_all(descriptor, raw)
            if path.exists():
                temporary.chmod(path.stat().st_mode & 0o777)
            if os.name == "posix":
                temporary = _marked(temporary, path, raw, expected)
                _into_place(temporary, path, expected)
        finally:
            os.close(descriptor)
        if os.name != "posix":  # Windows moves no open file
            _into_place(temporary, path, expected)
    finally:
        _discard(temporary)
    flush_folder(path.parent)


def _marked(temporary: Path, path: Path, raw: bytes, expected: str | None) -> Path:
    """Write into the name of a whole temporary file what it holds, what it replaces, and where.

    When the process dies once the two have changed places, the next can tell what somebody saved at that
    moment from what was to be replaced.
    """
    if not expected:
        return temporary
    parts = (digest_of(raw)[:_SHORT], expected[:_SHORT], _place(path))
    chance = temporary.name.removeprefix(TEMPORARY)
    return temporary.rename(temporary.with_name(f"{TEMPORARY}{'-'.join(parts)}-{chance}"))


def _place(path: Path) -> str:
    return digest_of(os.fsencode(path.name))[:_SHORT]


def _discard(temporary: Path) -> None:
    """Remove a temporary file of ours; what somebody saved at the moment of a write goes back."""
    found = _MARKED.fullmatch(temporary.name)
    with suppress(OSError, FileError):
        known = (ABSENT, found["new"], found["old"]) if found else ()
        if found and digest_now(temporary)[:_SHORT] not in known:
            _give_back(temporary, found)
        else:
            temporary.unlink()


def _give_back(temporary: Path, found: re.Match[str]) -> None:
    """Let a save and the file that took its place change back; where that is not ours, keep the save beside.

    Warns
    -----
    UserWarning
        When it stays beside: somebody saved the file once more, or took it away.
    """
    named = [path for path in temporary.parent.iterdir() if _place(path) == found["place"]]
    if named and replace_if(temporary, named[0], lambda there: digest_now(there)[:_SHORT] == found["new"]):
        temporary.unlink()
        return
    name = named[0].name if named else "file"
    beside = temporary.with_name(f"{name}.saved-{found['chance']}")
    temporary.rename(beside)
    message = f"{name} was saved while a command wrote it, and changed since; that save is kept as {beside}"
    warnings.warn(message, stacklevel=2)


def _into_place(temporary: Path, path: Path, expected: str | None) -> None:
    """Move a written file into place, unless somebody changed what stands there."""
    if expected is None:
        temporary.replace(path)
    elif not replace_if(temporary, path, lambda there: digest_now(there) == expected):
        raise changed_meanwhile([path])


def sweep_tree(folder: Path) -> None:
    """Remove what killed processes of ours left half written in a folder and in those under it."""
    for at, _, _ in os.walk(folder):
        sweep(Path(at), again=True)


def sweep(folder: Path, *, again: bool = False) -> None:
    """Remove what a killed process of ours left half written in a folder; nobody else's files.

    Each process looks through a folder once, unless it is asked to look again.
    """
    folder = absolute(folder)  # "." is another folder after a change of directory
    if folder in _SWEPT and not again:
        return
    _SWEPT.add(folder)
    with suppress(OSError):
        for path in folder.iterdir():
            if path.name.startswith(TEMPORARY) and path.suffix == ".tmp":
                _remove_if_dead(path)


def _remove_if_dead(path: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
        try:
            dead = claim(descriptor)
        finally:
            os.close(descriptor)
        if dead:
            _discard(path)


def append_whole(path: str | Path, settle: Callable[[bytes], tuple[int, bytes]]) -> None:
    """Add to a file that only grows: all of it is on the disk afterwards, or none.

    Parameters
    ----------
    path
        The file; made when it is not there.
    settle
        Given the bytes so far, returns how many of them stay and what follows them.

    Raises
    ------
    FileError
        When the disk takes less than all of it, or another process is adding at this moment.
    """
    path = Path(path)
    target, new = through_link(path), not is_there(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), 0o666)
        try:
            _append(descriptor, settle, path)
        except BaseException:
            if new and os.fstat(descriptor).st_size == 0:
                target.unlink()
            raise
        finally:
            os.close(descriptor)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {why(error)}; nothing was added to it.") from None
    if new:
        flush_folder(target.parent)


def _append(descriptor: int, settle: Callable[[bytes], tuple[int, bytes]], path: Path) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise FileError(f"{path} is a pipe or a device; an ordinary file is needed here.")
    if not claim(descriptor):
        raise FileError(f"{path} is being written by another metareview process; try again when it ends.")
    with os.fdopen(os.dup(descriptor), "rb") as file:
        before = file.read()
    kept, addition = settle(before)
    try:
        _write_behind(descriptor, kept, addition)
    except BaseException:
        with suppress(OSError):
            _write_behind(descriptor, kept, before[kept:])
        raise


def _write_behind(descriptor: int, start: int, raw: bytes) -> None:
    os.ftruncate(descriptor, start)
    os.lseek(descriptor, start, os.SEEK_SET)
    write_all(descriptor, raw)


def refuse_link(folder: str | Path) -> None:
    """Refuse a folder that is a link: what is made there would land somewhere else."""
    folder = Path(folder)
    if folder.is_symlink():
        raise FileError(
            f"{folder} is a link to {folder.readlink()}; nothing is written through it. Remove the link; "
            "the folder is made anew."
        )
