"""The records of the sheets, which only grow: what was changed, what left, and how it comes back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from metareview.errors import ExtractionError, did_you_mean
from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import Cells, Grid, grid_text, read_grids
from metareview.extraction.leaving import REMOVED, REMOVED_COLUMNS, cells_of, read_removed, standing_again
from metareview.extraction.merging import Change, Removed
from metareview.files import is_there, write_atomically
from metareview.journal import all_or_none
from metareview.locks import locked
from metareview.tables import read_table, write_table

CHANGES = "changes.csv"
_CHANGE_COLUMNS = ("when", "who", "sheet", "row", "column", "old", "new")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who makes an update, and when (``2026-11-24 12:00``)."""

    who: str
    when: str


NOBODY = Signature("", "")


def record_changes(folder: Path, changes: Iterable[Change], signature: Signature) -> list[Path]:
    """Write down every cell that changed and every row that came or went."""
    return _append(folder / CHANGES, _CHANGE_COLUMNS, [_change_row(change, signature) for change in changes])


def record_removed(folder: Path, removed: Iterable[Removed], signature: Signature) -> list[Path]:
    """Write down every row that leaves, with all its cells."""
    return _append(folder / REMOVED, REMOVED_COLUMNS, [_removed_row(row, signature) for row in removed])


def _append(path: Path, columns: Sequence[str], rows: Sequence[Cells]) -> list[Path]:
    """Add rows to a record that only grows; columns that people added stay."""
    if not rows:
        return []
    table = read_table(path) if is_there(path) else None
    before = [row.cells for row in table] if table else []
    own = [name for name in (table.columns if table else ()) if name not in columns]
    write_atomically(path, write_table([*columns, *own], [*before, *rows]))
    return [path]


def _change_row(change: Change, signature: Signature) -> Cells:
    mark = {"when": signature.when, "who": signature.who}
    place = {"sheet": change.sheet, "row": change.row, "column": change.column}
    return {**mark, **place, "old": change.old, "new": change.new}


def _removed_row(row: Removed, signature: Signature) -> Cells:
    cells = json.dumps({k: v for k, v in row.cells.items() if v}, ensure_ascii=False)
    mark = {"when": signature.when, "who": signature.who, "sheet": row.sheet, "row": row.row}
    return {**mark, "reason": row.reason, "cells": cells}


def restore_rows(folder: str | Path, names: Sequence[str], signature: Signature) -> list[Change]:
    """Bring rows back that left, as they were; ``all`` stands for every one that is not in its sheet.

    Parameters
    ----------
    names
        Rows as ``results:r012``.

    Raises
    ------
    ExtractionError
        When no such row left, or one of that id stands in its sheet.
    """
    folder = Path(folder)
    with locked(folder), all_or_none(folder):
        sheets = read_grids(folder)
        left = {f"{row['sheet']}:{row['row']}": row for row in read_removed(folder) if row["sheet"] in SHEETS}
        away = {name: row for name, row in left.items() if not standing_again(row, sheets)}
        wanted = list(away) if "all" in names else list(dict.fromkeys(names))
        problems = [_no_return(name, left, folder) for name in wanted if name not in away]
        if problems:
            raise ExtractionError(problems)
        changes = [Change(away[n]["sheet"], away[n]["row"], "", "", "brought back") for n in wanted]
        for name in dict.fromkeys(away[n]["sheet"] for n in wanted):
            coming = [cells_of(away[n]) or {} for n in wanted if away[n]["sheet"] == name]
            write_atomically(folder / f"{name}.csv", grid_text(_with_rows(sheets[name], coming)))
        record_changes(folder, changes, signature)
    return changes


def _no_return(name: str, left: dict[str, Cells], folder: Path) -> str:
    if name in left:
        sheet, row = name.split(":", 1)
        return f"{folder / f'{sheet}.csv'}: row {row} stands there already; nothing was brought back."
    return f'{folder / REMOVED} has no row "{name}"; {did_you_mean(name, list(left)[:12])}'


def _with_rows(grid: Grid, rows: Sequence[Cells]) -> Grid:
    columns = dict.fromkeys((*grid.columns, *(name for row in rows for name in row)))
    return Grid(grid.kind, tuple(columns), (*grid.rows, *rows))
