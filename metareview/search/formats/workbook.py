"""Workbooks of records (ASReview and others write them): the first sheet that has a header."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from metareview.errors import FormatError
from metareview.search.formats.delimited import read_rows
from metareview.search.formats.entry import Entry

_MAX_UNPACKED = 1024 * 1024 * 1024


def read_workbook(raw: bytes, name: str) -> Iterator[Entry]:
    """Read the records of a workbook's active sheet.

    Raises
    ------
    FormatError
        When it is no workbook, or unpacks to more than a gibibyte.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _MAX_UNPACKED:
                raise FormatError(f"{name} unpacks to more than a gibibyte; no table of records does.")
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError) as error:
        raise FormatError(f"{name} cannot be read as a workbook ({error}); save it as CSV.") from None
    sheet = book.active
    rows = () if sheet is None else sheet.iter_rows(values_only=True)
    numbered = ((n, ["" if cell is None else str(cell) for cell in row]) for n, row in enumerate(rows, 1))
    yield from read_rows(numbered, name)
    book.close()
