"""Every row has an id of its own: given when it lacks one, refused when two share one, never reused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from metareview.errors import ExtractionError
from metareview.extraction.columns import SheetKind
from metareview.extraction.grids import IDENTITY, Cells, Grid, Grids, identity, read_grids


def read_identified(folder: str | Path) -> Grids:
    """Read every sheet of a folder as text; rows that people added without an id are given one.

    Raises
    ------
    ExtractionError
        When two rows of a sheet bear one id, or the columns that say which row is which are missing.
    """
    read = read_grids(folder)
    missing = [
        f"{Path(folder) / f'{name}.csv'}:1: column {column} is missing; it says which row is which."
        for name, grid in read.items()
        for column in IDENTITY.get(name, ("study",))
        if column not in grid.columns
    ]
    if missing:
        raise ExtractionError(missing)
    grids = {name: with_new_ids(grid, ()) for name, grid in read.items()}
    for name, grid in grids.items():
        refuse_twice(grid, str(Path(folder) / f"{name}.csv"))
    return grids


def refuse_twice(grid: Grid, where: str) -> None:
    """Refuse a sheet in which two rows bear one id: a merge could keep only one of them."""
    counts = Counter(identity(grid.kind, row) for row in grid.rows)
    twice = sorted(name for name, times in counts.items() if times > 1)
    if twice:
        raise ExtractionError(
            f'{where}: "{name}" stands twice; every row needs an id of its own. '
            "Clear the id of a copied row: it will be given one."
            for name in twice
        )


def with_new_ids(theirs: Grid, taken: Sequence[Grid]) -> Grid:
    """Give rows that came in without an id one of their own.

    Only sheets whose rows have an id of their own (``row``) need it; entirely empty rows are dropped. A
    row that was brought in before, and stands in the first of ``taken`` under its key, gets the id it
    was given then.
    """
    rows = [row for row in theirs.rows if any(row.values())]
    if "row" not in theirs.kind.names:
        return Grid(theirs.kind, theirs.columns, tuple(rows))
    fresh = new_ids(theirs.kind, (theirs, *taken))
    known = _ids_by_key(theirs.kind, taken, {row.get("row", "") for row in rows})
    numbered = []
    for row in rows:
        name = row.get("row") or known.pop(_key(theirs.kind, row), "") or next(fresh)
        numbered.append({**row, "row": name})
    return Grid(theirs.kind, theirs.columns, tuple(numbered))


def _key(kind: SheetKind, row: Cells) -> tuple[str, ...]:
    return tuple(row.get(column, "") for column in kind.key)


def _ids_by_key(kind: SheetKind, taken: Sequence[Grid], coming: set[str]) -> dict[tuple[str, ...], str]:
    """Give the ids of rows that what comes in does not name."""
    rows = taken[0].rows if taken else ()
    return {_key(kind, row): row["row"] for row in rows if row.get("row", "") not in coming}


def new_ids(kind: SheetKind, taken: Sequence[Grid]) -> Iterator[str]:
    """Give ids that no row has or had: the sheet's letter and a number."""
    letter = kind.name[0]
    used = {row.get("row", "") for grid in taken for row in grid.rows}
    numbers = [int(name[1:]) for name in used if name[:1] == letter and name[1:].isdigit()]
    count = max(numbers, default=0)
    while True:
        count += 1
        yield f"{letter}{count:03d}"
