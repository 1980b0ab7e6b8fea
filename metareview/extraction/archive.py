"""A workbook is a zip archive from somebody else: opened only when it can do no harm."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from metareview.errors import ExtractionError
from metareview.files import read_bytes

MAX_MEMBERS = 2_000
MAX_UNPACKED = 256 * 1024 * 1024
_CHUNK = 1 << 20
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.I)
_UTF16_DOCTYPE = tuple("<!DOCTYPE".encode(codec) for codec in ("utf-16-le", "utf-16-be"))
_FORBIDDEN = (
    ("vbaproject.bin", "it holds macros; save it as a workbook without them (.xlsx)"),
    ("externallinks/", "it is linked to other files; break the links and save it again"),
    ("embeddings/", "it holds embedded files; remove them and save it again"),
    ("activex/", "it holds controls that run code; remove them and save it again"),
    ("connections.xml", "it is connected to outside data; remove the connection and save it again"),
)


def safe_archive(path: str | Path) -> io.BytesIO:
    """Return a workbook's bytes, ready to be parsed, when nothing in it can do harm.

    Raises
    ------
    ExtractionError
        When it is no workbook, is damaged, unpacks to too much, or holds macros, links to other
        files, embedded objects or a document type declaration.
    """
    raw = read_bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            problems = list(_problems(archive))
    except MemoryError:
        raise
    except Exception as error:  # a damaged archive makes zipfile and its decompressors raise nearly anything
        raise ExtractionError(f"{path} is no workbook that can be read: {_words(error)}.") from None
    if problems:
        raise ExtractionError([f"{path} is refused: {problem}." for problem in problems])
    return io.BytesIO(raw)


def _words(error: Exception) -> str:
    if "password" in str(error):
        return "it is locked with a password"
    return "it is damaged, or not an .xlsx file"


def _problems(archive: zipfile.ZipFile) -> Iterator[str]:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        yield f"it holds {len(members)} parts, more than any workbook of a review"
        return
    names = [member.filename.casefold() for member in members]
    if "[content_types].xml" not in names:
        yield "it is a zip file, but not a workbook"
        return
    for part, why in _FORBIDDEN:
        if any(part in name for name in names):
            yield why
    yield from _unpacked_problems(archive, members)


def _unpacked_problems(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Iterator[str]:
    """Unpack without keeping: sizes that the archive declares are not believed."""
    unpacked = 0
    for member in members:
        tail = b""
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                unpacked += len(chunk)
                if unpacked > MAX_UNPACKED:
                    yield f"it unpacks to more than {MAX_UNPACKED // 2**20} MiB"
                    return
                if _declares_type(tail + chunk):
                    yield f"{member.filename} declares a document type, which no workbook needs"
                    return
                tail = chunk[-32:]


def _declares_type(data: bytes) -> bool:
    return bool(_DOCTYPE.search(data)) or any(mark in data for mark in _UTF16_DOCTYPE)
