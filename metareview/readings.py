"""What was read, by the hash of the very bytes, so that nothing is written over what changed since."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from metareview.errors import FileError

ABSENT = ""  # the digest of a file that is not there


class Readings:
    """What was read so far.

    Attributes
    ----------
    digests : per absolute path, the SHA-256 of what was read; :data:`ABSENT` for a file that was not there
    """

    def __init__(self) -> None:
        self.digests: dict[Path, str] = {}

    def note(self, path: Path, digest: str) -> None:
        """Keep what was read of a file first.

        Raises
        ------
        FileError
            When it has changed since it was read a moment ago.
        """
        before = self.digests.setdefault(absolute(path), digest)
        if before != digest:
            raise changed_meanwhile([path])

    def renew(self, path: Path, digest: str) -> None:
        """Keep what was written in place of what was read."""
        self.digests[absolute(path)] = digest

    def changed(self) -> list[Path]:
        """Return the files that hold something else now than when they were read."""
        return [path for path, digest in self.digests.items() if digest_now(path) != digest]


_WATCHES: ContextVar[tuple[Readings, ...]] = ContextVar("_WATCHES", default=())


@contextmanager
def watching() -> Iterator[Readings]:
    """Remember what is read from here on; writes then refuse to cover what changed since."""
    readings = Readings()
    token = _WATCHES.set((*_WATCHES.get(), readings))
    try:
        yield readings
    finally:
        _WATCHES.reset(token)


def note_bytes(path: Path, raw: bytes) -> None:
    """Keep what was read of a file in every watch that is on."""
    if _WATCHES.get():
        note_digest(path, digest_of(raw))


def note_digest(path: Path, digest: str) -> None:
    """Keep the digest of what was read; :data:`ABSENT` for nothing."""
    for readings in _WATCHES.get():
        readings.note(path, digest)


def note_written(path: Path, digest: str) -> None:
    """Keep what was written in place of what was read."""
    for readings in _WATCHES.get():
        readings.renew(path, digest)


def expected_digest(path: Path) -> str | None:
    """Return the digest of what was read of a file; ``None`` when nobody has looked at it."""
    name = absolute(path)
    return next((r.digests[name] for r in reversed(_WATCHES.get()) if name in r.digests), None)


def absolute(path: Path) -> Path:
    """Return a path from the root on, its links unfollowed."""
    return Path(os.path.abspath(path))  # noqa: PTH100 -- Path.resolve would follow the links


def digest_of(raw: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def digest_now(path: Path) -> str:
    """Return the SHA-256 of a file as it is on the disk; :data:`ABSENT` when there is none.

    A folder has none either, but a text of its own: it is not the file that was read.
    """
    try:
        return digest_of(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except IsADirectoryError:
        return "a folder"
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def changed_meanwhile(paths: Sequence[Path]) -> FileError:
    """Return the refusal to write, or to answer, from files that somebody changed meanwhile."""
    return FileError(
        f"{path} was changed while metareview was at work on it; nothing was written. Run the command again."
        for path in paths
    )


def refuse_stale(*watched: Readings | None) -> None:
    """Refuse to go on with what was read when somebody has changed a file of it since.

    Raises
    ------
    FileError
        Naming every such file.
    """
    changed = [path for readings in watched if readings is not None for path in readings.changed()]
    if changed:
        raise changed_meanwhile(list(dict.fromkeys(changed)))
