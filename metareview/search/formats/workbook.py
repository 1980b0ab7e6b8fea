"""Workbooks of records (ASReview and others write them): the sheet that was open when it was saved."""

from __future__ import annotations

from collections.abc import Iterator

from metareview.archives import RECORDS, open_workbook, tab_rows
from metareview.errors import FileError, FormatError
from metareview.search.formats.delimited import read_rows
from metareview.search.formats.entry import Entry


def read_workbook(raw: bytes, name: str) -> Iterator[Entry]:
    """Read the records of a workbook's active sheet.

    Raises
    ------
    FormatError
        When it is no workbook, is damaged, or holds more than can be read.
    """
    try:
        yield from read_rows(_numbered(raw, name), name)
    except FileError as error:
        raise FormatError(error.problems) from None


def _numbered(raw: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    book = open_workbook(raw, name, RECORDS, data_only=True)
    tabs = book.worksheets
    if tabs:
        tab = book.active if book.active in tabs else tabs[0]
        for line, cells in enumerate(tab_rows(tab, name), 1):
            yield line, ["" if cell.value is None else str(cell.value) for cell in cells]
    book.close()
