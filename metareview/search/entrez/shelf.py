"""Replies kept on the disk as received: what is there is not asked for again."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lxml import etree

from metareview.archives import unpack_gzip
from metareview.errors import FileError
from metareview.files import is_there, read_bytes, remove, write_atomically
from metareview.search.entrez.client import Asked
from metareview.search.entrez.replies import ReplyError, parsed

T = TypeVar("T")


def kept_or_asked(path: Path, read: Callable[[etree._Element], T], ask: Callable[[], Asked[T]]) -> T:
    """Read the reply that is kept; ask, and keep the reply, when there is none or it is no answer.

    Parameters
    ----------
    path
        Where the reply is kept, compressed.
    read
        Reads a reply; raises :class:`ReplyError` when it is not what was asked for.
    ask
        Asks the service.
    """
    kept = _kept(path)
    if kept is not None:
        try:
            return read(parsed(kept))
        except ReplyError:
            remove(path)
    asked = ask()
    # no time inside, so that the same reply is the same file
    write_atomically(path, gzip.compress(asked.raw, compresslevel=6, mtime=0))
    return asked.value


def _kept(path: Path) -> bytes | None:
    """Read a reply; one that is damaged is removed, one that the disk does not give is refused."""
    if not is_there(path):
        return None
    raw = read_bytes(path)
    try:
        return unpack_gzip(raw, path)
    except FileError:
        remove(path)
        return None
