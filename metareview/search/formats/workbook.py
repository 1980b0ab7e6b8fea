"""Workbooks of records (ASReview and others write them): the sheet that was open when it was saved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time

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
            yield line, [_text(cell.value) for cell in cells]
    book.close()


def _text(value: object) -> str:
    """Return a cell as a table of text has it: a whole number without a point, a day without an hour."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)
