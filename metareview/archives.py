"""Packed files from somebody else (gzip, workbooks): unpacked only as far as they can do no harm.

What an archive says of itself is not believed. It is unpacked a piece at a time and counted; what goes
beyond the bounds is refused in a sentence, before anything is parsed.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast
from xml.parsers import expat

from metareview.errors import FileError
from metareview.files import check_ordinary, why

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

MIB = 1 << 20
MAX_GZIP = 128 * MIB
MAX_MEMBERS = 2_000
MAX_RATIO = 300  # a sheet of equal rows reaches 60, a bomb 1,000
MAX_ROWS = 1_048_576
MAX_COLUMNS = 1_024
MAX_DEPTH = 64
MAX_OTHER = 250_000  # elements outside of tables: formats (Excel allows 65,490), merged cells, names
MAX_CHILDREN = 16_384  # cells of one row; what stands nearer to the root may be more
_SMALL = 8 * MIB  # so little may be packed as well as it likes
_TEXT = MIB  # a cell holds 32,767 characters
_CHUNK = MIB
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_ENTRY = b"PK\x01\x02"
_OLE, _ENCRYPTED = b"\xd0\xcf\x11\xe0", 1  # how Office wraps a locked workbook, and zip a locked part
_LOCKED = "it is locked with a password, or in the old .xls form; save it as .xlsx without a password"
_NO_XLSX = "it is damaged, or not an .xlsx file"
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.I)
_UTF16_DOCTYPE = tuple("<!DOCTYPE".encode(codec) for codec in ("utf-16-le", "utf-16-be"))
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# what may be long in a part, by the part's root: its table; all of it where it is not parsed
_LONG = {"worksheet": "sheetData", "sst": "si", "comments": "", "pivotCacheRecords": "", "xml": ""}
_ACTIVE = (
    ("vbaproject.bin", "it holds macros; save it as a workbook without them (.xlsx)"),
    ("externallinks/", "it is linked to other files; break the links and save it again"),
    ("embeddings/", "it holds embedded files; remove them and save it again"),
    ("activex/", "it holds controls that run code; remove them and save it again"),
    ("connections.xml", "it is connected to outside data; remove the connection and save it again"),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a workbook may hold.

    Attributes
    ----------
    unpacked : bytes of all its parts
    elements : of all its parts; a filled cell is two or three
    active : whether macros, links to other files and embedded files may be in it (they are never run)
    """

    unpacked: int
    elements: int
    active: bool


EXTRACTION = Bounds(256 * MIB, 3_000_000, active=False)
RECORDS = Bounds(512 * MIB, 6_000_000, active=True)


class _RefusedError(Exception):
    """Half a sentence: why an archive is not read."""


def unpack_gzip(raw: bytes, name: str | Path, most: int = MAX_GZIP) -> bytes:
    """Return what is packed in gzip.

    Raises
    ------
    FileError
        When it is damaged, unpacks to more than ``most`` bytes, or holds a packed file again.
    """
    with _gzip_faults(name, ""):
        stream = _Counted(gzip.GzipFile(fileobj=io.BytesIO(raw)), most)
        out = io.BytesIO()
        while chunk := stream.read(_CHUNK):
            out.write(chunk)
        return out.getvalue()


@contextmanager
def open_gzip(path: str | Path, most: int = MAX_GZIP) -> Iterator[IO[bytes]]:
    """Open a file that is packed in gzip, to be read a piece at a time; see :func:`unpack_gzip`."""
    check_ordinary(path)
    with _gzip_faults(path, "; restore it from a copy"), gzip.open(path) as packed:
        yield cast(IO[bytes], _Counted(packed, most))


@contextmanager
def _gzip_faults(name: str | Path, way_out: str) -> Iterator[None]:
    try:
        yield
    except _RefusedError as refusal:
        raise FileError(f"{name} is refused: {refusal}.") from None
    except (OSError, EOFError, zlib.error) as error:
        if getattr(error, "errno", None):  # the disk's refusal, which says nothing of what the file holds
            raise FileError(f"{name} cannot be read: {why(error)}.") from None
        raise FileError(f"{name} is damaged and cannot be unpacked{way_out}.") from None


class _Counted:
    """A packed stream that is read up to a bound, and not when it is packed twice."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, most: int) -> None:
        self._stream, self._most, self._read = stream, most, 0

    def read(self, size: int = -1) -> bytes:
        left = self._most - self._read + 1
        data = self._stream.read(left if size < 0 else min(size, left))
        if not self._read and data.startswith((_GZIP, _ZIP)):
            raise _RefusedError("it is packed twice")
        self._read += len(data)
        if self._read > self._most:
            raise _RefusedError(f"it unpacks to more than {self._most // MIB} MiB")
        return data


def open_workbook(raw: bytes, name: str | Path, bounds: Bounds, *, data_only: bool = False) -> Workbook:
    """Open a workbook when nothing in it can do harm; its cells are read as they are asked for.

    Parameters
    ----------
    raw
        The bytes of the file.
    name
        What messages call it.
    bounds
        How much it may hold.
    data_only
        Whether a formula is read as its last result, and not as a formula.

    Raises
    ------
    FileError
        All that is wrong with it: it is no workbook, is damaged, unpacks to too much, has too many cells, is
        nested, overlaps itself, declares a document type, or holds macros, links or embedded files.
    """
    from openpyxl import load_workbook

    _check_workbook(raw, name, bounds)
    try:
        with warnings.catch_warnings(action="ignore"):
            return load_workbook(io.BytesIO(raw), read_only=True, data_only=data_only, keep_links=False)
    except MemoryError:
        raise
    except Exception as error:  # a damaged file makes openpyxl raise nearly anything
        raise FileError(_damaged(name, error)) from None


def _damaged(name: str | Path, error: Exception) -> str:
    return f"{name} is damaged and cannot be read as a workbook ({type(error).__name__}); save it again."


def tab_rows(tab: Any, where: str) -> Iterator[tuple[Any, ...]]:
    """Yield the cells of a tab row by row: those that are there, whatever size the tab declares.

    Parameters
    ----------
    tab
        Of a workbook of :func:`open_workbook`.
    where
        What messages call it.

    Raises
    ------
    FileError
        When there are more rows or columns than a sheet of a review has, or the tab is damaged.
    """
    tab.reset_dimensions()
    rows, line = tab.iter_rows(), 0
    while some := _next(rows, where):
        for cells in some:
            line += 1
            _check_extent(line, len(cells), where)
            yield cells


def _next(rows: Iterator[tuple[Any, ...]], where: str) -> list[tuple[Any, ...]]:
    try:
        with warnings.catch_warnings(action="ignore"):
            return list(islice(rows, 100))
    except MemoryError:
        raise
    except Exception as error:  # as above: damage inside one tab
        raise FileError(_damaged(where, error)) from None


def _check_extent(line: int, columns: int, where: str) -> None:
    if line > MAX_ROWS:
        raise FileError(f"{where} has a row beyond {MAX_ROWS:,}, where a spreadsheet ends; save it again.")
    if columns > MAX_COLUMNS:
        raise FileError(
            f"{where}, row {line}: there is a cell in column {columns:,}; no sheet of a review has more than "
            f"{MAX_COLUMNS:,} columns. Delete what stands to the right of the table."
        )


def _check_workbook(raw: bytes, name: str | Path, bounds: Bounds) -> None:
    try:
        if raw.count(_ENTRY) > MAX_MEMBERS:  # before the list of them takes memory
            raise _RefusedError(
                f"it holds more than {MAX_MEMBERS:,} parts, more than any workbook of a review"
            )
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            problems = list(_shape_problems(archive, raw, bounds)) or list(_part_problems(archive, bounds))
    except MemoryError:
        raise
    except _RefusedError as why:
        problems = [str(why)]
    except Exception:  # a damaged archive makes zipfile and its decompressors raise nearly anything
        locked = raw.startswith(_OLE)
        raise FileError(f"{name} cannot be read as a workbook: {_LOCKED if locked else _NO_XLSX}.") from None
    if problems:
        raise FileError([f"{name} is refused: {problem}." for problem in problems])


def _shape_problems(archive: zipfile.ZipFile, raw: bytes, bounds: Bounds) -> Iterator[str]:
    """Say what is wrong with an archive before any of it is unpacked."""
    members = archive.infolist()
    names = [member.filename.casefold() for member in members]
    if "[content_types].xml" not in names:
        yield "it is a zip file, but not a workbook"
        return
    if not bounds.active:
        yield from (why for part, why in _ACTIVE if any(part in name for name in names))
    if len(set(names)) < len(names):
        yield "it holds two parts of one name"
    if any(member.flag_bits & _ENCRYPTED for member in members):
        yield "it is locked with a password; save it without one"
    if any(member.compress_type not in _METHODS for member in members):
        yield "it is packed in a way that no spreadsheet uses; save it again"
    if _overlap(members, raw):
        yield "its parts lie over one another, which no program does that means well"


def _overlap(members: list[zipfile.ZipInfo], raw: bytes) -> bool:
    end = 0
    for member in sorted(members, key=lambda one: one.header_offset):
        if member.header_offset < end:
            return True
        name, extra = struct.unpack_from("<HH", raw, member.header_offset + 26)
        end = member.header_offset + 30 + name + extra + member.compress_size
    return False


def _part_problems(archive: zipfile.ZipFile, bounds: Bounds) -> Iterator[str]:
    """Unpack without keeping, and count: sizes that the archive declares are not believed."""
    unpacked = elements = 0
    for member in archive.infolist():
        part = _Part(member)
        for chunk in part.chunks(archive):
            unpacked += len(chunk)
            if unpacked > bounds.unpacked:
                yield f"it unpacks to more than {bounds.unpacked // MIB} MiB"
                return
            if elements + part.marks // 2 > bounds.elements:
                yield _too_many(bounds)
                return
        elements += part.count_elements(archive, bounds.elements - elements, _too_many(bounds))


def _too_many(bounds: Bounds) -> str:
    return (
        f"it holds more than {bounds.elements:,} cells and other elements, or more than {MAX_OTHER:,} "
        "formats and merged cells; delete empty rows and formats, or save the table as CSV"
    )


class _Part:
    """One part of a workbook, unpacked once to be measured and, when it is XML, once to be counted."""

    def __init__(self, member: zipfile.ZipInfo) -> None:
        self.member, self.size, self.marks = member, 0, 0
        self.is_xml = member.filename.casefold().endswith((".xml", ".rels", ".vml"))

    def chunks(self, archive: zipfile.ZipFile) -> Iterator[bytes]:
        """Yield it piece by piece; refuse what no part of a workbook is."""
        tail = b""
        with archive.open(self.member) as stream:
            while chunk := stream.read(_CHUNK):
                if not self.size and chunk.startswith((_GZIP, _ZIP)):
                    raise _RefusedError(f"{self._name} is packed again inside it")
                self.size += len(chunk)
                self.marks += chunk.count(b"<")
                self._check(chunk, tail)
                tail = chunk[-32:]
                yield chunk

    def _check(self, chunk: bytes, tail: bytes) -> None:
        if _declares_type(tail + chunk):
            raise _RefusedError(f"{self._name} declares a document type, which no workbook needs")
        if self.size > _SMALL and self.size > MAX_RATIO * self.member.compress_size:
            raise _RefusedError(f"{self._name} unpacks to more than {MAX_RATIO} times its size")
        if self.is_xml and len(chunk) >= _TEXT and b"<" not in chunk:
            raise _RefusedError(f"{self._name} holds a text of more than {_TEXT // MIB} MiB")

    def count_elements(self, archive: zipfile.ZipFile, left: int, too_many: str) -> int:
        """Count the elements of XML; refuse trees that are too deep, too wide or too large."""
        if not self.is_xml or not self.size:
            return 0
        counter = _Counter(left, self._name, too_many)
        with archive.open(self.member) as stream:
            counter.parser.ParseFile(stream)
        return counter.total

    @property
    def _name(self) -> str:
        return ascii(self.member.filename).strip("'")


class _Counter:
    """Counts the elements of one part as they pass, without keeping any."""

    def __init__(self, left: int, name: str, too_many: str) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.ordered_attributes = True
        self.parser.buffer_text = True
        self.total = self._depth = self._other = 0
        self._children = [0] * (MAX_DEPTH + 2)
        self._left, self._name, self._too_many = left, name, too_many
        self._table: str | None = None
        self._in_table = False

    def _start(self, tag: str, attributes: object) -> None:
        self.total += 1
        self._depth = depth = self._depth + 1
        children = self._children
        if depth > MAX_DEPTH:
            raise _RefusedError(f"{self._name} is nested more than {MAX_DEPTH} deep")
        if depth < 3:
            self._enter(tag.rpartition(":")[2])
        children[depth] += 1
        children[depth + 1] = 0
        if depth > 3 and children[depth] > MAX_CHILDREN:
            raise _RefusedError(f"{self._name} has a row of more than {MAX_CHILDREN:,} cells")
        if not self._in_table:
            self._other += 1
        if self.total > self._left or self._other > MAX_OTHER:
            raise _RefusedError(self._too_many)

    def _enter(self, tag: str) -> None:
        """Note whether what follows is the part's table."""
        if self._depth == 1:
            self._table = _LONG.get(tag)
        else:
            self._in_table = self._table in ("", tag)

    def _end(self, tag: str) -> None:
        self._depth -= 1


def _declares_type(data: bytes) -> bool:
    return bool(_DOCTYPE.search(data)) or any(mark in data for mark in _UTF16_DOCTYPE)
