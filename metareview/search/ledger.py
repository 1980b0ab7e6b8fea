"""``searched/REVIEW/searches.csv``: every search and import of a review, as PRISMA-S asks for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath

from metareview.errors import SearchError, did_you_mean
from metareview.files import is_there, write_atomically
from metareview.names import case_twins, name_fault
from metareview.tables import Row, read_table, require_columns, write_table

UNDONE = "undone"  # the folder of searches that were taken back
METHODS = ("databases", "registers", "websites", "organisations", "citation searching")


@dataclass(frozen=True, slots=True)
class SearchRun:
    """One search or import: a row of ``searches.csv``.

    Attributes
    ----------
    id : name of its folder, and what ``source`` of a record says
    method : one of :data:`METHODS`: where PRISMA 2020's diagram counts it
    database, platform : what was searched, and through what
    query : as sent; ``translation``: as the database understood it; ``limits``: as sent
    date : when, ISO 8601, UTC where a time is given
    hits : how many the database counted
    records : how many records were received and kept
    not_returned : how many hits the database did not hand out, or a file held that are no records
    file : folder or file with what was received, relative to ``searches.csv``; ``sha256``: of it
    note : what a reader must know
    """

    id: str
    method: str = "databases"
    database: str = ""
    platform: str = ""
    query: str = ""
    translation: str = ""
    limits: str = ""
    date: str = ""
    hits: int | None = None
    records: int | None = None
    not_returned: int | None = None
    file: str = ""
    sha256: str = ""
    note: str = ""


COLUMNS = tuple(field.name for field in fields(SearchRun))
_NUMBERS = ("hits", "records", "not_returned")


def read_searches(path: str | Path) -> list[SearchRun]:
    """Read a review's searches; none when the file is not there.

    Raises
    ------
    SearchError
        All faults at once: ids, methods, numbers, and files that lie outside of the review.
    """
    if not is_there(path):
        return []
    table = read_table(path)
    require_columns(table, ("id", "method"))
    problems = [p for row in table for p in _faults(row, path)]
    problems += _twins(table.column("id"), path)
    if problems:
        raise SearchError(problems)
    return [_run(row) for row in table]


def _twins(names: Sequence[str], path: str | Path) -> Iterator[str]:
    for name in sorted(n for n, times in Counter(names).items() if times > 1):
        yield f'{path}: id "{name}" stands twice; every search needs its own.'
    for name, twin in sorted(case_twins(names)):
        if twin > name:
            yield f'{path}: ids "{name}" and "{twin}" differ only by capitals; many disks take them for one.'


def _faults(row: Row, path: str | Path) -> list[str]:
    problems = [f"{path}:{row.line}: {fault}" for fault in _path_faults(row)]
    if row.cells["method"] not in METHODS:
        problems.append(
            f'{path}:{row.line}: method is "{row.cells["method"]}"; one of these would be right: '
            f"{', '.join(METHODS)}."
        )
    for column in _NUMBERS:
        cell = row.cells.get(column, "")
        if cell and not cell.isdigit():
            problems.append(f'{path}:{row.line}: {column} is "{cell}"; a count, or nothing, would be right.')
    return problems


def _path_faults(row: Row) -> Iterator[str]:
    """Report what of a row could lead out of the review's folder; the table may have come by mail."""
    name, file = row.cells["id"], row.cells.get("file", "")
    if not name:
        yield "id is empty; give every search a name."
    elif name_fault(name) or name.casefold() == UNDONE:
        yield f'id "{name}" cannot name a search; {name_fault(name) or "searches taken back are kept there"}.'
    if file and not is_inside(file):
        yield f'file is "{file}"; a path below the folder of this table, with / between, would be right.'


def is_inside(file: str) -> bool:
    """Check whether a path out of a file stays below the folder it is read from, on every system.

    >>> is_inside("embase-2026-11-20/x.ris"), is_inside("../x.ris"), is_inside("C:/x.ris")
    (True, False, False)
    """
    parts = PurePosixPath(file).parts
    odd = any(c in '\\:*?"<>|' or not c.isprintable() for c in file)
    return bool(parts) and not file.startswith("/") and ".." not in parts and not odd


def find_run(runs: Sequence[SearchRun], name: str, path: str | Path) -> SearchRun:
    """Find a search by its id.

    Raises
    ------
    SearchError
        When there is none of that id; says which one is near.
    """
    for run in runs:
        if run.id == name:
            return run
    here = did_you_mean(name, [run.id for run in runs]).replace("Allowed", "Searches here")
    raise SearchError(f'{path} has no search "{name}"; {here.replace("None is defined", "none is there")}')


def folder_of(run: SearchRun) -> str:
    """Return the folder with what a search received, ``""`` when the table names none."""
    first = PurePosixPath(run.file).parts[:1]
    return first[0] if first and (len(PurePosixPath(run.file).parts) > 1 or first[0] == run.id) else ""


def _run(row: Row) -> SearchRun:
    held = {c: row.cells.get(c, "") for c in COLUMNS}
    counts = {c: int(held[c]) if held[c] else None for c in _NUMBERS}
    return SearchRun(**{**held, **counts})  # type: ignore[arg-type]


def write_searches(path: str | Path, runs: list[SearchRun]) -> bool:
    """Write a review's searches; return whether the file changed."""
    return write_atomically(path, write_table(COLUMNS, [asdict(run) for run in runs]))


def enter_run(path: str | Path, run: SearchRun) -> None:
    """Put a search into the table: at its end, or in the place of the row with its id."""
    runs = read_searches(path)
    kept = [run if r.id == run.id else r for r in runs]
    write_searches(path, kept if run in kept else [*kept, run])


def free_id(stem: str, taken: Callable[[str], bool]) -> str:
    """Find a name for a new search: the stem, or the stem with a number behind it."""
    name, n = stem, 1
    while taken(name):
        n += 1
        name = f"{stem}-{n}"
    return name
