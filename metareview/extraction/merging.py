"""Three-way merge of sheets: what was last generated or sent out, what stands now, what comes in.

A cell that only one side changed takes that side's text. A cell that both changed in different ways
is a conflict, and nothing is written while one is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from metareview.extraction.columns import SheetKind
from metareview.extraction.grids import Cells, Grid

WHOLE_ROW = "the whole row"


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that a merge changed, or a row that it added or took away (``column`` empty)."""

    sheet: str
    row: str
    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A cell, or a whole row, that both sides changed in different ways."""

    sheet: str
    row: str
    column: str
    base: str
    ours: str
    theirs: str

    @property
    def name(self) -> str:
        """What ``--ours`` and ``--theirs`` call it: ``results:r012:n``."""
        return f"{self.sheet}:{self.row}:{self.column}"

    def __str__(self) -> str:
        """Say it in a sentence."""
        if self.column == WHOLE_ROW:
            return (
                f"{self.sheet}.csv: row {self.row} is {self.ours} here and {self.theirs} in what comes in; "
                f'say --ours or --theirs "{self.name}".'
            )
        return (
            f'{self.sheet}.csv: row {self.row}: {self.column} was "{self.base}", is "{self.ours}" here and '
            f'"{self.theirs}" in what comes in; say --ours or --theirs "{self.name}".'
        )


@dataclass(frozen=True, slots=True)
class Removed:
    """A row that left a sheet, with its cells and the reason."""

    sheet: str
    row: str
    cells: Cells
    reason: str


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of a merge; ``grid`` is to be used only when there is no conflict."""

    grid: Grid
    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...]
    removed: tuple[Removed, ...]


# says "ours", "theirs" or nothing of a conflict
Resolve = Callable[[Conflict], str]


def unresolved(conflict: Conflict) -> str:
    """Leave every conflict to be resolved by a person."""
    return ""


@dataclass
class _Merger:
    """The books kept while one sheet is merged."""

    kind: SheetKind
    resolve: Resolve
    reason: Callable[[Cells], str]
    changes: list[Change] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)

    def row(self, name: str, base: Cells | None, ours: Cells | None, theirs: Cells | None) -> Cells | None:
        """Merge one row; ``None`` where a side does not have it."""
        if base is None:
            return self._new_row(name, ours, theirs)
        if ours is None and theirs is None:
            return None
        if ours is not None and theirs is not None:
            return self._cells(name, base, ours, theirs)
        return self._left(name, base, ours, theirs)

    def _new_row(self, name: str, ours: Cells | None, theirs: Cells | None) -> Cells | None:
        if ours is not None and theirs is not None:
            return self._cells(name, {}, ours, theirs)
        if theirs is not None:
            self.changes.append(Change(self.kind.name, name, "", "", "added"))
        return ours if ours is not None else theirs

    def _left(self, name: str, base: Cells, ours: Cells | None, theirs: Cells | None) -> Cells | None:
        """Merge a row that one side took away: it goes, unless the other side wrote into it since."""
        kept = ours if ours is not None else theirs
        assert kept is not None
        if not _differ(base, kept):
            self._remove(name, ours)
            return None
        here, there = ("changed", "taken away") if ours is not None else ("taken away", "changed")
        conflict = Conflict(self.kind.name, name, WHOLE_ROW, "", here, there)
        choice = self.resolve(conflict)
        if not choice:
            self.conflicts.append(conflict)
            return kept
        if (choice == "ours") == (ours is not None):
            return kept
        self._remove(name, ours)
        return None

    def _remove(self, name: str, ours: Cells | None) -> None:
        if ours is not None:
            self.removed.append(Removed(self.kind.name, name, ours, self.reason(ours)))
            self.changes.append(Change(self.kind.name, name, "", "", "taken away"))

    def _cells(self, name: str, base: Cells, ours: Cells, theirs: Cells) -> Cells:
        merged: dict[str, str] = {}
        for column in dict.fromkeys((*ours, *theirs)):
            was, here, there = (side.get(column, "") for side in (base, ours, theirs))
            merged[column] = self._cell(Conflict(self.kind.name, name, column, was, here, there))
            if merged[column] != here:
                self.changes.append(Change(self.kind.name, name, column, here, merged[column]))
        return merged

    def _cell(self, cell: Conflict) -> str:
        if cell.theirs in (cell.base, cell.ours):
            return cell.ours
        if cell.ours == cell.base:
            return cell.theirs
        choice = self.resolve(cell)
        if not choice:
            self.conflicts.append(cell)
        return cell.theirs if choice == "theirs" else cell.ours


def merge_grids(
    base: Grid,
    ours: Grid,
    theirs: Grid,
    *,
    resolve: Resolve = unresolved,
    reason: Callable[[Cells], str] = lambda cells: "taken away in what came in",
) -> Merged:
    """Merge one sheet.

    Parameters
    ----------
    base
        The sheet as it was last generated or sent out.
    ours
        The sheet as it stands.
    theirs
        The sheet that comes in: newly generated, or a workbook brought back.
    resolve
        Says of a conflict ``ours``, ``theirs`` or nothing.
    reason
        Says why a row leaves.
    """
    merger = _Merger(ours.kind, resolve, reason)
    before, now, coming = base.by_id(), ours.by_id(), theirs.by_id()
    rows = []
    for name in dict.fromkeys((*now, *coming)):
        row = merger.row(name, before.get(name), now.get(name), coming.get(name))
        if row is not None:
            rows.append(row)
    columns = tuple(dict.fromkeys((*ours.columns, *theirs.columns)))
    merged = Grid(ours.kind, columns, tuple(rows))
    return Merged(merged, tuple(merger.changes), tuple(merger.conflicts), tuple(merger.removed))


def _differ(one: Mapping[str, str], two: Mapping[str, str]) -> bool:
    return any(one.get(name, "") != two.get(name, "") for name in {*one, *two})


def choices(ours: Iterable[str], theirs: Iterable[str]) -> Resolve:
    """Make a resolver from the names given to ``--ours`` and ``--theirs``; ``all`` stands for every one."""
    mine, others = frozenset(ours), frozenset(theirs)

    def resolve(conflict: Conflict) -> str:
        for side, names in (("ours", mine), ("theirs", others)):
            if conflict.name in names:
                return side
        for side, names in (("ours", mine), ("theirs", others)):
            if "all" in names:
                return side
        return ""

    return resolve
