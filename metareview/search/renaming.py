"""Correct whose records a search gave: the database of its row, and of its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from metareview.errors import SearchError
from metareview.files import is_there, write_atomically
from metareview.search.catalogue import write_records
from metareview.search.correction import Ties, correcting, no_ties, refuse_tied, tied_to
from metareview.search.gather import free_name, homes_of, identity
from metareview.search.importing import guessed_note, one_line
from metareview.search.ledger import SearchRun, enter_run, find_run
from metareview.search.record import Record, own_id
from metareview.tables import read_table, write_table

_FIRST = "Its database was first called"


@dataclass(frozen=True, slots=True)
class RenamedDatabase:
    """What became of the records of a search whose database was corrected.

    Attributes
    ----------
    run : its row as it is now
    before : what the database was called
    changed : how many records are of the corrected database now
    merged : record that left → the one of that database which it turned out to be
    split : record that stays, as another search gave it under the old name → the new one
    remarks : what rested on the records that left
    """

    run: SearchRun
    before: str
    changed: int
    merged: Mapping[str, str]
    split: Mapping[str, str]
    remarks: tuple[str, ...]


@dataclass(slots=True)
class _Rows:
    """The table of records while the database of some is corrected."""

    rows: dict[str, Record]
    order: Mapping[str, int]
    places: Mapping[str, int]
    merged: dict[str, str] = field(default_factory=dict)
    split: dict[str, str] = field(default_factory=dict)


def rename_database(
    folder: Path, name: str, database: str, ties: Ties = no_ties, *, force: bool = False
) -> RenamedDatabase:
    """Correct the database of a search.

    A record is known by its database and its identifier. So a record that the same database gave
    before, in another search, becomes one with that; and one that another search gave under the old
    name stays there as a record of its own.

    Parameters
    ----------
    folder
        ``searched/REVIEW``.
    name
        The search, as ``searches.csv`` calls it.
    database
        Whose records they are.
    ties
        Says what in other rooms of the review rests on a record.
    force
        Join records even when something rests on both.

    Raises
    ------
    SearchError
        When there is no such search, the name is empty or the same, or something rests on both of two
        records that would become one.
    """
    database = one_line(database)
    with correcting(folder) as tables:
        run, held = find_run(tables.runs, name, tables.ledger), tables.held
        if not database or database == run.database:
            raise SearchError(
                f'"{database}" is no other name for the database of {name}; nothing was changed.'
            )
        order = {r.id: n for n, r in enumerate(tables.runs)}
        table = _Rows({r.id: r for r in held}, order, {r.id: n for n, r in enumerate(held)})
        theirs = [r for r in held if name in r.source and r.database.casefold() == run.database.casefold()]
        if database.casefold() == run.database.casefold():
            table.rows |= {r.id: replace(r, database=database) for r in theirs}
        else:
            _correct(table, theirs, name, database, ties)
        leaving = [r for r in held if r.id in table.merged]
        remarks = tied_to(leaving, list(table.rows.values()), ties)
        refuse_tied(remarks, _refusal(name), force=force)
        write_records(folder / "records.csv", table.rows.values())
        _follow(folder / "duplicates.csv", table.merged)
        now = replace(run, database=database, note=_note(run))
        enter_run(tables.ledger, now)
    return RenamedDatabase(now, run.database, len(theirs), table.merged, table.split, tuple(remarks))


def _refusal(name: str) -> str:
    return (
        f"The database of {name} was not changed: people worked on both of two records that would become "
        "one. --force joins them; decisions and sheets stay as they are, and `flow` names those that have no "
        "record any more."
    )


def _note(run: SearchRun) -> str:
    """Return the note of the row with what its database was called; what a guess was told of is settled."""
    kept = run.note.replace(guessed_note(run.database), "").strip()
    was = "" if _FIRST in kept else f'{_FIRST} "{run.database}".'
    return " ".join(filter(None, (*kept.split(), was)))


def _correct(table: _Rows, theirs: Sequence[Record], name: str, database: str, ties: Ties) -> None:
    """Write another database into the records of a search: each renamed, joined with another, or parted."""
    homes = homes_of(r for r in table.rows.values() if name not in r.source)
    met: dict[tuple[str, ...], int] = {}
    pairs: list[tuple[Record, Record]] = []
    for record in theirs:
        key = identity(replace(record, database=database))
        met[key] = met.get(key, -1) + 1
        there = homes.get(key, [])[met[key] :]
        if not there:
            _rename(table, record, name, database)
        elif set(record.source) == {name}:
            pairs.append((record, table.rows[there[0]]))
        else:
            home = table.rows[there[0]]
            _leave(table, record, name)
            table.split[record.id] = home.id
            table.rows[home.id] = replace(home, source=_united(table, home.source, (name,)))
    tied = ties([r for pair in pairs for r in pair], []) if pairs else {}
    for record, home in pairs:
        _join(table, record, home, tied)


def _rename(table: _Rows, record: Record, name: str, database: str) -> None:
    if set(record.source) == {name}:
        table.rows[record.id] = replace(record, database=database)
        return
    _leave(table, record, name)
    new = free_name(own_id(record), table.rows)
    table.split[record.id] = new
    table.rows[new] = replace(record, id=new, database=database, source=(name,))


def _leave(table: _Rows, record: Record, name: str) -> None:
    """Let a record be that of the other searches alone."""
    table.rows[record.id] = replace(record, source=tuple(s for s in record.source if s != name))


def _join(table: _Rows, record: Record, home: Record, tied: Mapping[str, Sequence[str]]) -> None:
    """Make one row of two: that which people worked on, else the older; described by the later search."""
    first, second = sorted((record, home), key=lambda r: (not tied.get(r.id), table.places[r.id]))
    latest = max((record, home), key=lambda r: max((table.order.get(s, -1) for s in r.source), default=-1))
    sources = _united(table, record.source, home.source)
    table.rows[first.id] = replace(latest, id=first.id, database=home.database, source=sources)
    del table.rows[second.id]
    table.merged[second.id] = first.id


def _united(table: _Rows, one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    """Join sources in the order of the searches: the last is the one that described the record."""
    return tuple(sorted(dict.fromkeys((*one, *other)), key=lambda s: table.order.get(s, -1)))


def _follow(path: Path, merged: Mapping[str, str]) -> None:
    """Let ``duplicates.csv`` name the records that stayed in place of those that became one with them."""
    if not merged or not is_there(path):
        return
    table = read_table(path)
    rows = [
        {c: merged.get(cell, cell) if c in ("kept", "dropped") else cell for c, cell in row.cells.items()}
        for row in table
    ]
    unlike = [row for row in rows if row.get("kept") != row.get("dropped")]
    unique = {tuple(row.values()): row for row in unlike}
    write_atomically(path, write_table(table.columns, unique.values()))
