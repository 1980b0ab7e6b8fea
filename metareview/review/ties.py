"""What rests on a record: decisions of reviewers, and reports of the sheets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from metareview.files import files_in
from metareview.review.place import Place
from metareview.screening import read_logs
from metareview.screening.decision import ABSTRACT, BEFORE, FULL_TEXT
from metareview.search import Record
from metareview.tables import read_table

_REPORTS = ("reports", "report")


def ties_of(place: Place, leaving: Collection[Record], staying: Collection[Record]) -> dict[str, list[str]]:
    """Say what rests on records that are to leave.

    Parameters
    ----------
    place
        The review.
    leaving
        The records.
    staying
        Those that remain: a report of the sheets may be one of them under the same PMID or DOI.

    Returns
    -------
    dict
        A sentence for each decision and each sheet, by record; records that nothing rests on are not
        in it.
    """
    found: dict[str, list[str]] = {}
    gone = {record.id for record in leaving}
    for record, says in _decisions(place.screened, gone):
        found.setdefault(record, []).append(says)
    left = {name for record in staying for name in names_of(record)}
    names = {name: record.id for record in leaving for name in names_of(record) if name not in left}
    for name, says in _reports(place.sheets, names):
        found.setdefault(names[name], []).append(says)
    return found


def names_of(record: Record) -> Iterator[str]:
    """Give every name by which a sheet may call a record, in small letters."""
    yield record.id.casefold()
    for kind in ("pmid", "doi", "pmcid"):
        if getattr(record, kind):
            yield f"{kind}:{getattr(record, kind)}".casefold()


def _decisions(folder: Path, gone: Collection[str]) -> Iterator[tuple[str, str]]:
    for log in read_logs(folder):
        for stage in (BEFORE, ABSTRACT, FULL_TEXT):
            for record, decision in log.standing(stage).items():
                if record in gone:
                    path = folder / f"{log.reviewer}.csv"
                    yield record, f"{record} has a decision in {path}: {decision.verdict} ({stage})."


def _reports(folder: Path, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Find the rows of the sheets that name a record as their report, once per sheet and record."""
    for path in files_in(folder, "*.csv"):
        seen: set[str] = set()
        table = read_table(path)
        for row in table:
            for cell in _cells(row.cells.get(c, "") for c in _REPORTS):
                if cell in names and cell not in seen:
                    seen.add(cell)
                    yield cell, f"{cell} is named as a report in {path}:{row.line}."


def _cells(cells: Iterable[str]) -> Iterator[str]:
    for cell in cells:
        yield from (part.strip().casefold() for part in cell.split(";") if part.strip())
