"""Delimited tables as people and spreadsheets write them: cells of text, each with its place.

The separator is sniffed from the header (comma, semicolon, tab), a byte-order mark and blanks
around cells are dropped, a decimal comma is read only where the separator is not a comma, and
whatever is ambiguous is refused with its file, row and column.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path

from metareview.characters import guarded, storable, unguarded
from metareview.errors import FileError
from metareview.files import MAX_BYTES, read_text

SEPARATORS = (",", ";", "\t")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_COMMA_DECIMAL = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([, ']\d{3})+(\.\d+)?")
_DATE_LIKE = re.compile(
    r"\d{1,2}[-/. ](\d{1,2}|[A-Za-z]{3,9})([-/. ]\d{2,4})?|[A-Za-z]{3}-\d{1,2}|\d{4}-\d{2}-\d{2}.*"
)
_MINUS = {ord(c): "-" for c in "\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d"} | {
    ord(c): "." for c in "\u00b7\u22c5"
}

_NO_COLUMN = "{}:1: the line names no column; the first line of a table must name its columns."
csv.field_size_limit(MAX_BYTES)  # a cell may be as long as a file: what is written must be read


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it stands on in the file, and its cells by column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was read.

    Attributes
    ----------
    path : the file, as given
    columns : names in order
    rows : every row that is not blank, with its line number in the file (the header is line 1)
    separator : ``,`` ``;`` or a tab
    """

    path: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    separator: str

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> list[str]:
        """Return one column's cells."""
        return [row.cells[name] for row in self.rows]


def read_table(path: str | Path) -> Table:
    """Read a delimited file.

    Raises
    ------
    FileError
        All faults of its shape at once: empty, header merged, blank or repeated, rows of another
        width, quotes left open.
    """
    return parse_table(read_text(path), path)


def parse_table(text: str, path: str | Path) -> Table:
    """Read a delimited text; ``path`` is what messages call it."""
    text = text.removeprefix("\ufeff")
    lines = text.splitlines()
    if not text.strip():
        raise FileError(f"{path} is empty; its first line must name the columns.")
    head = next(line for line in lines if line.strip())
    separator = _sniff(head)
    if not head.strip(f'{separator} "'):
        raise FileError(_NO_COLUMN.format(path))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        raw = _numbered(reader)
    except csv.Error as error:
        raise FileError(
            f"{path}:{reader.line_num}: the line cannot be read as a table row ({error})."
        ) from None
    (_, header), *body = raw
    columns = tuple(clean(name) for name in header)
    if columns and not columns[-1]:
        columns, body = _without_blank_tail(columns, body)
    problems = [*_header_faults(columns, path), *_width_faults(body, columns, path)]
    if problems:
        raise FileError(problems)
    return Table(str(path), columns, tuple(Row(n, _cells(columns, cells)) for n, cells in body), separator)


def _cells(columns: Iterable[str], cells: Iterable[str]) -> dict[str, str]:
    """Return the cells of a row by column; of a wide table most are empty, and not looked at."""
    return dict(zip(columns, [clean(cell) if cell else cell for cell in cells], strict=True))


def _without_blank_tail(
    columns: tuple[str, ...], body: list[tuple[int, list[str]]]
) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    """Drop the columns at the end that have no name and in which nothing stands."""
    lines = [columns, *(cells for _, cells in body if len(cells) <= len(columns))]
    used = max(n for line in lines for n in [0, *(n for n, cell in enumerate(line, 1) if clean(cell))])
    return columns[:used], [(n, cells[:used] if len(cells) <= len(columns) else cells) for n, cells in body]


def _numbered(reader: Iterator[list[str]]) -> list[tuple[int, list[str]]]:
    """Give each row that holds anything the line it starts on."""
    rows, start = [], 1
    for cells in reader:
        if any(clean(c) for c in cells):
            rows.append((start, cells))
        start = reader.line_num + 1  # type: ignore[attr-defined]
    return rows


def _sniff(header: str) -> str:
    """Return the separator that stands most often between the names, not inside quoted ones."""
    bare = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=bare.count)


def _header_faults(columns: Sequence[str], path: str | Path) -> Iterator[str]:
    if not any(columns):
        yield _NO_COLUMN.format(path)
        return
    seen: set[str] = set()
    for place, name in enumerate(columns, 1):
        if not name:
            yield (
                f"{path}:1: column {place} has no name; a merged or blank header cell cannot be read. "
                "Give every column its own name."
            )
        elif name in seen:
            yield f'{path}:1: column "{name}" stands twice; every column needs its own name.'
        seen.add(name)


def _width_faults(
    body: Sequence[tuple[int, list[str]]], columns: Sequence[str], path: str | Path
) -> Iterator[str]:
    for n, cells in body:
        if len(cells) != len(columns):
            yield (
                f"{path}:{n}: the row has {len(cells)} cells; the header has {len(columns)}. "
                "Put quotes around a cell that holds the separator."
            )


def require_columns(table: Table, needed: Iterable[str]) -> None:
    """Check that a table has all the columns without which it cannot be understood.

    Raises
    ------
    FileError
        Naming every one that is missing, and those that are there.
    """
    missing = [name for name in needed if name not in table.columns]
    if missing:
        there = ", ".join(table.columns)
        raise FileError(f"{table.path}:1: column {name} is missing; there are {there}." for name in missing)


def clean(cell: str) -> str:
    """Return a cell as it is kept: no blanks around it, no guard against spreadsheets."""
    return unguarded(storable(cell))


def number(cell: str, *, decimal_comma: bool = False) -> float | str:
    """Read a cell as a number, or say in half a sentence what is wrong with it.

    Parameters
    ----------
    cell
        The text, as :func:`clean` leaves it.
    decimal_comma
        Whether ``12,5`` is twelve and a half (only where the separator is not a comma).

    Returns
    -------
    float or str
        The number, or the fault, to follow ``events is "…"; ``.

    Examples
    --------
    >>> number("−3.5"), number("12,5", decimal_comma=True)
    (-3.5, 12.5)
    >>> number("1 234")
    'it has a thousands separator; write 1234'
    """
    text = clean(cell).translate(_MINUS)
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value if abs(value) != float("inf") else "it is too large to be a number of a review"
    if decimal_comma and _COMMA_DECIMAL.fullmatch(text):
        return float(text.replace(",", "."))
    return _number_fault(text)


def _number_fault(text: str) -> str:
    if text.endswith("%"):
        return "it has a percent sign; write the number that the column asks for, without a sign"
    if _THOUSANDS.fullmatch(text) and not _COMMA_DECIMAL.fullmatch(text):
        return f"it has a thousands separator; write {re.sub('[, ]', '', text).replace(chr(39), '')}"
    if _COMMA_DECIMAL.fullmatch(text):
        return "a comma may be a decimal or a thousands separator; write the number with a decimal point"
    if _DATE_LIKE.fullmatch(text):
        return "it looks like a date that a spreadsheet made; write the number as it was printed"
    return "a number is needed here"


def write_table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Return the text of a comma-separated table: one line per row, no value as an empty cell.

    What is written is what :func:`read_table` gives back: cells are stored by the rule that reading
    them applies, and text that a spreadsheet would run as a formula is guarded.
    """
    out = io.StringIO(newline="")
    odd = any(mark in name for name in columns for mark in SEPARATORS)  # quoted, lest they be counted
    header = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL)
    header.writerow([_written(name) for name in columns])
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([_written(cell) if (cell := row.get(c)) else cell for c in columns] for row in rows)
    return out.getvalue()


def _written(cell: object) -> object:
    """Return a cell as it is written: text stored and guarded, numbers as they are."""
    if isinstance(cell, str):
        return guarded(storable(cell)) if cell else cell
    return "" if cell is None or (isinstance(cell, float) and isnan(cell)) else cell
