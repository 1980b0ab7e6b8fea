"""Bring the records of a search or import into a review's table without losing or doubling any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from metareview.search.catalogue import read_records, write_records
from metareview.search.record import Record, own_id, tidy


@dataclass(frozen=True, slots=True)
class Gathered:
    """What became of the records of one source.

    Attributes
    ----------
    records : the whole table, old and new
    added : ids of records that the table did not have
    known : ids of records that the same database had given before
    """

    records: tuple[Record, ...]
    added: tuple[str, ...]
    known: tuple[str, ...]


def gather_records(held: Iterable[Record], given: Iterable[Record], source: str) -> Gathered:
    """Add records to a table.

    A record is the same row as before when the same database gave it before under the same
    identifier; its description is renewed, and its source is added to. The same work from another
    database is a row of its own: PRISMA counts it, and only the search for duplicates joins it.

    Parameters
    ----------
    held
        The table so far.
    given
        What one search or import gave, in its order.
    source
        The name of that search, as in ``searches.csv``.
    """
    rows = {record.id: record for record in held}
    homes = _homes(rows.values())
    added: list[str] = []
    known: list[str] = []
    met: dict[tuple[str, ...], int] = {}
    for record in given:
        key = identity(record)
        met[key] = met.get(key, -1) + 1
        home = homes.get(key, [])[met[key] :]
        name = home[0] if home else _free(own_id(record), rows)
        (known if home else added).append(name)
        sources = rows[name].source if home else ()
        rows[name] = replace(record, id=name, source=(*sources, source) if source not in sources else sources)
    return Gathered(tuple(rows.values()), tuple(added), tuple(known))


def _homes(records: Iterable[Record]) -> dict[tuple[str, ...], list[str]]:
    homes: dict[tuple[str, ...], list[str]] = {}
    for record in records:
        homes.setdefault(identity(record), []).append(record.id)
    return homes


def identity(record: Record) -> tuple[str, ...]:
    """Say what makes a record of one database that record and no other.

    A DOI alone does not: the abstracts of a supplement may share one.
    """
    name = own_id(record)
    words = tidy(record.title).casefold() if name.startswith("doi:") else ""
    return record.database.casefold(), name, words


def _free(name: str, rows: dict[str, Record]) -> str:
    free, n = name, 1
    while free in rows:
        n += 1
        free = f"{name}~{n}"
    return free


def gather_into(path: Path, given: Iterable[Record], source: str) -> Gathered:
    """Add records to the table in a file, which need not be there yet."""
    held = read_records(path) if path.exists() else []
    gathered = gather_records(held, given, source)
    write_records(path, gathered.records)
    return gathered
