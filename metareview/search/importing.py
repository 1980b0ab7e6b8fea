"""Bring export files into a review: kept as received, every record accounted for, all of them or none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from metareview.characters import printable, storable
from metareview.errors import FormatError, MetareviewError
from metareview.files import files_in, read_bytes, refuse_link, sha256, write_atomically
from metareview.journal import all_or_none
from metareview.locks import locked
from metareview.search.catalogue import write_records
from metareview.search.formats.reading import Export, read_export
from metareview.search.gather import gather_records, read_held, write_renewed
from metareview.search.keeping import NOT_READ, contents, kept_name, renamed_note, same_before
from metareview.search.ledger import METHODS, SearchRun, free_id, read_searches, write_searches
from metareview.search.record import Record, changed, tidy
from metareview.tables import write_table

_REGISTERS = ("clinicaltrials.gov", "who ictrp", "isrctn", "euctr", "drks", "anzctr", "chictr", "ctis")
_LONGEST_STEM = 60
NO_QUERY = "The query was not given to metareview; PRISMA-S asks for it."
_UNCHANGED = "nothing was changed. --force imports it as a search of its own."


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
    guessed : whether the database was taken from the file's name, as nothing else says it
    """

    run: SearchRun
    export: Export
    added: tuple[str, ...]
    known: tuple[str, ...]
    guessed: bool = False


def import_file(folder: Path, path: Path, origin: Origin | None = None, *, again: bool = False) -> Imported:
    """Import one export file into a review; see :func:`import_files`."""
    return import_files(folder, [path], origin, again=again)[0]


def _silent(stage: str, done: int, total: int) -> None:
    """Say nothing, where nobody asked."""


def import_files(
    folder: Path,
    paths: Sequence[Path],
    origin: Origin | None = None,
    *,
    again: bool = False,
    tell: Callable[[str, int, int], None] = _silent,
) -> list[Imported]:
    """Import export files into a review: all of them, or none.

    Parameters
    ----------
    folder
        ``searched/REVIEW``; made if it is not there.
    paths
        The files, of any format that :func:`read_export` knows.
    origin
        What the files do not say.
    again
        Import what was imported before, as a search of its own.
    tell
        Called with what is being done, how much of it is done, and of how much.

    Raises
    ------
    FormatError
        All faults of all files at once: no export that is known, imported before, an origin that
        cannot be. Nothing is written then.
    """
    origin = _checked(origin or Origin())
    with locked(folder), all_or_none(folder):
        desk = _Desk(
            folder, origin, read_searches(folder / "searches.csv"), read_held(folder / "records.csv")
        )
        exports = _read_all(desk, paths, again=again, tell=tell)
        tell("Entering the records", 0, 0)
        told = [desk.enter(path, export) for path, export in exports]
        write_records(folder / "records.csv", desk.records)
        write_searches(folder / "searches.csv", desk.runs)
    return told


def _checked(origin: Origin) -> Origin:
    """Check what a person said of the files, and bring it into the form that tables keep."""
    problems = []
    if origin.method and origin.method not in METHODS:
        problems.append(
            f'"{printable(origin.method)}" is no method of PRISMA 2020; there are {", ".join(METHODS)}.'
        )
    try:
        day = date.fromisoformat(origin.date or date.today().isoformat()).isoformat()
    except ValueError:
        problems.append(f'"{printable(origin.date)}" is no date; write it as 2026-11-24.')
    if problems:
        raise FormatError(problems)
    return Origin(
        one_line(origin.database),
        origin.method,
        one_line(origin.platform),
        storable(origin.query),
        storable(origin.limits),
        day,
    )


def one_line(text: str) -> str:
    r"""Return a text as one line of a table.

    >>> one_line(" Embase\x1b[D \n(Ovid)")
    'Embase (Ovid)'
    """
    return tidy(storable(text))


def _read_all(
    desk: _Desk, paths: Sequence[Path], *, again: bool, tell: Callable[[str, int, int], None]
) -> list[tuple[Path, Export]]:
    """Read every file before anything is written; tell the faults of all."""
    exports: list[tuple[Path, Export]] = []
    problems: list[str] = []
    for number, path in enumerate(paths):
        tell(f"Reading {path.name}", number, len(paths))
        try:
            says = "" if again else desk.known_file(path)
            if not says:
                exports.append((path, read_export(path)))
        except MetareviewError as error:
            problems += error.problems
            continue
        if says:
            problems.append(says)
    problems += [] if again else desk.known_records(exports)
    if problems and len(paths) > 1:
        problems.append(
            f"None of the {len(paths)} files was imported; mend what is wrong or leave it away, and give the "
            "command again."
        )
    if problems:
        raise FormatError(problems)
    return exports


class _Desk:
    """A review's searches and records while files are brought in."""

    def __init__(self, folder: Path, origin: Origin, runs: list[SearchRun], held: list[Record]) -> None:
        self.folder, self.origin = folder, origin
        self.runs, self.records = runs, tuple(held)
        self._sums = {run.sha256: run for run in runs}

    def known_file(self, path: Path) -> str:
        """Return as what the very file was imported before; ``""`` when it was not."""
        run = self._sums.get(sha256(path)) if self._sums else None
        return f"{printable(str(path))} was imported before, as {run.id}; {_UNCHANGED}" if run else ""

    def known_records(self, exports: Sequence[tuple[Path, Export]]) -> Iterator[str]:
        """Say which exports hold the records of an import before, or of each other, saved in another way."""
        met: dict[str, Path] = {}
        for path, export in exports:
            shown, key = printable(str(path)), export.sha256
            if len(exports) > 1 and export.records:
                key = contents(export.records)
            if key in met:
                yield f"{shown} holds the same records as {printable(str(met[key]))}; leave one of them away."
                continue
            met[key] = path
            run = same_before(self.folder, export, self.runs, self.records)
            if run:
                yield f"{shown} holds the same records as {run.id}, imported on {run.date[:10]}; {_UNCHANGED}"

    def enter(self, path: Path, export: Export) -> Imported:
        """Keep a file, and put its records and its search into the tables."""
        said = self.origin.database or _database_of(export)
        database = said or one_line(path.stem) or "export"
        name = self._free_id(database)
        kept = self.folder / name / kept_name(path.name)
        refuse_link(kept.parent)
        write_atomically(kept, read_bytes(path))
        _list_refused(kept.parent, export)
        records = [_from(record, database, self.origin) for record in export.records]
        gathered = gather_records(self.records, records, name)
        write_renewed(kept.parent, gathered.renewed)
        run = _row(name, database, self.origin, export)
        notes = (run.note, "" if said else guessed_note(database), renamed_note(path.name))
        run = replace(
            run, file=f"{name}/{kept.name}", sha256=export.sha256, note=" ".join(filter(None, notes))
        )
        self.runs.append(run)
        self.records = gathered.records
        return Imported(run, export, gathered.added, gathered.known, guessed=not said)

    def _free_id(self, database: str) -> str:
        """Name the search by its database and date; neither a row nor a folder that holds anything has it."""
        slug = re.sub(r"[^a-z0-9]+", "-", database.casefold()).strip("-")[:_LONGEST_STEM].strip("-")
        known = {run.id.casefold() for run in self.runs}
        return free_id(
            f"{slug or 'import'}-{self.origin.date}",
            lambda name: name in known or bool(files_in(self.folder / name, "*")),
        )


def guessed_note(database: str) -> str:
    """Say in a search's note that its database is a guess."""
    return f'The file does not say whose records these are; "{database}" is taken from its name.'


def _database_of(export: Export) -> str:
    """Name the database that most records say they are from, ``""`` when none says it."""
    named = Counter(record.database for record in export.records if record.database)
    return named.most_common(1)[0][0] if named else ""


def _from(record: Record, database: str, origin: Origin) -> Record:
    return record if record.database and not origin.database else changed(record, database=database)


def _list_refused(place: Path, export: Export) -> None:
    refused = [{"line": e.line, "why": e.says} for e in export.entries if e.record is None]
    if refused:
        write_atomically(place / NOT_READ, write_table(("line", "why"), refused))


def _row(name: str, database: str, origin: Origin, export: Export) -> SearchRun:
    register = database.casefold() in _REGISTERS
    return SearchRun(
        id=name,
        method=origin.method or ("registers" if register else "databases"),
        database=database,
        platform=origin.platform,
        query=origin.query,
        limits=origin.limits,
        date=origin.date,
        hits=len(export.entries),
        records=len(export.records),
        not_returned=len(export.refused),
        note="" if origin.query else NO_QUERY,
    )
