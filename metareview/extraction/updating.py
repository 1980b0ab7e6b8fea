"""Updates of a review's sheets: new rows from the protocol, a workbook brought back, and their records.

Everything is read and merged first, under a lock; files are written only when nothing is left to be
resolved, all of them or none, and never over what somebody saved meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from metareview.errors import ExtractionError
from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import Cells, Grid, Grids, grid_text, identity, read_grids
from metareview.extraction.identities import read_identified, refuse_twice, with_new_ids
from metareview.extraction.joining import joined, read_joined
from metareview.extraction.leaving import (
    GENERATED,
    TAKEN_OUT,
    Cause,
    FilledRow,
    Leavers,
    filled_leavers,
    read_removed,
    refusals,
    written_in,
)
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
from metareview.extraction.recording import Signature, record_changes, record_removed
from metareview.extraction.study_ids import with_ids
from metareview.extraction.template import Included, expected_grids
from metareview.extraction.workbook import workbook_bytes
from metareview.extraction.workbook_reading import Brought, read_workbook
from metareview.files import is_there, read_bytes, read_text, sha256, write_atomically
from metareview.journal import all_or_none
from metareview.locks import locked
from metareview.protocol import Protocol
from metareview.readings import Readings, digest_of, refuse_stale

WORKBOOK = "extraction.xlsx"
_MARK = "workbook.sha256"


@dataclass(frozen=True, slots=True)
class Update:
    """What an update did.

    Attributes
    ----------
    changes : every cell and row changed, by sheet
    removed : rows that left, now in ``removed.csv``
    written : the files that are new or changed
    filled : those of the removed rows in which people had written (``--force``)
    kept : rows that nothing asks for any more, and stay because people wrote in them
    """

    changes: tuple[Change, ...]
    removed: tuple[Removed, ...]
    written: tuple[Path, ...]
    filled: tuple[FilledRow, ...] = ()
    kept: tuple[str, ...] = ()


def update_sheets(
    folder: str | Path,
    protocol: Protocol,
    included: Sequence[Included],
    signature: Signature,
    *,
    force: bool = False,
    inputs: Readings | None = None,
) -> Update:
    """Write what protocol and screening ask for into the sheets, and a fresh workbook.

    Cells that people wrote are never changed; rows whose study, outcome or arm left move to
    ``removed.csv``.

    Parameters
    ----------
    folder, protocol, included, signature
        The sheets, the plan, the studies that screening let in, and who asks.
    force
        Lets rows leave in which people wrote.
    inputs
        What protocol and studies were read from, to be looked at once more before anything is written.

    Raises
    ------
    ExtractionError
        When the workbook in the folder holds edits that were not brought back, a cell that the code
        generates was changed on both sides, or a row in which people wrote would leave. Nothing is
        written then.
    """
    folder = Path(folder)
    with locked(folder) as readings, all_or_none(folder):
        refuse_unreturned(folder)
        ours, base, gone = read_identified(folder), read_grids(folder / GENERATED), read_removed(folder)
        named = joined(with_ids(included, ours, base, gone), read_joined(folder))
        asked = expected_grids(protocol, named, ours, base, [row["row"] for row in gone])
        leavers = Leavers(protocol, ours, base, asked)
        merged, kept = _merged(ours, base, asked, leavers)
        filled = _filled(merged, base, lambda row: leavers.cause(row.sheet, row.cells) or TAKEN_OUT)
        _refuse(merged, [] if force else filled, folder)
        written = _write(folder, protocol, merged, signature, asked)
        refuse_stale(readings, inputs)
    return _update(merged, written, filled, kept)


def bring_back(
    folder: str | Path,
    protocol: Protocol,
    workbook: str | Path,
    signature: Signature,
    resolve: Resolve = unresolved,
    *,
    force: bool = False,
    inputs: Readings | None = None,
) -> Update:
    """Bring a filled workbook back into the sheets.

    Raises
    ------
    ExtractionError
        When the workbook cannot be taken, a cell was changed both in it and in the sheets since it
        was sent out, or a row in which people wrote was taken out of it (unless ``force``): all of them
        at once. Nothing is written then.
    """
    folder = Path(folder)
    with locked(folder) as readings, all_or_none(folder):
        brought = _brought(folder, Path(workbook))
        ours, generated = read_identified(folder), read_grids(folder / GENERATED)
        merged = {
            name: merge_grids(
                brought.base[name],
                ours[name],
                _coming(name, brought, ours, workbook),
                resolve=resolve,
                reason=lambda _: TAKEN_OUT.why,
            )
            for name in SHEETS
        }
        filled = _filled(merged, generated, lambda _: TAKEN_OUT)
        _refuse(merged, [] if force else filled, folder)
        written = _write(folder, protocol, merged, signature, None)
        refuse_stale(readings, inputs)
    return _update(merged, written, filled, ())


def _merged(ours: Grids, base: Grids, asked: Grids, leavers: Leavers) -> tuple[dict[str, Merged], list[str]]:
    """Merge what is asked for into the sheets; rows that people wrote in and that can stay do."""
    kept: list[str] = []
    merged = {
        name: merge_grids(
            _with_rows_of(base[name], ours[name], leavers.left),
            ours[name],
            asked[name],
            resolve=_whole_rows(ours[name], base[name], leavers, kept),
            reason=_reason(leavers, name),
        )
        for name in SHEETS
    }
    return merged, kept


def _whole_rows(ours: Grid, base: Grid, leavers: Leavers, kept: list[str]) -> Resolve:
    """Decide of rows that one side took away; conflicts of single cells are left to people."""
    name, now, before = ours.kind.name, ours.by_id(), base.by_id()

    def resolve(conflict: Conflict) -> str:
        if conflict.column != WHOLE_ROW:
            return ""
        row = now.get(conflict.row)
        if row is None:  # people took it out, and it stays out
            return "ours"
        if leavers.cause(name, row) or not written_in(name, row, before.get(conflict.row)):
            return "theirs"
        kept.append(f"{name}:{conflict.row}")
        return "ours"

    return resolve


def _with_rows_of(base: Grid, ours: Grid, studies: set[str]) -> Grid:
    """Count people's own rows of studies that left among those that can leave."""
    have = base.by_id()
    further = [r for r in ours.rows if r.get("study") in studies and identity(ours.kind, r) not in have]
    return Grid(base.kind, base.columns, (*base.rows, *further))


def _reason(leavers: Leavers, sheet: str) -> Callable[[Cells], str]:
    def reason(cells: Cells) -> str:
        cause = leavers.cause(sheet, cells)
        return cause.why if cause else "the protocol no longer asks for it"

    return reason


def _brought(folder: Path, workbook: Path) -> Brought:
    """Read a workbook; refuse when the one in the folder, which is written anew, holds other entries."""
    raw = read_bytes(workbook)
    own = folder / WORKBOOK
    if not is_there(own) or read_bytes(own) == raw:
        return read_workbook(workbook)
    refuse_unreturned(folder)
    return read_workbook(workbook)


def _coming(name: str, brought: Brought, ours: Grids, workbook: str | Path) -> Grid:
    coming = with_new_ids(brought.grids[name], (ours[name], brought.base[name]))
    refuse_twice(coming, f"{workbook}, tab {name}")
    return coming


def refuse_unreturned(folder: Path) -> None:
    """Refuse to write over a workbook in which somebody wrote."""
    path, mark = folder / WORKBOOK, folder / GENERATED / _MARK
    if not is_there(path) or (is_there(mark) and read_text(mark).strip() == sha256(path)):
        return
    brought = read_workbook(path)
    for name in SHEETS:
        if merge_grids(brought.base[name], brought.base[name], with_new_ids(brought.grids[name], ())).changes:
            raise ExtractionError(
                f"{path} holds entries that were not brought back; run `metareview extract` with "
                f"--from {path} first, or move the file away."
            )


def _filled(
    merged: dict[str, Merged], generated: Grids, cause: Callable[[Removed], Cause]
) -> list[FilledRow]:
    return filled_leavers((row for one in merged.values() for row in one.removed), generated, cause)


def _refuse(merged: dict[str, Merged], filled: Sequence[FilledRow], folder: Path) -> None:
    """Refuse conflicts, and rows that would leave with what people wrote: all at once."""
    conflicts = [str(conflict) for one in merged.values() for conflict in one.conflicts]
    problems = [*conflicts, *refusals(filled, folder)]
    if problems:
        raise ExtractionError(problems)


def _update(
    merged: dict[str, Merged], written: Sequence[Path], filled: Sequence[FilledRow], kept: Sequence[str]
) -> Update:
    changes = tuple(change for one in merged.values() for change in one.changes)
    removed = tuple(row for one in merged.values() for row in one.removed)
    return Update(changes, removed, tuple(written), tuple(filled), tuple(kept))


def _write(
    folder: Path, protocol: Protocol, merged: dict[str, Merged], signature: Signature, asked: Grids | None
) -> list[Path]:
    grids = {name: one.grid for name, one in merged.items()}
    written = [
        *record_removed(folder, [row for one in merged.values() for row in one.removed], signature),
        *record_changes(folder, [change for one in merged.values() for change in one.changes], signature),
        *_write_grids(folder, grids, read_grids(folder)),
    ]
    if asked is not None:
        _write_grids(folder / GENERATED, asked, {})
    return [*written, *write_workbook(folder, grids, protocol)]


def write_workbook(folder: Path, grids: Grids, protocol: Protocol) -> list[Path]:
    """Write the workbook of the sheets, and the mark by which a later run knows it."""
    book = workbook_bytes(grids, protocol)
    written = [folder / WORKBOOK] if write_atomically(folder / WORKBOOK, book) else []
    write_atomically(folder / GENERATED / _MARK, digest_of(book) + "\n")
    return written


def _write_grids(folder: Path, grids: Grids, before: Grids) -> list[Path]:
    """Write the sheets that say something else now or are not there; the others keep their bytes."""
    written = []
    for name, grid in grids.items():
        path = folder / f"{name}.csv"
        same = is_there(path) and name in before and _texts(before[name]) == _texts(grid)
        if not same and write_atomically(path, grid_text(grid)):
            written.append(path)
    return written


def _texts(grid: Grid) -> list[dict[str, str]]:
    return [{name: text for name, text in row.items() if text} for row in grid.rows]
