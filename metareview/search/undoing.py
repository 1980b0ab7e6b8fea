"""Take a search or an import back: its row, its name, the records that it alone gave; all is kept aside."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from metareview.files import files_in, is_there, read_bytes, refuse_link, remove, write_atomically
from metareview.names import name_fault
from metareview.search.catalogue import read_records, write_records
from metareview.search.correction import Ties, correcting, no_ties, refuse_tied, tied_to
from metareview.search.dedupe.rules import SAME
from metareview.search.gather import RENEWED
from metareview.search.ledger import (
    UNDONE,
    SearchRun,
    find_run,
    folder_of,
    free_id,
    is_inside,
    write_searches,
)
from metareview.search.record import Record
from metareview.tables import read_table, write_table


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of a search that was taken back.

    Attributes
    ----------
    run : its row, which left ``searches.csv``
    place : the folder that keeps what was taken back
    kept : the file or folder with what was received; ``None`` when the table named none
    removed : ids of the records that left
    stayed : ids of the records that other searches gave too
    pairs : how many rows of ``duplicates.csv`` left with them
    mixed : whether its records name several databases
    remarks : what rested on the records that left
    """

    run: SearchRun
    place: Path
    kept: Path | None
    removed: tuple[str, ...]
    stayed: tuple[str, ...]
    pairs: int
    mixed: bool
    remarks: tuple[str, ...]


def undo_search(folder: Path, name: str, ties: Ties = no_ties, *, force: bool = False) -> Undone:
    """Take a search or an import back.

    Parameters
    ----------
    folder
        ``searched/REVIEW``.
    name
        The search, as ``searches.csv`` calls it.
    ties
        Says what in other rooms of the review rests on a record.
    force
        Take it back whatever rests on its records.

    Raises
    ------
    SearchError
        When there is no such search, or something rests on a record that would leave: all of it.
    """
    with correcting(folder) as tables:
        runs, held = tables.runs, tables.held
        run = find_run([*runs, *_without_row(runs, held)], name, tables.ledger)
        rest = [r for r in runs if r.id != name]
        leaving = [r for r in held if set(r.source) == {name}]
        before = _described_before(folder, run)
        staying = [_without(r, name, before) for r in held if set(r.source) != {name}]
        remarks = _remarks(folder, leaving, staying, ties)
        refuse_tied(remarks, _refusal(name, len(remarks)), force=force)
        place = folder / UNDONE / free_id(name, lambda n: bool(files_in(folder / UNDONE / n, "*")))
        refuse_link(folder / UNDONE)
        kept = _move(folder, run, rest, place)
        write_searches(place / "search.csv", [run])
        write_records(place / "removed_records.csv", leaving)
        pairs = _part_pairs(folder / "duplicates.csv", {r.id for r in leaving}, place)
        write_records(folder / "records.csv", staying)
        write_searches(tables.ledger, rest)
    _remove_empty(folder, run)
    theirs = [r for r in held if name in r.source]
    stayed = tuple(r.id for r in theirs if set(r.source) != {name})
    mixed = {r.database for r in theirs} - {run.database} != set()
    return Undone(run, place, kept, tuple(r.id for r in leaving), stayed, pairs, mixed, tuple(remarks))


def _without_row(runs: Sequence[SearchRun], held: Sequence[Record]) -> list[SearchRun]:
    """Return the searches that records name and no row describes, so that they can be taken back too."""
    known = {run.id for run in runs}
    named = dict.fromkeys(source for record in held for source in record.source)
    return [SearchRun(s, file=s) for s in named if s not in known and is_inside(s) and not name_fault(s)]


def _refusal(name: str, n: int) -> str:
    reasons = "that reason" if n == 1 else f"these {n} reasons"
    return (
        f"{name} was not taken back, for {reasons}. --force takes it back all the same: decisions and sheets "
        "stay as they are, and `flow` refuses and names the decisions that have no record, until the search "
        "is imported again."
    )


def _described_before(folder: Path, run: SearchRun) -> dict[str, Record]:
    """Return the records that a search described anew, as they were before it."""
    path = folder / folder_of(run) / RENEWED
    return {r.id: r for r in read_records(path)} if folder_of(run) and is_there(path) else {}


def _without(record: Record, name: str, before: Mapping[str, Record]) -> Record:
    """Take a search out of a record; where it was the last to describe it, the description before returns."""
    if name not in record.source:
        return record
    described = before.get(record.id, record) if record.source[-1] == name else record
    return replace(described, source=tuple(s for s in record.source if s != name))


def _remarks(folder: Path, leaving: Sequence[Record], staying: Sequence[Record], ties: Ties) -> list[str]:
    """Report all that rests on records which are to leave: duplicates, decisions, sheets."""
    gone = {record.id for record in leaving}
    found = [
        f"{kept} is kept in place of its duplicate {dropped} (duplicates.csv)."
        for kept, dropped in _same_pairs(folder / "duplicates.csv")
        if kept in gone and dropped not in gone
    ]
    return found + tied_to(leaving, staying, ties)


def _same_pairs(path: Path) -> Iterator[tuple[str, str]]:
    for row in read_table(path) if is_there(path) else ():
        if row.cells.get("decision") == SAME:
            yield row.cells.get("kept", ""), row.cells.get("dropped", "")


def _move(folder: Path, run: SearchRun, rest: Sequence[SearchRun], place: Path) -> Path | None:
    """Move what a search received; what another search came from too stays where it is."""
    home = folder_of(run)
    if not home or any(folder_of(r) == home for r in rest):
        return folder / run.file if run.file else None
    for path in _files_below(folder / home):
        write_atomically(place / path.relative_to(folder / home), read_bytes(path))
        remove(path)
    return place / Path(run.file).relative_to(home)


def _files_below(folder: Path) -> Iterator[Path]:
    refuse_link(folder)
    for path in files_in(folder, "*"):
        if path.is_dir():
            yield from _files_below(path)
        else:
            yield path


def _part_pairs(path: Path, gone: Collection[str], place: Path) -> int:
    """Move the rows of ``duplicates.csv`` that name a record which leaves; return how many."""
    if not is_there(path):
        return 0
    table = read_table(path)
    kept: list[Mapping[str, str]] = []
    parted: list[Mapping[str, str]] = []
    for row in table:
        named = {row.cells.get("kept"), row.cells.get("dropped")} & set(gone)
        (parted if named else kept).append(row.cells)
    if parted:
        write_atomically(place / "duplicates.csv", write_table(table.columns, parted))
        write_atomically(path, write_table(table.columns, kept))
    return len(parted)


def _remove_empty(folder: Path, run: SearchRun) -> None:
    """Remove the folders that nothing is left in; one that is not empty stays."""
    home = folder / folder_of(run)
    if folder_of(run):
        for part in (home / "ids", home / "records", home):
            with suppress(OSError):
                part.rmdir()
