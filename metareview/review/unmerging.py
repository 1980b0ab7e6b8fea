"""The last merge of studies taken back: byte for byte where nobody wrote since, else row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from metareview.errors import ExtractionError
from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import Cells
from metareview.extraction.merging import Change
from metareview.extraction.recording import Signature, record_changes
from metareview.extraction.sheet_text import read_sheet_text
from metareview.extraction.updating import refuse_unreturned
from metareview.files import encoded_as, is_there, read_bytes, read_text
from metareview.journal import all_or_none
from metareview.locks import locked
from metareview.protocol.editing import Exclusion, edit_exclusions, read_exclusions
from metareview.review.ledger import (
    ANALYSIS,
    PROTOCOL,
    Merge,
    Touched,
    drop_copies,
    read_merges,
    untouched,
    write_merges,
)
from metareview.review.merging import paths_of, put_back, renew_workbook
from metareview.review.place import Place
from metareview.tables import Row


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Which merge was taken back, and how: files put back whole, and files mended row by row."""

    kept: str
    joined: tuple[str, ...]
    whole: tuple[Path, ...]
    mended: tuple[Path, ...]


def unmerge(place: Place, signature: Signature) -> TakenBack:
    """Take the last merge of a review back.

    Raises
    ------
    ExtractionError
        When there is none, or a row that it touched was changed since: all of them at once, and nothing
        is written.
    """
    folder = place.sheets
    with locked(folder), all_or_none(folder):
        merges = read_merges(folder)
        if not merges:
            raise ExtractionError(f"{folder} has no merge to take back.")
        refuse_unreturned(folder)
        last, paths = merges[-1], paths_of(place)
        whole = untouched(folder, last.number, paths)
        mended = _mended(place, last, [name for name in _files(last) if name not in whole], paths)
        for name, raw in {**whole, **mended}.items():
            put_back(paths[name], raw)
        write_merges(folder, merges[:-1])
        drop_copies(folder, last.number, paths)
        told = [Change("studies", study, "study", f"merged into {last.kept}", study) for study in last.joined]
        record_changes(folder, told, signature)
        renew_workbook(place)
        return TakenBack(
            last.kept, last.joined, tuple(paths[n] for n in whole), tuple(paths[n] for n in mended)
        )


def _files(merge: Merge) -> list[str]:
    return list(dict.fromkeys(touched.file for touched in merge.touched))


def _mended(place: Place, merge: Merge, names: Sequence[str], paths: Mapping[str, Path]) -> dict[str, bytes]:
    """Take back row by row what lies in files that changed since."""
    made: dict[str, bytes] = {}
    problems: list[str] = []
    for name in names:
        rows = [touched for touched in merge.touched if touched.file == name]
        if name == PROTOCOL:
            made[name] = _plan_mended(place.protocol, rows, problems)
        elif name in paths and is_there(paths[name]):
            made[name] = _file_mended(name, paths[name], rows, problems)
        else:
            problems.append(
                f'{place.sheets}: the file "{name}", which the merge changed, is gone; put it back.'
            )
    if problems:
        raise ExtractionError(problems)
    return made


@dataclass
class _Mending:
    """What is to become of a file's rows, by line."""

    changes: dict[int, dict[str, str] | None] = field(default_factory=dict)
    added: list[Cells] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def _file_mended(name: str, path: Path, rows: Sequence[Touched], problems: list[str]) -> bytes:
    sheet = read_sheet_text(path)
    found = _Rows(name, sheet.table.rows)
    mending = _Mending()
    for touched in rows:
        _mend(path, touched, found, mending)
    if not name.startswith("."):  # copies made by code follow as far as they can
        problems += mending.problems
    lines = iter([row.line for row in sheet.table])
    return sheet.edited(lambda cells: mending.changes.get(next(lines), {}), mending.added)


class _Rows:
    """The rows of a file, found by what identifies them."""

    def __init__(self, name: str, rows: Sequence[Row]) -> None:
        self.kind = SHEETS.get(Path(name).name.split(".")[0])
        self.rows: dict[tuple[str, ...], Row] = {}
        for row in rows:
            self.rows.setdefault(self._mark(row.cells), row)

    def _mark(self, cells: Cells) -> tuple[str, ...]:
        if self.kind is None:
            return tuple(sorted(f"{name}={text}" for name, text in cells.items() if text))
        if cells.get("row"):
            return (cells["row"],)
        return tuple(cells.get(name, "") for name in self.kind.key)

    def find(self, cells: Cells) -> Row | None:
        """Return the row that these cells name."""
        return self.rows.get(self._mark(cells))


def _mend(path: Path, touched: Touched, found: _Rows, mending: _Mending) -> None:
    before, after = touched.before, touched.after
    if after is None:
        if before is not None:
            _bring_back(path, before, found, mending)
        return
    row = found.find(after)
    if before is None:
        if row is not None:
            mending.changes[row.line] = None
        return
    if row is None:
        mending.problems.append(f"{path}: the row of {_named(after)} is gone; put it back, then undo again.")
        return
    columns = [name for name in row.cells if before.get(name, "") != after.get(name, "")]
    for name in columns:
        if row.cells[name] != after.get(name, ""):
            mending.problems.append(
                f'{path}:{row.line}: {name} is "{row.cells[name]}" now and was "{after.get(name, "")}" after '
                "the merge; set it back, then undo again."
            )
    mending.changes[row.line] = {name: before.get(name, "") for name in columns}


def _bring_back(path: Path, before: Cells, found: _Rows, mending: _Mending) -> None:
    there = found.find(before)
    if there is None:
        mending.added.append(before)
    elif any(there.cells.get(name, "") != text for name, text in before.items()):
        mending.problems.append(
            f"{path}:{there.line}: the row of {_named(before)} would come back, and another stands in its "
            "place; take that one out, then undo again."
        )


def _named(cells: Cells) -> str:
    names = ("row", "study", "outcome", "timepoint", "population", "arm", "arm_1", "arm_2", "report")
    return ", ".join(cells[name] for name in names if cells.get(name))


def _plan_mended(path: Path, rows: Sequence[Touched], problems: list[str]) -> bytes:
    """Let the tables of excluded studies name what they named, as far as entries can be renamed."""
    wanted = {(t.before or {}).get(ANALYSIS, ""): (t.before or {}, t.after or {}) for t in rows}

    def change(found: Exclusion) -> dict[str, str]:
        before, after = wanted.get(found.analysis, ({}, {}))
        gone = [name for name in before if name not in after]
        fresh = [name for name in after if name not in before]
        return {new: old for old, new in zip(gone, fresh, strict=False) if new in found.reasons}

    edited = edit_exclusions(read_text(path), path, change)
    now = {found.analysis: found.reasons for found in read_exclusions(edited.text, path)}
    for analysis, (before, _) in wanted.items():
        for study, reason in before.items():
            if study != ANALYSIS and study not in now.get(analysis, {}):
                problems.append(
                    f'{path}: exclude of analysis "{analysis}" held {study} = "{reason}" before the merge; '
                    "write it there, then undo again."
                )
    return encoded_as(edited.text, read_bytes(path))
