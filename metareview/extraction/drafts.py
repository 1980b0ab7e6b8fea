"""From files to draft rows: every cell read or found at fault, nothing compared with anything yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metareview.errors import MOST_LISTED, FileError, did_you_mean
from metareview.extraction.cells import Fault, read_cell
from metareview.extraction.columns import SHEETS, SheetKind
from metareview.extraction.finding import Finding
from metareview.files import is_there
from metareview.tables import Table, read_table


@dataclass(frozen=True, slots=True)
class Draft:
    """One row of a sheet: its cells as text, and the values of those that could be read.

    Attributes
    ----------
    values : by column; ``None`` where a cell is empty or at fault
    faulty : the columns whose cells are at fault
    """

    kind: SheetKind
    file: str
    line: int
    cells: Mapping[str, str]
    values: Mapping[str, Any]
    faulty: frozenset[str] = field(default_factory=frozenset)

    def finding(self, check: str, column: str, why: str, right: str = "") -> Finding:
        """Report something that cannot be in one of its cells."""
        return Finding(check, "error", self.file, self.line, column, self.cells.get(column, ""), why, right)

    def key(self, *names: str) -> tuple[str, ...]:
        """Return the texts of some of its cells."""
        return tuple(self.cells.get(name, "") for name in names)


Drafts = dict[str, list[Draft]]


def read_drafts(folder: str | Path) -> tuple[Drafts, list[Finding]]:
    """Read every sheet of a folder as far as it can be read."""
    drafts: Drafts = {}
    findings: list[Finding] = []
    for kind in SHEETS.values():
        path = Path(folder) / f"{kind.name}.csv"
        drafts[kind.name] = []
        found = _read_sheet(path, kind)
        if found is not None:
            drafts[kind.name] = [draft for draft, _ in found[0]]
            findings += found[1] + [finding for _, faults in found[0] for finding in faults]
        elif kind.name in ("studies", "arms"):
            findings.append(_whole(path, "file", "does not exist; `metareview extract` writes the sheets"))
    return drafts, findings + _nothing_to_pool(Path(folder), drafts, findings)


def _read_sheet(
    path: Path, kind: SheetKind
) -> tuple[list[tuple[Draft, list[Finding]]], list[Finding]] | None:
    """Read one sheet; ``None`` when there is none."""
    try:
        if not is_there(path):
            return None
        table = read_table(path)
    except FileError as error:
        return [], [from_problem(path, problem) for problem in error.problems]
    faults = list(_header_findings(table, kind))
    if faults and any(f.check == "column-missing" for f in faults):
        return [], faults
    if not table.rows and kind.name in ("studies", "arms"):
        faults.append(_whole(path, "file", "has a header and no rows; fill it in"))
    return list(drafts_of(table, kind)), faults


def drafts_of(table: Table, kind: SheetKind) -> Iterator[tuple[Draft, list[Finding]]]:
    """Read every cell of every row; a row comes with the faults of its cells."""
    columns = {column.name: column for column in kind.columns}
    keys = [column for column in kind.columns if column.kind == "key"]
    decimal_comma = table.separator != ","
    held: dict[tuple[str, str], Any] = {}  # most cells of a large sheet say what another said
    empty = {c.name: read_cell("", c, decimal_comma=decimal_comma) for c in kind.columns if c.kind != "key"}
    for row in table:
        cells = dict(row.cells)
        filled = [cell for cell in cells.items() if cell[1] and cell[0] in columns]
        filled += [(column.name, "") for column in keys if not cells.get(column.name)]
        for name, text in filled:
            if (name, text) not in held:
                held[name, text] = read_cell(text, columns[name], decimal_comma=decimal_comma)
        read = {cell[0]: held[cell] for cell in filled}
        faults = {name: value for name, value in read.items() if isinstance(value, Fault)}
        values = empty | read | {name: "" if columns[name].kind == "key" else None for name in faults}
        draft = Draft(kind, table.path, row.line, cells, values, frozenset(faults))
        yield draft, [draft.finding("cell", name, why) for name, why in faults.items()]


def _header_findings(table: Table, kind: SheetKind) -> Iterator[Finding]:
    strange = [name for name in table.columns if name not in kind.names]
    for number, name in enumerate([] if kind.open else strange):
        hint = did_you_mean(name, kind.names) if number < MOST_LISTED else "see those above"
        why = f'column "{name}" is not known; {hint}'
        yield Finding("column-unknown", "error", table.path, 1, "", "", why)
    for column in kind.columns:
        if column.needed and column.name not in table.columns:
            near = did_you_mean(column.name, strange)
            hint = f" ({near.split('?')[0]}?)" if near.startswith("did you") else ""
            why = f'column "{column.name}" is missing{hint}'
            yield Finding("column-missing", "error", table.path, 1, "", "", why)


def from_problem(path: Path, problem: str) -> Finding:
    """Turn a sentence about a file's shape into a finding."""
    said = re.fullmatch(rf"{re.escape(str(path))}(?::(\d+):)? (.*)", problem, re.DOTALL)
    line, why = (int(said[1] or 0), said[2]) if said else (0, problem)
    return Finding("file", "error", str(path), line, "", "", why)


def _whole(path: Path, check: str, why: str) -> Finding:
    return Finding(check, "error", str(path), 0, "", "", why)


def _nothing_to_pool(folder: Path, drafts: Drafts, findings: list[Finding]) -> list[Finding]:
    if drafts["results"] or drafts["contrasts"] or any("results" in f.file for f in findings):
        return []
    why = "has no results: neither results.csv nor contrasts.csv holds a row"
    return [_whole(folder, "file", why)]
