"""``metareview import``: bring exports of other databases into a review."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metareview.search.ledger import METHODS

if TYPE_CHECKING:
    from metareview.search.importing import Imported

_SHOWN = 20


@click.command("import")
@click.argument("review")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--database", default="", help="Whose records these are, when the file does not say it.")
@click.option("--method", default="", help=f"How they were found: {', '.join(METHODS)}.")
@click.option("--platform", default="", help="Through what the database was searched: Ovid, EBSCO …")
@click.option("--query", default="", help="The search as it was run there, for PRISMA-S.")
@click.option("--date", default="", help="When it was run: 2026-11-24; today when not given.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def import_records(review: str, files: tuple[Path, ...], as_json: bool, **origin: str) -> None:
    """Import the records of FILES into REVIEW.

    RIS, NBIB/MEDLINE, PubMed XML and CSV, EndNote XML, BibTeX, and the exports of Covidence, Rayyan,
    ASReview, Ovid, Embase, CENTRAL, Scopus and Web of Science are told apart by what they hold. Every record
    of a file is counted; one that cannot be read is listed with its line.

    \b
    Example:
      metareview import msc-sr-agvhd embase.ris --platform Ovid --date 2026-11-20
    """
    from metareview.search.importing import Origin, import_file

    told = [import_file(Path("searched") / review, path, Origin(**origin)) for path in files]
    for one in told:
        for line in _faults(one, Path("searched") / review):
            click.echo(line, err=True)
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in told], indent=1, ensure_ascii=False))
        return
    for one in told:
        click.echo(_line(one))


def _faults(one: Imported, folder: Path) -> Iterator[str]:
    faults = [*(f"warning: {s}" for s in one.export.refused), *(f"note: {s}" for s in one.export.remarks)]
    yield from faults[:_SHOWN]
    if len(faults) > _SHOWN:
        place = folder / one.run.id / "not_read.csv"
        yield f"… {len(faults) - _SHOWN} more; what was not read is in {place}."


def _line(one: Imported) -> str:
    run = one.run
    refused = f", {run.not_returned} not read and listed" if run.not_returned else ""
    known = f", {len(one.known)} given by {run.database} before" if one.known else ""
    return (
        f"{one.export.path} ({one.export.format}, {run.database}): {run.hits} records in the file, "
        f"{run.records} imported as {run.id}{refused}; {len(one.added)} new to the review{known}."
    )


def _as_json(one: Imported) -> dict[str, object]:
    return {
        "search": asdict(one.run),
        "format": one.export.format,
        "in_file": len(one.export.entries),
        "imported": len(one.export.records),
        "not_read": list(one.export.refused),
        "remarks": list(one.export.remarks),
        "added": len(one.added),
        "known": len(one.known),
    }
