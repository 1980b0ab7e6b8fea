"""Rows of several studies that become one: what each sheet then says, and where they contradict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from metareview.extraction.bearers import CODE, OWN, Bearer
from metareview.extraction.columns import SHEETS, Column
from metareview.extraction.grids import Cells
from metareview.extraction.joining import united
from metareview.extraction.sheet_text import SheetText
from metareview.tables import Row, clean, number

# columns in which two rows of one thing must agree; words about the reading need not
_TELLING = frozenset({"count", "number", "positive", "percent", "p", "level"})
_TELLING_WORDS = {
    "arms": ("role",),
    "results": ("change",),
    "contrasts": ("scale",),
    "judgements": ("level",),
}
_ADDED_UP = ("note", "checked")
_UNITED = ("reports", "registry", "status")


@dataclass
class United:
    """What becomes of one file.

    Attributes
    ----------
    changes : per line of the file, the cells that change; ``None`` where the row leaves
    into : per line of a row that leaves, the id of the row that it was put into
    conflicts : where two rows contradict each other, one sentence each
    notes : words of which one study's were kept, one sentence each
    """

    changes: dict[int, dict[str, str] | None] = field(default_factory=dict)
    into: dict[int, str] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    """The studies that become one, the kept one first."""

    studies: tuple[str, ...]

    @property
    def kept(self) -> str:
        """The id that stays."""
        return self.studies[0]

    def __contains__(self, study: object) -> bool:
        """Say whether a study is one of them."""
        return study in self.studies


def unite_rows(bearer: Bearer, sheet: SheetText, group: Group, gone: Mapping[str, set[str]]) -> United:
    """Unite the rows of one file.

    Parameters
    ----------
    bearer, sheet
        Which file, and its text.
    group
        The studies.
    gone
        Ids of rows that left the sheets that analyses read; copies made by code lose them too.
    """
    if bearer.sheet not in SHEETS:
        return _moved(sheet, group)
    if bearer.of == CODE and bearer.sheet in gone:
        return _copied(bearer.sheet, sheet, group, gone[bearer.sheet])
    said = United()
    for rows in _by_key(bearer.sheet, sheet, group).values():
        _unite(bearer, sheet, group, rows, said)
    return said


def _moved(sheet: SheetText, group: Group) -> United:
    """Name the kept study; a row that then stands twice leaves."""
    said, seen = United(), set()
    for row in sheet.table:
        moved = {**row.cells, "study": group.kept} if row.cells.get("study") in group else row.cells
        mark = tuple(moved.items())
        if moved is not row.cells or row.cells.get("study") == group.kept:
            if mark in seen:
                said.changes[row.line] = None
            elif dict(moved) != dict(row.cells):
                said.changes[row.line] = {"study": group.kept}
        seen.add(mark)
    return said


def _copied(name: str, sheet: SheetText, group: Group, gone: set[str]) -> United:
    """Let what the code keeps of a sheet follow the sheet."""
    said, seen = United(), set()
    for row in sheet.table:
        cells = row.cells
        if cells.get("study") not in group:
            continue
        key = cells.get("arm", "")
        if cells.get("row", "") in gone or (name == "arms" and key in seen):
            said.changes[row.line] = None
        elif cells["study"] != group.kept:
            said.changes[row.line] = {"study": group.kept}
        seen.add(key)
    return said


def _by_key(name: str, sheet: SheetText, group: Group) -> dict[tuple[str, ...], list[Row]]:
    """Give the rows that would have one key, those of the kept study first."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in sheet.table:
        if row.cells.get("study") in group:
            key = tuple("" if c == "study" else row.cells.get(c, "") for c in SHEETS[name].key)
            found.setdefault(key, []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: group.studies.index(row.cells["study"]))
    return found


def _unite(bearer: Bearer, sheet: SheetText, group: Group, rows: Sequence[Row], said: United) -> None:
    if len(rows) == 1:
        if rows[0].cells["study"] != group.kept:
            said.changes[rows[0].line] = {"study": group.kept}
        return
    if len({row.cells["study"] for row in rows}) < len(rows):
        said.conflicts.append(
            f"{bearer.path}: lines {_and([row.line for row in rows])} say the same thing twice for one "
            "study; keep one of them, then merge again."
        )
        return
    winner = next((row for row in rows if _numbers_in(bearer.sheet, row.cells)), rows[0])
    if bearer.sheet == "studies":
        winner = rows[0]
    ordered = [winner, *(row for row in rows if row is not winner)]
    said.conflicts += _conflicts(bearer, sheet, ordered)
    cells = {name: _united_cell(bearer.sheet, name, ordered) for name in sheet.table.columns}
    cells["study"] = group.kept
    if bearer.sheet == "studies" and bearer.of == OWN:
        said.notes += _set_aside(sheet, ordered)
    changes = {name: text for name, text in cells.items() if text != winner.cells[name]}
    if changes:
        said.changes[winner.line] = changes
    for row in ordered[1:]:
        said.changes[row.line] = None
        said.into[row.line] = winner.cells.get("row", "") or group.kept


def _united_cell(name: str, column: str, rows: Sequence[Row]) -> str:
    texts = [row.cells[column] for row in rows]
    if column in ("row", "exclude"):
        return texts[0]
    if name == "studies" and column in _UNITED:
        return united(column, texts)
    if column in _ADDED_UP:
        return "; ".join(dict.fromkeys(text for text in texts if text))
    return next(filter(None, texts), "")


def _telling(name: str, columns: Sequence[str]) -> Iterator[Column]:
    """Give the columns of a sheet in which rows of one thing must agree."""
    if name == "studies":
        return
    for column in SHEETS[name].columns:
        if column.name in columns and (
            column.kind in _TELLING or column.name in _TELLING_WORDS.get(name, ())
        ):
            yield column


def _numbers_in(name: str, cells: Cells) -> bool:
    return any(cells[column.name] for column in _telling(name, list(cells)))


def _conflicts(bearer: Bearer, sheet: SheetText, rows: Sequence[Row]) -> Iterator[str]:
    comma = sheet.table.separator != ","
    for column in _telling(bearer.sheet, sheet.table.columns):
        filled = [(row, row.cells[column.name]) for row in rows if row.cells[column.name]]
        for row, text in filled[1:]:
            told = filled[0][1]
            if _value(text, comma) != _value(told, comma):
                places = (
                    f'"{said}" in line {row.line} ({_called(bearer, row)})'
                    for row, said in (filled[0], (row, text))
                )
                yield (
                    f"{bearer.path}: {column.name} is {' and '.join(places)}; let both say the same, take "
                    "one row out, or tell them apart by their population or time point, then merge again."
                )


def _called(bearer: Bearer, row: Row) -> str:
    names = (row.cells.get(name, "") for name in SHEETS[bearer.sheet].key)
    return ", ".join(filter(None, names))


def _value(text: str, comma: bool) -> float | str:
    value = number(text, decimal_comma=comma)
    return value if isinstance(value, float) else clean(text).casefold()


def _set_aside(sheet: SheetText, rows: Sequence[Row]) -> Iterator[str]:
    """Say which words of a study are not those of the one it was put into."""
    skipped = ("study", "label", "exclude", *_UNITED, *_ADDED_UP)
    for name in (c for c in sheet.table.columns if c not in skipped):
        kept = next(filter(None, (row.cells[name] for row in rows)), "")
        for row in rows:
            if row.cells[name] not in ("", kept):
                yield (
                    f'{sheet.table.path}: {name} stays "{kept}"; that of {row.cells["study"]}, '
                    f'"{row.cells[name]}", is in removed.csv.'
                )


def _and(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
