"""Bring export files into a review: kept as received, every record accounted for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from metareview.errors import FormatError
from metareview.files import read_bytes, sha256, write_atomically
from metareview.locks import locked
from metareview.search.formats.reading import Export, read_export
from metareview.search.gather import gather_into
from metareview.search.ledger import METHODS, SearchRun, enter_run, free_id, read_searches
from metareview.search.record import Record
from metareview.tables import write_table

_REGISTERS = ("clinicaltrials.gov", "who ictrp", "isrctn", "euctr", "drks", "anzctr", "chictr", "ctis")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a person knows of an export that the file does not say.

    Attributes
    ----------
    database : whose records these are, ``""`` for what the file says
    method : one of :data:`metareview.search.ledger.METHODS`, ``""`` for databases or registers
    platform, query, limits : as PRISMA-S asks for them
    date : when the search was run, ISO; today when not given
    """

    database: str = ""
    method: str = ""
    platform: str = ""
    query: str = ""
    limits: str = ""
    date: str = field(default="")


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file.

    Attributes
    ----------
    run : its row in ``searches.csv``
    export : what was read
    added : ids of records that are new to the review
    known : ids of records that this database had given before
    """

    run: SearchRun
    export: Export
    added: tuple[str, ...]
    known: tuple[str, ...]


def import_file(folder: Path, path: Path, origin: Origin | None = None) -> Imported:
    """Import one export file into a review.

    Parameters
    ----------
    folder
        ``searched/REVIEW``; made if it is not there.
    path
        The file, of any format that :func:`read_export` knows.
    origin
        What the file does not say.

    Raises
    ------
    FormatError
        When it is no export that is known, was imported before, or the origin cannot be.
    """
    origin = origin or Origin()
    _check(origin)
    with locked(folder):
        sum_, ledger = sha256(path), folder / "searches.csv"
        known = {run.sha256: run.id for run in read_searches(ledger)}
        if sum_ in known:
            raise FormatError(f"{path} was imported before, as {known[sum_]}; nothing was changed.")
        export = read_export(path)
        database = origin.database or _database_of(export, path)
        name = _name(folder, database, origin, set(known.values()))
        write_atomically(folder / name / path.name, read_bytes(path))
        _list_refused(folder / name, export)
        records = [_from(record, database, origin) for record in export.records]
        gathered = gather_into(folder / "records.csv", records, name)
        run = _row(name, database, origin, export, sum_)
        run = replace(run, file=f"{name}/{path.name}")
        enter_run(ledger, run)
    return Imported(run, export, gathered.added, gathered.known)


def _check(origin: Origin) -> None:
    problems = []
    if origin.method and origin.method not in METHODS:
        problems.append(f'"{origin.method}" is no method of PRISMA 2020; there are {", ".join(METHODS)}.')
    try:
        date.fromisoformat(origin.date or "2000-01-01")
    except ValueError:
        problems.append(f'"{origin.date}" is no date; write it as 2026-11-24.')
    if problems:
        raise FormatError(problems)


def _database_of(export: Export, path: Path) -> str:
    """Name the database that most records say they are from, else the file."""
    named = Counter(record.database for record in export.records if record.database)
    return named.most_common(1)[0][0] if named else path.stem


def _name(folder: Path, database: str, origin: Origin, taken: set[str]) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", database.casefold()).strip("-") or "import"
    stem = f"{slug}-{origin.date or date.today().isoformat()}"
    return free_id(stem, lambda name: name in taken or (folder / name).exists())


def _from(record: Record, database: str, origin: Origin) -> Record:
    return record if record.database and not origin.database else replace(record, database=database)


def _list_refused(place: Path, export: Export) -> None:
    refused = [{"line": e.line, "why": e.says} for e in export.entries if e.record is None]
    if refused:
        write_atomically(place / "not_read.csv", write_table(("line", "why"), refused))


def _row(name: str, database: str, origin: Origin, export: Export, sum_: str) -> SearchRun:
    register = database.casefold() in _REGISTERS
    return SearchRun(
        id=name,
        method=origin.method or ("registers" if register else "databases"),
        database=database,
        platform=origin.platform,
        query=origin.query,
        limits=origin.limits,
        date=origin.date or date.today().isoformat(),
        hits=len(export.entries),
        records=len(export.records),
        not_returned=len(export.refused),
        sha256=sum_,
        note="" if origin.query else "The query was not given to metareview; PRISMA-S asks for it.",
    )
