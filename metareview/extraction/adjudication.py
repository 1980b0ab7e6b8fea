"""From two extractors to one sheet: what has to be decided, what was decided, and the consensus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from metareview.errors import ExtractionError
from metareview.extraction.columns import SHEETS
from metareview.extraction.comparing import COMPARED, Cell, Comparison, compare_extractors
from metareview.extraction.grids import Cells, Grid, empty_grid, grid_text, read_grids
from metareview.extraction.identities import new_ids, read_identified
from metareview.extraction.leaving import GENERATED, Cause, filled_leavers, refusals, written_in
from metareview.extraction.merging import Merged, Removed, Resolve, merge_grids, unresolved
from metareview.extraction.recording import NOBODY, Signature, record_removed
from metareview.extraction.rows import Sheets
from metareview.files import is_there, write_atomically
from metareview.journal import all_or_none
from metareview.locks import locked
from metareview.readings import refuse_stale
from metareview.tables import read_table, write_table

ADJUDICATION = "adjudication.csv"
AGREED = ".consensus"
_COLUMNS = (
    "sheet", "study", "outcome", "timepoint", "population", "arm", "column",
    "extractor_1", "value_1", "source_1", "extractor_2", "value_2", "source_2", "chosen", "by", "why", "date",
)  # fmt: skip
_DECIDED = ("chosen", "by", "why", "date")
_GONE = Cause("", "", "no extractor's sheet holds it any more", "Put them back in an extractor's sheet")
EMPTY = "(empty)"
"""What is written in ``chosen`` when the cell shall stay empty."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """Where reconciling stands.

    Attributes
    ----------
    waiting : cells without a decision
    decided : cells with one
    written : the files that are new or changed; the consensus only when nothing waits
    idle : decisions that stand at the end of the sheet: what they were made on has changed since
    removed : rows that left the sheets, as no extractor's holds them any more; now in ``removed.csv``
    """

    waiting: int
    decided: int
    written: tuple[Path, ...]
    idle: int = 0
    removed: tuple[Removed, ...] = ()


def reconcile(
    folder: str | Path,
    resolve: Resolve = unresolved,
    *,
    tolerance: float = 0.0,
    signature: Signature = NOBODY,
    force: bool = False,
) -> tuple[Comparison, Settlement]:
    """Compare the two extractors' sheets of a folder and settle what can be settled, under one lock.

    Raises
    ------
    ExtractionError
        As :func:`~metareview.extraction.comparing.compare_extractors` and :func:`settle`.
    """
    folder = Path(folder)
    with locked(folder) as readings, all_or_none(folder):
        comparison = compare_extractors(folder, tolerance=tolerance)
        settlement = _settle(folder, comparison, resolve, signature, force=force)
        refuse_stale(readings)
    return comparison, settlement


def settle(
    folder: str | Path,
    comparison: Comparison,
    resolve: Resolve = unresolved,
    *,
    signature: Signature = NOBODY,
    force: bool = False,
) -> Settlement:
    """Write the adjudication sheet, and the consensus once everything in it is decided.

    Decisions that stand in the sheet are kept. The consensus becomes ``results.csv`` and
    ``contrasts.csv``, which analyses read; cells that people wrote there since are kept, and one that
    the consensus changes too is a conflict.

    Raises
    ------
    ExtractionError
        When a decision names nobody or nothing, or the consensus meets a changed cell. Nothing is
        written then.
    """
    folder = Path(folder)
    with locked(folder), all_or_none(folder):
        return _settle(folder, comparison, resolve, signature, force=force)


def _settle(
    folder: Path, comparison: Comparison, resolve: Resolve, signature: Signature, *, force: bool
) -> Settlement:
    path = folder / ADJUDICATION
    columns, decisions = _decisions(path)
    rows = [_case(cell, comparison, decisions) for cell in comparison.open]
    problems = list(_decision_faults(rows, path))
    if problems:
        raise ExtractionError(problems)
    waiting = sum(not row["chosen"] for row in rows)
    merged = {} if waiting else _consensus(folder, comparison, rows, resolve, force=force)
    open_keys = {_case_key(row) for row in rows}
    idle = [row for key, row in decisions.items() if key not in open_keys and any(map(row.get, _DECIDED))]
    written = [path] if write_atomically(path, write_table(columns, [*rows, *idle])) else []
    removed = [row for one, _ in merged.values() for row in one.removed]
    written += record_removed(folder, removed, signature)
    for name, (one, agreed) in merged.items():
        if write_atomically(folder / f"{name}.csv", grid_text(one.grid)):
            written.append(folder / f"{name}.csv")
        write_atomically(folder / AGREED / f"{name}.csv", grid_text(agreed))
    return Settlement(waiting, len(rows) - waiting, tuple(written), len(idle), tuple(removed))


def _decisions(path: Path) -> tuple[tuple[str, ...], dict[tuple[str, ...], Cells]]:
    """Read the adjudication sheet: its columns, those that people added too, and its rows."""
    if not is_there(path):
        return _COLUMNS, {}
    table = read_table(path)
    own = tuple(name for name in table.columns if name not in _COLUMNS)
    return (*_COLUMNS, *own), {_case_key(row.cells): row.cells for row in table}


def _case_key(row: Cells) -> tuple[str, ...]:
    """Name what a decision holds for: this cell and these two values; new values need a new one."""
    return tuple(row.get(name, "") for name in (*_COLUMNS[:7], "value_1", "value_2"))


def _case(cell: Cell, comparison: Comparison, decisions: Mapping[tuple[str, ...], Cells]) -> dict[str, str]:
    one, two = comparison.extractors
    arm = (
        cell.key.get("arm")
        or f"{cell.key.get('arm_1', '')} v {cell.key.get('arm_2', '')} {cell.key.get('measure', '')}"
    )
    row = {name: cell.key.get(name, "") for name in ("study", "outcome", "timepoint", "population")}
    row |= {"sheet": cell.sheet, "arm": arm.strip(), "column": cell.column}
    for place, name in (("1", one), ("2", two)):
        row |= {
            f"extractor_{place}": name,
            f"value_{place}": cell.values[name],
            f"source_{place}": cell.sources[name],
        }
    decided = decisions.get(_case_key(row), {})
    own = {name: text for name, text in decided.items() if name not in _COLUMNS}
    return {**row, **{name: decided.get(name, "") for name in _DECIDED}, **own}


def _decision_faults(rows: Sequence[Cells], path: Path) -> Iterator[str]:
    for row in rows:
        where = f"{path}: {row['study']}, {row['outcome']}, {row['arm']}, {row['column']}"
        if row["chosen"] and not row["by"]:
            yield f'{where}: "{row["chosen"]}" is chosen by nobody; fill in the column by.'
        if row["chosen"] and not row["why"]:
            yield f'{where}: "{row["chosen"]}" is chosen without a reason; fill in the column why.'


def _consensus(
    folder: Path, comparison: Comparison, cases: Sequence[Cells], resolve: Resolve, *, force: bool
) -> dict[str, tuple[Merged, Grid]]:
    """Give the sheets that analyses read, and the consensus itself, by name."""
    chosen = {tuple(row[name] for name in _COLUMNS[:7]): row["chosen"] for row in cases}
    ours, base = read_identified(folder), read_grids(folder / AGREED)
    generated = read_grids(folder / GENERATED)
    agreed = {name: _agreed_grid(name, comparison, chosen, (ours[name], base[name])) for name in COMPARED}
    merged = {
        name: merge_grids(
            base[name],
            _without_blanks(ours[name], agreed[name], generated[name]),
            agreed[name],
            resolve=resolve,
            reason=lambda _: _GONE.why,
        )
        for name in COMPARED
        if agreed[name].rows or base[name].rows
    }
    conflicts = [str(conflict) for one in merged.values() for conflict in one.conflicts]
    removed = [row for one in merged.values() for row in one.removed]
    filled = [] if force else filled_leavers(removed, generated, lambda _: _GONE)
    problems = [*conflicts, *refusals(filled, folder)]
    if problems:
        raise ExtractionError(problems)
    return {name: (one, agreed[name]) for name, one in merged.items()}


def _without_blanks(ours: Grid, agreed: Grid, generated: Grid) -> Grid:
    """Drop the rows of the template in which nobody wrote: the consensus fills them."""
    ids, before = set(agreed.by_id()), generated.by_id()
    kept = [
        row
        for name, row in ours.by_id().items()
        if name in ids or row.get("population") or written_in(ours.kind.name, row, before.get(name))
    ]
    return Grid(ours.kind, ours.columns, tuple(kept))


def _agreed_grid(
    name: str, comparison: Comparison, chosen: Mapping[tuple[str, ...], str], known: Sequence[Grid]
) -> Grid:
    kind = SHEETS[name]
    one, two = comparison.extractors
    sides = comparison.rows[name]
    keys = list(dict.fromkeys((*sides[one], *sides[two])))
    if not keys:
        return empty_grid(kind)
    ids = {tuple(r.get(c, "").casefold() for c in kind.key): r["row"] for grid in known for r in grid.rows}
    fresh = new_ids(kind, known)
    rows = []
    for key in keys:
        row = dict(sides[one].get(key) or sides[two][key])
        row["row"] = ids.get(key) or next(fresh)
        row["extractor"] = (
            f"{one} and {two}" if key in sides[one] and key in sides[two] else row.get("extractor", "")
        )
        rows.append(row)
    _choose(name, rows, comparison, chosen)
    return Grid(kind, kind.names, tuple({c: row.get(c, "") for c in kind.names} for row in rows))


def _choose(
    name: str, rows: Sequence[dict[str, str]], comparison: Comparison, chosen: Mapping[tuple[str, ...], str]
) -> None:
    """Put the decided values into the rows."""
    kind = SHEETS[name]
    by_key = {tuple(row.get(c, "") for c in kind.key): row for row in rows}
    for cell in comparison.open:
        if cell.sheet == name:
            case = _case(cell, comparison, {})
            value = chosen[tuple(case[column] for column in _COLUMNS[:7])]
            by_key[tuple(cell.key.values())][cell.column] = "" if value == EMPTY else value


def describe_extraction(sheets: Sheets) -> str:
    """Say in a sentence how many people read the numbers out, as a report must.

    >>> from metareview.extraction.rows import Sheets
    >>> describe_extraction(Sheets("x", (), (), (), (), ()))
    'No data were extracted.'
    """
    rows = [row for row in sheets.figures if row.basis]
    if not rows:
        return "No data were extracted."
    double = sum(" and " in row.extractor for row in rows)
    if double == len(rows):
        return "All data were extracted by two people independently and reconciled."
    if double:
        return (
            f"{double} of {len(rows)} rows were extracted by two people independently and reconciled; the "
            "others were extracted once, which is known to let more errors through."
        )
    return (
        f"All {len(rows)} rows were extracted once, without a second independent extraction, which is known "
        "to let more errors through."
    )
