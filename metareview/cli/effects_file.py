"""A table of studies on the command line: read, and every fault given its line in the file."""

from __future__ import annotations

import re
import sys
from typing import Any

from metareview.effects import Effects, ZeroCells, effect_sizes, measure_of
from metareview.effects.columns import LABEL_COLUMNS
from metareview.errors import EffectError, FileError
from metareview.files import MAX_BYTES, decode
from metareview.tables import Table, number, parse_table, read_table

_STDIN = "-"
_ROW = re.compile(r"^row (\d+) \(.*?\): ", re.DOTALL)
_BLANK = frozenset({"", "na", "nan", "n/a", "null", "none", "."})


def effects_from_file(
    path: str, *, measure: str, zero_cells: ZeroCells | None = None, vtype: str | None = None
) -> Effects:
    """Compute the effects of a table of studies.

    Parameters
    ----------
    path : a delimited file, or ``-`` for the standard input
    measure : a code of :data:`~metareview.effects.MEASURES`
    zero_cells, vtype : as for :func:`~metareview.effects.effect_sizes`

    Raises
    ------
    FileError
        When the file cannot be read as a table, or has no rows.
    EffectError
        With one sentence per fault, each beginning with file and line.
    """
    measure_of(measure)  # refused before the file is looked at
    table = _read(path)
    if not len(table):
        raise FileError(f"{table.path} names columns, but has no studies below them.")
    try:
        return effect_sizes(_columns(table), measure=measure, zero_cells=zero_cells, vtype=vtype)
    except EffectError as error:
        by_row = sorted(error.problems, key=_row)
        raise EffectError([_placed(problem, table) for problem in by_row]) from None


def _read(path: str) -> Table:
    if path != _STDIN:
        return read_table(path)
    name = "standard input"
    return parse_table(decode(_standard_input(name), name), name)


def _standard_input(name: str) -> bytes:
    if sys.stdin is None:
        raise FileError(f"The {name} is closed; name a file, or give the table by a pipe.")
    raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise FileError(f"The {name} gives more than {MAX_BYTES // 2**20} MiB, which no table of studies is.")
    return raw


def _columns(table: Table) -> dict[str, list[Any]]:
    return {name: _values(table, name) for name in table.columns}


def _values(table: Table, name: str) -> list[Any]:
    """Give a column's numbers as numbers; cells of words stay as they are, to be judged by their use."""
    cells = table.column(name)
    if name in LABEL_COLUMNS:
        return cells
    comma = table.separator != ","
    read = [float("nan") if c.casefold() in _BLANK else number(c, decimal_comma=comma) for c in cells]
    if not any(isinstance(value, str) for value in read):
        return read
    return [
        cell if isinstance(value, str) else _kept(cell, value)
        for cell, value in zip(cells, read, strict=True)
    ]


def _kept(cell: str, value: float) -> str:
    """Keep a cell of a column that also holds words; a decimal comma becomes a point."""
    return cell if value != value or "," not in cell else f"{value:.17g}"  # noqa: PLR0124 (NaN)


def _row(problem: str) -> int:
    """Return the row a problem is about; 0 where it is about the table."""
    found = _ROW.match(problem)
    return int(found.group(1)) if found else 0


def _placed(problem: str, table: Table) -> str:
    """Put file and line in place of the number of a row."""
    found = _ROW.match(problem)
    if not found:
        return f"{table.path}: {problem}"
    line = table.rows[int(found.group(1)) - 1].line
    return f"{table.path}:{line}: {problem[found.end() :]}"
