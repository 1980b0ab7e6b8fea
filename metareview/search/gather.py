"""Bring the records of a search or import into a review's table without losing or doubling any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from metareview.files import is_there
from metareview.search.catalogue import read_records, write_records
from metareview.search.record import Record, changed, own_id, tidy

RENEWED = "renewed.csv"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What became of the records of one source.

    Attributes
    ----------
    records : the whole table, old and new
    added : ids of records that the table did not have
    known : ids of records that the same database had given before
    renewed : the records that are described otherwise now, as they were before
    """

    records: tuple[Record, ...]
    added: tuple[str, ...]
    known: tuple[str, ...]
    renewed: tuple[Record, ...] = ()


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
    homes = homes_of(rows.values())
    added: list[str] = []
    known: list[str] = []
    renewed: list[Record] = []
    met: dict[tuple[str, ...], int] = {}
    taken: dict[str, int] = {}
    for record in given:
        key = identity(record)
        met[key] = met.get(key, -1) + 1
        home = homes.get(key, [])[met[key] : met[key] + 1]
        name = home[0] if home else free_name(key[1], rows, taken)
        (known if home else added).append(name)
        before = rows.get(name)
        described = changed(record, id=name, source=_joined(before.source if before else (), source))
        rows[name] = described
        if before and changed(described, source=before.source) != before:
            renewed.append(before)
    return Gathered(tuple(rows.values()), tuple(added), tuple(known), tuple(renewed))


def _joined(sources: tuple[str, ...], source: str) -> tuple[str, ...]:
    return sources if source in sources else (*sources, source)


def homes_of(records: Iterable[Record]) -> dict[tuple[str, ...], list[str]]:
    """Give the ids of the rows that each identity has."""
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


def free_name(name: str, rows: Mapping[str, Record], taken: dict[str, int] | None = None) -> str:
    """Return an id that no row has: the name, or the name with a number behind it.

    ``taken`` is kept from call to call: up to which number a name's are known to be taken.
    """
    held = {} if taken is None else taken
    free, n = name, held.get(name, 1)
    while free in rows:
        n += 1
        free = f"{name}~{n}"
    held[name] = max(n - 1, 1)
    return free


def gather_into(path: Path, given: Iterable[Record], source: str) -> Gathered:
    """Add records to the table in a file, which need not be there yet."""
    gathered = gather_records(read_held(path), given, source)
    write_records(path, gathered.records)
    return gathered


def read_held(path: Path) -> list[Record]:
    """Read the table of a review's records; none when it is not there yet."""
    return read_records(path) if is_there(path) else []


def write_renewed(place: Path, renewed: Sequence[Record]) -> None:
    """Keep how records were described before they were renewed, so that the renewal can be taken back."""
    if renewed:
        write_records(place / RENEWED, renewed)
