"""A filled workbook brought back: every cell as text, or the reason why it cannot be taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metareview.archives import EXTRACTION, open_workbook, tab_rows
from metareview.characters import storable
from metareview.errors import ExtractionError, FileError, MetareviewError, did_you_mean
from metareview.extraction.columns import SHEETS, Column, SheetKind
from metareview.extraction.grids import Cells, Grid, Grids, empty_grid
from metareview.extraction.workbook import BASE_PREFIX
from metareview.files import read_bytes

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

# what a cell of a spreadsheet can hold at most; longer text was cut in silence by whatever wrote it
_CELL_LIMIT = 32_767


@dataclass(frozen=True, slots=True)
class Brought:
    """A workbook's sheets as they were sent out, and as they came back."""

    base: Grids
    grids: Grids


def read_workbook(path: str | Path) -> Brought:
    """Read a workbook that ``metareview extract`` wrote and somebody filled in.

    Raises
    ------
    ExtractionError
        When it could do harm, is damaged, is not one of ours, or has cells that a spreadsheet changed
        (dates, formulas, errors): all of them at once.
    """
    book = _open(path)
    missing = [name for name in SHEETS if name not in book.sheetnames]
    if missing:
        have = [name for name in book.sheetnames if not name.startswith(BASE_PREFIX)]
        raise ExtractionError([f'{path} has no tab "{name}"; {did_you_mean(name, have)}' for name in missing])
    problems: list[str] = []
    grids = {name: _guarded(book, name, kind, path, problems) for name, kind in SHEETS.items()}
    base = {name: _base(book, name, kind, path, problems) for name, kind in SHEETS.items()}
    if problems:
        raise ExtractionError(problems)
    return Brought(base, grids)


def _open(path: str | Path) -> Workbook:
    raw = read_bytes(path)
    try:
        return open_workbook(raw, path, EXTRACTION)
    except FileError as error:
        raise ExtractionError(error.problems) from None


def _base(book: Workbook, name: str, kind: SheetKind, path: str | Path, problems: list[str]) -> Grid:
    if BASE_PREFIX + name not in book.sheetnames:
        problems.append(
            f"{path} has lost the hidden copy of {name} that it was sent out with, so it cannot be told what "
            "changed. Fill in a workbook that metareview extract wrote."
        )
        return empty_grid(kind)
    return _guarded(book, BASE_PREFIX + name, kind, path, problems)


def _guarded(book: Workbook, tab: str, kind: SheetKind, path: str | Path, problems: list[str]) -> Grid:
    try:
        return _read_tab(book[tab], tab, kind, path, problems)
    except MetareviewError:
        raise
    except Exception as error:  # as above: damage inside one tab
        problems.append(f"{path}, tab {tab} is damaged and cannot be read ({type(error).__name__}).")
        return empty_grid(kind)


def _read_tab(tab: Any, name: str, kind: SheetKind, path: str | Path, problems: list[str]) -> Grid:
    where = f"{path}, tab {name}"
    lines = tab_rows(tab, where)
    header = [storable(str(cell.value or "")) for cell in next(lines, ())]
    while header and not header[-1]:
        header.pop()
    problems += [f"{where}: {fault}" for fault in _header_faults(header, kind)]
    rows: list[Cells] = []
    for line in filter(None, lines):
        cells = dict.fromkeys(header, "")
        for column, cell in zip(header, line, strict=False):
            cells[column] = _cell_text(cell, kind.column(column), where, problems)
        problems += [f"{where}, {fault}" for fault in _homeless(line[len(header) :])]
        if any(cells.values()):
            rows.append(cells)
    return Grid(kind, tuple(header), tuple(rows))


def _homeless(cells: Sequence[Any]) -> Iterator[str]:
    """Name the cells that stand to the right of the header: they would be lost."""
    for cell in cells:
        if cell.value is not None and storable(str(cell.value)):
            yield f'cell {cell.coordinate} is "{cell.value}", but its column has no name in the first row.'


def _header_faults(header: Sequence[str], kind: SheetKind) -> Iterator[str]:
    for place, column in enumerate(header, 1):
        if not column:
            yield f"column {place} has no name in the first row; a merged header cannot be read."
        elif header.index(column) < place - 1:
            yield f'the column "{column}" stands twice.'
        elif not kind.open and kind.column(column) is None:
            yield f'the column "{column}" is not known; {did_you_mean(column, kind.names)}'
    for needed in (c.name for c in kind.columns if c.needed and c.name not in header):
        yield f'the column "{needed}" is missing.'


def _cell_text(cell: Any, column: Column | None, where: str, problems: list[str]) -> str:
    """Return a cell as the text that was meant, or report what a spreadsheet made of it."""
    value = cell.value
    if value is None:
        return ""
    fault = _cell_fault(cell, value, column)
    if fault:
        problems.append(
            f'{where}, cell {cell.coordinate}: {column.name if column else "the cell"} is "{value}"; {fault}'
        )
        return ""
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, int | float):
        percent = "%" in (cell.number_format or "") and column is not None and column.kind == "percent"
        return f"{value * 100 if percent else value:.15g}"
    return storable(str(value))


def _cell_fault(cell: Any, value: Any, column: Column | None) -> str:
    kind = column.kind if column else "text"
    percentage = isinstance(value, int | float) and "%" in (cell.number_format or "")
    faults = (
        (
            cell.data_type == "f" or not isinstance(value, str | int | float | date | time),
            "it is a formula; type the number itself.",
        ),
        (
            cell.data_type == "e",
            "it is a spreadsheet's error message; type the number, or leave it empty.",
        ),
        (
            isinstance(value, bool),
            "a spreadsheet made true or false of it; format the cell as text and type it again.",
        ),
        (
            isinstance(value, time) or (isinstance(value, date) and kind != "date"),
            "a spreadsheet made a date or time of it (3-4 becomes 4 March); "
            "format the cell as text and type it again.",
        ),
        (
            percentage and kind != "percent",
            "it is shown as a percentage; this column wants the number itself.",
        ),
        (
            isinstance(value, str) and len(value) >= _CELL_LIMIT,
            "it is as long as a cell can be, so its end was probably cut off.",
        ),
    )
    return next((why for found, why in faults if found), "")
