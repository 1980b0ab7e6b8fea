"""Sheets as text, cell for cell: what templates fill, workbooks show and merges compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from metareview.extraction.columns import SHEETS, SheetKind
from metareview.files import is_there
from metareview.tables import read_table, write_table

Cells = Mapping[str, str]
# the columns that say which row is which, whatever else changes
IDENTITY = {"studies": ("study",), "arms": ("study", "arm")}


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet as text.

    Attributes
    ----------
    columns : those of the kind, then any of the reviewers' own
    rows : cells by column
    """

    kind: SheetKind
    columns: tuple[str, ...]
    rows: tuple[Cells, ...]

    def by_id(self) -> dict[str, Cells]:
        """Give the rows by their identity."""
        return {identity(self.kind, row): row for row in self.rows}


Grids = dict[str, Grid]


def identity(kind: SheetKind, row: Cells) -> str:
    """Return what a row keeps when its cells change.

    >>> identity(SHEETS["arms"], {"study": "A", "arm": "drug"})
    'A / drug'
    """
    return " / ".join(row.get(name, "") for name in IDENTITY.get(kind.name, ("row",)))


def split_many(text: str) -> list[str]:
    """Return the parts of a cell that holds several, with semicolons between."""
    return [part.strip() for part in text.split(";") if part.strip()]


def empty_grid(kind: SheetKind) -> Grid:
    """Return a sheet with a header and no rows."""
    return Grid(kind, kind.names, ())


def read_grids(folder: str | Path) -> Grids:
    """Read every sheet of a folder as text; one that is missing is empty.

    Raises
    ------
    FileError
        When a sheet is no table.
    """
    return {name: _read_grid(Path(folder) / f"{name}.csv", kind) for name, kind in SHEETS.items()}


def _read_grid(path: Path, kind: SheetKind) -> Grid:
    if not is_there(path):
        return empty_grid(kind)
    table = read_table(path)
    return Grid(kind, table.columns, tuple(dict(row.cells) for row in table))


def grid_text(grid: Grid) -> str:
    """Return a sheet as CSV."""
    return write_table(grid.columns, grid.rows)
