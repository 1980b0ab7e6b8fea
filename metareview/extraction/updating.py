"""Updates of a review's sheets: new rows from the protocol, a workbook brought back, and their records.

Everything is read and merged first; files are written only when nothing is left to be resolved, and
under a lock, so that two people or a crash cannot spoil them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from metareview.errors import ExtractionError
from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import Cells, Grid, Grids, grid_text, identity, read_grids
from metareview.extraction.identities import read_identified, refuse_twice, with_new_ids
from metareview.extraction.joining import as_in_sheets, joined, read_joined
from metareview.extraction.merging import (
    WHOLE_ROW,
    Change,
    Conflict,
    Merged,
    Removed,
    Resolve,
    merge_grids,
    unresolved,
)
from metareview.extraction.template import Included, expected_grids
from metareview.extraction.workbook import workbook_bytes
from metareview.extraction.workbook_reading import read_workbook
from metareview.files import read_bytes, write_atomically
from metareview.locks import locked
from metareview.protocol import Protocol
from metareview.tables import read_table, write_table

WORKBOOK = "extraction.xlsx"
GENERATED = ".generated"
CHANGES, REMOVED = "changes.csv", "removed.csv"
_CHANGES = ("when", "who", "sheet", "row", "column", "old", "new")
_REMOVED = ("when", "who", "sheet", "row", "reason", "cells")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who makes an update, and when (``2026-11-24 12:00``)."""

    who: str
    when: str


@dataclass(frozen=True, slots=True)
class Update:
    """What an update did.

    Attributes
    ----------
    changes : every cell and row changed, by sheet
    removed : rows that left, now in ``removed.csv``
    written : the files that are new or changed
    """

    changes: tuple[Change, ...]
    removed: tuple[Removed, ...]
    written: tuple[Path, ...]


def update_sheets(
    folder: str | Path, protocol: Protocol, included: Sequence[Included], signature: Signature
) -> Update:
    """Write what protocol and screening ask for into the sheets, and a fresh workbook.

    Cells that people wrote are never changed; rows whose study or outcome left move to
    ``removed.csv``.

    Raises
    ------
    ExtractionError
        When the workbook in the folder holds edits that were not brought back, or a cell that the
        code generates was changed on both sides. Nothing is written then.
    """
    folder = Path(folder)
    with locked(folder):
        refuse_unreturned(folder)
        ours, base = read_identified(folder), read_grids(folder / GENERATED)
        known = as_in_sheets(included, ours["studies"], base["studies"])
        asked = joined(known, read_joined(folder))
        theirs = expected_grids(protocol, asked, ours, base, _retired(folder))
        left = _left_studies(base, theirs)
        before = {name: _with_rows_of(base[name], ours[name], left) for name in SHEETS}
        reason = _reason(protocol, left)
        merged = {
            name: merge_grids(before[name], ours[name], theirs[name], resolve=_rows_leave, reason=reason)
            for name in SHEETS
        }
        return _write(folder, protocol, merged, signature, theirs)


def bring_back(
    folder: str | Path,
    protocol: Protocol,
    workbook: str | Path,
    signature: Signature,
    resolve: Resolve = unresolved,
) -> Update:
    """Bring a filled workbook back into the sheets.

    Raises
    ------
    ExtractionError
        When the workbook cannot be taken, or a cell was changed both in it and in the sheets since it
        was sent out: all of them at once. Nothing is written then.
    """
    folder = Path(folder)
    brought = read_workbook(workbook)
    with locked(folder):
        ours = read_identified(folder)
        merged = {}
        for name in SHEETS:
            theirs = with_new_ids(brought.grids[name], (ours[name], brought.base[name]))
            refuse_twice(theirs, f"{workbook}, tab {name}")
            merged[name] = merge_grids(
                brought.base[name],
                ours[name],
                theirs,
                resolve=resolve,
                reason=lambda _: "taken out in the workbook",
            )
        return _write(folder, protocol, merged, signature, None)


def _rows_leave(conflict: Conflict) -> str:
    """Let rows leave although people wrote into them: they are kept in ``removed.csv``."""
    return "theirs" if conflict.column == WHOLE_ROW else ""


def _left_studies(base: Grids, theirs: Grids) -> set[str]:
    asked = {row["study"] for row in theirs["studies"].rows}
    return {row["study"] for row in base["studies"].rows} - asked


def _with_rows_of(base: Grid, ours: Grid, studies: set[str]) -> Grid:
    """Count people's own rows of studies that left among those that can leave."""
    have = base.by_id()
    further = [r for r in ours.rows if r.get("study") in studies and identity(ours.kind, r) not in have]
    return Grid(base.kind, base.columns, (*base.rows, *further))


def _reason(protocol: Protocol, left: set[str]) -> Callable[[Cells], str]:
    outcomes = {outcome.id for outcome in protocol.outcomes}

    def reason(cells: Cells) -> str:
        if cells.get("study") in left:
            return f'study "{cells["study"]}" is no longer included'
        if cells.get("outcome") and cells["outcome"] not in outcomes:
            return f'outcome "{cells["outcome"]}" is no longer in the protocol'
        return "the protocol no longer asks for it"

    return reason


def _retired(folder: Path) -> list[str]:
    path = folder / REMOVED
    return read_table(path).column("row") if path.exists() else []


def refuse_unreturned(folder: Path) -> None:
    """Refuse to write over a workbook in which somebody wrote."""
    path = folder / WORKBOOK
    mark = folder / GENERATED / "workbook.sha256"
    if not path.exists() or (mark.exists() and mark.read_text("utf-8").strip() == _digest(path)):
        return
    brought = read_workbook(path)
    for name in SHEETS:
        if merge_grids(brought.base[name], brought.base[name], with_new_ids(brought.grids[name], ())).changes:
            raise ExtractionError(
                f"{path} holds entries that were not brought back; run `metareview extract` with "
                f"--from {path} first, or move the file away."
            )


def _digest(path: Path) -> str:
    from hashlib import sha256

    return sha256(read_bytes(path)).hexdigest()


def _write(
    folder: Path,
    protocol: Protocol,
    merged: dict[str, Merged],
    signature: Signature,
    generated: Grids | None,
) -> Update:
    conflicts = [conflict for one in merged.values() for conflict in one.conflicts]
    if conflicts:
        raise ExtractionError(str(conflict) for conflict in conflicts)
    changes = tuple(change for one in merged.values() for change in one.changes)
    removed = tuple(row for one in merged.values() for row in one.removed)
    written = [
        *record_removed(folder, removed, signature),
        *record_changes(folder, changes, signature),
    ]
    grids = {name: one.grid for name, one in merged.items()}
    written += _write_grids(folder, grids, read_grids(folder))
    if generated is not None:
        _write_grids(folder / GENERATED, generated, {})
    written += write_workbook(folder, grids, protocol)
    return Update(changes, removed, tuple(written))


def write_workbook(folder: Path, grids: Grids, protocol: Protocol) -> list[Path]:
    """Write the workbook of the sheets, and the mark by which a later run knows it."""
    written = write_atomically(folder / WORKBOOK, workbook_bytes(grids, protocol))
    write_atomically(folder / GENERATED / "workbook.sha256", _digest(folder / WORKBOOK) + "\n")
    return [folder / WORKBOOK] if written else []


def _write_grids(folder: Path, grids: Grids, before: Grids) -> list[Path]:
    """Write the sheets that say something else now or are not there; the others keep their bytes."""
    written = []
    for name, grid in grids.items():
        path = folder / f"{name}.csv"
        same = path.exists() and name in before and _filled(before[name]) == _filled(grid)
        if not same and write_atomically(path, grid_text(grid)):
            written.append(path)
    return written


def _filled(grid: Grid) -> list[dict[str, str]]:
    return [{name: text for name, text in row.items() if text} for row in grid.rows]


def record_changes(folder: Path, changes: Sequence[Change], signature: Signature) -> list[Path]:
    """Add to ``changes.csv``: who changed what, and when."""
    return _append(folder / CHANGES, _CHANGES, [_change_row(change, signature) for change in changes])


def record_removed(folder: Path, removed: Sequence[Removed], signature: Signature) -> list[Path]:
    """Add to ``removed.csv``: rows that left, with every cell and the reason."""
    return _append(folder / REMOVED, _REMOVED, [_removed_row(row, signature) for row in removed])


def _append(path: Path, columns: Sequence[str], rows: Sequence[Cells]) -> list[Path]:
    """Add rows to a record that only grows."""
    if not rows:
        return []
    before = [dict(row.cells) for row in read_table(path)] if path.exists() else []
    write_atomically(path, write_table(columns, [*before, *rows]))
    return [path]


def _change_row(change: Change, signature: Signature) -> Cells:
    cells = {
        "sheet": change.sheet,
        "row": change.row,
        "column": change.column,
        "old": change.old,
        "new": change.new,
    }
    return {"when": signature.when, "who": signature.who, **cells}


def _removed_row(row: Removed, signature: Signature) -> Cells:
    cells = json.dumps({k: v for k, v in row.cells.items() if v}, ensure_ascii=False)
    mark = {"when": signature.when, "who": signature.who, "sheet": row.sheet, "row": row.row}
    return {**mark, "reason": row.reason, "cells": cells}
