"""Files: read as text whatever wrote them, written whole or not at all, one writer at a time."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from metareview.errors import FileError

MAX_BYTES = 512 * 1024 * 1024
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CONTROL_CEILING = 0x20
_BLANKS = frozenset("\t\n\r\f")


def read_bytes(path: str | Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    FileError
        When it is missing, a folder, unreadable or larger than 512 MiB.
    """
    path = Path(path)
    if path.is_dir():
        raise FileError(f"{path} is a folder; a file is needed here.")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileError(f"{path} is larger than {MAX_BYTES // 2**20} MiB, which no file of a review is.")
        return path.read_bytes()
    except FileNotFoundError:
        raise FileError(f"{path} does not exist.") from None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}.") from None


def read_text(path: str | Path) -> str:
    """Return a file's text: UTF-8 with or without a mark, UTF-16 with one, else Windows-1252.

    Raises
    ------
    FileError
        When the bytes are no text: control characters, or a broken encoding.
    """
    return decode(read_bytes(path), path)


def decode(raw: bytes, path: str | Path) -> str:
    """Turn bytes into text; see :func:`read_text`."""
    encodings = [name for mark, name in _BOMS if raw.startswith(mark)] or ["utf-8", "cp1252"]
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            text = raw.decode(encoding)
            if not _has_control(text):
                return text
    raise FileError(f"{path} is not text in an encoding that can be read; save it as UTF-8.")


def _has_control(text: str) -> bool:
    return any(ord(c) < _CONTROL_CEILING and c not in _BLANKS for c in set(text))


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(read_bytes(path)).hexdigest()


def write_atomically(path: str | Path, content: str | bytes) -> bool:
    """Write a file whole or not at all; leave it alone when it already says the same.

    Returns
    -------
    bool
        Whether anything was written.
    """
    path = Path(path)
    raw = content.encode("utf-8") if isinstance(content, str) else content
    try:
        if path.is_file() and path.read_bytes() == raw:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, raw)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}.") from None
    return True


def _replace(path: Path, raw: bytes) -> None:
    """Write beside the file, flush to the disk, then rename over it."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


@contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Hold a folder for one writer; a second one is told so, a crash leaves no lock behind.

    Raises
    ------
    FileError
        When another process holds it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+b") as file:
        if not _claim(file.fileno()):
            raise FileError(
                f"{folder} is being written by another metareview process; try again when it ends."
            )
        yield


def _claim(descriptor: int) -> bool:
    """Take an advisory lock that the operating system drops when the process ends."""
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
    except OSError:
        return False
    return True
