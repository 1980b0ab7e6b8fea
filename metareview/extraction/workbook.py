"""The workbook: a view of the sheets to fill in, with drop-downs, definitions and locked keys.

Every cell is formatted as text, so that Excel leaves 3-4 and 12.50 as they were typed. A copy of the
sheets as they were sent out lies in hidden tabs; bringing the workbook back compares against it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from metareview.characters import guarded
from metareview.errors import ExtractionError
from metareview.extraction.columns import Column
from metareview.extraction.grids import Grid, Grids, identity
from metareview.protocol import Protocol

BASE_PREFIX = "sent "
SPARE_ROWS = 200
_CREATED = datetime(2000, 1, 1)
_WIDTHS = {"key": 18, "text": 24, "many": 24, "choice": 14, "date": 12}
# what Excel allows in a list typed into a drop-down, in a cell, and in a tab
_LIST_LIMIT = 255
_CELL_LIMIT = 32_767
_ROW_LIMIT, _COLUMN_LIMIT = 1_048_576, 16_384
_APART = re.compile(r'[,"]|^[=+\-@\s]')
_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "head": {"bold": True, "text_wrap": True, "bg_color": "#DDE6EE"},
    "open": {"locked": False, "valign": "top"},
    "given": {"locked": True, "valign": "top", "bg_color": "#F2F2F2"},
}


def workbook_bytes(grids: Grids, protocol: Protocol) -> bytes:
    """Return the workbook of these sheets; the same sheets give the same bytes.

    Raises
    ------
    ExtractionError
        Every cell that is longer than a workbook holds, and every sheet with more rows or columns: all at
        once, since their end would be cut off.
    """
    import xlsxwriter

    problems = [says for name, grid in grids.items() for says in _beyond_limits(name, grid)]
    if problems:
        raise ExtractionError(problems)
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_numbers": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"created": _CREATED, "title": protocol.title[:250]})
    formats = {name: _Look(book, {"num_format": "@", **look}) for name, look in _LOOKS.items()}
    lists = _Lists(book, protocol, grids)
    for name, grid in grids.items():
        _write_tab(book.add_worksheet(name), grid, formats, lists)
    for name, grid in grids.items():
        _write_base(book.add_worksheet(BASE_PREFIX + name), grid, formats["given"])
    lists.write(formats["given"])
    book.get_worksheet_by_name("results").activate()
    book.close()
    return out.getvalue()


def _beyond_limits(name: str, grid: Grid) -> Iterator[str]:
    """Return a sentence for whatever of a sheet a workbook cannot hold."""
    if len(grid.rows) + SPARE_ROWS >= _ROW_LIMIT or len(grid.columns) > _COLUMN_LIMIT:
        yield (
            f"{name}.csv has {len(grid.rows):,} rows and {len(grid.columns):,} columns; a workbook holds "
            f"{_ROW_LIMIT - SPARE_ROWS - 1:,} rows and {_COLUMN_LIMIT:,} columns. Divide the review."
        )
    heading = {column: column for column in grid.columns}
    for row in (heading, *grid.rows):
        for column, text in row.items():
            if _length(text) >= _CELL_LIMIT:
                where = "its heading" if row is heading else f'row "{identity(grid.kind, row)}"'
                yield (
                    f"{name}.csv, {where}, column {column[:40]}: {_length(text):,} characters; "
                    f"a cell of a workbook holds {_CELL_LIMIT - 1:,}; the rest would be cut off. Shorten it."
                )


def _length(text: str) -> int:
    """Return how many characters a spreadsheet counts: two for one beyond the first 65,536."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


class _Look:
    """How cells of one kind look; what a spreadsheet would run as a formula is marked as text."""

    def __init__(self, book: Any, look: Mapping[str, Any]) -> None:
        self.style = book.add_format(look)
        self._quoted = book.add_format({**look, "quote_prefix": True})

    def write(self, tab: Any, line: int, place: int, text: str) -> None:
        """Write a cell that is text whatever it holds: no formula, no link, no error, no number."""
        style = self.style if guarded(text) == text else self._quoted
        tab.write_string(line, place, text, style)


def _write_tab(tab: Any, grid: Grid, formats: Mapping[str, _Look], lists: _Lists) -> None:
    last = len(grid.rows) + SPARE_ROWS
    for place, name in enumerate(grid.columns):
        column = grid.kind.column(name)
        formats["head"].write(tab, 0, place, name)
        width = _WIDTHS.get(column.kind if column else "text", 10)
        tab.set_column(place, place, width, formats["open"].style)
        if column:
            tab.write_comment(0, place, column.says, {"x_scale": 2.0})
            source = lists.source(column, grid)
            if source:
                validation = {"validate": "list", "source": source, "error_type": "warning"}
                tab.data_validation(1, place, last, place, validation)
        given = formats["given"] if column and column.given else formats["open"]
        for line, row in enumerate(grid.rows, 1):
            if row.get(name):
                given.write(tab, line, place, row[name])
            elif given is formats["given"]:
                tab.write_blank(line, place, None, given.style)
    tab.freeze_panes(1, 3)
    tab.autofilter(0, 0, max(len(grid.rows), 1), max(len(grid.columns) - 1, 0))
    tab.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    tab.protect("", {"insert_rows": True, "sort": True, "autofilter": True, "format_columns": True})


def _write_base(tab: Any, grid: Grid, look: _Look) -> None:
    """Keep the sheet as it is sent out, out of sight."""
    for place, name in enumerate(grid.columns):
        look.write(tab, 0, place, name)
        for line, row in enumerate(grid.rows, 1):
            if row.get(name):
                look.write(tab, line, place, row[name])
    tab.very_hidden()


class _Lists:
    """The drop-downs: short lists are typed in, long ones lie in a hidden tab."""

    def __init__(self, book: Any, protocol: Protocol, grids: Grids) -> None:
        self.book = book
        self.columns: list[Sequence[str]] = []
        studies = [row["study"] for row in grids["studies"].rows if row.get("study")]
        self.known = {
            "outcome": [outcome.id for outcome in protocol.outcomes],
            "role": [arm.id for arm in protocol.arms],
            "study": studies,
        }

    def source(self, column: Column, grid: Grid) -> list[str] | str:
        """Return what a drop-down offers; nothing for a free column."""
        allowed = list(column.allowed) or list(self.known.get(column.name, ()))
        if not allowed or (column.name == "study" and grid.kind.name == "studies"):
            return []
        if len(",".join(allowed)) <= _LIST_LIMIT and not any(_APART.search(word) for word in allowed):
            return allowed
        if allowed not in self.columns:
            self.columns.append(allowed)
        letter = chr(ord("A") + self.columns.index(allowed))
        return f"='lists'!${letter}$1:${letter}${len(allowed)}"

    def write(self, look: _Look) -> None:
        """Write the long lists into their tab."""
        tab = self.book.add_worksheet("lists")
        for place, words in enumerate(self.columns):
            for line, word in enumerate(words):
                look.write(tab, line, place, word)
        tab.hide()
