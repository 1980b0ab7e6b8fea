"""Rows that leave the sheets: what people wrote in them, why they leave, and how that is prevented.

A row in which somebody wrote leaves only when a person says ``--force``; ``removed.csv`` keeps every
cell of each row that left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from metareview.errors import ExtractionError, FileError, MetareviewError
from metareview.extraction.columns import SHEETS
from metareview.extraction.drafts import from_problem
from metareview.extraction.finding import Finding
from metareview.extraction.grids import IDENTITY, Cells, Grid, Grids, identity, read_grids, split_many
from metareview.extraction.merging import Removed
from metareview.extraction.rows import TOTAL
from metareview.extraction.template import arms_standing, left_ids, studies_standing
from metareview.files import is_there
from metareview.protocol import Protocol
from metareview.tables import Row, read_table, require_columns

REMOVED = "removed.csv"
GENERATED = ".generated"
REMOVED_COLUMNS = ("when", "who", "sheet", "row", "reason", "cells")
_FIGURES = ("results", "contrasts")
_ARMS = ("arm", "arm_1", "arm_2")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a row leaves: an id that it names is no longer there.

    Attributes
    ----------
    kind : ``study``, ``outcome`` or ``arm``; ``""`` when somebody took the row out
    name : the id
    why : half a sentence
    guess : the id that it may have become, ``""`` for none; where there is no id, the way to undo it
    """

    kind: str
    name: str
    why: str
    guess: str = ""


TAKEN_OUT = Cause("", "", "taken out in the workbook", "Put them back in the workbook")


def written_in(kind_name: str, row: Cells, generated: Cells | None) -> tuple[str, ...]:
    """Return the columns in which people wrote: what they hold was not generated.

    Of a row that people added, the columns that say which row it is do not count.

    >>> written_in("results", {"row": "r1", "study": "A", "n": "9"}, {"row": "r1", "study": "A"})
    ('n',)
    """
    kind = SHEETS[kind_name]
    named = {"row", *(kind.key if generated is None else IDENTITY.get(kind_name, ()))}
    before = generated or {}
    return tuple(c for c, text in row.items() if text and c not in named and text != before.get(c, ""))


class Leavers:
    """Tells of the rows of a sheet why they are no longer asked for."""

    def __init__(self, protocol: Protocol, ours: Grids, base: Grids, asked: Grids) -> None:
        self.left = left_ids(asked["studies"], base["studies"])
        self.outcomes = [outcome.id for outcome in protocol.outcomes]
        self.asked = list({r.get("outcome", ""): 0 for n in _FIGURES for r in asked[n].rows})
        self.roles = [arm.id for arm in protocol.arms]
        self.arms = arms_standing(asked["arms"], ours["arms"], base["arms"])
        self.studies = studies_standing(asked["studies"], ours["studies"], base["studies"])
        self._before = base
        self._reports = {
            report: name
            for name, row in self.studies.items()
            for report in split_many(row.get("reports", ""))
        }

    def cause(self, sheet: str, row: Cells) -> Cause | None:
        """Return why a row leaves; ``None`` when everything it names is there, so that it can stay."""
        study, outcome = row.get("study", ""), row.get("outcome", "")
        if study in self.left or study not in self.studies:
            gone = "is no longer included" if study in self.left else "no longer stands in studies.csv"
            return Cause("study", study, f'study "{study}" {gone}', self._new_study(study))
        if outcome and outcome not in self.outcomes:
            before = self._column(("outcome",))
            guess = self._new_name(outcome, self.asked, before) or self._new_name(
                outcome, self.outcomes, before
            )
            return Cause("outcome", outcome, f'outcome "{outcome}" is no longer in the protocol', guess)
        if sheet == "arms":
            return self._arm_cause(row)
        own = self.arms.get(study, {})
        gone = next((row[c] for c in _ARMS if row.get(c, "") not in ("", TOTAL, *own)), "")
        if not gone:
            return None
        guess = self._new_name(gone, list(own), self._arms_of(study))
        planned = gone in self._column(("role",)) and gone not in self.roles
        name = gone if planned else f"{study}/{gone}"
        return Cause("arm", name, f'arm "{gone}" is no longer an arm of study "{study}"', guess)

    def _arm_cause(self, row: Cells) -> Cause | None:
        role = row.get("role", "")
        if role in self.roles:
            return None
        guess = self._new_name(role, self.roles, self._column(("role",)))
        return Cause("arm", role, f'arm "{role}" is no longer in the protocol', guess)

    def _new_study(self, name: str) -> str:
        """Guess what a study is called now: by its reports, else by its name."""
        row = self._before["studies"].by_id().get(name, {})
        same = [self._reports[r] for r in split_many(row.get("reports", "")) if r in self._reports]
        return same[0] if same else self._new_name(name, list(self.studies), self._column(("study",)))

    def _column(self, columns: Iterable[str]) -> set[str]:
        return {row.get(c, "") for grid in self._before.values() for row in grid.rows for c in columns}

    def _arms_of(self, study: str) -> set[str]:
        return {row.get("arm", "") for row in self._before["arms"].rows if row.get("study", "") == study}

    def _new_name(self, old: str, now: Sequence[str], before: set[str]) -> str:
        """Guess which of the names that are new stands for one that is gone."""
        fresh = [name for name in now if name not in before]
        near = get_close_matches(old.casefold(), [name.casefold() for name in fresh], n=1)
        if near:
            return next(name for name in fresh if name.casefold() == near[0])
        return fresh[0] if len(fresh) == 1 else ""


@dataclass(frozen=True, slots=True)
class FilledRow:
    """A row that leaves although people wrote in it."""

    row: Removed
    columns: tuple[str, ...]
    cause: Cause


def filled_leavers(
    removed: Iterable[Removed], generated: Grids, cause: Callable[[Removed], Cause]
) -> list[FilledRow]:
    """Return those rows that leave in which people wrote."""
    before = {name: grid.by_id() for name, grid in generated.items()}
    found = []
    for row in removed:
        columns = written_in(row.sheet, row.cells, before[row.sheet].get(row.row))
        if columns:
            found.append(FilledRow(row, columns, cause(row)))
    return found


def refusals(filled: Iterable[FilledRow], folder: Path) -> Iterator[str]:
    """Say of rows that would leave, per sheet, study and outcome, what stands in them and the ways out."""
    groups: dict[tuple[str, str, str, Cause], list[FilledRow]] = {}
    for one in filled:
        cells = one.row.cells
        key = (one.row.sheet, cells.get("study", ""), cells.get("outcome", ""), one.cause)
        groups.setdefault(key, []).append(one)
    for (sheet, study, outcome, cause), rows in groups.items():
        about = f"study {study}" + (f", outcome {outcome}" if outcome else "")
        cells_said = _count(sum(len(one.columns) for one in rows), "cell")
        names = ", ".join(one.row.row for one in rows[:8]) + (" …" if len(rows) > 8 else "")
        yield (
            f"{folder / f'{sheet}.csv'}: {_count(len(rows), 'row')} of {about} ({names}) would leave with "
            f"{cells_said} that people filled in: {cause.why}. {_ways_out(cause, folder)}"
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _ways_out(cause: Cause, folder: Path) -> str:
    force = f"say --force, which moves them to {REMOVED}"
    if not cause.kind:
        return f"{cause.guess}, or {force}."
    name = cause.name.rpartition("/")[2]
    now = f'"{cause.guess}" now' if cause.guess else "something else now"
    rename = f"metareview rename {folder.name} {cause.kind} {cause.name} {cause.guess or 'NEW'}"
    return (
        f'If it is called {now}, put "{name}" back and run `{rename}`, which changes it everywhere; if it '
        f"was taken out by mistake, put it back; else {force}."
    )


def read_removed(folder: Path) -> list[Cells]:
    """Read every row that ever left the sheets of a folder.

    Raises
    ------
    FileError, ExtractionError
        When the record cannot be understood.
    """
    path = folder / REMOVED
    if not is_there(path):
        return []
    table = read_table(path)
    require_columns(table, REMOVED_COLUMNS)
    faults = [row.line for row in table if cells_of(row.cells) is None]
    if faults:
        raise ExtractionError(
            f"{path}:{line}: cells is no JSON object of texts; restore what metareview wrote."
            for line in faults
        )
    return [row.cells for row in table]


def cells_of(removed: Cells) -> Cells | None:
    """Return the cells of a row of ``removed.csv``; ``None`` when they cannot be read."""
    try:
        found = json.loads(removed.get("cells", ""))
    except ValueError:
        return None
    fits = isinstance(found, dict) and all(isinstance(text, str) for text in found.values())
    return found if fits else None


def standing_again(removed: Cells, sheets: Mapping[str, Grid]) -> bool:
    """Check whether a row that left is back in its sheet."""
    grid = sheets.get(removed["sheet"])
    return grid is not None and removed["row"] in grid.by_id()


def trail_findings(folder: str | Path) -> Iterator[Finding]:
    """Find rows that left with numbers in them, and rows that were asked for and are gone.

    Nothing is found while the sheets themselves cannot be read: that is said where they are read.
    """
    folder = Path(folder)
    try:
        sheets = read_grids(folder)
    except FileError:
        return
    yield from _told(folder / REMOVED, partial(_departed, sheets=sheets))
    for name, sheet in sheets.items():
        yield from _told(folder / GENERATED / f"{name}.csv", partial(_missing, sheet=sheet))


def _told(path: Path, look: Callable[[Path], Iterator[Finding]]) -> Iterator[Finding]:
    """Look into a file that need not be there; say what keeps it from being read."""
    try:
        yield from look(path) if is_there(path) else ()
    except MetareviewError as error:
        yield from (from_problem(path, problem) for problem in error.problems)


def _missing(path: Path, sheet: Grid) -> Iterator[Finding]:
    """Find generated rows that are gone and that no other row answers, by study."""
    have, answered = sheet.by_id(), {_slot(row) for row in sheet.rows}
    gone: dict[str, list[Row]] = {}
    for row in read_table(path):
        if identity(sheet.kind, row.cells) not in have and _slot(row.cells) not in answered:
            gone.setdefault(row.cells.get("study", ""), []).append(row)
    for study, rows in gone.items():
        names = [f"{identity(sheet.kind, row.cells)} ({_named(row.cells)})" for row in rows[:4]]
        why = (
            f"{sheet.kind.name}.csv lacks {_count(len(rows), 'row')} of study {study} that were written "
            f"there and are asked for: {'; '.join(names)}{'; …' if len(rows) > 4 else ''}. "
            "Put them back if they were deleted by mistake"
        )
        yield Finding("row-missing", "note", str(path), rows[0].line, "", "", why)


def _slot(row: Cells) -> tuple[str, ...]:
    """Say what a row answers, at whatever time point."""
    columns = ("study", "role") if "role" in row else ("study", "outcome", *_ARMS, "measure", "domain")
    return tuple(row.get(column, "") for column in columns)


def _departed(path: Path, sheets: Grids) -> Iterator[Finding]:
    read_removed(path.parent)
    for row in read_table(path):
        cells, sheet = cells_of(row.cells) or {}, row.cells["sheet"]
        if sheet not in SHEETS or "row" not in SHEETS[sheet].names or standing_again(row.cells, sheets):
            continue
        written = written_in(sheet, cells, None)
        if written:
            why = (
                f"row {row.cells['row']} of {sheet}.csv ({_named(cells)}) left with "
                f"{_count(len(written), 'filled cell')}: {row.cells['reason']}"
            )
            yield Finding("row-removed", "note", str(path), row.line, "", "", why)


def _named(row: Cells) -> str:
    parts = (row.get(c, "") for c in ("study", "outcome", "timepoint", *_ARMS))
    return ", ".join(part for part in parts if part)
